/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-endpoint.h"

#include <gio/gio.h>

#include "salon-bin.h"
#include "salon-json.h"

#define DEFAULT_RECONNECT_S 30
/* The server of this machine. */
#define LOCAL "local"
#define LONGEST_TEXT 4096

typedef struct
{
  SalonWire *wire;   /* (owned): its pads are let go of after the bin's elements */
  SalonVisit *visit; /* (owned) (nullable): from the change to PAUSED on, until it leaves */
  GMutex leave_lock; /* one ends it, another waits for that */

  /* The object lock. */
  char *server;       /* (owned) */
  char *room;         /* (owned) (nullable) */
  char *token;        /* (owned) (nullable): secret */
  char *display_name; /* (owned) (nullable) */
  char *transcoded;   /* (owned) (nullable) */
  char *participant;  /* (owned) (nullable) */
  guint reconnect_s;
  guint64 n_attached;
  gboolean is_leaving; /* the visit takes nothing more */
} SalonEndpointPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (SalonEndpoint, salon_endpoint, GST_TYPE_BIN)

enum
{
  PROP_SERVER = 1,
  PROP_ROOM,
  PROP_TOKEN,
  PROP_DISPLAY_NAME,
  PROP_TRANSCODES,
  PROP_RECONNECT,
  PROP_OWN_ID,
  PROP_STATS,
  N_PROPS
};
static GParamSpec *properties[N_PROPS];

enum
{
  SIGNAL_TOLD,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static SalonEndpointPrivate *
get_private (SalonEndpoint *self)
{
  return salon_endpoint_get_instance_private (self);
}

SalonWire *
salon_endpoint_get_wire (SalonEndpoint *self)
{
  return get_private (self)->wire;
}

SalonVisit *
salon_endpoint_get_visit (SalonEndpoint *self)
{
  return get_private (self)->visit;
}

static void
set_leaving (SalonEndpoint *self, gboolean is_leaving)
{
  GST_OBJECT_LOCK (self);
  get_private (self)->is_leaving = is_leaving;
  GST_OBJECT_UNLOCK (self);
}

void
salon_endpoint_leave (SalonEndpoint *self)
{
  SalonEndpointPrivate *private = get_private (self);

  g_mutex_lock (&private->leave_lock);
  set_leaving (self, TRUE);
  if (private->visit != NULL)
    salon_visit_free (private->visit);
  /* Its own thread needed the pointer until here. */
  private->visit = NULL;
  g_mutex_unlock (&private->leave_lock);
}

typedef struct
{
  SalonVisit *visit;  /* (borrowed): in whose thread it is made */
  const char *method; /* static */
  JsonObject *params; /* (owned) */
} Request;

static void
request_free (Request *request)
{
  json_object_unref (request->params);
  g_free (request);
}

static gboolean
make_request (gpointer user_data)
{
  Request *request = user_data;

  salon_visit_request (request->visit, request->method, json_object_ref (request->params));
  return G_SOURCE_REMOVE;
}

/* With the object lock. Returns: (transfer none) (nullable) */
static SalonVisit *
get_visit_locked (SalonEndpoint *self)
{
  SalonEndpointPrivate *private = get_private (self);

  return private->is_leaving ? NULL : private->visit;
}

void
salon_endpoint_request (SalonEndpoint *self, const char *method, JsonObject *params)
{
  Request *request = g_new (Request, 1);
  SalonVisit *visit;

  GST_OBJECT_LOCK (self);
  visit = get_visit_locked (self);
  *request = (Request){ visit, method, params };
  if (visit != NULL)
    salon_visit_add_timeout (visit, 0, make_request, request, (GDestroyNotify)request_free);
  GST_OBJECT_UNLOCK (self);
  if (visit == NULL)
    request_free (request);
}

gboolean
salon_endpoint_publish (SalonEndpoint *self, guint stream, const char *source)
{
  SalonVisit *visit;
  gboolean is_possible;

  GST_OBJECT_LOCK (self);
  visit = get_visit_locked (self);
  is_possible = visit == NULL || salon_visit_is_local (visit);
  if (visit != NULL && is_possible)
    salon_visit_publish (visit, stream, source);
  GST_OBJECT_UNLOCK (self);
  return is_possible;
}

void
salon_endpoint_withdraw (SalonEndpoint *self, guint stream)
{
  SalonVisit *visit;

  GST_OBJECT_LOCK (self);
  visit = get_visit_locked (self);
  if (visit != NULL)
    salon_visit_withdraw (visit, stream);
  GST_OBJECT_UNLOCK (self);
}

void
salon_endpoint_post (SalonEndpoint *self, GstStructure *structure)
{
  gst_element_post_message (GST_ELEMENT (self), gst_message_new_element (GST_OBJECT (self), structure));
}

/* -- events of the visit -- */

static void
salon_endpoint_joined (SalonEndpoint *self, JsonObject *result)
{
  SalonEndpointPrivate *private = get_private (self);
  const char *id = "";
  g_autoptr (GError) error = NULL;

  if (!salon_json_get_string (result, "participant", 1, LONGEST_TEXT, &id, &error))
    GST_WARNING_OBJECT (self, "%s", error->message);
  GST_OBJECT_LOCK (self);
  g_free (private->participant);
  private->participant = g_strdup (id);
  GST_OBJECT_UNLOCK (self);
}

static void
salon_endpoint_attached (SalonEndpoint *self)
{
  SalonEndpointPrivate *private = get_private (self);
  GstStructure *structure;

  GST_OBJECT_LOCK (self);
  private->n_attached++;
  structure = gst_structure_new (
      "salon-attached", "room", G_TYPE_STRING, private->room, "participant", G_TYPE_STRING, private->participant, NULL);
  GST_OBJECT_UNLOCK (self);
  salon_endpoint_post (self, structure);
}

static void
salon_endpoint_flowing (SalonEndpoint *self)
{
}

static void
salon_endpoint_told (SalonEndpoint *self, const char *method, JsonObject *params)
{
}

static void
salon_endpoint_published (SalonEndpoint *self, guint stream, const GError *error)
{
}

static void
salon_endpoint_lost (SalonEndpoint *self)
{
}

static void
salon_endpoint_ended (SalonEndpoint *self, const GError *error, gboolean was_there)
{
  GST_ELEMENT_ERROR (self, RESOURCE, OPEN_READ_WRITE, ("%s", error->message), (NULL));
}

static void
on_joined (gpointer owner, JsonObject *result)
{
  SALON_ENDPOINT_GET_CLASS (owner)->joined (owner, result);
  g_signal_emit (owner, signals[SIGNAL_TOLD], 0, "join", result);
}

static void
on_flowing (gpointer owner)
{
  SALON_ENDPOINT_GET_CLASS (owner)->flowing (owner);
}

static void
on_attached (gpointer owner)
{
  SALON_ENDPOINT_GET_CLASS (owner)->attached (owner);
}

static void
on_told (gpointer owner, const char *method, JsonObject *params)
{
  if (g_str_equal (method, "waiting"))
    salon_endpoint_post (owner, gst_structure_new_empty ("salon-waiting"));
  SALON_ENDPOINT_GET_CLASS (owner)->told (owner, method, params);
  g_signal_emit (owner, signals[SIGNAL_TOLD], 0, method, params);
}

static void
on_published (gpointer owner, guint stream, const GError *error)
{
  SALON_ENDPOINT_GET_CLASS (owner)->published (owner, stream, error);
}

static void
on_lost (gpointer owner, const char *reason)
{
  salon_endpoint_post (owner, gst_structure_new ("salon-lost", "reason", G_TYPE_STRING, reason, NULL));
  SALON_ENDPOINT_GET_CLASS (owner)->lost (owner);
}

static void
on_ended (gpointer owner, const GError *error, gboolean was_there)
{
  if (was_there)
    salon_endpoint_post (owner, gst_structure_new ("salon-ended", "reason", G_TYPE_STRING, error->message, NULL));
  SALON_ENDPOINT_GET_CLASS (owner)->ended (owner, error, was_there);
}

static const SalonVisitEvents visit_events = { .joined = on_joined,
  .flowing = on_flowing,
  .attached = on_attached,
  .published = on_published,
  .told = on_told,
  .lost = on_lost,
  .ended = on_ended };

/* -- states -- */

static gboolean
begin (SalonEndpoint *self)
{
  SalonEndpointPrivate *private = get_private (self);
  g_autofree char *found = g_str_equal (private->server, LOCAL) ? salon_visit_find_server () : NULL;
  SalonVisitOptions options = {
    .server = g_str_equal (private->server, LOCAL) ? found : private->server,
    .room = private->room,
    .token = private->token,
    .name = private->display_name != NULL ? private->display_name : GST_OBJECT_NAME (self),
    .transcoded = private->transcoded,
    .reconnect_s = private->reconnect_s,
  };

  if (private->visit != NULL)
    GST_ELEMENT_ERROR (self, CORE, STATE_CHANGE, ("An error cut its start short: set it to NULL first"), (NULL));
  else if (options.server == NULL)
    GST_ELEMENT_ERROR (self, RESOURCE, NOT_FOUND,
        ("No Salon of yours runs on this machine: start it, or set the property server"), (NULL));
  else if (options.room == NULL)
    GST_ELEMENT_ERROR (self, RESOURCE, SETTINGS, ("Which room? Set the property room"), (NULL));
  else if (options.transcoded != NULL && !g_path_is_absolute (options.server))
    GST_ELEMENT_ERROR (self, RESOURCE, SETTINGS, ("The property transcodes needs a server of this machine"), (NULL));
  else
    {
      if (SALON_ENDPOINT_GET_CLASS (self)->prepare != NULL)
        SALON_ENDPOINT_GET_CLASS (self)->prepare (self, &options);
      private->visit = salon_visit_new (&options, private->wire, &visit_events, self);
      set_leaving (self, FALSE);
      return TRUE;
    }
  return FALSE;
}

static GstStateChangeReturn
salon_endpoint_change_state (GstElement *element, GstStateChange transition)
{
  SalonEndpoint *self = SALON_ENDPOINT (element);
  GstStateChangeReturn result;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !begin (self))
    return GST_STATE_CHANGE_FAILURE;
  result = GST_ELEMENT_CLASS (salon_endpoint_parent_class)->change_state (element, transition);
  /* Nothing blocks the reading thread any more. */
  if (salon_bin_has_stopped (transition, result))
    salon_endpoint_leave (self);
  return result;
}

/* -- properties -- */

static void
set_text (SalonEndpoint *self, char **text, const GValue *value)
{
  GST_OBJECT_LOCK (self);
  g_free (*text);
  *text = g_value_dup_string (value);
  if (*text == NULL && text == &get_private (self)->server)
    *text = g_strdup (LOCAL);
  GST_OBJECT_UNLOCK (self);
}

static void
salon_endpoint_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  SalonEndpoint *self = SALON_ENDPOINT (object);
  SalonEndpointPrivate *private = get_private (self);

  switch (id)
    {
    case PROP_SERVER:
      set_text (self, &private->server, value);
      break;
    case PROP_ROOM:
      set_text (self, &private->room, value);
      break;
    case PROP_TOKEN:
      set_text (self, &private->token, value);
      break;
    case PROP_DISPLAY_NAME:
      set_text (self, &private->display_name, value);
      break;
    case PROP_TRANSCODES:
      set_text (self, &private->transcoded, value);
      break;
    case PROP_RECONNECT:
      private
      ->reconnect_s = g_value_get_uint (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static GstStructure *
make_stats (SalonEndpoint *self)
{
  SalonEndpointPrivate *private = get_private (self);
  SalonWireStats stats = salon_wire_get_stats (private->wire);

  return gst_structure_new ("salon-stats", "packets-sent", G_TYPE_UINT64, stats.packets_sent, "bytes-sent",
      G_TYPE_UINT64, stats.bytes_sent, "packets-received", G_TYPE_UINT64, stats.packets_received, "bytes-received",
      G_TYPE_UINT64, stats.bytes_received, "packets-dropped", G_TYPE_UINT64, stats.packets_dropped, "keyframe-requests",
      G_TYPE_UINT64, stats.keyframe_requests, "times-attached", G_TYPE_UINT64, private->n_attached, NULL);
}

static void
salon_endpoint_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  SalonEndpoint *self = SALON_ENDPOINT (object);
  SalonEndpointPrivate *private = get_private (self);

  GST_OBJECT_LOCK (self);
  switch (id)
    {
    case PROP_SERVER:
      g_value_set_string (value, private->server);
      break;
    case PROP_ROOM:
      g_value_set_string (value, private->room);
      break;
    case PROP_DISPLAY_NAME:
      g_value_set_string (value, private->display_name);
      break;
    case PROP_TRANSCODES:
      g_value_set_string (value, private->transcoded);
      break;
    case PROP_RECONNECT:
      g_value_set_uint (value, private->reconnect_s);
      break;
    case PROP_OWN_ID:
      g_value_set_string (value, private->participant);
      break;
    case PROP_STATS:
      g_value_take_boxed (value, make_stats (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
  GST_OBJECT_UNLOCK (self);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags flags = G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;

  properties[PROP_SERVER] = g_param_spec_string ("server", "Server",
      "URL (http://host:port); or the path of a socket on this machine, salon.sock in the server's state folder, which "
      "takes no encryption; or local: the socket of your server, or of the system's",
      LOCAL, flags | G_PARAM_READWRITE);
  properties[PROP_ROOM]
      = g_param_spec_string ("room", "Room", "Name of the room, as in its link", NULL, flags | G_PARAM_READWRITE);
  properties[PROP_TOKEN] = g_param_spec_string ("token", "Token",
      "The room's owner token, with which it comes in past lock and waiting room; over the socket of this machine's "
      "server it does without. A secret: it can't be read back",
      NULL, flags | G_PARAM_WRITABLE);
  properties[PROP_DISPLAY_NAME] = g_param_spec_string ("display-name", "Display name",
      "What others in the room see; the element's name by default", NULL, flags | G_PARAM_READWRITE);
  properties[PROP_TRANSCODES] = g_param_spec_string ("transcodes", "Transcodes",
      "Id of a picture in the room, to be given in another codec to who can't play it, for which the element is nobody "
      "in the room: salonsrc takes it, salonsink gives it back. On the server's machine",
      NULL, flags | G_PARAM_READWRITE);
  properties[PROP_RECONNECT] = g_param_spec_uint ("reconnect", "Reconnect",
      "For how many seconds to try to come back when the connection is lost", 0, G_MAXUINT / 1000, DEFAULT_RECONNECT_S,
      flags | G_PARAM_READWRITE);
  properties[PROP_OWN_ID] = g_param_spec_string ("own-id", "Own id", "Id of the participant that this element is", NULL,
      G_PARAM_STATIC_STRINGS | G_PARAM_READABLE);
  properties[PROP_STATS] = g_param_spec_boxed ("stats", "Statistics",
      "packets-sent, bytes-sent, packets-received, bytes-received, packets-dropped (for want of a keyframe or because "
      "the other end is slow), keyframe-requests (to the other end), times-attached",
      GST_TYPE_STRUCTURE, G_PARAM_STATIC_STRINGS | G_PARAM_READABLE);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

/* -- life -- */

static void
salon_endpoint_constructed (GObject *object)
{
  SalonEndpoint *self = SALON_ENDPOINT (object);
  SalonEndpointClass *klass = SALON_ENDPOINT_GET_CLASS (self);
  SalonEndpointPrivate *private = get_private (self);

  private->wire = salon_wire_new (klass->patience_ms, 0, klass->max_sources);
  gst_object_ref_sink (private->wire);
  gst_bin_add (GST_BIN (self), GST_ELEMENT (private->wire));
  G_OBJECT_CLASS (salon_endpoint_parent_class)->constructed (object);
}

static void
salon_endpoint_finalize (GObject *object)
{
  SalonEndpointPrivate *private = get_private (SALON_ENDPOINT (object));

  g_assert (private->visit == NULL); /* it has left, on its way to NULL */
  gst_object_unref (private->wire);
  g_mutex_clear (&private->leave_lock);
  g_free (private->server);
  g_free (private->room);
  g_free (private->token);
  g_free (private->display_name);
  g_free (private->transcoded);
  g_free (private->participant);
  G_OBJECT_CLASS (salon_endpoint_parent_class)->finalize (object);
}

static void
salon_endpoint_class_init (SalonEndpointClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = salon_endpoint_constructed;
  object_class->finalize = salon_endpoint_finalize;
  object_class->set_property = salon_endpoint_set_property;
  object_class->get_property = salon_endpoint_get_property;
  install_properties (object_class);
  signals[SIGNAL_TOLD] = g_signal_new ("told", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
      G_TYPE_NONE, 2, G_TYPE_STRING, JSON_TYPE_OBJECT);
  GST_ELEMENT_CLASS (klass)->change_state = salon_endpoint_change_state;
  klass->joined = salon_endpoint_joined;
  klass->flowing = salon_endpoint_flowing;
  klass->attached = salon_endpoint_attached;
  klass->published = salon_endpoint_published;
  klass->told = salon_endpoint_told;
  klass->lost = salon_endpoint_lost;
  klass->ended = salon_endpoint_ended;
}

static void
salon_endpoint_init (SalonEndpoint *self)
{
  g_mutex_init (&get_private (self)->leave_lock);
  get_private (self)->server = g_strdup (LOCAL);
  get_private (self)->reconnect_s = DEFAULT_RECONNECT_S;
}
