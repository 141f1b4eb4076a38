/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-error.h"

typedef struct
{
  const char *reason;
  int rpc_code;
  guint http_status;
} ErrorRow;

/* -32700 ... -32603 are JSON-RPC 2.0's own (section 5.1); 500 for media is what ion-sfu's clients know. */
static const ErrorRow rows[] = {
  [SALON_ERROR_PARSE] = { "parse_error", -32700, 400 },
  [SALON_ERROR_INVALID_REQUEST] = { "invalid_request", -32600, 400 },
  [SALON_ERROR_UNKNOWN_METHOD] = { "unknown_method", -32601, 404 },
  [SALON_ERROR_INVALID_PARAMS] = { "invalid_params", -32602, 422 },
  [SALON_ERROR_INTERNAL] = { "internal", -32603, 500 },
  [SALON_ERROR_UNAUTHORIZED] = { "unauthorized", 403, 401 },
  [SALON_ERROR_CREATE_FORBIDDEN] = { "create_forbidden", 403, 403 },
  [SALON_ERROR_FORBIDDEN] = { "forbidden", 403, 403 },
  [SALON_ERROR_ROOM_LOCKED] = { "room_locked", 403, 403 },
  [SALON_ERROR_ROOM_EXPIRED] = { "room_expired", 403, 403 },
  [SALON_ERROR_NOT_ADMITTED] = { "not_admitted", 403, 403 },
  [SALON_ERROR_ROOM_NOT_FOUND] = { "room_not_found", 404, 404 },
  [SALON_ERROR_UNKNOWN_MID] = { "unknown_mid", 404, 404 },
  [SALON_ERROR_UNKNOWN_TRACK] = { "unknown_track", 404, 404 },
  [SALON_ERROR_UNKNOWN_PARTICIPANT] = { "unknown_participant", 404, 404 },
  [SALON_ERROR_UNKNOWN_MESSAGE] = { "unknown_message", 404, 404 },
  [SALON_ERROR_JOB_NOT_FOUND] = { "job_not_found", 404, 404 },
  [SALON_ERROR_FILE_NOT_FOUND] = { "file_not_found", 404, 404 },
  [SALON_ERROR_UNKNOWN_PIPELINE] = { "unknown_pipeline", 404, 404 },
  [SALON_ERROR_ALREADY_JOINED] = { "already_joined", 409, 409 },
  [SALON_ERROR_ALREADY_PUBLISHED] = { "already_published", 409, 409 },
  [SALON_ERROR_ROOM_EXISTS] = { "room_exists", 409, 409 },
  [SALON_ERROR_ROOM_FULL] = { "room_full", 409, 409 },
  [SALON_ERROR_NOT_JOINED] = { "not_joined", 409, 409 },
  [SALON_ERROR_JOB_NOT_RUNNING] = { "job_not_running", 409, 409 },
  [SALON_ERROR_TOO_MANY_JOBS] = { "too_many_jobs", 429, 429 },
  [SALON_ERROR_TOO_MANY_TRACKS] = { "too_many_tracks", 429, 429 },
  [SALON_ERROR_TOO_MANY_REQUESTS] = { "too_many_requests", 429, 429 },
  [SALON_ERROR_MEDIA] = { "media_error", 500, 500 },
  [SALON_ERROR_FINGERPRINT] = { "fingerprint_mismatch", 500, 500 },
  [SALON_ERROR_STORE_UNAVAILABLE] = { "store_unavailable", 503, 503 },
  [SALON_ERROR_SHUTTING_DOWN] = { "shutting_down", 503, 503 },
};

G_DEFINE_QUARK (salon_error, salon_error)

static const ErrorRow *
row_of (const GError *error)
{
  if (error->domain != SALON_ERROR || error->code < 0 || error->code >= (int)G_N_ELEMENTS (rows))
    return &rows[SALON_ERROR_INTERNAL];
  return &rows[error->code];
}

const char *
salon_error_reason (const GError *error)
{
  return row_of (error)->reason;
}

int
salon_error_rpc_code (const GError *error)
{
  return row_of (error)->rpc_code;
}

guint
salon_error_http_status (const GError *error)
{
  return row_of (error)->http_status;
}
