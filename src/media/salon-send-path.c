/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-send-path.h"

#include <string.h>

#include "salon-bytes.h"
#include "salon-rtp-packet.h"

struct _SalonSendPath
{
  SalonIceHub *hub;   /* (owned) */
  SalonIcePeer *peer; /* (owned) */
  guint8 key[SALON_SRTP_KEY_BYTES];
  guint8 transport_cc_id;
  SalonCongestion *congestion; /* (borrowed) */
  char *cname;                 /* (owned) */

  GMutex rtcp_lock;
  SalonSrtcp *srtcp; /* (owned), rtcp_lock */
};

/* draft-holmer-rmcat-transport-wide-cc-extensions-01: over all streams in the order in which they leave. The slot has
 * made room for it. */
static void
write_number (SalonSendPath *self, const SalonRtpPacket *packet)
{
  gsize size;
  guint8 *at = NULL;

  if (self->transport_cc_id != 0)
    at = (guint8 *)salon_rtp_packet_find_extension (packet, self->transport_cc_id, &size);
  if (at != NULL && size == 2)
    salon_write_u16 (at, salon_congestion_number (self->congestion, packet->size));
  else
    salon_congestion_count (self->congestion, packet->size);
}

gboolean
salon_send_path_send_rtp (SalonSendPath *self, SalonSrtp *srtp, guint8 *packet, gsize size)
{
  SalonRtpPacket parsed;

  if (!salon_rtp_packet_parse (&parsed, packet, size))
    return FALSE;
  write_number (self, &parsed);
  size = salon_srtp_protect (srtp, packet, parsed.payload_offset, size);
  if (size == 0)
    return FALSE;
  salon_ice_hub_send (self->hub, self->peer, packet, size);
  return TRUE;
}

void
salon_send_path_send_rtcp (SalonSendPath *self, guint8 *packet, gsize size)
{
  g_mutex_lock (&self->rtcp_lock);
  size = salon_srtcp_protect (self->srtcp, packet, size);
  g_mutex_unlock (&self->rtcp_lock);
  salon_ice_hub_send (self->hub, self->peer, packet, size);
}

SalonSrtp *
salon_send_path_new_srtp (SalonSendPath *self)
{
  return salon_srtp_new (self->key);
}

gboolean
salon_send_path_take_resend (SalonSendPath *self, gsize size)
{
  return salon_congestion_take_resend (self->congestion, size);
}

guint8
salon_send_path_get_transport_cc_id (SalonSendPath *self)
{
  return self->transport_cc_id;
}

const char *
salon_send_path_get_cname (SalonSendPath *self)
{
  return self->cname;
}

/* -- life -- */

SalonSendPath *
salon_send_path_new (SalonIceHub *hub, SalonIcePeer *peer, const guint8 *key, guint8 transport_cc_id,
    SalonCongestion *congestion, const char *cname)
{
  SalonSendPath *self = g_new0 (SalonSendPath, 1);

  self->hub = salon_ice_hub_ref (hub);
  self->peer = salon_ice_peer_ref (peer);
  memcpy (self->key, key, sizeof self->key);
  self->transport_cc_id = transport_cc_id;
  self->congestion = congestion;
  self->cname = g_strdup (cname);
  g_mutex_init (&self->rtcp_lock);
  self->srtcp = salon_srtcp_new (key);
  return self;
}

void
salon_send_path_free (SalonSendPath *self)
{
  salon_srtcp_free (self->srtcp);
  g_mutex_clear (&self->rtcp_lock);
  salon_ice_peer_unref (self->peer);
  salon_ice_hub_unref (self->hub);
  g_free (self->cname);
  explicit_bzero (self->key, sizeof self->key);
  g_free (self);
}
