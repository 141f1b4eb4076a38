/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-config.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <string.h>

#include "salon-config-values.h"
#include "salon-limits.h"

#define SYSTEM_CONFIG "/etc/salon/salon.conf"
#define COMMENT_COLUMNS 86

typedef enum
{
  TYPE_STRING,
  TYPE_UINT,
  TYPE_LIST, /* separated by ';' or ',' */
} ValueType;

/* One key. Its option is --<key>, its environment variable SALON_<KEY>. */
typedef struct
{
  const char *group;
  const char *key;
  ValueType type;
  const char *default_text;
  guint min, max;                          /* TYPE_UINT */
  const char *choices;                     /* (nullable): the values allowed, or those of a list's items, as a list */
  gboolean (*is_valid) (const char *text); /* (nullable): for strings that are not "", and for items */
  const char *expected;                    /* what is_valid accepts, for a person; N_() */
  gboolean is_secret;
  const char *ice;      /* (nullable): it is for this value of the key `ice` alone */
  const char *argument; /* shown in --help; N_() */
  const char *help;     /* for --help and the key file; N_() */
} KeySpec;

static const KeySpec specs[SALON_CONFIG_N_KEYS] = {
  [SALON_CONFIG_LISTEN] = { "server", "listen", TYPE_LIST, "localhost", .is_valid = salon_config_is_listen_address,
      .expected = N_ ("localhost, * or an IP address"), .argument = N_ ("ADDRESSES"),
      .help = N_ ("Addresses to listen on: localhost (this machine only, also behind a reverse proxy), "
                  "* (everybody), or IP addresses. Browsers give camera and microphone only to "
                  "https:// pages and to localhost, so for others also set up TLS or a proxy.") },
  [SALON_CONFIG_PORT] = { "server", "port", TYPE_UINT, "8080", .max = G_MAXUINT16, .argument = N_ ("PORT"),
      .help = N_ ("TCP port of page, API and signalling; 0 picks a free one and prints it.") },
  [SALON_CONFIG_PUBLIC_URL] = { "server", "public-url", TYPE_STRING, "", .is_valid = salon_config_is_web_url,
      .expected = N_ ("http:// or https:// and a host, without query or fragment"), .argument = N_ ("URL"),
      .help = N_ ("How people reach this server, e.g. https://salon.example.org. Default: as the "
                  "client's own request says. A reverse proxy in front of localhost needs it.") },
  [SALON_CONFIG_ALLOWED_ORIGINS] = { "server", "allowed-origins", TYPE_LIST, "", .is_valid = salon_config_is_origin,
      .expected = N_ ("an origin such as https://app.example.org"), .argument = N_ ("ORIGINS"),
      .help = N_ ("Web pages of other hosts that may connect, e.g. https://app.example.org.") },
  [SALON_CONFIG_TRUSTED_PROXIES] = { "server", "trusted-proxies", TYPE_LIST, "", .is_valid = salon_config_is_proxy,
      .expected = N_ ("an IP address, a range such as 10.0.0.0/8, or none"), .argument = N_ ("ADDRESSES"),
      .help = N_ ("Reverse proxies in front, as addresses or ranges such as 10.0.0.0/8: clients are told "
                  "apart by the X-Forwarded-For header that these write. Default: this machine if "
                  "public-url is set, else none.") },
  [SALON_CONFIG_PEOPLE_PER_ADDRESS]
  = { "server", "people-per-address", TYPE_UINT, "500", .min = 1, .max = 10000, .argument = N_ ("N"),
      .help = N_ ("How many people may come from one IP address (IPv6: one /64), such as a school behind "
                  "one NAT. It bounds connections, requests and joins; beyond, HTTP says 429.") },
  [SALON_CONFIG_TLS_CERTIFICATE] = { "server", "tls-certificate", TYPE_STRING, "", .argument = N_ ("FILE"),
      .help = N_ ("Certificate chain (PEM); with tls-key, the server speaks https.") },
  [SALON_CONFIG_TLS_KEY] = { "server", "tls-key", TYPE_STRING, "", .argument = N_ ("FILE"),
      .help = N_ ("The certificate's private key (PEM).") },
  [SALON_CONFIG_REQUEST_TIMEOUT_S]
  = { "server", "request-timeout-s", TYPE_UINT, "30", .min = 1, .max = 300, .argument = N_ ("SECONDS"),
      .help = N_ ("How long an HTTP request may take in all, from connecting to the last byte of the "
                  "answer; of a job's file, each 128 KiB. It says nothing about WebSockets.") },
  [SALON_CONFIG_PING_INTERVAL_S]
  = { "server", "ping-interval-s", TYPE_UINT, "10", .min = 1, .max = 60, .argument = N_ ("SECONDS"),
      .help = N_ ("How often clients are pinged over their WebSockets. A proxy in front must let a "
                  "connection be silent for longer.") },
  [SALON_CONFIG_PING_TIMEOUT_S]
  = { "server", "ping-timeout-s", TYPE_UINT, "20", .min = 2, .max = 90, .argument = N_ ("SECONDS"),
      .help = N_ ("How long nothing may come from a client, not even the answers to pings, before its "
                  "connection counts as broken; from then on resume-grace-s runs.") },
  [SALON_CONFIG_STATE_DIR] = { "server", "state-dir", TYPE_STRING, "", .argument = N_ ("FOLDER"),
      .help = N_ ("Folder for what must survive the server. Default: $STATE_DIRECTORY (systemd), else "
                  "$XDG_STATE_HOME/salon, else ~/.local/state/salon.") },
  [SALON_CONFIG_NODE_ID] = { "server", "node-id", TYPE_STRING, "", .is_valid = salon_config_is_node_id,
      .expected = N_ ("1 to 64 letters, digits, '-', '_' or '.'"), .argument = N_ ("NAME"),
      .help = N_ ("Name of this server in Redis; it must not change. Default: made once and kept in "
                  "the state folder.") },
  [SALON_CONFIG_ADMIN_TOKEN] = { "server", "admin-token", TYPE_STRING, "", .is_secret = TRUE, .argument = N_ ("TOKEN"),
      .help = N_ ("Bearer token of the administrator. Default: made once and kept in the file "
                  "admin-token of the state folder.") },
  [SALON_CONFIG_REDIS_URL] = { "store", "redis-url", TYPE_STRING, "", .is_valid = salon_config_is_redis_url,
      .expected = N_ ("a redis:// or unix:// URL"), .is_secret = TRUE, .argument = N_ ("URL"),
      .help = N_ ("Redis to keep the rooms in: redis://[user:password@]host[:port][/db] or "
                  "unix://[user:password@]/path/to/socket[?db=N]. Default: the server runs a private "
                  "redis-server of its own, with its data in the state folder.") },
  [SALON_CONFIG_CREATE_POLICY]
  = { "rooms", "create-policy", TYPE_STRING, "anyone", .choices = "anyone;never", .argument = N_ ("WHO"),
      .help = N_ ("Who may create rooms, by request or by joining: anyone, or never (the "
                  "administrator's token always may).") },
  [SALON_CONFIG_DEFAULT_MAX_MEMBERS] = { "rooms", "default-max-members", TYPE_UINT,
      G_STRINGIFY (SALON_DEFAULT_MAX_MEMBERS), .min = 1, .max = SALON_LIMIT_MEMBERS, .argument = N_ ("N"),
      .help = N_ ("Members a room takes unless its creator says otherwise.") },
  [SALON_CONFIG_RESUME_GRACE_S] = { "rooms", "resume-grace-s", TYPE_UINT, "15", .max = 600, .argument = N_ ("SECONDS"),
      .help = N_ ("How long somebody whose connection broke may come back before they have left; their "
                  "media goes on meanwhile. 0: not at all.") },
  [SALON_CONFIG_SEATS] = { "media", "seats", TYPE_UINT, "12", .min = 1, .max = SALON_LIMIT_SEATS, .argument = N_ ("N"),
      .help = N_ ("People that one receiving connection can show: each seat is an audio and a video "
                  "slot, negotiated in advance. More people make more connections.") },
  [SALON_CONFIG_LAST_N]
  = { "media", "last-n", TYPE_UINT, "0", .max = SALON_LIMIT_SEATS * SALON_LIMIT_SUBSCRIBERS, .argument = N_ ("N"),
      .help = N_ ("Cameras and screens that somebody is sent at once: screens, whom they have pinned, and "
                  "whoever spoke last. A client may ask for fewer. 0: all.") },
  [SALON_CONFIG_MAX_AUDIO]
  = { "media", "max-audio", TYPE_UINT, "10", .max = SALON_LIMIT_SEATS * SALON_LIMIT_SUBSCRIBERS, .argument = N_ ("N"),
      .help = N_ ("Microphones that are sent to everybody in a room; where there are more, those of whoever "
                  "speaks. 0: all.") },
  [SALON_CONFIG_AUDIO_RED] = { "media", "audio-red", TYPE_STRING, "yes", .choices = "yes;no", .argument = "yes|no",
      .help = N_ ("Whether browsers that can send sound with each piece repeated in the next packet (RED), "
                  "so that a lost packet is not heard, do so; it takes some 30 kbit/s more of each "
                  "microphone. Who cannot receive it, gets the sound alone.") },
  [SALON_CONFIG_MIN_BANDWIDTH_KBPS]
  = { "media", "min-bandwidth-kbps", TYPE_UINT, "50", .min = 1, .max = 1000000, .ice = "lite", .argument = N_ ("KBPS"),
      .help = N_ ("What somebody who watches is sent at least, in kbit/s, however bad their connection seems.") },
  [SALON_CONFIG_START_BANDWIDTH_KBPS] = { "media", "start-bandwidth-kbps", TYPE_UINT, "500", .min = 1, .max = 1000000,
      .ice = "lite", .argument = N_ ("KBPS"),
      .help = N_ ("What a connection is taken to bear, in kbit/s, until the first second has shown what it does "
                  "bear. Higher, more pictures come at once; lower, narrow connections begin without a jam.") },
  [SALON_CONFIG_MAX_BANDWIDTH_KBPS] = { "media", "max-bandwidth-kbps", TYPE_UINT, "100000", .min = 1, .max = 1000000,
      .ice = "lite", .argument = N_ ("KBPS"),
      .help = N_ ("What somebody who watches is sent at most, in kbit/s, over all their connections: the pictures "
                  "that would take more are sent smaller, or rest.") },
  [SALON_CONFIG_VIDEO_CODECS] = { "media", "video-codecs", TYPE_LIST, "VP8;H264;VP9;AV1", .choices = "VP8;H264;VP9;AV1",
      .argument = N_ ("CODECS"), .help = N_ ("Video codecs that are forwarded, the preferred one first.") },
  [SALON_CONFIG_ICE] = { "media", "ice", TYPE_STRING, "lite", .choices = "lite;full", .argument = N_ ("KIND"),
      .help = N_ ("How media connections come about. lite: clients find the server, all on one port; with "
                  "the keys from ice-port to send-path. full: a port for each connection, for a server "
                  "that must itself ask a STUN server for its address; with the keys from "
                  "ice-port-min to turn-server.") },
  [SALON_CONFIG_ICE_PORT]
  = { "media", "ice-port", TYPE_UINT, "10000", .max = G_MAXUINT16, .ice = "lite", .argument = N_ ("PORT"),
      .help = N_ ("UDP port of all media, to be opened in the firewall; 0 picks a free one.") },
  [SALON_CONFIG_ICE_TCP_PORT]
  = { "media", "ice-tcp-port", TYPE_UINT, "0", .max = G_MAXUINT16, .ice = "lite", .argument = N_ ("PORT"),
      .help = N_ ("TCP port of the media of those whom UDP does not reach; 0: the same number as "
                  "ice-port.") },
  [SALON_CONFIG_ICE_TRANSPORTS] = { "media", "ice-transports", TYPE_LIST, "udp;tcp", .choices = "udp;tcp",
      .ice = "lite", .argument = N_ ("LIST"), .help = N_ ("What media may come over.") },
  [SALON_CONFIG_ICE_ADDRESSES] = { "media", "ice-addresses", TYPE_LIST, "", .ice = "lite", .argument = N_ ("LIST"),
      .help = N_ ("Interfaces (eth0) and addresses of this machine that clients are told. Default: "
                  "all that are up, loopback ones only if there are no others. IPv6 link-local "
                  "addresses are never told, nor more than 32.") },
  [SALON_CONFIG_NAT_ADDRESSES] = { "media", "nat-addresses", TYPE_LIST, "", .is_valid = salon_config_is_nat_address,
      .expected = N_ ("an address or host name, or one and a local address: 192.0.2.1/10.0.0.1"), .ice = "lite",
      .argument = N_ ("LIST"),
      .help = N_ ("Public addresses or host names of this machine when a NAT in front of it forwards "
                  "the media ports. Clients are told them instead of all local addresses of their "
                  "family, or of one: 192.0.2.1/10.0.0.1.") },
  [SALON_CONFIG_ICE_LOST_S]
  = { "media", "ice-lost-s", TYPE_UINT, "30", .min = 3, .max = 3600, .ice = "lite", .argument = N_ ("SECONDS"),
      .help = N_ ("Seconds of silence on a media connection after which its participant has left; a "
                  "third of it, at most 8, before it counts as disturbed. (With ice=lite.)") },
  [SALON_CONFIG_SEND_PATH] = { "media", "send-path", TYPE_STRING, "direct", .choices = "direct;webrtcbin",
      .ice = "lite", .argument = N_ ("KIND"),
      .help = N_ ("How packets leave: direct, encrypted and sent by Salon itself; or through all of GStreamer's "
                  "webrtcbin, at several times the cost, as a reference.") },
  [SALON_CONFIG_ICE_PORT_MIN]
  = { "media", "ice-port-min", TYPE_UINT, "0", .max = G_MAXUINT16, .ice = "full", .argument = N_ ("PORT"),
      .help = N_ ("Lowest UDP port for media with ice=full; 0 leaves the choice to the system.") },
  [SALON_CONFIG_ICE_PORT_MAX]
  = { "media", "ice-port-max", TYPE_UINT, "0", .max = G_MAXUINT16, .ice = "full", .argument = N_ ("PORT"),
      .help = N_ ("Highest UDP port for media with ice=full; 0 leaves the choice to the system.") },
  [SALON_CONFIG_STUN_SERVER] = { "media", "stun-server", TYPE_STRING, "", .is_valid = salon_config_is_stun_url,
      .expected = N_ ("stun://host:port"), .ice = "full", .argument = N_ ("URL"),
      .help = N_ ("STUN server, stun://host:port, for a server with ice=full behind NAT to learn its "
                  "address.") },
  [SALON_CONFIG_TURN_SERVER] = { "media", "turn-server", TYPE_STRING, "", .is_valid = salon_config_is_turn_url,
      .expected = N_ ("turn://user:password@host:port, or turns://..."), .is_secret = TRUE, .ice = "full",
      .argument = N_ ("URL"),
      .help = N_ ("TURN server, turn://user:password@host:port or turns://..., through which a server with "
                  "ice=full can be reached that no client can reach itself. In user and password, what is "
                  "no letter or digit is written as %3A and the like.") },
  [SALON_CONFIG_CLIENT_ICE_SERVERS]
  = { "media", "client-ice-servers", TYPE_LIST, "", .is_valid = salon_config_is_client_ice_server,
      .expected = N_ ("stun:host, stun:host:port, turn:host:port?transport=udp (or tcp), stuns:... or turns:..."),
      .argument = N_ ("URLS"),
      .help = N_ ("Servers told to clients, e.g. turns:turn.example.org:443?transport=tcp, for those "
                  "whose firewall lets nothing but TLS through. TURN servers also need turn-secret, "
                  "or turn-username and turn-password.") },
  [SALON_CONFIG_TURN_SECRET] = { "media", "turn-secret", TYPE_STRING, "", .is_secret = TRUE, .argument = N_ ("SECRET"),
      .help = N_ ("What the TURN servers share with us (coturn: static-auth-secret): each client is "
                  "told credentials of its own, which end.") },
  [SALON_CONFIG_TURN_TTL_S] = { "media", "turn-ttl-s", TYPE_UINT, "3600", .min = 10, .max = 604800,
      .argument = N_ ("SECONDS"), .help = N_ ("How long credentials made with turn-secret are good for.") },
  [SALON_CONFIG_TURN_USERNAME] = { "media", "turn-username", TYPE_STRING, "", .argument = N_ ("NAME"),
      .help = N_ ("One name for all clients, for TURN servers without a shared secret.") },
  [SALON_CONFIG_TURN_PASSWORD] = { "media", "turn-password", TYPE_STRING, "", .is_secret = TRUE,
      .argument = N_ ("PASSWORD"), .help = N_ ("Its password. All clients are told it.") },
  [SALON_CONFIG_ICE_TIMEOUT_S]
  = { "media", "ice-timeout-s", TYPE_UINT, "15", .min = 1, .max = 3600, .argument = N_ ("SECONDS"),
      .help = N_ ("Seconds that a new media connection has to come about, or else the participant has "
                  "left. It says nothing about a connection that is lost later.") },
  [SALON_CONFIG_MAX_JOBS] = { "jobs", "max-jobs", TYPE_UINT, "8", .max = 1000, .argument = N_ ("N"),
      .help = N_ ("Pipelines that run beside the server, in processes of their own, for all rooms together. They get "
                  "what processor time the server leaves. 0: none.") },
  [SALON_CONFIG_MAX_JOBS_PER_ROOM] = { "jobs", "max-jobs-per-room", TYPE_UINT, "4", .max = 1000, .argument = N_ ("N"),
      .help = N_ ("Of these, for one room. A room's owner can start those of pipelines-dir; 0: only the administrator "
                  "has jobs, without a room.") },
  [SALON_CONFIG_MAX_TRANSCODES] = { "jobs", "max-transcodes", TYPE_UINT, "2", .max = 1000, .argument = N_ ("N"),
      .help
      = N_ ("Pictures that are encoded anew, each in a process beside the jobs, for who can't play the codec they "
            "are published in. Anybody in a room may be the cause; one takes up to a processor. 0: none.") },
  [SALON_CONFIG_PIPELINES_DIR] = { "jobs", "pipelines-dir", TYPE_STRING, "", .argument = N_ ("FOLDER"),
      .help = N_ ("The files *.launch that jobs can be started by name. Default: those that come with Salon.") },
  [SALON_CONFIG_JOB_ELEMENTS] = { "jobs", "job-elements", TYPE_LIST, "", .is_valid = salon_config_is_element_pattern,
      .expected = N_ ("the name of an element, in which * and ? stand for others"), .argument = N_ ("LIST"),
      .help
      = N_ ("GStreamer elements that jobs may use beside those that work on media and speak its protocols; * and ? "
            "stand for any letters: fdsink; v4l2*. What others do is for whoever allows them to know.") },
  [SALON_CONFIG_JOB_MEDIA_DIRS] = { "jobs", "job-media-dirs", TYPE_LIST, "", .is_valid = salon_config_is_absolute_path,
      .expected = N_ ("an absolute path"), .argument = N_ ("FOLDERS"),
      .help = N_ ("Folders whose files jobs may read. They see no others but the system's programs and libraries, and "
                  "write to a folder of their own alone.") },
  [SALON_CONFIG_JOB_MEMORY_MB] = { "jobs", "job-memory-mb", TYPE_UINT, "2048", .min = 64, .max = 1048576,
      .argument = N_ ("MB"), .help = N_ ("Memory that a job's process may have.") },
  [SALON_CONFIG_JOB_OUTPUT_MB]
  = { "jobs", "job-output-mb", TYPE_UINT, "20480", .min = 1, .max = 1048576, .argument = N_ ("MB"),
      .help = N_ ("What a job may write in all; beyond, it finishes its files, and has failed.") },
  [SALON_CONFIG_JOB_HANG_S]
  = { "jobs", "job-hang-s", TYPE_UINT, "20", .min = 2, .max = 3600, .argument = N_ ("SECONDS"),
      .help = N_ ("Seconds that an element of a job may be at one buffer, or its process silent, until the process is "
                  "ended and started again.") },
  [SALON_CONFIG_JOB_RESTARTS] = { "jobs", "job-restarts", TYPE_UINT, "5", .max = 1000, .argument = N_ ("N"),
      .help
      = N_ ("How often in a row a job that crashed, hung or gave up is started again, later each time, until it has "
            "failed. One that was well for a minute begins anew.") },
  [SALON_CONFIG_JOB_ORPHAN_S]
  = { "jobs", "job-orphan-s", TYPE_UINT, "300", .min = 1, .max = 604800, .argument = N_ ("SECONDS"),
      .help = N_ ("Jobs live on while the server is away; after so many seconds, they finish their files and stop.") },
  [SALON_CONFIG_JOB_SANDBOX]
  = { "jobs", "job-sandbox", TYPE_STRING, "full", .choices = "full;partial", .argument = N_ ("KIND"),
      .help
      = N_ ("full: jobs don't run on a kernel that cannot keep them from other files (Landlock); partial: they do, "
            "with the rest of the restrictions.") },
  [SALON_CONFIG_RECORDING_PIPELINE] = { "jobs", "recording-pipeline", TYPE_STRING, "record-tracks",
      .argument = N_ ("NAME"), .help = N_ ("The pipeline by which the host of a room records it from the page.") },
  [SALON_CONFIG_RECORDINGS_KEEP_DAYS]
  = { "jobs", "recordings-keep-days", TYPE_UINT, "0", .min = 0, .max = 36500, .argument = N_ ("DAYS"),
      .help = N_ ("Recordings are deleted so many days after their end. 0: they stay until somebody deletes them.") },
  [SALON_CONFIG_RECORDINGS_MAX_GB]
  = { "jobs", "recordings-max-gb", TYPE_UINT, "0", .min = 0, .max = 1048576, .argument = N_ ("GB"),
      .help = N_ ("When all recordings together take more than this, the oldest that have ended are deleted. 0: no "
                  "bound.") },
  [SALON_CONFIG_RECORDINGS_MIN_FREE_MB]
  = { "jobs", "recordings-min-free-mb", TYPE_UINT, "500", .min = 0, .max = 1073741824, .argument = N_ ("MB"),
      .help = N_ ("What recordings leave free on the disk of the state folder: below, none begins, and those under way "
                  "finish their files and stop.") },
  [SALON_CONFIG_S3_ENDPOINT] = { "s3", "s3-endpoint", TYPE_STRING, "", .is_valid = salon_config_is_origin,
      .expected = N_ ("http:// or https:// and a host, without a path"), .argument = N_ ("URL"),
      .help = N_ ("Store that speaks Amazon's S3, to which recordings are uploaded when they are complete, e.g. "
                  "https://minio.example.org:9000. Default: Amazon's, of s3-region.") },
  [SALON_CONFIG_S3_BUCKET] = { "s3", "s3-bucket", TYPE_STRING, "", .is_valid = salon_config_is_bucket,
      .expected = N_ ("3 to 63 small letters, digits, '-' or '.'"), .argument = N_ ("NAME"),
      .help = N_ ("The store's bucket, which must be there. Default: nothing is uploaded.") },
  [SALON_CONFIG_S3_REGION] = { "s3", "s3-region", TYPE_STRING, "us-east-1", .is_valid = salon_config_is_region,
      .expected = N_ ("the name of a region"), .argument = N_ ("NAME"),
      .help = N_ ("The bucket's region; stores other than Amazon's mostly have this one.") },
  [SALON_CONFIG_S3_ACCESS_KEY] = { "s3", "s3-access-key", TYPE_STRING, "", .is_secret = TRUE, .argument = N_ ("KEY"),
      .help = N_ ("Id of the key that may write and read in the bucket (s3:PutObject, s3:GetObject, "
                  "s3:AbortMultipartUpload).") },
  [SALON_CONFIG_S3_SECRET_KEY] = { "s3", "s3-secret-key", TYPE_STRING, "", .is_secret = TRUE, .argument = N_ ("SECRET"),
      .help = N_ ("The key's secret. Better here, or in the environment, than as an option, which others on this "
                  "machine can read.") },
  [SALON_CONFIG_S3_PATH_STYLE] = { "s3", "s3-path-style", TYPE_STRING, "yes", .choices = "yes;no", .argument = "yes|no",
      .help = N_ ("yes: the bucket is in the path (https://host/bucket/...); no: in the host's name "
                  "(https://bucket.host/...).") },
  [SALON_CONFIG_S3_PREFIX]
  = { "s3", "s3-prefix", TYPE_STRING, "${room}/${date}", .is_valid = salon_config_is_key_prefix,
      .expected = N_ ("a path without a slash at either end, in which ${room} and ${date} are the only variables"),
      .argument = N_ ("PATH"),
      .help = N_ ("Where in the bucket; ${room} is the room's name, ${date} the day (UTC). The job's id and the "
                  "file's name follow.") },
  [SALON_CONFIG_S3_DELETE_LOCAL]
  = { "s3", "s3-delete-local", TYPE_STRING, "no", .choices = "yes;no", .argument = "yes|no",
      .help = N_ ("Whether files are deleted here once the store has all of a job's, and has said so.") },
  [SALON_CONFIG_S3_BANDWIDTH_KBPS]
  = { "s3", "s3-bandwidth-kbps", TYPE_UINT, "0", .max = 10000000, .argument = N_ ("KBPS"),
      .help = N_ ("How fast uploads may be, in kbit/s, so that calls have the rest of the line. 0: as fast as they "
                  "can.") },
  [SALON_CONFIG_S3_GIVE_UP_S]
  = { "s3", "s3-give-up-s", TYPE_UINT, "86400", .min = 1, .max = 2592000, .argument = N_ ("SECONDS"),
      .help = N_ ("How long uploads are tried again while the store is away, until they have failed. They are tried "
                  "anew when the server starts.") },
  [SALON_CONFIG_LOG_FORMAT]
  = { "log", "log-format", TYPE_STRING, "auto", .choices = "auto;text;journal;json", .argument = N_ ("FORMAT"),
      .help = N_ ("How the log is written: text, json (an object a line) or journal (systemd's, with "
                  "fields); auto is journal where stderr is the journal, else text.") },
  [SALON_CONFIG_LOG_LEVELS] = { "log", "log-levels", TYPE_STRING, "*:1,salon*:2", .argument = N_ ("LEVELS"),
      .help = N_ ("What of GStreamer's messages is logged, as in GST_DEBUG (which wins if set): "
                  "1 error, 2 warning, 4 info, 5 debug. Events of the server are always logged.") },
};

struct _SalonConfig
{
  SalonConfigAction action;
  char *text[SALON_CONFIG_N_KEYS]; /* (owned): as given */
  guint number[SALON_CONFIG_N_KEYS];
  GStrv list[SALON_CONFIG_N_KEYS]; /* (owned) */
};

static gboolean G_GNUC_PRINTF (2, 3) fail (GError **error, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  if (error != NULL)
    *error = g_error_new_valist (G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, format, args);
  va_end (args);
  return FALSE;
}

/* Returns: (transfer full): the items of "a; b,c" without space around them. */
static GStrv
split_list (const char *text)
{
  g_auto (GStrv) pieces = g_strsplit_set (text, ";,", -1);
  g_autoptr (GStrvBuilder) items = g_strv_builder_new ();

  for (guint i = 0; pieces[i] != NULL; i++)
    {
      if (*g_strstrip (pieces[i]) != '\0')
        g_strv_builder_add (items, pieces[i]);
    }
  return g_strv_builder_end (items);
}

static gboolean
check_item (const KeySpec *spec, const char *item, GError **error)
{
  g_auto (GStrv) choices = spec->choices != NULL ? split_list (spec->choices) : NULL;

  if (choices != NULL && !g_strv_contains ((const char *const *)choices, item))
    {
      g_autofree char *allowed = g_strjoinv (", ", choices);
      return fail (error, _ ("%s: \"%s\" is not one of: %s"), spec->key, item, allowed);
    }
  if (spec->is_valid != NULL && !spec->is_valid (item))
    return spec->is_secret ? fail (error, _ ("%s: what is given is not %s"), spec->key, _ (spec->expected))
                           : fail (error, _ ("%s: \"%s\" is not %s"), spec->key, item, _ (spec->expected));
  return TRUE;
}

static gboolean
set_list (SalonConfig *self, SalonConfigKey key, const char *text, GError **error)
{
  const KeySpec *spec = &specs[key];
  g_auto (GStrv) items = split_list (text);

  if (items[0] == NULL && *spec->default_text != '\0')
    return fail (error, _ ("%s: the list is empty"), spec->key);
  for (guint i = 0; items[i] != NULL; i++)
    {
      if (!check_item (spec, items[i], error))
        return FALSE;
    }
  g_strfreev (self->list[key]);
  self->list[key] = g_steal_pointer (&items);
  return TRUE;
}

/* Checks and keeps a value, from wherever it came. The error does not say where. */
static gboolean
set_value (SalonConfig *self, SalonConfigKey key, const char *text, GError **error)
{
  const KeySpec *spec = &specs[key];
  guint64 number = 0;

  switch (spec->type)
    {
    case TYPE_UINT:
      if (!g_ascii_string_to_unsigned (text, 10, spec->min, spec->max, &number, NULL))
        return fail (error, _ ("%s: \"%s\" is not a number from %u to %u"), spec->key, text, spec->min, spec->max);
      self->number[key] = number;
      break;
    case TYPE_LIST:
      if (!set_list (self, key, text, error))
        return FALSE;
      break;
    case TYPE_STRING:
      if (!g_utf8_validate (text, -1, NULL) || strchr (text, '\n') != NULL)
        return fail (error, _ ("%s: not one line of UTF-8 text"), spec->key);
      if (*text != '\0' || *spec->default_text != '\0')
        {
          if (!check_item (spec, text, error))
            return FALSE;
        }
      break;
    }
  g_free (self->text[key]);
  self->text[key] = g_strdup (text);
  return TRUE;
}

static gboolean
find_key (const char *group, const char *key, SalonConfigKey *found)
{
  for (SalonConfigKey i = 0; i < SALON_CONFIG_N_KEYS; i++)
    {
      if (g_strcmp0 (specs[i].group, group) == 0 && (key == NULL || g_str_equal (specs[i].key, key)))
        {
          *found = i;
          return TRUE;
        }
    }
  return FALSE;
}

/* Returns: (transfer full): the groups, or the keys of one group, for a person. */
static char *
list_known (const char *group)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  for (SalonConfigKey i = 0; i < SALON_CONFIG_N_KEYS; i++)
    {
      if (group != NULL && g_str_equal (specs[i].group, group))
        g_ptr_array_add (names, (gpointer)specs[i].key);
      else if (group == NULL && (i == 0 || !g_str_equal (specs[i].group, specs[i - 1].group)))
        g_ptr_array_add (names, (gpointer)specs[i].group);
    }
  g_ptr_array_add (names, NULL);
  return g_strjoinv (", ", (char **)names->pdata);
}

/* One line of a key file: follows the group, and notes on which line a key stands. GKeyFile itself neither knows line
 * numbers nor which keys there are. */
static gboolean
scan_line (char *line, guint number, char **group, guint *line_of_key, GError **error)
{
  SalonConfigKey key;
  char *equals;

  g_strstrip (line);
  if (*line == '\0' || *line == '#')
    return TRUE;
  if (*line == '[' && g_str_has_suffix (line, "]"))
    {
      g_autofree char *known = list_known (NULL);

      g_free (*group);
      *group = g_strndup (line + 1, strlen (line) - 2);
      return find_key (*group, NULL, &key) || fail (error, _ ("unknown group [%s]; known are: %s"), *group, known);
    }
  equals = strchr (line, '=');
  if (equals == NULL || equals == line)
    return fail (error, _ ("neither \"key=value\", \"[group]\" nor \"# comment\""));
  *equals = '\0';
  g_strchomp (line);
  if (*group == NULL)
    return fail (error, _ ("\"%s\" stands before the first [group]"), line);
  if (!find_key (*group, line, &key))
    {
      g_autofree char *known = list_known (*group);
      return fail (error, _ ("unknown key \"%s\" in [%s]; known are: %s"), line, *group, known);
    }
  if (line_of_key[key] != 0)
    return fail (error, _ ("%s stands already on line %u"), line, line_of_key[key]);
  line_of_key[key] = number;
  return TRUE;
}

static gboolean
scan_lines (const char *path, const char *text, guint *line_of_key, GError **error)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autofree char *group = NULL;

  for (guint i = 0; lines[i] != NULL; i++)
    {
      if (!scan_line (lines[i], i + 1, &group, line_of_key, error))
        {
          g_prefix_error (error, "%s:%u: ", path, i + 1);
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
read_file_key (SalonConfig *self, GKeyFile *file, SalonConfigKey key, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autofree char *value = g_key_file_get_string (file, specs[key].group, specs[key].key, &local_error);

  /* With a bad escape, GLib 2.74 sets the error and returns a value nevertheless. */
  if (local_error == NULL)
    return set_value (self, key, value, error);
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

static gboolean
read_file (SalonConfig *self, const char *path, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *text = NULL;
  gsize size_bytes = 0;
  guint line_of_key[SALON_CONFIG_N_KEYS] = { 0 };

  if (!g_file_get_contents (path, &text, &size_bytes, error))
    return FALSE;
  if (!g_utf8_validate_len (text, size_bytes, NULL))
    return fail (error, _ ("%s: not UTF-8 text"), path);
  if (!scan_lines (path, text, line_of_key, error))
    return FALSE;
  if (!g_key_file_load_from_data (file, text, size_bytes, G_KEY_FILE_NONE, error))
    {
      g_prefix_error (error, "%s: ", path);
      return FALSE;
    }
  for (SalonConfigKey i = 0; i < SALON_CONFIG_N_KEYS; i++)
    {
      if (line_of_key[i] != 0 && !read_file_key (self, file, i, error))
        {
          g_prefix_error (error, "%s:%u: ", path, line_of_key[i]);
          return FALSE;
        }
    }
  return TRUE;
}

/* Without --config: the system's file, then the user's, as far as they exist. */
static gboolean
read_default_files (SalonConfig *self, const char *const *environment, GError **error)
{
  const char *config_home = g_environ_getenv ((char **)environment, "XDG_CONFIG_HOME");
  const char *home = g_environ_getenv ((char **)environment, "HOME");
  g_autofree char *user_path = NULL;

  if (config_home != NULL && *config_home != '\0')
    user_path = g_build_filename (config_home, "salon", "salon.conf", NULL);
  else if (home != NULL)
    user_path = g_build_filename (home, ".config", "salon", "salon.conf", NULL);

  if (g_file_test (SYSTEM_CONFIG, G_FILE_TEST_EXISTS) && !read_file (self, SYSTEM_CONFIG, error))
    return FALSE;
  if (user_path != NULL && g_file_test (user_path, G_FILE_TEST_EXISTS))
    return read_file (self, user_path, error);
  return TRUE;
}

static void
set_default_state_dir (SalonConfig *self, const char *const *environment)
{
  const char *systemd_dir = g_environ_getenv ((char **)environment, "STATE_DIRECTORY");
  const char *state_home = g_environ_getenv ((char **)environment, "XDG_STATE_HOME");
  const char *home = g_environ_getenv ((char **)environment, "HOME");
  char **text = &self->text[SALON_CONFIG_STATE_DIR];

  if (**text != '\0')
    return;
  g_free (*text);
  if (systemd_dir != NULL && *systemd_dir != '\0')
    *text = g_strndup (systemd_dir, strcspn (systemd_dir, ":")); /* systemd.exec(5): may be a list */
  else if (state_home != NULL && *state_home != '\0')
    *text = g_build_filename (state_home, "salon", NULL);
  else
    *text = g_build_filename (home != NULL ? home : g_get_home_dir (), ".local", "state", "salon", NULL);
}

static gboolean
read_environment (SalonConfig *self, const char *const *environment, GError **error)
{
  for (SalonConfigKey i = 0; i < SALON_CONFIG_N_KEYS; i++)
    {
      g_autofree char *upper = g_ascii_strup (specs[i].key, -1);
      g_autofree char *name = g_strconcat ("SALON_", g_strdelimit (upper, "-", '_'), NULL);
      const char *value = g_environ_getenv ((char **)environment, name);

      /* Empty is as good as unset: container tools often hand on variables that nobody filled in. */
      if (value != NULL && *value != '\0' && !set_value (self, i, value, error))
        {
          g_prefix_error (error, "%s: ", name);
          return FALSE;
        }
    }
  return TRUE;
}

/* What the command line said: a text per key that was given, and the rest. */
typedef struct
{
  char *value[SALON_CONFIG_N_KEYS]; /* (owned) (nullable) */
  char *config_path;                /* (owned) (nullable) */
  gboolean check, print, version;
} Options;

static void
options_clear (Options *options)
{
  for (SalonConfigKey i = 0; i < SALON_CONFIG_N_KEYS; i++)
    g_free (options->value[i]);
  g_free (options->config_path);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static void
add_key_options (GOptionContext *context, Options *options)
{
  GOptionEntry entries[SALON_CONFIG_N_KEYS + 1] = { 0 };

  for (SalonConfigKey i = 0; i < SALON_CONFIG_N_KEYS; i++)
    entries[i] = (GOptionEntry){ specs[i].key, 0, 0, G_OPTION_ARG_STRING, &options->value[i], _ (specs[i].help),
      _ (specs[i].argument) };
  g_option_context_add_main_entries (context, entries, NULL);
}

static gboolean
parse_options (Options *options, const char *const *arguments, GError **error)
{
  const GOptionEntry own[] = {
    { "config", 'c', 0, G_OPTION_ARG_FILENAME, &options->config_path,
        _ ("Key file to read instead of /etc/salon/salon.conf and ~/.config/salon/salon.conf"), _ ("FILE") },
    { "check-config", 0, 0, G_OPTION_ARG_NONE, &options->check, _ ("Check the configuration and exit"), NULL },
    { "print-config", 0, 0, G_OPTION_ARG_NONE, &options->print, _ ("Print the configuration as a key file and exit"),
        NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &options->version, _ ("Print the version and exit"), NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (_ ("- media-room server"));
  g_auto (GStrv) rest = g_strdupv ((char **)arguments);

  g_option_context_add_main_entries (context, own, NULL);
  add_key_options (context, options);
  g_option_context_set_description (context,
      _ ("Each key can also be set in the key file (see --print-config) or as SALON_<KEY> in the environment."));
  if (!g_option_context_parse_strv (context, &rest, error))
    return FALSE;
  if (rest[0] != NULL && rest[1] != NULL)
    return fail (error, _ ("\"%s\" is not an option; see --help"), rest[1]);
  return TRUE;
}

static gboolean
apply_options (SalonConfig *self, const Options *options, GError **error)
{
  for (SalonConfigKey i = 0; i < SALON_CONFIG_N_KEYS; i++)
    {
      if (options->value[i] != NULL && !set_value (self, i, options->value[i], error))
        {
          g_prefix_error_literal (error, "--");
          return FALSE;
        }
    }
  return TRUE;
}

static SalonConfigAction
get_action (const Options *options)
{
  if (options->version)
    return SALON_CONFIG_ACTION_VERSION;
  if (options->print)
    return SALON_CONFIG_ACTION_PRINT;
  return options->check ? SALON_CONFIG_ACTION_CHECK : SALON_CONFIG_ACTION_RUN;
}

/* What no key can check alone. */

/* What would do nothing, where somebody counts on it. */
static gboolean
check_ice (SalonConfig *self, GError **error)
{
  const char *ice = self->text[SALON_CONFIG_ICE];

  for (SalonConfigKey i = 0; i < SALON_CONFIG_N_KEYS; i++)
    {
      const char *wanted = specs[i].ice;

      if (wanted != NULL && !g_str_equal (wanted, ice) && !g_str_equal (self->text[i], specs[i].default_text))
        return fail (error, _ ("%s does nothing with ice=%s: leave it out, or set ice=%s"), specs[i].key, ice, wanted);
    }
  return TRUE;
}

static gboolean
check_bandwidth (SalonConfig *self, GError **error)
{
  guint min = self->number[SALON_CONFIG_MIN_BANDWIDTH_KBPS];
  guint start = self->number[SALON_CONFIG_START_BANDWIDTH_KBPS];
  guint max = self->number[SALON_CONFIG_MAX_BANDWIDTH_KBPS];

  if (min <= start && start <= max)
    return TRUE;
  return fail (error,
      _ ("min-bandwidth-kbps (%u), start-bandwidth-kbps (%u) and max-bandwidth-kbps (%u) must be in this order"), min,
      start, max);
}

/* A browser refuses the whole list for a TURN server without credentials. */
static gboolean
check_turn (SalonConfig *self, GError **error)
{
  gboolean has_secret = *self->text[SALON_CONFIG_TURN_SECRET] != '\0';
  gboolean has_username = *self->text[SALON_CONFIG_TURN_USERNAME] != '\0';
  gboolean has_password = *self->text[SALON_CONFIG_TURN_PASSWORD] != '\0';

  if (has_username != has_password)
    return fail (error, _ ("turn-username and turn-password go together: only one of them is set"));
  if (has_secret && has_username)
    return fail (error, _ ("turn-secret makes user names: there is a turn-username too"));
  for (char **url = self->list[SALON_CONFIG_CLIENT_ICE_SERVERS]; *url != NULL; url++)
    {
      if (g_str_has_prefix (*url, "turn") && !has_secret && !has_username)
        return fail (
            error, _ ("client-ice-servers: \"%s\" needs turn-secret, or turn-username and turn-password"), *url);
    }
  return TRUE;
}

static gboolean
check_s3 (SalonConfig *self, GError **error)
{
  gboolean has_bucket = *self->text[SALON_CONFIG_S3_BUCKET] != '\0';
  gboolean has_access_key = *self->text[SALON_CONFIG_S3_ACCESS_KEY] != '\0';
  gboolean has_secret_key = *self->text[SALON_CONFIG_S3_SECRET_KEY] != '\0';

  if (has_bucket == has_access_key && has_bucket == has_secret_key)
    return TRUE;
  return fail (error, _ ("s3-bucket, s3-access-key and s3-secret-key go together: only some of them are set"));
}

static gboolean
check_together (SalonConfig *self, GError **error)
{
  guint min = self->number[SALON_CONFIG_ICE_PORT_MIN];
  guint max = self->number[SALON_CONFIG_ICE_PORT_MAX];
  gboolean has_certificate = *self->text[SALON_CONFIG_TLS_CERTIFICATE] != '\0';
  gboolean has_key = *self->text[SALON_CONFIG_TLS_KEY] != '\0';
  guint ping_interval_s = self->number[SALON_CONFIG_PING_INTERVAL_S];
  guint ping_timeout_s = self->number[SALON_CONFIG_PING_TIMEOUT_S];

  if ((min == 0) != (max == 0) || min > max)
    return fail (error, _ ("ice-port-min (%u) and ice-port-max (%u) must be a range, or both 0"), min, max);
  if (has_certificate != has_key)
    return fail (error, _ ("tls-certificate and tls-key go together: only one of them is set"));
  if (ping_timeout_s <= ping_interval_s)
    return fail (
        error, _ ("ping-timeout-s (%u) must be longer than ping-interval-s (%u)"), ping_timeout_s, ping_interval_s);
  return check_bandwidth (self, error) && check_ice (self, error) && check_turn (self, error) && check_s3 (self, error);
}

static gboolean
read_all (SalonConfig *self, const Options *options, const char *const *environment, GError **error)
{
  for (SalonConfigKey i = 0; i < SALON_CONFIG_N_KEYS; i++)
    {
      if (!set_value (self, i, specs[i].default_text, error))
        g_assert_not_reached ();
    }
  return read_environment (self, environment, error)
         && (options->config_path != NULL ? read_file (self, options->config_path, error)
                                          : read_default_files (self, environment, error))
         && apply_options (self, options, error) && check_together (self, error);
}

SalonConfig *
salon_config_new (const char *const *arguments, const char *const *environment, GError **error)
{
  g_autoptr (SalonConfig) self = g_new0 (SalonConfig, 1);
  g_auto (Options) options = { 0 };

  if (!parse_options (&options, arguments, error))
    return NULL;
  self->action = get_action (&options);
  /* Whoever asks for the version may be about to mend the configuration. */
  if (self->action == SALON_CONFIG_ACTION_VERSION)
    return g_steal_pointer (&self);
  if (!read_all (self, &options, environment, error))
    return NULL;
  /* The key file shows the default as empty: it differs from machine to machine. */
  if (self->action != SALON_CONFIG_ACTION_PRINT)
    set_default_state_dir (self, environment);
  return g_steal_pointer (&self);
}

void
salon_config_free (SalonConfig *self)
{
  if (self == NULL)
    return;
  for (SalonConfigKey i = 0; i < SALON_CONFIG_N_KEYS; i++)
    {
      g_free (self->text[i]);
      g_strfreev (self->list[i]);
    }
  g_free (self);
}

SalonConfigAction
salon_config_get_action (const SalonConfig *self)
{
  return self->action;
}

const char *
salon_config_get_string (const SalonConfig *self, SalonConfigKey key)
{
  g_assert (specs[key].type == TYPE_STRING);
  return self->text[key];
}

guint
salon_config_get_uint (const SalonConfig *self, SalonConfigKey key)
{
  g_assert (specs[key].type == TYPE_UINT);
  return self->number[key];
}

const char *const *
salon_config_get_strv (const SalonConfig *self, SalonConfigKey key)
{
  g_assert (specs[key].type == TYPE_LIST);
  return (const char *const *)self->list[key];
}

/* A comment of the key file: lines broken between words. */
static void
append_comment (GString *text, const char *comment)
{
  g_auto (GStrv) words = g_strsplit (comment, " ", -1);
  glong column = COMMENT_COLUMNS;

  for (guint i = 0; words[i] != NULL; i++)
    {
      glong n_columns = g_utf8_strlen (words[i], -1) + 1;

      if (column + n_columns > COMMENT_COLUMNS)
        {
          g_string_append (text, i > 0 ? "\n#" : "#");
          column = 1;
        }
      g_string_append_printf (text, " %s", words[i]);
      column += n_columns;
    }
  g_string_append_c (text, '\n');
}

static void
append_help (GString *text, const KeySpec *spec)
{
  append_comment (text, _ (spec->help));
  if (spec->type == TYPE_UINT)
    {
      g_autofree char *range = g_strdup_printf (_ ("From %u to %u."), spec->min, spec->max);
      append_comment (text, range);
    }
}

/* GKeyFile does the escaping, so that what is printed is what is read. */
static void
append_value (GString *text, const SalonConfig *self, SalonConfigKey key)
{
  const KeySpec *spec = &specs[key];
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *escaped = NULL;

  if (g_str_equal (self->text[key], spec->default_text))
    {
      g_string_append_printf (text, "#%s=%s\n\n", spec->key, spec->default_text);
      return;
    }
  if (spec->is_secret)
    {
      g_string_append_printf (text, "#%s=%s\n\n", spec->key, _ ("(set; not shown)"));
      return;
    }
  g_key_file_set_string (file, spec->group, spec->key, self->text[key]);
  escaped = g_key_file_get_value (file, spec->group, spec->key, NULL);
  g_string_append_printf (text, "%s=%s\n\n", spec->key, escaped);
}

char *
salon_config_to_key_file (const SalonConfig *self)
{
  GString *text = g_string_new (NULL);

  append_comment (text, _ ("Configuration of salon-server, as printed by `salon-server --print-config`."));
  g_string_append (text, "#\n");
  append_comment (text,
      _ ("Options win over this file, this file over the environment (SALON_<KEY>, e.g. SALON_PORT), the environment "
         "over the defaults. A key that is commented out has its default. Lists are separated by ';'."));
  g_string_append_c (text, '\n');
  for (SalonConfigKey i = 0; i < SALON_CONFIG_N_KEYS; i++)
    {
      if (i == 0 || !g_str_equal (specs[i].group, specs[i - 1].group))
        g_string_append_printf (text, "[%s]\n\n", specs[i].group);
      append_help (text, &specs[i]);
      append_value (text, self, i);
    }
  g_string_truncate (text, text->len - 1);
  return g_string_free (text, FALSE);
}
