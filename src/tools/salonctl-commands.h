/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-api.h"

/* What salonctl can do: one table says everything about a command. */

typedef struct
{
  SalonApi *api;      /* (borrowed) */
  const char *room;   /* (nullable): --room */
  const char *launch; /* (nullable): --launch */
  const char *output; /* (nullable): --output */
  gboolean is_json;   /* --json: prints what the server answers, a line of JSON */
} SalonCtl;

typedef struct
{
  const char *words; /* "job start" */
  guint min_arguments, max_arguments;
  const char *arguments; /* of it, for --help; N_() */
  const char *help;      /* N_() */
  gboolean (*run) (const SalonCtl *ctl, char **arguments, GError **error);
} SalonCommand;

/* (transfer none): ends with one without words. */
const SalonCommand *salon_commands_get (void);
