/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-ice-peer.h"
#include "salon-ice-udp.h"

/* Holds back what this thread sends, and sends it all at once: a packet goes to everybody in a room in one system call,
 * and what goes to one client in a row is one run (UDP_SEGMENT). Begin and end come in pairs, which may nest; what does
 * not fit is sent in between. */
void salon_ice_batch_begin (void);
void salon_ice_batch_end (void);

/* For the hub. FALSE: no batch has begun on this thread. path: its connection is NULL. udp: must outlive the batch. */
gboolean salon_ice_batch_add (
    SalonIceUdp *udp, SalonIcePeer *peer, const SalonIcePath *path, guint8 tos, const void *data, gsize size);
