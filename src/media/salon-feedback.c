/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-feedback.h"

#include <string.h>

#include "salon-bytes.h"
#include "salon-ice-batch.h"
#include "salon-rtcp.h"
#include "salon-sent-history.h"

/* A datagram's worth. */
#define MAX_RTCP_BYTES 1500

struct _SalonFeedback
{
  GObject parent_instance;

  SalonSender *sender;    /* (owned) */
  SalonIceListener *next; /* (owned) */
  GMutex lock;
  SalonSrtcpReader *reader; /* (owned), lock */
};

static void listener_init (SalonIceListenerInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE (
    SalonFeedback, salon_feedback, G_TYPE_OBJECT, G_IMPLEMENT_INTERFACE (SALON_TYPE_ICE_LISTENER, listener_init))

/* -- what it says -- */

/* RFC 5104, section 4.3.1.1: entries of 8 bytes, each begins with an SSRC. */
static void
take_full_intra_requests (SalonFeedback *self, const guint8 *entries, gsize size)
{
  for (gsize at = 0; at + 8 <= size; at += 8)
    salon_sender_request_keyframe (self->sender, salon_read_u32 (entries + at));
}

static void
take_blocks (SalonFeedback *self, const SalonRtcpPacket *packet)
{
  for (guint i = 0; i < salon_rtcp_get_n_blocks (packet); i++)
    {
      SalonRtcpReportBlock block;

      salon_rtcp_get_block (packet, i, &block);
      salon_sender_take_block (self->sender, &block);
    }
}

/* n_left: of how many packets one datagram may still tell: a few bytes can name thousands. */
static void
take_transport_feedback (SalonFeedback *self, const SalonRtcpPacket *packet, guint *n_left)
{
  guint n_told = packet->size >= 16 ? salon_read_u16 (packet->data + 14) : 0;

  if (n_told == 0 || n_told > *n_left)
    return;
  *n_left -= n_told;
  salon_sender_take_transport_feedback (self->sender, packet->data, packet->size);
}

static void
take_packet (SalonFeedback *self, const SalonRtcpPacket *packet, guint *n_left)
{
  const guint8 *entries = packet->data + 12;
  gsize size = packet->size > 12 ? packet->size - 12 : 0;

  if (packet->type == SALON_RTCP_PSFB && packet->count == SALON_RTCP_PSFB_PLI)
    salon_sender_request_keyframe (self->sender, salon_read_u32 (packet->data + 8));
  else if (packet->type == SALON_RTCP_PSFB && packet->count == SALON_RTCP_PSFB_FIR)
    take_full_intra_requests (self, entries, size);
  else if (packet->type == SALON_RTCP_RTPFB && packet->count == SALON_RTCP_RTPFB_NACK)
    salon_sender_take_nack (self->sender, salon_read_u32 (packet->data + 8), entries, size);
  else if (packet->type == SALON_RTCP_RTPFB && packet->count == SALON_RTCP_RTPFB_TRANSPORT_CC)
    take_transport_feedback (self, packet, n_left);
  else
    take_blocks (self, packet);
}

/* -- a receiver thread -- */

static gsize
decrypt (SalonFeedback *self, guint8 *data, gsize size)
{
  g_mutex_lock (&self->lock);
  size = salon_srtcp_reader_unprotect (self->reader, data, size);
  g_mutex_unlock (&self->lock);
  return size;
}

static void
take_compound (SalonFeedback *self, const guint8 *encrypted, gsize size)
{
  guint8 data[MAX_RTCP_BYTES];
  const guint8 *at = data;
  guint n_left = SALON_SENT_HISTORY_SIZE;
  SalonRtcpPacket packet;

  if (size > sizeof data)
    return;
  memcpy (data, encrypted, size);
  size = decrypt (self, data, size);
  salon_ice_batch_begin ();
  while (salon_rtcp_next (&at, &size, &packet))
    take_packet (self, &packet, &n_left);
  salon_ice_batch_end ();
}

static void
salon_feedback_receive (SalonIceListener *listener, const guint8 *data, gsize size)
{
  SalonFeedback *self = SALON_FEEDBACK (listener);

  if (salon_rtcp_is (data, size))
    take_compound (self, data, size);
  else
    SALON_ICE_LISTENER_GET_IFACE (self->next)->receive (self->next, data, size);
}

static void
listener_init (SalonIceListenerInterface *interface)
{
  interface->receive = salon_feedback_receive;
}

/* -- life -- */

static void
salon_feedback_finalize (GObject *object)
{
  SalonFeedback *self = SALON_FEEDBACK (object);

  g_object_unref (self->sender);
  g_object_unref (self->next);
  salon_srtcp_reader_free (self->reader);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (salon_feedback_parent_class)->finalize (object);
}

static void
salon_feedback_class_init (SalonFeedbackClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = salon_feedback_finalize;
}

static void
salon_feedback_init (SalonFeedback *self)
{
  g_mutex_init (&self->lock);
}

SalonFeedback *
salon_feedback_new (SalonSender *sender, SalonIceListener *next, const guint8 *key)
{
  SalonFeedback *self = g_object_new (SALON_TYPE_FEEDBACK, NULL);

  self->sender = g_object_ref (sender);
  self->next = g_object_ref (next);
  self->reader = salon_srtcp_reader_new (key);
  return self;
}
