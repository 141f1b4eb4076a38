/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A QR code as an SVG image: black on white in any colour scheme, with the quiet zone that scanners need. No width or
 * height: it takes those it is given.
 * Returns: (transfer full) (nullable): NULL when the text is too long for one. */
GBytes *salon_qr_svg_new (const char *text) G_GNUC_WARN_UNUSED_RESULT;
