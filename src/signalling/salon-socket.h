/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>
#include <libsoup/soup.h>

#include "salon-backlog.h"

/* One WebSocket (RFC 6455) that speaks one JSON value per text frame, within bounds: a message in, fragmented or not,
 * has at most SALON_LIMIT_MESSAGE_BYTES; of what the client does not read, at most SALON_LIMIT_SEND_QUEUE_BYTES are
 * kept before it is cut off, or less when others do not read either. It is pinged, and cut off when nothing comes from
 * it for too long; who breaks the protocol is disconnected.
 *
 * Owned by whoever takes it from SalonHttp::socket; main context only. Closing, and dropping the last reference, is
 * fine inside its own signals.
 *
 * Signals:
 *   message (JsonNode *)    the client said something: any type of node
 *   bad-message (GError *)  what it said was no JSON (SALON_ERROR_PARSE); answer, or close
 *   closed                  the connection is over, whoever ended it: once, and nothing after it */
#define SALON_TYPE_SOCKET (salon_socket_get_type ())
G_DECLARE_FINAL_TYPE (SalonSocket, salon_socket, SALON, SOCKET, GObject)

typedef struct
{
  guint ping_interval_s;
  guint ping_timeout_s;  /* nothing came for so long, or a quarter more: not a pong, nor the end of a message begun */
  SalonBacklog *backlog; /* (borrowed): of all sockets together */
} SalonSocketOptions;

/* stream: a connection after its handshake. options: only looked at. */
SalonSocket *salon_socket_new (
    GIOStream *stream, GUri *uri, const SalonSocketOptions *options) G_GNUC_WARN_UNUSED_RESULT;

/* Sends in order; never blocks, never emits. Silently does nothing once closed. message: (transfer full). */
void salon_socket_send (SalonSocket *self, JsonNode *message);

/* Sends what is queued, says good-bye, and waits at most 5 s for the client's. Never emits; later only `closed` is, and
 * the socket lives until then, even without another reference. code: RFC 6455 section 7.4; reason: at most 123 bytes.
 */
void salon_socket_close (SalonSocket *self, SoupWebsocketCloseCode code, const char *reason);

typedef enum
{
  SALON_SOCKET_BROKEN,  /* without a word of the client, who may come back */
  SALON_SOCKET_AWAY,    /* its page was closed, or is being loaded again (1001) */
  SALON_SOCKET_GOODBYE, /* it meant to go (1000, or no code) */
} SalonSocketEnd;

/* After `closed`. */
SalonSocketEnd salon_socket_get_end (SalonSocket *self);

/* Who is there is a program of this machine, of the same user: it may attach. job: (nullable): the id of the job that
 * it is part of. */
void salon_socket_set_local (SalonSocket *self, const char *job);
gboolean salon_socket_is_local (SalonSocket *self);
/* (transfer none) (nullable) */
const char *salon_socket_get_job (SalonSocket *self);

/* FALSE once closing or closed, by either side. */
gboolean salon_socket_is_open (SalonSocket *self);
