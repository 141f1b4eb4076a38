/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-ion-dialect.h"

#include <string.h>

/* It is read in earnest elsewhere. */
static gboolean
has_data_channels_alone (const char *sdp)
{
  guint n_lines = 0;

  for (const char *line = strstr (sdp, "\nm="); line != NULL; line = strstr (line + 1, "\nm="), n_lines++)
    {
      if (!g_str_has_prefix (line, "\nm=application "))
        return FALSE;
    }
  return n_lines == 1;
}

gboolean
salon_ion_dialect_is_spoken (JsonObject *params, const char *sdp)
{
  return !json_object_has_member (params, "data_channels") && has_data_channels_alone (sdp);
}
