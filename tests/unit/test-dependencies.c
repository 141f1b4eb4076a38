/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Dependency descriptors, as Chromium sent them. */
#include <string.h>

#include "salon-dependencies.h"

#define ALL_TARGETS 0x1ff

/* AV1, L3T3: the first packet of a stream. Of three sizes, 240 x 135 to 960 x 540, it has the smallest alone. */
static const char l3t3_first[] = "810001c0081485214eafffaaaa863cf0430c10c302afc0aaa0063c00430010c002a000a80006000040001"
                                 "d954926e082b04a0941b820ac1282"
                                 "503157f974000ca864330e222222eca8655304224230eca8775300ef008601df010d03bf021b0380";
/* The same templates a second later, when all three go out. */
static const char l3t3_all[] = "c1000880081485214eafffaaaa863cf0430c10c302afc0aaa0063c00430010c002a000a80006000040001d9"
                               "54926e082b04a0941b820ac1282"
                               "503157f974000ca864330e222222eca8655304224230eca8775300ef008601df010d03bf021b";
/* H264, L1T3; and AV1, the same with the size. */
static const char h264_first[] = "800001800214eaa860414d1410208426";
static const char l1t3_first[] = "800001800214eaa860414d1410208427013f00b3";

typedef struct
{
  SalonDependencies dependencies;
  SalonFrame frame;
  guint8 bytes[SALON_DEPENDENCIES_MAX_BYTES];
  gsize size;
} Fixture;

static gsize
read_hex (const char *hex, guint8 *bytes)
{
  gsize size = strlen (hex) / 2;

  for (gsize i = 0; i < size; i++)
    bytes[i] = g_ascii_xdigit_value (hex[2 * i]) << 4 | g_ascii_xdigit_value (hex[2 * i + 1]);
  return size;
}

static gboolean
read_one (Fixture *f, const char *hex)
{
  g_autofree guint8 *copy = NULL;

  f->size = read_hex (hex, f->bytes);
  f->frame = (SalonFrame){ 0 };
  copy = g_memdup2 (f->bytes, f->size); /* so that a sanitizer sees a read past its end */
  return salon_dependencies_read (&f->dependencies, copy, f->size, &f->frame);
}

#define assert_frame(f, hex, of_spatial, of_temporal, starts, ends, switches)                                          \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    g_assert_true (read_one (f, hex));                                                                                 \
    g_assert_cmpuint ((f)->frame.spatial, ==, of_spatial);                                                             \
    g_assert_cmpuint ((f)->frame.temporal, ==, of_temporal);                                                           \
    g_assert_cmpint ((f)->frame.is_start, ==, starts);                                                                 \
    g_assert_cmpint ((f)->frame.is_end, ==, ends);                                                                     \
    g_assert_cmpint ((f)->frame.is_switching_up, ==, switches);                                                        \
    g_assert_true ((f)->frame.tells_end);                                                                              \
  }                                                                                                                    \
  G_STMT_END

static void
test_temporal_layers (Fixture *f, gconstpointer first)
{
  assert_frame (f, first, 0, 0, TRUE, FALSE, TRUE);
  g_assert_cmpuint (f->dependencies.n_targets, ==, 3);
  g_assert_cmpuint (f->dependencies.max_temporal, ==, 2);
  assert_frame (f, "000001", 0, 0, FALSE, FALSE, TRUE);
  assert_frame (f, "400001", 0, 0, FALSE, TRUE, TRUE);
  assert_frame (f, "c30002", 0, 2, TRUE, TRUE, FALSE);
  assert_frame (f, "c20003", 0, 1, TRUE, TRUE, TRUE);
  assert_frame (f, "c40004", 0, 2, TRUE, TRUE, FALSE);
  assert_frame (f, "c10005", 0, 0, TRUE, TRUE, TRUE);
}

static void
test_spatial_layers (Fixture *f, gconstpointer data)
{
  assert_frame (f, l3t3_all, 0, 0, TRUE, TRUE, TRUE);
  g_assert_cmpuint (f->dependencies.n_targets, ==, 9);
  g_assert_cmpuint (f->dependencies.max_spatial, ==, 2);
  g_assert_cmpuint (f->dependencies.max_temporal, ==, 2);
  for (guint spatial = 0; spatial < 3; spatial++)
    {
      g_assert_cmphex (salon_dependencies_get_targets (&f->dependencies, spatial, 7), ==, (1 << 3 * (spatial + 1)) - 1);
      g_assert_cmphex (
          salon_dependencies_get_targets (&f->dependencies, spatial, 0), ==, 0x49 & ((1 << 3 * (spatial + 1)) - 1));
    }
  assert_frame (f, "860009", 1, 0, TRUE, FALSE, TRUE);
  assert_frame (f, "460009", 1, 0, FALSE, TRUE, TRUE);
  assert_frame (f, "8b000a", 2, 0, TRUE, FALSE, TRUE);
}

static void
test_sizes (Fixture *f, gconstpointer data)
{
  g_assert_true (read_one (f, l3t3_all));
  g_assert_cmpuint (f->frame.n_sizes, ==, 3);
  for (guint i = 0; i < 3; i++)
    {
      g_assert_cmpuint (f->frame.sizes[i].width, ==, 240 << i);
      g_assert_cmpuint (f->frame.sizes[i].height, ==, i == 0 ? 135 : 270 << (i - 1));
    }
  g_assert_true (read_one (f, l1t3_first));
  g_assert_cmpuint (f->frame.n_sizes, ==, 1);
  g_assert_cmpuint (f->frame.sizes[0].width, ==, 320);
  g_assert_cmpuint (f->frame.sizes[0].height, ==, 180);
  g_assert_true (read_one (f, h264_first));
  g_assert_cmpuint (f->frame.n_sizes, ==, 0);
}

static void
test_active_targets (Fixture *f, gconstpointer data)
{
  g_assert_true (read_one (f, l3t3_first));
  g_assert_cmphex (f->dependencies.active_targets, ==, 0x007);
  g_assert_true (read_one (f, "c300021a00080000"));
  g_assert_cmphex (f->dependencies.active_targets, ==, 0x007);
  g_assert_true (read_one (f, "c200075ffd10080808"));
  g_assert_cmphex (f->dependencies.active_targets, ==, ALL_TARGETS);
  g_assert_true (read_one (f, l3t3_first));
  g_assert_true (read_one (f, l3t3_all));
  g_assert_cmphex (f->dependencies.active_targets, ==, ALL_TARGETS);
}

/* A frame may be something else to its targets than its template is. 0x20: its own indications, then 3 x 2 bits. */
static void
test_own_indications (Fixture *f, gconstpointer data)
{
  g_assert_true (read_one (f, h264_first));
  assert_frame (f, "c100052360", 0, 0, TRUE, TRUE, FALSE); /* D S R: of those above it to one alone */
  assert_frame (f, "c100062540", 0, 0, TRUE, TRUE, TRUE);  /* S S S */
}

/* The templates are numbered modulo 64; what names one of others is not known. */
static void
test_unknown_templates (Fixture *f, gconstpointer data)
{
  g_assert_false (read_one (f, "c30002"));
  g_assert_false (f->frame.tells_end);
  g_assert_true (read_one (f, h264_first));
  g_assert_false (read_one (f, "c50002"));
  g_assert_false (read_one (f, "ff0002"));
  /* The first of them is 62. */
  g_assert_true (read_one (f, "be000187c214eaa860414d1410208426"));
  assert_frame (f, "c10002", 0, 2, TRUE, TRUE, FALSE);
  g_assert_false (read_one (f, "fd0003"));
}

/* What they were before is nothing to go by either. */
static void
test_cut_descriptors (Fixture *f, gconstpointer data)
{
  for (gsize size = strlen (l3t3_all) - 2; size > 0; size -= 2)
    {
      g_autofree char *hex = g_strndup (l3t3_all, size);

      g_assert_true (read_one (f, h264_first));
      g_assert_cmpint (read_one (f, hex), ==, size == 6);
      g_assert_cmpuint (f->dependencies.n_templates, ==, size <= 6 ? 5 : 0);
    }
}

/* A structure that goes on and on: with templates of the same layer (00), of the next temporal (01) or spatial one
 * (10).
 */
static void
test_endless_templates (Fixture *f, gconstpointer data)
{
  static const guint8 next[] = { 0x00, 0x55, 0xaa };

  for (guint i = 0; i < G_N_ELEMENTS (next); i++)
    {
      guint8 bytes[SALON_DEPENDENCIES_MAX_BYTES] = { 0x80, 0, 1, 0x80, 0x00 };

      memset (bytes + 5, next[i], 64); /* 256 templates; then zeros */
      g_assert_false (salon_dependencies_read (&f->dependencies, bytes, sizeof bytes, &f->frame));
      g_assert_cmpuint (f->dependencies.n_templates, ==, 0);
    }
}

/* Two bits of spatial layers and three of temporal ones, as frame headers have them: then what is left of a structure.
 */
static void
test_layers_have_bounds (Fixture *f, gconstpointer data)
{
  g_assert_true (read_one (f, "8000018000"
                              "ab"
                              "000000000000"));
  g_assert_cmpuint (f->dependencies.n_templates, ==, 4);
  g_assert_false (read_one (f, "8000018000"
                               "aac0"
                               "000000000000"));
  g_assert_true (read_one (f, "8000018000"
                              "5557"
                              "000000000000"));
  g_assert_cmpuint (f->dependencies.n_templates, ==, 8);
  g_assert_false (read_one (f, "8000018000"
                               "5555c0"
                               "000000000000"));
}

/* -- on its way -- */

static void
write_one (Fixture *f, const char *hex, const SalonDependenciesChange *change)
{
  guint8 out[SALON_DEPENDENCIES_MAX_BYTES];

  g_assert_true (read_one (f, hex));
  f->size = salon_dependencies_write (&f->dependencies, f->bytes, f->size, change, out);
  memcpy (f->bytes, out, f->size);
}

static void
assert_bytes (Fixture *f, const char *hex)
{
  guint8 expected[SALON_DEPENDENCIES_MAX_BYTES];
  gsize size = read_hex (hex, expected);

  g_assert_cmpmem (f->bytes, f->size, expected, size);
}

static void
test_renumbering (Fixture *f, gconstpointer data)
{
  const SalonDependenciesChange change = { .add_to_number = 0xffff, .add_to_ids = 62 };

  write_one (f, h264_first, &change);
  assert_bytes (f, "be000087c214eaa860414d1410208426");
  write_one (f, "430101", &change);
  assert_bytes (f, "410100");
}

/* In a descriptor that says them already, in one that says other things, and in one that says nothing. */
static void
test_writing_targets (Fixture *f, gconstpointer data)
{
  SalonDependenciesChange change = { .has_targets = TRUE, .targets = 0x03f };

  write_one (f, l3t3_first, &change);
  g_assert_cmpmem (f->bytes + f->size - 2, 2, "\x1f\x80", 2);
  write_one (f, l3t3_all, &change);
  assert_bytes (f, "c10008c0081485214eafffaaaa863cf0430c10c302afc0aaa0063c00430010c002a000a80006000040001d954926e082b04"
                   "a0941b820ac1282503157f974000ca864330e222222eca8655304224230eca8775300ef008601df010d03bf021b1f80");
  write_one (f, "860009", &change);
  assert_bytes (f, "86000940fc");
  write_one (f, "c300021a00080000", &change);
  assert_bytes (f, "c3000258fd0004000000");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/dependencies/" name, Fixture, NULL, NULL, func, NULL)
  g_test_add ("/dependencies/temporal-layers/h264", Fixture, h264_first, NULL, test_temporal_layers, NULL);
  g_test_add ("/dependencies/temporal-layers/av1", Fixture, l1t3_first, NULL, test_temporal_layers, NULL);
  ADD ("spatial-layers", test_spatial_layers);
  ADD ("sizes", test_sizes);
  ADD ("active-targets", test_active_targets);
  ADD ("own-indications", test_own_indications);
  ADD ("unknown-templates", test_unknown_templates);
  ADD ("cut", test_cut_descriptors);
  ADD ("endless-templates", test_endless_templates);
  ADD ("layers-have-bounds", test_layers_have_bounds);
  ADD ("renumbering", test_renumbering);
  ADD ("writing-targets", test_writing_targets);
  return g_test_run ();
}
