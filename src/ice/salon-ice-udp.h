/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <sys/uio.h>

#include "salon-ice-path.h"

/* One UDP port, on every address of the machine, for IPv4 and IPv6: a pair of sockets for each receiver thread, among
 * which the kernel divides the senders (SO_REUSEPORT). Each packet's own address is read with it (IP_PKTINFO) and
 * written with each answer, so that a machine with several addresses answers from the one that was asked.
 *
 * Immutable once made; sending is for any thread. */
typedef struct _SalonIceUdp SalonIceUdp;

/* port: 0 for a free one. Fails when somebody has it, also another Salon, and when there is neither IPv4 nor IPv6. */
SalonIceUdp *salon_ice_udp_new (guint port, guint n_receivers, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void salon_ice_udp_free (SalonIceUdp *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonIceUdp, salon_ice_udp_free)

guint salon_ice_udp_get_port (const SalonIceUdp *self);
gboolean salon_ice_udp_has_family (const SalonIceUdp *self, int family);
/* family: AF_INET or AF_INET6; -1 if this machine has none. */
int salon_ice_udp_get_fd (const SalonIceUdp *self, guint receiver, int family);

/* What each socket asks for: a keyframe to everybody in a room is a megabyte, and comes at once. */
#define SALON_ICE_UDP_BUFFER_BYTES (4 * 1024 * 1024)
/* What the system gave, at least: less where net.core.rmem_max or net.core.wmem_max say so. */
gsize salon_ice_udp_get_buffer_bytes (const SalonIceUdp *self);

/* A datagram to send: one vector. Or a run of them to one client (UDP_SEGMENT): a vector each, all of the first one's
 * size but for the last, which may be smaller. */
typedef struct
{
  SalonIcePath path;
  const struct iovec *vectors;
  guint n_vectors; /* 1 ... SALON_ICE_UDP_MAX_RUN */
  guint8 tos;
  guint n_sent; /* (out): how many of the vectors went out */
} SalonIceDatagram;

/* What the kernel takes at once: 64 segments, and 64 KiB with headers. */
#define SALON_ICE_UDP_MAX_RUN 64
#define SALON_ICE_UDP_MAX_RUN_BYTES 65000

/* Sends them in few system calls. What the kernel has no room for is dropped, as a network would; it never blocks. */
void salon_ice_udp_send (SalonIceUdp *self, SalonIceDatagram *datagrams, guint n_datagrams);

/* What a receiver thread reads into: large, and its own. */
typedef struct _SalonIceUdpInput SalonIceUdpInput;
SalonIceUdpInput *salon_ice_udp_input_new (void) G_GNUC_WARN_UNUSED_RESULT;
void salon_ice_udp_input_free (SalonIceUdpInput *input);

typedef void (*SalonIceUdpFunc) (const SalonIcePath *path, const guint8 *data, gsize size, gpointer user_data);
/* Takes a batch from the socket, without blocking, and calls func for each datagram. Returns how many there were: the
 * socket is empty when it is less than SALON_ICE_UDP_BATCH. */
#define SALON_ICE_UDP_BATCH 64
guint salon_ice_udp_receive (SalonIceUdpInput *input, int fd, SalonIceUdpFunc func, gpointer user_data);
