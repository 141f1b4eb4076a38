/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-frame.h"

/* The dependency descriptor (RTP payload format for AV1, appendix A): a header extension that tells of any codec's
 * packet which frame and which layers it belongs to. Most are three bytes, which name a template; the templates come
 * with each keyframe. So somebody who reads has to remember them: this is that memory, of one stream.
 *
 * "Decode targets" are the ways to receive the stream: each is the frames up to some spatial and temporal layer.
 *
 * A plain struct, zeroed at first. Nothing that comes is trusted. */
#define SALON_DEPENDENCIES_MAX_TEMPLATES 64
#define SALON_DEPENDENCIES_MAX_TARGETS 32
/* An extension's length is a byte. */
#define SALON_DEPENDENCIES_MAX_BYTES 255

typedef struct
{
  guint8 spatial;
  guint8 temporal;
  gboolean is_switching_up; /* see SalonFrame */
} SalonDependencyTemplate;

typedef struct
{
  guint n_templates; /* 0: none have come yet */
  guint8 first_id;   /* of the templates, which are numbered modulo 64 */
  SalonDependencyTemplate templates[SALON_DEPENDENCIES_MAX_TEMPLATES];
  guint n_targets;
  struct
  {
    guint8 spatial, temporal;
  } targets[SALON_DEPENDENCIES_MAX_TARGETS];
  guint32 active_targets;           /* that the sender fills now: bit n is target n */
  guint8 max_spatial, max_temporal; /* of all targets */
} SalonDependencies;

/* Takes over the templates if the descriptor brings some, and fills in what it says of the frame: layers, start and
 * end, where one may switch up, sizes; nothing else of it. FALSE when it makes no sense, or without the templates that
 * it names: then nothing is known of the packet. */
gboolean salon_dependencies_read (
    SalonDependencies *self, const guint8 *data, gsize size, SalonFrame *frame) G_GNUC_WARN_UNUSED_RESULT;

/* Whether this descriptor brings templates. */
gboolean salon_dependencies_has_templates (const guint8 *data, gsize size);

/* The decode targets that need no layers above these. */
guint32 salon_dependencies_get_targets (const SalonDependencies *self, guint8 spatial, guint8 temporal);

/* How a descriptor is changed on its way. */
typedef struct
{
  guint16 add_to_number; /* of the frame */
  guint8 add_to_ids;     /* of the templates, modulo 64 */
  gboolean has_targets;  /* that those which are active are said */
  guint32 targets;
} SalonDependenciesChange;

/* Writes what was just read, changed. The rest of it stays as it is, byte for byte or bit for bit. Returns: its size;
 * 0 when it has no place. */
gsize salon_dependencies_write (const SalonDependencies *self, const guint8 *data, gsize size,
    const SalonDependenciesChange *change, guint8 out[SALON_DEPENDENCIES_MAX_BYTES]) G_GNUC_WARN_UNUSED_RESULT;
