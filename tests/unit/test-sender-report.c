/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sender reports, read by GStreamer's parser. */
#include <gst/rtp/rtp.h>
#include <string.h>

#include "salon-sender-report.h"

/* RFC 868: 1 January 1970 in seconds since 1900. */
#define NTP_1970 G_GUINT64_CONSTANT (2208988800)

static const SalonSenderReport plain = { .ssrc = 0x5a100001,
  .time_us = G_GINT64_CONSTANT (1700000000250000),
  .rtp_timestamp = 0xfedcba98,
  .n_packets = 4000000000u,
  .n_bytes = 3000000000u };

/* Behind it, nothing is written. */
typedef struct
{
  GstBuffer *buffer;
  GstRTCPBuffer rtcp;
  GstRTCPPacket packet;
} Reading;

static void
begin (Reading *reading, const SalonSenderReport *report, const char *cname)
{
  guint8 data[SALON_SENDER_REPORT_MAX_BYTES + 16];
  gsize size;

  memset (data, 0xee, sizeof data);
  size = salon_sender_report_write (report, cname, data);
  g_assert_cmpuint (size, <=, SALON_SENDER_REPORT_MAX_BYTES);
  for (gsize i = size; i < sizeof data; i++)
    g_assert_cmphex (data[i], ==, 0xee);
  reading->buffer = gst_buffer_new_memdup (data, size);
  reading->rtcp = (GstRTCPBuffer)GST_RTCP_BUFFER_INIT;
  g_assert_true (gst_rtcp_buffer_validate (reading->buffer));
  g_assert_true (gst_rtcp_buffer_map (reading->buffer, GST_MAP_READ, &reading->rtcp));
  g_assert_true (gst_rtcp_buffer_get_first_packet (&reading->rtcp, &reading->packet));
}

static void
end (Reading *reading)
{
  gst_rtcp_buffer_unmap (&reading->rtcp);
  gst_buffer_unref (reading->buffer);
}

/* The NTP time, in its units of 2^-32 s, of a report with this time. */
static guint64
read_ntp_time (gint64 time_us)
{
  SalonSenderReport report = plain;
  Reading reading;
  guint64 ntp_time;

  report.time_us = time_us;
  begin (&reading, &report, "name");
  gst_rtcp_packet_sr_get_sender_info (&reading.packet, NULL, &ntp_time, NULL, NULL, NULL);
  end (&reading);
  return ntp_time;
}

static void
test_tells_all_fields (void)
{
  Reading reading;
  guint32 ssrc, rtp_timestamp, n_packets, n_bytes;
  guint64 ntp_time;

  begin (&reading, &plain, "name");
  g_assert_cmpint (gst_rtcp_packet_get_type (&reading.packet), ==, GST_RTCP_TYPE_SR);
  g_assert_cmpuint (gst_rtcp_packet_get_rb_count (&reading.packet), ==, 0);
  g_assert_false (gst_rtcp_packet_get_padding (&reading.packet));
  gst_rtcp_packet_sr_get_sender_info (&reading.packet, &ssrc, &ntp_time, &rtp_timestamp, &n_packets, &n_bytes);
  g_assert_cmphex (ssrc, ==, 0x5a100001);
  g_assert_cmphex (ntp_time, ==, (G_GUINT64_CONSTANT (1700000000) + NTP_1970) << 32 | 0x40000000u);
  g_assert_cmphex (rtp_timestamp, ==, 0xfedcba98);
  g_assert_cmpuint (n_packets, ==, 4000000000u);
  g_assert_cmpuint (n_bytes, ==, 3000000000u);
  end (&reading);
}

static void
test_tells_ntp_time (void)
{
  const guint64 units_per_us = (G_GUINT64_CONSTANT (1) << 32) / G_USEC_PER_SEC;

  g_assert_cmphex (read_ntp_time (0), ==, NTP_1970 << 32);
  g_assert_cmphex (read_ntp_time (G_USEC_PER_SEC / 2), ==, NTP_1970 << 32 | 0x80000000u);
  g_assert_cmphex (read_ntp_time (1), ==, (NTP_1970 << 32) + units_per_us);
  /* The last before the next second, and that. */
  g_assert_cmphex (read_ntp_time (G_USEC_PER_SEC - 1) >> 32, ==, NTP_1970);
  g_assert_cmphex (read_ntp_time (G_USEC_PER_SEC), ==, (NTP_1970 + 1) << 32);
  /* 7 February 2036, 06:28:16: NTP's seconds begin anew (RFC 5905, section 6). */
  g_assert_cmphex (read_ntp_time (G_GINT64_CONSTANT (2085978495999999)) >> 32, ==, 0xffffffffu);
  g_assert_cmphex (read_ntp_time (G_GINT64_CONSTANT (2085978496000000)), ==, 0);
}

static void
assert_names (const char *cname)
{
  Reading reading;
  GstRTCPSDESType type;
  guint8 size;
  guint8 *name;

  begin (&reading, &plain, cname);
  g_assert_true (gst_rtcp_packet_move_to_next (&reading.packet));
  g_assert_cmpint (gst_rtcp_packet_get_type (&reading.packet), ==, GST_RTCP_TYPE_SDES);
  g_assert_cmpuint (gst_rtcp_packet_sdes_get_item_count (&reading.packet), ==, 1);
  g_assert_true (gst_rtcp_packet_sdes_first_item (&reading.packet));
  g_assert_cmphex (gst_rtcp_packet_sdes_get_ssrc (&reading.packet), ==, plain.ssrc);
  g_assert_true (gst_rtcp_packet_sdes_first_entry (&reading.packet));
  g_assert_true (gst_rtcp_packet_sdes_get_entry (&reading.packet, &type, &size, &name));
  g_assert_cmpint (type, ==, GST_RTCP_SDES_CNAME);
  g_assert_cmpmem (name, size, cname, strlen (cname));
  /* RFC 3550, section 6.5: a zero ends the list. */
  g_assert_cmphex (name[size], ==, 0);
  g_assert_false (gst_rtcp_packet_sdes_next_entry (&reading.packet));
  g_assert_false (gst_rtcp_packet_move_to_next (&reading.packet));
  end (&reading);
}

/* Whatever is missing to a whole word. (GStreamer 1.22 does not read a list of one word, as that of one letter is.) */
static void
test_names_of_all_lengths (void)
{
  char cname[256];

  for (guint length = 2; length < sizeof cname; length++)
    {
      memset (cname, 'x', length);
      cname[length] = '\0';
      assert_names (cname);
    }
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sender-report/tells-all-fields", test_tells_all_fields);
  g_test_add_func ("/sender-report/tells-ntp-time", test_tells_ntp_time);
  g_test_add_func ("/sender-report/names-of-all-lengths", test_names_of_all_lengths);
  return g_test_run ();
}
