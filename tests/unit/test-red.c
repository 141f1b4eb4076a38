/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "salon-red.h"

/* One earlier piece of 3 bytes, then a primary of 2. */
static const guint8 two_blocks[] = { 0x80 | 111, 0x0f, 0x00, 0x03, 111, 'o', 'l', 'd', 'n', 'w' };

static gboolean
parse (SalonRed *red, const guint8 *data, gsize data_size, gsize size)
{
  /* A copy of its own, so that a sanitizer sees a read past its end. */
  g_autofree guint8 *copy = g_memdup2 (data, data_size);

  return salon_red_parse (red, copy, data_size, size);
}

static void
test_finds_the_primary (void)
{
  static const guint8 alone[] = { 111, 0x78 };
  SalonRed red;

  g_assert_true (parse (&red, two_blocks, sizeof two_blocks, sizeof two_blocks));
  g_assert_cmpuint (red.headers_size, ==, 5);
  g_assert_cmpuint (red.primary_offset, ==, 8);
  g_assert_true (parse (&red, alone, sizeof alone, sizeof alone));
  g_assert_cmpuint (red.headers_size, ==, 1);
  g_assert_cmpuint (red.primary_offset, ==, 1);
}

/* An earlier piece may be empty: so Chromium says that there was none. */
static void
test_takes_empty_pieces (void)
{
  static const guint8 bytes[] = { 0x80 | 111, 0x0f, 0x00, 0x00, 111, 0x78 };
  SalonRed red;

  g_assert_true (parse (&red, bytes, sizeof bytes, sizeof bytes));
  g_assert_cmpuint (red.primary_offset, ==, 5);
}

/* The headers are enough, and their lengths count within the whole. */
static void
test_reads_a_head (void)
{
  SalonRed red;

  g_assert_true (parse (&red, two_blocks, 5, sizeof two_blocks));
  g_assert_cmpuint (red.primary_offset, ==, 8);
  g_assert_false (parse (&red, two_blocks, 4, sizeof two_blocks));
  g_assert_false (parse (&red, two_blocks, 3, sizeof two_blocks));
  g_assert_false (parse (&red, two_blocks, 0, sizeof two_blocks));
}

static void
test_needs_a_primary (void)
{
  SalonRed red;

  for (gsize size = 0; size <= 8; size++)
    g_assert_false (parse (&red, two_blocks, size, size));
  g_assert_true (parse (&red, two_blocks, 9, 9));
}

static void
test_counts_blocks (void)
{
  guint8 bytes[SALON_RED_HEADER_BYTES * SALON_RED_MAX_BLOCKS + 2] = { 0 };
  guint8 *primary = bytes + SALON_RED_HEADER_BYTES * (SALON_RED_MAX_BLOCKS - 1);
  SalonRed red;

  for (guint i = 0; i < SALON_RED_MAX_BLOCKS; i++)
    bytes[SALON_RED_HEADER_BYTES * i] = 0x80 | 111;
  g_assert_false (parse (&red, bytes, sizeof bytes, sizeof bytes));
  *primary = 111;
  g_assert_true (parse (&red, bytes, sizeof bytes, sizeof bytes));
  g_assert_cmpuint (red.headers_size, ==, SALON_RED_MAX_HEADERS_BYTES);
}

static void
test_writes_payload_types (void)
{
  static const guint8 expected[] = { 0x80 | 96, 0x0f, 0x00, 0x03, 96 };
  guint8 out[SALON_RED_MAX_HEADERS_BYTES];
  SalonRed red;

  g_assert_true (parse (&red, two_blocks, sizeof two_blocks, sizeof two_blocks));
  g_assert_true (salon_red_write_headers (&red, two_blocks, 96, out) == out + sizeof expected);
  g_assert_cmpmem (out, sizeof expected, expected, sizeof expected);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/red/finds-the-primary", test_finds_the_primary);
  g_test_add_func ("/red/takes-empty-pieces", test_takes_empty_pieces);
  g_test_add_func ("/red/reads-a-head", test_reads_a_head);
  g_test_add_func ("/red/needs-a-primary", test_needs_a_primary);
  g_test_add_func ("/red/counts-blocks", test_counts_blocks);
  g_test_add_func ("/red/writes-payload-types", test_writes_payload_types);
  return g_test_run ();
}
