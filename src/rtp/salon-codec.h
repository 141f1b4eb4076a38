/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-frame.h"

typedef enum
{
  SALON_KIND_AUDIO,
  SALON_KIND_VIDEO,
} SalonKind;

/* What Salon forwards. It never decodes: it only has to know where a decoder can start. */
typedef enum
{
  SALON_CODEC_OPUS,
  SALON_CODEC_RED, /* Opus with what went before (RFC 2198): see salon-red.h */
  SALON_CODEC_VP8,
  SALON_CODEC_VP9,
  SALON_CODEC_H264,
  SALON_CODEC_AV1,
  SALON_N_CODECS,
} SalonCodec;

/* Several: bits of 1 << codec. */
typedef guint SalonCodecs;
#define SALON_CODECS_ALL ((1u << SALON_N_CODECS) - 1)

/* How a codec is named and how a subscriber connection offers it. */
typedef struct
{
  const char *encoding_name; /* as GStreamer's caps spell it: upper case */
  SalonKind kind;
  guint clock_rate;
  guint8 payload_type;
  guint8 rtx_payload_type; /* 0: not retransmitted */
  const char *fmtp;        /* further caps fields of the offer, comma separated; "" when there are none */
} SalonCodecInfo;

/* (transfer none): static, never NULL. */
const SalonCodecInfo *salon_codec_get_info (SalonCodec codec);

/* (nullable) name: upper or lower case, as caps or an SDP spell it. FALSE for what Salon does not forward (RTX too). */
gboolean salon_codec_from_encoding_name (const char *name, SalonCodec *codec) G_GNUC_WARN_UNUSED_RESULT;

/* Reads what this RTP payload says of its picture. `size` may be that of a prefix: the first 64 bytes decide in
 * practice. Anything cut or malformed is no keyframe, and of no layer above the lowest. All audio can be started at. */
void salon_codec_read_frame (SalonCodec codec, const guint8 *payload, gsize size, SalonFrame *frame);

/* Whether this RTP payload begins a picture from which a decoder can start. */
gboolean salon_codec_is_keyframe_start (SalonCodec codec, const guint8 *payload, gsize size) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer none): "audio", "video", as caps and SDP spell it. */
const char *salon_kind_to_string (SalonKind kind);
