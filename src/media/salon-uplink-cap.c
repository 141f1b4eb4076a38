/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-uplink-cap.h"

#include <gst/rtp/gstrtcpbuffer.h>
#include <string.h>

#include "salon-bytes.h"
#include "salon-layer-choice.h"

GST_DEBUG_CATEGORY_STATIC (salon_uplink_cap_debug);
#define GST_CAT_DEFAULT salon_uplink_cap_debug

/* Sound is always wanted: Opus, as browsers send it at most unless told otherwise, with headers. */
#define MOST_AUDIO_BPS 64000
/* The sound of before, once more. */
#define MOST_RED_BPS 40000
/* Pictures vary, and those who send them need room to probe. */
#define HEADROOM 1.3
/* From a bound senders go up by some 6 % a second: below this it would take who comes half a minute to see a picture
 * that is worth it. */
#define LEAST_BPS 500000
#define UNLIMITED_BPS 1000000000
/* For how many seconds it is said that a bound is lifted: lines are lost for longer than one packet, and senders keep
 * to what they heard last. */
#define N_LIFTS 10
#define SOON ((guint64)(50 * GST_MSECOND))

/* draft-alvestrand-rmcat-remb-03, section 2.2: "REMB", the number of SSRCs, 6 bits of exponent and 18 of mantissa. We
 * name no SSRC: it is for all. */
#define REMB_WORDS 2
#define MANTISSA_BITS 18

/* What the layers up to each take once something moves in them: what is measured may stand still. */
static const guint layers_bps[SALON_MAX_SPATIAL_LAYERS] = { 200000, 900000, 3500000 };

typedef struct
{
  SalonTrack *track; /* (borrowed) */
  gint wanted;
  guint n_seconds;  /* that more than that has come */
  gboolean is_held; /* it takes no more than need_bps */
  guint need_bps;
} Entry;

/* What the RTCP thread needs, which outlives the cap for as long as it takes. */
typedef struct
{
  gint bound_bps; /* atomic */
  gint is_due;    /* atomic: it is to be said */
} Word;

struct _SalonUplinkCap
{
  GstElement *webrtc; /* (owned) */
  GArray *entries;    /* (owned) (element-type Entry): of pictures */
  guint sounds_bps;   /* what sound takes */
  guint timer_id;     /* or 0 */
  guint bound_bps;    /* 0: none */
  guint n_lifts;      /* how often it is still to be said that there is none */
  GObject *session;   /* (owned) (nullable): once there was a bound */
  gulong handler_id;
  Word *word; /* (owned): counted */
};

/* -- the RTCP thread -- */

static void
write_remb (guint8 *at, guint bps)
{
  guint exponent = (guint)MAX ((gint)g_bit_storage (bps) - MANTISSA_BITS, 0);

  memcpy (at, "REMB", 4);
  salon_write_u32 (at + 4, exponent << MANTISSA_BITS | bps >> exponent);
}

/* The report that the compound begins with says who speaks. Returns: whether there was room. */
static gboolean
add_remb (GstRTCPBuffer *rtcp, guint bps)
{
  GstRTCPPacket packet;
  guint32 ssrc;

  if (rtcp->map.size < 8)
    return FALSE;
  ssrc = salon_read_u32 (rtcp->map.data + 4);
  if (!gst_rtcp_buffer_add_packet (rtcp, GST_RTCP_TYPE_PSFB, &packet))
    return FALSE;
  gst_rtcp_packet_fb_set_type (&packet, GST_RTCP_PSFB_TYPE_AFB);
  gst_rtcp_packet_fb_set_sender_ssrc (&packet, ssrc);
  gst_rtcp_packet_fb_set_media_ssrc (&packet, 0);
  if (!gst_rtcp_packet_fb_set_fci_length (&packet, REMB_WORDS))
    {
      gst_rtcp_packet_remove (&packet);
      return FALSE;
    }
  write_remb (gst_rtcp_packet_fb_get_fci (&packet), bps);
  return TRUE;
}

static gboolean
add_word (Word *word, GstBuffer *buffer)
{
  GstRTCPBuffer rtcp = GST_RTCP_BUFFER_INIT;
  gboolean is_added;

  if (!gst_rtcp_buffer_map (buffer, GST_MAP_READWRITE, &rtcp))
    return FALSE;
  is_added = add_remb (&rtcp, (guint)g_atomic_int_get (&word->bound_bps));
  gst_rtcp_buffer_unmap (&rtcp);
  return is_added;
}

/* Emitted without the session's lock. Returns: whether it may not be left out. */
static gboolean
on_sending_rtcp (GObject *session, GstBuffer *buffer, gboolean is_early, gpointer user_data)
{
  Word *word = user_data;

  /* First, as another bound may come meanwhile. */
  if (!g_atomic_int_compare_and_exchange (&word->is_due, TRUE, FALSE))
    return FALSE;
  if (add_word (word, buffer))
    return TRUE;
  g_atomic_int_set (&word->is_due, TRUE);
  return FALSE;
}

/* -- what is needed -- */

/* What is wanted takes. Of one stream with layers each counts those below; streams of their own come all. */
static guint
measure (SalonTrack *track, const SalonTrackLayer layers[SALON_MAX_SPATIAL_LAYERS], gint wanted)
{
  gboolean is_simulcast = salon_track_get_n_streams (track) > 1;
  guint rate_bps = 0;

  for (gint i = is_simulcast ? 0 : wanted; i >= 0 && i <= wanted; i++)
    rate_bps += layers[i].rate_bps[SALON_MAX_TEMPORAL_LAYERS - 1];
  return wanted < 0 ? 0 : MAX ((guint)(rate_bps * HEADROOM), layers_bps[wanted]);
}

/* One stream's layers can't be sent by halves: who sends them lowers all of them. So it rests, or it doesn't. */
static gboolean
is_too_much (SalonTrack *track, gint highest, gint wanted)
{
  return salon_track_get_n_streams (track) > 1 ? highest > wanted : highest >= 0 && wanted < 0;
}

static void
look_at (Entry *entry)
{
  SalonTrackLayer layers[SALON_MAX_SPATIAL_LAYERS];
  gint highest;

  salon_track_get_layers (entry->track, layers);
  highest = salon_layer_find_highest (layers, SALON_MAX_SPATIAL_LAYERS - 1);
  entry->n_seconds = is_too_much (entry->track, highest, entry->wanted) ? entry->n_seconds + 1 : 0;
  if (entry->n_seconds == SALON_UPLINK_CAP_PATIENCE_S)
    {
      entry->is_held = TRUE;
      entry->need_bps = 0;
    }
  /* It may need more by and by. */
  if (entry->is_held)
    entry->need_bps = MAX (entry->need_bps, measure (entry->track, layers, entry->wanted));
}

/* Returns: 0: there is no bound to what is needed. */
static guint
sum_up (SalonUplinkCap *self)
{
  guint need_bps = self->sounds_bps;
  gboolean is_any_held = FALSE;

  for (guint i = 0; i < self->entries->len; i++)
    {
      const Entry *entry = &g_array_index (self->entries, Entry, i);

      if (!entry->is_held && entry->wanted >= 0)
        return 0;
      need_bps += entry->is_held ? entry->need_bps : 0;
      is_any_held |= entry->is_held;
    }
  return is_any_held ? MAX (need_bps, LEAST_BPS) : 0;
}

/* -- saying it -- */

static void
release_word (gpointer word, GClosure *closure)
{
  g_atomic_rc_box_release (word);
}

static void
connect_session (SalonUplinkCap *self)
{
  g_autoptr (GstElement) rtpbin = gst_bin_get_by_name (GST_BIN (self->webrtc), "rtpbin");

  g_signal_emit_by_name (rtpbin, "get-internal-session", 0, &self->session);
  if (self->session != NULL)
    self->handler_id = g_signal_connect_data (self->session, "on-sending-rtcp", G_CALLBACK (on_sending_rtcp),
        g_atomic_rc_box_acquire (self->word), release_word, 0);
}

/* With RTCP of its own, since regular reports are seconds apart. */
static void
say (SalonUplinkCap *self)
{
  gboolean is_accepted;

  g_atomic_int_set (&self->word->bound_bps, (gint)(self->bound_bps != 0 ? self->bound_bps : UNLIMITED_BPS));
  g_atomic_int_set (&self->word->is_due, TRUE);
  if (self->session != NULL)
    g_signal_emit_by_name (self->session, "send-rtcp-full", SOON, &is_accepted);
}

static void
set_bound (SalonUplinkCap *self, guint bound_bps)
{
  if (bound_bps == self->bound_bps)
    return;
  if (self->session == NULL)
    connect_session (self);
  GST_DEBUG_OBJECT (self->webrtc, "%u bit/s are enough", bound_bps);
  self->bound_bps = bound_bps;
  self->n_lifts = N_LIFTS;
  say (self);
}

/* A bound is said each second, RTCP gets lost like anything else; that there is none any more, some times. */
static void
say_again (SalonUplinkCap *self)
{
  if (self->bound_bps != 0)
    say (self);
  else if (self->n_lifts > 0)
    {
      self->n_lifts--;
      say (self);
    }
}

static gboolean
on_second (gpointer user_data)
{
  SalonUplinkCap *self = user_data;

  for (guint i = 0; i < self->entries->len; i++)
    look_at (&g_array_index (self->entries, Entry, i));
  set_bound (self, sum_up (self));
  say_again (self);
  return G_SOURCE_CONTINUE;
}

static void
on_wanted_changed (SalonTrack *track, gint wanted, gpointer user_data)
{
  SalonUplinkCap *self = user_data;

  for (guint i = 0; i < self->entries->len; i++)
    {
      Entry *entry = &g_array_index (self->entries, Entry, i);

      if (entry->track != track)
        continue;
      entry->is_held &= wanted < entry->wanted;
      entry->wanted = wanted;
      entry->n_seconds = 0;
    }
  set_bound (self, sum_up (self));
}

/* -- life -- */

void
salon_uplink_cap_add (SalonUplinkCap *self, SalonTrack *track)
{
  const Entry entry = { .track = track, .wanted = salon_track_get_wanted (track) };

  if (!salon_track_is_video (track))
    {
      self->sounds_bps += MOST_AUDIO_BPS + (salon_track_is_red (track) ? MOST_RED_BPS : 0);
      return;
    }
  g_array_append_val (self->entries, entry);
  g_signal_connect (track, "wanted-changed", G_CALLBACK (on_wanted_changed), self);
  if (self->timer_id == 0)
    self->timer_id = g_timeout_add_seconds (1, on_second, self);
}

SalonUplinkCap *
salon_uplink_cap_new (GstElement *webrtc)
{
  SalonUplinkCap *self = g_new0 (SalonUplinkCap, 1);

  GST_DEBUG_CATEGORY_INIT (salon_uplink_cap_debug, "salon-uplink-cap", 0, "Salon bounds on what publishers send");
  self->webrtc = gst_object_ref (webrtc);
  self->entries = g_array_new (FALSE, FALSE, sizeof (Entry));
  self->word = g_atomic_rc_box_new0 (Word);
  return self;
}

void
salon_uplink_cap_free (SalonUplinkCap *self)
{
  g_clear_handle_id (&self->timer_id, g_source_remove);
  for (guint i = 0; i < self->entries->len; i++)
    g_signal_handlers_disconnect_by_data (g_array_index (self->entries, Entry, i).track, self);
  if (self->session != NULL)
    g_signal_handler_disconnect (self->session, self->handler_id);
  g_clear_object (&self->session);
  g_array_unref (self->entries);
  g_atomic_rc_box_release (self->word);
  gst_object_unref (self->webrtc);
  g_free (self);
}
