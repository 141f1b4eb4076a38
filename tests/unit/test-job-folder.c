/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A job's folder is measured and removed, whatever the job made in it to be neither. */
#define _GNU_SOURCE /* O_PATH */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "salon-job-folder.h"

/* To whom no folder is closed: tests are anybody else. */
#define ROOT 0
#define NOBODY 65534
/* Beyond what a path can name: 4096 bytes. */
#define N_DEEP 500

typedef struct
{
  char *top; /* (owned): has "others", and the job's folder */
  char *job; /* (owned) */
} Fixture;

static void
write_file (const char *folder, const char *name, gsize size_bytes)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);
  g_autofree char *content = g_malloc0 (size_bytes);

  g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, content, size_bytes, NULL));
}

static void
set_mode (Fixture *f, const char *name, mode_t mode)
{
  g_autofree char *path = g_build_filename (f->job, name, NULL);

  g_assert_cmpint (g_chmod (path, mode), ==, 0);
}

static void
become (uid_t user)
{
  g_assert_cmpint (seteuid (user), ==, 0);
  /* Whoever changes is kept from its own files in /proc, which the C library uses. */
  g_assert_cmpint (prctl (PR_SET_DUMPABLE, 1), ==, 0);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  if (getuid () == ROOT)
    become (NOBODY);
  f->top = g_dir_make_tmp ("salon-job-folder-XXXXXX", NULL);
  g_assert_nonnull (f->top);
  f->job = g_build_filename (f->top, "job", NULL);
  write_file (f->job, "job.json", 1);
  write_file (f->job, "output/film.webm", 1000);
  write_file (f->job, "earlier-1/parts/1.ts", 100);
  write_file (f->job, "scratch/cache", 10);
  write_file (f->top, "others/film.webm", 1);
}

static void
assert_gone (Fixture *f)
{
  g_assert_false (g_file_test (f->job, G_FILE_TEST_EXISTS));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  salon_job_folder_remove (f->job);
  assert_gone (f);
  salon_job_folder_remove (f->top);
  g_assert_false (g_file_test (f->top, G_FILE_TEST_EXISTS));
  if (getuid () == ROOT)
    become (ROOT);
  g_free (f->top);
  g_free (f->job);
}

/* A folder in a folder, and so on, with a file in the last. */
static void
make_deep (Fixture *f)
{
  g_autofree char *output = g_build_filename (f->job, "output", NULL);
  int fd = open (output, O_PATH | O_DIRECTORY | O_CLOEXEC);
  int file;

  for (guint i = 0; i < N_DEEP; i++)
    {
      int inner;

      g_assert_cmpint (mkdirat (fd, "deep-folder", 0700), ==, 0);
      inner = openat (fd, "deep-folder", O_PATH | O_DIRECTORY | O_CLOEXEC);
      close (fd);
      fd = inner;
    }
  file = openat (fd, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  g_assert_cmpint (write (file, "7 bytes", 7), ==, 7);
  close (file);
  close (fd);
}

static void
test_measured (Fixture *f, gconstpointer data)
{
  gint64 size_bytes = -1;

  g_assert_true (salon_job_folder_measure (f->job, &size_bytes));
  g_assert_cmpint (size_bytes, ==, 1110);
}

/* One that lets nobody list it, and one that lets nobody look at what it lists. */
static void
test_closed_measured (Fixture *f, gconstpointer data)
{
  static const mode_t modes[] = { 0300, 0600, 0000 };
  gint64 size_bytes = -1;

  write_file (f->job, "output/closed/film.webm", 5000);
  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      set_mode (f, "output/closed", modes[i]);
      g_assert_false (salon_job_folder_measure (f->job, &size_bytes));
    }
  set_mode (f, "output/closed", 0700);
  g_assert_true (salon_job_folder_measure (f->job, &size_bytes));
  g_assert_cmpint (size_bytes, ==, 6110);
}

static void
test_deep_measured (Fixture *f, gconstpointer data)
{
  gint64 size_bytes = -1;

  make_deep (f);
  if (salon_job_folder_measure (f->job, &size_bytes))
    g_assert_cmpint (size_bytes, ==, 1117);
}

static void
test_closed_removed (Fixture *f, gconstpointer data)
{
  write_file (f->job, "output/1/2/film.webm", 1);
  write_file (f->job, "output/3/film.webm", 1);
  write_file (f->job, "scratch/4/film.webm", 1);
  set_mode (f, "output/1/2", 0000);
  set_mode (f, "output/1", 0300);
  set_mode (f, "output/3", 0500);
  set_mode (f, "scratch/4", 0600);
  set_mode (f, "output", 0000);
  salon_job_folder_remove (f->job);
  assert_gone (f);
}

static void
test_deep_removed (Fixture *f, gconstpointer data)
{
  make_deep (f);
  salon_job_folder_remove (f->job);
  assert_gone (f);
}

static void
test_links (Fixture *f, gconstpointer data)
{
  g_autofree char *others = g_build_filename (f->top, "others", NULL);
  g_autofree char *film = g_build_filename (others, "film.webm", NULL);
  g_autofree char *link = g_build_filename (f->job, "output", "link", NULL);
  struct stat status;

  g_assert_cmpint (g_chmod (others, 0750), ==, 0);
  g_assert_cmpint (symlink (others, link), ==, 0);
  salon_job_folder_remove (f->job);
  assert_gone (f);
  g_assert_true (g_file_test (film, G_FILE_TEST_EXISTS));
  g_assert_cmpint (g_stat (others, &status), ==, 0);
  g_assert_cmpuint (status.st_mode & 07777, ==, 0750);
}

/* What cannot be removed is no job at least. */
static void
test_spec_first (Fixture *f, gconstpointer data)
{
  g_autofree char *spec = g_build_filename (f->job, "job.json", NULL);
  g_autofree char *output = g_build_filename (f->job, "output", NULL);

  if (getuid () != ROOT)
    {
      g_test_skip ("only root gives a folder away");
      return;
    }
  become (ROOT);
  g_assert_cmpint (chown (output, ROOT, ROOT), ==, 0);
  become (NOBODY);
  salon_job_folder_remove (f->job);
  g_assert_true (g_file_test (output, G_FILE_TEST_EXISTS));
  g_assert_false (g_file_test (spec, G_FILE_TEST_EXISTS));
  become (ROOT);
  g_assert_cmpint (chown (output, NOBODY, -1), ==, 0);
  become (NOBODY);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add ("/job-folder/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("what-was-written-is-measured", test_measured);
  ADD ("what-is-closed-is-not-measured", test_closed_measured);
  ADD ("what-no-path-names-is-measured-or-missed", test_deep_measured);
  ADD ("what-is-closed-is-removed", test_closed_removed);
  ADD ("what-no-path-names-is-removed", test_deep_removed);
  ADD ("links-are-removed-and-not-followed", test_links);
  ADD ("the-specification-goes-first", test_spec_first);
  return g_test_run ();
}
