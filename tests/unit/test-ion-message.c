/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "salon-ion-message.h"
#include "salon-limits.h"

static gboolean
read_wish (SalonIonWish *wish, const char *text)
{
  g_autoptr (GError) error = NULL;
  gboolean is_good = salon_ion_wish_read (wish, text, strlen (text), &error);

  g_assert_true (is_good == (error == NULL));
  return is_good;
}

static void
test_reads (void)
{
  SalonIonWish wish;

  g_assert_true (
      read_wish (&wish, "{\"streamId\":\"{a}\",\"video\":\"medium\",\"audio\":false,\"framerate\":\"low\"}"));
  g_assert_cmpstr (wish.stream, ==, "{a}");
  g_assert_true (wish.has_video && wish.has_audio && !wish.wants_audio);
  g_assert_cmpint (wish.max_layer, ==, 1);
  g_assert_cmpuint (wish.frame_rate, ==, 8);
  g_assert_true (read_wish (&wish, "{\"streamId\":\"a\",\"video\":\"none\"}"));
  g_assert_true (wish.has_video && !wish.has_audio);
  g_assert_cmpint (wish.max_layer, ==, -1);
  g_assert_cmpuint (wish.frame_rate, ==, 0);
  g_assert_true (read_wish (&wish, "{\"streamId\":\"a\",\"layers\":[\"low\",\"high\",\"medium\"]}"));
  g_assert_true (wish.has_video);
  g_assert_cmpint (wish.max_layer, ==, 2);
  g_assert_true (read_wish (&wish, "{\"streamId\":\"a\",\"layers\":[]}"));
  g_assert_cmpint (wish.max_layer, ==, -1);
  g_assert_true (read_wish (&wish, "{\"streamId\":\"a\",\"audio\":true}"));
  g_assert_false (wish.has_video);
}

static void
test_refuses (void)
{
  static const char *const texts[] = { "", "{", "[]", "\"a\"", "null", "{}", "{\"streamId\":\"\"}", "{\"streamId\":1}",
    "{\"streamId\":\"a\",\"video\":\"HIGH\"}", "{\"streamId\":\"a\",\"video\":7}", "{\"streamId\":\"a\",\"audio\":1}",
    "{\"streamId\":\"a\",\"framerate\":30}", "{\"streamId\":\"a\",\"layers\":\"high\"}",
    "{\"streamId\":\"a\",\"layers\":[\"low\",null]}",
    "{\"streamId\":\"a\",\"layers\":[\"low\",\"low\",\"low\",\"low\",\"low\"]}" };
  g_autofree char *long_id = g_strdup_printf ("{\"streamId\":\"%065d\"}", 1);
  g_autofree char *long_text
      = g_strdup_printf ("{\"streamId\":\"a\",\"x\":\"%*d\"}", SALON_LIMIT_DATA_REQUEST_BYTES, 1);
  SalonIonWish wish;

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_test_message ("%s", texts[i]);
      g_assert_false (read_wish (&wish, texts[i]));
    }
  g_assert_false (read_wish (&wish, long_id));
  g_assert_false (read_wish (&wish, long_text));
}

static void
test_writes (void)
{
  static const SalonPublicationLayer layers[] = { { 0, 320, 180 }, { 2, 1280, 720 } };
  g_autoptr (GPtrArray) streams = g_ptr_array_new ();
  g_autofree char *nobody = salon_ion_write_speakers (streams);
  g_autofree char *layer = salon_ion_write_layer ("a\"b", 2, layers, G_N_ELEMENTS (layers));
  g_autofree char *none = salon_ion_write_layer ("a", -1, layers, 1);
  g_autofree char *two = NULL;

  g_ptr_array_add (streams, (gpointer) "a");
  g_ptr_array_add (streams, (gpointer) "b");
  two = salon_ion_write_speakers (streams);
  g_assert_cmpstr (nobody, ==, "{\"method\":\"audioLevels\",\"params\":[]}");
  g_assert_cmpstr (two, ==, "{\"method\":\"audioLevels\",\"params\":[\"a\",\"b\"]}");
  g_assert_cmpstr (layer, ==,
      "{\"method\":\"activeLayer\",\"params\":{\"streamId\":\"a\\\"b\",\"activeLayer\":\"high\","
      "\"availableLayers\":[\"low\",\"high\"]}}");
  g_assert_cmpstr (none, ==,
      "{\"method\":\"activeLayer\",\"params\":{\"streamId\":\"a\",\"activeLayer\":\"none\",\"availableLayers\":["
      "\"low\"]}}");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ion-message/reads-what-is-wanted-of-a-stream", test_reads);
  g_test_add_func ("/ion-message/refuses-what-is-none", test_refuses);
  g_test_add_func ("/ion-message/writes-speakers-and-layers", test_writes);
  return g_test_run ();
}
