/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>
#include <locale.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "bench-picture.h"
#include "bench-wait.h"

/* Measures what forwarding costs a server, and its rivals beside it, in the same run. */

#define SUMMARY                                                                                                        \
  "Every case is measured with every server, one after the other and in turns, so that what else happens on the\n"     \
  "machine happens to all of them. One participant sends VP8 at 1.5 Mbit/s and Opus, 230 packets a second. The last\n" \
  "server is what the others are compared with.\n"                                                                     \
  "\n"                                                                                                                 \
  "Servers: salon (the SALON_SERVER of the environment, or the one built along), janus (Debian's package as it is),\n" \
  "janus-loops (with an event loop for each processor)."

#define MAX_PARTICIPANTS 1000
#define MAX_MEETING (BENCH_MAX_TRACKS / 2)
/* Sockets, clocks and WebSockets of as many. */
#define MAX_FILES (16 * 1024)

typedef struct
{
  char *servers;  /* (owned) */
  char *fan_outs; /* (owned) */
  char *meetings; /* (owned) */
  int seconds;
  int n_rounds;
  char *json_path;    /* (owned) (nullable) */
  char *picture_path; /* (owned) (nullable) */
} Options;

static gboolean
refuse (GError **error, const char *option, const char *word)
{
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--%s: \"%s\" is not possible", option, word);
  return FALSE;
}

static gboolean
read_servers (const char *text, GPtrArray *drivers, GError **error)
{
  g_auto (GStrv) words = g_strsplit (text, ",", -1);

  for (guint i = 0; words[i] != NULL; i++)
    {
      const BenchDriver *driver = bench_driver_find (words[i]);

      if (driver == NULL || g_ptr_array_find (drivers, driver, NULL))
        return refuse (error, "servers", words[i]);
      g_ptr_array_add (drivers, (gpointer)driver);
    }
  return drivers->len > 0 || refuse (error, "servers", text);
}

/* text: "10,50", or "" for none. */
static gboolean
read_cases (const char *text, BenchShape shape, GArray *cases, GError **error)
{
  g_auto (GStrv) words = g_strsplit (text, ",", -1);
  guint min = shape == BENCH_MEETING ? 2 : 1;
  guint max = shape == BENCH_MEETING ? MAX_MEETING : MAX_PARTICIPANTS;

  for (guint i = 0; words[i] != NULL; i++)
    {
      BenchCase one = { .shape = shape };
      guint64 n;

      if (!g_ascii_string_to_unsigned (words[i], 10, min, max, &n, NULL))
        return refuse (error, shape == BENCH_MEETING ? "meeting" : "fan-out", words[i]);
      one.n = (guint)n;
      g_array_append_val (cases, one);
    }
  return TRUE;
}

/* -- running -- */

static void
tell_progress (const BenchCase *one, guint round, const BenchDriver *driver, const BenchResult *result)
{
  g_autofree char *title = bench_case_to_string (one);

  if (result->failure != NULL)
    g_printerr ("%s, round %u, %s: FAILED: %s\n", title, round + 1, driver->name, result->failure);
  else
    g_printerr ("%s, round %u, %s: %.2f us a packet\n", title, round + 1, driver->name,
        result->figures[BENCH_CPU_US_PER_PACKET]);
}

static void
run_once (BenchReport *report, const BenchCase *one, guint round, BenchNetwork *network, const BenchDriver *driver,
    guint seconds)
{
  g_autoptr (BenchResult) result = bench_case_run (one, network, driver, seconds);

  /* What was cut off is no failure of the server's. */
  if (bench_wait_is_interrupted ())
    return;
  tell_progress (one, round, driver, result);
  bench_report_add (report, one, driver, g_steal_pointer (&result));
}

/* A B, B A, ...: neither is always the one that comes first. */
static void
run_case (BenchReport *report, const BenchCase *one, BenchNetwork *network, GPtrArray *drivers, const Options *options)
{
  for (guint round = 0; round < (guint)options->n_rounds; round++)
    {
      for (guint i = 0; i < drivers->len && !bench_wait_is_interrupted (); i++)
        {
          guint index = round % 2 == 0 ? i : drivers->len - 1 - i;

          run_once (report, one, round, network, g_ptr_array_index (drivers, index), options->seconds);
        }
    }
}

static gboolean
give_out (BenchReport *report, const Options *options, GError **error)
{
  g_autofree char *table = bench_report_to_table (report);
  g_autofree char *json = bench_report_to_json (report);
  g_autofree char *picture = bench_picture_new (report);

  g_print ("%s", table);
  return (options->json_path == NULL || g_file_set_contents (options->json_path, json, -1, error))
         && (options->picture_path == NULL || g_file_set_contents (options->picture_path, picture, -1, error));
}

static gboolean
run_all (GArray *cases, GPtrArray *drivers, const Options *options, GError **error)
{
  g_autoptr (BenchNetwork) network = bench_network_new (error);
  g_autoptr (BenchReport) report = NULL;
  GArray *floors;

  if (network == NULL)
    return FALSE;
  floors = bench_floors_measure (network, error);
  if (floors == NULL)
    return FALSE;
  report = bench_report_new (drivers, floors);
  for (guint i = 0; i < cases->len && !bench_wait_is_interrupted (); i++)
    run_case (report, &g_array_index (cases, BenchCase, i), network, drivers, options);
  if (!give_out (report, options, error))
    return FALSE;
  if (bench_report_is_good (report) && !bench_wait_is_interrupted ())
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED,
      bench_wait_is_interrupted () ? "interrupted" : "not everything could be measured");
  return FALSE;
}

/* -- the command line -- */

static void
options_clear (Options *options)
{
  g_free (options->servers);
  g_free (options->fan_outs);
  g_free (options->meetings);
  g_free (options->json_path);
  g_free (options->picture_path);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static gboolean
read_options (Options *options, int *argc, char ***argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "servers", 's', 0, G_OPTION_ARG_STRING, &options->servers, "What to measure (salon,janus)", "NAME,..." },
    { "fan-out", 'f', 0, G_OPTION_ARG_STRING, &options->fan_outs, "One sends, so many receive (1,10,25,50,100,200)",
        "N,..." },
    { "meeting", 'm', 0, G_OPTION_ARG_STRING, &options->meetings, "So many send and receive (4,8,12)", "N,..." },
    { "seconds", 't', 0, G_OPTION_ARG_INT, &options->seconds, "How long each is measured (10)", "S" },
    { "rounds", 'r', 0, G_OPTION_ARG_INT, &options->n_rounds, "How often; the median counts (2)", "N" },
    { "json", 'j', 0, G_OPTION_ARG_FILENAME, &options->json_path, "Write all figures to a file", "FILE" },
    { "picture", 'p', 0, G_OPTION_ARG_FILENAME, &options->picture_path, "Draw a picture (SVG)", "FILE" },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_set_summary (context, SUMMARY);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  if (*argc > 1)
    return refuse (error, "", (*argv)[1]);
  if (options->seconds < 1 || options->seconds > 3600)
    return refuse (error, "seconds", "less than 1, or more than 3600");
  return (options->n_rounds >= 1 && options->n_rounds <= 100) || refuse (error, "rounds", "less than 1, or over 100");
}

static gboolean
benchmark (int argc, char **argv, GError **error)
{
  g_auto (Options) options = { .seconds = 10, .n_rounds = 2 };
  g_autoptr (GPtrArray) drivers = g_ptr_array_new ();
  g_autoptr (GArray) cases = g_array_new (FALSE, FALSE, sizeof (BenchCase));
  gboolean has_cases;

  if (!read_options (&options, &argc, &argv, error))
    return FALSE;
  /* Who asks for some cases gets no others. */
  has_cases = options.fan_outs != NULL || options.meetings != NULL;
  return read_servers (options.servers != NULL ? options.servers : "salon,janus", drivers, error)
         && read_cases (options.fan_outs != NULL ? options.fan_outs
                        : has_cases              ? ""
                                                 : "1,10,25,50,100,200",
             BENCH_FAN_OUT, cases, error)
         && read_cases (options.meetings != NULL ? options.meetings
                        : has_cases              ? ""
                                                 : "4,8,12",
             BENCH_MEETING, cases, error)
         && run_all (cases, drivers, &options, error);
}

static void
allow_files (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0)
    return;
  limit.rlim_cur = MIN (MAX_FILES, limit.rlim_max);
  if (setrlimit (RLIMIT_NOFILE, &limit) != 0)
    g_printerr ("salon-benchmark: cannot raise the limit on open files\n");
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  /* Not LC_NUMERIC: the table and the picture have points. */
  setlocale (LC_CTYPE, "");
  allow_files ();
  bench_wait_catch_signals ();
  if (benchmark (argc, argv, &error))
    return EXIT_SUCCESS;
  g_printerr ("salon-benchmark: %s\n", error->message);
  return EXIT_FAILURE;
}
