/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-file-link.h"

#include <string.h>

#include "salon-secret.h"

/* <job>.<Unix time>.<signature of both>. A job's id has no '.' */
#define N_PARTS 3

char *
salon_file_link_new (const char *key, const char *job, gint64 until_s)
{
  g_autofree char *claim = g_strdup_printf ("%s.%" G_GINT64_FORMAT, job, until_s);
  g_autofree char *signature = salon_secret_sign (key, claim);

  return g_strconcat (claim, ".", signature, NULL);
}

char *
salon_file_link_read (const char *key, const char *link, gint64 now_s)
{
  g_auto (GStrv) parts = g_strsplit (link, ".", N_PARTS + 1);
  g_autofree char *expected = NULL;
  gint64 until_s = 0;

  if (g_strv_length (parts) != N_PARTS || !g_ascii_string_to_signed (parts[1], 10, 0, G_MAXINT64, &until_s, NULL))
    return NULL;
  expected = salon_file_link_new (key, parts[0], until_s);
  return salon_secret_equal (link, expected) && now_s < until_s ? g_strdup (parts[0]) : NULL;
}
