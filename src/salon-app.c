/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-app.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <gst/gst.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "salon-build.h"
#include "salon-http.h"
#include "salon-ice-hosts.h"
#include "salon-ice-hub.h"
#include "salon-ice-udp.h"
#include "salon-jobs.h"
#include "salon-log.h"
#include "salon-program.h"
#include "salon-qr.h"
#include "salon-recordings.h"
#include "salon-redis-server.h"
#include "salon-rooms.h"
#include "salon-secret.h"
#include "salon-session.h"
#include "salon-socket.h"
#include "salon-state-dir.h"
#include "salon-store.h"
#include "salon-wire-door.h"

GST_DEBUG_CATEGORY_STATIC (salon_app_debug);
#define GST_CAT_DEFAULT salon_app_debug

/* Whoever stops us may kill us after 10 s. */
#define STOP_DEADLINE_S 9
/* Of which the rooms may take this much to say good-bye and to tell the store, and the clients to answer; redis-server
 * gets 3 s. */
#define ROOMS_DEADLINE_MS 3000
#define SOCKETS_DEADLINE_MS 1000
/* A Redis of somebody else's may be starting at the same time as we are. */
#define STORE_DEADLINE_MS 30000
/* Beside the grace time: how long a room that is recorded may be without a host after a restart; so long what records
 * tries to come back, too. */
#define COME_BACK_S 30

/* Starting and stopping are lists of steps, one after the other, each ending with step_done() or step_failed(). */
typedef struct
{
  const char *name;
  void (*run) (SalonApp *self);
} Step;

typedef enum
{
  PHASE_STARTING,
  PHASE_SERVING,
  PHASE_STOPPING,
} Phase;

struct _SalonApp
{
  const SalonConfig *config; /* (borrowed) */
  GMainLoop *loop;           /* (owned) */
  Phase phase;
  const Step *step;          /* under way; meaningless while serving */
  gboolean is_stop_wanted;   /* takes effect when the start step under way has ended */
  GCancellable *cancellable; /* (owned): of the start steps */
  guint stop_deadline_id;
  int exit_status;
  gboolean is_cut_short; /* media is still up: not to be freed */

  /* In the order they are made; (owned) (nullable). */
  SalonStateDir *state_dir;
  char *admin_token;
  char *link_key;
  SalonRedisServer *redis_server; /* NULL with a redis-url */
  SalonStore *store;
  SalonIceHub *ice_hub;     /* NULL with ice=full */
  SalonWireDoor *wire_door; /* NULL if there could be none */
  SalonDescriptors descriptors;
  SalonRoomsOptions rooms_options;
  SalonIceServers ice_servers;
  SalonRooms *rooms;
  SalonJobsOptions jobs_options;
  SalonJobs *jobs;
  SalonRecordingsOptions recordings_options;
  SalonRecordings *recordings;
  guint come_back_id; /* the source that ends an earlier server's recordings, or 0 */
  SalonSessionServices session_services;
  SalonHttp *http;
};

static const Step start_steps[];
static const Step stop_steps[];

/* Steps */

static void
run_step (SalonApp *self)
{
  GST_DEBUG ("%s", self->step->name);
  self->step->run (self);
}

static gboolean
on_stop_deadline (gpointer user_data)
{
  SalonApp *self = user_data;

  salon_log_event (SALON_LOG_ERROR, "stop_abandoned", (SalonLogFields){ .reason = "deadline" },
      "Gave up after %d s, unable to %s", STOP_DEADLINE_S, self->step->name);
  _exit (EXIT_FAILURE);
}

static void
begin_stopping (SalonApp *self)
{
  if (self->stop_deadline_id == 0)
    self->stop_deadline_id = g_timeout_add_seconds (STOP_DEADLINE_S, on_stop_deadline, self);
  salon_log_event (SALON_LOG_NOTICE, "server_stopping", (SalonLogFields){ 0 }, "Stopping");
  self->phase = PHASE_STOPPING;
  self->step = stop_steps;
  run_step (self);
}

static void
step_done (SalonApp *self)
{
  self->step++;
  if (self->phase == PHASE_STARTING && self->is_stop_wanted)
    begin_stopping (self);
  else if (self->step->run != NULL)
    run_step (self);
  else if (self->phase == PHASE_STARTING)
    self->phase = PHASE_SERVING;
  else
    g_main_loop_quit (self->loop);
}

/* Only start steps fail. */
static void
step_failed (SalonApp *self, const GError *error)
{
  if (!self->is_stop_wanted)
    {
      salon_log_event (
          SALON_LOG_ERROR, "start_failed", (SalonLogFields){ 0 }, "Cannot %s: %s", self->step->name, error->message);
      self->exit_status = EXIT_FAILURE;
    }
  begin_stopping (self);
}

static void
stop (SalonApp *self)
{
  self->is_stop_wanted = TRUE;
  if (self->phase == PHASE_SERVING)
    begin_stopping (self);
  else
    g_cancellable_cancel (self->cancellable);
}

static gboolean
on_signal (gpointer user_data)
{
  SalonApp *self = user_data;

  if (self->is_stop_wanted)
    {
      salon_log_event (SALON_LOG_WARNING, "stop_abandoned", (SalonLogFields){ .reason = "signal" },
          "Told twice to stop: ending at once");
      _exit (EXIT_FAILURE);
    }
  stop (self);
  return G_SOURCE_CONTINUE;
}

/* Starting */

static void
open_state_dir (SalonApp *self)
{
  g_autoptr (GError) error = NULL;

  self->state_dir = salon_state_dir_open (salon_config_get_string (self->config, SALON_CONFIG_STATE_DIR), &error);
  if (self->state_dir != NULL)
    step_done (self);
  else
    step_failed (self, error);
}

/* Returns: (transfer full) (nullable): the configured text, or what was once made up in its stead. */
static char *
get_or_remember (SalonApp *self, SalonConfigKey key, const char *file, char *(*create) (void), GError **error)
{
  const char *configured = salon_config_get_string (self->config, key);

  return *configured != '\0' ? g_strdup (configured) : salon_state_dir_remember (self->state_dir, file, create, error);
}

static void
read_secrets (SalonApp *self)
{
  g_autoptr (GError) error = NULL;

  self->admin_token = get_or_remember (self, SALON_CONFIG_ADMIN_TOKEN, "admin-token", salon_secret_new, &error);
  if (self->admin_token != NULL)
    self->link_key = salon_state_dir_remember (self->state_dir, "link-key", salon_secret_new, &error);
  if (self->link_key != NULL)
    step_done (self);
  else
    step_failed (self, error);
}

static void
on_redis_server_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SalonApp *self = user_data;
  g_autoptr (GError) error = NULL;

  if (salon_redis_server_start_finish (SALON_REDIS_SERVER (source), result, &error))
    step_done (self);
  else
    step_failed (self, error);
}

static void
start_redis_server (SalonApp *self)
{
  if (*salon_config_get_string (self->config, SALON_CONFIG_REDIS_URL) != '\0')
    {
      step_done (self);
      return;
    }
  self->redis_server = salon_redis_server_new (salon_state_dir_get_path (self->state_dir));
  salon_redis_server_start_async (self->redis_server, self->cancellable, on_redis_server_started, self);
}

static void
open_store (SalonApp *self)
{
  const char *url = self->redis_server != NULL ? salon_redis_server_get_url (self->redis_server)
                                               : salon_config_get_string (self->config, SALON_CONFIG_REDIS_URL);
  g_autoptr (GError) error = NULL;
  g_autofree char *node_id = get_or_remember (self, SALON_CONFIG_NODE_ID, "node-id", g_uuid_string_random, &error);

  if (node_id != NULL)
    {
      salon_log_set_node (node_id);
      self->store = salon_store_new (url, node_id, &error);
    }
  if (self->store != NULL)
    step_done (self);
  else
    step_failed (self, error);
}

static void
on_usurped (SalonRooms *rooms, SalonApp *self)
{
  salon_log_event (SALON_LOG_ERROR, "node_usurped", (SalonLogFields){ 0 },
      "Another server runs as node \"%s\"; each needs a node-id (and a state-dir) of its own",
      salon_store_get_node_id (self->store));
  self->exit_status = EXIT_FAILURE;
  stop (self);
}

static void
open_media_port (SalonApp *self)
{
  const char *const *transports = salon_config_get_strv (self->config, SALON_CONFIG_ICE_TRANSPORTS);
  const SalonIceHubOptions options = {
    .has_udp = g_strv_contains (transports, "udp"),
    .udp_port = salon_config_get_uint (self->config, SALON_CONFIG_ICE_PORT),
    .has_tcp = g_strv_contains (transports, "tcp"),
    .tcp_port = salon_config_get_uint (self->config, SALON_CONFIG_ICE_TCP_PORT),
    .lost_ms = salon_config_get_uint (self->config, SALON_CONFIG_ICE_LOST_S) * 1000,
  };
  g_autoptr (GError) error = NULL;

  if (g_str_equal (salon_config_get_string (self->config, SALON_CONFIG_ICE), "lite"))
    self->ice_hub = salon_ice_hub_new (&options, &error);
  if (self->ice_hub != NULL && !salon_ice_hub_has_room (self->ice_hub))
    salon_log_event (SALON_LOG_WARNING, "small_buffers", (SalonLogFields){ 0 },
        "The system's limits are too low for the media port: packets will be lost when many come or go at once. "
        "Set net.core.rmem_max and net.core.wmem_max to %d (sysctl)",
        SALON_ICE_UDP_BUFFER_BYTES);
  if (error != NULL)
    step_failed (self, error);
  else
    step_done (self);
}

static void
warn_of_idle_nat (const SalonIceHosts *hosts)
{
  g_auto (GStrv) idle = salon_ice_hosts_dup_idle_nat (hosts);

  for (guint i = 0; idle[i] != NULL; i++)
    salon_log_event (SALON_LOG_WARNING, "nat_address_idle", (SalonLogFields){ 0 },
        "nat-addresses: \"%s\" stands for no address of this machine that clients are told", idle[i]);
}

static void
on_hosts_found (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SalonApp *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonIceHosts) hosts = salon_ice_hosts_find_finish (result, &error);

  if (hosts == NULL)
    {
      step_failed (self, error);
      return;
    }
  warn_of_idle_nat (hosts);
  salon_ice_hub_set_hosts (self->ice_hub, g_steal_pointer (&hosts));
  step_done (self);
}

static void
find_hosts (SalonApp *self)
{
  /* libnice finds its own. */
  if (self->ice_hub == NULL)
    {
      step_done (self);
      return;
    }
  salon_ice_hosts_find_async (salon_config_get_strv (self->config, SALON_CONFIG_ICE_ADDRESSES),
      salon_config_get_strv (self->config, SALON_CONFIG_NAT_ADDRESSES), self->cancellable, on_hosts_found, self);
}

static void
warn_of_no_local_programs (const GError *error)
{
  salon_log_event (SALON_LOG_WARNING, "local_socket_failed", (SalonLogFields){ 0 },
      "Programs of this machine cannot attach to rooms: %s", error->message);
}

/* People can meet without. */
static void
open_wire_door (SalonApp *self)
{
  g_autofree char *path = g_build_filename (salon_state_dir_get_path (self->state_dir), "media.sock", NULL);
  g_autoptr (GError) error = NULL;

  self->wire_door = salon_wire_door_new (path, &error);
  if (self->wire_door == NULL)
    warn_of_no_local_programs (error);
  step_done (self);
}

static guint
read_limit (const SalonConfig *config, SalonConfigKey key)
{
  guint limit = salon_config_get_uint (config, key);

  return limit != 0 ? limit : G_MAXUINT;
}

static void
make_rooms (SalonApp *self)
{
  const SalonConfig *config = self->config;
  const char *stun_server = salon_config_get_string (config, SALON_CONFIG_STUN_SERVER);
  const char *turn_server = salon_config_get_string (config, SALON_CONFIG_TURN_SERVER);

  self->rooms_options = (SalonRoomsOptions){
    .grace_s = salon_config_get_uint (config, SALON_CONFIG_RESUME_GRACE_S),
    .default_max_members = salon_config_get_uint (config, SALON_CONFIG_DEFAULT_MAX_MEMBERS),
    .is_alone = self->redis_server != NULL,
    .may_create = g_str_equal (salon_config_get_string (config, SALON_CONFIG_CREATE_POLICY), "anyone"),
    .media = {
        .ice_hub = self->ice_hub,
        .wire_door = self->wire_door,
        .sends_directly
        = self->ice_hub != NULL && g_str_equal (salon_config_get_string (config, SALON_CONFIG_SEND_PATH), "direct"),
        .ice_port_min = salon_config_get_uint (config, SALON_CONFIG_ICE_PORT_MIN),
        .ice_port_max = salon_config_get_uint (config, SALON_CONFIG_ICE_PORT_MAX),
        .stun_server = *stun_server != '\0' ? stun_server : NULL,
        .turn_server = *turn_server != '\0' ? turn_server : NULL,
        .ice_timeout_ms = salon_config_get_uint (config, SALON_CONFIG_ICE_TIMEOUT_S) * 1000,
        .descriptors = &self->descriptors,
        .n_seats = salon_config_get_uint (config, SALON_CONFIG_SEATS),
        .max_video = read_limit (config, SALON_CONFIG_LAST_N),
        .max_audio = read_limit (config, SALON_CONFIG_MAX_AUDIO),
        .min_bandwidth_bps = salon_config_get_uint (config, SALON_CONFIG_MIN_BANDWIDTH_KBPS) * 1000,
        .start_bandwidth_bps = salon_config_get_uint (config, SALON_CONFIG_START_BANDWIDTH_KBPS) * 1000,
        .max_bandwidth_bps = salon_config_get_uint (config, SALON_CONFIG_MAX_BANDWIDTH_KBPS) * 1000,
        .has_red = g_str_equal (salon_config_get_string (config, SALON_CONFIG_AUDIO_RED), "yes"),
        .video_codecs = salon_config_get_strv (config, SALON_CONFIG_VIDEO_CODECS),
    },
  };
  self->ice_servers = (SalonIceServers){
    .urls = salon_config_get_strv (config, SALON_CONFIG_CLIENT_ICE_SERVERS),
    .turn_secret = salon_config_get_string (config, SALON_CONFIG_TURN_SECRET),
    .turn_ttl_s = salon_config_get_uint (config, SALON_CONFIG_TURN_TTL_S),
    .turn_username = salon_config_get_string (config, SALON_CONFIG_TURN_USERNAME),
    .turn_password = salon_config_get_string (config, SALON_CONFIG_TURN_PASSWORD),
  };
  self->rooms = salon_rooms_new (self->store, &self->rooms_options);
  g_signal_connect (self->rooms, "usurped", G_CALLBACK (on_usurped), self);
  step_done (self);
}

static void
on_room_deleted (SalonRooms *rooms, const char *room, SalonApp *self)
{
  salon_jobs_stop_room (self->jobs, room);
}

/* Returns: to be freed with the rest of the options, as the target's texts are owned. */
static SalonUploadsOptions
read_uploads_options (const SalonConfig *config)
{
  const char *bucket = salon_config_get_string (config, SALON_CONFIG_S3_BUCKET);
  const char *endpoint = salon_config_get_string (config, SALON_CONFIG_S3_ENDPOINT);
  const char *region = salon_config_get_string (config, SALON_CONFIG_S3_REGION);

  return (SalonUploadsOptions){
    .program = salon_build_choose (
        SALON_BUILD_ROOT "/src/upload/" SALON_PROGRAM_UPLOAD, SALON_LIBEXECDIR "/" SALON_PROGRAM_UPLOAD),
    .target = {
        .endpoint
        = *endpoint != '\0' ? g_strdup (endpoint) : g_strdup_printf ("https://s3.%s.amazonaws.com", region),
        .bucket = *bucket != '\0' ? g_strdup (bucket) : NULL,
        .region = g_strdup (region),
        .access_key = g_strdup (salon_config_get_string (config, SALON_CONFIG_S3_ACCESS_KEY)),
        .secret_key = g_strdup (salon_config_get_string (config, SALON_CONFIG_S3_SECRET_KEY)),
        .is_virtual_host = g_str_equal (salon_config_get_string (config, SALON_CONFIG_S3_PATH_STYLE), "no"),
        .bandwidth_kbps = salon_config_get_uint (config, SALON_CONFIG_S3_BANDWIDTH_KBPS),
        .must_delete_local = g_str_equal (salon_config_get_string (config, SALON_CONFIG_S3_DELETE_LOCAL), "yes"),
    },
    .give_up_s = salon_config_get_uint (config, SALON_CONFIG_S3_GIVE_UP_S),
  };
}

static void
on_room_deserted (SalonRooms *rooms, const char *room, SalonApp *self)
{
  salon_recordings_leave_alone (self->recordings, room);
}

static guint
get_come_back_s (SalonApp *self)
{
  return self->rooms_options.grace_s + COME_BACK_S;
}

/* This server saw nobody go who did not come back after a restart. */
static gboolean
on_time_to_come_back (gpointer user_data)
{
  SalonApp *self = user_data;
  g_autoptr (GPtrArray) recordings = salon_recordings_list (self->recordings, NULL, NULL);
  gint64 started_at_s = g_get_real_time () / G_USEC_PER_SEC - get_come_back_s (self);

  self->come_back_id = 0;
  for (guint i = 0; i < recordings->len; i++)
    {
      const SalonJobSpec *spec = salon_job_get_spec (g_ptr_array_index (recordings, i));

      if (spec->room != NULL && spec->created_at_s <= started_at_s && !salon_rooms_has_host (self->rooms, spec->room))
        salon_recordings_leave_alone (self->recordings, spec->room);
    }
  return G_SOURCE_REMOVE;
}

static void
make_recordings (SalonApp *self)
{
  const SalonConfig *config = self->config;

  self->recordings_options = (SalonRecordingsOptions){
    .pipeline = salon_config_get_string (config, SALON_CONFIG_RECORDING_PIPELINE),
    .keep_days = salon_config_get_uint (config, SALON_CONFIG_RECORDINGS_KEEP_DAYS),
    .max_gb = salon_config_get_uint (config, SALON_CONFIG_RECORDINGS_MAX_GB),
    .min_free_mb = salon_config_get_uint (config, SALON_CONFIG_RECORDINGS_MIN_FREE_MB),
  };
  self->recordings = salon_recordings_new (self->jobs, &self->recordings_options);
  g_signal_connect (self->rooms, "deserted", G_CALLBACK (on_room_deserted), self);
  self->come_back_id = g_timeout_add_seconds (get_come_back_s (self), on_time_to_come_back, self);
  step_done (self);
}

static void
make_jobs (SalonApp *self)
{
  const SalonConfig *config = self->config;
  const char *pipelines = salon_config_get_string (config, SALON_CONFIG_PIPELINES_DIR);
  g_autoptr (GError) error = NULL;

  self->jobs_options = (SalonJobsOptions){
    .state_dir = salon_state_dir_get_path (self->state_dir),
    .program
    = salon_build_choose (SALON_BUILD_ROOT "/src/worker/" SALON_PROGRAM, SALON_LIBEXECDIR "/" SALON_PROGRAM),
    .pipelines_folder = *pipelines != '\0'
                            ? pipelines
                            : salon_build_choose (SALON_SOURCE_ROOT "/pipelines", SALON_DATADIR "/pipelines"),
    .max_jobs = salon_config_get_uint (config, SALON_CONFIG_MAX_JOBS),
    .max_jobs_per_room = salon_config_get_uint (config, SALON_CONFIG_MAX_JOBS_PER_ROOM),
    .min_free_mb = salon_config_get_uint (config, SALON_CONFIG_RECORDINGS_MIN_FREE_MB),
    .limits = {
        .elements = (char **)salon_config_get_strv (config, SALON_CONFIG_JOB_ELEMENTS),
        .media_folders = (char **)salon_config_get_strv (config, SALON_CONFIG_JOB_MEDIA_DIRS),
        .memory_mb = salon_config_get_uint (config, SALON_CONFIG_JOB_MEMORY_MB),
        .output_mb = salon_config_get_uint (config, SALON_CONFIG_JOB_OUTPUT_MB),
        .hang_s = salon_config_get_uint (config, SALON_CONFIG_JOB_HANG_S),
        .max_restarts = salon_config_get_uint (config, SALON_CONFIG_JOB_RESTARTS),
        .orphan_s = salon_config_get_uint (config, SALON_CONFIG_JOB_ORPHAN_S),
        .needs_sandbox = g_str_equal (salon_config_get_string (config, SALON_CONFIG_JOB_SANDBOX), "full"),
    },
    .upload_prefix = salon_config_get_string (config, SALON_CONFIG_S3_PREFIX),
    .uploads = read_uploads_options (config),
  };
  self->jobs = salon_jobs_new (&self->jobs_options, &error);
  if (self->jobs == NULL)
    {
      step_failed (self, error);
      return;
    }
  g_signal_connect (self->rooms, "deleted", G_CALLBACK (on_room_deleted), self);
  salon_rooms_set_jobs (self->rooms, self->jobs, salon_config_get_uint (config, SALON_CONFIG_MAX_TRANSCODES));
  step_done (self);
}

static void
on_registered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SalonApp *self = user_data;
  g_autoptr (GError) error = NULL;

  if (salon_store_register_finish (SALON_STORE (source), result, &error))
    step_done (self);
  else
    step_failed (self, error);
}

static void
register_node (SalonApp *self)
{
  salon_store_register_async (self->store, STORE_DEADLINE_MS, self->cancellable, on_registered, self);
}

static void
on_socket (SalonHttp *http, SalonSocket *socket, SalonApp *self)
{
  salon_session_start (&self->session_services, socket);
}

static void
announce (SalonApp *self)
{
  const char *url = salon_http_get_url (self->http);

  salon_log_event (
      SALON_LOG_NOTICE, "server_ready", (SalonLogFields){ .url = url }, "Salon " SALON_VERSION " is ready");
  g_print (_ ("Salon is ready: %s\n"), url);
  if (isatty (STDOUT_FILENO))
    {
      g_autofree char *qr = salon_qr_to_terminal (url);

      /* Not g_print(), which would write question marks in the C locale. */
      if (qr != NULL)
        fputs (qr, stdout);
      g_print (_ ("Ctrl+C stops it; --help says how to let others in. Data is in %s\n"),
          salon_state_dir_get_path (self->state_dir));
    }
  fflush (stdout);
}

static void
listen_locally (SalonApp *self)
{
  g_autofree char *path = g_build_filename (salon_state_dir_get_path (self->state_dir), "salon.sock", NULL);
  g_autoptr (GError) error = NULL;

  if (self->wire_door != NULL && !salon_http_listen_at (self->http, path, &error))
    warn_of_no_local_programs (error);
}

static void
start_serving (SalonApp *self)
{
  const SalonHttpServices services = {
    self->rooms,
    self->jobs,
    self->recordings,
    &self->ice_servers,
    self->admin_token,
    self->link_key,
  };
  g_autoptr (GError) error = NULL;

  self->session_services
      = (SalonSessionServices){ self->rooms, self->jobs, self->recordings, &self->ice_servers, self->link_key };
  self->http = salon_http_new (self->config, &services, &error);
  if (self->http == NULL)
    {
      step_failed (self, error);
      return;
    }
  g_signal_connect (self->http, "socket", G_CALLBACK (on_socket), self);
  listen_locally (self);
  announce (self);
  step_done (self);
}

static const Step start_steps[] = {
  { "open the state folder", open_state_dir },
  { "read its secrets", read_secrets },
  { "start redis-server", start_redis_server },
  { "open the store", open_store },
  { "open the media port", open_media_port },
  { "find our addresses", find_hosts },
  { "open the door to local programs", open_wire_door },
  { "make the rooms", make_rooms },
  { "register with the store", register_node },
  { "look after the jobs", make_jobs },
  { "look after the recordings", make_recordings },
  { "listen", start_serving },
  { NULL },
};

/* Stopping: whatever of it was started */

static void
stop_serving (SalonApp *self)
{
  if (self->http != NULL)
    salon_http_close (self->http);
  step_done (self);
}

static void
on_rooms_closed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SalonApp *self = user_data;

  self->is_cut_short = !salon_rooms_close_finish (SALON_ROOMS (source), result);
  step_done (self);
}

static void
close_rooms (SalonApp *self)
{
  /* They come back to the next server. */
  g_clear_handle_id (&self->come_back_id, g_source_remove);
  if (self->rooms != NULL)
    salon_rooms_close_async (self->rooms, ROOMS_DEADLINE_MS, on_rooms_closed, self);
  else
    step_done (self);
}

static void
on_sockets_closed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  salon_http_close_sockets_finish (SALON_HTTP (source), result);
  step_done (user_data);
}

static void
close_sockets (SalonApp *self)
{
  if (self->http != NULL)
    salon_http_close_sockets_async (self->http, SOCKETS_DEADLINE_MS, on_sockets_closed, self);
  else
    step_done (self);
}

static void
on_store_closed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  salon_store_close_finish (SALON_STORE (source), result);
  step_done (user_data);
}

static void
close_store (SalonApp *self)
{
  if (self->store != NULL)
    salon_store_close_async (self->store, on_store_closed, self);
  else
    step_done (self);
}

static void
on_redis_server_closed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  salon_redis_server_close_finish (SALON_REDIS_SERVER (source), result);
  step_done (user_data);
}

static void
close_redis_server (SalonApp *self)
{
  if (self->redis_server != NULL)
    salon_redis_server_close_async (self->redis_server, on_redis_server_closed, self);
  else
    step_done (self);
}

static const Step stop_steps[] = {
  { "stop listening", stop_serving },
  { "close the rooms", close_rooms },
  { "close the WebSockets", close_sockets },
  { "close the store", close_store },
  { "stop redis-server", close_redis_server },
  { NULL },
};

SalonApp *
salon_app_new (const SalonConfig *config)
{
  SalonApp *self = g_new0 (SalonApp, 1);

  GST_DEBUG_CATEGORY_INIT (salon_app_debug, "salon-app", 0, "Salon: start and stop");
  self->config = config;
  self->loop = g_main_loop_new (NULL, FALSE);
  self->cancellable = g_cancellable_new ();
  return self;
}

void
salon_app_free (SalonApp *self)
{
  if (self == NULL)
    return;
  g_clear_object (&self->http);
  g_clear_object (&self->recordings);
  g_clear_object (&self->jobs);
  salon_upload_target_clear (&self->jobs_options.uploads.target);
  g_clear_object (&self->rooms);
  salon_wire_door_free (self->wire_door);
  if (self->ice_hub != NULL)
    salon_ice_hub_close (self->ice_hub);
  g_clear_pointer (&self->ice_hub, salon_ice_hub_unref);
  g_clear_object (&self->store);
  g_clear_object (&self->redis_server);
  g_free (self->admin_token);
  g_free (self->link_key);
  salon_state_dir_free (self->state_dir);
  g_object_unref (self->cancellable);
  g_main_loop_unref (self->loop);
  g_free (self);
}

static void
on_loop_runs (gpointer user_data)
{
  run_step (user_data);
}

int
salon_app_run (SalonApp *self)
{
  static const int stop_signals[] = { SIGTERM, SIGINT, SIGHUP };

  for (guint i = 0; i < G_N_ELEMENTS (stop_signals); i++)
    g_unix_signal_add (stop_signals[i], on_signal, self);
  self->phase = PHASE_STARTING;
  self->step = start_steps;
  /* Not before the loop runs: steps that fail at once would quit it in vain. */
  g_idle_add_once (on_loop_runs, self);
  g_main_loop_run (self->loop);
  salon_log_event (SALON_LOG_NOTICE, "server_stopped", (SalonLogFields){ 0 }, "Stopped");
  if (self->is_cut_short)
    {
      fflush (NULL);
      _exit (self->exit_status);
    }
  return self->exit_status;
}
