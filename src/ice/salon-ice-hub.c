/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-ice-hub.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "salon-ice-batch.h"
#include "salon-ice-candidate.h"
#include "salon-ice-stun.h"
#include "salon-ice-tcp.h"
#include "salon-ice-udp.h"
#include "salon-limits.h"
#include "salon-rate-limit.h"

#define TICK_US (G_USEC_PER_SEC / 4)
#define MAX_THREADS 8
#define N_BUCKETS 4096
#define MAX_PICKS 16

typedef struct
{
  gatomicrefcount ref_count;
  SalonIcePeer *peer;     /* (owned) */
  GRecMutex lock;         /* held while func runs; recursive, since func may end in remove_peer() */
  SalonIceStateFunc func; /* (nullable), lock: NULL once removed */
  gpointer user_data;
} Entry;

/* A thread that receives, and what is its own. */
typedef struct
{
  SalonIceHub *hub; /* (borrowed) */
  guint index;
  GThread *thread; /* (nullable): TCP has its own */
  SalonRateLimit buckets[N_BUCKETS];
  /* Read by others: counted with atomics, which nobody contends for. */
  guint64 junk, unknown_media, refused_checks, limited_checks;
} Receiver;

struct _SalonIceHub
{
  gatomicrefcount ref_count;
  gint64 lost_us;
  SalonIceUdp *udp;      /* (owned) (nullable) */
  SalonIceTcp *tcp;      /* (owned) (nullable) */
  Receiver *receivers;   /* (owned) */
  guint n_udp_receivers; /* one more is TCP's */
  int stop_fd;           /* readable once the receivers are to stop */
  GThread *control;
  GAsyncQueue *news; /* (owned) (element-type Entry): peers whose state may have changed */

  GRWLock lock;         /* taken before a peer's, never while calling out */
  GHashTable *peers;    /* lock: SalonIcePeer (borrowed) -> Entry (owned) */
  GHashTable *ufrags;   /* lock: local ufrag (owned) -> Entry (owned) */
  GHashTable *paths;    /* lock: SalonIcePath (owned) -> Entry (owned) */
  SalonIceHosts *hosts; /* (owned), lock */
};

G_DEFINE_INTERFACE (SalonIceListener, salon_ice_listener, G_TYPE_OBJECT)

static void
salon_ice_listener_default_init (SalonIceListenerInterface *interface)
{
}

/* -- entries and paths -- */

static Entry *
entry_ref (Entry *entry)
{
  g_atomic_ref_count_inc (&entry->ref_count);
  return entry;
}

static void
entry_unref (Entry *entry)
{
  if (!g_atomic_ref_count_dec (&entry->ref_count))
    return;
  salon_ice_peer_unref (entry->peer);
  g_rec_mutex_clear (&entry->lock);
  g_free (entry);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Entry, entry_unref)

static SalonIcePath *
path_dup (const SalonIcePath *path)
{
  SalonIcePath *copy = g_memdup2 (path, sizeof *path);

  if (copy->connection != NULL)
    salon_ice_tcp_connection_ref (copy->connection);
  return copy;
}

static void
path_free (gpointer data)
{
  SalonIcePath *path = data;

  g_clear_pointer (&path->connection, salon_ice_tcp_connection_unref);
  g_free (path);
}

/* Returns: (transfer full) (nullable) */
static Entry *
find_by_path (SalonIceHub *self, const SalonIcePath *path)
{
  Entry *entry;

  g_rw_lock_reader_lock (&self->lock);
  entry = g_hash_table_lookup (self->paths, path);
  if (entry != NULL)
    entry_ref (entry);
  g_rw_lock_reader_unlock (&self->lock);
  return entry;
}

/* Returns: (transfer full) (nullable) */
static Entry *
find_by_ufrag (SalonIceHub *self, const char *ufrag)
{
  Entry *entry;

  g_rw_lock_reader_lock (&self->lock);
  entry = g_hash_table_lookup (self->ufrags, ufrag);
  if (entry != NULL)
    entry_ref (entry);
  g_rw_lock_reader_unlock (&self->lock);
  return entry;
}

/* -- sending -- */

static gboolean
send_now (SalonIceHub *self, const SalonIcePath *path, guint8 tos, const void *data, gsize size)
{
  struct iovec vector = { (void *)data, size };
  SalonIceDatagram datagram = { .path = *path, .vectors = &vector, .n_vectors = 1, .tos = tos };

  if (path->connection != NULL)
    return salon_ice_tcp_connection_send (path->connection, &vector, 1) > 0;
  salon_ice_udp_send (self->udp, &datagram, 1);
  return datagram.n_sent > 0;
}

static void
send_probe (SalonIceHub *self, SalonIceProbe *probe)
{
  if (probe->size == 0)
    return;
  send_now (self, &probe->path, 0, probe->data, probe->size);
  g_clear_pointer (&probe->path.connection, salon_ice_tcp_connection_unref);
}

void
salon_ice_hub_send (SalonIceHub *self, SalonIcePeer *peer, const void *data, gsize size)
{
  SalonIcePath path;
  guint8 tos;
  gboolean is_sent;

  if (size > SALON_LIMIT_PACKET_BYTES)
    {
      salon_ice_peer_count_oversized (peer);
      return;
    }
  if (!salon_ice_peer_get_path (peer, &path, &tos))
    return;
  if (path.connection == NULL && salon_ice_batch_add (self->udp, peer, &path, tos, data, size))
    return;
  is_sent = send_now (self, &path, tos, data, size);
  salon_ice_peer_count_sent (peer, is_sent, is_sent ? size : 0, !is_sent);
  g_clear_pointer (&path.connection, salon_ice_tcp_connection_unref);
}

/* -- receiving -- */

static void
count (guint64 *counter)
{
  __atomic_fetch_add (counter, 1, __ATOMIC_RELAXED);
}

/* What path belongs to whom, and what was forgotten for it. */
static void
note_path (SalonIceHub *self, Entry *entry, const SalonIcePath *path, SalonIcePath *evicted)
{
  g_autoptr (Entry) former = NULL;

  g_rw_lock_writer_lock (&self->lock);
  if (evicted != NULL && g_hash_table_lookup (self->paths, evicted) == entry)
    g_hash_table_remove (self->paths, evicted);
  /* A client's port may serve another client now, behind the same NAT. */
  former = g_hash_table_lookup (self->paths, path);
  if (former != NULL)
    entry_ref (former);
  if (g_hash_table_contains (self->peers, entry->peer))
    g_hash_table_replace (self->paths, path_dup (path), entry_ref (entry));
  else if (path->connection != NULL)
    salon_ice_tcp_connection_shut (path->connection);
  g_rw_lock_writer_unlock (&self->lock);
  if (former != NULL && former != entry)
    salon_ice_peer_forget_path (former->peer, path);
  if (evicted == NULL)
    return;
  if (evicted->connection != NULL)
    salon_ice_tcp_connection_shut (evicted->connection);
  g_clear_pointer (&evicted->connection, salon_ice_tcp_connection_unref);
}

/* known: (nullable): whose path it is, as the table has it. */
static void
take_check (SalonIceHub *self, Entry *known, Entry *entry, const SalonIcePath *path, const SalonIceStunRequest *request,
    gint64 now_us)
{
  SalonIceProbe probe;
  SalonIcePath evicted = { 0 };
  gboolean is_new, has_evicted;

  has_evicted
      = salon_ice_peer_take_check (entry->peer, path, request->use_candidate, now_us, &probe, &is_new, &evicted);
  /* The table decides: another thread may have noted the path as somebody else's in between. */
  if (is_new || known != entry)
    note_path (self, entry, path, has_evicted ? &evicted : NULL);
  if (path->connection != NULL)
    salon_ice_tcp_connection_confirm (path->connection);
  send_probe (self, &probe);
  g_async_queue_push (self->news, entry_ref (entry));
}

/* Whether to spend an HMAC. known: (nullable): whose path it is. */
static gboolean
may_check (Receiver *receiver, Entry *known, Entry *entry, const SalonIcePath *path, gint64 now_us)
{
  guint bucket = salon_ice_address_hash_network (&path->remote) % N_BUCKETS;

  if (known == entry)
    return salon_ice_peer_may_check (entry->peer, now_us);
  return salon_rate_limit_take (
      &receiver->buckets[bucket], SALON_LIMIT_STRANGER_CHECKS_BURST, SALON_LIMIT_STRANGER_CHECKS_PER_S, now_us);
}

/* Returns: (transfer full) (nullable): the peer that a request is for. password: (out) (nullable) */
static Entry *
find_by_request (SalonIceHub *self, const guint8 *data, gsize size, char **password)
{
  char name[SALON_ICE_STUN_MAX_UFRAG + 1];
  const char *ufrag;
  gsize ufrag_size;
  Entry *entry;

  *password = NULL;
  if (!salon_ice_stun_get_ufrag (data, size, &ufrag, &ufrag_size))
    return NULL;
  memcpy (name, ufrag, ufrag_size);
  name[ufrag_size] = '\0';
  entry = find_by_ufrag (self, name);
  if (entry != NULL)
    *password = salon_ice_peer_dup_password (entry->peer, name);
  return entry;
}

/* A port of a NAT may be another client's at any time; but one that has just been heard there is still there. */
static gboolean
is_anothers (Entry *known, Entry *entry, const SalonIcePath *path, gint64 now_us)
{
  return known != NULL && known != entry && salon_ice_peer_is_live (known->peer, path, now_us);
}

/* Returns: what to count it as; NULL if it is well. */
static guint64 *
take_request (Receiver *receiver, Entry *known, const SalonIcePath *path, const guint8 *data, gsize size)
{
  gint64 now_us = g_get_monotonic_time ();
  g_autofree char *password = NULL;
  g_autoptr (Entry) entry = find_by_request (receiver->hub, data, size, &password);
  SalonIceStunRequest request;
  SalonIceStunResult result;

  if (password == NULL)
    return &receiver->refused_checks;
  /* Not before: what costs nothing is not charged to those who share its address, which is easily spoofed. */
  if (!may_check (receiver, known, entry, path, now_us))
    return &receiver->limited_checks;
  result = salon_ice_stun_read_request (data, size, password, &path->remote, &request);
  if (result == SALON_ICE_STUN_IGNORED || is_anothers (known, entry, path, now_us))
    return &receiver->refused_checks;
  send_now (receiver->hub, path, 0, request.reply, request.reply_size);
  if (result == SALON_ICE_STUN_REQUEST)
    take_check (receiver->hub, known, entry, path, &request, now_us);
  return NULL;
}

static void
take_stun (Receiver *receiver, Entry *known, const SalonIcePath *path, const guint8 *data, gsize size)
{
  gboolean is_response = (data[0] & 1) != 0;
  guint64 *counter = NULL;

  if (!is_response)
    counter = take_request (receiver, known, path, data, size);
  else if (known == NULL)
    counter = &receiver->refused_checks;
  else if (salon_ice_peer_take_response (known->peer, path, data, size, g_get_monotonic_time ()))
    g_async_queue_push (receiver->hub->news, entry_ref (known));
  else
    counter = &receiver->refused_checks;
  if (counter != NULL)
    count (counter);
}

static void
take_media (Receiver *receiver, Entry *known, const SalonIcePath *path, const guint8 *data, gsize size)
{
  g_autoptr (GObject) listener = NULL;

  if (known == NULL)
    {
      count (&receiver->unknown_media);
      return;
    }
  listener = salon_ice_peer_take_media (known->peer, path, size, g_get_monotonic_time ());
  if (listener != NULL)
    SALON_ICE_LISTENER_GET_IFACE (listener)->receive (SALON_ICE_LISTENER (listener), data, size);
}

static void
on_packet (const SalonIcePath *path, const guint8 *data, gsize size, gpointer user_data)
{
  Receiver *receiver = user_data;
  SalonIcePacketKind kind = salon_ice_packet_kind (data, size);
  g_autoptr (Entry) known = NULL;

  if (kind == SALON_ICE_PACKET_JUNK)
    {
      count (&receiver->junk);
      return;
    }
  known = find_by_path (receiver->hub, path);
  if (kind == SALON_ICE_PACKET_STUN)
    take_stun (receiver, known, path, data, size);
  else
    take_media (receiver, known, path, data, size);
}

void
salon_ice_hub_take_packet (SalonIceHub *self, const SalonIcePath *path, const guint8 *data, gsize size)
{
  on_packet (path, data, size, &self->receivers[self->n_udp_receivers]);
}

static void
on_tcp_closed (const SalonIcePath *path, gpointer user_data)
{
  Receiver *receiver = user_data;
  SalonIceHub *self = receiver->hub;
  g_autoptr (Entry) entry = find_by_path (self, path);

  if (entry == NULL)
    return;
  g_rw_lock_writer_lock (&self->lock);
  g_hash_table_remove (self->paths, path);
  g_rw_lock_writer_unlock (&self->lock);
  salon_ice_peer_forget_path (entry->peer, path);
}

static const SalonIceTcpHandler tcp_handler = { on_packet, on_tcp_closed };

static gpointer
receive_udp (gpointer user_data)
{
  Receiver *receiver = user_data;
  SalonIceHub *self = receiver->hub;
  SalonIceUdpInput *input = salon_ice_udp_input_new ();
  /* poll() passes over a descriptor of -1. */
  struct pollfd fds[] = {
    { salon_ice_udp_get_fd (self->udp, receiver->index, AF_INET), POLLIN },
    { salon_ice_udp_get_fd (self->udp, receiver->index, AF_INET6), POLLIN },
    { self->stop_fd, POLLIN },
  };

  for (;;)
    {
      if (poll (fds, G_N_ELEMENTS (fds), -1) < 0)
        {
          if (errno == EINTR || errno == EAGAIN)
            continue;
          /* Our mistake, or no memory, as with GLib's own: better a new start than a server that is deaf. */
          g_error ("The media port cannot be waited for: %s", g_strerror (errno));
        }
      if (fds[2].revents != 0)
        break;
      for (guint i = 0; i < 2; i++)
        {
          /* One batch each: a flood over one family must not stop the other. */
          if (fds[i].revents != 0)
            salon_ice_udp_receive (input, fds[i].fd, on_packet, receiver);
        }
    }
  salon_ice_udp_input_free (input);
  return NULL;
}

/* -- the control thread -- */

static void
tell (Entry *entry)
{
  SalonIceState state;

  g_rec_mutex_lock (&entry->lock);
  if (entry->func != NULL && salon_ice_peer_take_state (entry->peer, &state))
    entry->func (state, entry->user_data);
  g_rec_mutex_unlock (&entry->lock);
}

/* Returns: (transfer full) (element-type Entry) */
static GPtrArray *
dup_entries (SalonIceHub *self)
{
  GPtrArray *entries = g_ptr_array_new_with_free_func ((GDestroyNotify)entry_unref);
  GHashTableIter iter;
  gpointer entry;

  g_rw_lock_reader_lock (&self->lock);
  g_hash_table_iter_init (&iter, self->peers);
  while (g_hash_table_iter_next (&iter, NULL, &entry))
    g_ptr_array_add (entries, entry_ref (entry));
  g_rw_lock_reader_unlock (&self->lock);
  return entries;
}

static void
tick (SalonIceHub *self, gint64 now_us)
{
  g_autoptr (GPtrArray) entries = dup_entries (self);

  for (guint i = 0; i < entries->len; i++)
    {
      Entry *entry = g_ptr_array_index (entries, i);
      SalonIceProbe probes[SALON_LIMIT_ICE_PATHS];
      guint n_probes = salon_ice_peer_tick (entry->peer, now_us, probes);

      for (guint j = 0; j < n_probes; j++)
        send_probe (self, &probes[j]);
      tell (entry);
    }
}

/* An entry that says "stop": never told of. */
static Entry stop_entry;

static gpointer
run_control (gpointer user_data)
{
  SalonIceHub *self = user_data;
  gint64 next_tick_us = g_get_monotonic_time () + TICK_US;

  for (;;)
    {
      gint64 now_us = g_get_monotonic_time ();
      Entry *entry;

      if (now_us >= next_tick_us)
        {
          tick (self, now_us);
          next_tick_us = now_us + TICK_US;
        }
      entry = g_async_queue_timeout_pop (self->news, MAX (next_tick_us - now_us, 1));
      if (entry == &stop_entry)
        return NULL;
      if (entry == NULL)
        continue;
      tell (entry);
      entry_unref (entry);
    }
}

/* -- peers -- */

SalonIcePeer *
salon_ice_hub_add_peer (SalonIceHub *self, SalonIceStateFunc func, gpointer user_data)
{
  Entry *entry = g_new0 (Entry, 1);
  SalonIcePeer *peer = salon_ice_peer_new (self->lost_us, g_get_monotonic_time ());

  g_atomic_ref_count_init (&entry->ref_count);
  g_rec_mutex_init (&entry->lock);
  entry->peer = salon_ice_peer_ref (peer);
  entry->func = func;
  entry->user_data = user_data;
  g_rw_lock_writer_lock (&self->lock);
  g_hash_table_insert (self->peers, peer, entry);
  g_rw_lock_writer_unlock (&self->lock);
  return peer;
}

static gboolean
is_of_entry (gpointer key, gpointer value, gpointer user_data)
{
  return value == user_data;
}

/* What an entry is reached by; a TCP connection has nothing else to live for. */
static gboolean
close_path_of_entry (gpointer key, gpointer value, gpointer user_data)
{
  const SalonIcePath *path = key;

  if (value != user_data)
    return FALSE;
  if (path->connection != NULL)
    salon_ice_tcp_connection_shut (path->connection);
  return TRUE;
}

/* Out of all tables. Its paths are those in the table, not those that the peer says: a check that comes just now may
 * have added one to either. Returns: (transfer full) (nullable) */
static Entry *
take_entry (SalonIceHub *self, SalonIcePeer *peer)
{
  Entry *entry;

  g_rw_lock_writer_lock (&self->lock);
  entry = g_hash_table_lookup (self->peers, peer);
  if (entry != NULL)
    {
      entry_ref (entry);
      g_hash_table_foreach_remove (self->ufrags, is_of_entry, entry);
      g_hash_table_foreach_remove (self->paths, close_path_of_entry, entry);
      g_hash_table_remove (self->peers, peer);
    }
  g_rw_lock_writer_unlock (&self->lock);
  return entry;
}

void
salon_ice_hub_remove_peer (SalonIceHub *self, SalonIcePeer *peer)
{
  g_autoptr (Entry) entry = take_entry (self, peer);

  salon_ice_peer_set_listener (peer, NULL);
  if (entry == NULL)
    return;
  g_rec_mutex_lock (&entry->lock);
  entry->func = NULL;
  g_rec_mutex_unlock (&entry->lock);
}

void
salon_ice_hub_set_local (SalonIceHub *self, SalonIcePeer *peer, const char *ufrag, const char *password)
{
  Entry *entry;

  salon_ice_peer_set_local (peer, ufrag, password);
  g_rw_lock_writer_lock (&self->lock);
  entry = g_hash_table_lookup (self->peers, peer);
  if (entry != NULL)
    g_hash_table_replace (self->ufrags, g_strdup (ufrag), entry_ref (entry));
  g_rw_lock_writer_unlock (&self->lock);
}

void
salon_ice_hub_set_remote (SalonIceHub *self, SalonIcePeer *peer, const char *ufrag, const char *password)
{
  Entry *entry;

  salon_ice_peer_set_remote (peer, ufrag, password, g_get_monotonic_time ());
  g_rw_lock_reader_lock (&self->lock);
  entry = g_hash_table_lookup (self->peers, peer);
  if (entry != NULL)
    g_async_queue_push (self->news, entry_ref (entry));
  g_rw_lock_reader_unlock (&self->lock);
}

/* -- life -- */

void
salon_ice_hub_set_hosts (SalonIceHub *self, SalonIceHosts *hosts)
{
  SalonIceHosts *old;

  g_rw_lock_writer_lock (&self->lock);
  old = g_steal_pointer (&self->hosts);
  self->hosts = hosts;
  g_rw_lock_writer_unlock (&self->lock);
  g_clear_pointer (&old, salon_ice_hosts_unref);
}

GStrv
salon_ice_hub_dup_candidates (SalonIceHub *self)
{
  g_autoptr (SalonIceHosts) hosts = NULL;

  g_rw_lock_reader_lock (&self->lock);
  hosts = salon_ice_hosts_ref (self->hosts);
  g_rw_lock_reader_unlock (&self->lock);
  /* Asks the kernel. */
  return salon_ice_candidates_write (hosts, self->udp, self->tcp);
}

static guint
choose_n_threads (guint wanted)
{
  guint n_processors = g_get_num_processors ();

  return CLAMP (wanted != 0 ? wanted : n_processors / 2, 1, MIN (MAX_THREADS, n_processors));
}

static gboolean
open_udp (SalonIceHub *self, const SalonIceHubOptions *options, GError **error)
{
  if (options->has_udp)
    self->udp = salon_ice_udp_new (options->udp_port, self->n_udp_receivers, error);
  return !options->has_udp || self->udp != NULL;
}

static gboolean
open_tcp (SalonIceHub *self, const SalonIceHubOptions *options, GError **error)
{
  Receiver *receiver = &self->receivers[self->n_udp_receivers];
  guint port = options->tcp_port != 0 ? options->tcp_port : salon_ice_hub_get_udp_port (self);

  if (options->has_tcp)
    self->tcp = salon_ice_tcp_new (port, &tcp_handler, receiver, error);
  return !options->has_tcp || self->tcp != NULL;
}

/* The number that the system picks for UDP may be somebody's TCP port. */
static gboolean
open_ports (SalonIceHub *self, const SalonIceHubOptions *options, GError **error)
{
  gboolean may_pick = options->has_udp && options->udp_port == 0 && options->tcp_port == 0;

  for (guint i = 1; may_pick && i < MAX_PICKS; i++)
    {
      g_autoptr (GError) picked_error = NULL;

      if (open_udp (self, options, &picked_error) && open_tcp (self, options, &picked_error))
        return TRUE;
      g_clear_pointer (&self->udp, salon_ice_udp_free);
    }
  return open_udp (self, options, error) && open_tcp (self, options, error);
}

static void
start_threads (SalonIceHub *self)
{
  self->control = g_thread_new ("salon-ice", run_control, self);
  for (guint i = 0; self->udp != NULL && i < self->n_udp_receivers; i++)
    self->receivers[i].thread = g_thread_new ("salon-ice-udp", receive_udp, &self->receivers[i]);
}

SalonIceHub *
salon_ice_hub_new (const SalonIceHubOptions *options, GError **error)
{
  SalonIceHub *self = g_new0 (SalonIceHub, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_rw_lock_init (&self->lock);
  self->lost_us = options->lost_ms * (gint64)1000;
  self->n_udp_receivers = choose_n_threads (options->n_threads);
  self->receivers = g_new0 (Receiver, self->n_udp_receivers + 1);
  self->stop_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  self->news = g_async_queue_new ();
  self->peers = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify)entry_unref);
  self->ufrags = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)entry_unref);
  self->paths
      = g_hash_table_new_full (salon_ice_path_hash, salon_ice_path_equal, path_free, (GDestroyNotify)entry_unref);
  for (guint i = 0; i <= self->n_udp_receivers; i++)
    {
      self->receivers[i].hub = self;
      self->receivers[i].index = i;
    }
  self->hosts = salon_ice_hosts_new ();
  if (!open_ports (self, options, error))
    {
      salon_ice_hub_unref (self);
      return NULL;
    }
  start_threads (self);
  return self;
}

SalonIceHub *
salon_ice_hub_ref (SalonIceHub *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
salon_ice_hub_close (SalonIceHub *self)
{
  eventfd_write (self->stop_fd, 1);
  for (guint i = 0; i < self->n_udp_receivers; i++)
    g_clear_pointer (&self->receivers[i].thread, g_thread_join);
  g_clear_pointer (&self->tcp, salon_ice_tcp_free);
  if (self->control != NULL)
    {
      g_async_queue_push (self->news, &stop_entry);
      g_clear_pointer (&self->control, g_thread_join);
    }
}

void
salon_ice_hub_unref (SalonIceHub *self)
{
  gpointer entry;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_assert (self->control == NULL); /* salon_ice_hub_close() was called */
  while ((entry = g_async_queue_try_pop (self->news)) != NULL)
    entry_unref (entry);
  g_async_queue_unref (self->news);
  g_hash_table_unref (self->paths);
  g_hash_table_unref (self->ufrags);
  g_hash_table_unref (self->peers);
  g_clear_pointer (&self->udp, salon_ice_udp_free);
  salon_ice_hosts_unref (self->hosts);
  g_free (self->receivers);
  close (self->stop_fd);
  g_rw_lock_clear (&self->lock);
  g_free (self);
}

guint
salon_ice_hub_get_silent_ms (SalonIceHub *self)
{
  return salon_ice_peer_get_silent_us (self->lost_us) / G_TIME_SPAN_MILLISECOND;
}

guint
salon_ice_hub_get_udp_port (SalonIceHub *self)
{
  return self->udp != NULL ? salon_ice_udp_get_port (self->udp) : 0;
}

guint
salon_ice_hub_get_tcp_port (SalonIceHub *self)
{
  return self->tcp != NULL ? salon_ice_tcp_get_port (self->tcp) : 0;
}

gboolean
salon_ice_hub_has_room (SalonIceHub *self)
{
  return self->udp == NULL || salon_ice_udp_get_buffer_bytes (self->udp) >= SALON_ICE_UDP_BUFFER_BYTES;
}

static guint64
load (const guint64 *counter)
{
  return __atomic_load_n (counter, __ATOMIC_RELAXED);
}

void
salon_ice_hub_get_stats (SalonIceHub *self, SalonIceHubStats *stats)
{
  *stats = (SalonIceHubStats){ 0 };
  for (guint i = 0; i <= self->n_udp_receivers; i++)
    {
      const Receiver *receiver = &self->receivers[i];

      stats->junk += load (&receiver->junk);
      stats->unknown_media += load (&receiver->unknown_media);
      stats->refused_checks += load (&receiver->refused_checks);
      stats->limited_checks += load (&receiver->limited_checks);
    }
  g_rw_lock_reader_lock (&self->lock);
  stats->n_peers = g_hash_table_size (self->peers);
  stats->n_paths = g_hash_table_size (self->paths);
  g_rw_lock_reader_unlock (&self->lock);
}
