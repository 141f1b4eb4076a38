/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-publisher.h"

#include <string.h>

#include "salon-codec-caps.h"
#include "salon-error.h"
#include "salon-extension-map.h"
#include "salon-offer.h"
#include "salon-packet-guard.h"
#include "salon-red-entry.h"
#include "salon-rtp-packet.h"
#include "salon-uplink-cap.h"

GST_DEBUG_CATEGORY_STATIC (salon_publisher_debug);
#define GST_CAT_DEFAULT salon_publisher_debug

/* How much later than its neighbours a packet of audio may come and still be put in order: one of Opus' packets. */
#define AUDIO_REORDER_MS 20
/* For how long a lost packet of video is asked for, and holds up what follows: three times on a round trip of 300 ms,
 * and more often on shorter ones. Where it comes again, others wait no longer than that takes. */
#define VIDEO_PATIENCE_MS 1000

/* What is read of a packet to tell where it belongs: header and extensions. */
#define PACKET_HEAD_BYTES 256

struct _SalonPublisher
{
  SalonTransport parent_instance;

  SalonCodec video_codecs[SALON_N_CODECS]; /* which to accept, the most wanted first */
  guint n_video_codecs;
  gboolean takes_media;
  gboolean is_negotiating;
  SalonPacketGuard *guard; /* (owned) */
  SalonUplinkCap *cap;     /* (owned) (nullable): NULL once closed */

  gboolean may_red;         /* sound may come with redundancy */
  gboolean has_decided_red; /* once for all, by the first offer that has sound */
  SalonSdpRed red;
  SalonRedEntry *red_entry; /* (owned) */

  /* What webrtcbin's thread and the streaming threads look up. */
  struct
  {
    GMutex lock;
    SalonSdp *offer;     /* (owned) (nullable), lock: the one being answered, or the last one */
    GPtrArray *accepted; /* (owned) (element-type GstCaps), lock: what each m-line is answered with, once for all */
    GPtrArray *tracks;   /* (owned) (element-type SalonTrack), lock to change or read it elsewhere than on main */
  } shared;
};

G_DEFINE_FINAL_TYPE (SalonPublisher, salon_publisher, SALON_TYPE_TRANSPORT)

/* -- webrtcbin's thread: what to accept of each m-line -- */

static SalonSdp *
dup_offer (SalonPublisher *self)
{
  SalonSdp *offer;

  g_mutex_lock (&self->shared.lock);
  offer = salon_sdp_ref (self->shared.offer);
  g_mutex_unlock (&self->shared.lock);
  return offer;
}

/* Returns: (transfer full) (nullable): what an m-line was, or is being, answered with. */
static GstCaps *
dup_accepted (SalonPublisher *self, guint m_line)
{
  GstCaps *caps = NULL;

  g_mutex_lock (&self->shared.lock);
  if (m_line < self->shared.accepted->len)
    caps = gst_caps_ref (g_ptr_array_index (self->shared.accepted, m_line));
  g_mutex_unlock (&self->shared.lock);
  return caps;
}

/* create-answer makes a transceiver for each new m-line and reads its codec-preferences right after this signal. */
static void
on_new_transceiver (GstElement *webrtc, GstWebRTCRTPTransceiver *transceiver, gpointer user_data)
{
  SalonPublisher *self = user_data;
  g_autoptr (GstCaps) caps = NULL;
  const char *media;
  guint m_line;

  g_object_get (transceiver, "mlineindex", &m_line, NULL);
  caps = dup_accepted (self, m_line);
  if (caps == NULL)
    return;
  media = gst_structure_get_string (gst_caps_get_structure (caps, 0), "media");
  /* Chromium refuses an audio m-line whose answer has NACK. */
  g_object_set (transceiver, "codec-preferences", caps, "do-nack", g_str_equal (media, "video"), NULL);
}

/* -- a streaming thread: media arrives -- */

static SalonTrack *
dup_track (SalonPublisher *self, const char *mid)
{
  SalonTrack *track;

  g_mutex_lock (&self->shared.lock);
  track = mid != NULL ? salon_track_find (self->shared.tracks, mid) : NULL;
  if (track != NULL)
    g_object_ref (track);
  g_mutex_unlock (&self->shared.lock);
  return track;
}

/* The SSRC that the description announces is certain; the pad's transceiver is webrtcbin's guess. */
static char *
dup_mid_of_pad (const SalonSdp *offer, GstPad *pad)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  g_autoptr (GstWebRTCRTPTransceiver) transceiver = NULL;
  char *mid = NULL;
  guint ssrc;

  if (caps != NULL && gst_structure_get_uint (gst_caps_get_structure (caps, 0), "ssrc", &ssrc))
    mid = g_strdup (salon_sdp_get_mid_of_ssrc (offer, ssrc));
  if (mid != NULL)
    return mid;
  g_object_get (pad, "transceiver", &transceiver, NULL);
  g_object_get (transceiver, "mid", &mid, NULL);
  return mid;
}

/* -- how long to wait for what is lost -- */

/* Audio is not sent again: waiting for what is lost would only hold up what follows. */
static void
tune_jitter_buffer (GstElement *jitter_buffer, const SalonSdp *offer, gboolean is_video)
{
  if (!is_video)
    g_object_set (jitter_buffer, "do-retransmission", FALSE, "latency", AUDIO_REORDER_MS, NULL);
  else if (salon_sdp_resends_video (offer))
    g_object_set (jitter_buffer, "latency", VIDEO_PATIENCE_MS, NULL);
}

/* Without a faststart, even the first packet would have to wait for so long, in case that there are some before it. */
static void
on_new_jitter_buffer (GstElement *rtpbin, GstElement *jitter_buffer, guint session, guint ssrc, gpointer user_data)
{
  g_autoptr (SalonSdp) offer = dup_offer (user_data);
  const char *mid = salon_sdp_get_mid_of_ssrc (offer, ssrc);

  if (mid != NULL)
    tune_jitter_buffer (jitter_buffer, offer, salon_sdp_find_media (offer, mid)->kind == SALON_SDP_VIDEO);
  g_object_set (jitter_buffer, "faststart-min-packets", 1, NULL);
}

/* Returns: (transfer full) (nullable): what a pad of webrtcbin's has its packets from. */
static GstElement *
dup_jitter_buffer (GstPad *pad)
{
  g_autoptr (GstPad) at = gst_object_ref (pad);

  while (at != NULL)
    {
      g_autoptr (GstPad) source = g_steal_pointer (&at);
      g_autoptr (GstElement) element = NULL;
      g_autoptr (GstPad) sink = NULL;

      if (GST_IS_GHOST_PAD (source))
        {
          at = gst_ghost_pad_get_target (GST_GHOST_PAD (source));
          continue;
        }
      element = gst_pad_get_parent_element (source);
      if (element == NULL || g_object_class_find_property (G_OBJECT_GET_CLASS (element), "faststart-min-packets"))
        return g_steal_pointer (&element);
      sink = gst_element_get_static_pad (element, "sink");
      at = sink != NULL ? gst_pad_get_peer (sink) : NULL;
    }
  return NULL;
}

/* Where the description does not tell of an SSRC, only now it is known what it brings. */
static void
link_source (SalonTrack *track, const SalonSdp *offer, guint stream, GstPad *pad)
{
  g_autoptr (GstElement) jitter_buffer = dup_jitter_buffer (pad);

  if (jitter_buffer != NULL)
    tune_jitter_buffer (jitter_buffer, offer, salon_track_is_video (track));
  salon_track_link_source (track, stream, pad);
}

/* -- simulcast: only the packets say which stream they are -- */

/* (transfer none) (nullable): *size bytes, without a NUL. */
static const char *
find_text (const SalonSdp *offer, const SalonRtpPacket *packet, const char *uri, gsize *size)
{
  guint id = salon_sdp_get_extension_id (offer, uri);

  return id != 0 ? (const char *)salon_rtp_packet_find_extension (packet, (guint8)id, size) : NULL;
}

/* Which m-line a packet belongs to, and which of its streams (RFC 8852); clients say so until they know that we have
 * heard it. FALSE when it doesn't say. */
static gboolean
read_stream (const SalonSdp *offer, GstPad *pad, const SalonRtpPacket *packet, char **mid, guint *stream)
{
  const SalonSdpMedia *media;
  gint found = 0;
  gsize size;
  const char *text = find_text (offer, packet, SALON_URI_MID, &size);

  *mid = text != NULL ? g_strndup (text, size) : dup_mid_of_pad (offer, pad);
  media = *mid != NULL ? salon_sdp_find_media (offer, *mid) : NULL;
  if (media == NULL)
    return FALSE;
  if (media->n_rids > 0)
    {
      text = find_text (offer, packet, SALON_URI_RID, &size);
      found = text != NULL ? salon_sdp_media_find_rid (media, text, size) : -1;
    }
  *stream = (guint)MAX (found, 0);
  return found >= 0;
}

static gboolean
link_by_packet (SalonPublisher *self, GstPad *pad, GstBuffer *buffer)
{
  g_autoptr (SalonSdp) offer = dup_offer (self);
  guint8 head[PACKET_HEAD_BYTES];
  gsize head_size = gst_buffer_extract (buffer, 0, head, sizeof head);
  SalonRtpPacket packet;
  g_autofree char *mid = NULL;
  g_autoptr (SalonTrack) track = NULL;
  guint stream;

  if (!salon_rtp_packet_parse_head (&packet, head, head_size, gst_buffer_get_size (buffer))
      || !read_stream (offer, pad, &packet, &mid, &stream))
    return FALSE;
  track = dup_track (self, mid);
  if (track == NULL || stream >= salon_track_get_n_streams (track))
    return FALSE;
  GST_DEBUG_OBJECT (pad, "is stream %u of m-line %s", stream, mid);
  link_source (track, offer, stream, pad);
  return TRUE;
}

/* Until a packet tells where the pad belongs, its media is lost. */
static GstPadProbeReturn
on_unknown_stream (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  GstBuffer *buffer = info->type & GST_PAD_PROBE_TYPE_BUFFER
                          ? GST_PAD_PROBE_INFO_BUFFER (info)
                          : gst_buffer_list_get (GST_PAD_PROBE_INFO_BUFFER_LIST (info), 0);

  return link_by_packet (user_data, pad, buffer) ? GST_PAD_PROBE_REMOVE : GST_PAD_PROBE_DROP;
}

static GstPadProbeReturn
drop (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  return GST_PAD_PROBE_DROP;
}

/* Media that nothing takes ends all of the connection's media otherwise: its source stops for "not-linked". */
static void
drop_media (GstPad *pad)
{
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, drop, NULL, NULL);
}

/* webrtcbin, whose handler ran first, links what it shows as a pad of its own; not what an inactive m-line sends. */
static void
on_rtpbin_pad_added (GstElement *rtpbin, GstPad *pad, gpointer user_data)
{
  if (GST_PAD_DIRECTION (pad) == GST_PAD_SRC && g_str_has_prefix (GST_OBJECT_NAME (pad), "recv_rtp_src")
      && !gst_pad_is_linked (pad))
    drop_media (pad);
}

static void
on_pad_added (GstElement *webrtc, GstPad *pad, gpointer user_data)
{
  SalonPublisher *self = user_data;
  g_autoptr (SalonSdp) offer = NULL;
  g_autofree char *mid = NULL;
  g_autoptr (SalonTrack) track = NULL;

  if (GST_PAD_DIRECTION (pad) != GST_PAD_SRC)
    return;
  offer = dup_offer (self);
  if (salon_sdp_has_simulcast (offer))
    {
      gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, on_unknown_stream,
          g_object_ref (self), g_object_unref);
      return;
    }
  mid = dup_mid_of_pad (offer, pad);
  track = dup_track (self, mid);
  if (track != NULL)
    link_source (track, offer, 0, pad);
  else
    drop_media (pad);
}

/* -- negotiation -- */

static guint8
get_accepted_payload_type (GstCaps *accepted)
{
  int payload_type = 0;

  gst_structure_get_int (gst_caps_get_structure (accepted, 0), "payload", &payload_type);
  return (guint8)payload_type;
}

/* The payload type that stands for RED in one m-line does so in all: so it is for the whole connection. */
static void
decide_red (SalonPublisher *self, const SalonSdp *offer, const GPtrArray *accepted)
{
  for (guint i = 0; i < offer->media->len && !self->has_decided_red; i++)
    {
      const SalonSdpMedia *media = salon_sdp_get_media (offer, i);

      if (media->kind != SALON_SDP_AUDIO)
        continue;
      self->has_decided_red = TRUE;
      if (!self->may_red || media->red.payload_type == 0
          || media->red.opus_payload_type != get_accepted_payload_type (g_ptr_array_index (accepted, i)))
        continue;
      self->red = media->red;
      salon_red_entry_set (self->red_entry, &self->red);
    }
}

static void
set_up_audio (SalonPublisher *self, SalonTrack *track, const SalonSdp *offer, guint m_line)
{
  guint8 payload_type = get_accepted_payload_type (g_ptr_array_index (self->shared.accepted, m_line));

  salon_track_set_level_id (track, salon_sdp_get_extension_id (offer, SALON_URI_AUDIO_LEVEL));
  if (self->red.payload_type != 0 && payload_type == self->red.opus_payload_type)
    salon_track_set_red (track);
}

static void
add_tracks (SalonPublisher *self, const SalonSdp *offer)
{
  SalonTransport *transport = SALON_TRANSPORT (self);

  for (guint i = 0; i < offer->media->len; i++)
    {
      const SalonSdpMedia *media = salon_sdp_get_media (offer, i);
      SalonTrack *track;

      if (!media->sends || salon_track_find (self->shared.tracks, media->mid) != NULL)
        continue;
      track = salon_track_new (
          salon_transport_get_graph (transport), media->mid, media->kind == SALON_SDP_VIDEO, MAX (media->n_rids, 1));
      if (media->kind == SALON_SDP_AUDIO)
        set_up_audio (self, track, offer, i);
      else
        salon_track_set_dependency_id (track, salon_sdp_get_extension_id (offer, SALON_URI_DEPENDENCY_DESCRIPTOR));
      salon_track_set_open (track, salon_transport_is_verified (transport));
      if (self->cap != NULL)
        salon_uplink_cap_add (self->cap, track);
      g_mutex_lock (&self->shared.lock);
      g_ptr_array_add (self->shared.tracks, track);
      g_mutex_unlock (&self->shared.lock);
    }
}

static void
finish_offer (GTask *task, char *answer, GError *error)
{
  SalonPublisher *self = g_task_get_source_object (task);

  self->is_negotiating = FALSE;
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, answer, g_free);
  g_object_unref (task);
}

/* answer: (transfer full): webrtcbin's. Returns: (transfer full): the client's. */
static char *
answer_data (SalonTransport *transport, char *answer)
{
  g_autofree char *own = answer;
  const SalonSdp *offer = salon_transport_get_remote (transport);

  if (offer->data_mid == NULL)
    return g_steal_pointer (&own);
  salon_transport_open_data (transport);
  return salon_offer_add_data (own, offer->data_index, offer->data_mid, FALSE);
}

/* RFC 8285 section 6: a keyframe's dependency descriptor does not fit into the one-byte form of extensions, and
 * browsers leave it out unless both forms are allowed. answer: (transfer full). Returns: (transfer full) */
static char *
allow_mixed_extensions (char *answer)
{
  const char *lines = strstr (answer, "\r\nm=");
  GString *text;

  if (lines == NULL || strstr (answer, SALON_URI_DEPENDENCY_DESCRIPTOR) == NULL)
    return answer;
  text = g_string_new_len (answer, lines - answer);
  g_string_append (text, "\r\na=extmap-allow-mixed");
  g_string_append (text, lines);
  g_free (answer);
  return g_string_free (text, FALSE);
}

/* answer: (transfer full). Returns: (transfer full) */
static char *
answer_red (SalonPublisher *self, char *answer)
{
  g_autofree char *own = answer;
  const SalonSdp *offer = salon_transport_get_remote (SALON_TRANSPORT (self));

  return self->red.payload_type != 0 ? salon_offer_add_red (own, offer, &self->red) : g_steal_pointer (&own);
}

static void
on_answer_created (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SalonTransport *transport = SALON_TRANSPORT (source);
  g_autoptr (GError) error = NULL;
  char *answer = salon_transport_create_local_finish (transport, result, &error);

  if (answer != NULL)
    answer = answer_data (transport, answer_red (SALON_PUBLISHER (transport), allow_mixed_extensions (answer)));
  finish_offer (user_data, answer, g_steal_pointer (&error));
}

static void
on_offer_set (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SalonTransport *transport = SALON_TRANSPORT (source);
  g_autoptr (GError) error = NULL;

  if (!salon_transport_set_remote_finish (transport, result, &error))
    finish_offer (user_data, NULL, g_steal_pointer (&error));
  else
    salon_transport_create_local_async (transport, GST_WEBRTC_SDP_TYPE_ANSWER, on_answer_created, user_data);
}

static GstCaps *
choose_caps (SalonPublisher *self, const SalonSdp *offer, guint m_line)
{
  static const SalonCodec audio_codecs[] = { SALON_CODEC_OPUS };
  const GstSDPMedia *media = gst_sdp_message_get_media (offer->message, m_line);

  if (salon_sdp_get_media (offer, m_line)->kind == SALON_SDP_VIDEO)
    return salon_codec_caps_choose (media, self->video_codecs, self->n_video_codecs);
  return salon_codec_caps_choose (media, audio_codecs, G_N_ELEMENTS (audio_codecs));
}

/* webrtcbin keeps to what it answered first, and rejects an m-line that no longer offers it; no later description of
 * the connection would do then. Returns: (transfer full) (nullable): the caps, if they are still offered. */
static GstCaps *
keep_caps (GstCaps *accepted, const SalonSdp *offer, guint m_line)
{
  const char *name = gst_structure_get_string (gst_caps_get_structure (accepted, 0), "encoding-name");
  g_autoptr (GstCaps) caps = NULL;
  SalonCodec codec;

  if (!salon_codec_from_encoding_name (name, &codec))
    return NULL;
  caps = salon_codec_caps_choose (gst_sdp_message_get_media (offer->message, m_line), &codec, 1);
  return caps != NULL && gst_caps_can_intersect (caps, accepted) ? gst_caps_ref (accepted) : NULL;
}

/* Returns: (transfer full) (nullable): caps by m-line. */
static GPtrArray *
choose_codecs (SalonPublisher *self, const SalonSdp *offer, GError **error)
{
  g_autoptr (GPtrArray) chosen = g_ptr_array_new_with_free_func ((GDestroyNotify)gst_caps_unref);

  for (guint i = 0; i < offer->media->len; i++)
    {
      g_autoptr (GstCaps) accepted = dup_accepted (self, i);
      GstCaps *caps = accepted != NULL ? keep_caps (accepted, offer, i) : choose_caps (self, offer, i);

      if (caps == NULL)
        {
          g_set_error (error, SALON_ERROR, SALON_ERROR_MEDIA,
              "m-line %u offers no codec that this server forwards "
              "(Opus; for video see video-codecs), or no longer the one that was agreed on",
              i);
          return NULL;
        }
      g_ptr_array_add (chosen, caps);
    }
  return g_steal_pointer (&chosen);
}

/* chosen: (out) (transfer full): see choose_codecs(). */
static SalonSdp *
check_offer (SalonPublisher *self, const char *text, GPtrArray **chosen, GError **error)
{
  g_autoptr (SalonSdp) offer = NULL;

  if (salon_transport_is_closed (SALON_TRANSPORT (self)))
    {
      g_propagate_error (error, salon_transport_error_no_room ());
      return NULL;
    }
  if (self->is_negotiating)
    {
      g_set_error_literal (error, SALON_ERROR, SALON_ERROR_MEDIA, "An offer is being answered; wait for its answer");
      return NULL;
    }
  offer = salon_sdp_parse (text, error);
  if (offer == NULL || !salon_sdp_check_offer (offer, salon_transport_get_remote (SALON_TRANSPORT (self)), error))
    return NULL;
  if (offer->data_mid != NULL && !salon_transport_takes_data (SALON_TRANSPORT (self)))
    {
      g_set_error_literal (error, SALON_ERROR, SALON_ERROR_MEDIA, "This connection takes no data channels");
      return NULL;
    }
  if (!self->takes_media && salon_sdp_sends (offer))
    {
      g_set_error_literal (
          error, SALON_ERROR, SALON_ERROR_MEDIA, "You joined with NoPublish; join again without it to publish");
      return NULL;
    }
  *chosen = choose_codecs (self, offer, error);
  return *chosen != NULL ? g_steal_pointer (&offer) : NULL;
}

void
salon_publisher_offer_async (SalonPublisher *self, const char *text, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) chosen = NULL;
  g_autoptr (SalonSdp) offer = check_offer (self, text, &chosen, &error);
  guint transport_cc_id;

  if (offer == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      g_object_unref (task);
      return;
    }
  self->is_negotiating = TRUE;
  decide_red (self, offer, chosen);
  transport_cc_id = salon_sdp_get_extension_id (offer, SALON_URI_TRANSPORT_CC);
  if (transport_cc_id != 0) /* the session never forgets it either */
    salon_packet_guard_set_transport_cc_id (self->guard, transport_cc_id);
  g_mutex_lock (&self->shared.lock);
  g_clear_pointer (&self->shared.offer, salon_sdp_unref);
  self->shared.offer = salon_sdp_ref (offer);
  g_ptr_array_unref (self->shared.accepted);
  self->shared.accepted = g_steal_pointer (&chosen);
  g_mutex_unlock (&self->shared.lock);
  add_tracks (self, offer);
  salon_transport_set_remote_async (
      SALON_TRANSPORT (self), GST_WEBRTC_SDP_TYPE_OFFER, g_steal_pointer (&offer), on_offer_set, task);
}

char *
salon_publisher_offer_finish (SalonPublisher *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

gboolean
salon_publisher_is_negotiating (SalonPublisher *self)
{
  return self->is_negotiating;
}

/* -- tracks -- */

SalonTrack *
salon_publisher_get_track (SalonPublisher *self, const char *mid)
{
  return salon_track_find (self->shared.tracks, mid);
}

GPtrArray *
salon_publisher_get_tracks (SalonPublisher *self)
{
  return self->shared.tracks;
}

static gboolean
salon_publisher_verified (SalonTransport *transport)
{
  SalonPublisher *self = SALON_PUBLISHER (transport);

  for (guint i = 0; i < self->shared.tracks->len; i++)
    salon_track_set_open (g_ptr_array_index (self->shared.tracks, i), TRUE);
  return TRUE;
}

/* -- life -- */

static void
read_codecs (SalonPublisher *self, const char *const *names)
{
  for (; *names != NULL && self->n_video_codecs < SALON_N_CODECS; names++)
    {
      if (salon_codec_from_encoding_name (*names, &self->video_codecs[self->n_video_codecs]))
        self->n_video_codecs++;
    }
}

SalonPublisher *
salon_publisher_new (SalonGraph *graph, const char *name, const SalonMediaOptions *options)
{
  SalonPublisher *self = g_object_new (SALON_TYPE_PUBLISHER, NULL);
  g_autoptr (GstElement) rtpbin = NULL;
  GstElement *webrtc;

  self->takes_media = TRUE;
  read_codecs (self, options->video_codecs);
  if (!salon_transport_open (SALON_TRANSPORT (self), graph, name, options))
    return self;
  webrtc = salon_transport_get_webrtcbin (SALON_TRANSPORT (self));
  self->guard = salon_packet_guard_new (webrtc, SALON_ADMITS_MEDIA);
  self->cap = salon_uplink_cap_new (webrtc);
  self->may_red = options->has_red;
  self->red_entry = salon_red_entry_new (webrtc);
  rtpbin = gst_bin_get_by_name (GST_BIN (webrtc), "rtpbin");
  g_signal_connect_object (rtpbin, "new-jitterbuffer", G_CALLBACK (on_new_jitter_buffer), self, 0);
  g_signal_connect_object (rtpbin, "pad-added", G_CALLBACK (on_rtpbin_pad_added), self, 0);
  g_signal_connect_object (webrtc, "on-new-transceiver", G_CALLBACK (on_new_transceiver), self, 0);
  g_signal_connect_object (webrtc, "pad-added", G_CALLBACK (on_pad_added), self, 0);
  return self;
}

void
salon_publisher_set_takes_media (SalonPublisher *self, gboolean takes_media)
{
  self->takes_media = takes_media;
}

void
salon_publisher_close (SalonPublisher *self)
{
  if (salon_transport_is_closed (SALON_TRANSPORT (self)))
    return;
  g_clear_pointer (&self->cap, salon_uplink_cap_free);
  /* The source first: it waits for the streaming threads, so that no packet is under way in the tees. */
  salon_transport_close (SALON_TRANSPORT (self));
  for (guint i = 0; i < self->shared.tracks->len; i++)
    salon_track_close (g_ptr_array_index (self->shared.tracks, i));
}

static void
salon_publisher_finalize (GObject *object)
{
  SalonPublisher *self = SALON_PUBLISHER (object);

  g_clear_pointer (&self->shared.offer, salon_sdp_unref);
  g_clear_pointer (&self->guard, salon_packet_guard_unref);
  g_clear_pointer (&self->red_entry, salon_red_entry_unref);
  g_ptr_array_unref (self->shared.accepted);
  g_ptr_array_unref (self->shared.tracks);
  g_mutex_clear (&self->shared.lock);
  G_OBJECT_CLASS (salon_publisher_parent_class)->finalize (object);
}

static void
salon_publisher_class_init (SalonPublisherClass *klass)
{
  GST_DEBUG_CATEGORY_INIT (salon_publisher_debug, "salon-publisher", 0, "Salon publisher connection");
  G_OBJECT_CLASS (klass)->finalize = salon_publisher_finalize;
  SALON_TRANSPORT_CLASS (klass)->verified = salon_publisher_verified;
}

static void
salon_publisher_init (SalonPublisher *self)
{
  g_mutex_init (&self->shared.lock);
  self->shared.accepted = g_ptr_array_new_with_free_func ((GDestroyNotify)gst_caps_unref);
  self->shared.tracks = g_ptr_array_new_with_free_func (g_object_unref);
}
