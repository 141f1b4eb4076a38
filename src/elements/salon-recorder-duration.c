/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE /* memmem() */
#include "salon-recorder-duration.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* The head stands at the beginning, before all media. */
#define HEAD_BYTES 4096

/* Where the place is that comes after these bytes; 0: nowhere. */
static gsize
find_after (const guint8 *head, gsize size, const void *bytes, gsize n_bytes, gsize room)
{
  const guint8 *found = memmem (head, size, bytes, n_bytes);
  gsize place = found != NULL ? (gsize)(found - head) + n_bytes : 0;

  return place + room <= size ? place : 0;
}

/* In units of 1 ms, as the muxer has it, a float of 8 bytes. */
static gsize
fill_in_matroska (const guint8 *head, gsize size, GstClockTime duration, guint8 value[8])
{
  static const guint8 element[] = { 0x44, 0x89, 0x88 };

  GST_WRITE_DOUBLE_BE (value, (double)duration / GST_MSECOND);
  return find_after (head, size, element, sizeof element, 8);
}

/* In units that mvhd tells, 8 bytes in version 1 of the box. */
static gsize
fill_in_mp4 (const guint8 *head, gsize size, GstClockTime duration, guint8 value[8])
{
  gsize mvhd = find_after (head, size, "mvhd\0", 5, 15);
  gsize mehd = find_after (head, size, "mehd\1\0\0\0", 8, 8);

  if (mvhd == 0 || mehd == 0)
    return 0;
  GST_WRITE_UINT64_BE (value, gst_util_uint64_scale (duration, GST_READ_UINT32_BE (head + mvhd + 11), GST_SECOND));
  return mehd;
}

void
salon_recorder_duration_note (const char *path, GstClockTime duration)
{
  int fd = open (path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  guint8 head[HEAD_BYTES];
  guint8 value[8];
  gssize size;
  gsize place;

  if (fd < 0)
    return;
  size = pread (fd, head, sizeof head, 0);
  if (size > 0 && head[0] == 0x1a)
    place = fill_in_matroska (head, (gsize)size, duration, value);
  else
    place = size > 0 ? fill_in_mp4 (head, (gsize)size, duration, value) : 0;
  if (place != 0 && pwrite (fd, value, sizeof value, (off_t)place) != sizeof value)
    GST_DEBUG ("%s keeps the duration that it has", path);
  close (fd);
}
