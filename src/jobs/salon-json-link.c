/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-json-link.h"

#include <string.h>
#include <unistd.h>

#include "salon-json.h"
#include "salon-limits.h"

/* What waits for the other side: 16 of the longest messages. */
#define MAX_WAITING_BYTES (1024 * 1024)

struct _SalonJsonLink
{
  GObject parent_instance;

  GSocket *socket;   /* (owned) (nullable): NULL once closed */
  GByteArray *came;  /* (owned): the beginning of a line */
  GByteArray *waits; /* (owned): to be written */
  GSource *reading;  /* (owned) (nullable) */
  GSource *writing;  /* (owned) (nullable): while something waits */
  guint loss_id;     /* once it is to be lost */
};

G_DEFINE_FINAL_TYPE (SalonJsonLink, salon_json_link, G_TYPE_OBJECT)

enum
{
  SIGNAL_MESSAGE,
  SIGNAL_CLOSED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void
clear_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

void
salon_json_link_close (SalonJsonLink *self)
{
  clear_source (&self->reading);
  clear_source (&self->writing);
  g_clear_handle_id (&self->loss_id, g_source_remove);
  if (self->socket != NULL)
    g_socket_close (self->socket, NULL);
  g_clear_object (&self->socket);
}

static void
lose (SalonJsonLink *self)
{
  if (self->socket == NULL)
    return;
  salon_json_link_close (self);
  g_signal_emit (self, signals[SIGNAL_CLOSED], 0);
}

/* -- reading -- */

static gboolean
take_line (SalonJsonLink *self, const char *line, gsize size_bytes)
{
  g_autoptr (JsonNode) node = salon_json_parse (line, size_bytes, SALON_LIMIT_JOB_MESSAGE_BYTES, NULL);
  JsonObject *object = node != NULL ? salon_json_node_as_object (node, "message", NULL) : NULL;

  if (object == NULL)
    return FALSE;
  g_signal_emit (self, signals[SIGNAL_MESSAGE], 0, object);
  return TRUE;
}

static gboolean
take_lines (SalonJsonLink *self)
{
  const guint8 *end;

  while (self->socket != NULL && (end = memchr (self->came->data, '\n', self->came->len)) != NULL)
    {
      gsize size_bytes = end - self->came->data;
      g_autofree char *line = g_strndup ((const char *)self->came->data, size_bytes);

      g_byte_array_remove_range (self->came, 0, size_bytes + 1);
      if (!take_line (self, line, size_bytes))
        return FALSE;
    }
  return self->came->len <= SALON_LIMIT_JOB_MESSAGE_BYTES;
}

static gboolean
on_readable (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  g_autoptr (SalonJsonLink) self = g_object_ref (user_data);
  g_autoptr (GError) error = NULL;
  char buffer[4096];
  gssize size_bytes = g_socket_receive (socket, buffer, sizeof buffer, NULL, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return G_SOURCE_CONTINUE;
  if (size_bytes > 0)
    g_byte_array_append (self->came, (const guint8 *)buffer, size_bytes);
  if (size_bytes <= 0 || !take_lines (self))
    lose (self);
  return G_SOURCE_CONTINUE;
}

/* -- writing -- */

static gboolean write_more (SalonJsonLink *self);

static gboolean
on_writable (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  g_autoptr (SalonJsonLink) self = g_object_ref (user_data);

  if (!write_more (self))
    lose (self);
  return G_SOURCE_CONTINUE;
}

static gboolean
write_more (SalonJsonLink *self)
{
  while (self->waits->len > 0)
    {
      g_autoptr (GError) error = NULL;
      gssize size_bytes = g_socket_send (self->socket, (const char *)self->waits->data, self->waits->len, NULL, &error);

      if (size_bytes > 0)
        {
          g_byte_array_remove_range (self->waits, 0, size_bytes);
          continue;
        }
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        return FALSE;
      if (self->writing != NULL)
        return TRUE;
      self->writing = g_socket_create_source (self->socket, G_IO_OUT, NULL);
      g_source_set_callback (self->writing, G_SOURCE_FUNC (on_writable), self, NULL);
      g_source_attach (self->writing, NULL);
      return TRUE;
    }
  clear_source (&self->writing);
  return TRUE;
}

static gboolean
on_loss (gpointer user_data)
{
  g_autoptr (SalonJsonLink) self = g_object_ref (user_data);

  self->loss_id = 0;
  lose (self);
  return G_SOURCE_REMOVE;
}

void
salon_json_link_send (SalonJsonLink *self, JsonObject *message)
{
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), message);
  g_autofree char *line = salon_json_to_text (node);

  json_object_unref (message);
  if (self->socket == NULL)
    return;
  g_byte_array_append (self->waits, (const guint8 *)line, strlen (line));
  g_byte_array_append (self->waits, (const guint8 *)"\n", 1);
  if (((self->writing == NULL && !write_more (self)) || self->waits->len > MAX_WAITING_BYTES) && self->loss_id == 0)
    /* Not under the caller's feet. */
    self->loss_id = g_idle_add (on_loss, self);
}

/* -- life -- */

static void
salon_json_link_dispose (GObject *object)
{
  salon_json_link_close (SALON_JSON_LINK (object));
  G_OBJECT_CLASS (salon_json_link_parent_class)->dispose (object);
}

static void
salon_json_link_finalize (GObject *object)
{
  SalonJsonLink *self = SALON_JSON_LINK (object);

  g_byte_array_unref (self->came);
  g_byte_array_unref (self->waits);
  G_OBJECT_CLASS (salon_json_link_parent_class)->finalize (object);
}

static void
salon_json_link_class_init (SalonJsonLinkClass *klass)
{
  GType type = G_TYPE_FROM_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = salon_json_link_dispose;
  G_OBJECT_CLASS (klass)->finalize = salon_json_link_finalize;
  signals[SIGNAL_MESSAGE]
      = g_signal_new ("message", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, JSON_TYPE_OBJECT);
  signals[SIGNAL_CLOSED] = g_signal_new ("closed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
salon_json_link_init (SalonJsonLink *self)
{
  self->came = g_byte_array_new ();
  self->waits = g_byte_array_new ();
}

SalonJsonLink *
salon_json_link_new (GSocket *socket)
{
  SalonJsonLink *self = g_object_new (SALON_TYPE_JSON_LINK, NULL);

  self->socket = g_object_ref (socket);
  g_socket_set_blocking (socket, FALSE);
  self->reading = g_socket_create_source (socket, G_IO_IN, NULL);
  g_source_set_callback (self->reading, G_SOURCE_FUNC (on_readable), self, NULL);
  g_source_attach (self->reading, NULL);
  return self;
}

SalonJsonLink *
salon_json_link_new_for_fd (int fd, GError **error)
{
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, error);

  if (socket != NULL)
    return salon_json_link_new (socket);
  close (fd);
  return NULL;
}
