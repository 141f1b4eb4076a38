/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Numbers in network byte order, wherever they stand: GLib's and GStreamer's macros want them aligned. */
static inline guint16
salon_read_u16 (const guint8 *at)
{
  return at[0] << 8 | at[1];
}

static inline guint32
salon_read_u32 (const guint8 *at)
{
  return (guint32)salon_read_u16 (at) << 16 | salon_read_u16 (at + 2);
}

/* Both return where the next goes. */
static inline guint8 *
salon_write_u16 (guint8 *at, guint16 value)
{
  at[0] = value >> 8;
  at[1] = value & 0xff;
  return at + 2;
}

static inline guint8 *
salon_write_u32 (guint8 *at, guint32 value)
{
  return salon_write_u16 (salon_write_u16 (at, value >> 16), value & 0xffff);
}
