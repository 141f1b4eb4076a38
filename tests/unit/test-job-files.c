/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a job has written: nothing of it leads out of the job's folder, whatever it made there. */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "salon-error.h"
#include "salon-job-files.h"
#include "salon-limits.h"

typedef struct
{
  char *top; /* (owned): has "secret", and the job's folder */
  char *job; /* (owned) */
} Fixture;

static void
write_file (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, name, -1, NULL));
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->top = g_dir_make_tmp ("salon-job-files-XXXXXX", NULL);
  f->job = g_build_filename (f->top, "job", NULL);
  write_file (f->top, "secret");
  write_file (f->job, "job.json");
  write_file (f->job, "output/film.webm");
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_file_test (path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);
      remove_tree (child);
    }
  g_assert_cmpint (g_remove (path), ==, 0);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  remove_tree (f->top);
  g_free (f->top);
  g_free (f->job);
}

static gboolean
opens (Fixture *f, const char *name)
{
  g_autoptr (GError) error = NULL;
  struct stat status;
  int fd = salon_job_files_open (f->job, name, &status, &error);

  if (fd < 0)
    {
      g_assert_error (error, SALON_ERROR, SALON_ERROR_FILE_NOT_FOUND);
      return FALSE;
    }
  g_assert_no_error (error);
  close (fd);
  return TRUE;
}

/* Returns: (transfer full): n times "d/". */
static char *
make_depth (guint n)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    g_string_append (text, "d/");
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
test_listed (Fixture *f, gconstpointer data)
{
  g_autofree char *deep = make_depth (8);
  g_autofree char *deep_name = g_strconcat (deep, "1.ts", NULL);
  g_autofree char *too_deep = g_strconcat (deep, "d/2.ts", NULL);
  g_autofree char *deep_path = g_strconcat ("output/", deep_name, NULL);
  g_autofree char *too_deep_path = g_strconcat ("output/", too_deep, NULL);
  g_autofree char *earlier = g_strconcat ("earlier-12/", deep_name, NULL);
  g_autoptr (GPtrArray) files = NULL;
  const char *const expected[] = { deep_name, earlier, "film.webm" };
  gboolean is_cut;

  write_file (f->job, deep_path);
  write_file (f->job, too_deep_path);
  write_file (f->job, earlier);
  write_file (f->job, "earlier-1x/no.webm");
  files = salon_job_files_list (f->job, &is_cut);
  g_assert_false (is_cut);
  g_assert_cmpuint (files->len, ==, G_N_ELEMENTS (expected));
  for (guint i = 0; i < files->len; i++)
    {
      const SalonJobFile *file = g_ptr_array_index (files, i);

      g_assert_cmpstr (file->name, ==, expected[i]);
      g_assert_true (opens (f, file->name));
      g_assert_true (salon_job_files_remove (f->job, file->name));
      g_assert_false (opens (f, file->name));
    }
}

/* From each depth, since a name is taken apart only so far. */
static void
test_ways_up (Fixture *f, gconstpointer data)
{
  static const char *const names[] = { "", "/", ".", "..", "../job.json", "../../secret", "/film.webm", "./film.webm",
    "film.webm/", "job.json", "output/film.webm", "earlier-1", "earlier-1/../job.json", "d/../film.webm" };
  g_autofree char *deepest = make_depth (20);
  g_autofree char *deepest_path = g_strconcat ("output/", deepest, "file", NULL);

  write_file (f->job, deepest_path);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_false (opens (f, names[i]));
  for (guint depth = 0; depth <= 20; depth++)
    {
      g_autofree char *down = make_depth (depth);
      g_autoptr (GString) name = g_string_new (down);

      for (guint i = 0; i < depth + 2; i++)
        g_string_append (name, "../");
      g_string_append (name, "secret");
      g_assert_false (opens (f, name->str));
      g_assert_false (salon_job_files_remove (f->job, name->str));
    }
}

static void
test_links (Fixture *f, gconstpointer data)
{
  g_autofree char *output = g_build_filename (f->job, "output", NULL);
  g_autofree char *link = g_build_filename (output, "link", NULL);
  g_autofree char *folder_link = g_build_filename (output, "folder", NULL);
  g_autofree char *fifo = g_build_filename (output, "fifo", NULL);
  g_autofree char *earlier = g_build_filename (f->job, "earlier-1", NULL);
  g_autoptr (GPtrArray) files = NULL;
  gboolean is_cut;

  g_assert_cmpint (symlink ("../../secret", link), ==, 0);
  g_assert_cmpint (symlink ("../..", folder_link), ==, 0);
  g_assert_cmpint (symlink ("..", earlier), ==, 0);
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  files = salon_job_files_list (f->job, &is_cut);
  g_assert_cmpuint (files->len, ==, 1);
  g_assert_false (opens (f, "link"));
  g_assert_false (opens (f, "folder/secret"));
  g_assert_false (opens (f, "earlier-1/secret"));
  g_assert_false (opens (f, "fifo"));
  g_assert_true (opens (f, "film.webm"));
}

/* Folders that take as long to be looked through, and leave nothing to list. */
static void
test_entries (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) files = NULL;
  gboolean is_cut;

  for (guint i = 0; i < 2 * SALON_LIMIT_JOB_FILES; i++)
    {
      g_autofree char *name = g_strdup_printf ("%s/output/%u", f->job, i);
      g_assert_cmpint (g_mkdir (name, 0700), ==, 0);
    }
  files = salon_job_files_list (f->job, &is_cut);
  g_assert_true (is_cut);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add ("/job-files/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("each-that-is-listed-is-opened-and-removed", test_listed);
  ADD ("no-name-leads-up-from-any-depth", test_ways_up);
  ADD ("what-takes-too-long-to-list-is-cut", test_entries);
  ADD ("links-and-pipes-are-not-there", test_links);
  return g_test_run ();
}
