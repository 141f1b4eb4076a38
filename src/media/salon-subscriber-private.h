/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-ice-hub.h"
#include "salon-lines.h"
#include "salon-packet-guard.h"
#include "salon-sender.h"
#include "salon-shares.h"
#include "salon-slot-links.h"
#include "salon-subscriber.h"

/* Between salon-subscriber.c (slots, what sits on them, and life) and salon-subscriber-offers.c (what the client is
 * offered, and its answers). */

typedef struct
{
  GstElement *element; /* (owned) (nullable): salonslot; with a sender, NULL until something is attached */
  GstCaps *caps;       /* (owned): what it may carry */
  GstPad *peer;        /* (owned) (nullable): webrtcbin's request pad; NULL with a sender */
  char *mid;           /* (owned) (nullable): NULL before the offer */
  guint32 ssrc;        /* never changes: the RTCP thread looks it up */
  guint32 rtx_ssrc;    /* 0 for audio, and without a sender */
  gboolean takes_red;  /* by the answer */
  gboolean is_plain;   /* there is no room for redundancy now */

  SalonTrack *track; /* (owned) (nullable) */
  gulong layers_changed_id;
  gulong forms_changed_id;
  SalonTrack *form; /* (owned) (nullable): what flows: the track, or the same in a codec that the client takes */
  gulong form_layers_changed_id;
  SalonFormNeed need;       /* as the track's forms were told */
  SalonFormState told_form; /* by the signal */
  const char *told_refusal; /* static (nullable): likewise */
  SalonSlotLinks links;     /* of the form */
  gboolean is_paused;
  SalonTrackSettings settings;
  SalonLayer cap; /* by the settings, and what the track is like */
  SalonLayer layer;
  SalonPriority priority;
  const SalonShare *share; /* (borrowed) (nullable): NULL without a track, or a sender */
  gint wish;               /* what the track was told is wanted of it */
  SalonLayer told;         /* by the signal */
} SalonSubscriberSlot;

struct _SalonSubscriber
{
  SalonTransport parent_instance;

  guint n_slots;              /* two a seat: audio, video, audio, ... as the m-lines */
  SalonSubscriberSlot *slots; /* (owned): the array itself never changes */
  GstCaps *offered[2];        /* (owned) (nullable): of sound and pictures; NULL if webrtcbin offers the slots */
  SalonSdp *offer;            /* (owned) (nullable): NULL when it is answered */
  SalonLines *lines;          /* (owned) (nullable): what the m-lines of the slots say, for who is told by them alone */
  char *transport;            /* (owned) (nullable): with lines, webrtcbin's offer, by which all are written */
  guint n_offers;             /* so written */
  gboolean offers_soon;       /* another is on its way */
  guint8 transport_cc_id;
  SalonPacketGuard *guard; /* (owned) */
  SalonIceHub *ice_hub;    /* (borrowed) (nullable) */
  SalonSender *sender;     /* (owned) (nullable): NULL if packets pass webrtcbin */
  SalonShares *shares;     /* (borrowed) (nullable): likewise */
  guint trim_id;           /* the timer, once connected */
  gint may_have_switched;  /* atomic: a look at the layers is on its way */
};

static inline gboolean
salon_subscriber_is_video_slot (guint index)
{
  return index % 2 == 1;
}

/* Lets a slot send, or not: it has a verified client, which knows of what it carries. */
void salon_subscriber_follow_openness (SalonSubscriber *self, SalonSubscriberSlot *slot);
/* Has a slot carry its track in a form that its client takes, which may have changed. */
void salon_subscriber_follow_track (SalonSubscriber *self, SalonSubscriberSlot *slot);
/* Tells the element what it may carry: its caps, or less. */
void salon_subscriber_follow_caps (SalonSubscriberSlot *slot);
/* Tells the sender how retransmissions look, by what was negotiated. */
void salon_subscriber_set_retransmission (SalonSubscriber *self, SalonSubscriberSlot *slot);
/* With lines: if they have changed, another offer, with all that changes in this turn. */
void salon_subscriber_offer_soon (SalonSubscriber *self);
