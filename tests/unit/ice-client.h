/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-ice-address.h"

/* The other side, for tests: a full ICE agent's messages, by libnice. */

#define ICE_CLIENT_BYTES 640

typedef struct
{
  const char *username; /* "theirs:ours" as this side sees it; "" for none */
  const char *password; /* "" for no integrity */
  gboolean is_controlled;
  gboolean use_candidate;
  gboolean has_unknown; /* an attribute that must be understood, and is not */
} IceClientCheck;

gsize ice_client_write_check (guint8 *buffer, const IceClientCheck *check);
/* The error code of a reply; 0 for success, -1 for what is no valid reply to what `check` wrote last in this thread.
 * mapped: (out) (nullable): the address in it. */
int ice_client_read_reply (const guint8 *data, gsize size, const char *password, SalonIceAddress *mapped);
/* Answers a request of the server's, for which `password` is this side's own. 0 if it is none. */
gsize ice_client_answer (
    guint8 *buffer, const guint8 *data, gsize size, const char *password, const SalonIceAddress *source);
