/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-stream.h"

#include <math.h>
#include <string.h>

#define AUDIO_RATE 48000
#define VIDEO_RATE 90000
/* A larger step is no loss: another source, or a reset. */
#define MAX_STEP 1000
#define NS_PER_S 1e9
/* As patient as libwebrtc: a round trip of a fast network, and ten times. */
#define REQUEST_INTERVAL_US (50 * 1000)
#define MAX_REQUESTS 10

void
bench_stream_init (BenchStream *self, guint32 ssrc, gboolean is_video)
{
  *self = (BenchStream){ .ssrc = ssrc, .is_video = is_video, .clock_rate = is_video ? VIDEO_RATE : AUDIO_RATE };
}

static void
remove_missing (BenchStream *self, guint index)
{
  self->n_missing--;
  memmove (&self->missing[index], &self->missing[index + 1], (self->n_missing - index) * sizeof self->missing[0]);
}

void
bench_stream_recover (BenchStream *self, guint16 sequence)
{
  for (guint i = 0; i < self->n_missing; i++)
    {
      if (self->missing[i].sequence == sequence)
        {
          remove_missing (self, i);
          return;
        }
    }
}

static void
note_gap (BenchStream *self, guint32 from, guint32 to)
{
  for (guint32 sequence = from; sequence != to && self->n_missing < BENCH_STREAM_MAX_MISSING; sequence++)
    self->missing[self->n_missing++] = (BenchMissing){ .sequence = (guint16)sequence };
}

static void
update_jitter (BenchStream *self, guint32 timestamp, gint64 arrived_at_ns)
{
  guint32 arrived = (guint32)(gint64)((double)arrived_at_ns / NS_PER_S * self->clock_rate);
  guint32 transit = arrived - timestamp;
  gint32 change = (gint32)(transit - self->transit);

  if (self->n_received > 1)
    self->jitter += (fabs ((double)change) - self->jitter) / 16;
  self->transit = transit;
}

static void
begin (BenchStream *self, guint16 sequence)
{
  self->has_begun = TRUE;
  self->first = sequence;
  self->highest = sequence;
  self->n_received = 0;
  self->n_expected_before = 0;
  self->n_received_before = 0;
  self->n_missing = 0;
}

void
bench_stream_take (BenchStream *self, guint16 sequence, guint32 timestamp, gint64 arrived_at_ns)
{
  gint16 step = (gint16)(sequence - (guint16)self->highest);

  if (!self->has_begun || ABS (step) > MAX_STEP)
    begin (self, sequence);
  else if (step > 0)
    {
      /* Nobody asks for lost audio: it would come too late. */
      if (self->is_video)
        note_gap (self, self->highest + 1, self->highest + step);
      self->highest += step;
    }
  else
    bench_stream_recover (self, sequence);
  self->n_received++;
  update_jitter (self, timestamp, arrived_at_ns);
}

void
bench_stream_take_sender_report (BenchStream *self, guint32 ntp_middle, gint64 arrived_at_ns)
{
  self->last_report = ntp_middle;
  self->last_report_at_ns = arrived_at_ns;
}

void
bench_stream_report (BenchStream *self, BenchReportBlock *block, gint64 now_ns)
{
  guint32 n_expected = self->highest - self->first + 1;
  gint64 n_expected_now = n_expected - self->n_expected_before;
  gint64 n_lost_now = n_expected_now - (self->n_received - self->n_received_before);

  *block = (BenchReportBlock){
    .ssrc = self->ssrc,
    .fraction_lost = n_expected_now > 0 && n_lost_now > 0 ? (guint8)MIN (n_lost_now * 256 / n_expected_now, 255) : 0,
    .n_lost = (gint32)(n_expected - self->n_received),
    .highest = self->highest,
    .jitter = (guint32)self->jitter,
    .last_report = self->last_report,
  };
  if (self->last_report != 0)
    block->since_last_report = (guint32)((double)(now_ns - self->last_report_at_ns) / NS_PER_S * 65536);
  self->n_expected_before = n_expected;
  self->n_received_before = self->n_received;
}

guint
bench_stream_collect_missing (BenchStream *self, guint16 sequences[BENCH_STREAM_MAX_MISSING], gint64 now_us)
{
  guint n = 0;

  for (guint i = 0; i < self->n_missing;)
    {
      BenchMissing *missing = &self->missing[i];

      if (missing->n_requests == MAX_REQUESTS)
        {
          remove_missing (self, i);
          continue;
        }
      if (now_us >= missing->request_at_us)
        {
          missing->n_requests++;
          missing->request_at_us = now_us + REQUEST_INTERVAL_US;
          sequences[n++] = missing->sequence;
        }
      i++;
    }
  return n;
}
