/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "salon-json.h"
#include "salon-log.h"

/* A process has one log, so each test has a child: this program with the name of a role, and a format. */

#define ROOM "11111111-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
#define PARTICIPANT "22222222-bbbb-4bbb-8bbb-bbbbbbbbbbbb"
#define JOURNAL "/run/systemd/journal/"
#define N_THREADS 8
#define N_ENTRIES 200

static const char *program;

/* -- the children -- */

static void
log_some (void)
{
  salon_log_event (SALON_LOG_INFO, "participant_left",
      (SalonLogFields){
          .room = ROOM, .participant = PARTICIPANT, .session = "333", .reason = "kicked", .duration_us = 1234567 },
      "%s left", "Somebody");
  salon_log_set_node ("node-1");
  salon_log_event (SALON_LOG_NOTICE, "server_ready", (SalonLogFields){ .url = "http://localhost:8080/" }, "Ready");
  salon_log_foreign (SALON_LOG_ERROR, "salon-slot", "two\nlines \033[2J \xff\"quoted\"");
  g_log ("Lib", G_LOG_LEVEL_WARNING, "of a library");
  g_log ("Lib", G_LOG_LEVEL_CRITICAL, "a broken promise");
  g_log ("Lib", G_LOG_LEVEL_DEBUG, "nobody has asked for this");
}

static gpointer
log_many (gpointer data)
{
  for (guint i = 0; i < N_ENTRIES; i++)
    salon_log_event (SALON_LOG_INFO, "participant_joined", (SalonLogFields){ .room = ROOM, .participant = PARTICIPANT },
        "%s", (const char *)data);
  return NULL;
}

static void
log_from_threads (void)
{
  g_autofree char *long_text = g_strnfill (900, 'x');
  GThread *threads[N_THREADS];

  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("logging", log_many, long_text);
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
}

/* A socket where the journal's would be. */
static int
listen_as_journal (const char *path, int type)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, type, 0);

  g_assert_cmpint (g_strlcpy (address.sun_path, path, sizeof address.sun_path), <, sizeof address.sun_path);
  g_assert_no_errno (bind (fd, (struct sockaddr *)&address, sizeof address));
  if (type == SOCK_STREAM)
    g_assert_no_errno (listen (fd, 1));
  return fd;
}

/* As systemd does it for services. */
static void
connect_stderr_to_journal (void)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = JOURNAL "stdout" };
  int fd = socket (AF_UNIX, SOCK_STREAM, 0);

  (void)listen_as_journal (JOURNAL "stdout", SOCK_STREAM);
  g_assert_no_errno (connect (fd, (struct sockaddr *)&address, sizeof address));
  g_assert_no_errno (dup2 (fd, STDERR_FILENO));
}

/* In a mount namespace of its own, where /run may be covered up. What comes to the journal goes to stdout. */
static void
be_in_the_journal (const char *format)
{
  char datagram[4096];
  gssize length;
  int fd;

  g_assert_no_errno (mount ("tmpfs", "/run", "tmpfs", 0, NULL));
  g_assert_no_errno (g_mkdir_with_parents (JOURNAL, 0700));
  fd = listen_as_journal (JOURNAL "socket", SOCK_DGRAM);
  connect_stderr_to_journal ();
  salon_log_open ("test-log", format);
  log_some ();
  while ((length = recv (fd, datagram, sizeof datagram, MSG_DONTWAIT)) > 0)
    {
      fwrite (datagram, 1, length, stdout);
      fputc ('\n', stdout);
    }
}

static int
be_child (const char *role, const char *format)
{
  if (g_str_equal (role, "journal"))
    {
      be_in_the_journal (format);
      return EXIT_SUCCESS;
    }
  salon_log_open ("test-log", format);
  if (g_str_equal (role, "threads"))
    log_from_threads ();
  else
    log_some ();
  return EXIT_SUCCESS;
}

/* -- the tests -- */

/* Returns: (transfer full): what it wrote on stderr. */
static GStrv
run_child (const char *role, const char *format)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GSubprocess) child
      = g_subprocess_new (G_SUBPROCESS_FLAGS_STDERR_PIPE, &error, program, role, format, NULL);

  g_assert_no_error (error);
  g_assert_true (g_subprocess_communicate_utf8 (child, NULL, NULL, NULL, &text, &error));
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_successful (child));
  return g_strsplit (g_strchomp (text), "\n", -1);
}

static void
assert_text (const char *line, const char *rest)
{
  g_assert_true (g_regex_match_simple ("^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z ", line, 0, 0));
  g_assert_cmpstr (strchr (line, ' ') + 1, ==, rest);
}

static void
test_text (void)
{
  g_auto (GStrv) lines = run_child ("some", "text");

  g_assert_cmpuint (g_strv_length (lines), ==, 5);
  assert_text (
      lines[0], "info     Somebody left room=11111111 participant=22222222 session=333 reason=kicked duration_ms=1234");
  assert_text (lines[1], "notice   Ready url=http://localhost:8080/");
  assert_text (lines[2], "error    salon-slot: two lines  [2J \357\277\275\"quoted\"");
  assert_text (lines[3], "warning  Lib: of a library");
  assert_text (lines[4], "critical Lib: a broken promise");
}

/* Without the journal there is text all the same. */
static void
test_auto_and_journal_without_journal (void)
{
  static const char *const formats[] = { "auto", "journal" };

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    {
      g_auto (GStrv) lines = run_child ("some", formats[i]);

      g_assert_cmpuint (g_strv_length (lines), ==, 5);
      assert_text (lines[1], "notice   Ready url=http://localhost:8080/");
    }
}

/* expected: the line but for its time. */
static void
assert_json (const char *line, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = salon_json_parse (line, strlen (line), 4096, &error);
  g_autofree char *rest = NULL;

  g_assert_no_error (error);
  g_assert_true (json_object_has_member (json_node_get_object (node), "time"));
  json_object_remove_member (json_node_get_object (node), "time");
  rest = salon_json_to_text (node);
  g_assert_cmpstr (rest, ==, expected);
}

static void
test_json (void)
{
  g_auto (GStrv) lines = run_child ("some", "json");

  g_assert_cmpuint (g_strv_length (lines), ==, 5);
  assert_json (lines[0],
      "{\"level\":\"info\",\"event\":\"participant_left\",\"message\":\"Somebody left\",\"room\":\"" ROOM
      "\",\"participant\":\"" PARTICIPANT "\",\"session\":\"333\",\"reason\":\"kicked\",\"duration_ms\":1234}");
  assert_json (lines[1], "{\"level\":\"notice\",\"event\":\"server_ready\",\"message\":\"Ready\","
                         "\"url\":\"http://localhost:8080/\",\"node\":\"node-1\"}");
  assert_json (lines[2], "{\"level\":\"error\",\"message\":\"two\\nlines \\u001b[2J \357\277\275\\\"quoted\\\"\","
                         "\"component\":\"salon-slot\",\"node\":\"node-1\"}");
  assert_json (
      lines[3], "{\"level\":\"warning\",\"message\":\"of a library\",\"component\":\"Lib\",\"node\":\"node-1\"}");
  assert_json (
      lines[4], "{\"level\":\"critical\",\"message\":\"a broken promise\",\"component\":\"Lib\",\"node\":\"node-1\"}");
}

static void
test_threads (void)
{
  g_auto (GStrv) lines = run_child ("threads", "json");

  g_assert_cmpuint (g_strv_length (lines), ==, N_THREADS * N_ENTRIES);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_assert_true (g_str_has_prefix (lines[i], "{\"time\":"));
      g_assert_true (g_str_has_suffix (lines[i], PARTICIPANT "\"}"));
    }
}

/* Every field that the journal gets stands in the documentation, but GLib's own. */
static void
assert_documented (const char *field)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", "log.schema.json", NULL);
  g_autofree char *schema = NULL;

  g_assert_true (g_file_get_contents (path, &schema, NULL, NULL));
  if (!g_str_has_prefix (field, "GLIB_") && strstr (schema, field) == NULL)
    g_error ("%s is not in %s", field, path);
}

static void
assert_fields (const char *entry, const char *const *expected)
{
  g_auto (GStrv) fields = g_strsplit (entry, "\n", -1);

  for (guint i = 0; expected[i] != NULL; i++)
    {
      if (!g_strv_contains ((const char *const *)fields, expected[i]))
        g_error ("no %s in:\n%s", expected[i], entry);
    }
  for (guint i = 0; fields[i] != NULL && *fields[i] != '\0'; i++)
    {
      *strchr (fields[i], '=') = '\0';
      assert_documented (fields[i]);
    }
}

static void
assert_journal (const char *output)
{
  g_auto (GStrv) entries = g_strsplit (output, "\n\n", -1);

  g_assert_cmpuint (g_strv_length (entries), ==, 6); /* the last is empty */
  assert_fields (entries[0],
      (const char *[]){ "MESSAGE=Somebody left room=11111111 participant=22222222 session=333 reason=kicked "
                        "duration_ms=1234",
          "PRIORITY=6", "SYSLOG_IDENTIFIER=test-log", "SALON_EVENT=participant_left", "SALON_ROOM=" ROOM,
          "SALON_PARTICIPANT=" PARTICIPANT, "SALON_SESSION=333", "SALON_REASON=kicked", "SALON_DURATION_MS=1234",
          NULL });
  assert_fields (entries[1], (const char *[]){ "PRIORITY=5", "SALON_EVENT=server_ready",
                                 "SALON_URL=http://localhost:8080/", "SALON_NODE=node-1", NULL });
  assert_fields (entries[2], (const char *[]){ "PRIORITY=3", "SALON_COMPONENT=salon-slot", "SALON_NODE=node-1", NULL });
  assert_fields (entries[3], (const char *[]){ "PRIORITY=4", "GLIB_DOMAIN=Lib", NULL });
  assert_fields (entries[4], (const char *[]){ "PRIORITY=2", "MESSAGE=Lib: a broken promise", NULL });
}

/* user_data: the format. */
static void
test_journal (gconstpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *output = NULL;
  g_autoptr (GSubprocess) probe = g_subprocess_new (
      G_SUBPROCESS_FLAGS_STDERR_SILENCE, NULL, "unshare", "--map-root-user", "--mount", "true", NULL);
  g_autoptr (GSubprocess) child = NULL;

  if (probe == NULL || !g_subprocess_wait_check (probe, NULL, NULL))
    {
      g_test_skip ("no namespace to put a journal in");
      return;
    }
  child = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, "unshare", "--map-root-user", "--mount", program,
      "journal", user_data, NULL);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_communicate_utf8 (child, NULL, NULL, &output, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_successful (child));
  assert_journal (output);
}

int
main (int argc, char **argv)
{
  if (argc == 3)
    return be_child (argv[1], argv[2]);
  g_test_init (&argc, &argv, NULL);
  program = argv[0];
  g_test_add_func ("/log/text-is-for-people", test_text);
  g_test_add_func ("/log/text-where-there-is-no-journal", test_auto_and_journal_without_journal);
  g_test_add_func ("/log/json-is-an-object-a-line", test_json);
  g_test_add_func ("/log/threads-do-not-mix-their-lines", test_threads);
  g_test_add_data_func ("/log/journal-gets-documented-fields", "journal", test_journal);
  g_test_add_data_func ("/log/auto-finds-the-journal", "auto", test_journal);
  return g_test_run ();
}
