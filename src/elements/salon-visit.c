/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-visit.h"

#include <stdlib.h>

#include "salon-bridge.h"
#include "salon-json.h"
#include "salon-unix-socket.h"

GST_DEBUG_CATEGORY_STATIC (salon_visit_debug);
#define GST_CAT_DEFAULT salon_visit_debug

#define FIRST_RETRY_MS 200
#define LAST_RETRY_MS 3000
/* From the first word to the server's last of a join and an attach; and for the connection to close. */
#define ANSWER_TIMEOUT_MS 20000
#define GOODBYE_TIMEOUT_MS 1000
/* gst-launch-1.0 lets an error quit its main loop in the thread that tells of it, and waits for ever if the loop does
 * not run yet: it needs this long from the change of state to there. */
#define FIRST_ERROR_MS 300
/* More than any text of the protocol. */
#define LONGEST_TEXT (256 * 1024)

typedef enum
{
  STATE_IDLE,
  STATE_CONNECTING, /* to the answer to the attach */
  STATE_ATTACHED,
  STATE_WAITING, /* to try again */
  STATE_ENDED,
} State;

typedef struct
{
  guint stream;
  const char *source; /* static */
  gboolean is_told;   /* the server knows, or is being told */
  gboolean has_ended;
} Published;

struct _SalonVisit
{
  SalonWire *wire; /* (borrowed) */
  char *server;    /* (owned) */
  char *room;      /* (owned) */
  char *token;     /* (owned) (nullable): secret */
  char *name;      /* (owned) */
  gboolean is_receiving;
  SalonCodecs codecs;
  gboolean has_one_picture;
  char *transcoded; /* (owned) (nullable) */
  guint reconnect_s;
  const SalonVisitEvents *events; /* (borrowed) */
  gpointer owner;                 /* (borrowed) */

  GMainContext *context; /* (owned) */
  GMainLoop *loop;       /* (owned) */
  GThread *thread;       /* (owned) (nullable): once started */
  GArray *published;     /* (owned) (element-type Published): once started, the thread's own */

  /* The thread's own. */
  gint64 started_us;
  State state;
  gboolean is_leaving;
  gboolean was_there;
  SalonClient *client;  /* (owned) (nullable) */
  SalonBridge *bridge;  /* (owned) (nullable): to a server on another machine */
  char *bridge_failure; /* (owned) (nullable) */
  GSource *timer;       /* (owned) (nullable): of the state */
  GError *failure;      /* (owned) (nullable): why it has ended */
  char *session;        /* (owned) (nullable): with which we are the same participant again; secret */
  gint64 lost_us;
  guint retry_ms;
};

/* -- timers -- */

GSource *
salon_visit_add_timeout (
    SalonVisit *self, guint interval_ms, GSourceFunc func, gpointer user_data, GDestroyNotify notify)
{
  GSource *source = g_timeout_source_new (interval_ms);

  g_source_set_callback (source, func, user_data, notify);
  g_source_attach (source, self->context);
  g_source_unref (source);
  return source;
}

static void
clear_timer (SalonVisit *self)
{
  if (self->timer != NULL)
    g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
}

/* Replaces the timer of the state that was left. */
static void
enter (SalonVisit *self, State state, guint limit_ms, GSourceFunc on_timeout)
{
  self->state = state;
  clear_timer (self);
  if (limit_ms > 0)
    self->timer = g_source_ref (salon_visit_add_timeout (self, limit_ms, on_timeout, self, NULL));
}

/* -- the end of a connection -- */

static gboolean on_retry (gpointer user_data);

static void
drop_client (SalonVisit *self)
{
  if (self->client != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->client, self);
      salon_client_close (self->client);
    }
  g_clear_object (&self->client);
  salon_wire_disconnect (self->wire);
  g_clear_pointer (&self->bridge, salon_bridge_free);
}

static gboolean
tell_end (gpointer user_data)
{
  SalonVisit *self = user_data;

  self->events->ended (self->owner, self->failure, self->was_there);
  return G_SOURCE_REMOVE;
}

static void
end (SalonVisit *self, const GError *error)
{
  gint64 elapsed_ms = (g_get_monotonic_time () - self->started_us) / G_TIME_SPAN_MILLISECOND;
  guint wait_ms = (guint)MAX (FIRST_ERROR_MS - elapsed_ms, 1);

  drop_client (self);
  if (self->is_leaving)
    {
      enter (self, STATE_ENDED, 0, NULL);
      g_main_loop_quit (self->loop);
      return;
    }
  self->failure = g_error_copy (error);
  enter (self, STATE_ENDED, wait_ms, tell_end);
}

static gboolean
may_try_again (SalonVisit *self)
{
  gint64 now_us = g_get_monotonic_time ();

  if (self->lost_us == 0)
    self->lost_us = now_us;
  return self->was_there && now_us - self->lost_us < self->reconnect_s * G_USEC_PER_SEC;
}

static void
lose (SalonVisit *self, const GError *error)
{
  gboolean is_news = self->state == STATE_ATTACHED;

  if (self->is_leaving || !may_try_again (self))
    {
      end (self, error);
      return;
    }
  drop_client (self);
  enter (self, STATE_WAITING, self->retry_ms, on_retry);
  self->retry_ms = MIN (2 * self->retry_ms, LAST_RETRY_MS);
  if (is_news)
    self->events->lost (self->owner, error->message);
}

static gboolean
on_answer_timeout (gpointer user_data)
{
  SalonVisit *self = user_data;
  g_autoptr (GError) error = g_error_new (
      G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "The server does not answer within %d s", ANSWER_TIMEOUT_MS / 1000);

  lose (self, error);
  return G_SOURCE_REMOVE;
}

/* What the server ends for good, there is no use in coming back to. */
static void
on_bye (SalonVisit *self, JsonObject *params)
{
  const char *reason = "";
  const char *message = "The server ended the stay";
  g_autoptr (GError) error = NULL;

  if (!salon_json_get_string (params, "reason", 1, LONGEST_TEXT, &reason, &error)
      || !salon_json_get_string (params, "message", 1, LONGEST_TEXT, &message, &error))
    return;
  error = g_error_new (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, "%s", message);
  if (g_str_equal (reason, "shutting_down") || g_str_equal (reason, "media_failed"))
    lose (self, error);
  else
    end (self, error);
}

static void
on_notification (SalonClient *client, const char *method, JsonObject *params, SalonVisit *self)
{
  g_autoptr (JsonObject) slot = NULL;

  if (self->is_leaving)
    return;
  /* The host takes their time. */
  if (g_str_equal (method, "waiting"))
    enter (self, STATE_CONNECTING, 0, NULL);
  if (g_str_equal (method, "bye"))
    on_bye (self, params);
  else if (self->bridge == NULL)
    self->events->told (self->owner, method, params);
  else if (g_str_equal (method, "slot"))
    {
      slot = salon_bridge_take_slot (self->bridge, params);
      if (slot != NULL)
        self->events->told (self->owner, method, slot);
    }
  else if (!salon_negotiation_take (salon_bridge_get_negotiation (self->bridge), method, params))
    self->events->told (self->owner, method, params);
}

static void
on_closed (SalonClient *client, SalonVisit *self)
{
  g_autoptr (GError) error
      = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, "The connection to the server is lost");

  lose (self, error);
}

/* -- the beginning -- */

/* Whether an answer comes too late. */
static gboolean
is_over (SalonVisit *self, GObject *client)
{
  return self->client != (SalonClient *)client || self->is_leaving;
}

static gboolean
connect_wire (SalonVisit *self, JsonObject *reply, GError **error)
{
  const char *path;
  const char *secret;
  g_autoptr (GSocket) socket = NULL;

  if (!salon_json_get_string (reply, "path", 1, LONGEST_TEXT, &path, error)
      || !salon_json_get_string (reply, "secret", 1, LONGEST_TEXT, &secret, error))
    return FALSE;
  socket = salon_unix_socket_connect (path, G_SOCKET_TYPE_SEQPACKET, error);
  if (socket == NULL || g_socket_send (socket, secret, strlen (secret), NULL, error) < 0)
    return FALSE;
  salon_wire_connect (self->wire, socket);
  return TRUE;
}

/* -- what is published -- */

static void
add_source (JsonArray *tracks, const char *mid, const char *source)
{
  JsonObject *track = json_object_new ();

  json_object_set_string_member (track, "mid", mid);
  json_object_set_string_member (track, "source", source);
  json_array_add_object_element (tracks, track);
}

static void
add_stream (JsonArray *tracks, Published *published)
{
  g_autofree char *mid = g_strdup_printf ("%u", published->stream);

  published->is_told = TRUE;
  add_source (tracks, mid, published->source);
}

static void
forget_stream (SalonVisit *self, guint stream)
{
  for (guint i = 0; i < self->published->len; i++)
    {
      Published *published = &g_array_index (self->published, Published, i);

      if (published->stream == stream)
        published->has_ended = TRUE;
    }
}

typedef struct
{
  SalonVisit *visit; /* (borrowed) */
  guint stream;
} Late;

static void
on_late_attached (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) reply = salon_client_request_finish (SALON_CLIENT (source), result, &error);
  g_autofree Late *late = user_data;

  if (is_over (late->visit, source))
    return;
  /* Else it would have all of the next attach refused. */
  if (error != NULL)
    forget_stream (late->visit, late->stream);
  late->visit->events->published (late->visit->owner, late->stream, error);
}

/* One by one, since all of an attach fail together. */
static void
attach_late (SalonVisit *self)
{
  for (guint i = 0; self->state == STATE_ATTACHED && i < self->published->len; i++)
    {
      Published *published = &g_array_index (self->published, Published, i);
      JsonObject *params;
      JsonArray *tracks;
      Late *late;

      if (published->is_told || published->has_ended)
        continue;
      params = json_object_new ();
      tracks = json_array_new ();
      late = g_new (Late, 1);
      *late = (Late){ self, published->stream };
      add_stream (tracks, published);
      json_object_set_array_member (params, "tracks", tracks);
      salon_client_request_async (self->client, "attach", params, on_late_attached, late);
    }
}

static void
tell_published (SalonVisit *self)
{
  for (guint i = 0; i < self->published->len; i++)
    {
      const Published *published = &g_array_index (self->published, Published, i);

      if (published->is_told)
        self->events->published (self->owner, published->stream, NULL);
    }
}

static void
settle (SalonVisit *self)
{
  enter (self, STATE_ATTACHED, 0, NULL);
  self->was_there = TRUE;
  self->lost_us = 0;
  self->retry_ms = FIRST_RETRY_MS;
  self->events->attached (self->owner);
}

static void
on_attached (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) reply = salon_client_request_finish (SALON_CLIENT (source), result, &error);
  SalonVisit *self = user_data;

  if (is_over (self, source))
    return;
  if (reply == NULL || !connect_wire (self, reply, &error))
    {
      lose (self, error);
      return;
    }
  self->events->flowing (self->owner);
  settle (self);
  tell_published (self);
  attach_late (self);
}

static JsonArray *
list_codecs (SalonCodecs codecs)
{
  JsonArray *names = json_array_new ();

  for (guint i = 0; i < SALON_N_CODECS; i++)
    {
      g_autofree char *name = g_ascii_strdown (salon_codec_get_info (i)->encoding_name, -1);

      if ((codecs & 1u << i) != 0)
        json_array_add_string_element (names, name);
    }
  return names;
}

static void
attach (SalonVisit *self)
{
  JsonObject *params = json_object_new ();
  JsonArray *tracks = json_array_new ();

  for (guint i = 0; i < self->published->len; i++)
    {
      Published *published = &g_array_index (self->published, Published, i);

      if (!published->has_ended)
        add_stream (tracks, published);
    }
  json_object_set_array_member (params, "tracks", tracks);
  json_object_set_boolean_member (params, "receive", self->is_receiving);
  if (self->is_receiving)
    json_object_set_array_member (params, "codecs", list_codecs (self->codecs));
  salon_client_request_async (self->client, "attach", params, on_attached, self);
}

static void
transcode (SalonVisit *self)
{
  JsonObject *params = json_object_new ();

  json_object_set_string_member (params, "room", self->room);
  json_object_set_string_member (params, "track", self->transcoded);
  json_object_set_boolean_member (params, "receive", self->is_receiving);
  salon_client_request_async (self->client, "transcode", params, on_attached, self);
}

static void
on_joined (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) reply = salon_client_request_finish (SALON_CLIENT (source), result, &error);
  SalonVisit *self = user_data;
  const char *session;

  if (is_over (self, source))
    return;
  if (reply == NULL || !salon_json_get_string (reply, "session", 1, LONGEST_TEXT, &session, &error)
      || (self->bridge != NULL
          && !salon_negotiation_take_result (salon_bridge_get_negotiation (self->bridge), reply, &error)))
    {
      lose (self, error);
      return;
    }
  g_free (self->session);
  self->session = g_strdup (session);
  /* Who waited for the host, did so without a limit. */
  enter (self, STATE_CONNECTING, ANSWER_TIMEOUT_MS, on_answer_timeout);
  self->events->joined (self->owner, reply);
  if (self->bridge == NULL)
    attach (self);
}

/* The sources of the m-lines of an offer, in their order. */
static void
add_sources (SalonVisit *self, JsonObject *params)
{
  JsonArray *tracks = json_array_new ();
  const char *sdp = json_object_get_string_member (json_object_get_object_member (params, "offer"), "sdp");
  g_auto (GStrv) lines = g_strsplit (sdp, "\r\n", -1);
  guint next = 0;

  for (guint i = 0; lines[i] != NULL && next < self->published->len; i++)
    {
      if (g_str_has_prefix (lines[i], "a=mid:"))
        add_source (tracks, lines[i] + strlen ("a=mid:"), g_array_index (self->published, Published, next++).source);
    }
  json_object_set_array_member (params, "tracks", tracks);
}

static gboolean
add_offer (SalonVisit *self, JsonObject *params, GError **error)
{
  if (self->bridge == NULL || self->published->len == 0)
    return TRUE;
  if (!salon_negotiation_offer (salon_bridge_get_negotiation (self->bridge), params, error))
    return FALSE;
  add_sources (self, params);
  return TRUE;
}

static void
join (SalonVisit *self)
{
  g_autoptr (JsonObject) params = json_object_new ();
  JsonObject *config = json_object_new ();
  g_autoptr (GError) error = NULL;

  /* By WebRTC, that is. */
  json_object_set_boolean_member (config, "NoSubscribe", self->bridge == NULL || !self->is_receiving);
  if (self->has_one_picture)
    json_object_set_int_member (config, "max_video", 1);
  json_object_set_string_member (params, "sid", self->room);
  json_object_set_string_member (params, "name", self->name);
  if (self->token != NULL)
    json_object_set_string_member (params, "token", self->token);
  json_object_set_boolean_member (params, "unattended", TRUE);
  if (self->session != NULL)
    json_object_set_string_member (params, "session", self->session);
  json_object_set_object_member (params, "config", config);
  if (add_offer (self, params, &error))
    salon_client_request_async (self->client, "join", g_steal_pointer (&params), on_joined, self);
  else
    lose (self, error);
}

/* -- a server on another machine -- */

static void
on_bridge_negotiable (gpointer user_data)
{
  SalonVisit *self = user_data;

  if (!self->is_leaving)
    join (self);
}

static void
on_bridge_connected (gpointer user_data)
{
  SalonVisit *self = user_data;

  if (!self->is_leaving)
    settle (self);
}

static gboolean
on_bridge_failure (gpointer user_data)
{
  SalonVisit *self = user_data;
  g_autoptr (GError) error = g_error_new (G_IO_ERROR, G_IO_ERROR_FAILED, "%s", self->bridge_failure);

  g_clear_pointer (&self->bridge_failure, g_free);
  if (self->bridge != NULL)
    lose (self, error);
  return G_SOURCE_REMOVE;
}

/* Not at once: the bridge is in the middle of something. */
static void
on_bridge_failed (const char *message, gpointer user_data)
{
  SalonVisit *self = user_data;

  if (self->bridge_failure != NULL)
    return;
  self->bridge_failure = g_strdup (message);
  salon_visit_add_timeout (self, 0, on_bridge_failure, self, NULL);
}

static const SalonBridgeEvents bridge_events
    = { .negotiable = on_bridge_negotiable, .connected = on_bridge_connected, .failed = on_bridge_failed };

/* Media has to flow before it can be offered. */
static gboolean
open_bridge (SalonVisit *self, GError **error)
{
  g_autofree guint *streams = g_new (guint, self->published->len);
  g_autoptr (GSocket) socket = NULL;

  for (guint i = 0; i < self->published->len; i++)
    streams[i] = g_array_index (self->published, Published, i).stream;
  self->bridge = salon_bridge_new (
      self->client, streams, self->published->len, self->is_receiving ? self->codecs : 0, &bridge_events, self);
  socket = salon_bridge_connect (self->bridge, error);
  if (socket == NULL)
    return FALSE;
  salon_wire_connect (self->wire, socket);
  self->events->flowing (self->owner);
  return TRUE;
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  gboolean is_connected = salon_client_connect_finish (SALON_CLIENT (source), result, &error);
  SalonVisit *self = user_data;

  /* Nobody could say good-bye before. */
  if (self->is_leaving && self->client == (SalonClient *)source)
    end (self, NULL);
  if (is_over (self, source))
    return;
  if (!is_connected)
    g_prefix_error (&error, "There is no Salon at %s: start it, or set the property server: ", self->server);
  if (!is_connected || (!g_path_is_absolute (self->server) && !open_bridge (self, &error)))
    lose (self, error);
  else if (self->transcoded != NULL)
    transcode (self);
  else if (self->bridge == NULL || self->published->len == 0)
    join (self);
}

/* Between two connections: the m-lines of one keep their order. */
static void
forget_ended (SalonVisit *self)
{
  for (guint i = self->published->len; i-- > 0;)
    {
      if (g_array_index (self->published, Published, i).has_ended)
        g_array_remove_index (self->published, i);
    }
}

static void
connect_client (SalonVisit *self)
{
  enter (self, STATE_CONNECTING, ANSWER_TIMEOUT_MS, on_answer_timeout);
  forget_ended (self);
  self->client = salon_client_new ();
  g_signal_connect (self->client, "notification", G_CALLBACK (on_notification), self);
  g_signal_connect (self->client, "closed", G_CALLBACK (on_closed), self);
  salon_client_connect_async (self->client, self->server, on_connected, self);
}

static gboolean
on_retry (gpointer user_data)
{
  connect_client (user_data);
  return G_SOURCE_REMOVE;
}

/* -- the thread -- */

static gboolean
on_goodbye_timeout (gpointer user_data)
{
  end (user_data, NULL);
  return G_SOURCE_REMOVE;
}

/* Closing says good-bye: the server has us leave the room at once. */
static gboolean
leave (gpointer user_data)
{
  SalonVisit *self = user_data;

  self->is_leaving = TRUE;
  if (self->client == NULL)
    {
      end (self, NULL);
      return G_SOURCE_REMOVE;
    }
  enter (self, self->state, GOODBYE_TIMEOUT_MS, on_goodbye_timeout);
  salon_client_close (self->client);
  return G_SOURCE_REMOVE;
}

static gpointer
run (gpointer user_data)
{
  SalonVisit *self = user_data;

  g_main_context_push_thread_default (self->context);
  self->started_us = g_get_monotonic_time ();
  connect_client (self);
  g_main_loop_run (self->loop);
  /* What is under way ends before the context does. */
  while (g_main_context_iteration (self->context, FALSE))
    continue;
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

void
salon_visit_start (SalonVisit *self)
{
  g_assert (self->thread == NULL);
  self->thread = g_thread_new ("salon-visit", run, self);
}

void
salon_visit_request (SalonVisit *self, const char *method, JsonObject *params)
{
  if (self->client != NULL)
    salon_client_notify (self->client, method, params);
  else
    json_object_unref (params);
}

/* -- from other threads -- */

typedef struct
{
  SalonVisit *visit; /* (borrowed): whose thread it is for */
  Published published;
} News;

static gboolean
on_publish (gpointer user_data)
{
  const News *news = user_data;

  g_array_append_val (news->visit->published, news->published);
  attach_late (news->visit);
  return G_SOURCE_REMOVE;
}

static gboolean
on_withdraw (gpointer user_data)
{
  const News *news = user_data;

  forget_stream (news->visit, news->published.stream);
  return G_SOURCE_REMOVE;
}

static void
post_news (SalonVisit *self, GSourceFunc func, const Published *published)
{
  News *news = g_new (News, 1);

  *news = (News){ self, *published };
  salon_visit_add_timeout (self, 0, func, news, g_free);
}

void
salon_visit_publish (SalonVisit *self, guint stream, const char *source)
{
  const Published published = { .stream = stream, .source = source };

  if (self->thread == NULL)
    g_array_append_val (self->published, published);
  else
    post_news (self, on_publish, &published);
}

void
salon_visit_withdraw (SalonVisit *self, guint stream)
{
  post_news (self, on_withdraw, &(Published){ .stream = stream });
}

gboolean
salon_visit_is_local (SalonVisit *self)
{
  return g_path_is_absolute (self->server);
}

/* -- life -- */

SalonVisit *
salon_visit_new (const SalonVisitOptions *options, SalonWire *wire, const SalonVisitEvents *events, gpointer owner)
{
  SalonVisit *self = g_new0 (SalonVisit, 1);

  GST_DEBUG_CATEGORY_INIT (salon_visit_debug, "salon-visit", 0, "Salon: an element's stay in a room");
  self->wire = wire;
  self->server = g_strdup (options->server);
  self->room = g_strdup (options->room);
  self->token = g_strdup (options->token);
  self->name = g_strdup (options->name);
  self->is_receiving = options->is_receiving;
  self->codecs = options->codecs;
  self->has_one_picture = options->has_one_picture;
  self->transcoded = g_strdup (options->transcoded);
  self->reconnect_s = options->reconnect_s;
  self->events = events;
  self->owner = owner;
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  self->published = g_array_new (FALSE, FALSE, sizeof (Published));
  self->retry_ms = FIRST_RETRY_MS;
  return self;
}

void
salon_visit_free (SalonVisit *self)
{
  if (self->thread != NULL)
    {
      salon_visit_add_timeout (self, 0, leave, self, NULL);
      g_thread_join (self->thread);
    }
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
  g_array_unref (self->published);
  g_free (self->session);
  g_free (self->bridge_failure);
  g_clear_error (&self->failure);
  g_free (self->transcoded);
  g_free (self->server);
  g_free (self->room);
  g_free (self->token);
  g_free (self->name);
  g_free (self);
}

char *
salon_visit_find_server (void)
{
  const char *const folders[] = { g_get_user_state_dir (), "/var/lib" };

  for (guint i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      g_autofree char *folder = g_build_filename (folders[i], "salon", NULL);
      /* A job's leads through its own folder, which makes it longer than a socket's path may be. */
      g_autofree char *real_folder = realpath (folder, NULL);
      g_autofree char *path = g_build_filename (real_folder != NULL ? real_folder : folder, "salon.sock", NULL);

      if (g_file_test (path, G_FILE_TEST_EXISTS))
        return g_steal_pointer (&path);
    }
  return NULL;
}
