/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-wire-door.h"

#include <glib/gstdio.h>
#include <gst/gst.h>
#include <string.h>

#include "salon-limits.h"
#include "salon-secret.h"
#include "salon-unix-socket.h"

GST_DEBUG_CATEGORY_STATIC (salon_wire_door_debug);
#define GST_CAT_DEFAULT salon_wire_door_debug

#define MAX_SECRET_BYTES 256

struct _SalonWireDoor
{
  char *path;           /* (owned) */
  GSocket *listening;   /* (owned) */
  GSource *source;      /* (owned) */
  GHashTable *expected; /* (owned) (element-type utf8 Expected): by the secret */
  GHashTable *visitors; /* (owned): Visitor: who has not said anything */
};

typedef struct
{
  SalonWireDoor *door; /* (borrowed) */
  char *secret;        /* (owned) */
  SalonWireDoorFunc func;
  gpointer user_data;
  guint deadline_id;
} Expected;

typedef struct
{
  SalonWireDoor *door; /* (borrowed) */
  GSocket *socket;     /* (owned) */
  GSource *source;     /* (owned) */
  guint deadline_id;
} Visitor;

static void
expected_free (Expected *expected)
{
  g_clear_handle_id (&expected->deadline_id, g_source_remove);
  g_free (expected->secret);
  g_free (expected);
}

static void
visitor_free (Visitor *visitor)
{
  g_clear_handle_id (&visitor->deadline_id, g_source_remove);
  g_source_destroy (visitor->source);
  g_source_unref (visitor->source);
  g_object_unref (visitor->socket);
  g_free (visitor);
}

/* -- who comes -- */

/* socket: (nullable) */
static void
let_in (SalonWireDoor *self, const char *secret, GSocket *socket)
{
  Expected *expected = g_hash_table_lookup (self->expected, secret);

  if (expected == NULL)
    {
      GST_WARNING ("hanging up on a local program that knows no secret");
      return;
    }
  g_hash_table_steal (self->expected, secret);
  expected->func (socket, expected->user_data);
  expected_free (expected);
}

static gboolean
on_secret (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  Visitor *visitor = user_data;
  SalonWireDoor *self = visitor->door;
  g_autoptr (GSocket) kept = g_object_ref (socket);
  char secret[MAX_SECRET_BYTES + 1] = "";
  gssize size = g_socket_receive_with_blocking (socket, secret, MAX_SECRET_BYTES, FALSE, NULL, NULL);

  g_hash_table_remove (self->visitors, visitor);
  if (size > 0)
    let_in (self, secret, kept);
  return G_SOURCE_REMOVE;
}

static gboolean
on_visitor_deadline (gpointer user_data)
{
  Visitor *visitor = user_data;

  visitor->deadline_id = 0;
  g_hash_table_remove (visitor->door->visitors, visitor);
  return G_SOURCE_REMOVE;
}

static void
receive (SalonWireDoor *self, GSocket *socket)
{
  Visitor *visitor;

  if (g_hash_table_size (self->visitors) >= SALON_LIMIT_ATTACHING)
    {
      GST_WARNING ("hanging up on a local program: too many say nothing");
      return;
    }
  visitor = g_new0 (Visitor, 1);
  visitor->door = self;
  visitor->socket = g_object_ref (socket);
  visitor->source = g_socket_create_source (socket, G_IO_IN, NULL);
  visitor->deadline_id = g_timeout_add_seconds (SALON_LIMIT_ATTACH_DEADLINE_S, on_visitor_deadline, visitor);
  g_source_set_callback (visitor->source, G_SOURCE_FUNC (on_secret), visitor, NULL);
  g_source_attach (visitor->source, NULL);
  g_hash_table_add (self->visitors, visitor);
}

static gboolean
on_incoming (GSocket *listening, GIOCondition condition, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = salon_unix_socket_accept (listening, &error);

  if (socket != NULL)
    receive (user_data, socket);
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    GST_WARNING ("cannot take a local program in: %s", error->message);
  return G_SOURCE_CONTINUE;
}

/* -- who is waited for -- */

static gboolean
on_expected_deadline (gpointer user_data)
{
  Expected *expected = user_data;

  expected->deadline_id = 0;
  let_in (expected->door, expected->secret, NULL);
  return G_SOURCE_REMOVE;
}

const char *
salon_wire_door_expect (SalonWireDoor *self, SalonWireDoorFunc func, gpointer user_data)
{
  Expected *expected;

  if (g_hash_table_size (self->expected) >= SALON_LIMIT_ATTACHING)
    return NULL;
  expected = g_new0 (Expected, 1);
  expected->door = self;
  expected->secret = salon_secret_new ();
  expected->func = func;
  expected->user_data = user_data;
  expected->deadline_id = g_timeout_add_seconds (SALON_LIMIT_ATTACH_DEADLINE_S, on_expected_deadline, expected);
  g_hash_table_insert (self->expected, expected->secret, expected);
  return expected->secret;
}

void
salon_wire_door_forget (SalonWireDoor *self, const char *secret)
{
  g_hash_table_remove (self->expected, secret);
}

/* -- life -- */

const char *
salon_wire_door_get_path (SalonWireDoor *self)
{
  return self->path;
}

SalonWireDoor *
salon_wire_door_new (const char *path, GError **error)
{
  g_autoptr (GSocket) listening = salon_unix_socket_listen (path, G_SOCKET_TYPE_SEQPACKET, error);
  SalonWireDoor *self;

  GST_DEBUG_CATEGORY_INIT (salon_wire_door_debug, "salon-wire-door", 0, "Salon: local programs come in");
  if (listening == NULL)
    return NULL;
  self = g_new0 (SalonWireDoor, 1);
  self->path = g_strdup (path);
  self->source = g_socket_create_source (listening, G_IO_IN, NULL);
  self->listening = g_steal_pointer (&listening);
  self->expected = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)expected_free);
  self->visitors = g_hash_table_new_full (NULL, NULL, (GDestroyNotify)visitor_free, NULL);
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_incoming), self, NULL);
  g_source_attach (self->source, NULL);
  return self;
}

void
salon_wire_door_free (SalonWireDoor *self)
{
  if (self == NULL)
    return;
  g_source_destroy (self->source);
  g_source_unref (self->source);
  g_object_unref (self->listening);
  g_hash_table_unref (self->visitors);
  g_hash_table_unref (self->expected);
  g_unlink (self->path);
  g_free (self->path);
  g_free (self);
}
