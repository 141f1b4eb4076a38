/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-ice-peer.h"

#include <string.h>

#include "salon-ice-tcp.h"
#include "salon-limits.h"
#include "salon-rate-limit.h"

/* When the selected path is silent for this long, it is asked whether it is there, and so are the others, */
#define QUIET_US (1 * G_USEC_PER_SEC)
/* and when it has not answered for this long, or twice its round trip, another that does is selected: all in all well
 * within 2 s, while browsers take 2.5 s to look for another by themselves. */
#define UNANSWERED_US (G_USEC_PER_SEC / 2)
#define MAX_DISCONNECTED_US (8 * G_USEC_PER_SEC)
/* Requests of ours: on the selected path, to measure it and to renew its consent; on one that would be selected, to
 * prove it; on all of them, when the selected one is quiet. The fewer are answered the fewer are made: down to one in
 * eight times the shortest interval, so that the places for requests outlast a round trip of 2 s. */
#define MAX_MEASURE_INTERVAL_US (5 * G_USEC_PER_SEC)
#define PROVE_INTERVAL_US (50 * 1000)
#define QUIET_INTERVAL_US (G_USEC_PER_SEC / 4)
#define MAX_BACKOFF 3
/* So many in a row on a path that does not answer, which may be anybody's; each check on it earns one more. The
 * selected one is asked for its consent as long as it has it. */
#define MAX_UNANSWERED 8
/* Of one path, whose answers may still come. */
#define N_REQUESTS 8
/* A check or an answer makes the path the client's for this long. Browsers check every 2.5 or 5 s, and we ask as often.
 */
#define LIVE_US (6 * G_USEC_PER_SEC)
/* An answer counts as proof for this long. */
#define PROOF_US (10 * G_USEC_PER_SEC)
/* An ICE restart: checks with the old credentials may still be on their way. */
#define N_LOCALS 2

typedef struct
{
  char *ufrag;    /* (owned) (nullable) */
  char *password; /* (owned) (nullable) */
} Credentials;

/* One of ours, on its way. */
typedef struct
{
  gint64 sent_us; /* 0: none, or answered */
  guint8 id[SALON_ICE_STUN_ID_BYTES];
} Request;

typedef struct
{
  SalonIcePath path;    /* its connection is owned */
  gint64 heard_us;      /* anything; whoever knows the address can write it into a packet */
  gint64 consent_us;    /* a check or an answer: with the client's credentials */
  gint64 proven_us;     /* when it last answered; 0: never */
  gint64 rtt_us;        /* of the last answer; 0: none yet */
  gint64 probed_us;     /* when we last asked */
  gint64 unanswered_us; /* since when nothing came of it; 0: nothing is waited for */
  guint n_unanswered;   /* requests since the last answer */
  Request requests[N_REQUESTS];
  guint next_request; /* the oldest one's place */
} Route;

typedef struct
{
  SalonIceAddress address;
  const char *type; /* static */
} Candidate;

struct _SalonIcePeer
{
  gatomicrefcount ref_count;
  gint64 lost_us;
  gint64 disconnected_us;
  gint64 measure_interval_us;

  GMutex lock; /* all that follows */
  Credentials locals[N_LOCALS];
  Credentials remote;
  Route routes[SALON_LIMIT_ICE_PATHS];
  guint n_routes;
  int selected;          /* index; -1: none */
  int nominated;         /* index; -1: none */
  gboolean was_selected; /* some path was, ever: every later one must be proven */
  gint64 heard_us;       /* the selected path, or a restart */
  SalonIceState state;
  SalonIceState told_state;
  guint8 tos;
  SalonRateLimit checks;
  Candidate candidates[SALON_LIMIT_TYPED_CANDIDATES];
  guint n_candidates;
  GObject *listener;       /* (owned) (nullable) */
  SalonIcePeerStats stats; /* the counters */
};

/* -- life -- */

gint64
salon_ice_peer_get_silent_us (gint64 lost_us)
{
  return MIN (lost_us / 3, MAX_DISCONNECTED_US);
}

SalonIcePeer *
salon_ice_peer_new (gint64 lost_us, gint64 now_us)
{
  SalonIcePeer *self = g_new0 (SalonIcePeer, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->lost_us = lost_us;
  self->disconnected_us = salon_ice_peer_get_silent_us (lost_us);
  /* Several answers may get lost before consent is. */
  self->measure_interval_us = MIN (lost_us / 6, MAX_MEASURE_INTERVAL_US);
  self->selected = self->nominated = -1;
  self->heard_us = now_us;
  return self;
}

SalonIcePeer *
salon_ice_peer_ref (SalonIcePeer *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
credentials_set (Credentials *credentials, const char *ufrag, const char *password)
{
  g_free (credentials->ufrag);
  g_free (credentials->password);
  credentials->ufrag = g_strdup (ufrag);
  credentials->password = g_strdup (password);
}

static void
path_clear (SalonIcePath *path)
{
  g_clear_pointer (&path->connection, salon_ice_tcp_connection_unref);
}

/* Returns: holding its connection. */
static SalonIcePath
path_copy (const SalonIcePath *path)
{
  if (path->connection != NULL)
    salon_ice_tcp_connection_ref (path->connection);
  return *path;
}

void
salon_ice_peer_unref (SalonIcePeer *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  for (guint i = 0; i < N_LOCALS; i++)
    credentials_set (&self->locals[i], NULL, NULL);
  credentials_set (&self->remote, NULL, NULL);
  for (guint i = 0; i < self->n_routes; i++)
    path_clear (&self->routes[i].path);
  g_clear_object (&self->listener);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* -- credentials -- */

void
salon_ice_peer_set_local (SalonIcePeer *self, const char *ufrag, const char *password)
{
  g_mutex_lock (&self->lock);
  if (g_strcmp0 (self->locals[0].ufrag, ufrag) != 0)
    {
      credentials_set (&self->locals[1], self->locals[0].ufrag, self->locals[0].password);
      credentials_set (&self->locals[0], ufrag, password);
    }
  g_mutex_unlock (&self->lock);
}

void
salon_ice_peer_set_remote (SalonIcePeer *self, const char *ufrag, const char *password, gint64 now_us)
{
  gboolean is_restart;

  g_mutex_lock (&self->lock);
  is_restart = self->remote.ufrag != NULL && g_strcmp0 (self->remote.ufrag, ufrag) != 0;
  credentials_set (&self->remote, ufrag, password);
  if (is_restart)
    {
      /* Media goes on where it went until the client has shown another way, and it gets the time to. */
      self->nominated = -1;
      self->n_candidates = 0;
      self->heard_us = now_us;
      if (self->selected >= 0)
        self->routes[self->selected].consent_us = now_us;
    }
  g_mutex_unlock (&self->lock);
}

char *
salon_ice_peer_dup_password (SalonIcePeer *self, const char *ufrag)
{
  char *password = NULL;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < N_LOCALS && password == NULL; i++)
    {
      if (g_strcmp0 (self->locals[i].ufrag, ufrag) == 0)
        password = g_strdup (self->locals[i].password);
    }
  g_mutex_unlock (&self->lock);
  return password;
}

void
salon_ice_peer_add_candidate (SalonIcePeer *self, const SalonIceAddress *address, const char *type)
{
  g_mutex_lock (&self->lock);
  if (self->n_candidates < SALON_LIMIT_TYPED_CANDIDATES)
    self->candidates[self->n_candidates++] = (Candidate){ *address, type };
  g_mutex_unlock (&self->lock);
}

/* -- paths -- */

static int
find_route_locked (SalonIcePeer *self, const SalonIcePath *path)
{
  for (guint i = 0; i < self->n_routes; i++)
    {
      if (salon_ice_path_equal (&self->routes[i].path, path))
        return i;
    }
  return -1;
}

/* The connection stays held, by who takes it out. */
static SalonIcePath
remove_route_locked (SalonIcePeer *self, guint index)
{
  SalonIcePath path = self->routes[index].path;
  int last = --self->n_routes;

  self->routes[index] = self->routes[last];
  for (int **at = (int *[]){ &self->selected, &self->nominated, NULL }; *at != NULL; at++)
    {
      if (**at == (int)index)
        **at = -1;
      else if (**at == last)
        **at = index;
    }
  return path;
}

/* An address that never answered may be made up; TCP's is not. */
static gboolean
may_be_made_up (const Route *route)
{
  return route->path.connection == NULL && route->proven_us == 0;
}

static gboolean
is_better_victim (const Route *route, const Route *other)
{
  if (may_be_made_up (route) != may_be_made_up (other))
    return may_be_made_up (route);
  return route->heard_us < other->heard_us;
}

/* The one that was silent longest, of those that may be made up if there are any; never the selected one. */
static guint
choose_victim_locked (SalonIcePeer *self)
{
  int victim = -1;

  for (int i = 0; i < (int)self->n_routes; i++)
    {
      if (i != self->selected && (victim < 0 || is_better_victim (&self->routes[i], &self->routes[victim])))
        victim = i;
    }
  return victim;
}

static void
select_locked (SalonIcePeer *self, int index)
{
  if (self->was_selected)
    self->stats.n_switches++;
  self->was_selected = TRUE;
  self->selected = index;
}

static gboolean
is_probe_due (const Route *route, gint64 interval_us, gint64 now_us)
{
  gint64 backoff_us = PROVE_INTERVAL_US << MIN (route->n_unanswered, MAX_BACKOFF);

  return route->probed_us == 0 || now_us - route->probed_us >= MAX (interval_us, backoff_us);
}

/* Writes a request on a route, unless it just had one, or the remote password is not known yet. */
static void
probe_locked (SalonIcePeer *self, Route *route, gint64 interval_us, gint64 now_us, SalonIceProbe *probe)
{
  Request *request = &route->requests[route->next_request];
  g_autofree char *username = NULL;

  if (self->remote.ufrag == NULL || self->locals[0].ufrag == NULL || !is_probe_due (route, interval_us, now_us))
    return;
  username = g_strconcat (self->remote.ufrag, ":", self->locals[0].ufrag, NULL);
  probe->size = salon_ice_stun_write_request (probe->data, username, self->remote.password, request->id);
  if (probe->size == 0)
    return;
  probe->path = path_copy (&route->path);
  request->sent_us = route->probed_us = now_us;
  route->next_request = (route->next_request + 1) % N_REQUESTS;
  route->n_unanswered++;
  if (route->unanswered_us == 0)
    route->unanswered_us = now_us;
}

/* Returns: (nullable) */
static Request *
find_request (Route *route, const guint8 *id)
{
  for (guint i = 0; i < N_REQUESTS; i++)
    {
      if (route->requests[i].sent_us != 0 && memcmp (route->requests[i].id, id, SALON_ICE_STUN_ID_BYTES) == 0)
        return &route->requests[i];
    }
  return NULL;
}

static gboolean
is_stale (const Route *route, gint64 now_us)
{
  return now_us - route->heard_us > QUIET_US && route->unanswered_us != 0
         && now_us - route->unanswered_us > MAX (UNANSWERED_US, 2 * route->rtt_us);
}

static gboolean
is_proven (const Route *route, gint64 now_us)
{
  return route->path.connection != NULL || (route->proven_us != 0 && now_us - route->proven_us < PROOF_US);
}

/* Whether to send on `index` instead, which was just heard. */
static gboolean
is_wanted_locked (SalonIcePeer *self, int index, gint64 now_us)
{
  if (index == self->selected)
    return FALSE;
  return self->selected < 0 || index == self->nominated || is_stale (&self->routes[self->selected], now_us);
}

static void
consider_locked (SalonIcePeer *self, int index, gint64 now_us, SalonIceProbe *probe)
{
  Route *route = &self->routes[index];

  if (!is_wanted_locked (self, index, now_us))
    return;
  if (!self->was_selected || is_proven (route, now_us))
    select_locked (self, index);
  else if (probe != NULL)
    probe_locked (self, route, PROVE_INTERVAL_US, now_us, probe);
}

static void
heard_locked (SalonIcePeer *self, int index, gint64 now_us)
{
  self->routes[index].heard_us = now_us;
  self->routes[index].unanswered_us = 0;
  if (index != self->selected)
    return;
  self->heard_us = now_us;
  self->state = SALON_ICE_CONNECTED;
}

/* Returns: the index of a new route. */
static int
add_route_locked (SalonIcePeer *self, const SalonIcePath *path, SalonIcePath *evicted, gboolean *has_evicted)
{
  if (self->n_routes == SALON_LIMIT_ICE_PATHS)
    {
      *evicted = remove_route_locked (self, choose_victim_locked (self));
      *has_evicted = TRUE;
    }
  self->routes[self->n_routes] = (Route){ .path = path_copy (path) };
  return self->n_routes++;
}

gboolean
salon_ice_peer_may_check (SalonIcePeer *self, gint64 now_us)
{
  gboolean may;

  g_mutex_lock (&self->lock);
  may = salon_rate_limit_take (&self->checks, SALON_LIMIT_CHECKS_BURST, SALON_LIMIT_CHECKS_PER_S, now_us);
  g_mutex_unlock (&self->lock);
  return may;
}

gboolean
salon_ice_peer_take_check (SalonIcePeer *self, const SalonIcePath *path, gboolean use_candidate, gint64 now_us,
    SalonIceProbe *probe, gboolean *is_new, SalonIcePath *evicted)
{
  gboolean has_evicted = FALSE;
  int index;

  probe->size = 0;
  g_mutex_lock (&self->lock);
  index = find_route_locked (self, path);
  *is_new = index < 0;
  if (index < 0)
    index = add_route_locked (self, path, evicted, &has_evicted);
  self->stats.checks_received++;
  self->routes[index].heard_us = self->routes[index].consent_us = now_us;
  self->routes[index].n_unanswered = MIN (self->routes[index].n_unanswered, MAX_UNANSWERED - 1);
  if (use_candidate)
    self->nominated = index;
  consider_locked (self, index, now_us, probe);
  heard_locked (self, index, now_us);
  g_mutex_unlock (&self->lock);
  return has_evicted;
}

gboolean
salon_ice_peer_is_live (SalonIcePeer *self, const SalonIcePath *path, gint64 now_us)
{
  gboolean is_live;
  int index;

  g_mutex_lock (&self->lock);
  index = find_route_locked (self, path);
  is_live = index >= 0 && now_us - self->routes[index].consent_us < LIVE_US;
  g_mutex_unlock (&self->lock);
  return is_live;
}

static void
answered_locked (SalonIcePeer *self, int index, Request *request, gint64 now_us)
{
  Route *route = &self->routes[index];

  route->proven_us = route->consent_us = now_us;
  route->rtt_us = now_us - request->sent_us;
  route->n_unanswered = 0;
  request->sent_us = 0;
  consider_locked (self, index, now_us, NULL);
  heard_locked (self, index, now_us);
}

gboolean
salon_ice_peer_take_response (
    SalonIcePeer *self, const SalonIcePath *path, const guint8 *data, gsize size, gint64 now_us)
{
  guint8 id[SALON_ICE_STUN_ID_BYTES];
  Request *request = NULL;
  gboolean is_answer = FALSE;
  int index;

  if (!salon_ice_stun_get_response_id (data, size, id))
    return FALSE;
  g_mutex_lock (&self->lock);
  index = find_route_locked (self, path);
  if (index >= 0 && self->remote.password != NULL)
    request = find_request (&self->routes[index], id);
  /* Whoever has not seen the request does not get as far as the HMAC. */
  if (request != NULL)
    is_answer = salon_ice_stun_read_response (data, size, id, self->remote.password) == SALON_ICE_STUN_SUCCESS;
  if (is_answer)
    answered_locked (self, index, request, now_us);
  g_mutex_unlock (&self->lock);
  return is_answer;
}

GObject *
salon_ice_peer_take_media (SalonIcePeer *self, const SalonIcePath *path, gsize size, gint64 now_us)
{
  GObject *listener = NULL;
  int index;

  g_mutex_lock (&self->lock);
  index = find_route_locked (self, path);
  if (index >= 0)
    {
      heard_locked (self, index, now_us);
      self->stats.packets_received++;
      self->stats.bytes_received += size;
      if (self->listener != NULL)
        listener = g_object_ref (self->listener);
      else
        self->stats.drops.without_sink++;
    }
  g_mutex_unlock (&self->lock);
  return listener;
}

void
salon_ice_peer_forget_path (SalonIcePeer *self, const SalonIcePath *path)
{
  SalonIcePath removed = { 0 };
  int index;

  g_mutex_lock (&self->lock);
  index = find_route_locked (self, path);
  if (index >= 0)
    removed = remove_route_locked (self, index);
  g_mutex_unlock (&self->lock);
  path_clear (&removed);
}

/* -- time -- */

static void
age_locked (SalonIcePeer *self, gint64 now_us)
{
  gint64 silence_us = now_us - self->heard_us;
  /* Of the path, not of the client: its address may be somebody else's by now (RFC 7675, section 5.1). */
  gint64 without_consent_us = self->selected >= 0 ? now_us - self->routes[self->selected].consent_us : silence_us;

  if (!self->was_selected || self->state == SALON_ICE_FAILED)
    return;
  if (without_consent_us > self->lost_us)
    {
      self->state = SALON_ICE_FAILED;
      /* Nothing more goes there, until it is proven like any other. */
      self->selected = self->nominated = -1;
    }
  else if (silence_us > self->disconnected_us)
    self->state = SALON_ICE_DISCONNECTED;
}

/* How often to ask there; 0: not at all. */
static gint64
get_interval_locked (SalonIcePeer *self, int index, gboolean is_quiet)
{
  if (is_quiet && self->routes[index].n_unanswered < MAX_UNANSWERED)
    return QUIET_INTERVAL_US;
  return index == self->selected ? self->measure_interval_us : 0;
}

guint
salon_ice_peer_tick (SalonIcePeer *self, gint64 now_us, SalonIceProbe *probes)
{
  gboolean is_quiet;
  guint n = 0;

  g_mutex_lock (&self->lock);
  age_locked (self, now_us);
  is_quiet = self->selected >= 0 && now_us - self->routes[self->selected].heard_us > QUIET_US;
  for (int i = 0; self->selected >= 0 && i < (int)self->n_routes; i++)
    {
      gint64 interval_us = get_interval_locked (self, i, is_quiet);

      probes[n].size = 0;
      if (interval_us != 0)
        probe_locked (self, &self->routes[i], interval_us, now_us, &probes[n]);
      n += probes[n].size > 0;
    }
  g_mutex_unlock (&self->lock);
  return n;
}

/* -- sending -- */

gboolean
salon_ice_peer_get_path (SalonIcePeer *self, SalonIcePath *path, guint8 *tos)
{
  gboolean has_path;

  g_mutex_lock (&self->lock);
  has_path = self->selected >= 0;
  if (has_path)
    *path = path_copy (&self->routes[self->selected].path);
  else
    self->stats.drops.without_path++;
  *tos = self->tos;
  g_mutex_unlock (&self->lock);
  return has_path;
}

void
salon_ice_peer_count_sent (SalonIcePeer *self, guint n_packets, gsize n_bytes, guint n_dropped)
{
  g_mutex_lock (&self->lock);
  self->stats.packets_sent += n_packets;
  self->stats.bytes_sent += n_bytes;
  self->stats.drops.not_sent += n_dropped;
  g_mutex_unlock (&self->lock);
}

void
salon_ice_peer_count_oversized (SalonIcePeer *self)
{
  g_mutex_lock (&self->lock);
  self->stats.drops.oversized++;
  g_mutex_unlock (&self->lock);
}

void
salon_ice_peer_set_tos (SalonIcePeer *self, guint8 tos)
{
  g_mutex_lock (&self->lock);
  self->tos = tos;
  g_mutex_unlock (&self->lock);
}

/* -- the owner's -- */

GObject *
salon_ice_peer_dup_listener (SalonIcePeer *self)
{
  GObject *listener;

  g_mutex_lock (&self->lock);
  listener = self->listener != NULL ? g_object_ref (self->listener) : NULL;
  g_mutex_unlock (&self->lock);
  return listener;
}

void
salon_ice_peer_set_listener (SalonIcePeer *self, GObject *listener)
{
  GObject *old;

  g_mutex_lock (&self->lock);
  old = self->listener;
  self->listener = listener != NULL ? g_object_ref (listener) : NULL;
  g_mutex_unlock (&self->lock);
  g_clear_object (&old);
}

gboolean
salon_ice_peer_take_state (SalonIcePeer *self, SalonIceState *state)
{
  gboolean is_news;

  g_mutex_lock (&self->lock);
  is_news = self->state != self->told_state && self->remote.ufrag != NULL;
  if (is_news)
    self->told_state = self->state;
  *state = self->state;
  g_mutex_unlock (&self->lock);
  return is_news;
}

/* What the client calls the address; "prflx": it never announced it (RFC 8445, section 7.3.1.3). */
static const char *
get_remote_type_locked (SalonIcePeer *self, const SalonIceAddress *address)
{
  for (guint i = 0; i < self->n_candidates; i++)
    {
      if (salon_ice_address_equal (&self->candidates[i].address, address))
        return self->candidates[i].type;
    }
  return "prflx";
}

void
salon_ice_peer_get_stats (SalonIcePeer *self, gint64 now_us, SalonIcePeerStats *stats)
{
  g_mutex_lock (&self->lock);
  *stats = self->stats;
  stats->state = self->state;
  stats->silence_us = now_us - self->heard_us;
  stats->n_paths = self->n_routes;
  stats->has_path = self->selected >= 0;
  stats->rtt_us = -1;
  if (stats->has_path)
    {
      if (self->routes[self->selected].proven_us != 0)
        stats->rtt_us = self->routes[self->selected].rtt_us;
      stats->path = self->routes[self->selected].path;
      stats->is_tcp = stats->path.connection != NULL;
      stats->path.connection = NULL;
      stats->remote_type = get_remote_type_locked (self, &stats->path.remote);
    }
  g_mutex_unlock (&self->lock);
}
