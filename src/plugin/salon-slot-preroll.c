/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-slot-preroll.h"

static GPtrArray *
new_packets (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify)gst_buffer_unref);
}

void
salon_slot_preroll_clear (SalonSlotPreroll *self)
{
  g_clear_pointer (&self->packets, g_ptr_array_unref);
  self->n_bytes = 0;
}

gboolean
salon_slot_preroll_is_ready (const SalonSlotPreroll *self, gint64 now_us)
{
  return self->packets != NULL && now_us - self->began_us <= SALON_SLOT_PREROLL_US;
}

void
salon_slot_preroll_add (SalonSlotPreroll *self, GstBuffer *packet, gboolean is_keyframe_start, gint64 now_us)
{
  gsize size = gst_buffer_get_size (packet);

  if (is_keyframe_start)
    {
      salon_slot_preroll_clear (self);
      self->packets = new_packets ();
      self->began_us = now_us;
    }
  if (self->packets == NULL)
    return;
  if (!salon_slot_preroll_is_ready (self, now_us) || self->n_bytes + size > SALON_SLOT_PREROLL_BYTES
      || self->packets->len == SALON_SLOT_PREROLL_PACKETS)
    {
      salon_slot_preroll_clear (self);
      return;
    }
  g_ptr_array_add (self->packets, gst_buffer_ref (packet));
  self->n_bytes += size;
}

GPtrArray *
salon_slot_preroll_take (SalonSlotPreroll *self, gint64 now_us)
{
  GPtrArray *packets = salon_slot_preroll_is_ready (self, now_us) ? g_steal_pointer (&self->packets) : new_packets ();

  salon_slot_preroll_clear (self);
  return packets;
}
