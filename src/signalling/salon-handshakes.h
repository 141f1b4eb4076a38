/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* TLS handshakes of a server. GLib has a thread wait in each as long as it takes, and has ten for all that it does: ten
 * clients that say nothing would keep everybody out. So a handshake begins only when the client's hello has come, has a
 * short time, and some of the threads are never one lane's, be that an address. Who finds none free, waits.
 *
 * That leaves some hundred handshakes a second: enough for a household or an office. More people, or people who are
 * attacked, have a reverse proxy in front.
 *
 * Owned by SalonListener; main context; salon_handshakes_close() ends it. */
#define SALON_TYPE_HANDSHAKES (salon_handshakes_get_type ())
G_DECLARE_FINAL_TYPE (SalonHandshakes, salon_handshakes, SALON, HANDSHAKES, GObject)

SalonHandshakes *salon_handshakes_new (GTlsCertificate *certificate) G_GNUC_WARN_UNUSED_RESULT;

typedef void (*SalonHandshakeFunc) (GSocketConnection *connection, GIOStream *stream, gpointer user_data);

/* lane: (borrowed) (nullable): whose it is, which lives as long as connection; only compared; NULL: nobody's. func is
 * called when it has succeeded, and not after salon_handshakes_close(); else the connection is let go. func's
 * user_data: (transfer full). */
void salon_handshakes_start (SalonHandshakes *self, GSocketConnection *connection, gpointer lane,
    SalonHandshakeFunc func, gpointer user_data, GDestroyNotify destroy);

void salon_handshakes_close (SalonHandshakes *self);
