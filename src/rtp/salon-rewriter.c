/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-rewriter.h"

#include <string.h>

#include "salon-bytes.h"
#include "salon-red.h"

/* RFC 3550 appendix A.1 calls a step forward of more than 3000 a restart, and one back of more than 100;
 * retransmissions may come later than that: a second of 1000 packets. */
#define MAX_STEP_FORWARD 3000
#define MAX_STEP_BACK 1000
/* How far behind the newest a packet may still go out: the bits of `taken`, well within SRTP's replay window of 128,
 * whose sender refuses what it has seen or is too old to tell. */
#define WINDOW 64

#define MAX_EXTENSIONS 16
#define PROFILE_ONE_BYTE 0xbede
#define PROFILE_TWO_BYTE 0x1000

void
salon_rewriter_init (SalonRewriter *rewriter, guint32 ssrc, guint64 seed)
{
  *rewriter = (SalonRewriter){
    .ssrc = ssrc,
    .is_awaiting = TRUE,
    .wanted = SALON_REWRITER_ALL_LAYERS,
    .last_sequence = (seed >> 32 & 0x7fff) - 1,
    .last_timestamp = (guint32)seed,
  };
}

void
salon_rewriter_switch (SalonRewriter *rewriter, const SalonRewriterSource *source)
{
  rewriter->source = *source;
  rewriter->is_awaiting = TRUE;
  rewriter->dependencies.n_templates = 0;
}

void
salon_rewriter_update (SalonRewriter *rewriter, const SalonRewriterSource *source)
{
  g_assert (source->codec == rewriter->source.codec && source->clock_rate == rewriter->source.clock_rate);
  rewriter->source = *source;
}

void
salon_rewriter_set_layers (SalonRewriter *rewriter, SalonRewriterLayers wanted)
{
  rewriter->wanted = wanted;
}

/* Puts the source's numbers behind the last ones sent. The timestamp advances by the time that really passed, so that
 * the receiver's lip-sync and jitter estimate hold. */
static void
begin_source (SalonRewriter *rewriter, const SalonRtpPacket *packet, gint64 arrival_us)
{
  guint64 elapsed_us = MAX (arrival_us - rewriter->last_arrival_us, 0);
  guint32 ticks = MAX (elapsed_us * rewriter->source.clock_rate / G_USEC_PER_SEC, 1);

  rewriter->is_awaiting = FALSE;
  rewriter->source_ssrc = packet->ssrc;
  rewriter->highest_sequence = packet->sequence;
  rewriter->taken = G_MAXUINT64; /* all that came before is numbered like packets of the former source */
  rewriter->may_be_restart = FALSE;
  rewriter->has_picture_offset = FALSE;
  rewriter->has_tl0_offset = FALSE;
  rewriter->has_frame_offset = FALSE;
  rewriter->has_template_offset = FALSE;
  rewriter->tells_targets = FALSE;
  rewriter->layers = rewriter->former = rewriter->wanted;
  rewriter->raised_sequence = packet->sequence;
  rewriter->frame_timestamp = packet->timestamp;
  rewriter->dropped = rewriter->dropped_pictures = 0;
  rewriter->is_dropping = FALSE;
  rewriter->sequence_offset = rewriter->last_sequence + 1 - packet->sequence;
  rewriter->timestamp_offset = rewriter->last_timestamp + ticks - packet->timestamp;
}

/* Two packets in a row that are far off, and follow each other, are a restart (RFC 3550 appendix A.1); one may be junk.
 */
static gboolean
is_restart (SalonRewriter *rewriter, guint16 sequence)
{
  gint16 step = sequence - rewriter->highest_sequence;
  gboolean is_confirmed = rewriter->may_be_restart && sequence == rewriter->restart_sequence;

  if (step <= MAX_STEP_FORWARD && step >= -MAX_STEP_BACK)
    return FALSE;
  rewriter->may_be_restart = TRUE;
  rewriter->restart_sequence = sequence + 1;
  return is_confirmed;
}

static guint64
shift (guint64 bits, guint step)
{
  return step < WINDOW ? bits << step : 0;
}

/* Notes the packet as seen. FALSE when it must not be sent: seen before, too old, or a jump not confirmed yet. */
static gboolean
take_sequence (SalonRewriter *rewriter, guint16 sequence, gint *step)
{
  guint64 bit;

  *step = (gint16)(sequence - rewriter->highest_sequence);
  if (*step > MAX_STEP_FORWARD || *step <= -WINDOW)
    return FALSE;
  if (*step > 0)
    {
      rewriter->taken = shift (rewriter->taken, *step) | 1;
      rewriter->dropped = shift (rewriter->dropped, *step);
      rewriter->dropped_pictures = shift (rewriter->dropped_pictures, *step);
      rewriter->highest_sequence = sequence;
      rewriter->may_be_restart = FALSE;
      return TRUE;
    }
  bit = G_GUINT64_CONSTANT (1) << -*step;
  if ((rewriter->taken & bit) != 0)
    return FALSE;
  rewriter->taken |= bit;
  return TRUE;
}

/* -- layers -- */

static SalonRewriterLayers
lower (SalonRewriterLayers a, SalonRewriterLayers b)
{
  return (SalonRewriterLayers){ MIN (a.spatial, b.spatial), MIN (a.temporal, b.temporal) };
}

static void
raise_layers (SalonRewriter *rewriter, guint16 sequence, SalonRewriterLayers layers)
{
  if (layers.spatial == rewriter->layers.spatial && layers.temporal == rewriter->layers.temporal)
    return;
  rewriter->former = rewriter->layers;
  rewriter->layers = layers;
  rewriter->raised_sequence = sequence;
}

/* The newest packet may begin a picture; what goes out changes only there. */
static void
follow_wanted (SalonRewriter *rewriter, const SalonRtpPacket *packet, const SalonFrame *frame)
{
  SalonRewriterLayers layers = rewriter->layers;

  if (packet->timestamp != rewriter->frame_timestamp)
    {
      rewriter->frame_timestamp = packet->timestamp;
      layers = rewriter->layers = lower (layers, rewriter->wanted);
    }
  if (frame->is_keyframe_start)
    layers = rewriter->wanted;
  else if (frame->is_start && frame->needs_base_only && frame->temporal <= rewriter->wanted.temporal)
    layers.temporal = MAX (layers.temporal, frame->temporal);
  else if (frame->is_start && frame->is_switching_up && frame->temporal <= layers.temporal)
    layers.temporal = rewriter->wanted.temporal;
  raise_layers (rewriter, packet->sequence, layers);
}

static gboolean
is_wanted (const SalonRewriter *rewriter, const SalonRtpPacket *packet, const SalonFrame *frame)
{
  gboolean is_from_before = (gint16)(packet->sequence - rewriter->raised_sequence) < 0;
  SalonRewriterLayers layers = is_from_before ? lower (rewriter->layers, rewriter->former) : rewriter->layers;

  return frame->spatial <= layers.spatial && frame->temporal <= layers.temporal;
}

/* The newest packet is left out: those after it take its number, and those of what was lost before it when that was of
 * the same picture. A packet that is left out late was counted as a gap before, and stays one. */
static void
leave_out (SalonRewriter *rewriter, const SalonFrame *frame, gint step, gboolean is_same_picture)
{
  guint n_numbers = rewriter->is_dropping && is_same_picture ? MIN (step, WINDOW) : 1;
  gboolean has_closing_id = frame->ids.id_offset != 0 && !frame->has_references;

  rewriter->dropped |= n_numbers == WINDOW ? G_MAXUINT64 : (G_GUINT64_CONSTANT (1) << n_numbers) - 1;
  rewriter->sequence_offset -= rewriter->is_dropping && is_same_picture ? step : 1;
  if (has_closing_id && !(rewriter->is_dropping && is_same_picture))
    {
      rewriter->dropped_pictures |= 1;
      rewriter->picture_offset--;
    }
  rewriter->is_dropping = TRUE;
}

/* How many of the packets after this one are marked in `bits`. */
static guint
count_after (const SalonRewriter *rewriter, guint64 bits, guint16 sequence)
{
  guint n_after = (guint16)(rewriter->highest_sequence - sequence);

  return __builtin_popcountll (bits & ((G_GUINT64_CONSTANT (1) << n_after) - 1));
}

/* -- the gate -- */

/* FORWARD leaves the offsets ready for this packet. */
static SalonRewriterVerdict
admit (SalonRewriter *rewriter, const SalonRtpPacket *packet, const SalonFrame *frame, gint64 arrival_us,
    gboolean *is_switch, gboolean *is_newest)
{
  gboolean is_same_picture = packet->timestamp == rewriter->frame_timestamp;
  gint step = 1;

  if (!rewriter->is_awaiting)
    rewriter->is_awaiting = packet->ssrc != rewriter->source_ssrc || is_restart (rewriter, packet->sequence);

  *is_switch = *is_newest = rewriter->is_awaiting;
  if (rewriter->is_awaiting && !frame->is_keyframe_start)
    return SALON_REWRITER_AWAITING_KEYFRAME;
  if (rewriter->is_awaiting)
    {
      begin_source (rewriter, packet, arrival_us);
      return SALON_REWRITER_FORWARD;
    }
  if (!take_sequence (rewriter, packet->sequence, &step))
    return SALON_REWRITER_LATE;
  *is_newest = step > 0;
  if (*is_newest)
    follow_wanted (rewriter, packet, frame);
  if (is_wanted (rewriter, packet, frame))
    {
      rewriter->is_dropping &= !*is_newest;
      return SALON_REWRITER_FORWARD;
    }
  if (*is_newest)
    leave_out (rewriter, frame, step, is_same_picture);
  return frame->spatial > rewriter->layers.spatial && frame->spatial <= rewriter->wanted.spatial
             ? SALON_REWRITER_AWAITING_LAYER
             : SALON_REWRITER_UNWANTED;
}

/* Each id keeps its width: a 7 bit id is the low bits of the same count, so that it wraps where its reader expects. */
static void
shift_picture_ids (SalonRewriter *rewriter, SalonPictureIds *ids, guint n_pictures_after, gboolean is_newest)
{
  if (ids->id_offset != 0)
    {
      if (!rewriter->has_picture_offset)
        rewriter->picture_offset = rewriter->last_picture + 1 - ids->id;
      rewriter->has_picture_offset = TRUE;
      ids->id = (ids->id + rewriter->picture_offset + n_pictures_after) & (ids->id_bits == 15 ? 0x7fff : 0x7f);
      if (is_newest)
        rewriter->last_picture = ids->id;
    }
  if (ids->tl0_offset != 0)
    {
      if (!rewriter->has_tl0_offset)
        rewriter->tl0_offset = rewriter->last_tl0 + 1 - ids->tl0;
      rewriter->has_tl0_offset = TRUE;
      ids->tl0 += rewriter->tl0_offset;
      if (is_newest)
        rewriter->last_tl0 = ids->tl0;
    }
}

/* -- dependency descriptors -- */

/* As it comes, and as it goes. */
typedef struct
{
  const guint8 *data; /* (nullable): NULL: the packet has none */
  gsize size;
  gboolean is_known; /* what it says */
  guint8 out[SALON_DEPENDENCIES_MAX_BYTES];
  gsize out_size;
} Descriptor;

static void
read_descriptor (SalonRewriter *rewriter, const SalonRtpPacket *packet, Descriptor *descriptor, SalonFrame *frame)
{
  guint8 id = rewriter->source.extensions.dependency_id;

  descriptor->data = id != 0 ? salon_rtp_packet_find_extension (packet, id, &descriptor->size) : NULL;
  descriptor->out_size = 0;
  descriptor->is_known
      = descriptor->data != NULL
        && salon_dependencies_read (&rewriter->dependencies, descriptor->data, descriptor->size, frame);
}

/* The numbers of the templates go on where those of the former source ended. */
static void
follow_templates (SalonRewriter *rewriter)
{
  const SalonDependencies *dependencies = &rewriter->dependencies;

  if (!rewriter->has_template_offset)
    rewriter->template_offset = rewriter->next_template - dependencies->first_id;
  rewriter->has_template_offset = TRUE;
  rewriter->next_template = dependencies->first_id + rewriter->template_offset + dependencies->n_templates;
}

/* Appendix A.4: what is left out must not be waited for. Each packet says it, so that none may be lost; until, after
 * all is there again, templates come, with which all are active. */
static gboolean
limit_targets (SalonRewriter *rewriter, gboolean has_templates, guint32 *targets)
{
  const SalonDependencies *dependencies = &rewriter->dependencies;
  SalonRewriterLayers layers = rewriter->layers;

  if (layers.spatial < dependencies->max_spatial || layers.temporal < dependencies->max_temporal)
    rewriter->tells_targets = TRUE;
  else if (has_templates)
    rewriter->tells_targets = FALSE;
  if (rewriter->tells_targets)
    *targets
        = salon_dependencies_get_targets (dependencies, layers.spatial, layers.temporal) & dependencies->active_targets;
  return rewriter->tells_targets;
}

static void
write_descriptor (SalonRewriter *rewriter, gboolean is_newest, Descriptor *descriptor)
{
  gboolean has_templates;
  SalonDependenciesChange change = { 0 };
  guint16 number;

  if (descriptor->data == NULL || descriptor->size < 3)
    return;
  has_templates = descriptor->is_known && salon_dependencies_has_templates (descriptor->data, descriptor->size);
  number = salon_read_u16 (descriptor->data + 1);
  if (!rewriter->has_frame_offset)
    rewriter->frame_offset = rewriter->last_frame + 1 - number;
  rewriter->has_frame_offset = TRUE;
  if (is_newest)
    rewriter->last_frame = number + rewriter->frame_offset;
  if (has_templates)
    follow_templates (rewriter);
  change.add_to_number = rewriter->frame_offset;
  change.add_to_ids = rewriter->template_offset;
  change.has_targets = descriptor->is_known && limit_targets (rewriter, has_templates, &change.targets);
  descriptor->out_size = salon_dependencies_write (
      &rewriter->dependencies, descriptor->data, descriptor->size, &change, descriptor->out);
}

/* -- header extensions -- */

typedef struct
{
  SalonRtpExtension elements[MAX_EXTENSIONS];
  guint n_elements;
  gsize size; /* without headers */
  gboolean is_two_byte;
} Extensions;

static void
add_extension (Extensions *extensions, guint8 id, const guint8 *data, guint8 size)
{
  extensions->elements[extensions->n_elements++] = (SalonRtpExtension){ .id = id, .size = size, .data = data };
  extensions->size += size;
  extensions->is_two_byte |= id > 14 || size == 0 || size > 16; /* RFC 8285 section 4.2 */
}

/* Those of the packet that the output has, under the output's ids, as many as fit into `space`. */
static void
collect_extensions (const SalonExtensionMap *map, const SalonRtpPacket *packet, const Descriptor *descriptor,
    gsize space, Extensions *extensions)
{
  static const guint8 placeholder[2] = { 0, 0 };
  SalonRtpExtensionIter iter;
  SalonRtpExtension extension;

  extensions->n_elements = 0;
  extensions->size = 0;
  extensions->is_two_byte = FALSE;
  salon_rtp_extension_iter_init (&iter, packet);
  while (salon_rtp_extension_iter_next (&iter, &extension) && extensions->n_elements < MAX_EXTENSIONS - 1)
    {
      guint8 id = map->out_id[extension.id];

      /* The first is what was changed. There may be no other. */
      if (extension.id == map->dependency_id)
        {
          if (extension.data != descriptor->data || descriptor->out_size == 0)
            continue;
          extension.data = descriptor->out;
          extension.size = (guint8)descriptor->out_size;
        }
      if (id != 0 && extensions->size + extension.size <= space)
        add_extension (extensions, id, extension.data, extension.size);
    }
  /* rtpsession writes the transport-wide number into an element that it finds there, and finds it in the one-byte form
   * only. Unfilled ones would all claim to be packet 0, so the rare two-byte packets go unnumbered. */
  if (map->transport_cc_id != 0 && !extensions->is_two_byte && map->transport_cc_id <= 14)
    add_extension (extensions, map->transport_cc_id, placeholder, sizeof placeholder);
}

/* One form for the whole packet: the one-byte form when it can say everything. */
static guint8 *
write_extensions (const Extensions *extensions, guint8 *at)
{
  guint8 *header = at;

  if (extensions->n_elements == 0)
    return at;
  at += 4;
  for (guint i = 0; i < extensions->n_elements; i++)
    {
      const SalonRtpExtension *element = &extensions->elements[i];

      if (extensions->is_two_byte)
        at = salon_write_u16 (at, element->id << 8 | element->size);
      else
        *at++ = element->id << 4 | (element->size - 1);
      if (element->size > 0)
        memcpy (at, element->data, element->size);
      at += element->size;
    }
  while ((at - header) % 4 != 0)
    *at++ = 0;
  header = salon_write_u16 (header, extensions->is_two_byte ? PROFILE_TWO_BYTE : PROFILE_ONE_BYTE);
  salon_write_u16 (header, (at - header - 2) / 4);
  return at;
}

static guint8
get_payload_type (const SalonRewriterSource *source)
{
  return source->codec == SALON_CODEC_RED && source->red_payload_type != 0 ? source->red_payload_type
                                                                           : source->payload_type;
}

/* What of the payload is not the same as the source's: n_read bytes of that (out). */
static guint8 *
write_payload_start (const SalonRewriter *rewriter, const SalonRtpPacket *packet, const SalonFrame *frame,
    const SalonRed *red, guint8 *at, gsize *n_read)
{
  const SalonRewriterSource *source = &rewriter->source;
  const guint8 *payload = packet->data + packet->payload_offset;

  if (source->codec == SALON_CODEC_RED)
    {
      *n_read = source->red_payload_type != 0 ? red->headers_size : red->primary_offset;
      return source->red_payload_type != 0 ? salon_red_write_headers (red, payload, source->payload_type, at) : at;
    }
  *n_read = salon_picture_ids_size (&frame->ids);
  if (*n_read > 0)
    {
      memcpy (at, payload, *n_read);
      salon_picture_ids_write (&frame->ids, at);
    }
  return at + *n_read;
}

/* red: of SALON_CODEC_RED. */
static void
write_result (const SalonRewriter *rewriter, const SalonRtpPacket *packet, const SalonFrame *frame, const SalonRed *red,
    guint16 sequence, const Descriptor *descriptor, SalonRewriterResult *result)
{
  const gsize fixed_size = 12 + 4 + 2 * MAX_EXTENSIONS + sizeof (guint16) + 3
                           + MAX (SALON_PICTURE_IDS_MAX_BYTES, SALON_RED_MAX_HEADERS_BYTES);
  /* The last of a picture's spatial layers may have been left out. */
  gboolean has_marker = packet->has_marker || (frame->is_end && frame->spatial == rewriter->layers.spatial);
  guint8 *at = result->head;
  Extensions extensions;
  gsize n_read;

  collect_extensions (&rewriter->source.extensions, packet, descriptor, sizeof result->head - fixed_size, &extensions);
  *at++ = 0x80 | (extensions.n_elements > 0 ? 0x10 : 0);
  *at++ = (has_marker ? 0x80 : 0) | get_payload_type (&rewriter->source);
  at = salon_write_u16 (at, sequence);
  at = salon_write_u32 (at, packet->timestamp + rewriter->timestamp_offset);
  at = salon_write_u32 (at, rewriter->ssrc);
  at = write_extensions (&extensions, at);
  at = write_payload_start (rewriter, packet, frame, red, at, &n_read);
  result->has_marker = has_marker;
  result->head_size = at - result->head;
  result->rest_offset = packet->payload_offset + n_read;
  result->rest_size = packet->payload_size - n_read;
}

SalonRewriterVerdict
salon_rewriter_rewrite (
    SalonRewriter *rewriter, const SalonRtpPacket *packet, gint64 arrival_us, SalonRewriterResult *result)
{
  SalonRewriterVerdict verdict;
  SalonFrame frame;
  Descriptor descriptor;
  SalonRed red = { 0 };
  const guint8 *payload;
  gboolean is_newest;
  guint16 sequence;
  gsize size;

  payload = salon_rtp_packet_get_payload (packet, &size);
  if (rewriter->source.codec == SALON_CODEC_RED && !salon_red_parse (&red, payload, size, packet->payload_size))
    return SALON_REWRITER_MALFORMED;
  salon_codec_read_frame (rewriter->source.codec, payload, size, &frame);
  read_descriptor (rewriter, packet, &descriptor, &frame);
  verdict = admit (rewriter, packet, &frame, arrival_us, &result->is_switch, &is_newest);
  if (verdict != SALON_REWRITER_FORWARD)
    return verdict;

  shift_picture_ids (
      rewriter, &frame.ids, count_after (rewriter, rewriter->dropped_pictures, packet->sequence), is_newest);
  sequence = packet->sequence + rewriter->sequence_offset + count_after (rewriter, rewriter->dropped, packet->sequence);
  if (is_newest)
    {
      rewriter->last_sequence = sequence;
      rewriter->last_timestamp = packet->timestamp + rewriter->timestamp_offset;
      rewriter->last_arrival_us = arrival_us;
    }
  write_descriptor (rewriter, is_newest, &descriptor);
  write_result (rewriter, packet, &frame, &red, sequence, &descriptor, result);
  return SALON_REWRITER_FORWARD;
}
