/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdatomic.h>

#include <glib.h>

/* How loud one RTP stream is, by what its sender says of each packet (RFC 6464). One thread adds packets, another takes
 * their mean from time to time; neither waits. Plain struct; zeroed, it has heard nothing.
 *
 * The voice activity flag is not looked at: browsers disagree on what it means, and some set it always. */
typedef struct
{
  _Atomic guint64 heard; /* packets << 32 | sum of their levels, in dB below overload */
} SalonLevelMeter;

/* The packet's first head_size bytes, of size; extension_id: as negotiated, not 0. A packet that doesn't tell its level
 * counts for nothing. */
void salon_level_meter_add (
    SalonLevelMeter *self, const guint8 *head, gsize head_size, gsize size, guint8 extension_id);

/* The mean of the packets' levels since the last call, 0 (the loudest there is) to -127 dBov: of decibels, so that a
 * click in one packet of many counts little. FALSE when none came. */
gboolean salon_level_meter_take (SalonLevelMeter *self, int *level_dbov) G_GNUC_WARN_UNUSED_RESULT;
