/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What the server was told at start: by options, key files, the environment and defaults, the earlier winning over the
 * later. One table in salon-config.c says everything about a key: name, group, bounds, default, help. Immutable once
 * read. data/salon.conf, which documents the keys, is `salon-server --print-config`. */
typedef struct _SalonConfig SalonConfig;

typedef enum
{
  /* [server] */
  SALON_CONFIG_LISTEN,             /* list of addresses */
  SALON_CONFIG_PORT,               /* uint; 0: any free one */
  SALON_CONFIG_PUBLIC_URL,         /* string; "": derived */
  SALON_CONFIG_ALLOWED_ORIGINS,    /* list */
  SALON_CONFIG_TRUSTED_PROXIES,    /* list of addresses, CIDR ranges, or "none"; empty: as salon-proxies.h says */
  SALON_CONFIG_PEOPLE_PER_ADDRESS, /* uint */
  SALON_CONFIG_TLS_CERTIFICATE,    /* string: PEM file; "": no TLS */
  SALON_CONFIG_TLS_KEY,            /* string: PEM file */
  SALON_CONFIG_REQUEST_TIMEOUT_S,  /* uint */
  SALON_CONFIG_PING_INTERVAL_S,    /* uint */
  SALON_CONFIG_PING_TIMEOUT_S,     /* uint: longer than the interval */
  SALON_CONFIG_STATE_DIR,          /* string: never "" */
  SALON_CONFIG_NODE_ID,            /* string; "": kept in the state folder */
  SALON_CONFIG_ADMIN_TOKEN,        /* string, secret; "": kept in the state folder */
  /* [store] */
  SALON_CONFIG_REDIS_URL, /* string, secret; "": an embedded redis-server */
  /* [rooms] */
  SALON_CONFIG_CREATE_POLICY,       /* string: "anyone", "never" */
  SALON_CONFIG_DEFAULT_MAX_MEMBERS, /* uint */
  SALON_CONFIG_RESUME_GRACE_S,      /* uint */
  /* [media] */
  SALON_CONFIG_SEATS,                /* uint */
  SALON_CONFIG_LAST_N,               /* uint; 0: no limit */
  SALON_CONFIG_MAX_AUDIO,            /* uint; 0: no limit */
  SALON_CONFIG_AUDIO_RED,            /* string: "yes", "no" */
  SALON_CONFIG_MIN_BANDWIDTH_KBPS,   /* uint: at most the start's */
  SALON_CONFIG_START_BANDWIDTH_KBPS, /* uint: at most the max's */
  SALON_CONFIG_MAX_BANDWIDTH_KBPS,   /* uint */
  SALON_CONFIG_VIDEO_CODECS,         /* list: "VP8", "H264", "VP9", "AV1"; the preferred first */
  SALON_CONFIG_ICE,                  /* string: "lite", "full" */
  SALON_CONFIG_ICE_PORT,             /* uint; 0: any free one */
  SALON_CONFIG_ICE_TCP_PORT,         /* uint; 0: as the UDP port */
  SALON_CONFIG_ICE_TRANSPORTS,       /* list: "udp", "tcp" */
  SALON_CONFIG_ICE_ADDRESSES,        /* list: interfaces and addresses; empty: all */
  SALON_CONFIG_NAT_ADDRESSES,        /* list: public addresses or host names, "public/local" */
  SALON_CONFIG_ICE_LOST_S,           /* uint */
  SALON_CONFIG_SEND_PATH,            /* string: "direct", "webrtcbin" */
  SALON_CONFIG_ICE_PORT_MIN,         /* uint; 0: any */
  SALON_CONFIG_ICE_PORT_MAX,         /* uint */
  SALON_CONFIG_STUN_SERVER,          /* string: stun://host:port; "": none */
  SALON_CONFIG_TURN_SERVER,          /* string, secret: turn(s)://user:password@host:port; "": none */
  SALON_CONFIG_CLIENT_ICE_SERVERS,   /* list: stun:host:port, stuns:..., turn:host:port?transport=udp, turns:... */
  SALON_CONFIG_TURN_SECRET,          /* string, secret; "": there is a user name, or no TURN server */
  SALON_CONFIG_TURN_TTL_S,           /* uint */
  SALON_CONFIG_TURN_USERNAME,        /* string */
  SALON_CONFIG_TURN_PASSWORD,        /* string, secret */
  SALON_CONFIG_ICE_TIMEOUT_S,        /* uint */
  /* [jobs] */
  SALON_CONFIG_MAX_JOBS,               /* uint; 0: none at all */
  SALON_CONFIG_MAX_JOBS_PER_ROOM,      /* uint */
  SALON_CONFIG_MAX_TRANSCODES,         /* uint; 0: none */
  SALON_CONFIG_PIPELINES_DIR,          /* string; "": those that come with Salon */
  SALON_CONFIG_JOB_ELEMENTS,           /* list: names of elements, with * and ? */
  SALON_CONFIG_JOB_MEDIA_DIRS,         /* list: folders */
  SALON_CONFIG_JOB_MEMORY_MB,          /* uint */
  SALON_CONFIG_JOB_OUTPUT_MB,          /* uint */
  SALON_CONFIG_JOB_HANG_S,             /* uint */
  SALON_CONFIG_JOB_RESTARTS,           /* uint */
  SALON_CONFIG_JOB_ORPHAN_S,           /* uint */
  SALON_CONFIG_JOB_SANDBOX,            /* string: "full", "partial" */
  SALON_CONFIG_RECORDING_PIPELINE,     /* string: the name of a file */
  SALON_CONFIG_RECORDINGS_KEEP_DAYS,   /* uint: 0: for good */
  SALON_CONFIG_RECORDINGS_MAX_GB,      /* uint: 0: no bound */
  SALON_CONFIG_RECORDINGS_MIN_FREE_MB, /* uint */
  /* [s3] */
  SALON_CONFIG_S3_ENDPOINT,       /* string: URL without a path; "": Amazon's, of the region */
  SALON_CONFIG_S3_BUCKET,         /* string; "": no uploads */
  SALON_CONFIG_S3_REGION,         /* string */
  SALON_CONFIG_S3_ACCESS_KEY,     /* string, secret: set if the bucket is */
  SALON_CONFIG_S3_SECRET_KEY,     /* string, secret: set if the bucket is */
  SALON_CONFIG_S3_PATH_STYLE,     /* string: "yes", "no" */
  SALON_CONFIG_S3_PREFIX,         /* string, with ${room} and ${date} */
  SALON_CONFIG_S3_DELETE_LOCAL,   /* string: "yes", "no" */
  SALON_CONFIG_S3_BANDWIDTH_KBPS, /* uint; 0: no limit */
  SALON_CONFIG_S3_GIVE_UP_S,      /* uint */
  /* [log] */
  SALON_CONFIG_LOG_FORMAT, /* string: "auto", "text", "journal", "json" */
  SALON_CONFIG_LOG_LEVELS, /* string: as GST_DEBUG */
  SALON_CONFIG_N_KEYS
} SalonConfigKey;

/* What the command line asks for. VERSION comes without values. */
typedef enum
{
  SALON_CONFIG_ACTION_RUN,
  SALON_CONFIG_ACTION_CHECK,   /* --check-config: all was well */
  SALON_CONFIG_ACTION_PRINT,   /* --print-config */
  SALON_CONFIG_ACTION_VERSION, /* --version */
} SalonConfigAction;

/* arguments: with the program's name first; --help prints and exits. environment: as of g_get_environ().
 * Errors name the file and line, option or variable, and what is allowed. */
SalonConfig *salon_config_new (
    const char *const *arguments, const char *const *environment, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void salon_config_free (SalonConfig *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonConfig, salon_config_free)

SalonConfigAction salon_config_get_action (const SalonConfig *self);

/* The getter must fit the key's type as noted above. (transfer none), never NULL. */
const char *salon_config_get_string (const SalonConfig *self, SalonConfigKey key);
guint salon_config_get_uint (const SalonConfig *self, SalonConfigKey key);
const char *const *salon_config_get_strv (const SalonConfig *self, SalonConfigKey key);

/* Returns: (transfer full): a commented key file. Keys at their default are commented out; so are secrets, whose value
 * is not shown. */
char *salon_config_to_key_file (const SalonConfig *self) G_GNUC_WARN_UNUSED_RESULT;
