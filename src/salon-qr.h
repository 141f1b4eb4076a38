/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A QR code for a terminal: half blocks in UTF-8, black on white by ANSI colours.
 * Returns: (transfer full) (nullable): lines of text; NULL when the text is too long for one. */
char *salon_qr_to_terminal (const char *text) G_GNUC_WARN_UNUSED_RESULT;
