/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-locale.h"

#include <glib.h>
#include <libintl.h>
#include <locale.h>

#include "salon-build.h"

#define DOMAIN "salon"

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
  bindtextdomain (DOMAIN, salon_build_choose (SALON_BUILD_ROOT "/po", SALON_LOCALEDIR));
  bind_textdomain_codeset (DOMAIN, "UTF-8");
  textdomain (DOMAIN);
}
