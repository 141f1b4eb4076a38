/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-data-channels.h"

/* What goes over data channels in one room. Whoever opens a channel gives the room its label: everybody else who takes
 * data channels is opened one of the same label and reliability, and what anybody sends on it, all others get on
 * theirs. It goes, for all, with the last channel that a client opened. Nobody has two channels of a label.
 *
 * A sender that makes too much of it is read later, and so is one of a reliable channel while a receiver is behind. A
 * receiver that takes too little all the same loses messages of lossy channels; a reliable one is closed for it, and it
 * is told.
 *
 * A client opens SALON_LIMIT_DATA_CHANNELS at most, on both its connections together. One label is nobody's: a channel
 * of SALON_DATA_SERVER_LABEL is between a client and the server.
 *
 * Owned by its room; main context; its members leave before it ends. */
typedef struct _SalonDataFan SalonDataFan;

/* ion-sfu's. */
#define SALON_DATA_SERVER_LABEL "ion-sfu"

SalonDataFan *salon_data_fan_new (void) G_GNUC_WARN_UNUSED_RESULT;
void salon_data_fan_free (SalonDataFan *self);

/* One participant, with the channels of one or two connections. */
typedef struct _SalonDataMember SalonDataMember;

typedef struct
{
  /* The server closed a channel of theirs. label (nullable): NULL if it has none; reason: those of the protocol's
   * `data_channel`. */
  void (*closed) (const char *label, const char *reason, gpointer user_data);
  /* Of one that speaks with the server: a text for it. */
  void (*asked) (const char *text, gsize size, gpointer user_data);
} SalonDataMemberEvents;

/* events (borrowed). speaks_with_server: is opened a channel to it on the subscriber connection, and may open others;
 * nobody else may. Returns: (transfer full): salon_data_member_leave() frees it. */
SalonDataMember *salon_data_fan_join (SalonDataFan *self, gboolean speaks_with_server,
    const SalonDataMemberEvents *events, gpointer user_data) G_GNUC_WARN_UNUSED_RESULT;
/* On the channel that the server opened. Returns: whether it was there, and took it. */
gboolean salon_data_member_tell (SalonDataMember *self, const char *text) G_GNUC_WARN_UNUSED_RESULT;
/* Before the connections end. */
void salon_data_member_leave (SalonDataMember *self);

/* For the connections: their events, and what goes with them. */
extern const SalonDataChannelsEvents salon_data_member_events;
gpointer salon_data_member_get_publisher_end (SalonDataMember *self);
gpointer salon_data_member_get_subscriber_end (SalonDataMember *self);
