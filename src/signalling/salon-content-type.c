/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-content-type.h"

#include <glib.h>

typedef struct
{
  const char *suffix;
  const char *type;
} Row;

static const Row page_rows[] = {
  { ".html", "text/html; charset=utf-8" },
  { ".js", "text/javascript; charset=utf-8" },
  { ".css", "text/css; charset=utf-8" },
  { ".svg", "image/svg+xml" },
  { ".png", "image/png" },
  { ".ico", "image/x-icon" },
  { ".json", "application/json" },
  { ".webmanifest", "application/manifest+json" },
  { ".woff2", "font/woff2" },
};

/* Matroska under the names that browsers have known for longer than those of RFC 9559. */
static const Row media_rows[] = {
  { ".webm", "video/webm" },
  { ".mkv", "video/x-matroska" },
  { ".mka", "audio/x-matroska" },
  { ".mp4", "video/mp4" },
  { ".m4s", "video/mp4" },
  { ".m4a", "audio/mp4" },
  { ".mov", "video/quicktime" },
  { ".ts", "video/mp2t" },
  { ".m3u8", "application/vnd.apple.mpegurl" },
  { ".mpd", "application/dash+xml" },
  { ".ogg", "audio/ogg" },
  { ".opus", "audio/ogg" },
  { ".ogv", "video/ogg" },
  { ".mp3", "audio/mpeg" },
  { ".aac", "audio/aac" },
  { ".flac", "audio/flac" },
  { ".wav", "audio/wav" },
  { ".jpg", "image/jpeg" },
  { ".jpeg", "image/jpeg" },
  { ".png", "image/png" },
  { ".webp", "image/webp" },
  { ".vtt", "text/vtt; charset=utf-8" },
  { ".txt", "text/plain; charset=utf-8" },
  { ".json", "application/json" },
};

static const char *
find (const Row *rows, guint n_rows, const char *name)
{
  for (guint i = 0; i < n_rows; i++)
    {
      if (g_str_has_suffix (name, rows[i].suffix))
        return rows[i].type;
    }
  return NULL;
}

const char *
salon_content_type_of_page (const char *name)
{
  const char *type = find (page_rows, G_N_ELEMENTS (page_rows), name);

  return type != NULL ? type : "application/octet-stream";
}

const char *
salon_content_type_of_media (const char *name)
{
  return find (media_rows, G_N_ELEMENTS (media_rows), name);
}
