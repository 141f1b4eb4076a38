/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One client's paths: which is taken, which is sent on, and what silence does. Time is given. */
#include <string.h>

#include "ice-client.h"
#include "salon-ice-peer.h"
#include "salon-limits.h"

#define PASSWORD "0123456789012345678901"
#define LOST_US (30 * G_USEC_PER_SEC)

typedef struct
{
  SalonIcePeer *peer;
  gint64 now_us;
  SalonIceProbe probe;                         /* of the last check; its size is 0 if there was none */
  SalonIceProbe probes[SALON_LIMIT_ICE_PATHS]; /* of the last tick */
  guint n_probes;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->now_us = 1000 * G_USEC_PER_SEC;
  f->peer = salon_ice_peer_new (LOST_US, f->now_us);
  salon_ice_peer_set_local (f->peer, "ours", "ours-password-012345678");
  salon_ice_peer_set_remote (f->peer, "theirs", PASSWORD, f->now_us);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  salon_ice_peer_unref (f->peer);
}

static SalonIcePath
path (const char *host, guint port)
{
  SalonIcePath result = { 0 };

  g_assert_true (salon_ice_address_parse (host, port, &result.remote));
  g_assert_true (salon_ice_address_parse ("198.51.100.1", 0, &result.local));
  return result;
}

static gboolean
check (Fixture *f, SalonIcePath from, gboolean use_candidate)
{
  gboolean is_new;
  SalonIcePath evicted;

  salon_ice_peer_take_check (f->peer, &from, use_candidate, f->now_us, &f->probe, &is_new, &evicted);
  return is_new;
}

static void
answer (Fixture *f, const SalonIceProbe *probe, SalonIcePath from)
{
  guint8 reply[ICE_CLIENT_BYTES];
  gsize size;

  g_assert_cmpuint (probe->size, >, 0);
  size = ice_client_answer (reply, probe->data, probe->size, PASSWORD, &from.remote);
  g_assert_cmpuint (size, >, 0);
  salon_ice_peer_take_response (f->peer, &from, reply, size, f->now_us);
}

static void
answer_probe_from (Fixture *f, SalonIcePath from)
{
  answer (f, &f->probe, from);
}

static void
assert_sends_to (Fixture *f, const char *host)
{
  SalonIcePath selected;
  guint8 tos;
  g_autofree char *text = NULL;

  g_assert_true (salon_ice_peer_get_path (f->peer, &selected, &tos));
  text = salon_ice_address_to_host (&selected.remote);
  g_assert_cmpstr (text, ==, host);
}

static SalonIceState
get_state (Fixture *f)
{
  SalonIcePeerStats stats;

  salon_ice_peer_get_stats (f->peer, f->now_us, &stats);
  return stats.state;
}

static void
pass (Fixture *f, gint64 ms)
{
  f->now_us += ms * 1000;
  f->n_probes = salon_ice_peer_tick (f->peer, f->now_us, f->probes);
}

static void
test_first_path (Fixture *f, gconstpointer data)
{
  SalonIcePath selected;
  SalonIceState state;
  guint8 tos;

  g_assert_false (salon_ice_peer_get_path (f->peer, &selected, &tos));
  g_assert_false (salon_ice_peer_take_state (f->peer, &state));
  g_assert_true (check (f, path ("192.0.2.1", 1), FALSE));
  g_assert_false (check (f, path ("192.0.2.1", 1), FALSE));
  assert_sends_to (f, "192.0.2.1");
  g_assert_true (salon_ice_peer_take_state (f->peer, &state));
  g_assert_cmpint (state, ==, SALON_ICE_CONNECTED);
  g_assert_false (salon_ice_peer_take_state (f->peer, &state));
}

/* webrtcbin forgets a connection that comes before the answer. */
static void
test_state_waits (Fixture *f, gconstpointer data)
{
  g_autoptr (SalonIcePeer) peer = salon_ice_peer_new (LOST_US, f->now_us);
  SalonIcePath from = path ("192.0.2.1", 1), evicted;
  SalonIceProbe probe;
  SalonIceState state;
  gboolean is_new;

  salon_ice_peer_set_local (peer, "ours", "ours-password-012345678");
  salon_ice_peer_take_check (peer, &from, TRUE, f->now_us, &probe, &is_new, &evicted);
  g_assert_false (salon_ice_peer_take_state (peer, &state));
  salon_ice_peer_set_remote (peer, "theirs", PASSWORD, f->now_us);
  g_assert_true (salon_ice_peer_take_state (peer, &state));
  g_assert_cmpint (state, ==, SALON_ICE_CONNECTED);
}

/* A client that writes another's address into a packet must not turn its media on it. */
static void
test_nomination_needs_proof (Fixture *f, gconstpointer data)
{
  check (f, path ("192.0.2.1", 1), TRUE);
  pass (f, 100);
  check (f, path ("203.0.113.66", 9), TRUE);
  assert_sends_to (f, "192.0.2.1");
  g_assert_cmpuint (f->probe.size, >, 0);
  g_assert_cmpuint (salon_ice_address_get_port (&f->probe.path.remote), ==, 9);
  /* The answer from elsewhere is no proof. */
  answer_probe_from (f, path ("192.0.2.1", 1));
  assert_sends_to (f, "192.0.2.1");
  for (guint i = 0; i < 100; i++)
    {
      pass (f, 100);
      check (f, path ("203.0.113.66", 9), TRUE);
      assert_sends_to (f, "192.0.2.1");
    }
}

/* The selected path is dead, another was heard once: it is found within 2 s, without a word from the client. */
static void
test_dead_path (Fixture *f, gconstpointer data)
{
  SalonIcePath dead = path ("192.0.2.1", 1), other = path ("203.0.113.66", 9);
  gint64 start_us = f->now_us;

  check (f, other, FALSE);
  check (f, dead, TRUE);
  answer_probe_from (f, dead);
  assert_sends_to (f, "192.0.2.1");
  while (f->now_us - start_us < 1900 * 1000)
    {
      pass (f, 250);
      for (guint i = 0; i < f->n_probes; i++)
        {
          if (salon_ice_path_equal (&f->probes[i].path, &other))
            answer (f, &f->probes[i], other);
        }
    }
  assert_sends_to (f, "203.0.113.66");
}

static void
assert_sends_nowhere (Fixture *f)
{
  SalonIcePath selected;
  guint8 tos;

  g_assert_false (salon_ice_peer_get_path (f->peer, &selected, &tos));
}

/* The same, but nobody answers there: somebody else's address. Nor does it keep the stream going on the dead path,
 * which may be somebody else's by now (RFC 7675): neither do checks elsewhere, nor media that anybody may have sent. */
static void
test_dead_path_needs_proof_too (Fixture *f, gconstpointer data)
{
  SalonIcePath dead = path ("192.0.2.1", 1);

  check (f, dead, TRUE);
  for (guint i = 0; i < 299; i++)
    {
      pass (f, 100);
      check (f, path ("203.0.113.66", 9), FALSE);
      g_assert_cmpint (get_state (f), ==, i < 80 ? SALON_ICE_CONNECTED : SALON_ICE_DISCONNECTED);
      assert_sends_to (f, "192.0.2.1");
    }
  g_assert_null (salon_ice_peer_take_media (f->peer, &dead, 100, f->now_us));
  for (guint i = 0; i < 100; i++)
    {
      pass (f, 200);
      check (f, path ("203.0.113.66", 9), FALSE);
      g_assert_null (salon_ice_peer_take_media (f->peer, &dead, 100, f->now_us));
      g_assert_cmpint (get_state (f), ==, SALON_ICE_FAILED);
      assert_sends_nowhere (f);
    }
  answer_probe_from (f, path ("203.0.113.66", 9));
  g_assert_cmpint (get_state (f), ==, SALON_ICE_CONNECTED);
  assert_sends_to (f, "203.0.113.66");
}

/* A client at the end of a slow way: every request is answered that much later. */
typedef struct
{
  gint64 due_us;
  SalonIceProbe probe;
} Late;

static void
keep (Fixture *f, GArray *late, const SalonIceProbe *probe, gint64 late_ms)
{
  const Late new = { f->now_us + late_ms * 1000, *probe };

  if (probe->size > 0)
    g_array_append_val (late, new);
}

static void
answer_late (Fixture *f, GArray *late)
{
  while (late->len > 0 && g_array_index (late, Late, 0).due_us <= f->now_us)
    {
      answer (f, &g_array_index (late, Late, 0).probe, g_array_index (late, Late, 0).probe.path);
      g_array_remove_index (late, 0);
    }
}

static void
test_dead_path_slow (Fixture *f, gconstpointer data)
{
  SalonIcePath dead = path ("192.0.2.1", 1), other = path ("203.0.113.66", 9);
  g_autoptr (GArray) late = g_array_new (FALSE, FALSE, sizeof (Late));
  gint64 start_us = f->now_us;

  check (f, other, FALSE);
  check (f, dead, TRUE);
  answer_probe_from (f, dead);
  while (f->now_us - start_us < 3000 * 1000)
    {
      pass (f, 50);
      for (guint i = 0; i < f->n_probes; i++)
        {
          if (salon_ice_path_equal (&f->probes[i].path, &other))
            keep (f, late, &f->probes[i], 600);
        }
      answer_late (f, late);
    }
  assert_sends_to (f, "203.0.113.66");
}

/* One round trip is proof, however often the client nominates in the meantime. */
static void
test_nomination_slow (Fixture *f, gconstpointer data)
{
  SalonIcePath other = path ("203.0.113.66", 9);
  g_autoptr (GArray) late = g_array_new (FALSE, FALSE, sizeof (Late));
  gint64 start_us;
  SalonIcePeerStats stats;

  check (f, path ("192.0.2.1", 1), TRUE);
  start_us = f->now_us;
  while (f->now_us - start_us <= 2000 * 1000)
    {
      check (f, other, TRUE);
      keep (f, late, &f->probe, 2000);
      pass (f, 50);
      answer_late (f, late);
    }
  assert_sends_to (f, "203.0.113.66");
  salon_ice_peer_get_stats (f->peer, f->now_us, &stats);
  g_assert_cmpint (stats.rtt_us, ==, 2000 * 1000);
}

/* Slow, but there: it is given the time that it takes. */
static void
test_quiet_path_slow (Fixture *f, gconstpointer data)
{
  SalonIcePath quiet = path ("192.0.2.1", 1), other = path ("192.0.2.2", 1);
  g_autoptr (GArray) late = g_array_new (FALSE, FALSE, sizeof (Late));

  check (f, other, FALSE);
  check (f, quiet, TRUE);
  f->now_us += 800 * 1000;
  answer_probe_from (f, quiet);
  for (guint i = 0; i < 400; i++)
    {
      pass (f, 50);
      for (guint j = 0; j < f->n_probes; j++)
        {
          if (salon_ice_path_equal (&f->probes[j].path, &quiet))
            keep (f, late, &f->probes[j], 800);
          else
            answer (f, &f->probes[j], other);
        }
      answer_late (f, late);
      assert_sends_to (f, "192.0.2.1");
    }
}

static guint
count_probes (Fixture *f, SalonIcePath of, gint64 duration_ms)
{
  gint64 end_us = f->now_us + duration_ms * 1000;
  guint n = 0;

  while (f->now_us < end_us)
    {
      pass (f, 250);
      for (guint i = 0; i < f->n_probes; i++)
        n += salon_ice_path_equal (&f->probes[i].path, &of);
    }
  return n;
}

/* Addresses that never answered may be anybody's: what a quiet client makes us send there has an end. */
static void
test_unanswered_probes (Fixture *f, gconstpointer data)
{
  SalonIcePath quiet = path ("192.0.2.1", 1), other = path ("203.0.113.66", 9);
  guint n;

  check (f, quiet, TRUE);
  check (f, other, FALSE);
  n = count_probes (f, other, 8000);
  g_assert_cmpuint (n, >=, 4);
  g_assert_cmpuint (n, <=, 8);
  g_assert_cmpuint (count_probes (f, other, 8000), ==, 0);
  /* A check earns one. The selected path is asked as long as there is consent. */
  check (f, quiet, TRUE);
  check (f, other, FALSE);
  g_assert_cmpuint (count_probes (f, other, 8000), ==, 1);
  g_assert_cmpuint (count_probes (f, quiet, 5000), ==, 1);
}

/* A restart gives the selected path time, once. */
static void
test_restart_is_patient (Fixture *f, gconstpointer data)
{
  check (f, path ("192.0.2.1", 1), TRUE);
  pass (f, 29000);
  salon_ice_peer_set_remote (f->peer, "anew", PASSWORD, f->now_us);
  pass (f, 29000);
  assert_sends_to (f, "192.0.2.1");
  pass (f, 2000);
  assert_sends_nowhere (f);
}

/* Who has nothing to say, but answers, stays where it is. */
static void
test_quiet_path (Fixture *f, gconstpointer data)
{
  SalonIcePath quiet = path ("192.0.2.1", 1), other = path ("192.0.2.2", 1);

  check (f, other, FALSE);
  check (f, quiet, TRUE);
  answer_probe_from (f, quiet);
  for (guint i = 0; i < 100; i++)
    {
      pass (f, 250);
      for (guint j = 0; j < f->n_probes; j++)
        answer (f, &f->probes[j], f->probes[j].path);
      assert_sends_to (f, "192.0.2.1");
    }
  g_assert_cmpint (get_state (f), ==, SALON_ICE_CONNECTED);
}

static void
test_nomination_moves (Fixture *f, gconstpointer data)
{
  SalonIcePeerStats stats;

  check (f, path ("192.0.2.1", 1), TRUE);
  pass (f, 100);
  check (f, path ("192.0.2.2", 1), TRUE);
  pass (f, 7);
  answer_probe_from (f, path ("192.0.2.2", 1));
  assert_sends_to (f, "192.0.2.2");
  salon_ice_peer_get_stats (f->peer, f->now_us, &stats);
  g_assert_cmpuint (stats.n_switches, ==, 1);
  g_assert_cmpint (stats.rtt_us, ==, 7 * 1000);
  g_assert_cmpuint (stats.n_paths, ==, 2);
}

/* A check on another path changes nothing as long as the selected one is heard. */
static void
test_keeps_what_is_heard (Fixture *f, gconstpointer data)
{
  SalonIcePath first = path ("192.0.2.1", 1);

  check (f, first, TRUE);
  for (guint i = 0; i < 50; i++)
    {
      pass (f, 200);
      g_assert_null (salon_ice_peer_take_media (f->peer, &first, 100, f->now_us));
      check (f, path ("192.0.2.2", 1), FALSE);
      g_assert_cmpuint (f->probe.size, ==, 0);
    }
  assert_sends_to (f, "192.0.2.1");
}

static void
test_silence (Fixture *f, gconstpointer data)
{
  SalonIcePath first = path ("192.0.2.1", 1);
  SalonIcePath selected;
  guint8 tos;

  check (f, first, TRUE);
  pass (f, 7900);
  g_assert_cmpint (get_state (f), ==, SALON_ICE_CONNECTED);
  pass (f, 200);
  g_assert_cmpint (get_state (f), ==, SALON_ICE_DISCONNECTED);
  g_assert_null (salon_ice_peer_take_media (f->peer, &first, 100, f->now_us));
  g_assert_cmpint (get_state (f), ==, SALON_ICE_CONNECTED);
  check (f, first, FALSE);
  pass (f, 29900);
  g_assert_cmpint (get_state (f), ==, SALON_ICE_DISCONNECTED);
  pass (f, 200);
  g_assert_cmpint (get_state (f), ==, SALON_ICE_FAILED);
  g_assert_false (salon_ice_peer_get_path (f->peer, &selected, &tos));
}

/* Failed is not for ever: with an ICE restart, or without. */
static void
test_comes_back (Fixture *f, gconstpointer data)
{
  check (f, path ("192.0.2.1", 1), TRUE);
  pass (f, 31000);
  g_assert_cmpint (get_state (f), ==, SALON_ICE_FAILED);
  salon_ice_peer_set_remote (f->peer, "anew", PASSWORD, f->now_us);
  check (f, path ("192.0.2.9", 1), TRUE);
  g_assert_cmpint (get_state (f), ==, SALON_ICE_FAILED);
  answer_probe_from (f, path ("192.0.2.9", 1));
  g_assert_cmpint (get_state (f), ==, SALON_ICE_CONNECTED);
  assert_sends_to (f, "192.0.2.9");
}

/* What makes a path somebody's for the moment: credentials, not media. */
static void
test_live (Fixture *f, gconstpointer data)
{
  SalonIcePath first = path ("192.0.2.1", 1), other = path ("192.0.2.2", 1);

  check (f, first, TRUE);
  g_assert_false (salon_ice_peer_is_live (f->peer, &other, f->now_us));
  pass (f, 5900);
  g_assert_null (salon_ice_peer_take_media (f->peer, &first, 100, f->now_us));
  g_assert_true (salon_ice_peer_is_live (f->peer, &first, f->now_us));
  pass (f, 200);
  g_assert_false (salon_ice_peer_is_live (f->peer, &first, f->now_us));
}

static void
test_never_connected (Fixture *f, gconstpointer data)
{
  pass (f, 60000);
  /* That it never came about, others notice. */
  g_assert_cmpint (get_state (f), ==, SALON_ICE_NEW);
}

static void
test_bounded (Fixture *f, gconstpointer data)
{
  SalonIcePeerStats stats;

  check (f, path ("192.0.2.1", 1), TRUE);
  for (guint port = 1; port <= 1000; port++)
    {
      SalonIcePath from = path ("192.0.2.2", port), evicted;
      gboolean is_new, has_evicted;

      f->now_us += 1000;
      has_evicted = salon_ice_peer_take_check (f->peer, &from, FALSE, f->now_us, &f->probe, &is_new, &evicted);
      g_assert_true (is_new);
      g_assert_cmpint (has_evicted, ==, port >= SALON_LIMIT_ICE_PATHS);
      if (has_evicted)
        g_assert_cmpuint (salon_ice_address_get_port (&evicted.remote), ==, port - SALON_LIMIT_ICE_PATHS + 1);
    }
  salon_ice_peer_get_stats (f->peer, f->now_us, &stats);
  g_assert_cmpuint (stats.n_paths, ==, SALON_LIMIT_ICE_PATHS);
  assert_sends_to (f, "192.0.2.1");
}

/* What never answered may be made up: it goes first, however lately it was heard. */
static void
test_keeps_proven (Fixture *f, gconstpointer data)
{
  SalonIcePath proven = path ("192.0.2.7", 7);

  check (f, path ("192.0.2.1", 1), TRUE);
  f->now_us += 1000;
  check (f, proven, TRUE);
  answer_probe_from (f, proven);
  f->now_us += 1000;
  check (f, path ("192.0.2.8", 8), TRUE);
  answer_probe_from (f, path ("192.0.2.8", 8));
  for (guint port = 1; port <= 100; port++)
    {
      f->now_us += 1000;
      g_assert_true (check (f, path ("192.0.2.2", port), FALSE));
    }
  g_assert_false (check (f, proven, FALSE));
}

/* Two families at both ends, two addresses in one, UDP and TCP: none of it is made up. */
static void
test_many_paths (Fixture *f, gconstpointer data)
{
  for (guint port = 1; port <= 12; port++)
    g_assert_true (check (f, path ("192.0.2.1", port), FALSE));
  for (guint port = 1; port <= 12; port++)
    g_assert_false (check (f, path ("192.0.2.1", port), FALSE));
}

static void
test_forgets (Fixture *f, gconstpointer data)
{
  SalonIcePath first = path ("192.0.2.1", 1), selected;
  guint8 tos;

  check (f, first, TRUE);
  check (f, path ("192.0.2.2", 1), FALSE);
  salon_ice_peer_forget_path (f->peer, &first);
  g_assert_false (salon_ice_peer_get_path (f->peer, &selected, &tos));
  pass (f, 100);
  check (f, path ("192.0.2.2", 1), FALSE);
  answer_probe_from (f, path ("192.0.2.2", 1));
  assert_sends_to (f, "192.0.2.2");
}

static void
test_unknown_media (Fixture *f, gconstpointer data)
{
  SalonIcePath first = path ("192.0.2.1", 1), other = path ("192.0.2.1", 2);
  g_autoptr (GObject) listener = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr (GObject) taken = NULL;

  salon_ice_peer_set_listener (f->peer, listener);
  check (f, first, TRUE);
  g_assert_null (salon_ice_peer_take_media (f->peer, &other, 100, f->now_us));
  taken = salon_ice_peer_take_media (f->peer, &first, 100, f->now_us);
  g_assert_true (taken == listener);
}

static void
test_passwords (Fixture *f, gconstpointer data)
{
  g_autofree char *old = NULL, *new = NULL;

  salon_ice_peer_set_local (f->peer, "again", "again-password");
  old = salon_ice_peer_dup_password (f->peer, "ours");
  new = salon_ice_peer_dup_password (f->peer, "again");
  g_assert_cmpstr (old, ==, "ours-password-012345678");
  g_assert_cmpstr (new, ==, "again-password");
  g_assert_null (salon_ice_peer_dup_password (f->peer, "other"));
}

static void
test_types (Fixture *f, gconstpointer data)
{
  SalonIcePath first = path ("192.0.2.1", 1);
  SalonIcePeerStats stats;

  check (f, first, TRUE);
  salon_ice_peer_get_stats (f->peer, f->now_us, &stats);
  g_assert_cmpstr (stats.remote_type, ==, "prflx");
  salon_ice_peer_add_candidate (f->peer, &first.remote, "relay");
  salon_ice_peer_get_stats (f->peer, f->now_us, &stats);
  g_assert_cmpstr (stats.remote_type, ==, "relay");
}

static void
test_limits_checks (Fixture *f, gconstpointer data)
{
  guint n = 0;

  while (salon_ice_peer_may_check (f->peer, f->now_us))
    g_assert_cmpuint (++n, <=, 1000);
  g_assert_cmpuint (n, >=, 100);
  g_assert_true (salon_ice_peer_may_check (f->peer, f->now_us + G_USEC_PER_SEC));
}

#define ADD(name, func) g_test_add ("/ice/peer/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("sends-to-the-first-who-shows-the-credentials", test_first_path);
  ADD ("tells-nothing-before-the-remote-credentials", test_state_waits);
  ADD ("a-nomination-must-be-proven", test_nomination_needs_proof);
  ADD ("a-dead-path-is-left-within-2-s", test_dead_path);
  ADD ("a-dead-path-is-left-only-for-one-that-answers", test_dead_path_needs_proof_too);
  ADD ("a-dead-path-is-left-for-one-that-answers-late", test_dead_path_slow);
  ADD ("a-quiet-path-that-answers-is-kept", test_quiet_path);
  ADD ("a-quiet-path-that-answers-late-is-kept", test_quiet_path_slow);
  ADD ("asks-in-vain-a-few-times-only", test_unanswered_probes);
  ADD ("moves-to-what-is-nominated-and-proven", test_nomination_moves);
  ADD ("moves-to-what-is-proven-late", test_nomination_slow);
  ADD ("stays-where-it-is-heard", test_keeps_what_is_heard);
  ADD ("a-restart-gives-the-selected-path-time", test_restart_is_patient);
  ADD ("silence-disconnects-then-fails", test_silence);
  ADD ("comes-back-after-failing", test_comes_back);
  ADD ("a-path-is-live-by-checks", test_live);
  ADD ("what-never-connected-never-fails", test_never_connected);
  ADD ("keeps-a-bounded-number-of-paths-and-the-selected-one", test_bounded);
  ADD ("forgets-first-what-never-answered", test_keeps_proven);
  ADD ("has-room-for-all-a-client-has", test_many_paths);
  ADD ("a-path-that-is-gone-is-not-sent-on", test_forgets);
  ADD ("takes-media-from-known-paths-only", test_unknown_media);
  ADD ("knows-the-credentials-before-a-restart", test_passwords);
  ADD ("tells-what-the-client-called-its-address", test_types);
  ADD ("limits-checks", test_limits_checks);
  return g_test_run ();
}
