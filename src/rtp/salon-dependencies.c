/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-dependencies.h"

#include <string.h>

#include "salon-bytes.h"

/* RTP payload format for AV1, appendix A.8.1 to A.8.3:
 *
 *   |S|E| template  |   S, E: start and end of the frame
 *   | frame number  |   two bytes; frames name each other by their distance
 *   |T|A|D|F|C| ...     what follows, if anything does: templates, active decode targets, the frame's own decode target
 *                       indications, distances, chains; in bits
 */
#define MANDATORY_BYTES 3
#define FLAGS_AT 24
#define N_FLAGS 5
#define TEMPLATES_AT (FLAGS_AT + N_FLAGS)
#define ID_BITS 6
#define ID_MASK 0x3f
#define MAX_SPATIAL 3
#define MAX_TEMPORAL 7

enum
{
  HAS_TEMPLATES = 0x10,
  HAS_TARGETS = 0x08,
  HAS_INDICATIONS = 0x04,
};

/* Which of a layer the next template has. */
enum
{
  NEXT_LAYER_SAME,
  NEXT_LAYER_TEMPORAL,
  NEXT_LAYER_SPATIAL,
  NEXT_LAYER_NONE,
};

/* What a frame is to a decode target, in two bits. Of a frame that is a switch, all later ones of the target can be
 * decoded if it can. */
enum
{
  INDICATION_NOT_PRESENT = 0,
  INDICATION_SWITCH = 2,
};

/* -- bits -- */

typedef struct
{
  const guint8 *data;
  gsize n_bits;
  gsize at; /* beyond n_bits: something was missing */
} Bits;

/* Zeros, where there are none. */
static guint32
read_bits (Bits *bits, guint n)
{
  guint32 value = 0;

  for (; n > 0; n--, bits->at++)
    {
      value <<= 1;
      if (bits->at < bits->n_bits)
        value |= bits->data[bits->at / 8] >> (7 - bits->at % 8) & 1;
    }
  return value;
}

static gboolean
is_cut (const Bits *bits)
{
  return bits->at > bits->n_bits;
}

/* A number below n, the smallest ones in a bit less (section 4.10.7 of AV1's specification). */
static guint
read_below (Bits *bits, guint n)
{
  guint width = g_bit_storage (n);
  guint n_short = (1u << width) - n;
  guint value = read_bits (bits, width - 1);

  return value < n_short ? value : (value << 1) - n_short + read_bits (bits, 1);
}

static void
write_bits (guint8 *data, gsize at, guint32 value, guint n)
{
  for (guint i = 0; i < n; i++, at++)
    {
      guint8 bit = 0x80 >> at % 8;

      data[at / 8] = (value >> (n - 1 - i) & 1) != 0 ? data[at / 8] | bit : data[at / 8] & ~bit;
    }
}

/* -- templates -- */

static guint
get_indication (guint64 indications, guint target)
{
  return indications >> 2 * target & 3;
}

static guint64
read_indications (Bits *bits, guint n_targets)
{
  guint64 indications = 0;

  for (guint target = 0; target < n_targets; target++)
    indications |= (guint64)read_bits (bits, 2) << 2 * target;
  return indications;
}

static gboolean
read_layers (Bits *bits, SalonDependencies *self)
{
  guint spatial = 0;
  guint temporal = 0;
  guint next;

  do
    {
      if (self->n_templates == SALON_DEPENDENCIES_MAX_TEMPLATES || spatial > MAX_SPATIAL || temporal > MAX_TEMPORAL)
        return FALSE;
      self->templates[self->n_templates].spatial = (guint8)spatial;
      self->templates[self->n_templates++].temporal = (guint8)temporal;
      next = read_bits (bits, 2);
      temporal = next == NEXT_LAYER_SPATIAL ? 0 : temporal + (next == NEXT_LAYER_TEMPORAL);
      spatial += next == NEXT_LAYER_SPATIAL;
    }
  while (next != NEXT_LAYER_NONE);
  return TRUE;
}

/* The layers of a target are the highest among the frames that are present in it. */
static void
add_to_targets (SalonDependencies *self, const SalonDependencyTemplate *template, guint64 indications)
{
  for (guint i = 0; i < self->n_targets; i++)
    {
      if (get_indication (indications, i) == INDICATION_NOT_PRESENT)
        continue;
      self->targets[i].spatial = MAX (self->targets[i].spatial, template->spatial);
      self->targets[i].temporal = MAX (self->targets[i].temporal, template->temporal);
      self->max_spatial = MAX (self->max_spatial, template->spatial);
      self->max_temporal = MAX (self->max_temporal, template->temporal);
    }
}

/* Whether it is a switch to all temporal layers above its own. */
static gboolean
is_switching_up (const SalonDependencies *self, const SalonDependencyTemplate *template, guint64 indications)
{
  gboolean is_switch = FALSE;

  for (guint i = 0; i < self->n_targets; i++)
    {
      if (self->targets[i].spatial != template->spatial || self->targets[i].temporal <= template->temporal)
        continue;
      is_switch = get_indication (indications, i) == INDICATION_SWITCH;
      if (!is_switch)
        return FALSE;
    }
  return is_switch;
}

static void
read_template_indications (Bits *bits, SalonDependencies *self)
{
  guint64 indications[SALON_DEPENDENCIES_MAX_TEMPLATES];

  for (guint i = 0; i < self->n_templates; i++)
    {
      indications[i] = read_indications (bits, self->n_targets);
      add_to_targets (self, &self->templates[i], indications[i]);
    }
  for (guint i = 0; i < self->n_templates; i++)
    self->templates[i].is_switching_up = is_switching_up (self, &self->templates[i], indications[i]);
}

/* What the rewriter has no use for: a switch goes by the indications, and whether all came is for the receiver. */
static void
skip_distances_and_chains (Bits *bits, const SalonDependencies *self)
{
  guint n_chains;

  for (guint i = 0; i < self->n_templates; i++)
    {
      while (read_bits (bits, 1) != 0)
        read_bits (bits, 4);
    }
  n_chains = read_below (bits, self->n_targets + 1);
  for (guint i = 0; n_chains > 0 && i < self->n_targets; i++)
    read_below (bits, n_chains);
  bits->at += 4 * n_chains * self->n_templates;
}

static void
read_sizes (Bits *bits, const SalonDependencies *self, SalonFrame *frame)
{
  guint n_sizes = self->templates[self->n_templates - 1].spatial + 1u;

  if (read_bits (bits, 1) == 0)
    return;
  for (guint i = 0; i < n_sizes; i++)
    {
      guint16 width = (guint16)(read_bits (bits, 16) + 1);
      guint16 height = (guint16)(read_bits (bits, 16) + 1);

      if (i >= SALON_FRAME_MAX_SIZES)
        continue;
      frame->sizes[i].width = width;
      frame->sizes[i].height = height;
      frame->n_sizes = i + 1;
    }
}

/* bits: behind the flags, and then behind the templates. */
static gboolean
read_templates (Bits *bits, SalonDependencies *self, SalonFrame *frame)
{
  *self = (SalonDependencies){ 0 };
  self->first_id = (guint8)read_bits (bits, ID_BITS);
  self->n_targets = read_bits (bits, 5) + 1;
  self->active_targets = G_MAXUINT32 >> (32 - self->n_targets);
  if (!read_layers (bits, self))
    return FALSE;
  read_template_indications (bits, self);
  skip_distances_and_chains (bits, self);
  read_sizes (bits, self, frame);
  return !is_cut (bits);
}

/* -- one packet's -- */

static guint
read_flags (const guint8 *data, gsize size)
{
  return size > MANDATORY_BYTES ? data[MANDATORY_BYTES] >> (8 - N_FLAGS) : 0;
}

gboolean
salon_dependencies_has_templates (const guint8 *data, gsize size)
{
  return (read_flags (data, size) & HAS_TEMPLATES) != 0;
}

/* Both stand behind the templates, if there are some. */
static gboolean
read_targets_and_indications (SalonDependencies *self, Bits *bits, guint flags, SalonFrame *frame)
{
  const SalonDependencyTemplate own = { .spatial = frame->spatial, .temporal = frame->temporal };
  guint32 active = (flags & HAS_TARGETS) != 0 ? read_bits (bits, self->n_targets) : self->active_targets;

  if ((flags & HAS_INDICATIONS) != 0)
    frame->is_switching_up = is_switching_up (self, &own, read_indications (bits, self->n_targets));
  if (is_cut (bits))
    return FALSE;
  self->active_targets = active;
  return TRUE;
}

gboolean
salon_dependencies_read (SalonDependencies *self, const guint8 *data, gsize size, SalonFrame *frame)
{
  Bits bits = { data, 8 * size, TEMPLATES_AT };
  guint flags = read_flags (data, size);
  SalonFrame said = *frame;
  guint index;

  if (size < MANDATORY_BYTES)
    return FALSE;
  if ((flags & HAS_TEMPLATES) != 0 && !read_templates (&bits, self, &said))
    {
      self->n_templates = 0;
      return FALSE;
    }
  index = (data[0] - self->first_id) & ID_MASK;
  if (index >= self->n_templates)
    return FALSE;
  said.spatial = self->templates[index].spatial;
  said.temporal = self->templates[index].temporal;
  said.is_switching_up = self->templates[index].is_switching_up;
  said.is_start = (data[0] & 0x80) != 0;
  said.is_end = (data[0] & 0x40) != 0;
  said.tells_end = TRUE;
  if (size > MANDATORY_BYTES && !read_targets_and_indications (self, &bits, flags, &said))
    return FALSE;
  *frame = said;
  return TRUE;
}

guint32
salon_dependencies_get_targets (const SalonDependencies *self, guint8 spatial, guint8 temporal)
{
  guint32 targets = 0;

  for (guint i = 0; i < self->n_targets; i++)
    {
      if (self->targets[i].spatial <= spatial && self->targets[i].temporal <= temporal)
        targets |= 1u << i;
    }
  return targets;
}

/* -- changed -- */

/* Where the active targets stand, or would. */
static gsize
find_targets (const guint8 *data, gsize size)
{
  Bits bits = { data, 8 * size, TEMPLATES_AT };
  SalonDependencies templates;
  SalonFrame frame;

  if (salon_dependencies_has_templates (data, size) && !read_templates (&bits, &templates, &frame))
    return 0;
  return bits.at;
}

/* Those behind it make room. Returns: the size; 0: there is no room. */
static gsize
write_targets (const SalonDependencies *self, const guint8 *data, gsize size, guint32 targets, guint8 *out)
{
  guint flags = read_flags (data, size);
  gsize at = find_targets (data, size);
  Bits rest = { data, 8 * size, at };
  gsize n_bits = MAX (8 * size, TEMPLATES_AT) + ((flags & HAS_TARGETS) != 0 ? 0 : self->n_targets);
  gsize new_size = (n_bits + 7) / 8;

  if (at == 0 || new_size > SALON_DEPENDENCIES_MAX_BYTES)
    return 0;
  memset (out + size, 0, new_size - size);
  write_bits (out, FLAGS_AT, flags | HAS_TARGETS, N_FLAGS);
  if ((flags & HAS_TARGETS) != 0)
    rest.at += self->n_targets;
  write_bits (out, at, targets, self->n_targets);
  for (at += self->n_targets; rest.at < rest.n_bits; at++)
    write_bits (out, at, read_bits (&rest, 1), 1);
  return new_size;
}

gsize
salon_dependencies_write (const SalonDependencies *self, const guint8 *data, gsize size,
    const SalonDependenciesChange *change, guint8 out[SALON_DEPENDENCIES_MAX_BYTES])
{
  Bits first_id = { data, 8 * size, TEMPLATES_AT };

  if (size < MANDATORY_BYTES || size > SALON_DEPENDENCIES_MAX_BYTES)
    return 0;
  memcpy (out, data, size);
  out[0] = (data[0] & ~ID_MASK) | ((data[0] + change->add_to_ids) & ID_MASK);
  salon_write_u16 (out + 1, salon_read_u16 (data + 1) + change->add_to_number);
  if (change->has_targets)
    size = write_targets (self, data, size, change->targets, out);
  if (size > 0 && salon_dependencies_has_templates (out, size))
    write_bits (out, TEMPLATES_AT, (read_bits (&first_id, ID_BITS) + change->add_to_ids) & ID_MASK, ID_BITS);
  return size;
}
