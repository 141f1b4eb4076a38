/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-rewriter.h"

#include <string.h>

#include "salon-bytes.h"
#include "salon-vp8.h"
#include "salon-vp9.h"

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
    .last_sequence = (seed >> 32 & 0x7fff) - 1,
    .last_timestamp = (guint32)seed,
  };
}

void
salon_rewriter_switch (SalonRewriter *rewriter, const SalonRewriterSource *source)
{
  rewriter->source = *source;
  rewriter->is_awaiting = TRUE;
}

void
salon_rewriter_update (SalonRewriter *rewriter, const SalonRewriterSource *source)
{
  g_assert (source->codec == rewriter->source.codec && source->clock_rate == rewriter->source.clock_rate);
  rewriter->source = *source;
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

/* Notes the packet as sent. FALSE when it must not be: seen, too old, or a jump not confirmed yet. */
static gboolean
take_sequence (SalonRewriter *rewriter, guint16 sequence, gboolean *is_newest)
{
  gint16 step = sequence - rewriter->highest_sequence;
  guint64 bit;

  *is_newest = step > 0;
  if (step > MAX_STEP_FORWARD || step <= -WINDOW)
    return FALSE;
  if (step > 0)
    {
      rewriter->taken = step < WINDOW ? rewriter->taken << step | 1 : 1;
      rewriter->highest_sequence = sequence;
      rewriter->may_be_restart = FALSE;
      return TRUE;
    }
  bit = G_GUINT64_CONSTANT (1) << -step;
  if ((rewriter->taken & bit) != 0)
    return FALSE;
  rewriter->taken |= bit;
  return TRUE;
}

/* The gate. FORWARD leaves the offsets ready for this packet. */
static SalonRewriterVerdict
admit (
    SalonRewriter *rewriter, const SalonRtpPacket *packet, gint64 arrival_us, gboolean *is_switch, gboolean *is_newest)
{
  gsize size;
  const guint8 *payload = salon_rtp_packet_get_payload (packet, &size);

  if (!rewriter->is_awaiting)
    rewriter->is_awaiting = packet->ssrc != rewriter->source_ssrc || is_restart (rewriter, packet->sequence);

  *is_switch = *is_newest = rewriter->is_awaiting;
  if (!rewriter->is_awaiting)
    return take_sequence (rewriter, packet->sequence, is_newest) ? SALON_REWRITER_FORWARD : SALON_REWRITER_LATE;
  if (!salon_codec_is_keyframe_start (rewriter->source.codec, payload, size))
    return SALON_REWRITER_AWAITING_KEYFRAME;
  begin_source (rewriter, packet, arrival_us);
  return SALON_REWRITER_FORWARD;
}

static void
parse_picture_ids (SalonCodec codec, const guint8 *payload, gsize size, SalonPictureIds *ids)
{
  SalonVp8Descriptor vp8;
  SalonVp9Descriptor vp9;

  *ids = (SalonPictureIds){ 0 };
  if (codec == SALON_CODEC_VP8 && salon_vp8_parse (payload, size, &vp8))
    *ids = vp8.ids;
  else if (codec == SALON_CODEC_VP9 && salon_vp9_parse (payload, size, &vp9))
    *ids = vp9.ids;
}

/* Each id keeps its width: a 7 bit id is the low bits of the same count, so that it wraps where its reader expects. */
static void
shift_picture_ids (SalonRewriter *rewriter, SalonPictureIds *ids, gboolean is_newest)
{
  if (ids->id_offset != 0)
    {
      if (!rewriter->has_picture_offset)
        rewriter->picture_offset = rewriter->last_picture + 1 - ids->id;
      rewriter->has_picture_offset = TRUE;
      ids->id = (ids->id + rewriter->picture_offset) & (ids->id_bits == 15 ? 0x7fff : 0x7f);
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
collect_extensions (const SalonExtensionMap *map, const SalonRtpPacket *packet, gsize space, Extensions *extensions)
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

static void
write_result (const SalonRewriter *rewriter, const SalonRtpPacket *packet, const SalonPictureIds *ids,
    SalonRewriterResult *result)
{
  const gsize fixed_size = 12 + 4 + 2 * MAX_EXTENSIONS + sizeof (guint16) + 3 + SALON_PICTURE_IDS_MAX_BYTES;
  gsize ids_size = salon_picture_ids_size (ids);
  guint8 *at = result->head;
  Extensions extensions;

  collect_extensions (&rewriter->source.extensions, packet, sizeof result->head - fixed_size, &extensions);
  *at++ = 0x80 | (extensions.n_elements > 0 ? 0x10 : 0);
  *at++ = (packet->has_marker ? 0x80 : 0) | rewriter->source.payload_type;
  at = salon_write_u16 (at, packet->sequence + rewriter->sequence_offset);
  at = salon_write_u32 (at, packet->timestamp + rewriter->timestamp_offset);
  at = salon_write_u32 (at, rewriter->ssrc);
  at = write_extensions (&extensions, at);
  if (ids_size > 0)
    {
      memcpy (at, packet->data + packet->payload_offset, ids_size);
      salon_picture_ids_write (ids, at);
      at += ids_size;
    }
  result->head_size = at - result->head;
  result->rest_offset = packet->payload_offset + ids_size;
  result->rest_size = packet->payload_size - ids_size;
}

SalonRewriterVerdict
salon_rewriter_rewrite (
    SalonRewriter *rewriter, const SalonRtpPacket *packet, gint64 arrival_us, SalonRewriterResult *result)
{
  SalonRewriterVerdict verdict;
  SalonPictureIds ids;
  const guint8 *payload;
  gboolean is_newest;
  gsize size;

  verdict = admit (rewriter, packet, arrival_us, &result->is_switch, &is_newest);
  if (verdict != SALON_REWRITER_FORWARD)
    return verdict;

  payload = salon_rtp_packet_get_payload (packet, &size);
  parse_picture_ids (rewriter->source.codec, payload, size, &ids);
  shift_picture_ids (rewriter, &ids, is_newest);
  if (is_newest)
    {
      rewriter->last_sequence = packet->sequence + rewriter->sequence_offset;
      rewriter->last_timestamp = packet->timestamp + rewriter->timestamp_offset;
      rewriter->last_arrival_us = arrival_us;
    }
  write_result (rewriter, packet, &ids, result);
  return SALON_REWRITER_FORWARD;
}
