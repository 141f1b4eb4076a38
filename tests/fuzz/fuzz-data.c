/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* libFuzzer's door to what reads the texts and bytes of data channels: the first byte chooses DCEP, or what ion-sfu's
 * clients say. What is taken is within its bounds, and of DCEP, what is written of it is read as the same.
 *
 *   CC=clang meson setup build-fuzz -Db_lundef=false
 *   meson test -C build-fuzz --suite fuzz                        # a bounded run
 *   build-fuzz/tests/unit/fuzz-data tests/fuzz/data-corpus       # as long as you like */
#include <string.h>

#include "salon-dcep.h"
#include "salon-ion-message.h"
#include "salon-limits.h"

int LLVMFuzzerTestOneInput (const guint8 *data, size_t size);

static void
try_open (const guint8 *data, gsize size)
{
  g_auto (SalonDcepOpen) open = { 0 };
  g_auto (SalonDcepOpen) again = { 0 };
  g_autoptr (GByteArray) written = NULL;

  if (!salon_dcep_open_read (&open, data, size))
    {
      g_assert_true (open.label == NULL && open.protocol == NULL);
      return;
    }
  g_assert_cmpuint (strlen (open.label), <=, SALON_LIMIT_DATA_LABEL_BYTES);
  g_assert_cmpuint (strlen (open.protocol), <=, SALON_LIMIT_DATA_LABEL_BYTES);
  g_assert_true (g_utf8_validate (open.label, -1, NULL) && g_utf8_validate (open.protocol, -1, NULL));
  g_assert_true (open.max_retransmits == -1 || open.max_lifetime_ms == -1);
  written = salon_dcep_open_write (&open);
  g_assert_true (salon_dcep_open_read (&again, written->data, written->len));
  g_assert_cmpstr (again.label, ==, open.label);
  g_assert_cmpstr (again.protocol, ==, open.protocol);
  g_assert_cmpint (again.is_unordered, ==, open.is_unordered);
  g_assert_cmpint (again.max_retransmits, ==, open.max_retransmits);
  g_assert_cmpint (again.max_lifetime_ms, ==, open.max_lifetime_ms);
}

static void
try_wish (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  SalonIonWish wish;

  if (!salon_ion_wish_read (&wish, (const char *)data, size, &error))
    {
      g_assert_nonnull (error);
      return;
    }
  g_assert_no_error (error);
  g_assert_cmpuint (size, <=, SALON_LIMIT_DATA_REQUEST_BYTES);
  g_assert_cmpuint (strnlen (wish.stream, sizeof wish.stream), <, sizeof wish.stream);
  g_assert_cmpint (wish.max_layer, >=, -1);
  g_assert_cmpint (wish.max_layer, <, SALON_PUBLICATION_MAX_LAYERS);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
  if (size == 0)
    return 0;
  if (data[0] % 2 == 0)
    try_open (data + 1, size - 1);
  else
    try_wish (data + 1, size - 1);
  return 0;
}
