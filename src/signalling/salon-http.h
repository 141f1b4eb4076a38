/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "salon-config.h"
#include "salon-ice-servers.h"
#include "salon-jobs.h"
#include "salon-rooms.h"

/* Everything on the one TCP port:
 *
 *   GET /, /r/<room>            the page           GET /static/<file>    its parts
 *   GET /r/<room>/qr.svg        a QR code of the room's link
 *   POST /room/create           GET /rooms         GET, DELETE /room/<slug or id>
 *   GET /ws                     WebSocket          GET /healthz
 *   POST, PATCH, DELETE /whip/..., /whep/...       see salon-whip.h
 *   GET /pipelines              GET, POST /jobs    GET, PATCH, DELETE /jobs/<id>
 *   GET /jobs/<id>/files        GET /jobs/<id>/files/<name>
 *   POST /jobs/<id>/link        GET /files/<link>/<name>
 *
 * Browsers may come from pages of the same host, of public-url, and of allowed-origins; others get 403 (see
 * salon-origins.h).
 * Owned by main; main context only; salon_http_close() ends it.
 *
 * Signal:
 *   socket (SalonSocket *)  somebody opened /ws; take a reference to keep it */
#define SALON_TYPE_HTTP (salon_http_get_type ())
G_DECLARE_FINAL_TYPE (SalonHttp, salon_http, SALON, HTTP, GObject)

/* (borrowed) */
typedef struct
{
  const char *admin_token;
  const char *link_key; /* of links to files (salon-file-link.h) */
} SalonHttpSecrets;

/* Listens at once. Errors are for the person who starts the server: the address is taken, a certificate unreadable.
 * ice_servers: (borrowed): must outlive it. */
SalonHttp *salon_http_new (const SalonConfig *config, const SalonHttpSecrets *secrets, SalonRooms *rooms,
    SalonJobs *jobs, const SalonIceServers *ice_servers, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* For programs of this machine, too, at a socket in the file system (see salon_listener_add_path()). */
gboolean salon_http_listen_at (SalonHttp *self, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Stops listening, and drops the requests under way. WebSockets live on. */
void salon_http_close (SalonHttp *self);

/* After that: closes the WebSockets that are still open, and is done when all are, or at the deadline. Cannot fail. */
void salon_http_close_sockets_async (
    SalonHttp *self, guint deadline_ms, GAsyncReadyCallback callback, gpointer user_data);
void salon_http_close_sockets_finish (SalonHttp *self, GAsyncResult *result);

/* (transfer none): where to open the page: public-url if it is set, else this machine's view. */
const char *salon_http_get_url (SalonHttp *self);

/* Reads what tls-certificate and tls-key name. Returns: (transfer full) (nullable): NULL without error when TLS is not
 * configured. */
GTlsCertificate *salon_http_load_certificate (const SalonConfig *config, GError **error) G_GNUC_WARN_UNUSED_RESULT;
