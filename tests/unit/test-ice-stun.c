/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What arrives on the media port, told apart and read; a stream of packets over TCP. */
#include <string.h>

#include "ice-client.h"
#include "salon-ice-framing.h"
#include "salon-ice-stun.h"

#define PASSWORD "0123456789012345678901"

static const IceClientCheck good = { .username = "ours:theirs", .password = PASSWORD };

static SalonIceAddress
address (const char *host, guint port)
{
  SalonIceAddress result;

  g_assert_true (salon_ice_address_parse (host, port, &result));
  return result;
}

static SalonIceStunResult
read_check (const guint8 *data, gsize size, SalonIceStunRequest *request)
{
  SalonIceAddress source = address ("192.0.2.7", 4711);

  return salon_ice_stun_read_request (data, size, PASSWORD, &source, request);
}

static void
test_kinds (void)
{
  static const struct
  {
    guint first, last;
    SalonIcePacketKind kind;
  } ranges[] = {
    { 0, 3, SALON_ICE_PACKET_STUN },
    { 4, 19, SALON_ICE_PACKET_JUNK },
    { 20, 63, SALON_ICE_PACKET_MEDIA },
    { 64, 127, SALON_ICE_PACKET_JUNK },
    { 128, 191, SALON_ICE_PACKET_MEDIA },
    { 192, 255, SALON_ICE_PACKET_JUNK },
  };
  guint8 packet[12] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (ranges); i++)
    {
      for (guint first = ranges[i].first; first <= ranges[i].last; first++)
        {
          packet[0] = first;
          g_assert_cmpint (salon_ice_packet_kind (packet, sizeof packet), ==, ranges[i].kind);
          g_assert_cmpint (salon_ice_packet_kind (packet, 11), ==, SALON_ICE_PACKET_JUNK);
        }
    }
  g_assert_cmpint (salon_ice_packet_kind (packet, 0), ==, SALON_ICE_PACKET_JUNK);
}

static void
assert_answers (const char *host)
{
  SalonIceAddress source = address (host, 4711), mapped = { 0 };
  guint8 check[ICE_CLIENT_BYTES];
  gsize size = ice_client_write_check (check, &good);
  SalonIceStunRequest request;
  const char *ufrag;
  gsize ufrag_size;

  g_assert_true (salon_ice_stun_get_ufrag (check, size, &ufrag, &ufrag_size));
  g_assert_cmpmem (ufrag, ufrag_size, "ours", 4);
  g_assert_cmpint (salon_ice_stun_read_request (check, size, PASSWORD, &source, &request), ==, SALON_ICE_STUN_REQUEST);
  g_assert_false (request.use_candidate);
  g_assert_cmpuint (request.priority, ==, 12345);
  g_assert_cmpint (ice_client_read_reply (request.reply, request.reply_size, PASSWORD, &mapped), ==, 0);
  g_assert_true (salon_ice_address_equal (&mapped, &source));
}

static void
test_answers (void)
{
  assert_answers ("192.0.2.7");
  assert_answers ("2001:db8::7");
}

static void
test_nomination (void)
{
  IceClientCheck check = good;
  guint8 data[ICE_CLIENT_BYTES];
  SalonIceStunRequest request;

  check.use_candidate = TRUE;
  g_assert_cmpint (read_check (data, ice_client_write_check (data, &check), &request), ==, SALON_ICE_STUN_REQUEST);
  g_assert_true (request.use_candidate);
}

static void
test_forged (void)
{
  IceClientCheck check = good;
  guint8 data[ICE_CLIENT_BYTES];
  SalonIceStunRequest request;
  gsize size;

  check.password = "another password, long enough";
  g_assert_cmpint (read_check (data, ice_client_write_check (data, &check), &request), ==, SALON_ICE_STUN_IGNORED);
  check.password = "";
  g_assert_cmpint (read_check (data, ice_client_write_check (data, &check), &request), ==, SALON_ICE_STUN_IGNORED);
  size = ice_client_write_check (data, &good);
  for (gsize i = 0; i < size; i++)
    {
      data[i] ^= 0x40;
      g_assert_cmpint (read_check (data, size, &request), ==, SALON_ICE_STUN_IGNORED);
      data[i] ^= 0x40;
    }
  g_assert_cmpint (read_check (data, size, &request), ==, SALON_ICE_STUN_REQUEST);
}

static void
test_cut (void)
{
  guint8 data[ICE_CLIENT_BYTES];
  gsize size = ice_client_write_check (data, &good);
  const char *ufrag;
  gsize ufrag_size;

  for (gsize cut = 0; cut < size; cut++)
    {
      /* On the heap, so that a sanitizer sees the end of it. */
      g_autofree guint8 *copy = g_memdup2 (data, cut);
      g_assert_false (salon_ice_stun_get_ufrag (copy, cut, &ufrag, &ufrag_size));
    }
}

/* libnice compares 20 bytes of it, however many there are. */
static void
test_short_integrity (void)
{
  static const guint8 message[] = { 0x00, 0x01, 0x00, 0x14, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
    12, 0x00, 0x06, 0x00, 0x03, 'a', ':', 'b', 0, 0x00, 0x08, 0x00, 0x00, 0x80, 0x28, 0x00, 0x04, 0, 0, 0, 0 };
  const char *ufrag;
  gsize ufrag_size;

  g_assert_false (salon_ice_stun_get_ufrag (message, sizeof message, &ufrag, &ufrag_size));
}

static void
test_usernames (void)
{
  static const char *const wrong[] = { "", ":theirs", "nocolon" };
  g_autofree char *long_name = g_strnfill (257, 'x');
  g_autofree char *too_long = g_strconcat (long_name, ":y", NULL);
  guint8 data[ICE_CLIENT_BYTES];
  const char *ufrag;
  gsize ufrag_size;

  for (guint i = 0; i <= G_N_ELEMENTS (wrong); i++)
    {
      IceClientCheck check = { .username = i < G_N_ELEMENTS (wrong) ? wrong[i] : too_long, .password = PASSWORD };
      g_assert_false (salon_ice_stun_get_ufrag (data, ice_client_write_check (data, &check), &ufrag, &ufrag_size));
    }
}

static void
test_role_conflict (void)
{
  IceClientCheck check = good;
  guint8 data[ICE_CLIENT_BYTES];
  SalonIceStunRequest request;

  check.is_controlled = TRUE;
  g_assert_cmpint (read_check (data, ice_client_write_check (data, &check), &request), ==, SALON_ICE_STUN_REFUSED);
  g_assert_cmpint (ice_client_read_reply (request.reply, request.reply_size, PASSWORD, NULL), ==, 487);
}

static void
test_unknown_attribute (void)
{
  IceClientCheck check = good;
  guint8 data[ICE_CLIENT_BYTES];
  SalonIceStunRequest request;

  check.has_unknown = TRUE;
  g_assert_cmpint (read_check (data, ice_client_write_check (data, &check), &request), ==, SALON_ICE_STUN_REFUSED);
  g_assert_cmpint (ice_client_read_reply (request.reply, request.reply_size, PASSWORD, NULL), ==, 420);
}

static void
test_own_requests (void)
{
  SalonIceAddress source = address ("192.0.2.1", 10000);
  guint8 data[SALON_ICE_STUN_MAX_BYTES], reply[ICE_CLIENT_BYTES];
  guint8 id[SALON_ICE_STUN_ID_BYTES], other_id[SALON_ICE_STUN_ID_BYTES];
  gsize size = salon_ice_stun_write_request (data, "theirs:ours", PASSWORD, id);
  gsize reply_size = ice_client_answer (reply, data, size, PASSWORD, &source);

  g_assert_cmpuint (reply_size, >, 0);
  g_assert_true (salon_ice_stun_get_response_id (reply, reply_size, other_id));
  g_assert_cmpmem (id, sizeof id, other_id, sizeof other_id);
  g_assert_cmpint (salon_ice_stun_read_response (reply, reply_size, id, PASSWORD), ==, SALON_ICE_STUN_SUCCESS);
  g_assert_cmpint (
      salon_ice_stun_read_response (reply, reply_size, id, "another password"), ==, SALON_ICE_STUN_IGNORED);
  other_id[3]++;
  g_assert_cmpint (salon_ice_stun_read_response (reply, reply_size, other_id, PASSWORD), ==, SALON_ICE_STUN_IGNORED);
}

/* 200 of them would fill libnice's table. */
static void
test_many_own_requests (void)
{
  guint8 data[SALON_ICE_STUN_MAX_BYTES], id[SALON_ICE_STUN_ID_BYTES];

  for (guint i = 0; i < 1000; i++)
    g_assert_cmpuint (salon_ice_stun_write_request (data, "theirs:ours", PASSWORD, id), >, 0);
}

/* -- framing -- */

static void
collect (const guint8 *packet, gsize size, gpointer user_data)
{
  g_string_append_len (user_data, (const char *)packet, size);
  g_string_append_c (user_data, '|');
}

/* In pieces of so many bytes. */
static gboolean
feed (SalonIceFraming *framing, const void *data, gsize size, gsize piece, GString *packets)
{
  for (gsize at = 0; at < size; at += piece)
    {
      gsize space, n = MIN (piece, size - at);
      guint8 *place = salon_ice_framing_get_space (framing, &space);

      g_assert_cmpuint (space, >=, n);
      memcpy (place, (const guint8 *)data + at, n);
      if (!salon_ice_framing_read (framing, n, collect, packets))
        return FALSE;
    }
  return TRUE;
}

static void
test_framing (void)
{
  static const char stream[] = "\0\3abc\0\1d\0\0\0\0\0\5hello\0\0";

  for (gsize piece = 1; piece < sizeof stream; piece++)
    {
      SalonIceFraming framing = { .size = 0 };
      g_autoptr (GString) packets = g_string_new (NULL);

      g_assert_true (feed (&framing, stream, sizeof stream - 1, piece, packets));
      g_assert_cmpstr (packets->str, ==, "abc|d|hello|");
    }
}

static void
test_framing_bounds (void)
{
  g_autofree guint8 *large = g_malloc0 (SALON_ICE_FRAME_HEADER_BYTES + SALON_LIMIT_PACKET_BYTES);
  g_autoptr (GString) packets = g_string_new (NULL);
  SalonIceFraming framing = { .size = 0 };

  large[0] = SALON_LIMIT_PACKET_BYTES >> 8;
  large[1] = SALON_LIMIT_PACKET_BYTES & 0xff;
  g_assert_true (feed (&framing, large, SALON_ICE_FRAME_HEADER_BYTES + SALON_LIMIT_PACKET_BYTES, 700, packets));
  g_assert_cmpuint (packets->len, ==, SALON_LIMIT_PACKET_BYTES + 1);
  g_assert_false (feed (&framing, "\xff\xff", 2, 2, packets));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ice/stun/tells-packets-apart", test_kinds);
  g_test_add_func ("/ice/stun/answers-with-the-source", test_answers);
  g_test_add_func ("/ice/stun/sees-a-nomination", test_nomination);
  g_test_add_func ("/ice/stun/ignores-what-is-forged-or-altered", test_forged);
  g_test_add_func ("/ice/stun/ignores-what-is-cut", test_cut);
  g_test_add_func ("/ice/stun/ignores-a-short-integrity", test_short_integrity);
  g_test_add_func ("/ice/stun/ignores-user-names-that-are-none", test_usernames);
  g_test_add_func ("/ice/stun/refuses-a-controlled-client-with-487", test_role_conflict);
  g_test_add_func ("/ice/stun/refuses-what-it-does-not-understand-with-420", test_unknown_attribute);
  g_test_add_func ("/ice/stun/knows-answers-to-its-own-requests", test_own_requests);
  g_test_add_func ("/ice/stun/writes-requests-without-end", test_many_own_requests);
  g_test_add_func ("/ice/framing/finds-packets-however-they-come", test_framing);
  g_test_add_func ("/ice/framing/ends-at-what-is-too-long", test_framing_bounds);
  return g_test_run ();
}
