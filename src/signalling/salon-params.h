/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "salon-rooms.h"

/* Reads the params of requests, as data/protocol.schema.json describes them, into what the room model takes. Strings
 * are borrowed from the params. Errors: INVALID_PARAMS, naming the field. */

/* The SDP of the description `name`, which must be of this type. */
gboolean salon_params_read_description (
    JsonObject *params, const char *name, const char *type, const char **sdp, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean salon_params_read_source (
    JsonObject *object, SalonTrackSource *source, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* *sources: (transfer full) (nullable) (element-type SalonTrackSource): NULL when there is no `tracks`. */
gboolean salon_params_read_sources (JsonObject *params, GArray **sources, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean salon_params_read_attach (
    JsonObject *params, SalonAttachRequest *attach, GArray **sources, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean salon_params_read_join (
    JsonObject *params, SalonJoinRequest *join, gboolean *no_subscribe, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Of a WHIP or WHEP request's query, an object of strings. followed: (out) (nullable): whom to see. */
gboolean salon_params_read_whip (
    JsonObject *query, SalonJoinRequest *join, const char **followed, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean salon_params_read_candidate (
    JsonObject *params, gint64 *target, gint64 *m_line, const char **text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean salon_params_read_track_settings (
    JsonObject *params, SalonTrackSettings *settings, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean salon_params_read_limit (JsonObject *params, SalonTrackLimit *limit, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* *id: (nullable): left as it was when there is none. */
gboolean salon_params_read_optional_id (
    JsonObject *params, const char *name, const char **id, GError **error) G_GNUC_WARN_UNUSED_RESULT;
