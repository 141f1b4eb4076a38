/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-qr.h"

#include <qrencode.h>

/* ISO/IEC 18004 asks for 4; scanners are content with 2, and terminals are small. */
#define QUIET_ZONE 2
#define BLACK_ON_WHITE "\033[30;107m"
#define RESET "\033[0m"

static gboolean
is_dark (const QRcode *code, int x, int y)
{
  return x >= 0 && y >= 0 && x < code->width && y < code->width && (code->data[y * code->width + x] & 1) != 0;
}

char *
salon_qr_to_terminal (const char *text)
{
  static const char *const blocks[] = { " ", "▀", "▄", "█" };
  QRcode *code = QRcode_encodeString8bit (text, 0, QR_ECLEVEL_L);
  GString *lines;

  if (code == NULL)
    return NULL;
  lines = g_string_new (NULL);
  for (int y = -QUIET_ZONE; y < code->width + QUIET_ZONE; y += 2)
    {
      g_string_append (lines, BLACK_ON_WHITE);
      for (int x = -QUIET_ZONE; x < code->width + QUIET_ZONE; x++)
        g_string_append (lines, blocks[is_dark (code, x, y) + 2 * is_dark (code, x, y + 1)]);
      g_string_append (lines, RESET "\n");
    }
  QRcode_free (code);
  return g_string_free (lines, FALSE);
}
