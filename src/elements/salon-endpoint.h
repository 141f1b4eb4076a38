/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>
#include <json-glib/json-glib.h>

#include "salon-visit.h"
#include "salon-wire.h"

/* What salonsrc and salonsink share: a bin with a SalonWire, and a SalonVisit from READY to PAUSED and back.
 *
 * Properties: server, room, token (write-only), display-name, transcodes, reconnect, own-id (read-only), stats
 * (read-only).
 *
 * Element messages on the bus:
 *   salon-attached, room=(string), participant=(string)     it is in the room, or back again
 *   salon-waiting                                           until the host lets it in
 *   salon-lost, reason=(string)                             and tries to come back
 *   salon-ended, reason=(string)                            it was there, and does not come back
 *
 * Signals, in the visit's thread:
 *   told (const char *method, JsonObject *params)   a notification of the server, after the element has taken it; and
 *                                                   "join", with its result */
#define SALON_TYPE_ENDPOINT (salon_endpoint_get_type ())
G_DECLARE_DERIVABLE_TYPE (SalonEndpoint, salon_endpoint, SALON, ENDPOINT, GstBin)

struct _SalonEndpointClass
{
  GstBinClass parent_class;

  guint max_sources; /* see salon_wire_new() */
  guint patience_ms; /* likewise */

  /* (nullable): what else is to be said of the visit. */
  void (*prepare) (SalonEndpoint *self, SalonVisitOptions *options);
  /* See SalonVisitEvents; each chains up. */
  void (*joined) (SalonEndpoint *self, JsonObject *result);
  void (*flowing) (SalonEndpoint *self);
  void (*attached) (SalonEndpoint *self);
  void (*published) (SalonEndpoint *self, guint stream, const GError *error);
  void (*told) (SalonEndpoint *self, const char *method, JsonObject *params);
  void (*lost) (SalonEndpoint *self);
  void (*ended) (SalonEndpoint *self, const GError *error, gboolean was_there);
};

/* (transfer none) */
SalonWire *salon_endpoint_get_wire (SalonEndpoint *self);
/* (transfer none): in its own thread, or during the change to PAUSED. */
SalonVisit *salon_endpoint_get_visit (SalonEndpoint *self);
/* Out of the room, before it is READY. Waits for the server; not in the visit's thread. */
void salon_endpoint_leave (SalonEndpoint *self);

/* A request to the server whose answer does not matter; nothing, when it is not in a room. params: (transfer full). Any
 * thread, later in the visit's own. */
void salon_endpoint_request (SalonEndpoint *self, const char *method, JsonObject *params);

/* See SalonVisit. Any thread. FALSE: not while it is in the room over WebRTC. Before it is in one, nothing happens. */
gboolean salon_endpoint_publish (SalonEndpoint *self, guint stream, const char *source) G_GNUC_WARN_UNUSED_RESULT;
void salon_endpoint_withdraw (SalonEndpoint *self, guint stream);

/* Tells the application. structure: (transfer full) */
void salon_endpoint_post (SalonEndpoint *self, GstStructure *structure);
