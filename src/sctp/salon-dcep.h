/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The Data Channel Establishment Protocol (RFC 8832). Pure. */

enum
{
  SALON_DCEP_ACK = 0x02,
  SALON_DCEP_OPEN = 0x03,
};

/* DATA_CHANNEL_OPEN (section 5.1), but for the priority. */
typedef struct
{
  char *label;    /* (owned): UTF-8, of SALON_LIMIT_DATA_LABEL_BYTES at most */
  char *protocol; /* (owned): likewise */
  gboolean is_unordered;
  gint max_retransmits; /* -1: reliable, as far as this goes */
  gint max_lifetime_ms; /* -1: the same */
} SalonDcepOpen;

void salon_dcep_open_clear (SalonDcepOpen *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SalonDcepOpen, salon_dcep_open_clear)

/* FALSE: it is none, or its label or protocol is too long, no UTF-8, or has a NUL. */
gboolean salon_dcep_open_read (SalonDcepOpen *self, const guint8 *data, gsize size) G_GNUC_WARN_UNUSED_RESULT;
GByteArray *salon_dcep_open_write (const SalonDcepOpen *self) G_GNUC_WARN_UNUSED_RESULT;
