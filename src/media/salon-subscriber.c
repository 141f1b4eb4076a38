/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-subscriber-private.h"

#include <gst/rtp/rtp.h>

#include "salon-codec-caps.h"
#include "salon-layer-choice.h"
#include "salon-limits.h"
#include "salon-webrtc-bypass.h"

GST_DEBUG_CATEGORY_STATIC (salon_subscriber_debug);
#define GST_CAT_DEFAULT salon_subscriber_debug

/* Slots of all connections have the same SSRCs: it is within a connection that they must differ. webrtcbin makes names
 * of structure fields of them, and GLib keeps each new name for ever: at random, a thousand joins cost megabytes. */
#define FIRST_SSRC 0x5a100000
#define FIRST_RTX_SSRC 0x5a110000
/* How often what resting slots have kept is let go of; all connections' timers fire together. */
#define TRIM_INTERVAL_S 5

typedef SalonSubscriberSlot Slot;

enum
{
  SIGNAL_LAYER_CHANGED,
  SIGNAL_FORM_CHANGED,
  SIGNAL_OFFER,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (SalonSubscriber, salon_subscriber, SALON_TYPE_TRANSPORT)

static Slot *
get_slot (SalonSubscriber *self, guint seat, gboolean is_video)
{
  guint index = 2 * seat + (is_video ? 1 : 0);

  g_assert (index < self->n_slots);
  return &self->slots[index];
}

/* -- the RTCP thread, without a sender: keyframe requests -- */

static void
request_keyframe_of_ssrc (SalonSubscriber *self, guint32 ssrc)
{
  for (guint i = 0; i < self->n_slots; i++)
    {
      if (self->slots[i].ssrc == ssrc)
        g_signal_emit_by_name (self->slots[i].element, "request-keyframe");
    }
}

/* webrtcbin turns PLI and FIR into upstream events, but loses a good part of them on the way: we take them here. */
static void
on_feedback_rtcp (
    GObject *session, guint type, guint format, guint sender_ssrc, guint media_ssrc, GstBuffer *fci, gpointer user_data)
{
  if (type != GST_RTCP_TYPE_PSFB)
    return;
  if (format == GST_RTCP_PSFB_TYPE_PLI)
    request_keyframe_of_ssrc (user_data, media_ssrc);
  else if (format == GST_RTCP_PSFB_TYPE_FIR && fci != NULL)
    {
      GstMapInfo map;

      /* RFC 5104 section 4.3.1.1: entries of 8 bytes, each begins with an SSRC. */
      if (!gst_buffer_map (fci, &map, GST_MAP_READ))
        return;
      for (gsize at = 0; at + 8 <= map.size; at += 8)
        request_keyframe_of_ssrc (user_data, GST_READ_UINT32_BE (map.data + at));
      gst_buffer_unmap (fci, &map);
    }
}

static void
on_deep_element_added (GstBin *bin, GstBin *sub_bin, GstElement *element, gpointer user_data)
{
  GstElementFactory *factory = gst_element_get_factory (element);
  g_autoptr (GObject) session = NULL;

  if (factory == NULL || !g_str_equal (GST_OBJECT_NAME (factory), "rtpsession"))
    return;
  g_object_get (element, "internal-session", &session, NULL);
  g_signal_connect_object (session, "on-feedback-rtcp", G_CALLBACK (on_feedback_rtcp), user_data, 0);
}

/* -- layers -- */

static void
forget_bounds (Slot *slot)
{
  slot->settings = SALON_TRACK_SETTINGS_ALL;
  slot->cap = slot->layer = SALON_LAYER_HIGHEST;
  slot->wish = -1;
  slot->need = SALON_FORM_NEED_NONE;
  slot->priority = SALON_PRIORITY_OTHER;
}

static SalonLayer
get_bound (const Slot *slot)
{
  return (SalonLayer){ slot->is_paused ? -1 : MIN (slot->cap.spatial, slot->layer.spatial),
    MIN (slot->cap.temporal, slot->layer.temporal) };
}

/* The highest spatial layer within a stream that goes out, if any is to: its lowest, before it comes. */
static gint
get_highest_within (const Slot *slot, gint bound)
{
  SalonTrackLayer layers[SALON_MAX_SPATIAL_LAYERS];
  gint highest;

  if (bound < 0)
    return bound;
  salon_track_get_layers (slot->form, layers);
  highest = salon_layer_find_highest (layers, bound);
  return MAX (highest, 0);
}

static SalonLayer
read_layer (const Slot *slot)
{
  SalonLayer layer = get_bound (slot);

  if (slot->form == NULL)
    return SALON_LAYER_NONE;
  if (salon_track_get_n_streams (slot->form) == 1)
    {
      layer.spatial = get_highest_within (slot, layer.spatial);
      return layer;
    }
  layer.spatial = salon_slot_links_get_active (&slot->links, slot->element);
  return layer;
}

/* Of a track that is muted everybody is told otherwise. */
static gboolean
is_news (const Slot *slot, SalonLayer now)
{
  return slot->track != NULL && !slot->is_paused
         && (now.spatial != slot->told.spatial || now.temporal != slot->told.temporal);
}

static gboolean
tell_layers (gpointer user_data)
{
  SalonSubscriber *self = user_data;

  g_atomic_int_set (&self->may_have_switched, FALSE);
  for (guint i = 1; i < self->n_slots; i += 2)
    {
      Slot *slot = &self->slots[i];
      SalonLayer now = read_layer (slot);

      if (slot->form != NULL)
        salon_slot_links_trim (&slot->links, slot->element, slot->form);
      if (!is_news (slot, now))
        continue;
      slot->told = now;
      g_signal_emit (self, signals[SIGNAL_LAYER_CHANGED], 0, i / 2);
    }
  return G_SOURCE_REMOVE;
}

/* Any thread. */
static void
tell_layers_soon (SalonSubscriber *self)
{
  if (g_atomic_int_compare_and_exchange (&self->may_have_switched, FALSE, TRUE))
    g_idle_add_full (G_PRIORITY_DEFAULT, tell_layers, g_object_ref (self), g_object_unref);
}

/* The form is told of the client's wish alone: what there is no room for now, there may be room for soon. */
static void
follow_settings (Slot *slot)
{
  SalonTrackLayer layers[SALON_MAX_SPATIAL_LAYERS];
  gint wish;

  salon_track_get_layers (slot->form, layers);
  slot->cap = salon_layer_choose (&slot->settings, layers, MAX (salon_track_get_n_layers (slot->form), 1));
  wish = slot->is_paused ? -1 : slot->cap.spatial;
  salon_track_change_wish (slot->form, slot->wish, wish);
  slot->wish = wish;
}

static void
follow_form_bounds (SalonSubscriber *self, Slot *slot)
{
  if (slot->form != NULL)
    {
      follow_settings (slot);
      salon_slot_links_follow (&slot->links, slot->element, slot->form, get_bound (slot));
    }
  tell_layers_soon (self);
}

static void follow_form (SalonSubscriber *self, Slot *slot);

static void
follow_bounds (SalonSubscriber *self, Slot *slot)
{
  if (slot->track == NULL)
    return;
  follow_form (self, slot);
  follow_form_bounds (self, slot);
}

static void
share_soon (SalonSubscriber *self)
{
  if (self->shares != NULL)
    salon_shares_run_soon (self->shares);
}

/* A picture that comes, or comes back, waits for its share: else it would begin with a layer that may not fit, and ask
 * for a keyframe of it. */
static void
await_share (SalonSubscriber *self, Slot *slot)
{
  if (slot->share != NULL && salon_subscriber_is_video_slot (slot - self->slots))
    slot->layer = SALON_LAYER_NONE;
  share_soon (self);
}

static void
on_layers_changed (SalonSubscriber *self, SalonTrack *track)
{
  for (guint i = 0; i < self->n_slots; i++)
    {
      if (self->slots[i].track == track || self->slots[i].form == track)
        follow_bounds (self, &self->slots[i]);
    }
  share_soon (self);
}

void
salon_subscriber_follow_track (SalonSubscriber *self, Slot *slot)
{
  follow_bounds (self, slot);
  share_soon (self);
}

/* -- forms -- */

/* A codec that the client takes, and the track could be made to come in; -1: there is none. To encode H264 takes a
 * third of what VP8 does. */
static gint
choose_codec (const Slot *slot)
{
  static const SalonCodec codecs[] = { SALON_CODEC_H264, SALON_CODEC_VP8 };

  for (guint i = 0; i < G_N_ELEMENTS (codecs); i++)
    {
      if (salon_codec_caps_have (slot->caps, codecs[i]))
        return (gint)codecs[i];
    }
  return -1;
}

static gboolean
takes_track (const Slot *slot)
{
  gint codec = salon_track_get_codec (slot->track);

  return codec < 0 || !salon_track_is_video (slot->track) || salon_codec_caps_have (slot->caps, codec);
}

static void
let_go_of_form (Slot *slot)
{
  if (slot->form == NULL)
    return;
  g_clear_signal_handler (&slot->form_layers_changed_id, slot->form);
  salon_slot_links_clear (&slot->links, slot->element, slot->form);
  salon_track_change_wish (slot->form, slot->wish, -1);
  slot->wish = -1;
  g_clear_object (&slot->form);
}

static void
take_form (SalonSubscriber *self, Slot *slot, SalonTrack *form)
{
  let_go_of_form (slot);
  if (form == NULL)
    return;
  slot->form = g_object_ref (form);
  if (form == slot->track)
    return;
  slot->form_layers_changed_id
      = g_signal_connect_object (form, "layers-changed", G_CALLBACK (on_layers_changed), self, G_CONNECT_SWAPPED);
  await_share (self, slot);
}

static void
emit_form (SalonSubscriber *self, const Slot *slot, gint codec)
{
  g_signal_emit (self, signals[SIGNAL_FORM_CHANGED], 0, (guint)((slot - self->slots) / 2), slot->told_form, codec,
      slot->told_refusal);
}

static void
tell_form (SalonSubscriber *self, Slot *slot, SalonFormState state, gint codec, const char *refusal)
{
  if (slot->told_form == state && slot->told_refusal == refusal)
    return;
  slot->told_form = state;
  slot->told_refusal = refusal;
  emit_form (self, slot, codec);
}

void
salon_subscriber_tell_form (SalonSubscriber *self, guint seat)
{
  const Slot *slot = get_slot (self, seat, TRUE);

  if (slot->told_form != SALON_FORM_OWN)
    emit_form (self, slot, choose_codec (slot));
}

/* As long as they want to see it. */
static void
follow_need (Slot *slot, gint codec)
{
  SalonTrackLayer layers[SALON_MAX_SPATIAL_LAYERS];
  SalonFormNeed need = SALON_FORM_NEED_NONE;
  SalonLayer layer;

  salon_track_get_layers (slot->track, layers);
  layer = salon_layer_choose (&slot->settings, layers, MAX (salon_track_get_n_layers (slot->track), 1));
  if (!slot->is_paused && layer.spatial >= 0)
    need = (SalonFormNeed){ codec, layer.spatial };
  salon_forms_change_need (salon_track_get_forms (slot->track), slot->need, need);
  slot->need = need;
}

/* Who takes the track in no codec that it comes in needs another. */
static void
follow_form (SalonSubscriber *self, Slot *slot)
{
  SalonForms *forms = salon_track_get_forms (slot->track);
  gboolean is_own = takes_track (slot);
  gint codec = is_own ? -1 : choose_codec (slot);
  SalonTrack *form = codec >= 0 ? salon_forms_get (forms, codec) : NULL;
  const char *refusal = codec >= 0 ? salon_forms_get_refusal (forms, codec) : "no_codec";

  if (is_own)
    form = slot->track;
  if (form != slot->form)
    take_form (self, slot, form);
  follow_need (slot, codec);
  if (is_own)
    tell_form (self, slot, SALON_FORM_OWN, -1, NULL);
  else if (form != NULL)
    tell_form (self, slot, SALON_FORM_OTHER, codec, NULL);
  else if (refusal != NULL)
    tell_form (self, slot, SALON_FORM_REFUSED, codec, refusal);
  /* What nobody needs does not begin. */
  else if (slot->need.codec >= 0)
    tell_form (self, slot, SALON_FORM_COMING, codec, NULL);
}

static void
on_forms_changed (SalonSubscriber *self, SalonForms *forms)
{
  for (guint i = 0; i < self->n_slots; i++)
    {
      if (self->slots[i].track != NULL && salon_track_get_forms (self->slots[i].track) == forms)
        follow_bounds (self, &self->slots[i]);
    }
  share_soon (self);
}

/* -- bounds -- */

void
salon_subscriber_set_settings (SalonSubscriber *self, guint seat, gboolean is_video, const SalonTrackSettings *settings)
{
  Slot *slot = get_slot (self, seat, is_video);

  slot->settings = *settings;
  follow_bounds (self, slot);
  share_soon (self);
}

static void
set_layer (SalonSubscriber *self, guint seat, SalonLayer layer)
{
  Slot *slot = get_slot (self, seat, TRUE);

  if (slot->layer.spatial == layer.spatial && slot->layer.temporal == layer.temporal)
    return;
  slot->layer = layer;
  follow_bounds (self, slot);
}

void
salon_subscriber_set_priority (SalonSubscriber *self, guint seat, gboolean is_video, SalonPriority priority)
{
  Slot *slot = get_slot (self, seat, is_video);

  if (slot->priority == priority)
    return;
  slot->priority = priority;
  share_soon (self);
}

static SalonShareWish
get_wish (gpointer owner, guint index)
{
  const Slot *slot = &SALON_SUBSCRIBER (owner)->slots[index];
  guint area_pixels = slot->settings.width * slot->settings.height;
  gboolean is_shown = slot->priority == SALON_PRIORITY_OTHER && area_pixels > 0;

  return (SalonShareWish){ .track = slot->form != NULL ? slot->form : slot->track,
    .is_red = slot->takes_red && slot->track != NULL && salon_track_is_red (slot->track),
    .is_paused = slot->is_paused || slot->form == NULL,
    .silent_ms = slot->track != NULL ? salon_track_get_silent_ms (slot->track) : 0,
    .cap = slot->cap,
    .priority = is_shown ? SALON_PRIORITY_VISIBLE : slot->priority,
    .area_pixels = area_pixels,
    .layer = slot->layer };
}

static void
set_shared_layer (gpointer owner, guint index, SalonLayer layer)
{
  set_layer (owner, index / 2, layer);
}

static void
set_shared_sound (gpointer owner, guint index, gboolean is_sent, gboolean has_redundancy)
{
  SalonSubscriber *self = owner;
  Slot *slot = &self->slots[index];
  SalonLayer layer = is_sent ? SALON_LAYER_HIGHEST : SALON_LAYER_NONE;

  if (slot->is_plain == has_redundancy)
    {
      slot->is_plain = !has_redundancy;
      salon_subscriber_follow_caps (slot);
    }
  if (slot->layer.spatial == layer.spatial)
    return;
  slot->layer = layer;
  follow_bounds (self, slot);
}

static const SalonSharesOwner shares_owner
    = { .get_wish = get_wish, .set_layer = set_shared_layer, .set_sound = set_shared_sound };

gboolean
salon_subscriber_get_stats (SalonSubscriber *self, SalonConnectionStats *stats)
{
  if (self->sender == NULL)
    return FALSE;
  salon_congestion_get_stats (salon_sender_get_congestion (self->sender), stats);
  return TRUE;
}

static guint64
count_keyframe_requests (const Slot *slot)
{
  g_autoptr (GstStructure) stats = NULL;
  guint64 n_requests = 0;

  g_object_get (slot->element, "stats", &stats, NULL);
  gst_structure_get_uint64 (stats, "keyframe-requests", &n_requests);
  return n_requests;
}

gboolean
salon_subscriber_get_slot_stats (SalonSubscriber *self, guint seat, gboolean is_video, SalonReceptionStats *stats)
{
  const Slot *slot = get_slot (self, seat, is_video);
  SalonSendStreamStats sent;
  SalonLayer layer;

  if (slot->share == NULL || !salon_sender_get_stats (self->sender, slot->ssrc, &sent))
    return FALSE;
  layer = is_video ? read_layer (slot) : SALON_LAYER_NONE;
  *stats = (SalonReceptionStats){
    .track = slot->track,
    .mid = slot->mid,
    .n_packets = sent.packets,
    .n_bytes = sent.bytes,
    .n_resent = sent.retransmissions,
    .lost = sent.fraction_lost / 256.0,
    .rtt_us = sent.rtt_us,
    .jitter_us = sent.jitter_us,
    .n_keyframe_requests = is_video ? count_keyframe_requests (slot) : 0,
    .is_muted = slot->is_paused,
    .is_transcoded = slot->form != NULL && slot->form != slot->track,
    .spatial = layer.spatial,
    .temporal = layer.temporal,
    .reason = salon_reason_to_string (slot->share->reason),
  };
  return TRUE;
}

SalonLayer
salon_subscriber_get_layer (SalonSubscriber *self, guint seat)
{
  return read_layer (get_slot (self, seat, TRUE));
}

/* -- slots -- */

/* What the client is not told of yet, it would not know what to do with. */
void
salon_subscriber_follow_openness (SalonSubscriber *self, Slot *slot)
{
  gboolean is_known = self->lines == NULL || salon_lines_is_agreed (self->lines, slot - self->slots);

  if (slot->element != NULL)
    g_object_set (slot->element, "open", is_known && salon_transport_is_verified (SALON_TRANSPORT (self)), NULL);
}

void
salon_subscriber_follow_caps (Slot *slot)
{
  g_autoptr (GstCaps) plain = slot->is_plain ? salon_codec_caps_without (slot->caps, SALON_CODEC_RED) : NULL;

  if (slot->element != NULL)
    g_object_set (slot->element, "caps", plain != NULL ? plain : slot->caps, NULL);
}

/* Returns: (transfer full): a pad of webrtcbin, which negotiates this slot and sends what it gives. */
static GstPad *
request_peer (SalonSubscriber *self, guint index)
{
  g_autofree char *stream_id = g_strdup_printf ("seat-%u", index / 2);
  g_autoptr (GstWebRTCRTPTransceiver) transceiver = NULL;
  GstPad *pad = gst_element_request_pad_simple (salon_transport_get_webrtcbin (SALON_TRANSPORT (self)), "sink_%u");

  g_object_get (pad, "transceiver", &transceiver, NULL);
  g_object_set (transceiver, "direction", GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_SENDONLY, "codec-preferences",
      self->slots[index].caps, "do-nack", salon_subscriber_is_video_slot (index), NULL);
  /* Without one, all m-lines would share a stream and be synchronised with each other. */
  g_object_set (pad, "msid", stream_id, NULL);
  return pad;
}

void
salon_subscriber_set_retransmission (SalonSubscriber *self, Slot *slot)
{
  guint8 payload_types[128];

  salon_codec_caps_get_retransmissions (slot->caps, payload_types);
  salon_sender_set_retransmission (self->sender, slot->ssrc, slot->rtx_ssrc, payload_types);
}

static void
open_slot (SalonSubscriber *self, guint index)
{
  SalonTransport *transport = SALON_TRANSPORT (self);
  GstElement *webrtc = salon_transport_get_webrtcbin (transport);
  Slot *slot = &self->slots[index];
  gboolean is_video = salon_subscriber_is_video_slot (index);
  g_autofree char *name
      = g_strdup_printf ("%s-%s-%u", GST_OBJECT_NAME (webrtc), is_video ? "video" : "audio", index / 2);
  g_autoptr (GstPad) src = NULL;

  slot->element = gst_object_ref_sink (gst_element_factory_make ("salonslot", name));
  g_object_set (slot->element, "ssrc", slot->ssrc, "active-pad", NULL, NULL);
  salon_subscriber_follow_caps (slot);
  salon_subscriber_follow_openness (self, slot);
  if (is_video)
    /* In the streaming thread of the layer whose keyframe came. */
    g_signal_connect_object (
        slot->element, "notify::active-pad", G_CALLBACK (tell_layers_soon), self, G_CONNECT_SWAPPED);
  salon_graph_add (salon_transport_get_graph (transport), slot->element);
  src = gst_element_get_static_pad (slot->element, "src");
  if (self->sender != NULL)
    {
      gst_pad_link (src, salon_sender_add_stream (self->sender, slot->ssrc, is_video));
      salon_subscriber_set_retransmission (self, slot);
    }
  else
    {
      slot->peer = request_peer (self, index);
      gst_pad_link (src, slot->peer);
    }
}

/* webrtcbin takes its pads with it. Released here, while its thread still negotiates, they crash it (1.22: it takes a
 * pad to have a transceiver). */
static void
close_slot (SalonSubscriber *self, guint index)
{
  Slot *slot = &self->slots[index];

  salon_subscriber_detach (self, index / 2, salon_subscriber_is_video_slot (index));
  if (slot->element != NULL)
    salon_graph_remove (salon_transport_get_graph (SALON_TRANSPORT (self)), slot->element);
  gst_clear_object (&slot->peer);
}

/* -- tracks -- */

static void
set_line (SalonSubscriber *self, Slot *slot, const char *msid)
{
  if (self->lines == NULL)
    return;
  salon_lines_set (self->lines, slot - self->slots, msid);
  salon_subscriber_follow_openness (self, slot);
  salon_subscriber_offer_soon (self);
}

void
salon_subscriber_attach (SalonSubscriber *self, guint seat, SalonTrack *track)
{
  Slot *slot = get_slot (self, seat, salon_track_is_video (track));

  g_assert (slot->track == NULL);
  if (salon_transport_is_closed (SALON_TRANSPORT (self)))
    return;
  /* Most are never used. */
  if (slot->element == NULL)
    open_slot (self, slot - self->slots);
  slot->track = g_object_ref (track);
  set_line (self, slot, salon_track_get_msid (track));
  /* Of a plain track nobody has to be told that it comes as it is. */
  slot->told = (SalonLayer){ salon_track_get_n_streams (track) > 1 ? -1 : 0, SALON_MAX_TEMPORAL_LAYERS - 1 };
  if (salon_track_is_video (track))
    {
      slot->layers_changed_id
          = g_signal_connect_object (track, "layers-changed", G_CALLBACK (on_layers_changed), self, G_CONNECT_SWAPPED);
      slot->forms_changed_id = g_signal_connect_object (
          salon_track_get_forms (track), "changed", G_CALLBACK (on_forms_changed), self, G_CONNECT_SWAPPED);
    }
  if (self->shares != NULL)
    slot->share = salon_shares_add (self->shares, self->sender, slot - self->slots, &shares_owner, self);
  await_share (self, slot);
  follow_bounds (self, slot);
}

void
salon_subscriber_detach (SalonSubscriber *self, guint seat, gboolean is_video)
{
  Slot *slot = get_slot (self, seat, is_video);

  if (slot->track == NULL)
    return;
  g_clear_signal_handler (&slot->layers_changed_id, slot->track);
  g_clear_signal_handler (&slot->forms_changed_id, salon_track_get_forms (slot->track));
  let_go_of_form (slot);
  salon_forms_change_need (salon_track_get_forms (slot->track), slot->need, SALON_FORM_NEED_NONE);
  slot->told_form = SALON_FORM_OWN;
  slot->told_refusal = NULL;
  g_clear_object (&slot->track);
  set_line (self, slot, NULL);
  slot->is_paused = FALSE;
  if (slot->is_plain)
    {
      slot->is_plain = FALSE;
      salon_subscriber_follow_caps (slot);
    }
  forget_bounds (slot);
  if (slot->share != NULL)
    salon_shares_remove (self->shares, g_steal_pointer (&slot->share));
}

void
salon_subscriber_set_paused (SalonSubscriber *self, guint seat, gboolean is_video, gboolean is_paused)
{
  Slot *slot = get_slot (self, seat, is_video);

  if (slot->is_paused == is_paused)
    return;
  slot->is_paused = is_paused;
  await_share (self, slot);
  follow_bounds (self, slot);
}

SalonTrack *
salon_subscriber_get_track (SalonSubscriber *self, guint seat, gboolean is_video)
{
  return get_slot (self, seat, is_video)->track;
}

const char *
salon_subscriber_get_mid (SalonSubscriber *self, guint seat, gboolean is_video)
{
  return get_slot (self, seat, is_video)->mid;
}

/* -- a client that has offered -- */

/* Of the m-line that webrtcbin offers: the slot's own, or the one that stands for all. */
static void
set_preferences (SalonSubscriber *self, guint index)
{
  g_autoptr (GstCaps) caps = salon_codec_caps_add_ssrc (self->slots[index].caps, self->slots[index].ssrc);
  g_autoptr (GstWebRTCRTPTransceiver) transceiver = NULL;

  g_signal_emit_by_name (
      salon_transport_get_webrtcbin (SALON_TRANSPORT (self)), "get-transceiver", (int)index, &transceiver);
  g_object_set (transceiver, "codec-preferences", caps, "do-nack", FALSE, NULL);
}

void
salon_subscriber_set_client_offer (SalonSubscriber *self, const SalonClientOffer *client)
{
  g_assert (self->n_slots == 2 && self->offer == NULL);
  for (guint i = 0; i < self->n_slots; i++)
    {
      Slot *slot = &self->slots[i];

      gst_caps_unref (slot->caps);
      slot->caps = salon_client_offer_make_caps (client, salon_subscriber_is_video_slot (i), self->sender != NULL);
      gst_caps_replace (&self->offered[i], slot->caps);
      /* webrtcbin would choose the payload type of retransmissions by itself. */
      if (i == 0 || self->sender == NULL)
        set_preferences (self, i);
      if (slot->element != NULL)
        g_object_set (slot->element, "caps", slot->caps, NULL);
    }
}

/* -- life -- */

static gboolean
on_trim (gpointer user_data)
{
  SalonSubscriber *self = user_data;

  salon_sender_trim (self->sender, g_get_monotonic_time ());
  return G_SOURCE_CONTINUE;
}

static gboolean
open_sender (SalonSubscriber *self)
{
  GstElement *webrtc = salon_transport_get_webrtcbin (SALON_TRANSPORT (self));

  if (!salon_webrtc_bypass (webrtc, self->ice_hub, self->sender, self->transport_cc_id))
    return FALSE;
  self->trim_id = g_timeout_add_seconds (TRIM_INTERVAL_S, on_trim, self);
  return TRUE;
}

static gboolean
salon_subscriber_verified (SalonTransport *transport)
{
  SalonSubscriber *self = SALON_SUBSCRIBER (transport);

  if (self->sender != NULL && !open_sender (self))
    return FALSE;
  for (guint i = 0; i < self->n_slots; i++)
    salon_subscriber_follow_openness (self, &self->slots[i]);
  /* What the way bears can be tried out now. */
  share_soon (self);
  return TRUE;
}

/* webrtcbin negotiates them and sends what they give. */
static void
make_webrtcbin_slots (SalonSubscriber *self)
{
  g_signal_connect_object (salon_transport_get_webrtcbin (SALON_TRANSPORT (self)), "deep-element-added",
      G_CALLBACK (on_deep_element_added), self, 0);
  for (guint i = 0; i < self->n_slots; i++)
    {
      self->slots[i].ssrc = FIRST_SSRC + i;
      self->slots[i].caps = salon_codec_caps_offer (salon_subscriber_is_video_slot (i), self->slots[i].ssrc);
      open_slot (self, i);
    }
}

static void
make_slots (SalonSubscriber *self, const char *name, gboolean has_red)
{
  g_autofree char *sender_name = g_strconcat (name, "-sender", NULL);

  self->sender = gst_object_ref_sink (salon_sender_new (sender_name, salon_shares_get_bottleneck (self->shares)));
  salon_graph_add (salon_transport_get_graph (SALON_TRANSPORT (self)), GST_ELEMENT (self->sender));
  salon_webrtc_negotiate_transport (salon_transport_get_webrtcbin (SALON_TRANSPORT (self)));
  self->offered[FALSE] = salon_codec_caps_offer_all (FALSE, has_red);
  self->offered[TRUE] = salon_codec_caps_offer_all (TRUE, has_red);
  for (guint i = 0; i < self->n_slots; i++)
    {
      Slot *slot = &self->slots[i];

      slot->ssrc = FIRST_SSRC + i;
      slot->rtx_ssrc = salon_subscriber_is_video_slot (i) ? FIRST_RTX_SSRC + i : 0;
      slot->caps = gst_caps_ref (self->offered[salon_subscriber_is_video_slot (i)]);
    }
}

SalonSubscriber *
salon_subscriber_new (
    SalonGraph *graph, const char *name, const SalonMediaOptions *options, SalonShares *shares, gboolean names_tracks)
{
  g_autoptr (SalonSubscriber) self = g_object_new (SALON_TYPE_SUBSCRIBER, NULL);

  if (!salon_transport_open (SALON_TRANSPORT (self), graph, name, options))
    return NULL;
  self->guard = salon_packet_guard_new (salon_transport_get_webrtcbin (SALON_TRANSPORT (self)),
      shares != NULL ? SALON_ADMITS_NOTHING : SALON_ADMITS_RTCP);
  self->ice_hub = options->ice_hub;
  self->n_slots = 2 * (names_tracks ? SALON_LIMIT_SEATS : options->n_seats);
  if (names_tracks)
    self->lines = salon_lines_new (self->n_slots, 2);
  self->slots = g_new0 (Slot, self->n_slots);
  for (guint i = 0; i < self->n_slots; i++)
    forget_bounds (&self->slots[i]);
  self->shares = shares;
  if (shares != NULL)
    make_slots (self, name, options->has_red);
  else
    make_webrtcbin_slots (self);
  return g_steal_pointer (&self);
}

void
salon_subscriber_close (SalonSubscriber *self)
{
  if (salon_transport_is_closed (SALON_TRANSPORT (self)))
    return;
  for (guint i = 0; i < self->n_slots; i++)
    close_slot (self, i);
  self->shares = NULL;
  g_clear_handle_id (&self->trim_id, g_source_remove);
  if (self->sender != NULL)
    salon_graph_remove (salon_transport_get_graph (SALON_TRANSPORT (self)), GST_ELEMENT (self->sender));
  salon_transport_close (SALON_TRANSPORT (self));
}

static void
salon_subscriber_finalize (GObject *object)
{
  SalonSubscriber *self = SALON_SUBSCRIBER (object);

  for (guint i = 0; i < self->n_slots; i++)
    {
      g_free (self->slots[i].mid);
      gst_clear_caps (&self->slots[i].caps);
      /* Not before: the RTCP thread may have looked it up just as the subscriber closed. */
      gst_clear_object (&self->slots[i].element);
    }
  g_free (self->slots);
  gst_clear_caps (&self->offered[FALSE]);
  gst_clear_caps (&self->offered[TRUE]);
  gst_clear_object (&self->sender);
  g_clear_pointer (&self->guard, salon_packet_guard_unref);
  g_clear_pointer (&self->offer, salon_sdp_unref);
  g_clear_pointer (&self->lines, salon_lines_free);
  g_free (self->transport);
  G_OBJECT_CLASS (salon_subscriber_parent_class)->finalize (object);
}

static void
salon_subscriber_class_init (SalonSubscriberClass *klass)
{
  GST_DEBUG_CATEGORY_INIT (salon_subscriber_debug, "salon-subscriber", 0, "Salon subscriber connection");
  G_OBJECT_CLASS (klass)->finalize = salon_subscriber_finalize;
  SALON_TRANSPORT_CLASS (klass)->verified = salon_subscriber_verified;
  signals[SIGNAL_LAYER_CHANGED] = g_signal_new (
      "layer-changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_UINT);
  signals[SIGNAL_FORM_CHANGED] = g_signal_new ("form-changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
      NULL, NULL, G_TYPE_NONE, 4, G_TYPE_UINT, G_TYPE_UINT, G_TYPE_INT, G_TYPE_STRING);
  signals[SIGNAL_OFFER] = g_signal_new (
      "offer", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
salon_subscriber_init (SalonSubscriber *self)
{
}
