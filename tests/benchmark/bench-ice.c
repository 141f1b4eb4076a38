/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-ice.h"

#include <stun/usages/ice.h>
#include <string.h>

#define UFRAG_CHARS 8
#define PWD_CHARS 24
#define MAX_PAIRS 16
#define MESSAGE_BYTES 512
/* RFC 8445 section 14.3, but for a server near by: the first answer takes less than a millisecond once there is
 * somebody to give it. */
#define FIRST_RTO_US (20 * 1000)
#define MAX_RTO_US (320 * 1000)
#define CHECKS_US (10 * G_USEC_PER_SEC)
/* RFC 7675 section 5.1. */
#define CONSENT_INTERVAL_US (4 * G_USEC_PER_SEC)
#define CONSENT_US (30 * G_USEC_PER_SEC)
/* A host candidate's, RFC 8445 section 5.1.2.1: type preference 126, or for PRIORITY in a check 110. */
#define CHECK_PRIORITY (110u << 24 | 65535u << 8 | 255u)

static const guint16 known_attributes[] = { STUN_ATTRIBUTE_USERNAME, STUN_ATTRIBUTE_MESSAGE_INTEGRITY,
  STUN_ATTRIBUTE_ERROR_CODE, STUN_ATTRIBUTE_PRIORITY, STUN_ATTRIBUTE_USE_CANDIDATE, STUN_ATTRIBUTE_XOR_MAPPED_ADDRESS,
  STUN_ATTRIBUTE_ICE_CONTROLLED, STUN_ATTRIBUTE_ICE_CONTROLLING, STUN_ATTRIBUTE_FINGERPRINT, 0 };

/* Our one candidate and one of the server's. */
typedef struct
{
  struct sockaddr_in address;
  gboolean is_valid; /* a check of ours was answered */
  gboolean is_nominated_by_peer;
  guint8 request[MESSAGE_BYTES]; /* under way, while size > 0 */
  gsize size;
  StunTransactionId id;
  gboolean is_nominating; /* the request is */
  gint64 next_send_us;
  gint64 rto_us;
} Pair;

struct _BenchIce
{
  const BenchIceEvents *events; /* (borrowed) */
  gpointer user_data;           /* (borrowed) */
  StunAgent stun;
  char ufrag[UFRAG_CHARS + 1];
  char pwd[PWD_CHARS + 1];
  char *peer_pwd;      /* (owned) (nullable): until the start */
  char *request_name;  /* (owned) (nullable): USERNAME of our requests */
  bool is_controlling; /* of stdbool's type, as the STUN library wants it */
  guint64 tie_breaker;
  Pair pairs[MAX_PAIRS];
  guint n_pairs;
  Pair *selected; /* (nullable) */
  gint64 started_at_us;
  gint64 consent_at_us;
  gboolean has_failed;
};

static void
make_secret (char *text, gsize n_chars)
{
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

  for (gsize i = 0; i < n_chars; i++)
    text[i] = letters[g_random_int_range (0, sizeof letters - 1)];
  text[n_chars] = '\0';
}

static void
fail (BenchIce *self, const char *why)
{
  if (self->has_failed)
    return;
  self->has_failed = TRUE;
  self->events->failed (why, self->user_data);
}

/* -- our checks -- */

static void
send_request (BenchIce *self, Pair *pair, gint64 now_us)
{
  pair->next_send_us = now_us + pair->rto_us;
  pair->rto_us = MIN (2 * pair->rto_us, MAX_RTO_US);
  self->events->send (pair->request, pair->size, &pair->address, self->user_data);
}

static void
end_check (BenchIce *self, Pair *pair)
{
  if (pair->size > 0)
    stun_agent_forget_transaction (&self->stun, pair->id);
  pair->size = 0;
}

/* A new request, to be sent at send_at_us. */
static void
prepare_check (BenchIce *self, Pair *pair, gboolean is_nominating, gint64 send_at_us)
{
  StunMessage message;

  end_check (self, pair);
  pair->size = stun_usage_ice_conncheck_create (&self->stun, &message, pair->request, sizeof pair->request,
      (const guint8 *)self->request_name, strlen (self->request_name), (const guint8 *)self->peer_pwd,
      strlen (self->peer_pwd), is_nominating, self->is_controlling, CHECK_PRIORITY, self->tie_breaker, NULL,
      STUN_USAGE_ICE_COMPATIBILITY_RFC5245);
  stun_message_id (&message, pair->id);
  pair->is_nominating = is_nominating;
  pair->rto_us = FIRST_RTO_US;
  pair->next_send_us = send_at_us;
}

static void
begin_check (BenchIce *self, Pair *pair, gboolean is_nominating, gint64 now_us)
{
  prepare_check (self, pair, is_nominating, now_us);
  send_request (self, pair, now_us);
}

static void
select_pair (BenchIce *self, Pair *pair, gint64 now_us)
{
  self->consent_at_us = now_us;
  if (self->selected != NULL)
    return;
  self->selected = pair;
  for (guint i = 0; i < self->n_pairs; i++)
    {
      if (&self->pairs[i] != pair)
        end_check (self, &self->pairs[i]);
    }
  pair->next_send_us = now_us + CONSENT_INTERVAL_US;
  self->events->selected (&pair->address, self->user_data);
}

/* -- pairs -- */

static gboolean
is_same_address (const struct sockaddr_in *one, const struct sockaddr_in *other)
{
  return one->sin_port == other->sin_port && one->sin_addr.s_addr == other->sin_addr.s_addr;
}

/* Returns: (nullable): NULL when there are too many. */
static Pair *
ensure_pair (BenchIce *self, const struct sockaddr_in *address)
{
  for (guint i = 0; i < self->n_pairs; i++)
    {
      if (is_same_address (&self->pairs[i].address, address))
        return &self->pairs[i];
    }
  if (self->n_pairs == MAX_PAIRS)
    return NULL;
  self->pairs[self->n_pairs].address = *address;
  return &self->pairs[self->n_pairs++];
}

void
bench_ice_add_candidate (BenchIce *self, const struct sockaddr_in *address)
{
  Pair *pair = ensure_pair (self, address);

  if (pair != NULL && pair->size == 0 && !pair->is_valid && self->peer_pwd != NULL && self->selected == NULL)
    begin_check (self, pair, FALSE, g_get_monotonic_time ());
}

static Pair *
find_check (BenchIce *self, const StunMessage *response)
{
  StunTransactionId id;

  stun_message_id (response, id);
  for (guint i = 0; i < self->n_pairs; i++)
    {
      if (self->pairs[i].size > 0 && memcmp (self->pairs[i].id, id, sizeof id) == 0)
        return &self->pairs[i];
    }
  return NULL;
}

/* -- what comes -- */

static void
take_success (BenchIce *self, Pair *pair, gint64 now_us)
{
  gboolean was_nominating = pair->is_nominating;

  pair->size = 0; /* the library has forgotten the transaction by itself */
  pair->is_valid = TRUE;
  if (was_nominating || pair->is_nominated_by_peer || pair == self->selected)
    select_pair (self, pair, now_us);
  else if (self->is_controlling && self->selected == NULL)
    begin_check (self, pair, TRUE, now_us);
}

static void
take_response (BenchIce *self, StunMessage *response, gint64 now_us)
{
  Pair *pair = find_check (self, response);
  struct sockaddr_storage mapped;
  socklen_t length = sizeof mapped;

  if (pair == NULL)
    return;
  switch (stun_usage_ice_conncheck_process (response, &mapped, &length, STUN_USAGE_ICE_COMPATIBILITY_RFC5245))
    {
    case STUN_USAGE_ICE_RETURN_SUCCESS:
      take_success (self, pair, now_us);
      break;
    case STUN_USAGE_ICE_RETURN_ROLE_CONFLICT:
      self->is_controlling = !self->is_controlling;
      begin_check (self, pair, FALSE, now_us);
      break;
    default:
      /* Refused, perhaps because the server has not read our description yet. */
      pair->size = 0; /* as above */
      prepare_check (self, pair, pair->is_nominating, now_us + FIRST_RTO_US);
      break;
    }
}

static void
take_request (BenchIce *self, StunMessage *request, const struct sockaddr_in *from, gint64 now_us)
{
  struct sockaddr_storage source = { 0 };
  guint8 data[MESSAGE_BYTES];
  gsize size = sizeof data;
  StunMessage reply;
  Pair *pair;

  memcpy (&source, from, sizeof *from);
  if (stun_usage_ice_conncheck_create_reply (&self->stun, request, &reply, data, &size, &source, sizeof *from,
          &self->is_controlling, self->tie_breaker, STUN_USAGE_ICE_COMPATIBILITY_RFC5245)
      == STUN_USAGE_ICE_RETURN_INVALID)
    return;
  if (size > 0)
    self->events->send (data, size, from, self->user_data);
  pair = ensure_pair (self, from);
  if (pair == NULL)
    return;
  if (!self->is_controlling && stun_usage_ice_conncheck_use_candidate (request))
    pair->is_nominated_by_peer = TRUE;
  if (pair->is_valid && pair->is_nominated_by_peer)
    select_pair (self, pair, now_us);
  else if (!pair->is_valid && pair->size == 0 && self->peer_pwd != NULL && self->selected == NULL)
    begin_check (self, pair, FALSE, now_us);
}

/* Of requests: "ours:theirs", with our password. */
static bool
find_password (StunAgent *agent, StunMessage *message, uint8_t *name, uint16_t length, uint8_t **password,
    size_t *password_length, void *user_data)
{
  BenchIce *self = user_data;

  if (length <= UFRAG_CHARS || name[UFRAG_CHARS] != ':' || memcmp (name, self->ufrag, UFRAG_CHARS) != 0)
    return false;
  *password = (uint8_t *)self->pwd;
  *password_length = PWD_CHARS;
  return true;
}

void
bench_ice_take (BenchIce *self, const guint8 *data, gsize size, const struct sockaddr_in *from, gint64 now_us)
{
  StunMessage message;

  if (self->has_failed
      || stun_agent_validate (&self->stun, &message, data, size, find_password, self) != STUN_VALIDATION_SUCCESS)
    return;
  switch (stun_message_get_class (&message))
    {
    case STUN_REQUEST:
      take_request (self, &message, from, now_us);
      break;
    case STUN_RESPONSE:
    case STUN_ERROR:
      take_response (self, &message, now_us);
      break;
    case STUN_INDICATION:
      break;
    }
}

/* -- time -- */

static void
tick_consent (BenchIce *self, gint64 now_us)
{
  Pair *pair = self->selected;

  if (now_us - self->consent_at_us > CONSENT_US)
    fail (self, "the server no longer consents");
  else if (now_us >= pair->next_send_us)
    {
      begin_check (self, pair, FALSE, now_us);
      pair->next_send_us = now_us + CONSENT_INTERVAL_US;
    }
}

void
bench_ice_tick (BenchIce *self, gint64 now_us)
{
  if (self->has_failed || self->peer_pwd == NULL)
    return;
  if (self->selected != NULL)
    {
      tick_consent (self, now_us);
      return;
    }
  if (now_us - self->started_at_us > CHECKS_US)
    {
      fail (self, "none of the server's candidates answered");
      return;
    }
  for (guint i = 0; i < self->n_pairs; i++)
    {
      Pair *pair = &self->pairs[i];

      if (pair->size > 0 && now_us >= pair->next_send_us)
        send_request (self, pair, now_us);
    }
}

/* -- life -- */

void
bench_ice_start (BenchIce *self, const char *ufrag, const char *pwd, gboolean is_controlling, gint64 now_us)
{
  g_assert (self->peer_pwd == NULL);
  self->peer_pwd = g_strdup (pwd);
  self->request_name = g_strconcat (ufrag, ":", self->ufrag, NULL);
  self->is_controlling = is_controlling;
  self->started_at_us = now_us;
  for (guint i = 0; i < self->n_pairs; i++)
    begin_check (self, &self->pairs[i], FALSE, now_us);
}

const char *
bench_ice_get_ufrag (const BenchIce *self)
{
  return self->ufrag;
}

const char *
bench_ice_get_pwd (const BenchIce *self)
{
  return self->pwd;
}

BenchIce *
bench_ice_new (const BenchIceEvents *events, gpointer user_data)
{
  BenchIce *self = g_new0 (BenchIce, 1);

  self->events = events;
  self->user_data = user_data;
  stun_agent_init (&self->stun, known_attributes, STUN_COMPATIBILITY_RFC5389,
      STUN_AGENT_USAGE_SHORT_TERM_CREDENTIALS | STUN_AGENT_USAGE_USE_FINGERPRINT | STUN_AGENT_USAGE_NO_INDICATION_AUTH);
  make_secret (self->ufrag, UFRAG_CHARS);
  make_secret (self->pwd, PWD_CHARS);
  self->tie_breaker = (guint64)g_random_int () << 32 | g_random_int ();
  return self;
}

void
bench_ice_free (BenchIce *self)
{
  g_free (self->peer_pwd);
  g_free (self->request_name);
  g_free (self);
}
