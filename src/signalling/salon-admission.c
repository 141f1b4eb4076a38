/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-admission.h"

#include <gst/gst.h>

#include "salon-descriptors.h"
#include "salon-error.h"
#include "salon-json.h"
#include "salon-limits.h"
#include "salon-listener.h"
#include "salon-protocol.h"
#include "salon-proxies.h"
#include "salon-rate-limit.h"
#include "salon-reply.h"
#include "salon-visitors.h"

GST_DEBUG_CATEGORY_STATIC (salon_admission_debug);
#define GST_CAT_DEFAULT salon_admission_debug

#define RETRY_AFTER_S "5"
/* And one line a second. */
#define LOG_BURST 5
#define N_ROOM_DESCRIPTORS 2
/* Data of a message: who sent it. Data of a WebSocket, or the message that becomes one: who takes its place. */
#define SENDER "salon-sender"
#define PLACE "salon-place"

struct _SalonAdmission
{
  SalonProxies *proxies;   /* (owned) */
  SalonVisitors *visitors; /* (owned) */
  gboolean has_warned;     /* of what looks like a proxy that is not trusted */
  guint max_connections;
  guint n_media_descriptors; /* of a media connection */
  guint *n_downloads;        /* (owned): counted for those who are still on their way */
  SalonDescriptors descriptors;
  SalonRateLimit log_limit;
};

SalonAdmission *
salon_admission_new (const SalonConfig *config, guint max_connections)
{
  SalonAdmission *self = g_new0 (SalonAdmission, 1);

  GST_DEBUG_CATEGORY_INIT (salon_admission_debug, "salon-admission", 0, "Salon: bounds per address");
  self->max_connections = max_connections;
  self->n_media_descriptors = g_str_equal (salon_config_get_string (config, SALON_CONFIG_ICE), "lite")
                                  ? SALON_DESCRIPTORS_MEDIA_LITE
                                  : SALON_DESCRIPTORS_MEDIA_FULL;
  self->n_downloads = g_rc_box_new0 (guint);
  self->proxies = salon_proxies_new (salon_config_get_strv (config, SALON_CONFIG_TRUSTED_PROXIES),
      salon_config_get_string (config, SALON_CONFIG_PUBLIC_URL));
  self->visitors
      = salon_visitors_new (salon_config_get_uint (config, SALON_CONFIG_PEOPLE_PER_ADDRESS), max_connections);
  return self;
}

void
salon_admission_free (SalonAdmission *self)
{
  if (self == NULL)
    return;
  salon_proxies_free (self->proxies);
  salon_visitors_unref (self->visitors);
  g_rc_box_release (self->n_downloads);
  g_free (self);
}

/* An attack must not fill the disk. */
static void
log_refusal (SalonAdmission *self, const char *what)
{
  if (salon_rate_limit_take (&self->log_limit, LOG_BURST, 1, g_get_monotonic_time ()))
    GST_WARNING ("refusing %s", what);
}

/* Returns: (transfer none) */
static GInetAddress *
get_inet (GSocketAddress *address)
{
  return g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address));
}

gboolean
salon_admission_admit_connection (SalonAdmission *self, GSocketConnection *connection, GSocketAddress *remote)
{
  g_autoptr (SalonVisitor) visitor = NULL;

  if (salon_proxies_has (self->proxies, get_inet (remote)))
    return TRUE;
  visitor = salon_visitors_get (self->visitors, get_inet (remote));
  if (!salon_visitor_enter (visitor, SALON_VISITOR_CONNECTION))
    {
      log_refusal (self, "a connection: there are too many of its address");
      return FALSE;
    }
  g_object_set_data_full (G_OBJECT (connection), SALON_LISTENER_LANE, visitor, salon_visitor_leave_connection);
  return TRUE;
}

static const char *
get_forwarded_for (SoupServerMessage *message)
{
  return soup_message_headers_get_list (soup_server_message_get_request_headers (message), "X-Forwarded-For");
}

static void
warn_of_unknown_proxy (SalonAdmission *self, SoupServerMessage *message)
{
  GInetAddress *peer = get_inet (soup_server_message_get_remote_address (message));

  if (self->has_warned || get_forwarded_for (message) == NULL || salon_proxies_has (self->proxies, peer))
    return;
  self->has_warned = TRUE;
  GST_WARNING ("refusing requests of an address that forwards for others, as it says; if it is a reverse proxy of "
               "yours, its clients all count as one until it is in trusted-proxies");
}

static void
refuse_for_now (SoupServerMessage *message, const char *text)
{
  g_autoptr (GError) error = g_error_new_literal (SALON_ERROR, SALON_ERROR_TOO_MANY_REQUESTS, text);

  soup_message_headers_replace (soup_server_message_get_response_headers (message), "Retry-After", RETRY_AFTER_S);
  salon_reply_error (message, error);
}

static void
refuse (SalonAdmission *self, SoupServerMessage *message)
{
  log_refusal (self, "a request: there are too many of its address");
  warn_of_unknown_proxy (self, message);
  refuse_for_now (message, "Too many come from your address; try again in some seconds (see people-per-address)");
}

gboolean
salon_admission_admit_request (SalonAdmission *self, SoupServerMessage *message)
{
  GInetAddress *peer = get_inet (soup_server_message_get_remote_address (message));
  g_autoptr (GInetAddress) client = salon_proxies_find_client (self->proxies, peer, get_forwarded_for (message));
  SalonVisitor *sender = salon_visitors_get (self->visitors, client);

  g_object_set_data_full (G_OBJECT (message), SENDER, sender, (GDestroyNotify)salon_visitor_unref);
  if (salon_visitor_take_request (sender))
    return TRUE;
  soup_message_body_set_accumulate (soup_server_message_get_request_body (message), FALSE);
  refuse (self, message);
  return FALSE;
}

gboolean
salon_admission_admit_socket (SalonAdmission *self, SoupServerMessage *message)
{
  SalonVisitor *sender = g_object_get_data (G_OBJECT (message), SENDER);

  if (!salon_visitor_enter (sender, SALON_VISITOR_SOCKET))
    {
      refuse (self, message);
      return FALSE;
    }
  g_object_set_data_full (G_OBJECT (message), PLACE, sender, salon_visitor_leave_socket);
  return TRUE;
}

typedef struct
{
  guint *n_downloads;    /* (owned) */
  SalonVisitor *visitor; /* (borrowed) (nullable) */
} DownloadPlace;

static void
leave_download (gpointer data)
{
  DownloadPlace *place = data;

  (*place->n_downloads)--;
  g_rc_box_release (place->n_downloads);
  salon_visitor_leave_download (place->visitor);
  g_free (place);
}

gboolean
salon_admission_admit_download (SalonAdmission *self, SoupServerMessage *message)
{
  SalonVisitor *sender = g_object_get_data (G_OBJECT (message), SENDER);
  DownloadPlace *place;

  if (*self->n_downloads >= SALON_LIMIT_DOWNLOADS)
    {
      log_refusal (self, "a download: there are as many as there may be");
      refuse_for_now (message, "The server sends as many files as it may; try again in some seconds");
      return FALSE;
    }
  if (!salon_visitor_enter (sender, SALON_VISITOR_DOWNLOAD))
    {
      refuse (self, message);
      return FALSE;
    }
  (*self->n_downloads)++;
  place = g_new (DownloadPlace, 1);
  *place = (DownloadPlace){ g_rc_box_acquire (self->n_downloads), sender };
  g_object_set_data_full (G_OBJECT (message), PLACE, place, leave_download);
  return TRUE;
}

typedef struct
{
  SalonAdmission *admission; /* (borrowed) */
  SalonVisitor *visitor;     /* (borrowed) (nullable) */
  guint n_taken;             /* descriptors: once, since it is in one room at a time, however often it asks */
} Watch;

/* What is wrong with the params is for the session to say. */
static guint
count_descriptors (SalonAdmission *self, JsonObject *request)
{
  JsonObject *params = NULL;
  JsonObject *config = NULL;
  gboolean no_subscribe = FALSE;
  guint n = N_ROOM_DESCRIPTORS;

  if (!salon_json_get_object (request, "params", &params, NULL))
    return n;
  if (salon_json_get_object (params, "config", &config, NULL)
      && !salon_json_get_optional_boolean (config, "NoSubscribe", &no_subscribe, NULL))
    return n;
  if (json_object_has_member (params, "offer"))
    n += self->n_media_descriptors;
  return no_subscribe ? n : n + self->n_media_descriptors;
}

/* A join is by far the dearest of all messages. */
static gboolean
take_join (SalonAdmission *self, SalonVisitor *visitor, guint n_descriptors, GError **error)
{
  if (!salon_visitor_take_join (visitor))
    g_set_error_literal (error, SALON_ERROR, SALON_ERROR_TOO_MANY_REQUESTS,
        "Too many join from your address; try again in some seconds");
  else if (!salon_descriptors_take (&self->descriptors, n_descriptors, self->max_connections, g_get_monotonic_time ()))
    g_set_error_literal (
        error, SALON_ERROR, SALON_ERROR_TOO_MANY_REQUESTS, "The server has no room for more people; try again later");
  else
    return TRUE;
  log_refusal (self, "a join, for its address or for want of file descriptors");
  return FALSE;
}

static gboolean
check_join (Watch *watch, JsonObject *request, GError **error)
{
  guint n = count_descriptors (watch->admission, request);
  guint n_more = n > watch->n_taken ? n - watch->n_taken : 0;

  if (!take_join (watch->admission, watch->visitor, n_more, error))
    return FALSE;
  watch->n_taken += n_more;
  return TRUE;
}

static void
on_message (SalonSocket *socket, JsonNode *message, Watch *watch)
{
  JsonObject *request = JSON_NODE_HOLDS_OBJECT (message) ? json_node_get_object (message) : NULL;
  const char *method = NULL;
  g_autoptr (GError) error = NULL;
  JsonNode *id;

  if (request == NULL || !salon_json_get_string (request, "method", 0, G_MAXUINT, &method, NULL)
      || !g_str_equal (method, "join") || check_join (watch, request, &error))
    return;
  g_signal_stop_emission_by_name (socket, "message");
  id = json_object_get_member (request, "id");
  if (id != NULL && JSON_NODE_HOLDS_VALUE (id))
    salon_socket_send (socket, salon_protocol_failure (id, error));
}

void
salon_admission_follow (SalonAdmission *self, SoupServerMessage *message, SalonSocket *socket)
{
  Watch *watch = g_new (Watch, 1);

  *watch = (Watch){ .admission = self, .visitor = g_object_steal_data (G_OBJECT (message), PLACE) };
  g_object_set_data_full (G_OBJECT (socket), PLACE, watch->visitor, salon_visitor_leave_socket);
  g_signal_connect_data (socket, "message", G_CALLBACK (on_message), watch, (GClosureNotify)(void (*) (void))g_free, 0);
}

gboolean
salon_admission_admit_participant (SalonAdmission *self, SoupServerMessage *message, GObject *participant)
{
  SalonVisitor *sender = g_object_get_data (G_OBJECT (message), SENDER);
  g_autoptr (GError) error = NULL;

  if (!salon_visitor_enter (sender, SALON_VISITOR_SOCKET))
    {
      refuse (self, message);
      return FALSE;
    }
  g_object_set_data_full (participant, PLACE, sender, salon_visitor_leave_socket);
  if (take_join (self, sender, N_ROOM_DESCRIPTORS + self->n_media_descriptors, &error))
    return TRUE;
  soup_message_headers_replace (soup_server_message_get_response_headers (message), "Retry-After", RETRY_AFTER_S);
  salon_reply_error (message, error);
  return FALSE;
}
