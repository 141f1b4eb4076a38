/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

/* A client's end of a Salon server's WebSocket: JSON-RPC 2.0, as data/protocol.schema.json describes it.
 *
 * Signals:
 *   notification (const char *method, JsonObject *params)
 *   closed ()   once, by whomever; requests that were waiting have failed by then
 *
 * The context that was the thread's default when it was made. Disposing of it closes. */
#define SALON_TYPE_CLIENT (salon_client_get_type ())
G_DECLARE_FINAL_TYPE (SalonClient, salon_client, SALON, CLIENT, GObject)

SalonClient *salon_client_new (void) G_GNUC_WARN_UNUSED_RESULT;

/* server: its URL, "http://localhost:8080", or, on its own machine, the path of its socket. Once. */
void salon_client_connect_async (
    SalonClient *self, const char *server, GAsyncReadyCallback callback, gpointer user_data);
gboolean salon_client_connect_finish (
    SalonClient *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* params: (transfer full). Needs a connection. */
void salon_client_request_async (
    SalonClient *self, const char *method, JsonObject *params, GAsyncReadyCallback callback, gpointer user_data);
/* Returns: (transfer full) (nullable): the result, or NULL with the server's own words. */
JsonObject *salon_client_request_finish (
    SalonClient *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* params: (transfer full) */
void salon_client_notify (SalonClient *self, const char *method, JsonObject *params);

/* Ends the connection; `closed` follows. */
void salon_client_close (SalonClient *self);
