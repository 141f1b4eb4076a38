/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "salon-json-link.h"
#include "salon-limits.h"

#define WATCHDOG_S 20

typedef struct
{
  SalonJsonLink *link; /* at one end */
  int fd;              /* the other */
  GPtrArray *heard;    /* texts of `say` */
  guint n_closed;
} Fixture;

static void
on_message (SalonJsonLink *link, JsonObject *message, Fixture *fixture)
{
  g_ptr_array_add (fixture->heard, g_strdup (json_object_get_string_member_with_default (message, "say", "")));
}

static void
on_closed (SalonJsonLink *link, Fixture *fixture)
{
  fixture->n_closed++;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  fixture->heard = g_ptr_array_new_with_free_func (g_free);
  fixture->link = salon_json_link_new_for_fd (fds[0], NULL);
  fixture->fd = fds[1];
  g_signal_connect (fixture->link, "message", G_CALLBACK (on_message), fixture);
  g_signal_connect (fixture->link, "closed", G_CALLBACK (on_closed), fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_finalize_object (fixture->link);
  g_ptr_array_unref (fixture->heard);
  close (fixture->fd);
}

static void
say (Fixture *fixture, const char *text)
{
  g_assert_cmpint (write (fixture->fd, text, strlen (text)), ==, strlen (text));
}

static gboolean
on_watchdog (gpointer user_data)
{
  g_error ("nothing happens");
  return G_SOURCE_REMOVE;
}

#define SPIN_UNTIL(condition)                                                                                          \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    guint watchdog_id = g_timeout_add_seconds (WATCHDOG_S, on_watchdog, NULL);                                         \
    while (!(condition))                                                                                               \
      g_main_context_iteration (NULL, TRUE);                                                                           \
    g_source_remove (watchdog_id);                                                                                     \
  }                                                                                                                    \
  G_STMT_END

static void
test_lines_are_messages (Fixture *fixture, gconstpointer data)
{
  say (fixture, "{\"say\": \"one\"}\n{\"say\": \"two\"}\n{\"say\":");
  SPIN_UNTIL (fixture->heard->len == 2);
  say (fixture, " \"three\"}\n");
  SPIN_UNTIL (fixture->heard->len == 3);
  g_assert_cmpstr (g_ptr_array_index (fixture->heard, 0), ==, "one");
  g_assert_cmpstr (g_ptr_array_index (fixture->heard, 2), ==, "three");
  g_assert_cmpuint (fixture->n_closed, ==, 0);
}

static void
test_what_is_no_object_ends_it (Fixture *fixture, gconstpointer text)
{
  say (fixture, text);
  SPIN_UNTIL (fixture->n_closed == 1);
  g_assert_cmpuint (fixture->heard->len, ==, 0);
}

static void
test_a_line_without_end_ends_it (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = g_strnfill (4096, 'x');

  for (guint i = 0; i <= SALON_LIMIT_JOB_MESSAGE_BYTES / 4096; i++)
    {
      say (fixture, text);
      while (g_main_context_iteration (NULL, FALSE))
        ;
    }
  SPIN_UNTIL (fixture->n_closed == 1);
}

static void
send_much (Fixture *fixture)
{
  g_autofree char *text = g_strnfill (16 * 1024, 'x');
  JsonObject *message = json_object_new ();

  json_object_set_string_member (message, "text", text);
  salon_json_link_send (fixture->link, message);
}

static void
test_who_does_not_read_loses_it (Fixture *fixture, gconstpointer data)
{
  /* Some 200 KiB are the kernel's to keep. */
  for (guint i = 0; i < 200 && fixture->n_closed == 0; i++)
    {
      send_much (fixture);
      while (g_main_context_iteration (NULL, FALSE))
        ;
    }
  g_assert_cmpuint (fixture->n_closed, ==, 1);
}

static void
test_who_reads_late_gets_all (Fixture *fixture, gconstpointer data)
{
  gsize n_lines = 0;
  char buffer[4096];

  for (guint i = 0; i < 40; i++)
    send_much (fixture);
  while (n_lines < 40)
    {
      gssize size_bytes = recv (fixture->fd, buffer, sizeof buffer, MSG_DONTWAIT);

      for (gssize i = 0; i < size_bytes; i++)
        n_lines += buffer[i] == '\n';
      g_main_context_iteration (NULL, FALSE);
    }
  g_assert_cmpuint (fixture->n_closed, ==, 0);
}

static void
test_the_other_side_closes_once (Fixture *fixture, gconstpointer data)
{
  shutdown (fixture->fd, SHUT_RDWR);
  SPIN_UNTIL (fixture->n_closed == 1);
  send_much (fixture);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (fixture->n_closed, ==, 1);
}

#define ADD(path, data, test) g_test_add (path, Fixture, data, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/json-link/lines-are-messages", NULL, test_lines_are_messages);
  ADD ("/json-link/what-is-no-json-ends-it", "hello\n", test_what_is_no_object_ends_it);
  ADD ("/json-link/what-is-no-object-ends-it", "[1]\n", test_what_is_no_object_ends_it);
  ADD ("/json-link/a-line-without-end-ends-it", NULL, test_a_line_without_end_ends_it);
  ADD ("/json-link/who-does-not-read-loses-it", NULL, test_who_does_not_read_loses_it);
  ADD ("/json-link/who-reads-late-gets-all", NULL, test_who_reads_late_gets_all);
  ADD ("/json-link/the-other-side-closes-once", NULL, test_the_other_side_closes_once);
  return g_test_run ();
}
