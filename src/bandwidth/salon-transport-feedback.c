/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-transport-feedback.h"

#include "salon-bytes.h"

/* Header and both SSRCs (RFC 4585, section 6.1), then first number, count, reference time, and a count of feedback. */
#define FIXED_BYTES 20
#define CHUNK_BYTES 2
#define DELTA_US 250

/* Section 3.1.1. */
enum
{
  NOT_RECEIVED,
  SMALL_DELTA,
  LARGE_DELTA,
  RESERVED,
};

/* -- chunks: sections 3.1.3 and 3.1.4 -- */

#define IS_VECTOR 0x8000
#define IS_VECTOR_OF_TWO_BITS 0x4000

static guint
get_n_symbols (guint16 chunk)
{
  if ((chunk & IS_VECTOR) == 0)
    return chunk & 0x1fff;
  return (chunk & IS_VECTOR_OF_TWO_BITS) != 0 ? 7 : 14;
}

static guint
get_symbol (guint16 chunk, guint index)
{
  if ((chunk & IS_VECTOR) == 0)
    return chunk >> 13 & 3;
  if ((chunk & IS_VECTOR_OF_TWO_BITS) != 0)
    return chunk >> (12 - 2 * index) & 3;
  return chunk >> (13 - index) & 1; /* NOT_RECEIVED or SMALL_DELTA */
}

/* The size of the deltas of a chunk's first n_symbols; FALSE if there is one that means nothing. */
static gboolean
measure_chunk (guint16 chunk, guint n_symbols, gsize *size)
{
  gboolean is_run = (chunk & IS_VECTOR) == 0;
  guint n_different = is_run ? 1 : n_symbols;
  gsize sum = 0;

  for (guint i = 0; i < n_different; i++)
    {
      guint symbol = get_symbol (chunk, i);

      if (symbol == RESERVED)
        return FALSE;
      sum += symbol; /* as many bytes */
    }
  *size += is_run ? sum * n_symbols : sum;
  return TRUE;
}

/* Section 3.1: the chunks say where the deltas begin, and how many there are. */
static gboolean
find_deltas (SalonTransportFeedback *self, const guint8 *end)
{
  const guint8 *at = self->chunks;
  gsize deltas_size = 0;

  for (guint n_left = self->n_packets; n_left > 0; at += CHUNK_BYTES)
    {
      guint16 chunk;
      guint n_symbols;

      if (end - at < CHUNK_BYTES)
        return FALSE;
      chunk = salon_read_u16 (at);
      n_symbols = MIN (get_n_symbols (chunk), n_left);
      if (n_symbols == 0 || !measure_chunk (chunk, n_symbols, &deltas_size))
        return FALSE;
      n_left -= n_symbols;
    }
  self->deltas = at;
  return deltas_size <= (gsize)(end - at);
}

gboolean
salon_transport_feedback_parse (SalonTransportFeedback *self, const guint8 *data, gsize size)
{
  guint32 reference;

  if (size < FIXED_BYTES)
    return FALSE;
  reference = salon_read_u32 (data + 16) >> 8;
  *self = (SalonTransportFeedback){
    .first = salon_read_u16 (data + 12),
    .n_packets = salon_read_u16 (data + 14),
    .reference = (gint32)(reference ^ 0x800000) - 0x800000,
    .chunks = data + FIXED_BYTES,
  };
  return find_deltas (self, data + size);
}

/* Section 3.1.5. */
static gint64
read_delta (SalonTransportFeedback *self, guint symbol)
{
  gint64 delta;

  if (symbol == SMALL_DELTA)
    {
      delta = self->deltas[0];
      self->deltas += 1;
    }
  else
    {
      delta = (gint16)salon_read_u16 (self->deltas);
      self->deltas += 2;
    }
  return delta * DELTA_US;
}

gboolean
salon_transport_feedback_next (SalonTransportFeedback *self, SalonPacketStatus *status)
{
  guint16 chunk;
  guint symbol;

  if (self->n_read == self->n_packets)
    return FALSE;
  chunk = salon_read_u16 (self->chunks);
  symbol = get_symbol (chunk, self->in_chunk);
  status->number = self->first + self->n_read;
  status->is_received = symbol != NOT_RECEIVED;
  if (status->is_received)
    self->after_us += read_delta (self, symbol);
  status->after_us = self->after_us;
  self->n_read++;
  self->in_chunk++;
  if (self->in_chunk == get_n_symbols (chunk))
    {
      self->chunks += CHUNK_BYTES;
      self->in_chunk = 0;
    }
  return TRUE;
}
