/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "salon-jobs.h"
#include "salon-participant.h"
#include "salon-room-info.h"

/* The JSON of data/protocol.schema.json, written in one place. Pure functions; all returns (transfer full). */

JsonNode *salon_protocol_room (const SalonRoomInfo *room) G_GNUC_WARN_UNUSED_RESULT;
JsonNode *salon_protocol_person (const SalonPerson *person) G_GNUC_WARN_UNUSED_RESULT;
/* waiting (nullable) (element-type SalonMember): NULL is an empty list. */
JsonNode *salon_protocol_waiting_list (GPtrArray *waiting) G_GNUC_WARN_UNUSED_RESULT;
/* A picture's layer that goes out; spatial -1: none does, null. */
JsonNode *salon_protocol_layer (gint spatial, gint temporal) G_GNUC_WARN_UNUSED_RESULT;
JsonNode *salon_protocol_track (const SalonPublication *publication) G_GNUC_WARN_UNUSED_RESULT;
/* limit: G_MAXUINT writes null. */
JsonNode *salon_protocol_limit (guint limit) G_GNUC_WARN_UNUSED_RESULT;
/* Who speaks and who leads, as this participant is told. */
JsonNode *salon_protocol_speakers (SalonParticipant *participant) G_GNUC_WARN_UNUSED_RESULT;
JsonNode *salon_protocol_candidate (guint target, guint m_line, const char *candidate) G_GNUC_WARN_UNUSED_RESULT;
/* time_s: Unix time; 0 writes null. */
JsonNode *salon_protocol_timestamp (gint64 time_s) G_GNUC_WARN_UNUSED_RESULT;
/* A job's room, or null. */
JsonNode *salon_protocol_job_room (const SalonJobSpec *spec) G_GNUC_WARN_UNUSED_RESULT;
/* files: (element-type SalonJobFile). Returns: (transfer full) */
JsonArray *salon_protocol_files (GPtrArray *files) G_GNUC_WARN_UNUSED_RESULT;
/* has_folder: for the administrator, where its files are. */
JsonNode *salon_protocol_job (
    SalonJobs *jobs, SalonJob *job, gboolean has_folder, gboolean has_log) G_GNUC_WARN_UNUSED_RESULT;
/* Of what is in a job's folder; one that was never added is null. */
JsonNode *salon_protocol_upload (SalonUploads *uploads, const char *folder) G_GNUC_WARN_UNUSED_RESULT;
JsonNode *salon_protocol_error (const GError *error) G_GNUC_WARN_UNUSED_RESULT;

/* Envelopes. id: (nullable): copied; NULL writes null. result, params: (transfer full). */
JsonNode *salon_protocol_result (JsonNode *id, JsonNode *result) G_GNUC_WARN_UNUSED_RESULT;
JsonNode *salon_protocol_failure (JsonNode *id, const GError *error) G_GNUC_WARN_UNUSED_RESULT;
JsonNode *salon_protocol_notification (const char *method, JsonNode *params) G_GNUC_WARN_UNUSED_RESULT;

/* An object of one member. value: (transfer full). */
JsonNode *salon_protocol_wrap (const char *name, JsonNode *value) G_GNUC_WARN_UNUSED_RESULT;
/* object: (transfer full). */
JsonNode *salon_protocol_object (JsonObject *object) G_GNUC_WARN_UNUSED_RESULT;
