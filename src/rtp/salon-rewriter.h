/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "salon-codec.h"
#include "salon-dependencies.h"
#include "salon-extension-map.h"
#include "salon-rtp-packet.h"

/* One outgoing RTP stream that shows one source after another as if they were one: a single SSRC, sequence numbers and
 * timestamps that go on where the last source ended, picture ids likewise, the payload type and extension ids of the
 * output. A receiver sees no switch, only a keyframe.
 *
 * So do the frame numbers of dependency descriptors, where the output has that extension; and the numbers of their
 * templates, so that none means something else after a switch than before: a receiver puts what it can't read yet
 * aside, until the templates are there.
 *
 * Layers of the source (VP8: temporal; VP9, and AV1 and H264 with dependency descriptors: temporal and spatial) that
 * are not wanted are left out, as if they had never been made: sequence numbers and VP8's picture ids close up. (VP9's
 * keep their gaps, and frame numbers: pictures name others by the distance between them.) What a descriptor calls
 * active is what goes out. Going down begins with the next picture, going up where the source allows it: temporal
 * layers at a point that it marks, spatial ones at a keyframe.
 *
 * A plain struct without a lock: the caller serialises. Time is given to it. */
typedef struct
{
  SalonCodec codec;
  guint clock_rate;
  guint8 payload_type;     /* the output's; of SALON_CODEC_RED, Opus' */
  guint8 red_payload_type; /* of SALON_CODEC_RED, the output's; 0: it has none, and gets the primaries alone */
  SalonExtensionMap extensions;
} SalonRewriterSource;

typedef enum
{
  SALON_REWRITER_FORWARD,           /* the result is valid */
  SALON_REWRITER_AWAITING_KEYFRAME, /* dropped: no decoder could start here */
  SALON_REWRITER_LATE,              /* dropped: a duplicate, or older than what may still go out */
  SALON_REWRITER_UNWANTED,          /* dropped: of a layer that is not wanted */
  SALON_REWRITER_AWAITING_LAYER,    /* dropped: of a spatial layer that is wanted, and goes out from a keyframe on */
  SALON_REWRITER_MALFORMED,         /* dropped: nobody could read it */
} SalonRewriterVerdict;

/* Header, extensions and the rewritten start of a payload: those of everyday are 20 to 60 bytes. Extension
 * elements that would not fit are dropped. */
#define SALON_REWRITER_HEAD_BYTES 512

/* The packet to send is head[0..head_size], then rest_size bytes of the source packet from rest_offset. */
typedef struct
{
  guint8 head[SALON_REWRITER_HEAD_BYTES];
  gsize head_size;
  gsize rest_offset;
  gsize rest_size;
  gboolean is_switch; /* the first packet after a switch */
  gboolean has_marker;
} SalonRewriterResult;

/* The highest layers that are forwarded; both count from 0. */
typedef struct
{
  guint8 spatial;
  guint8 temporal;
} SalonRewriterLayers;

/* More than any source has. */
#define SALON_REWRITER_ALL_LAYERS ((SalonRewriterLayers){ 7, 7 })

typedef struct
{
  SalonRewriterSource source;
  guint32 ssrc;
  gboolean is_awaiting; /* the next packet forwarded begins a new source */

  /* The source's stream. */
  guint32 source_ssrc;
  guint16 highest_sequence;
  guint64 taken;            /* bit n: highest_sequence - n was forwarded, or is the former source's */
  guint16 restart_sequence; /* what would prove that the source really jumped */
  gboolean may_be_restart;
  gboolean has_picture_offset;
  gboolean has_tl0_offset;
  gboolean has_frame_offset;
  gboolean has_template_offset;
  SalonDependencies dependencies;

  /* Its layers. */
  SalonRewriterLayers wanted;
  SalonRewriterLayers layers; /* what goes out now */
  SalonRewriterLayers former; /* and before raised_sequence */
  guint16 raised_sequence;
  guint32 frame_timestamp;  /* of the newest picture */
  guint64 dropped;          /* bit n: highest_sequence - n was left out, and its number given to another */
  guint64 dropped_pictures; /* bit n: so was the id of its picture, for which highest_sequence - n stands */
  gboolean is_dropping;     /* the newest packet was left out */

  /* What is added to each of the source's numbers. */
  guint16 sequence_offset;
  guint32 timestamp_offset;
  guint16 picture_offset;
  guint8 tl0_offset;
  guint16 frame_offset;
  guint8 template_offset;
  gboolean tells_targets; /* in its dependency descriptors: of those there are not all, or were not all before */

  /* The newest packet sent. */
  guint16 last_sequence;
  guint32 last_timestamp;
  gint64 last_arrival_us;
  guint16 last_picture;
  guint8 last_tl0;
  guint16 last_frame;
  guint8 next_template; /* behind the last ones sent */
} SalonRewriter;

/* `seed` makes the first sequence number and timestamp, which should be hard to guess (RFC 3550 section 5.1). The
 * sequence number starts below 2^15: a first number near the wrap, lost on its way, makes SRTP peers guess the wrong
 * rollover counter (RFC 3711 section 3.3.1). */
void salon_rewriter_init (SalonRewriter *rewriter, guint32 ssrc, guint64 seed);

/* From here on packets come from this source; the first one forwarded is a keyframe's. */
void salon_rewriter_switch (SalonRewriter *rewriter, const SalonRewriterSource *source);

/* The same source under new ids: nothing is awaited. The codec and the clock rate must be those of the last switch. */
void salon_rewriter_update (SalonRewriter *rewriter, const SalonRewriterSource *source);

/* Forwards no layers above these from now on. Up to SALON_REWRITER_ALL_LAYERS, which it begins with. */
void salon_rewriter_set_layers (SalonRewriter *rewriter, SalonRewriterLayers wanted);

/* Takes the source's packets in the order they arrive. `packet` may be a head (salon_rtp_packet_parse_head) whose
 * padding is cut: padding and contributing sources are not sent on. Gaps in the sequence stay gaps, so that the
 * receiver asks for what is missing; but for those within a picture that is left out. A source that changes its SSRC or
 * jumps in its sequence is switched to anew. */
SalonRewriterVerdict salon_rewriter_rewrite (SalonRewriter *rewriter, const SalonRtpPacket *packet, gint64 arrival_us,
    SalonRewriterResult *result) G_GNUC_WARN_UNUSED_RESULT;
