/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-ice-batch.h"

#include <string.h>

/* A packet to a large room, or a frame to a small one. */
#define MAX_PACKETS 256
#define MAX_BYTES (256 * 1500)

typedef struct
{
  SalonIcePeer *peer; /* (owned) */
  SalonIcePath path;
  guint8 tos;
  struct iovec data;
} Packet;

/* One a thread that ever began a batch. */
typedef struct
{
  guint depth;
  SalonIceUdp *udp; /* (borrowed) */
  guint n_packets;
  gsize n_bytes;
  Packet packets[MAX_PACKETS];
  guint8 bytes[MAX_BYTES];
} Batch;

static GPrivate batches = G_PRIVATE_INIT (g_free);

/* Whether `next` may follow in a run that `first` began and `last` is the end of (udp(7), UDP_SEGMENT). */
static gboolean
continues_run (const Packet *first, const Packet *last, const Packet *next)
{
  return first->peer == next->peer && first->tos == next->tos && last->data.iov_len == first->data.iov_len
         && next->data.iov_len <= first->data.iov_len && salon_ice_path_equal (&first->path, &next->path);
}

/* Gathers the packets for the one that `first` is for, in their order, as far as they make one run.
 * is_taken: those gathered are. Returns how many there are. */
static guint
gather_run (Batch *batch, guint first, gboolean *is_taken, struct iovec *vectors)
{
  const Packet *last = &batch->packets[first];
  gsize size = 0;
  guint n = 0;

  for (guint i = first; i < batch->n_packets && n < SALON_ICE_UDP_MAX_RUN; i++)
    {
      Packet *packet = &batch->packets[i];

      if (is_taken[i] || packet->peer != batch->packets[first].peer)
        continue;
      if (i != first
          && (!continues_run (&batch->packets[first], last, packet)
              || size + packet->data.iov_len > SALON_ICE_UDP_MAX_RUN_BYTES))
        break;
      vectors[n++] = packet->data;
      size += packet->data.iov_len;
      is_taken[i] = TRUE;
      last = packet;
    }
  return n;
}

/* Of a run that was cut short, which of its packets went out is not known: as many, from the first. */
static void
count (SalonIcePeer *peer, const SalonIceDatagram *run)
{
  gsize bytes = 0;

  for (guint i = 0; i < run->n_sent; i++)
    bytes += run->vectors[i].iov_len;
  salon_ice_peer_count_sent (peer, run->n_sent, bytes, run->n_vectors - run->n_sent);
}

static void
flush (Batch *batch)
{
  SalonIceDatagram datagrams[MAX_PACKETS];
  SalonIcePeer *peers[MAX_PACKETS];
  struct iovec vectors[MAX_PACKETS];
  gboolean is_taken[MAX_PACKETS] = { FALSE };
  guint n_datagrams = 0, n_vectors = 0;

  for (guint i = 0; i < batch->n_packets; i++)
    {
      guint n;

      if (is_taken[i])
        continue;
      n = gather_run (batch, i, is_taken, vectors + n_vectors);
      peers[n_datagrams] = batch->packets[i].peer;
      datagrams[n_datagrams++] = (SalonIceDatagram){
        .path = batch->packets[i].path, .vectors = vectors + n_vectors, .n_vectors = n, .tos = batch->packets[i].tos
      };
      n_vectors += n;
    }
  if (n_datagrams > 0)
    salon_ice_udp_send (batch->udp, datagrams, n_datagrams);
  for (guint i = 0; i < n_datagrams; i++)
    count (peers[i], &datagrams[i]);
  for (guint i = 0; i < batch->n_packets; i++)
    salon_ice_peer_unref (batch->packets[i].peer);
  batch->n_packets = 0;
  batch->n_bytes = 0;
}

void
salon_ice_batch_begin (void)
{
  Batch *batch = g_private_get (&batches);

  if (batch == NULL)
    {
      /* Not zeroed: it is large, and most of it is never read. */
      batch = g_malloc (sizeof *batch);
      batch->depth = batch->n_packets = 0;
      batch->n_bytes = 0;
      batch->udp = NULL;
      g_private_set (&batches, batch);
    }
  batch->depth++;
}

void
salon_ice_batch_end (void)
{
  Batch *batch = g_private_get (&batches);

  g_assert (batch != NULL && batch->depth > 0);
  if (--batch->depth == 0)
    flush (batch);
}

gboolean
salon_ice_batch_add (
    SalonIceUdp *udp, SalonIcePeer *peer, const SalonIcePath *path, guint8 tos, const void *data, gsize size)
{
  Batch *batch = g_private_get (&batches);
  Packet *packet;

  if (batch == NULL || batch->depth == 0)
    return FALSE;
  if (batch->n_packets == MAX_PACKETS || batch->n_bytes + size > MAX_BYTES || batch->udp != udp)
    flush (batch);
  batch->udp = udp;
  packet = &batch->packets[batch->n_packets++];
  memcpy (batch->bytes + batch->n_bytes, data, size);
  *packet = (Packet){
    .peer = salon_ice_peer_ref (peer), .path = *path, .tos = tos, .data = { batch->bytes + batch->n_bytes, size }
  };
  batch->n_bytes += size;
  return TRUE;
}
