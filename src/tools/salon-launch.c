/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* salon-launch: gst-launch-1.0 with a place in a room. It runs a pipeline from a file; what the file links to
 * `webrtcbin name=publisher` is published, and what it takes from `webrtcbin name=subscriber` is what the server's
 * slots carry. pipelines/README.md tells how to use it. */
#include <glib/gi18n.h>
#include <stdlib.h>
#include <string.h>

#include "salon-call.h"
#include "salon-launch-file.h"
#include "salon-locale.h"
/* As in sysexits.h: the person, not the machine, has something to correct. */
#define EXIT_USAGE 64

typedef struct
{
  char *server;
  char *room;
  char *name;
  int duration_s; /* 0: until something ends it */
  gboolean only_print;
  char **arguments; /* the file, then KEY=VALUE */
} Options;

static int
complain (int status, const char *message)
{
  g_printerr ("salon-launch: %s\n", message);
  return status;
}

static void
options_clear (Options *options)
{
  g_free (options->server);
  g_free (options->room);
  g_free (options->name);
  g_strfreev (options->arguments);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static int
run (const Options *options, const char *description)
{
  const SalonCallOptions call_options = { options->server, options->room, options->name, options->duration_s };
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonPipeline) pipeline = salon_pipeline_new (description, NULL, &error);

  if (pipeline != NULL && salon_call_run (&call_options, pipeline, &error))
    return EXIT_SUCCESS;
  if (error == NULL)
    return EXIT_FAILURE;
  g_prefix_error (&error, "%s: ", options->arguments[0]);
  return complain (EXIT_USAGE, error->message);
}

static gboolean
parse_options (Options *options, int *argc, char ***argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "server", 's', 0, G_OPTION_ARG_STRING, &options->server, _ ("Where Salon is; http://localhost:8080"), _ ("URL") },
    { "room", 'r', 0, G_OPTION_ARG_STRING, &options->room, _ ("The room to join; demo"), _ ("NAME") },
    { "name", 'n', 0, G_OPTION_ARG_STRING, &options->name, _ ("The name others see; that of the file"), _ ("NAME") },
    { "duration", 'd', 0, G_OPTION_ARG_INT, &options->duration_s, _ ("Leave after this long"), _ ("SECONDS") },
    { "print", 0, 0, G_OPTION_ARG_NONE, &options->only_print, _ ("Print the description for gst-launch-1.0, and end") },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->arguments, NULL,
        _ ("FILE.launch [KEY=VALUE...]") },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_set_summary (context, _ ("Runs a GStreamer pipeline from a file in a room of Salon."));
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_group (context, gst_init_get_option_group ());
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  if (options->arguments != NULL && options->duration_s >= 0)
    return TRUE;
  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
      options->arguments == NULL ? _ ("which file? see --help") : _ ("--duration must be positive"));
  return FALSE;
}

/* Returns: (transfer full) (nullable): of a file, with the parameters that follow it. */
static char *
read_description (char **arguments, GError **error)
{
  g_autoptr (SalonLaunchFile) file = salon_launch_file_read (arguments[0], error);

  for (guint i = 1; file != NULL && arguments[i] != NULL; i++)
    {
      if (!salon_launch_file_assign (file, arguments[i], error))
        return NULL;
    }
  return file != NULL ? salon_launch_file_to_text (file) : NULL;
}

static void
fill_defaults (Options *options)
{
  if (options->server == NULL)
    options->server = g_strdup ("http://localhost:8080");
  if (options->room == NULL)
    options->room = g_strdup ("demo");
  if (options->name == NULL)
    {
      options->name = g_filename_display_basename (options->arguments[0]);
      if (g_str_has_suffix (options->name, ".launch"))
        options->name[strlen (options->name) - strlen (".launch")] = '\0';
    }
}

int
main (int argc, char **argv)
{
  g_auto (Options) options = { 0 };
  g_autoptr (GError) error = NULL;
  g_autofree char *description = NULL;

  salon_locale_init ();
  if (!parse_options (&options, &argc, &argv, &error))
    return complain (EXIT_USAGE, error->message);
  fill_defaults (&options);
  description = read_description (options.arguments, &error);
  if (description == NULL)
    return complain (EXIT_USAGE, error->message);
  if (!options.only_print)
    return run (&options, description);
  g_print ("%s\n", description);
  return EXIT_SUCCESS;
}
