/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-sent-history.h"

enum
{
  IN_FLIGHT,
  MISSING, /* reported so; may have been overtaken by others, and come yet */
  RECEIVED,
};

guint16
salon_sent_history_add (SalonSentHistory *self, gint64 now_us, gsize size_bytes)
{
  guint64 number = self->next++;

  self->n_bytes += size_bytes;
  self->entries[number % SALON_SENT_HISTORY_SIZE] = (SalonSentEntry){
    .sent_us = (guint32)now_us,
    .size_bytes = (guint16)size_bytes,
    .state = IN_FLIGHT,
  };
  return (guint16)number;
}

gboolean
salon_sent_history_take (
    SalonSentHistory *self, guint16 number, gboolean is_received, gint64 now_us, SalonSentPacket *packet)
{
  guint16 age = (guint16)self->next - number; /* 1: the last */
  guint16 state = is_received ? RECEIVED : MISSING;
  SalonSentEntry *entry;

  if (age == 0 || age > SALON_SENT_HISTORY_SIZE || age > self->next)
    return FALSE;
  entry = &self->entries[(self->next - age) % SALON_SENT_HISTORY_SIZE];
  if (entry->state >= state)
    return FALSE;
  entry->state = state;
  *packet = (SalonSentPacket){
    .number = self->next - age,
    .sent_us = now_us - (guint32)((guint32)now_us - entry->sent_us),
    .received_us = -1,
    .size_bytes = entry->size_bytes,
  };
  return TRUE;
}
