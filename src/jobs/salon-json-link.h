/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

/* Two processes of one machine that talk: a JSON object a line, over a Unix stream socket. Neither waits for the other:
 * whoever reads too slowly, or sends what is no object, or too long a line, loses the link.
 *
 * Signals:
 *   message (JsonObject *)   borrowed
 *   closed ()                by the other side, or because of it; once, and never after salon_json_link_close()
 *
 * Main context. Nothing more comes after salon_json_link_close(), which the last reference implies. */
#define SALON_TYPE_JSON_LINK (salon_json_link_get_type ())
G_DECLARE_FINAL_TYPE (SalonJsonLink, salon_json_link, SALON, JSON_LINK, GObject)

SalonJsonLink *salon_json_link_new (GSocket *socket) G_GNUC_WARN_UNUSED_RESULT;

/* fd: owned from here on, also on failure. */
SalonJsonLink *salon_json_link_new_for_fd (int fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* message: (transfer full). In order; most of it is written at once, and the rest when there is room. */
void salon_json_link_send (SalonJsonLink *self, JsonObject *message);

/* Gives up what is not written yet. */
void salon_json_link_close (SalonJsonLink *self);
