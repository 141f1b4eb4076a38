/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-sender-report.h"

#include <string.h>

#include "salon-bytes.h"
#include "salon-rtcp.h"

#define SDES_CNAME 1
#define NTP_SECONDS_TO_1970 G_GUINT64_CONSTANT (2208988800)

/* size: of the whole packet, in bytes, a multiple of 4. */
static guint8 *
write_header (guint8 *at, guint count, guint type, gsize size, guint32 ssrc)
{
  salon_write_u32 (at, 0x80000000u | count << 24 | type << 16 | (guint32)(size / 4 - 1));
  return salon_write_u32 (at + 4, ssrc);
}

/* RFC 3550, section 4: seconds since 1900, and fractions of one. */
static guint64
to_ntp (gint64 time_us)
{
  guint64 seconds = time_us / G_USEC_PER_SEC + NTP_SECONDS_TO_1970;
  guint64 fraction = ((guint64)(time_us % G_USEC_PER_SEC) << 32) / G_USEC_PER_SEC;

  return seconds << 32 | fraction;
}

guint32
salon_sender_report_get_time (gint64 time_us)
{
  return (guint32)(to_ntp (time_us) >> 16);
}

static guint8 *
write_name (guint8 *at, guint32 ssrc, const char *cname)
{
  gsize length = strlen (cname);
  /* A zero ends the items, and more fill the word. */
  gsize size = (8 + 2 + length + 1 + 3) & ~(gsize)3;
  guint8 *end = at + size;

  at = write_header (at, 1, SALON_RTCP_SDES, size, ssrc);
  *at++ = SDES_CNAME;
  *at++ = length;
  memcpy (at, cname, length);
  memset (at + length, 0, end - at - length);
  return end;
}

gsize
salon_sender_report_write (const SalonSenderReport *self, const char *cname, guint8 *data)
{
  guint8 *at = write_header (data, 0, SALON_RTCP_SR, 28, self->ssrc);
  guint64 ntp = to_ntp (self->time_us);

  g_assert (strlen (cname) <= 255);
  at = salon_write_u32 (at, (guint32)(ntp >> 32));
  at = salon_write_u32 (at, (guint32)ntp);
  at = salon_write_u32 (at, self->rtp_timestamp);
  at = salon_write_u32 (at, self->n_packets);
  at = salon_write_u32 (at, self->n_bytes);
  return write_name (at, self->ssrc, cname) - data;
}
