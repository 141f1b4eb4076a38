/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What can go wrong, as clients see it. Each value has one stable reason string, one JSON-RPC code and one HTTP status
 * (salon-error.c holds the table; data/protocol.schema.json documents it). The GError's message is for a person, says
 * what to do, and may be sent to the client: never put foreign error text into it. */
#define SALON_ERROR (salon_error_quark ())

typedef enum
{
  SALON_ERROR_PARSE,               /* "parse_error": not JSON, or not UTF-8 */
  SALON_ERROR_INVALID_REQUEST,     /* "invalid_request" */
  SALON_ERROR_UNKNOWN_METHOD,      /* "unknown_method" */
  SALON_ERROR_INVALID_PARAMS,      /* "invalid_params" */
  SALON_ERROR_INTERNAL,            /* "internal" */
  SALON_ERROR_UNAUTHORIZED,        /* "unauthorized": HTTP only */
  SALON_ERROR_CREATE_FORBIDDEN,    /* "create_forbidden" */
  SALON_ERROR_FORBIDDEN,           /* "forbidden": the host's or the author's right alone */
  SALON_ERROR_ROOM_LOCKED,         /* "room_locked" */
  SALON_ERROR_ROOM_EXPIRED,        /* "room_expired": a timed room past its age */
  SALON_ERROR_NOT_ADMITTED,        /* "not_admitted": the host did not let them in */
  SALON_ERROR_ROOM_NOT_FOUND,      /* "room_not_found" */
  SALON_ERROR_UNKNOWN_MID,         /* "unknown_mid" */
  SALON_ERROR_UNKNOWN_TRACK,       /* "unknown_track" */
  SALON_ERROR_UNKNOWN_PARTICIPANT, /* "unknown_participant" */
  SALON_ERROR_UNKNOWN_MESSAGE,     /* "unknown_message" */
  SALON_ERROR_JOB_NOT_FOUND,       /* "job_not_found" */
  SALON_ERROR_FILE_NOT_FOUND,      /* "file_not_found" */
  SALON_ERROR_UNKNOWN_PIPELINE,    /* "unknown_pipeline": no such file, or a broken one */
  SALON_ERROR_ALREADY_JOINED,      /* "already_joined" */
  SALON_ERROR_ALREADY_PUBLISHED,   /* "already_published" */
  SALON_ERROR_ROOM_EXISTS,         /* "room_exists" */
  SALON_ERROR_ROOM_FULL,           /* "room_full" */
  SALON_ERROR_NOT_JOINED,          /* "not_joined" */
  SALON_ERROR_JOB_NOT_RUNNING,     /* "job_not_running" */
  SALON_ERROR_TOO_MANY_JOBS,       /* "too_many_jobs" */
  SALON_ERROR_TOO_MANY_TRACKS,     /* "too_many_tracks" */
  SALON_ERROR_TOO_MANY_REQUESTS,   /* "too_many_requests" */
  SALON_ERROR_MEDIA,               /* "media_error": an SDP, ICE or DTLS step failed */
  SALON_ERROR_FINGERPRINT,         /* "fingerprint_mismatch": the DTLS peer is not the one its description promises */
  SALON_ERROR_STORE_UNAVAILABLE,   /* "store_unavailable" */
  SALON_ERROR_SHUTTING_DOWN,       /* "shutting_down" */
} SalonError;

GQuark salon_error_quark (void);

/* (transfer none): never NULL. For an error of another domain, that of SALON_ERROR_INTERNAL. */
const char *salon_error_reason (const GError *error);
int salon_error_rpc_code (const GError *error);
guint salon_error_http_status (const GError *error);
