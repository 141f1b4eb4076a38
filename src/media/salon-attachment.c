/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-attachment.h"

#include "salon-error.h"
#include "salon-limits.h"
#include "salon-tap.h"
#include "salon-wire.h"

GST_DEBUG_CATEGORY_STATIC (salon_attachment_debug);
#define GST_CAT_DEFAULT salon_attachment_debug

struct _SalonAttachment
{
  GObject parent_instance;

  SalonGraph *graph;   /* (owned) */
  SalonWireDoor *door; /* (borrowed) */
  SalonWire *wire;     /* (owned) (nullable): NULL once closed */
  char *secret;        /* (owned) (nullable): while the program is expected */
  GPtrArray *taps;     /* (owned) (element-type SalonTap) */
  guint next_stream;
  SalonCodecs codecs;

  GMutex lock;
  GPtrArray *tracks; /* (owned) (element-type SalonTrack), lock to change or read it elsewhere than on main */
};

static void salon_attachment_receiver_init (SalonReceiverInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SalonAttachment, salon_attachment, G_TYPE_OBJECT,
    G_IMPLEMENT_INTERFACE (SALON_TYPE_RECEIVER, salon_attachment_receiver_init))

enum
{
  SIGNAL_SLOT,
  SIGNAL_ENDED,
  SIGNAL_FAILED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

/* -- from the wire's reading thread to the main context -- */

typedef struct
{
  SalonAttachment *attachment; /* (owned) */
  char *mid;                   /* (owned) (nullable): of the stream that has ended; NULL: all have */
} News;

static void
news_free (News *news)
{
  g_object_unref (news->attachment);
  g_free (news->mid);
  g_free (news);
}

static gboolean
tell_news (gpointer user_data)
{
  News *news = user_data;
  SalonAttachment *self = news->attachment;
  g_autoptr (GError) error = NULL;

  if (self->wire == NULL)
    return G_SOURCE_REMOVE;
  if (news->mid != NULL)
    {
      g_signal_emit (self, signals[SIGNAL_ENDED], 0, news->mid);
      return G_SOURCE_REMOVE;
    }
  error = g_error_new_literal (SALON_ERROR, SALON_ERROR_MEDIA, "The program that was attached is gone");
  g_signal_emit (self, signals[SIGNAL_FAILED], 0, error);
  return G_SOURCE_REMOVE;
}

/* mid: (transfer full) (nullable) */
static void
post_news (SalonAttachment *self, char *mid)
{
  News *news = g_new (News, 1);

  *news = (News){ g_object_ref (self), mid };
  g_idle_add_full (G_PRIORITY_DEFAULT, tell_news, news, (GDestroyNotify)news_free);
}

static void
on_wire_closed (SalonWire *wire, gpointer user_data)
{
  post_news (user_data, NULL);
}

static void
on_source_ended (SalonWire *wire, guint stream, gpointer user_data)
{
  post_news (user_data, g_strdup_printf ("%u", stream));
}

/* What was not announced, or as something else, or changes its codec, goes nowhere. */
static void
on_source_added (SalonWire *wire, GstPad *pad, gpointer user_data)
{
  SalonAttachment *self = user_data;
  g_autofree char *mid = g_strdup_printf ("%u", salon_wire_get_stream (wire, pad));
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  const char *media = gst_structure_get_string (gst_caps_get_structure (caps, 0), "media");
  g_autoptr (SalonTrack) track = NULL;

  g_mutex_lock (&self->lock);
  g_set_object (&track, salon_track_find (self->tracks, mid));
  g_mutex_unlock (&self->lock);
  if (track == NULL || salon_track_is_video (track) != g_str_equal (media, "video") || gst_pad_is_linked (pad))
    GST_WARNING_OBJECT (wire, "stream %s is not what was announced: %" GST_PTR_FORMAT, mid, caps);
  else
    salon_track_link_source (track, 0, pad);
}

/* -- the program comes -- */

static void
on_came (GSocket *socket, gpointer user_data)
{
  SalonAttachment *self = user_data;

  g_clear_pointer (&self->secret, g_free);
  if (socket != NULL)
    salon_wire_connect (self->wire, socket);
  else
    post_news (self, NULL);
}

const char *
salon_attachment_expect (SalonAttachment *self)
{
  g_assert (self->secret == NULL);
  self->secret = g_strdup (salon_wire_door_expect (self->door, on_came, self));
  return self->secret;
}

/* -- what it publishes -- */

SalonTrack *
salon_attachment_get_track (SalonAttachment *self, const char *mid)
{
  return salon_track_find (self->tracks, mid);
}

gboolean
salon_attachment_add_track (SalonAttachment *self, const char *mid, gboolean is_video, GError **error)
{
  guint64 stream;
  g_autofree char *normal = NULL;
  SalonTrack *track;

  if (g_ascii_string_to_unsigned (mid, 10, 0, SALON_LIMIT_ATTACHED_STREAMS - 1, &stream, NULL))
    normal = g_strdup_printf ("%" G_GUINT64_FORMAT, stream);
  if (g_strcmp0 (mid, normal) != 0 || salon_track_find (self->tracks, mid) != NULL)
    {
      g_set_error (error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS,
          "The mid of a stream is its number, 0 to %d, and each is used once", SALON_LIMIT_ATTACHED_STREAMS - 1);
      return FALSE;
    }
  track = salon_track_new (self->graph, mid, is_video, 1);
  if (!is_video)
    salon_track_set_level_id (track, SALON_WIRE_LEVEL_ID);
  salon_track_set_open (track, TRUE);
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->tracks, track);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

/* -- what it receives -- */

static SalonTap *
find_tap (SalonAttachment *self, SalonTrack *track)
{
  for (guint i = 0; i < self->taps->len; i++)
    {
      SalonTap *tap = g_ptr_array_index (self->taps, i);

      if (salon_tap_get_track (tap) == track)
        return tap;
    }
  return NULL;
}

static void
salon_attachment_add (SalonReceiver *receiver, SalonTrack *track, const char *group, gboolean is_paused)
{
  SalonAttachment *self = SALON_ATTACHMENT (receiver);
  SalonTap *tap = salon_tap_new (self->graph, self->wire, track, self->next_stream++, is_paused, self->codecs);

  g_ptr_array_add (self->taps, tap);
  g_signal_emit (self, signals[SIGNAL_SLOT], 0, 1, salon_tap_get_mid (tap), track);
}

void
salon_attachment_set_codecs (SalonAttachment *self, SalonCodecs codecs)
{
  self->codecs = codecs;
}

static void
salon_attachment_remove (SalonReceiver *receiver, SalonTrack *track)
{
  SalonAttachment *self = SALON_ATTACHMENT (receiver);
  SalonTap *tap = find_tap (self, track);
  g_autofree char *mid = NULL;

  if (tap == NULL)
    return;
  mid = g_strdup (salon_tap_get_mid (tap));
  g_ptr_array_remove (self->taps, tap);
  g_signal_emit (self, signals[SIGNAL_SLOT], 0, 1, mid, NULL);
}

static void
salon_attachment_set_paused (SalonReceiver *receiver, SalonTrack *track, gboolean is_paused)
{
  SalonTap *tap = find_tap (SALON_ATTACHMENT (receiver), track);

  if (tap != NULL)
    salon_tap_set_paused (tap, is_paused);
}

/* There is room for all. */
static void
salon_attachment_set_priority (SalonReceiver *receiver, SalonTrack *track, SalonPriority priority)
{
}

static gboolean
salon_attachment_set_settings (SalonReceiver *receiver, SalonTrack *track, const SalonTrackSettings *settings)
{
  SalonTap *tap = find_tap (SALON_ATTACHMENT (receiver), track);

  if (tap != NULL)
    salon_tap_set_settings (tap, settings);
  return tap != NULL;
}

static void
salon_attachment_receiver_init (SalonReceiverInterface *interface)
{
  interface->add = salon_attachment_add;
  interface->remove = salon_attachment_remove;
  interface->set_paused = salon_attachment_set_paused;
  interface->set_priority = salon_attachment_set_priority;
  interface->set_settings = salon_attachment_set_settings;
}

/* -- life -- */

void
salon_attachment_hang_up (SalonAttachment *self)
{
  if (self->wire == NULL)
    return;
  if (self->secret != NULL)
    salon_wire_door_forget (self->door, self->secret);
  g_clear_pointer (&self->secret, g_free);
  g_signal_handlers_disconnect_by_data (self->wire, self);
  salon_wire_disconnect (self->wire);
}

void
salon_attachment_close (SalonAttachment *self)
{
  if (self->wire == NULL)
    return;
  /* What comes in first: it waits for the reading thread, so that no packet is under way in the tees. */
  salon_attachment_hang_up (self);
  g_ptr_array_set_size (self->taps, 0);
  salon_graph_remove (self->graph, GST_ELEMENT (self->wire));
  for (guint i = 0; i < self->tracks->len; i++)
    salon_track_close (g_ptr_array_index (self->tracks, i));
  g_clear_object (&self->wire);
}

static void
salon_attachment_finalize (GObject *object)
{
  SalonAttachment *self = SALON_ATTACHMENT (object);

  g_assert (self->wire == NULL); /* salon_attachment_close() was called */
  g_ptr_array_unref (self->taps);
  g_ptr_array_unref (self->tracks);
  g_clear_object (&self->graph);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (salon_attachment_parent_class)->finalize (object);
}

static void
salon_attachment_class_init (SalonAttachmentClass *klass)
{
  GType type = G_TYPE_FROM_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (salon_attachment_debug, "salon-attachment", 0, "Salon: programs on this machine");
  G_OBJECT_CLASS (klass)->finalize = salon_attachment_finalize;
  signals[SIGNAL_SLOT] = g_signal_new ("slot", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 3,
      G_TYPE_UINT, G_TYPE_STRING, SALON_TYPE_TRACK);
  signals[SIGNAL_ENDED]
      = g_signal_new ("ended", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[SIGNAL_FAILED]
      = g_signal_new ("failed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
salon_attachment_init (SalonAttachment *self)
{
  g_mutex_init (&self->lock);
  self->codecs = SALON_CODECS_ALL;
  self->taps = g_ptr_array_new_with_free_func ((GDestroyNotify)salon_tap_free);
  self->tracks = g_ptr_array_new_with_free_func (g_object_unref);
}

SalonAttachment *
salon_attachment_new (SalonGraph *graph, SalonWireDoor *door)
{
  SalonAttachment *self = g_object_new (SALON_TYPE_ATTACHMENT, NULL);

  self->graph = g_object_ref (graph);
  self->door = door;
  /* It never waits: what one program does not read must not hold up the room. */
  self->wire = gst_object_ref_sink (salon_wire_new (0, 0, SALON_LIMIT_ATTACHED_STREAMS));
  g_signal_connect (self->wire, "closed", G_CALLBACK (on_wire_closed), self);
  g_signal_connect (self->wire, "source-ended", G_CALLBACK (on_source_ended), self);
  g_signal_connect (self->wire, "source-added", G_CALLBACK (on_source_added), self);
  salon_graph_add (graph, GST_ELEMENT (self->wire));
  return self;
}
