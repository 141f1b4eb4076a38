/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-transport-cc.h"

#include <string.h>

#define REFERENCE_US 64000
#define DELTA_US 250
/* A status vector chunk of two-bit symbols: section 3.1.4. */
#define SYMBOLS_A_CHUNK 7
#define VECTOR_OF_TWO_BITS 0xc000
/* What keeps the feedback, with small and large deltas, below the size of one compound. */
#define MAX_NUMBERS 350

enum
{
  NOT_RECEIVED,
  SMALL_DELTA,
  LARGE_DELTA,
};

static gint64 *
slot (BenchTransportCc *self, guint32 number)
{
  return &self->arrived_at_us[number % BENCH_TRANSPORT_CC_PACKETS];
}

void
bench_transport_cc_take (BenchTransportCc *self, guint16 number, gint64 arrived_at_us)
{
  guint32 extended;

  if (!self->has_begun)
    {
      self->has_begun = TRUE;
      self->base = self->end = 0x10000u | number;
    }
  extended = self->end + (gint16)(number - (guint16)self->end);
  if ((gint32)(extended - self->base) < 0)
    return; /* it was reported lost */
  if (extended - self->base >= BENCH_TRANSPORT_CC_PACKETS)
    {
      self->base = self->end = extended;
      memset (self->arrived_at_us, 0, sizeof self->arrived_at_us);
    }
  *slot (self, extended) = arrived_at_us;
  if ((gint32)(extended - self->end) >= 0)
    self->end = extended + 1;
}

typedef struct
{
  guint8 chunks[2 * (MAX_NUMBERS / SYMBOLS_A_CHUNK + 1)];
  gsize n_chunk_bytes;
  guint8 deltas[2 * MAX_NUMBERS];
  gsize n_delta_bytes;
} Feedback;

static guint
write_delta (Feedback *feedback, gint64 arrived_at_us, gint64 *last_us)
{
  gint64 delta;

  if (arrived_at_us == 0)
    return NOT_RECEIVED;
  delta = (arrived_at_us - *last_us) / DELTA_US;
  *last_us += delta * DELTA_US;
  if (delta >= 0 && delta <= 255)
    {
      feedback->deltas[feedback->n_delta_bytes++] = (guint8)delta;
      return SMALL_DELTA;
    }
  bench_write_u16 (feedback->deltas + feedback->n_delta_bytes, (guint16)CLAMP (delta, G_MININT16, G_MAXINT16));
  feedback->n_delta_bytes += 2;
  return LARGE_DELTA;
}

static void
fill (BenchTransportCc *self, Feedback *feedback, guint n_numbers, gint64 last_us)
{
  for (guint first = 0; first < n_numbers; first += SYMBOLS_A_CHUNK)
    {
      guint16 chunk = VECTOR_OF_TWO_BITS;

      for (guint i = 0; i < SYMBOLS_A_CHUNK && first + i < n_numbers; i++)
        {
          gint64 *arrived_at_us = slot (self, self->base + first + i);

          chunk |= (guint16)(write_delta (feedback, *arrived_at_us, &last_us) << (2 * (SYMBOLS_A_CHUNK - 1 - i)));
          *arrived_at_us = 0;
        }
      bench_write_u16 (feedback->chunks + feedback->n_chunk_bytes, chunk);
      feedback->n_chunk_bytes += 2;
    }
}

/* Section 3.1. */
gboolean
bench_transport_cc_write (BenchTransportCc *self, BenchRtcpWriter *writer, guint32 sender, guint32 media)
{
  guint n_numbers = MIN (self->end - self->base, MAX_NUMBERS);
  Feedback feedback = { .n_chunk_bytes = 0 };
  guint8 body[BENCH_RTCP_BYTES];
  gsize size = 16;
  gint64 reference;

  while (n_numbers > 0 && *slot (self, self->base) == 0)
    {
      self->base++;
      n_numbers--;
    }
  if (n_numbers == 0)
    return FALSE;
  reference = *slot (self, self->base) / REFERENCE_US;
  fill (self, &feedback, n_numbers, reference * REFERENCE_US);
  bench_write_u32 (body, sender);
  bench_write_u32 (body + 4, media);
  bench_write_u16 (body + 8, (guint16)self->base);
  bench_write_u16 (body + 10, (guint16)n_numbers);
  bench_write_u32 (body + 12, (guint32)(reference & 0xffffff) << 8 | self->n_feedbacks++);
  memcpy (body + size, feedback.chunks, feedback.n_chunk_bytes);
  size += feedback.n_chunk_bytes;
  memcpy (body + size, feedback.deltas, feedback.n_delta_bytes);
  size += feedback.n_delta_bytes;
  for (; size % 4 != 0; size++)
    body[size] = 0;
  self->base += n_numbers;
  return bench_rtcp_write_raw (writer, BENCH_RTCP_TRANSPORT_CC, BENCH_RTCP_TRANSPORT_FEEDBACK, body, size);
}
