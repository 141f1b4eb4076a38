/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <netinet/in.h>

/* ICE (RFC 8445) as much as a client with one address needs: one component, one host candidate of ours, IPv4. It
 * checks every candidate of the server's, nominates the first that answers, or takes what the server nominates, and
 * keeps consent fresh (RFC 7675). The STUN messages are made and read by libnice's library.
 *
 * It has no socket and no clock: its owner gives it STUN messages and time, and sends what it wants sent. */
typedef struct _BenchIce BenchIce;

typedef struct
{
  void (*send) (const guint8 *data, gsize size, const struct sockaddr_in *to, gpointer user_data);
  /* Once: media can flow. */
  void (*selected) (const struct sockaddr_in *address, gpointer user_data);
  /* Nobody answers, or no longer. Nothing comes after it. */
  void (*failed) (const char *why, gpointer user_data);
} BenchIceEvents;

BenchIce *bench_ice_new (const BenchIceEvents *events, gpointer user_data) G_GNUC_WARN_UNUSED_RESULT;
void bench_ice_free (BenchIce *self);

const char *bench_ice_get_ufrag (const BenchIce *self);
const char *bench_ice_get_pwd (const BenchIce *self);

/* The server's credentials, from its description: checks begin. is_controlling: the server is lite, or we offered. */
void bench_ice_start (BenchIce *self, const char *ufrag, const char *pwd, gboolean is_controlling, gint64 now_us);
/* Before or after the start. Known ones, and those beyond a reasonable number, are ignored. */
void bench_ice_add_candidate (BenchIce *self, const struct sockaddr_in *address);

void bench_ice_take (BenchIce *self, const guint8 *data, gsize size, const struct sockaddr_in *from, gint64 now_us);
/* Retransmissions and consent; every 10 to 50 ms. */
void bench_ice_tick (BenchIce *self, gint64 now_us);
