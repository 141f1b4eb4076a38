/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-build.h"

#include <glib.h>

const char *
salon_build_choose (const char *built, const char *installed)
{
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);

  return program != NULL && g_str_has_prefix (program, SALON_BUILD_ROOT "/") ? built : installed;
}
