/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where there is no libFuzzer, which clang alone has: gives a fuzzer's function each file of its corpus, and mutations
 * of them, which are the same in every run.
 *
 *   fuzz-ice-replay INPUT CORPUS     INPUT is written before it is tried: what is there after a crash, crashes
 *   fuzz-ice-replay '' INPUT...      those again, and nothing else */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define SEED 4711
#define N_ROUNDS 2000
#define MAX_US (5 * G_USEC_PER_SEC)
#define MAX_STEPS 6
#define MAX_INSERTED 24

int LLVMFuzzerTestOneInput (const guint8 *data, size_t size);

/* -- the corpus -- */

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

/* Returns: (transfer full) (element-type GByteArray): in the order of their names. */
static GPtrArray *
read_corpus (const char *folder)
{
  GPtrArray *corpus = g_ptr_array_new_with_free_func ((GDestroyNotify)g_byte_array_unref);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &error);
  const char *name;

  g_assert_no_error (error);
  while ((name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *path = g_build_filename (folder, g_ptr_array_index (names, i), NULL);
      char *data;
      gsize size;

      g_file_get_contents (path, &data, &size, &error);
      g_assert_no_error (error);
      g_ptr_array_add (corpus, g_byte_array_new_take ((guint8 *)data, size));
    }
  return corpus;
}

/* -- mutations -- */

static void
insert (GByteArray *input, guint at, const guint8 *data, guint size)
{
  guint rest = input->len - at;

  g_byte_array_set_size (input, input->len + size);
  memmove (input->data + at + size, input->data + at, rest);
  memcpy (input->data + at, data, size);
}

static void
insert_noise (GByteArray *input, GRand *rand)
{
  guint8 noise[MAX_INSERTED];

  for (guint i = 0; i < sizeof noise; i++)
    noise[i] = g_rand_int (rand);
  insert (input, g_rand_int_range (rand, 0, input->len + 1), noise, g_rand_int_range (rand, 1, sizeof noise));
}

static void
insert_part (GByteArray *input, const GByteArray *other, GRand *rand)
{
  guint from = g_rand_int_range (rand, 0, other->len + 1);
  guint size = g_rand_int_range (rand, 0, other->len - from + 1);

  insert (input, g_rand_int_range (rand, 0, input->len + 1), other->data + from, size);
}

static void
mutate (GByteArray *input, const GByteArray *other, GRand *rand)
{
  /* Where parsers look for bounds. */
  static const guint8 edges[] = { 0, 1, 3, 4, 0x7f, 0x80, 0xfe, 0xff };
  guint at = input->len > 0 ? g_rand_int_range (rand, 0, input->len) : 0;
  guint action = input->len > 0 ? g_rand_int_range (rand, 0, 6) : 4;

  switch (action)
    {
    case 0:
      input->data[at] ^= 1 << g_rand_int_range (rand, 0, 8);
      break;
    case 1:
      input->data[at] = edges[g_rand_int_range (rand, 0, sizeof edges)];
      break;
    case 2:
      g_byte_array_set_size (input, at);
      break;
    case 3:
      g_byte_array_remove_range (input, at, g_rand_int_range (rand, 1, input->len - at + 1));
      break;
    case 4:
      insert_noise (input, rand);
      break;
    default:
      insert_part (input, other, rand);
      break;
    }
}

/* -- runs -- */

static void
try (int fd, const GByteArray *input)
{
  /* To the byte as large as it is, so that a sanitizer sees its end. */
  g_autofree guint8 *copy = g_memdup2 (input->data, input->len);

  if (ftruncate (fd, 0) != 0 || pwrite (fd, input->data, input->len, 0) != (gssize)input->len)
    g_error ("cannot write the input down: %s", g_strerror (errno));
  LLVMFuzzerTestOneInput (copy, input->len);
}

/* Round by round: what the time does not suffice for, no file misses more of than another. */
static guint
try_mutations (int fd, const GPtrArray *corpus, gint64 end_us)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (SEED);
  guint n = 0;

  for (guint round = 0; round < N_ROUNDS; round++)
    {
      for (guint i = 0; i < corpus->len && g_get_monotonic_time () < end_us; i++, n++)
        {
          const GByteArray *file = g_ptr_array_index (corpus, i);
          const GByteArray *other = g_ptr_array_index (corpus, g_rand_int_range (rand, 0, corpus->len));
          guint n_steps = g_rand_int_range (rand, 1, MAX_STEPS + 1);
          g_autoptr (GByteArray) input = g_byte_array_new ();

          g_byte_array_append (input, file->data, file->len);
          for (guint step = 0; step < n_steps; step++)
            mutate (input, other, rand);
          try (fd, input);
        }
    }
  return n;
}

static int
try_files (char **paths)
{
  for (; *paths != NULL; paths++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *data = NULL;
      gsize size;

      g_file_get_contents (*paths, &data, &size, &error);
      g_assert_no_error (error);
      LLVMFuzzerTestOneInput ((const guint8 *)data, size);
    }
  return 0;
}

int
main (int argc, char **argv)
{
  gint64 end_us = g_get_monotonic_time () + MAX_US;
  g_autoptr (GPtrArray) corpus = NULL;
  guint n_mutations;
  int fd;

  g_assert_cmpint (argc, >=, 3);
  if (*argv[1] == '\0')
    return try_files (argv + 2);
  corpus = read_corpus (argv[2]);
  g_assert_cmpuint (corpus->len, >, 0);
  fd = g_open (argv[1], O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  g_assert_cmpint (fd, >=, 0);
  for (guint i = 0; i < corpus->len; i++)
    try (fd, g_ptr_array_index (corpus, i));
  n_mutations = try_mutations (fd, corpus, end_us);
  close (fd);
  g_unlink (argv[1]);
  g_print ("1..1\nok 1 - %u inputs, and %u mutations\n", corpus->len, n_mutations);
  return 0;
}
