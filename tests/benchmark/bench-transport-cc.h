/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bench-rtcp.h"

/* The receiver's half of transport-wide congestion control (draft-holmer-rmcat-transport-wide-cc-extensions-01):
 * notes when each numbered packet came, and writes feedback of it. */

/* Two reports' time of a meeting of 12. */
#define BENCH_TRANSPORT_CC_PACKETS 2048

typedef struct
{
  guint32 base; /* of the next feedback; numbers are extended to 32 bits */
  guint32 end;  /* one more than the highest seen */
  gboolean has_begun;
  guint8 n_feedbacks;
  gint64 arrived_at_us[BENCH_TRANSPORT_CC_PACKETS]; /* by number, modulo their count; 0: not arrived */
} BenchTransportCc;

void bench_transport_cc_take (BenchTransportCc *self, guint16 number, gint64 arrived_at_us);
/* Appends feedback about what has come since the last; FALSE: nothing has, or no more fits, and the rest waits. */
gboolean bench_transport_cc_write (BenchTransportCc *self, BenchRtcpWriter *writer, guint32 sender, guint32 media);
