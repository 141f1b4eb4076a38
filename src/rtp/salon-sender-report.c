/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-sender-report.h"

#include <string.h>

#define TYPE_SR 200
#define TYPE_SDES 202
#define SDES_CNAME 1
/* RFC 3550, section 4: from 1900, which NTP counts from, to 1970. */
#define NTP_SECONDS_TO_1970 G_GUINT64_CONSTANT (2208988800)

static guint8 *
write_u32 (guint8 *at, guint32 value)
{
  at[0] = value >> 24;
  at[1] = value >> 16 & 0xff;
  at[2] = value >> 8 & 0xff;
  at[3] = value & 0xff;
  return at + 4;
}

/* size: of the whole packet, in bytes, a multiple of 4. */
static guint8 *
write_header (guint8 *at, guint count, guint type, gsize size, guint32 ssrc)
{
  write_u32 (at, 0x80000000u | count << 24 | type << 16 | (guint32)(size / 4 - 1));
  return write_u32 (at + 4, ssrc);
}

static guint8 *
write_time (guint8 *at, gint64 time_us)
{
  guint64 seconds = time_us / G_USEC_PER_SEC;
  guint64 fraction = ((guint64)(time_us % G_USEC_PER_SEC) << 32) / G_USEC_PER_SEC;

  at = write_u32 (at, (guint32)(seconds + NTP_SECONDS_TO_1970));
  return write_u32 (at, (guint32)fraction);
}

static guint8 *
write_name (guint8 *at, guint32 ssrc, const char *cname)
{
  gsize length = strlen (cname);
  /* A zero ends the items, and more fill the word. */
  gsize size = (8 + 2 + length + 1 + 3) & ~(gsize)3;
  guint8 *end = at + size;

  at = write_header (at, 1, TYPE_SDES, size, ssrc);
  *at++ = SDES_CNAME;
  *at++ = length;
  memcpy (at, cname, length);
  memset (at + length, 0, end - at - length);
  return end;
}

gsize
salon_sender_report_write (const SalonSenderReport *self, const char *cname, guint8 *data)
{
  guint8 *at = write_header (data, 0, TYPE_SR, 28, self->ssrc);

  g_assert (strlen (cname) <= 255);
  at = write_time (at, self->time_us);
  at = write_u32 (at, self->rtp_timestamp);
  at = write_u32 (at, self->n_packets);
  at = write_u32 (at, self->n_bytes);
  return write_name (at, self->ssrc, cname) - data;
}
