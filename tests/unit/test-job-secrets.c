/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "salon-job-secrets.h"

static char *
hide (const char *value, const char *text, gboolean is_cut)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) secrets = NULL;

  salon_job_secrets_add (list, value);
  secrets = salon_job_secrets_sort (list);
  return is_cut ? salon_job_secrets_hide_in_cut (secrets, text) : salon_job_secrets_hide (secrets, text);
}

static void
test_parts (void)
{
  static const struct
  {
    const char *value;
    const char *text;
    const char *expected;
  } cases[] = {
    { "rtmp://a.example/live/k3y-1234", "Cannot open rtmp://a.example/live/k3y-1234!", "Cannot open ***!" },
    { "rtmp://a.example/live/k3y-1234", "a.example: no stream k3y-1234, k3y-1234", "a.example: no stream ***, ***" },
    { "rtsp://ann:pa%20ss@cam:554/door", "cam:554: pa%20ss or pa ss is wrong", "cam:554: *** or *** is wrong" },
    { "srt://h:1?mode=caller&passphrase=0123456789&streamid=s%2F12", "0123456789 s%2F12 s/12", "*** *** ***" },
    /* No part of a word, and nothing that is too short. */
    { "rtmp://h/live/live", "delivered live: alive", "delivered ***: alive" },
    { "rtmp://h/live/abc", "abc rtmp://h/live/abc", "abc ***" },
    /* What is no URL. */
    { "pass word", "the pass word, a password", "the ***, a password" },
    { "pass", "pass", "***" },
    { "", "nothing", "nothing" },
    { "://:@/?&=#", "://:@/?&=#", "***" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *hidden = hide (cases[i].value, cases[i].text, FALSE);

      g_assert_cmpstr (hidden, ==, cases[i].expected);
    }
}

/* What comes behind was cut off. */
static void
test_cut (void)
{
  static const struct
  {
    const char *value;
    const char *text;
    const char *expected;
  } cases[] = {
    { "rtmp://a.example/live/k3y-1234", "rtmp://a.example/live/k3y-1234, rtmp://a.example/live/k3y-123", "***, ***" },
    { "rtmp://a.example/live/k3y-1234", "no stream k3y-", "no stream ***" },
    { "rtmp://a.example/live/k3y-1234", "no stream k3y", "no stream k3y" },
    { "rtmp://a.example/live/k3y-1234", "no stream k3y-1234", "no stream ***" },
    { "srt://h:1?passphrase=0123456789&streamid=s%2F12", "srt://h:1?passphrase=0123456789&streamid=s%2F",
        "srt://h:1?passphrase=***&streamid=***" },
    { "pass word", "nothing here", "nothing here" },
    { "pass word", "", "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *hidden = hide (cases[i].value, cases[i].text, TRUE);

      g_assert_cmpstr (hidden, ==, cases[i].expected);
    }
}

static void
test_none (void)
{
  g_autofree char *text = salon_job_secrets_hide (NULL, "text");
  g_autofree char *cut = salon_job_secrets_hide_in_cut (NULL, "text");

  g_assert_cmpstr (text, ==, "text");
  g_assert_cmpstr (cut, ==, "text");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/job-secrets/are-hidden-with-their-parts", test_parts);
  g_test_add_func ("/job-secrets/are-hidden-when-their-end-is-cut-off", test_cut);
  g_test_add_func ("/job-secrets/there-may-be-none", test_none);
  return g_test_run ();
}
