/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-case.h"

#include <math.h>
#include <time.h>

#include "bench-wait.h"

#define TICK_MS 10
#define JOIN_MS (15 * 1000)
/* For everybody in a meeting to receive everybody. */
#define SETTLE_MS (20 * 1000)
/* After the last join, before the window opens: servers find out what each line bears. */
#define WARM_UP_MS 2000
/* What is under way when the window closes comes within this time, or is lost. */
#define DRAIN_MS 500
#define TRACKS_PER_PUBLISHER 2
/* Who joins before them only makes the room full. */
#define N_TIMED_JOINS 10
/* A publisher sends no more than one keyframe in 300 ms. What was asked for one join, even twice, must neither answer
 * the next nor delay its answer. */
#define JOIN_INTERVAL_MS 700

typedef struct
{
  const BenchDriver *driver;     /* (static) */
  BenchParticipant *participant; /* (owned) */
  BenchClient client;            /* (owned) */
  gboolean is_timed;
  gint64 began_at_us;
} Member;

typedef struct
{
  const BenchCase *one;  /* (borrowed) */
  BenchNetwork *network; /* (borrowed) */
  BenchServer *server;   /* (owned) */
  BenchTally *tally;     /* (owned) */
  GPtrArray *members;    /* (owned) (element-type Member) */
  guint tick_id;
  guint n_publishers;
  BenchUsage empty; /* the server's, before anybody joined */
} Run;

/* What is read at both ends of the window. */
typedef struct
{
  gint64 time_ns;
  BenchUsage server;
  gint64 generator_ns;
  BenchMachine machine;
} Reading;

static const char *const figure_names[] = {
  [BENCH_CPU_US_PER_PACKET] = "cpu_us_per_packet",
  [BENCH_CPU_SHARE] = "cpu_share",
  [BENCH_SWITCHES_PER_PACKET] = "switches_per_packet",
  [BENCH_RSS_KIB_PER_PARTICIPANT] = "rss_kib_per_participant",
  [BENCH_THREADS_PER_PARTICIPANT] = "threads_per_participant",
  [BENCH_N_EXPECTED] = "n_expected",
  [BENCH_N_RECEIVED] = "n_received",
  [BENCH_LOST_SHARE] = "lost_share",
  [BENCH_N_DUPLICATES] = "n_duplicates",
  [BENCH_N_REFUSED] = "n_refused",
  [BENCH_N_OVERFLOWED] = "n_overflowed",
  [BENCH_LATENCY_P50_US] = "latency_p50_us",
  [BENCH_LATENCY_P99_US] = "latency_p99_us",
  [BENCH_FIRST_PACKET_P50_US] = "first_packet_p50_us",
  [BENCH_FIRST_PACKET_P95_US] = "first_packet_p95_us",
  [BENCH_FIRST_PICTURE_P50_US] = "first_picture_p50_us",
  [BENCH_FIRST_PICTURE_P95_US] = "first_picture_p95_us",
  [BENCH_GENERATOR_SHARE] = "generator_share",
  [BENCH_OTHERS_SHARE] = "others_share",
  [BENCH_WINDOW_S] = "window_s",
};
G_STATIC_ASSERT (G_N_ELEMENTS (figure_names) == BENCH_N_FIGURES);

const char *
bench_figure_get_name (BenchFigure figure)
{
  return figure_names[figure];
}

char *
bench_case_to_string (const BenchCase *one)
{
  return g_strdup_printf ("%s %u", one->shape == BENCH_FAN_OUT ? "fan-out" : "meeting", one->n);
}

void
bench_result_free (BenchResult *self)
{
  g_free (self->failure);
  g_free (self);
}

/* -- members -- */

static void
member_free (Member *member)
{
  if (member->client != NULL)
    member->driver->leave (member->client);
  bench_participant_free (member->participant);
  g_free (member);
}

static gboolean
on_tick (gpointer user_data)
{
  Run *run = user_data;
  gint64 now_us = g_get_monotonic_time ();

  for (guint i = 0; i < run->members->len; i++)
    bench_participant_tick (((Member *)g_ptr_array_index (run->members, i))->participant, now_us);
  return G_SOURCE_CONTINUE;
}

static gboolean
has_joined (gpointer user_data)
{
  Member *member = user_data;
  BenchParticipantState state = bench_participant_get_state (member->participant);

  if (state.failure != NULL)
    return TRUE;
  if (bench_participant_sends (member->participant))
    return state.is_publishing
           && (member->driver->is_published == NULL || member->driver->is_published (member->client));
  return member->is_timed ? state.received.first_keyframe_us != 0 : state.received.first_packet_us != 0;
}

static gboolean
fail (GError **error, const char *what, const BenchParticipant *participant)
{
  const char *why = participant != NULL ? bench_participant_get_state (participant).failure : NULL;

  if (bench_wait_is_interrupted ())
    why = "interrupted";
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: %s", what, why != NULL ? why : "not in time");
  return FALSE;
}

/* One after the other: that is what makes the times of joining comparable. */
static gboolean
join (Run *run, gboolean sends, gboolean receives, gboolean is_timed, GError **error)
{
  Member *member;
  BenchParticipant *participant = bench_participant_new (run->network, run->tally, sends, receives, error);

  if (participant == NULL)
    return FALSE;
  member = g_new0 (Member, 1);
  member->driver = bench_server_get_driver (run->server);
  member->participant = participant;
  member->is_timed = is_timed;
  g_ptr_array_add (run->members, member);
  run->n_publishers += sends;
  if (is_timed && !bench_wait_ms (JOIN_INTERVAL_MS))
    return fail (error, "joining", NULL);
  member->began_at_us = g_get_monotonic_time ();
  member->client = member->driver->join (run->server, participant);
  if (bench_wait (has_joined, member, JOIN_MS) && bench_participant_get_state (participant).failure == NULL)
    return TRUE;
  return fail (error, sends ? "a publisher's join" : "a subscriber's join", participant);
}

static guint
count_tracks_wanted (const Run *run, const BenchParticipant *participant)
{
  guint n_publishers = run->n_publishers - bench_participant_sends (participant);

  return bench_participant_receives (participant) ? TRACKS_PER_PUBLISHER * n_publishers : 0;
}

/* Returns: (nullable): one who lacks a track. */
static const BenchParticipant *
find_lacking (const Run *run)
{
  for (guint i = 0; i < run->members->len; i++)
    {
      const BenchParticipant *participant = ((Member *)g_ptr_array_index (run->members, i))->participant;

      if (bench_participant_get_state (participant).received.n_tracks < count_tracks_wanted (run, participant))
        return participant;
    }
  return NULL;
}

static gboolean
is_settled (gpointer run)
{
  return find_lacking (run) == NULL;
}

static gboolean
join_everybody (Run *run, GError **error)
{
  gboolean is_meeting = run->one->shape == BENCH_MEETING;
  const BenchDriver *driver = bench_server_get_driver (run->server);

  if (!is_meeting && !join (run, TRUE, FALSE, FALSE, error))
    return FALSE;
  for (guint i = 0; i < run->one->n; i++)
    {
      if (!join (run, is_meeting, TRUE, !is_meeting && i + N_TIMED_JOINS >= run->one->n, error))
        return FALSE;
    }
  for (guint i = 0; i < run->members->len && driver->everybody_is_here != NULL; i++)
    driver->everybody_is_here (((Member *)g_ptr_array_index (run->members, i))->client);
  return bench_wait (is_settled, run, SETTLE_MS)
         || fail (error, "not everybody receives everybody", find_lacking (run));
}

/* -- measuring -- */

static Reading
take_reading (const Run *run)
{
  struct timespec time;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &time);
  return (Reading){
    .time_ns = bench_monotonic_ns (),
    .server = bench_process_measure (bench_server_get_process (run->server)),
    .generator_ns = time.tv_sec * G_GINT64_CONSTANT (1000000000) + time.tv_nsec,
    .machine = bench_machine_measure (),
  };
}

static void
fill_usage (double *figures, const Run *run, const Reading *begin, const Reading *end)
{
  double window_ns = (double)(end->time_ns - begin->time_ns);
  double cpu_ns = (double)(end->server.cpu_ns - begin->server.cpu_ns);
  double generator_ns = (double)(end->generator_ns - begin->generator_ns);
  double machine_ns = (double)(end->machine.busy_ns - begin->machine.busy_ns);
  double n_switches = (double)(end->server.n_switches - begin->server.n_switches);
  double n_participants = run->members->len;

  figures[BENCH_WINDOW_S] = window_ns / 1e9;
  figures[BENCH_CPU_US_PER_PACKET] = cpu_ns / 1e3 / figures[BENCH_N_RECEIVED];
  figures[BENCH_CPU_SHARE] = cpu_ns / window_ns;
  figures[BENCH_SWITCHES_PER_PACKET] = n_switches / figures[BENCH_N_RECEIVED];
  figures[BENCH_RSS_KIB_PER_PARTICIPANT] = ((double)end->server.rss_kib - (double)run->empty.rss_kib) / n_participants;
  figures[BENCH_THREADS_PER_PARTICIPANT]
      = ((double)end->server.n_threads - (double)run->empty.n_threads) / n_participants;
  figures[BENCH_GENERATOR_SHARE] = generator_ns / window_ns;
  figures[BENCH_OTHERS_SHARE] = MAX (0, machine_ns - cpu_ns - generator_ns) / window_ns;
}

static void
fill_packets (double *figures, const Run *run)
{
  const BenchHistogram *latencies = bench_tally_get_latencies (run->tally);
  /* In a meeting, each packet is for everybody but the sender. */
  guint n_receivers = run->one->shape == BENCH_MEETING ? run->one->n - 1 : run->one->n;
  double n_expected = (double)bench_tally_get_sent (run->tally) * n_receivers;
  double n_received = (double)bench_tally_get_received (run->tally);

  figures[BENCH_N_EXPECTED] = n_expected;
  figures[BENCH_N_RECEIVED] = n_received;
  figures[BENCH_LOST_SHARE] = (n_expected - n_received) / n_expected;
  figures[BENCH_N_DUPLICATES] = (double)bench_tally_get_duplicates (run->tally);
  figures[BENCH_LATENCY_P50_US] = bench_histogram_get_quantile_us (latencies, 0.50);
  figures[BENCH_LATENCY_P99_US] = bench_histogram_get_quantile_us (latencies, 0.99);
}

static int
compare (gconstpointer one, gconstpointer other)
{
  return *(const gint64 *)one < *(const gint64 *)other ? -1 : *(const gint64 *)one > *(const gint64 *)other;
}

static double
quantile (GArray *sorted, double fraction)
{
  if (sorted->len == 0)
    return NAN;
  return (double)g_array_index (sorted, gint64, (guint)MAX (0, ceil (fraction * sorted->len) - 1));
}

static void
fill_joins (double *figures, const Run *run)
{
  g_autoptr (GArray) packets = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GArray) pictures = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (guint i = 0; i < run->members->len; i++)
    {
      const Member *member = g_ptr_array_index (run->members, i);
      BenchSubscriberState state = bench_participant_get_state (member->participant).received;
      gint64 packet_us = state.first_packet_us - member->began_at_us;
      gint64 picture_us = state.first_keyframe_us - member->began_at_us;

      if (!member->is_timed)
        continue;
      g_array_append_val (packets, packet_us);
      g_array_append_val (pictures, picture_us);
    }
  g_array_sort (packets, compare);
  g_array_sort (pictures, compare);
  figures[BENCH_FIRST_PACKET_P50_US] = quantile (packets, 0.50);
  figures[BENCH_FIRST_PACKET_P95_US] = quantile (packets, 0.95);
  figures[BENCH_FIRST_PICTURE_P50_US] = quantile (pictures, 0.50);
  figures[BENCH_FIRST_PICTURE_P95_US] = quantile (pictures, 0.95);
}

static void
fill_doubts (BenchResult *result, const Run *run)
{
  for (guint i = 0; i < run->members->len; i++)
    {
      const Member *member = g_ptr_array_index (run->members, i);
      BenchSubscriberState state = bench_participant_get_state (member->participant).received;

      result->figures[BENCH_N_OVERFLOWED] += (double)state.n_overflowed;
      result->figures[BENCH_N_REFUSED] += (double)state.n_refused;
      if (state.profile != NULL)
        result->profile = g_intern_string (state.profile);
    }
}

/* Returns: (nullable): one who failed. */
static const BenchParticipant *
find_failed (const Run *run)
{
  for (guint i = 0; i < run->members->len; i++)
    {
      const BenchParticipant *participant = ((Member *)g_ptr_array_index (run->members, i))->participant;

      if (bench_participant_get_state (participant).failure != NULL)
        return participant;
    }
  return NULL;
}

static gboolean
measure (Run *run, guint seconds, BenchResult *result, GError **error)
{
  Reading begin;
  Reading end;

  if (!bench_wait_ms (WARM_UP_MS))
    return fail (error, "warming up", NULL);
  bench_tally_open (run->tally);
  begin = take_reading (run);
  if (!bench_wait_ms (seconds * 1000))
    return fail (error, "measuring", NULL);
  bench_tally_close (run->tally);
  end = take_reading (run);
  if (!bench_wait_ms (DRAIN_MS))
    return fail (error, "measuring", NULL);
  if (!bench_process_is_running (bench_server_get_process (run->server)))
    return fail (error, "the server ended", NULL);
  if (find_failed (run) != NULL)
    return fail (error, "a connection was lost", find_failed (run));
  if (bench_tally_get_received (run->tally) == 0)
    return fail (error, "no packet was forwarded", NULL);
  fill_packets (result->figures, run);
  fill_usage (result->figures, run, &begin, &end);
  fill_joins (result->figures, run);
  fill_doubts (result, run);
  return TRUE;
}

/* -- all of it -- */

static void
run_clear (Run *run)
{
  g_clear_handle_id (&run->tick_id, g_source_remove);
  for (guint i = run->members->len; i-- > 0;)
    member_free (g_ptr_array_index (run->members, i));
  g_ptr_array_unref (run->members);
  g_clear_pointer (&run->server, bench_server_stop);
  bench_tally_free (run->tally);
}

static gboolean
run_case (Run *run, const BenchDriver *driver, guint seconds, BenchResult *result, GError **error)
{
  run->server = bench_server_start (driver, error);
  if (run->server == NULL)
    return FALSE;
  run->empty = bench_process_measure (bench_server_get_process (run->server));
  run->tick_id = g_timeout_add (TICK_MS, on_tick, run);
  return join_everybody (run, error) && measure (run, seconds, result, error);
}

BenchResult *
bench_case_run (const BenchCase *one, BenchNetwork *network, const BenchDriver *driver, guint seconds)
{
  BenchResult *result = g_new0 (BenchResult, 1);
  g_autoptr (GError) error = NULL;
  Run run = { .one = one, .network = network, .tally = bench_tally_new (), .members = g_ptr_array_new () };

  if (!run_case (&run, driver, seconds, result, &error))
    result->failure = g_strdup (error->message);
  run_clear (&run);
  return result;
}
