/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-locale.h"

#include <glib.h>
#include <libintl.h>
#include <locale.h>

#define DOMAIN "salon"

/* A program that runs where it was built has its catalogues there. */
static const char *
find_catalogues (void)
{
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);

  return program != NULL && g_str_has_prefix (program, SALON_BUILD_ROOT "/") ? SALON_BUILD_ROOT "/po" : SALON_LOCALEDIR;
}

/* On many a server the locale that somebody's environment names was never generated. What we need of it is the language
 * and UTF-8, and these can be had without. */
static void
make_up_locale (void)
{
  g_autofree char *languages = g_strjoinv (":", (char **)g_get_language_names ());

  if (setlocale (LC_ALL, "C.UTF-8") != NULL)
    g_setenv ("LANGUAGE", languages, TRUE);
}

void
salon_locale_init (void)
{
  if (setlocale (LC_ALL, "") == NULL)
    make_up_locale ();
  bindtextdomain (DOMAIN, find_catalogues ());
  bind_textdomain_codeset (DOMAIN, "UTF-8");
  textdomain (DOMAIN);
}
