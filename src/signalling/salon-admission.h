/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

#include "salon-config.h"
#include "salon-socket.h"

/* Whom the server lets in: at most so many from one address (salon-visitors.h), told apart also when they come through
 * a reverse proxy (salon-proxies.h); and into rooms, as long as there are file descriptors. Owned by SalonHttp; main
 * context. */
typedef struct _SalonAdmission SalonAdmission;

/* max_connections: of all addresses. */
SalonAdmission *salon_admission_new (const SalonConfig *config, guint max_connections) G_GNUC_WARN_UNUSED_RESULT;
void salon_admission_free (SalonAdmission *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonAdmission, salon_admission_free)

/* One that is admitted is counted as long as it lives. A proxy's is not: only its requests tell who is behind it. */
gboolean salon_admission_admit_connection (
    SalonAdmission *self, GSocketConnection *connection, GSocketAddress *remote) G_GNUC_WARN_UNUSED_RESULT;

/* FALSE: it is answered, with 429. message: its headers have been read. */
gboolean salon_admission_admit_request (SalonAdmission *self, SoupServerMessage *message) G_GNUC_WARN_UNUSED_RESULT;

/* The same for an admitted request that is to become a WebSocket; and once it has become that one. */
gboolean salon_admission_admit_socket (SalonAdmission *self, SoupServerMessage *message) G_GNUC_WARN_UNUSED_RESULT;
void salon_admission_follow (SalonAdmission *self, SoupServerMessage *message, SalonSocket *socket);

/* The same for one that is answered with a file; the message takes the place. */
gboolean salon_admission_admit_download (SalonAdmission *self, SoupServerMessage *message) G_GNUC_WARN_UNUSED_RESULT;

/* The same for one that joins a room without a WebSocket, with one media connection: participant (a GObject) takes the
 * place as long as it lives. */
gboolean salon_admission_admit_participant (
    SalonAdmission *self, SoupServerMessage *message, GObject *participant) G_GNUC_WARN_UNUSED_RESULT;
