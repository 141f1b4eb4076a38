/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A room as a developer would make it by hand: lines for a shell, each of which runs by itself. For each track that is
 * published here, one that shows or plays it, and for each person, one that puts test pictures and a tick in their
 * place; for each job, its pipeline, with a mask (salon-job-secrets.h) for each of its secrets. */

/* All (borrowed). */
typedef struct
{
  const char *slug;
  const char *server;      /* for the property of salonsink and salonsrc */
  const char *plugins;     /* (nullable): where these are */
  const GArray *people;    /* (element-type SalonPerson) */
  const GPtrArray *jobs;   /* (element-type SalonJob) */
  gboolean has_admin_jobs; /* also those that are no files' */
} SalonRoomLines;

/* Returns: (transfer full): UTF-8. Of what others wrote nothing but letters comes through. */
char *salon_room_lines_write (const SalonRoomLines *room) G_GNUC_WARN_UNUSED_RESULT;
