/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-slot.h"

#include <stdatomic.h>

#include "salon-rewriter.h"
#include "salon-slot-caps.h"
#include "salon-slot-packet.h"
#include "salon-slot-pad.h"

GST_DEBUG_CATEGORY_STATIC (salon_slot_debug);
#define GST_CAT_DEFAULT salon_slot_debug

/* Both kinds are numbered by three bits (RFC 9628). */
#define MAX_LAYER 7

struct _SalonSlot
{
  GstElement parent;

  GstPad *src_pad; /* (borrowed) */

  /* What is wanted: under the object lock. The streaming side copies it when the generation has moved. */
  GstPad *active_pad; /* (borrowed) (nullable): read without the lock too, to drop early */
  GstPad *next_pad;   /* (borrowed) (nullable): likewise */
  GstCaps *caps;      /* (owned) (nullable) */
  guint32 ssrc;
  gboolean is_open;
  gboolean is_choosing; /* active-pad was never set */
  gboolean has_video;
  guint next_pad_number;
  guint n_turns;   /* how often a pad became the active one */
  gint generation; /* written under the lock, read atomically */

  gint settled_generation; /* atomic: the generation whose first packet went out */
  gint max_spatial;        /* atomic */
  gint max_temporal;       /* atomic */

  /* What is done: under src_pad's stream lock. */
  struct
  {
    gint generation;
    guint n_turns;
    GstPad *active_pad; /* compared, never dereferenced */
    GstCaps *offered;   /* (owned) (nullable): the caps property */
    guint32 ssrc;
    gboolean is_open;
    gboolean needs_match;   /* of the active pad's caps with the offered ones */
    gboolean is_new_source; /* not switched to yet */
    gboolean is_supported;
    GstCaps *caps; /* (owned) (nullable): of the next packets */
    gboolean has_started;
    gboolean has_sent_caps;
    SalonRewriter rewriter;
  } stream;

  /* Written while streaming, read whenever. */
  _Atomic guint64 n_packets;
  _Atomic guint64 n_bytes;
  _Atomic guint64 n_dropped;
  _Atomic guint64 n_flow_errors;
  _Atomic guint64 n_switches;
  _Atomic guint64 n_keyframe_requests;
  gint is_unsupported; /* atomic */
  gint is_prerolled;   /* atomic: opening it needs no other keyframe */
};

enum
{
  PROP_0,
  PROP_ACTIVE_PAD,
  PROP_NEXT_PAD,
  PROP_OPEN,
  PROP_CAPS,
  PROP_SSRC,
  PROP_MAX_SPATIAL_LAYER,
  PROP_MAX_TEMPORAL_LAYER,
  PROP_AWAITING_KEYFRAME,
  PROP_STATS,
  N_PROPERTIES,
};
static GParamSpec *properties[N_PROPERTIES];

enum
{
  SIGNAL_REQUEST_KEYFRAME,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

static GstStaticPadTemplate sink_template
    = GST_STATIC_PAD_TEMPLATE ("sink_%u", GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS ("application/x-rtp"));
static GstStaticPadTemplate src_template
    = GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS ("application/x-rtp"));

G_DEFINE_FINAL_TYPE_WITH_CODE (
    SalonSlot, salon_slot, GST_TYPE_ELEMENT, GST_DEBUG_CATEGORY_INIT (salon_slot_debug, "salonslot", 0, "salonslot"))
GST_ELEMENT_REGISTER_DEFINE (salonslot, "salonslot", GST_RANK_NONE, SALON_TYPE_SLOT)

static void
count (_Atomic guint64 *counter, guint64 n)
{
  atomic_fetch_add_explicit (counter, n, memory_order_relaxed);
}

static void
change_generation_locked (SalonSlot *slot)
{
  g_atomic_int_inc (&slot->generation);
}

/* What was kept until now is no beginning any more. */
static void
set_active_pad_locked (SalonSlot *slot, GstPad *pad)
{
  g_atomic_pointer_set (&slot->active_pad, pad);
  g_atomic_int_set (&slot->is_prerolled, FALSE);
  slot->n_turns++;
  change_generation_locked (slot);
}

/* --- Keyframe requests --- */

/* Whether to ask now, and whom: is_next: the next pad, if there is one. (transfer full) (nullable) */
static GstPad *
claim_keyframe_request (SalonSlot *slot, gboolean is_next, gboolean is_urgent)
{
  gint64 now_us = g_get_monotonic_time ();
  SalonSlotPad *pad;

  GST_OBJECT_LOCK (slot);
  pad = (SalonSlotPad *)(is_next ? slot->next_pad : slot->active_pad);
  if (pad != NULL && (slot->is_open || is_urgent) && slot->has_video
      && (is_urgent || now_us - pad->last_request_us >= SALON_SLOT_KEYFRAME_INTERVAL_US))
    {
      pad->last_request_us = now_us;
      gst_object_ref (pad);
    }
  else
    pad = NULL;
  GST_OBJECT_UNLOCK (slot);
  return GST_PAD_CAST (pad);
}

/* Always a new event: the one from downstream names the subscriber's SSRC, which the publisher's session does not know.
 * Called without the src pad's stream lock, since upstream may do anything with it. */
static void
request_keyframe_of (SalonSlot *slot, gboolean is_next, gboolean is_urgent)
{
  g_autoptr (GstPad) pad = claim_keyframe_request (slot, is_next, is_urgent);
  GstStructure *structure;

  if (pad == NULL)
    return;
  GST_DEBUG_OBJECT (slot, "requesting a keyframe from %" GST_PTR_FORMAT, pad);
  count (&slot->n_keyframe_requests, 1);
  structure = gst_structure_new ("GstForceKeyUnit", "running-time", GST_TYPE_CLOCK_TIME, GST_CLOCK_TIME_NONE,
      "all-headers", G_TYPE_BOOLEAN, FALSE, "count", G_TYPE_UINT, 0, NULL);
  gst_pad_push_event (pad, gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM, structure));
}

static void
request_keyframe (SalonSlot *slot, gboolean is_urgent)
{
  request_keyframe_of (slot, FALSE, is_urgent);
}

static void
on_request_keyframe (SalonSlot *slot)
{
  request_keyframe (slot, TRUE);
}

/* --- Streaming: under the src pad's stream lock --- */

/* rtpfunnel sends the SEGMENT of an input again whenever it turns to another input, unless it is the very same event.
 */
static GstEvent *
get_shared_segment_event (void)
{
  static GstEvent *shared = NULL;
  static gsize is_made = 0;

  if (g_once_init_enter (&is_made))
    {
      GstSegment segment;

      gst_segment_init (&segment, GST_FORMAT_TIME);
      shared = gst_event_new_segment (&segment);
      GST_MINI_OBJECT_FLAG_SET (shared, GST_MINI_OBJECT_FLAG_MAY_BE_LEAKED);
      g_once_init_leave (&is_made, 1);
    }
  return gst_event_ref (shared);
}

static void
send_sticky_events (SalonSlot *slot)
{
  gboolean is_first = !slot->stream.has_started;

  if (is_first)
    {
      g_autofree char *stream_id = g_strdup_printf ("salonslot-%08x", slot->stream.ssrc);
      GstEvent *event = gst_event_new_stream_start (stream_id);

      gst_event_set_group_id (event, gst_util_group_id_next ());
      gst_pad_push_event (slot->src_pad, event);
    }
  if (!slot->stream.has_sent_caps)
    gst_pad_push_event (slot->src_pad, gst_event_new_caps (slot->stream.caps));
  if (is_first)
    gst_pad_push_event (slot->src_pad, get_shared_segment_event ());
  slot->stream.has_started = TRUE;
  slot->stream.has_sent_caps = TRUE;
}

/* Takes over what was wanted since the last packet. */
static void
copy_settings (SalonSlot *slot)
{
  GST_OBJECT_LOCK (slot);
  slot->stream.generation = slot->generation;
  /* Other caps alone, such as without redundancy, are no break. */
  slot->stream.is_new_source |= slot->stream.n_turns != slot->n_turns || slot->stream.is_open != slot->is_open
                                || slot->stream.ssrc != slot->ssrc;
  slot->stream.n_turns = slot->n_turns;
  slot->stream.active_pad = slot->active_pad;
  slot->stream.is_open = slot->is_open;
  slot->stream.ssrc = slot->ssrc;
  gst_caps_replace (&slot->stream.offered, slot->caps);
  GST_OBJECT_UNLOCK (slot);
  slot->stream.needs_match = TRUE;
}

static void
set_stream_caps (SalonSlot *slot, GstCaps *caps)
{
  if (slot->stream.caps != NULL && gst_caps_is_equal (slot->stream.caps, caps))
    return;
  gst_caps_replace (&slot->stream.caps, caps);
  slot->stream.has_sent_caps = FALSE;
}

/* Decides how the active pad's packets go out: a switch, unless only ids changed. */
static void
match_source (SalonSlot *slot, SalonSlotPad *pad)
{
  SalonRewriter *rewriter = &slot->stream.rewriter;
  g_autoptr (GstCaps) input = gst_pad_get_current_caps (GST_PAD (pad));
  g_autoptr (GstCaps) caps = NULL;
  SalonRewriterSource source;

  if (input != NULL)
    caps = salon_slot_caps_match (input, slot->stream.offered, slot->stream.ssrc, &source);
  pad->has_new_caps = FALSE;
  slot->stream.needs_match = FALSE;
  slot->stream.is_supported = caps != NULL;
  g_atomic_int_set (&slot->is_unsupported, caps == NULL);
  if (caps == NULL)
    {
      GST_WARNING_OBJECT (pad, "the output does not carry %" GST_PTR_FORMAT, input);
      slot->stream.is_new_source = TRUE;
      salon_slot_preroll_clear (&pad->preroll);
      g_atomic_int_set (&slot->is_prerolled, FALSE);
      return;
    }

  set_stream_caps (slot, caps);
  if (rewriter->ssrc != slot->stream.ssrc)
    salon_rewriter_init (rewriter, slot->stream.ssrc, (guint64)g_random_int () << 32 | g_random_int ());
  if (slot->stream.is_new_source || source.codec != rewriter->source.codec
      || source.clock_rate != rewriter->source.clock_rate)
    salon_rewriter_switch (rewriter, &source);
  else
    salon_rewriter_update (rewriter, &source);
  slot->stream.is_new_source = FALSE;
  GST_DEBUG_OBJECT (pad, "goes out as %" GST_PTR_FORMAT, caps);
}

/* Whether this pad's packets go out now. */
static gboolean
is_forwarding (SalonSlot *slot, SalonSlotPad *pad)
{
  if (g_atomic_int_get (&slot->generation) != slot->stream.generation)
    copy_settings (slot);
  if (slot->stream.active_pad != GST_PAD (pad) || !slot->stream.is_open)
    return FALSE;
  if (slot->stream.needs_match || pad->has_new_caps)
    match_source (slot, pad);
  return slot->stream.is_supported;
}

static void
follow_layers (SalonSlot *slot)
{
  salon_rewriter_set_layers (
      &slot->stream.rewriter, (SalonRewriterLayers){ (guint8)g_atomic_int_get (&slot->max_spatial),
                                  (guint8)g_atomic_int_get (&slot->max_temporal) });
}

/* The header is new, the payload is the input's memory. */
static GstBuffer *
make_buffer (const SalonSlotPad *pad, GstBuffer *input, const SalonRewriterResult *result)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, result->head_size, NULL);

  gst_buffer_fill (buffer, 0, result->head, result->head_size);
  if (result->rest_size > 0)
    gst_buffer_copy_into (buffer, input, GST_BUFFER_COPY_MEMORY, result->rest_offset, result->rest_size);
  GST_BUFFER_PTS (buffer) = GST_BUFFER_PTS (input);
  if (pad->segment.format == GST_FORMAT_TIME)
    GST_BUFFER_PTS (buffer) = gst_segment_to_running_time (&pad->segment, GST_FORMAT_TIME, GST_BUFFER_PTS (input));
  if (result->has_marker)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_MARKER);
  if (result->is_switch)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT | GST_BUFFER_FLAG_RESYNC);
  return buffer;
}

/* awaiting-keyframe, as seen from outside. */
static void
note_verdict (SalonSlot *slot, SalonRewriterVerdict verdict, gboolean is_switch)
{
  gint generation = slot->stream.generation;

  if (verdict == SALON_REWRITER_AWAITING_KEYFRAME && g_atomic_int_get (&slot->settled_generation) == generation)
    g_atomic_int_set (&slot->settled_generation, generation - 1);
  else if (verdict == SALON_REWRITER_FORWARD && is_switch)
    {
      g_atomic_int_set (&slot->settled_generation, generation);
      count (&slot->n_switches, 1);
    }
}

/* (transfer full) (nullable): NULL when the packet does not go out. */
static GstBuffer *
rewrite_buffer (SalonSlot *slot, SalonSlotPad *pad, GstBuffer *input, gboolean *is_awaiting)
{
  guint8 head[SALON_SLOT_PACKET_HEAD_BYTES];
  SalonRtpPacket packet;
  SalonRewriterResult result;
  SalonRewriterVerdict verdict;

  if (!salon_slot_packet_parse (input, head, &packet))
    {
      count (&slot->n_dropped, 1);
      GST_LOG_OBJECT (pad, "not an RTP packet");
      return NULL;
    }
  verdict = salon_rewriter_rewrite (&slot->stream.rewriter, &packet, g_get_monotonic_time (), &result);
  note_verdict (slot, verdict, verdict == SALON_REWRITER_FORWARD && result.is_switch);
  if (verdict != SALON_REWRITER_FORWARD)
    {
      count (&slot->n_dropped, 1);
      *is_awaiting |= verdict == SALON_REWRITER_AWAITING_KEYFRAME || verdict == SALON_REWRITER_AWAITING_LAYER;
      GST_LOG_OBJECT (pad, "dropped sequence number %u: verdict %d", packet.sequence, verdict);
      return NULL;
    }
  count (&slot->n_packets, 1);
  count (&slot->n_bytes, result.head_size + result.rest_size);
  return make_buffer (pad, input, &result);
}

/* What became of it downstream is the subscriber's affair alone. */
static void
note_flow (SalonSlot *slot, GstFlowReturn flow)
{
  if (flow == GST_FLOW_OK)
    return;
  count (&slot->n_flow_errors, 1);
  GST_LOG_OBJECT (slot, "downstream: %s", gst_flow_get_name (flow));
}

static void
forward_buffer (SalonSlot *slot, SalonSlotPad *pad, GstBuffer *input, gboolean *is_awaiting)
{
  GstBuffer *buffer = rewrite_buffer (slot, pad, input, is_awaiting);

  if (buffer == NULL)
    return;
  send_sticky_events (slot);
  note_flow (slot, gst_pad_push (slot->src_pad, buffer));
}

static void
forward_list (SalonSlot *slot, SalonSlotPad *pad, GstBufferList *inputs, gboolean *is_awaiting)
{
  guint n = gst_buffer_list_length (inputs);
  g_autoptr (GstBufferList) list = gst_buffer_list_new_sized (n);

  for (guint i = 0; i < n; i++)
    {
      GstBuffer *buffer = rewrite_buffer (slot, pad, gst_buffer_list_get (inputs, i), is_awaiting);

      if (buffer != NULL)
        gst_buffer_list_add (list, buffer);
    }
  if (gst_buffer_list_length (list) == 0)
    return;
  send_sticky_events (slot);
  note_flow (slot, gst_pad_push_list (slot->src_pad, g_steal_pointer (&list)));
}

/* --- Sink pads --- */

/* Whether this pad's packets can go out. */
static gboolean
is_carried (SalonSlot *slot, GstPad *pad)
{
  g_autoptr (GstCaps) input = gst_pad_get_current_caps (pad);
  g_autoptr (GstCaps) offered = NULL;
  g_autoptr (GstCaps) caps = NULL;
  SalonRewriterSource source;

  GST_OBJECT_LOCK (slot);
  gst_caps_replace (&offered, slot->caps);
  GST_OBJECT_UNLOCK (slot);
  caps = input != NULL ? salon_slot_caps_match (input, offered, slot->stream.ssrc, &source) : NULL;
  return caps != NULL;
}

/* Whether the next pad's turn has come. */
static gboolean
is_turn (SalonSlot *slot, SalonSlotPad *pad, GstBuffer *buffer, GstBufferList *list)
{
  return salon_slot_pad_starts_keyframe (pad, buffer, list) && is_carried (slot, GST_PAD (pad));
}

/* FALSE when somebody has decided otherwise meanwhile. */
static gboolean
take_turn (SalonSlot *slot, GstPad *pad)
{
  gboolean is_next;

  GST_OBJECT_LOCK (slot);
  is_next = slot->next_pad == pad;
  if (is_next)
    {
      g_atomic_pointer_set (&slot->next_pad, NULL);
      set_active_pad_locked (slot, pad);
    }
  GST_OBJECT_UNLOCK (slot);
  return is_next;
}

/* Not open yet: what could be begun with is kept. One of buffer and list is NULL. */
static void
preroll (SalonSlot *slot, SalonSlotPad *pad, GstBuffer *buffer, GstBufferList *list)
{
  if (slot->stream.active_pad != GST_PAD (pad) || slot->stream.is_open)
    return;
  salon_slot_pad_begin_turn (pad, slot->stream.n_turns);
  g_atomic_int_set (&slot->is_prerolled, salon_slot_pad_keep (pad, buffer, list));
}

static void
forward_preroll (SalonSlot *slot, SalonSlotPad *pad, gboolean *is_awaiting)
{
  g_autoptr (GPtrArray) packets = NULL;

  salon_slot_pad_begin_turn (pad, slot->stream.n_turns);
  if (pad->preroll.packets == NULL)
    return;
  packets = salon_slot_preroll_take (&pad->preroll, g_get_monotonic_time ());
  g_atomic_int_set (&slot->is_prerolled, FALSE);
  GST_DEBUG_OBJECT (pad, "begins with %u packets that were kept", packets->len);
  for (guint i = 0; i < packets->len; i++)
    forward_buffer (slot, pad, g_ptr_array_index (packets, i), is_awaiting);
}

/* One of buffer and list is NULL. */
static void
forward_active (SalonSlot *slot, SalonSlotPad *pad, GstBuffer *buffer, GstBufferList *list, gboolean *is_awaiting)
{
  if (!is_forwarding (slot, pad))
    {
      preroll (slot, pad, buffer, list);
      count (&slot->n_dropped, list != NULL ? gst_buffer_list_length (list) : 1);
      return;
    }
  follow_layers (slot);
  forward_preroll (slot, pad, is_awaiting);
  if (list != NULL)
    forward_list (slot, pad, list, is_awaiting);
  else
    forward_buffer (slot, pad, buffer, is_awaiting);
}

/* parent is NULL when the pad was released while this push was on its way. */
static void
forward (GstPad *pad, GstObject *parent, GstBuffer *buffer, GstBufferList *list)
{
  SalonSlot *slot = (SalonSlot *)parent;
  gboolean is_next = slot != NULL && g_atomic_pointer_get (&slot->next_pad) == pad;
  gboolean is_turning = FALSE;
  gboolean is_awaiting = FALSE;

  if (slot == NULL || (!is_next && g_atomic_pointer_get (&slot->active_pad) != pad))
    return;
  GST_PAD_STREAM_LOCK (slot->src_pad);
  is_turning = is_next && is_turn (slot, SALON_SLOT_PAD (pad), buffer, list) && take_turn (slot, pad);
  if (!is_next || is_turning)
    forward_active (slot, SALON_SLOT_PAD (pad), buffer, list, &is_awaiting);
  GST_PAD_STREAM_UNLOCK (slot->src_pad);
  if (is_awaiting || (is_next && !is_turning))
    request_keyframe_of (slot, is_next && !is_turning, FALSE);
  if (is_turning)
    g_object_notify_by_pspec (G_OBJECT (slot), properties[PROP_ACTIVE_PAD]);
}

static GstFlowReturn
salon_slot_sink_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  forward (pad, parent, buffer, NULL);
  gst_buffer_unref (buffer);
  return GST_FLOW_OK;
}

static GstFlowReturn
salon_slot_sink_chain_list (GstPad *pad, GstObject *parent, GstBufferList *list)
{
  forward (pad, parent, NULL, list);
  gst_buffer_list_unref (list);
  return GST_FLOW_OK;
}

/* Nothing that travels down goes on: the output has its own stream, caps, segment, and no end. */
static gboolean
salon_slot_sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  SalonSlotPad *self = SALON_SLOT_PAD (pad);

  if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS)
    salon_slot_pad_take_caps (self, event);
  else if (GST_EVENT_TYPE (event) == GST_EVENT_SEGMENT)
    gst_event_copy_segment (event, &self->segment);
  gst_event_unref (event);
  return TRUE;
}

/* Answered here, whoever asks: from the template, which never changes. */
static gboolean
salon_slot_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  switch (GST_QUERY_TYPE (query))
    {
    case GST_QUERY_CAPS:
    case GST_QUERY_ACCEPT_CAPS:
      return gst_pad_query_default (pad, parent, query);
    case GST_QUERY_LATENCY:
      gst_query_set_latency (query, TRUE, 0, GST_CLOCK_TIME_NONE);
      return TRUE;
    default:
      return FALSE;
    }
}

static gboolean
salon_slot_src_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  gboolean is_handled = GST_EVENT_TYPE (event) != GST_EVENT_SEEK;

  if (GST_EVENT_TYPE (event) == GST_EVENT_CUSTOM_UPSTREAM && gst_event_has_name (event, "GstForceKeyUnit"))
    request_keyframe (SALON_SLOT (parent), FALSE);
  gst_event_unref (event);
  return is_handled;
}

static GstPad *
new_sink_pad (GstPadTemplate *template, const char *name)
{
  GstPad *pad = g_object_new (SALON_TYPE_SLOT_PAD, "name", name, "direction", GST_PAD_SINK, "template", template, NULL);

  gst_pad_set_chain_function (pad, salon_slot_sink_chain);
  gst_pad_set_chain_list_function (pad, salon_slot_sink_chain_list);
  gst_pad_set_event_function (pad, salon_slot_sink_event);
  gst_pad_set_query_function (pad, salon_slot_query);
  GST_PAD_SET_ACCEPT_TEMPLATE (pad);
  return pad;
}

static GstPad *
salon_slot_request_new_pad (GstElement *element, GstPadTemplate *template, const char *name, const GstCaps *caps)
{
  SalonSlot *slot = SALON_SLOT (element);
  g_autofree char *pad_name = NULL;
  gboolean is_chosen;
  guint64 number;
  GstPad *pad;

  GST_OBJECT_LOCK (slot);
  if (name == NULL || !g_str_has_prefix (name, "sink_")
      || !g_ascii_string_to_unsigned (name + strlen ("sink_"), 10, 0, G_MAXUINT - 1, &number, NULL))
    number = slot->next_pad_number;
  slot->next_pad_number = MAX (slot->next_pad_number, number + 1);
  GST_OBJECT_UNLOCK (slot);

  pad_name = g_strdup_printf ("sink_%u", (guint)number);
  pad = new_sink_pad (template, pad_name);
  gst_pad_set_active (pad, TRUE);
  if (!gst_element_add_pad (element, pad))
    return NULL; /* the name is taken */

  GST_OBJECT_LOCK (slot);
  is_chosen = slot->is_choosing && slot->active_pad == NULL;
  if (is_chosen)
    set_active_pad_locked (slot, pad);
  GST_OBJECT_UNLOCK (slot);
  if (is_chosen)
    g_object_notify_by_pspec (G_OBJECT (slot), properties[PROP_ACTIVE_PAD]);
  return pad;
}

/* The pad stays active and needs no parent any more, so that a push that is already on its way to it ends well: it
 * would see GST_FLOW_FLUSHING otherwise, and a tee would stop for that. */
static void
salon_slot_release_pad (GstElement *element, GstPad *pad)
{
  SalonSlot *slot = SALON_SLOT (element);
  gboolean was_active;

  GST_OBJECT_LOCK (slot);
  SALON_SLOT_PAD (pad)->is_released = TRUE;
  was_active = slot->active_pad == pad;
  if (slot->next_pad == pad)
    g_atomic_pointer_set (&slot->next_pad, NULL);
  if (was_active)
    set_active_pad_locked (slot, NULL);
  GST_OBJECT_UNLOCK (slot);

  GST_OBJECT_FLAG_UNSET (pad, GST_PAD_FLAG_NEED_PARENT);
  gst_element_remove_pad (element, pad);
  if (was_active)
    g_object_notify_by_pspec (G_OBJECT (slot), properties[PROP_ACTIVE_PAD]);
}

/* --- Control --- */

static gboolean
is_own_pad_locked (SalonSlot *slot, GstPad *pad)
{
  return pad == NULL
         || (SALON_IS_SLOT_PAD (pad) && GST_OBJECT_PARENT (pad) == GST_OBJECT (slot)
             && !SALON_SLOT_PAD (pad)->is_released);
}

static void
set_active_pad (SalonSlot *slot, GstPad *pad)
{
  gboolean is_ours;
  gboolean is_switch;

  GST_OBJECT_LOCK (slot);
  is_ours = is_own_pad_locked (slot, pad);
  is_switch = is_ours && (slot->active_pad != pad || slot->is_choosing);
  slot->is_choosing = FALSE;
  if (is_ours)
    g_atomic_pointer_set (&slot->next_pad, NULL);
  if (is_switch)
    set_active_pad_locked (slot, pad);
  GST_OBJECT_UNLOCK (slot);

  if (!is_ours)
    g_warning ("salonslot: active-pad must be a sink pad of this element");
  if (is_switch)
    request_keyframe (slot, TRUE);
}

static void
set_next_pad (SalonSlot *slot, GstPad *pad)
{
  gboolean is_ours;
  gboolean is_change;

  GST_OBJECT_LOCK (slot);
  is_ours = is_own_pad_locked (slot, pad);
  if (pad == slot->active_pad)
    pad = NULL;
  is_change = is_ours && slot->next_pad != pad;
  if (is_change)
    g_atomic_pointer_set (&slot->next_pad, pad);
  GST_OBJECT_UNLOCK (slot);

  if (!is_ours)
    g_warning ("salonslot: next-pad must be a sink pad of this element");
  if (is_change)
    request_keyframe_of (slot, TRUE, TRUE);
}

static void
set_open (SalonSlot *slot, gboolean is_open)
{
  gboolean is_change;

  GST_OBJECT_LOCK (slot);
  is_change = slot->is_open != is_open;
  slot->is_open = is_open;
  if (is_change)
    change_generation_locked (slot);
  GST_OBJECT_UNLOCK (slot);
  if (is_change && is_open && !g_atomic_int_get (&slot->is_prerolled))
    request_keyframe (slot, TRUE);
}

static void
set_caps (SalonSlot *slot, const GstCaps *caps)
{
  g_autoptr (GstCaps) copy = caps != NULL ? gst_caps_copy (caps) : NULL;
  gboolean has_video = caps == NULL || salon_slot_caps_have_video (caps);

  GST_OBJECT_LOCK (slot);
  if (gst_caps_replace (&slot->caps, copy))
    change_generation_locked (slot);
  slot->has_video = has_video;
  GST_OBJECT_UNLOCK (slot);
}

static void
set_ssrc (SalonSlot *slot, guint32 ssrc)
{
  GST_OBJECT_LOCK (slot);
  slot->ssrc = ssrc;
  change_generation_locked (slot);
  GST_OBJECT_UNLOCK (slot);
}

static gboolean
is_awaiting_keyframe (SalonSlot *slot)
{
  gboolean is_awaiting;

  GST_OBJECT_LOCK (slot);
  is_awaiting = slot->active_pad != NULL && slot->is_open && slot->has_video
                && g_atomic_int_get (&slot->settled_generation) != slot->generation;
  GST_OBJECT_UNLOCK (slot);
  return is_awaiting;
}

static GstStructure *
make_stats (SalonSlot *slot)
{
  GstStructure *stats = gst_structure_new_empty ("salon-slot-stats");

  gst_structure_set (stats, "packets", G_TYPE_UINT64, atomic_load (&slot->n_packets), NULL);
  gst_structure_set (stats, "bytes", G_TYPE_UINT64, atomic_load (&slot->n_bytes), NULL);
  gst_structure_set (stats, "dropped", G_TYPE_UINT64, atomic_load (&slot->n_dropped), NULL);
  gst_structure_set (stats, "flow-errors", G_TYPE_UINT64, atomic_load (&slot->n_flow_errors), NULL);
  gst_structure_set (stats, "switches", G_TYPE_UINT64, atomic_load (&slot->n_switches), NULL);
  gst_structure_set (stats, "keyframe-requests", G_TYPE_UINT64, atomic_load (&slot->n_keyframe_requests), NULL);
  gst_structure_set (stats, "unsupported", G_TYPE_BOOLEAN, g_atomic_int_get (&slot->is_unsupported), NULL);
  return stats;
}

static void
salon_slot_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  SalonSlot *slot = SALON_SLOT (object);

  switch (id)
    {
    case PROP_ACTIVE_PAD:
      set_active_pad (slot, g_value_get_object (value));
      break;
    case PROP_NEXT_PAD:
      set_next_pad (slot, g_value_get_object (value));
      break;
    case PROP_OPEN:
      set_open (slot, g_value_get_boolean (value));
      break;
    case PROP_CAPS:
      set_caps (slot, gst_value_get_caps (value));
      break;
    case PROP_SSRC:
      set_ssrc (slot, g_value_get_uint (value));
      break;
    case PROP_MAX_SPATIAL_LAYER:
      g_atomic_int_set (&slot->max_spatial, (gint)g_value_get_uint (value));
      break;
    case PROP_MAX_TEMPORAL_LAYER:
      g_atomic_int_set (&slot->max_temporal, (gint)g_value_get_uint (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
salon_slot_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  SalonSlot *slot = SALON_SLOT (object);

  if (id == PROP_AWAITING_KEYFRAME)
    {
      g_value_set_boolean (value, is_awaiting_keyframe (slot));
      return;
    }
  GST_OBJECT_LOCK (slot);
  switch (id)
    {
    case PROP_ACTIVE_PAD:
      g_value_set_object (value, slot->active_pad);
      break;
    case PROP_NEXT_PAD:
      g_value_set_object (value, slot->next_pad);
      break;
    case PROP_OPEN:
      g_value_set_boolean (value, slot->is_open);
      break;
    case PROP_CAPS:
      gst_value_set_caps (value, slot->caps);
      break;
    case PROP_SSRC:
      g_value_set_uint (value, slot->ssrc);
      break;
    case PROP_MAX_SPATIAL_LAYER:
      g_value_set_uint (value, (guint)g_atomic_int_get (&slot->max_spatial));
      break;
    case PROP_MAX_TEMPORAL_LAYER:
      g_value_set_uint (value, (guint)g_atomic_int_get (&slot->max_temporal));
      break;
    case PROP_STATS:
      g_value_take_boxed (value, make_stats (slot));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
  GST_OBJECT_UNLOCK (slot);
}

/* A pad that is deactivated forgets its sticky events, and has another turn afterwards. The rewriter stays: the SSRC
 * may live on. */
static GstStateChangeReturn
salon_slot_change_state (GstElement *element, GstStateChange transition)
{
  SalonSlot *slot = SALON_SLOT (element);
  GstStateChangeReturn ret = GST_ELEMENT_CLASS (salon_slot_parent_class)->change_state (element, transition);

  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    {
      GST_PAD_STREAM_LOCK (slot->src_pad);
      slot->stream.has_started = FALSE;
      slot->stream.has_sent_caps = FALSE;
      GST_PAD_STREAM_UNLOCK (slot->src_pad);
      GST_OBJECT_LOCK (slot);
      set_active_pad_locked (slot, slot->active_pad);
      GST_OBJECT_UNLOCK (slot);
    }
  return ret;
}

static void
salon_slot_finalize (GObject *object)
{
  SalonSlot *slot = SALON_SLOT (object);

  gst_clear_caps (&slot->caps);
  gst_clear_caps (&slot->stream.offered);
  gst_clear_caps (&slot->stream.caps);
  G_OBJECT_CLASS (salon_slot_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  const GParamFlags writable = readable | G_PARAM_WRITABLE | GST_PARAM_MUTABLE_PLAYING;

  properties[PROP_ACTIVE_PAD] = g_param_spec_object ("active-pad", "Active pad",
      "The sink pad whose packets go out; NULL: none do. Until set, the first pad requested", GST_TYPE_PAD, writable);
  properties[PROP_NEXT_PAD] = g_param_spec_object ("next-pad", "Next pad",
      "The sink pad that becomes the active one with its next keyframe; NULL: the active one stays", GST_TYPE_PAD,
      writable);
  properties[PROP_OPEN]
      = g_param_spec_boolean ("open", "Open", "FALSE lets nothing out; opening begins with a keyframe", TRUE, writable);
  properties[PROP_CAPS] = g_param_spec_boxed ("caps", "Caps",
      "What the output may carry, one structure per codec with payload and extmap-N; NULL: whatever comes, unchanged",
      GST_TYPE_CAPS, writable);
  properties[PROP_SSRC] = g_param_spec_uint (
      "ssrc", "SSRC", "The output's synchronization source; random unless set", 0, G_MAXUINT32, 0, writable);
  properties[PROP_MAX_SPATIAL_LAYER] = g_param_spec_uint ("max-spatial-layer", "Highest spatial layer",
      "Spatial layers within the active track above this one are left out", 0, MAX_LAYER, MAX_LAYER, writable);
  properties[PROP_MAX_TEMPORAL_LAYER] = g_param_spec_uint ("max-temporal-layer", "Highest temporal layer",
      "Temporal layers of the active track above this one are left out", 0, MAX_LAYER, MAX_LAYER, writable);
  properties[PROP_AWAITING_KEYFRAME] = g_param_spec_boolean ("awaiting-keyframe", "Awaiting keyframe",
      "Whether the active track has not brought a keyframe yet", FALSE, readable);
  properties[PROP_STATS] = g_param_spec_boxed ("stats", "Statistics",
      "packets, bytes, dropped, flow-errors, switches, keyframe-requests, unsupported", GST_TYPE_STRUCTURE, readable);
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
}

static void
salon_slot_class_init (SalonSlotClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  object_class->set_property = salon_slot_set_property;
  object_class->get_property = salon_slot_get_property;
  object_class->finalize = salon_slot_finalize;
  install_properties (object_class);

  /* Asks the active track for a keyframe now; from any thread. */
  signals[SIGNAL_REQUEST_KEYFRAME] = g_signal_new_class_handler ("request-keyframe", SALON_TYPE_SLOT,
      G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION, G_CALLBACK (on_request_keyframe), NULL, NULL, NULL, G_TYPE_NONE, 0);

  element_class->request_new_pad = salon_slot_request_new_pad;
  element_class->release_pad = salon_slot_release_pad;
  element_class->change_state = salon_slot_change_state;
  gst_element_class_add_static_pad_template_with_gtype (element_class, &sink_template, SALON_TYPE_SLOT_PAD);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "RTP slot", "Filter/Network/RTP",
      "Sends one of several RTP streams at a time as one unbroken stream, switching at keyframes, and keeps whatever "
      "happens downstream from the inputs",
      "The Salon developers");
}

static void
salon_slot_init (SalonSlot *slot)
{
  slot->src_pad = gst_pad_new_from_static_template (&src_template, "src");
  gst_pad_set_event_function (slot->src_pad, salon_slot_src_event);
  gst_pad_set_query_function (slot->src_pad, salon_slot_query);
  gst_element_add_pad (GST_ELEMENT (slot), slot->src_pad);

  slot->ssrc = g_random_int ();
  slot->is_open = TRUE;
  slot->is_choosing = TRUE;
  slot->has_video = TRUE;
  slot->max_spatial = slot->max_temporal = MAX_LAYER;
  slot->generation = 1; /* the streaming side has none yet */
  salon_rewriter_init (&slot->stream.rewriter, slot->ssrc, (guint64)g_random_int () << 32 | g_random_int ());
}
