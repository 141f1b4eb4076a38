/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

/* The HTTP API of a server, as a command line uses it: one request after the other, each waited for. */
typedef struct _SalonApi SalonApi;

/* server: its URL. token: (nullable): a bearer token. */
SalonApi *salon_api_new (const char *server, const char *token) G_GNUC_WARN_UNUSED_RESULT;
void salon_api_free (SalonApi *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonApi, salon_api_free)

/* body: (transfer full) (nullable). Returns: (transfer full) (nullable): the object that came. Errors, for a person:
 * the server cannot be reached, or refuses, and what to do. */
JsonObject *salon_api_call (
    SalonApi *self, const char *method, const char *path, JsonObject *body, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* While a file comes: how much of it is there. */
typedef void (*SalonApiProgress) (gint64 n_bytes, gpointer user_data);

/* Fetches what stands at a path into a new file, which is there when it is whole, in place of an older one. Errors:
 * those of salon_api_call(), and of the file. */
gboolean salon_api_fetch (SalonApi *self, const char *path, const char *file, SalonApiProgress progress,
    gpointer user_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;
