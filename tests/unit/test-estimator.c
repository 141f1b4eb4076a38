/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The estimate, over links that are made up. */
#include "network-model.h"
#include "salon-transport-feedback.h"

#define KBPS 1000u
#define MBPS 1000000u
#define MS G_TIME_SPAN_MILLISECOND
#define S G_TIME_SPAN_SECOND

static const SalonBandwidthBounds bounds = { .min_bps = 50 * KBPS, .start_bps = 1 * MBPS, .max_bps = 20 * MBPS };

/* One receiver, one connection to it, and the link between: of what rate and chance, the test says. */
typedef struct
{
  guint rate_bps;
  guint32 seed;
} Line;

typedef struct
{
  NetworkLink link;
  SalonEstimator estimator;
  NetworkFlow *flow; /* (owned) */
  gint64 now_us;
} Fixture;

/* At a time of one's own. */
static void
begin (Fixture *f, const Line *line, gint64 now_us)
{
  network_link_init (&f->link, line->rate_bps, line->seed);
  salon_estimator_init (&f->estimator, &bounds);
  f->flow = network_flow_new (&f->link, &f->estimator, now_us);
  f->now_us = now_us;
}

static void
end (Fixture *f)
{
  network_flow_free (f->flow);
  network_link_clear (&f->link);
}

static void
set_up (Fixture *f, gconstpointer line)
{
  begin (f, line, 0);
}

static void
tear_down (Fixture *f, gconstpointer line)
{
  end (f);
}

static void
want (NetworkFlow *flow, guint media_bps)
{
  flow->media_bps = flow->need_bps = media_bps;
}

static guint
get_bps (const Fixture *f)
{
  return salon_estimator_get_bps (&f->estimator);
}

typedef struct
{
  guint min_bps, max_bps;
  double mean_bps;
  double mean_queued_us;
} Summary;

/* The fixture's flow and a second one (nullable), until a time; what becomes of an estimate. */
static Summary
run_both (Fixture *f, NetworkFlow *second, const SalonEstimator *watched, gint64 until_us)
{
  Summary summary = { .min_bps = G_MAXUINT };
  guint n = 0;

  for (; f->now_us < until_us; f->now_us += NETWORK_STEP_US, n++)
    {
      guint estimate_bps;

      network_flow_step (f->flow, f->now_us);
      if (second != NULL)
        network_flow_step (second, f->now_us);
      estimate_bps = salon_estimator_get_bps (watched);
      summary.min_bps = MIN (summary.min_bps, estimate_bps);
      summary.max_bps = MAX (summary.max_bps, estimate_bps);
      summary.mean_bps += estimate_bps;
      summary.mean_queued_us += f->flow->queued_us;
    }
  summary.mean_bps /= n;
  summary.mean_queued_us /= n;
  g_test_message ("until %.1f s: %u ... %u, mean %.0f bit/s, %.0f ms in the queue", until_us / (double)S,
      summary.min_bps, summary.max_bps, summary.mean_bps, summary.mean_queued_us / MS);
  return summary;
}

static Summary
run (Fixture *f, gint64 until_us)
{
  return run_both (f, NULL, &f->estimator, until_us);
}

static void
test_follows_the_link (Fixture *f, gconstpointer line)
{
  Summary summary;

  want (f->flow, 2500 * KBPS);

  run (f, 2 * S);
  g_assert_cmpuint (get_bps (f), >=, 2300 * KBPS);
  summary = run (f, 10 * S);
  g_assert_cmpuint (summary.min_bps, >=, 2000 * KBPS);

  f->link.rate_bps = 500 * KBPS;
  run (f, 12 * S);
  g_assert_cmpuint (get_bps (f), <=, 550 * KBPS);
  run (f, 15 * S);
  summary = run (f, 40 * S);
  g_assert_cmpfloat (summary.mean_bps, >=, 350 * KBPS);
  g_assert_cmpuint (summary.max_bps, <=, 650 * KBPS);
  g_assert_cmpfloat (summary.mean_queued_us, <=, 100 * MS);

  f->link.rate_bps = 3 * MBPS;
  run (f, 52 * S);
  g_assert_cmpuint (get_bps (f), >=, 2300 * KBPS);
}

/* 24 bits of it are told: they turn negative half a second after the start, or are from the beginning. */
static void
test_whatever_the_receivers_clock (void)
{
  static const gint64 starts[] = { 1 << 23, (1 << 23) - 8, (1 << 24) - 8 };
  static const Line line = { 3 * MBPS, 1 };

  for (guint i = 0; i < G_N_ELEMENTS (starts); i++)
    {
      gint64 start_us = starts[i] * SALON_TRANSPORT_FEEDBACK_TICK_US;
      Fixture f;

      begin (&f, &line, start_us);
      want (f.flow, 2500 * KBPS);
      run (&f, start_us + 2 * S);
      g_assert_cmpuint (get_bps (&f), >=, 2300 * KBPS);
      g_assert_cmpuint (f.flow->flow.n_lost, ==, 0);
      end (&f);
    }
}

static void
test_bears_random_loss (Fixture *f, gconstpointer line)
{
  Summary summary;

  f->link.loss = 0.05;
  want (f->flow, 2 * MBPS);
  run (f, 3 * S);
  summary = run (f, 60 * S);
  g_assert_cmpuint (summary.min_bps, >=, 1500 * KBPS);
}

/* Radio at its limit: less is lost of less, but not a smaller part. */
static void
test_bears_heavy_random_loss (Fixture *f, gconstpointer line)
{
  Summary summary;

  want (f->flow, 2 * MBPS);
  run (f, 5 * S);
  f->link.loss = 0.2;
  run (f, 15 * S);
  summary = run (f, 60 * S);
  g_assert_cmpfloat (summary.mean_bps, >=, 1200 * KBPS);
  g_assert_cmpuint (summary.min_bps, >=, 600 * KBPS);
  /* It is over: what is lost from then on, is another thing; */
  g_assert_cmpfloat (f->estimator.loss.own_loss, >, 0.1);
  f->link.loss = 0;
  run (f, 75 * S);
  g_assert_cmpfloat (f->estimator.loss.own_loss, <, 0.05);
  /* as is that the link becomes narrow. */
  f->link.loss = 0.1;
  f->link.rate_bps = 500 * KBPS;
  run (f, 80 * S);
  summary = run (f, 105 * S);
  g_assert_cmpfloat (summary.mean_bps, <=, 600 * KBPS);
}

/* A link without a queue drops what is too much: no delay tells of it. */
static void
test_yields_to_heavy_loss (Fixture *f, gconstpointer line)
{
  f->link.queue_us = 8 * MS;
  want (f->flow, 3 * MBPS);
  run (f, 10 * S);
  g_assert_cmpuint (get_bps (f), <=, 1300 * KBPS);
  g_assert_cmpuint (get_bps (f), >=, 200 * KBPS);
}

static void
test_bears_jitter (Fixture *f, gconstpointer line)
{
  Summary summary;

  f->link.jitter_us = 40 * MS;
  want (f->flow, 2 * MBPS);
  run (f, 5 * S);
  summary = run (f, 60 * S);
  g_assert_cmpfloat (summary.mean_bps, >=, 1500 * KBPS);
  g_assert_cmpuint (summary.min_bps, >=, 1000 * KBPS);
}

/* Others on the link, such as TCP, fill its queue whatever this one does: with a threshold that stayed, it would yield
 * until nothing is left. */
static void
test_gets_used_to_others (void)
{
  SalonTrendline trendline;
  SalonGroupDelta delta = { .sent_us = 33 * MS };
  gboolean was_over = FALSE;

  salon_trendline_init (&trendline);
  for (guint i = 0; i < 160; i++)
    {
      delta.received_us = delta.sent_us + (i < 80 ? 2500 : 2200);
      delta.arrival_us += delta.received_us;
      was_over |= salon_trendline_take (&trendline, &delta) == SALON_USAGE_OVER;
    }
  g_assert_true (was_over);
  g_assert_cmpint (trendline.usage, ==, SALON_USAGE_NORMAL);
}

/* A room whose pictures are paused: what comes late is not its fault. Then again, what does not arrive, is. */
static void
test_is_not_cut_to_the_sound (void)
{
  SalonRateControl control;
  gint64 now_us = S;

  salon_rate_control_init (&control, 1 * MBPS);
  for (guint i = 0; i < 10; i++, now_us += 100 * MS)
    salon_rate_control_update (&control, SALON_USAGE_OVER, 40 * KBPS, 40 * KBPS, 50 * MS, now_us);
  g_assert_cmpfloat (control.rate_bps, >=, 500 * KBPS);
  g_assert_cmpfloat (control.rate_bps, <, 900 * KBPS);
  salon_rate_control_update (&control, SALON_USAGE_OVER, 400 * KBPS, 200 * KBPS, 50 * MS, now_us);
  g_assert_cmpfloat (control.rate_bps, <=, 200 * KBPS);
}

/* Two receivers. */
static void
test_shares_fairly (Fixture *f, gconstpointer line)
{
  SalonEstimator other;
  NetworkFlow *second;
  double first_bps, second_bps;

  want (f->flow, 3 * MBPS);
  run (f, 10 * S);
  salon_estimator_init (&other, &bounds);
  second = network_flow_new (&f->link, &other, f->now_us);
  want (second, 3 * MBPS);
  run_both (f, second, &f->estimator, 40 * S);
  first_bps = run_both (f, second, &f->estimator, 60 * S).mean_bps;
  second_bps = run_both (f, second, &other, 80 * S).mean_bps;
  g_assert_cmpfloat (first_bps, <=, 2.5 * second_bps);
  g_assert_cmpfloat (second_bps, <=, 2.5 * first_bps);
  g_assert_cmpfloat (first_bps + second_bps, >=, 1200 * KBPS);
  network_flow_free (second);
}

/* Nothing is missing: nothing is tried. */
static void
test_probes_only_in_need (Fixture *f, gconstpointer line)
{
  want (f->flow, 300 * KBPS);
  run (f, 20 * S);
  g_assert_cmpuint (f->flow->n_probes, ==, 0);
  f->flow->need_bps = 4 * MBPS;
  run (f, 22 * S);
  g_assert_cmpuint (f->flow->n_probes, >=, 1);
  g_assert_cmpuint (get_bps (f), >=, 4 * MBPS);
  g_assert_cmpint (salon_estimator_get (&f->estimator).full_us, ==, 0);
}

/* What is tried and fails, costs nothing of what there is, and is not tried again and again; but it shows where the
 * link ends. */
static void
test_failing_probes_do_no_harm (Fixture *f, gconstpointer line)
{
  guint n_probes;
  Summary summary;

  f->flow->media_bps = 300 * KBPS;
  f->flow->need_bps = 4 * MBPS;
  run (f, 5 * S);
  n_probes = f->flow->n_probes;
  summary = run (f, 65 * S);
  g_assert_cmpuint (summary.min_bps, >=, f->flow->media_bps);
  g_assert_cmpuint (f->flow->n_probes - n_probes, <=, 20);
  g_assert_cmpint (salon_estimator_get (&f->estimator).full_us, >=, 50 * S);
}

/* Returns: (transfer full): one without a link, of an estimator that is initialised by it. */
static SalonFlow *
new_flow (SalonEstimator *estimator, gboolean has_feedback)
{
  SalonFlow *flow = g_new (SalonFlow, 1);

  salon_estimator_init (estimator, &bounds);
  salon_flow_init (flow);
  salon_estimator_add (estimator, flow, has_feedback);
  return flow;
}

/* A second of what is sent to one who gives no feedback, over a link that drops what is too much. */
static void
report_second (SalonEstimator *estimator, SalonFlow *flow, guint capacity_bps, gint64 now_us)
{
  guint sent_bps = MIN (salon_estimator_get_bps (estimator), 1 * MBPS);
  guint n_packets = sent_bps / 8 / 1200;
  double lost = sent_bps > capacity_bps ? 1 - (double)capacity_bps / sent_bps : 0;

  for (guint i = 0; i < n_packets; i++)
    salon_sent_history_add (&flow->history, now_us, 1200);
  salon_estimator_take_report (estimator, flow, n_packets, (guint)(lost * 256), 50 * MS, now_us);
}

/* Without feedback nothing is known, until reports tell of losses. */
static void
test_goes_by_reports (void)
{
  SalonEstimator estimator;
  g_autofree SalonFlow *flow = new_flow (&estimator, FALSE);
  gint64 now_us = S;

  for (guint i = 0; i < 5; i++, now_us += S)
    report_second (&estimator, flow, 2 * MBPS, now_us);
  g_assert_cmpuint (salon_estimator_get_bps (&estimator), ==, bounds.max_bps);
  for (guint i = 0; i < 20; i++, now_us += S)
    report_second (&estimator, flow, 500 * KBPS, now_us);
  g_assert_cmpuint (salon_estimator_get_bps (&estimator), <=, 600 * KBPS);
  g_assert_cmpuint (salon_estimator_get_bps (&estimator), >=, 400 * KBPS);
  for (guint i = 0; i < 60; i++, now_us += S)
    report_second (&estimator, flow, 2 * MBPS, now_us);
  g_assert_cmpuint (salon_estimator_get_bps (&estimator), >=, 1 * MBPS);
}

/* The same losses twice would count for more. */
static void
test_ignores_reports_if_there_is_feedback (void)
{
  SalonEstimator estimator;
  g_autofree SalonFlow *flow = new_flow (&estimator, TRUE);

  flow->heard_us = S;
  for (gint64 now_us = S; now_us < 10 * S; now_us += S)
    {
      for (guint i = 0; i < 100; i++)
        salon_sent_history_add (&flow->history, now_us, 100);
      salon_estimator_take_report (&estimator, flow, 100, 128, 50 * MS, now_us);
      g_assert_cmpuint (salon_estimator_get_bps (&estimator), ==, bounds.start_bps);
    }
}

static void
test_goes_by_reports_if_feedback_stays_away (void)
{
  SalonEstimator estimator;
  g_autofree SalonFlow *flow = new_flow (&estimator, TRUE);
  guint8 data[NETWORK_FEEDBACK_MAX_BYTES];
  const gint64 received_us[] = { 1000 };
  gint64 now_us = S;

  for (; now_us < 4 * S; now_us += S)
    {
      report_second (&estimator, flow, 2 * MBPS, now_us);
      g_assert_cmpuint (salon_estimator_get_bps (&estimator), ==, bounds.start_bps);
    }
  report_second (&estimator, flow, 2 * MBPS, now_us);
  g_assert_cmpuint (salon_estimator_get_bps (&estimator), ==, bounds.max_bps);
  now_us += S;
  for (guint i = 0; i < 20; i++, now_us += S)
    report_second (&estimator, flow, 500 * KBPS, now_us);
  g_assert_cmpuint (salon_estimator_get_bps (&estimator), <=, 600 * KBPS);
  /* It comes after all. */
  salon_estimator_take_feedback (&estimator, flow, data,
      network_write_feedback (data, (guint16)(flow->history.next - 1), received_us, 1, 0), now_us);
  g_assert_true (estimator.has_feedback);
  g_assert_cmpuint (salon_estimator_get_bps (&estimator), <=, bounds.start_bps);
}

/* Of what has no numbers, feedback can't tell. */
static void
test_waits_for_what_could_be_told (void)
{
  SalonEstimator estimator;
  g_autofree SalonFlow *flow = new_flow (&estimator, TRUE);

  for (gint64 now_us = S; now_us < 10 * S; now_us += S)
    salon_estimator_take_report (&estimator, flow, 100, 0, 50 * MS, now_us);
  g_assert_cmpuint (salon_estimator_get_bps (&estimator), ==, bounds.start_bps);
}

/* A client that says the impossible, gets no more than is allowed, and no less. */
static void
test_stays_within_bounds (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (8);
  SalonEstimator estimator;
  g_autofree SalonFlow *flow = new_flow (&estimator, TRUE);
  guint8 data[NETWORK_FEEDBACK_MAX_BYTES];

  for (gint64 now_us = 1; now_us < 20 * S; now_us += 20 * MS)
    {
      gint64 received_us[32];
      guint16 first = flow->history.next + g_rand_int_range (random, -40, 20);
      gsize size;

      for (guint i = 0; i < 16; i++)
        salon_sent_history_add (&flow->history, now_us, g_rand_int_range (random, 0, 65536));
      for (guint i = 0; i < G_N_ELEMENTS (received_us); i++)
        received_us[i] = g_rand_int_range (random, -1, G_MAXINT32) * (gint64)g_rand_int_range (random, 1, 1000);
      size = network_write_feedback (data, first, received_us, G_N_ELEMENTS (received_us), 0);
      salon_estimator_take_feedback (&estimator, flow, data, size, now_us);
      if (salon_estimator_begin_probe (&estimator, flow, G_MAXUINT, now_us))
        salon_estimator_get_due (&estimator, now_us + S);
      g_assert_cmpuint (salon_estimator_get_bps (&estimator), >=, bounds.min_bps);
      g_assert_cmpuint (salon_estimator_get_bps (&estimator), <=, bounds.max_bps);
    }
}

/* Those over a link. */
static const struct
{
  const char *path;
  Line line;
  void (*function) (Fixture *f, gconstpointer line);
} over_lines[] = {
  { "/estimator/follows-the-link", { 3 * MBPS, 1 }, test_follows_the_link },
  { "/estimator/bears-random-loss", { 5 * MBPS, 2 }, test_bears_random_loss },
  { "/estimator/bears-heavy-random-loss", { 5 * MBPS, 10 }, test_bears_heavy_random_loss },
  { "/estimator/yields-to-heavy-loss", { 1 * MBPS, 3 }, test_yields_to_heavy_loss },
  { "/estimator/bears-jitter", { 10 * MBPS, 4 }, test_bears_jitter },
  { "/estimator/shares-fairly", { 2 * MBPS, 5 }, test_shares_fairly },
  { "/estimator/probes-only-in-need", { 10 * MBPS, 6 }, test_probes_only_in_need },
  { "/estimator/failing-probes-do-no-harm", { 500 * KBPS, 7 }, test_failing_probes_do_no_harm },
};

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (over_lines); i++)
    g_test_add (over_lines[i].path, Fixture, &over_lines[i].line, set_up, over_lines[i].function, tear_down);
  g_test_add_func ("/estimator/whatever-the-receiver-s-clock", test_whatever_the_receivers_clock);
  g_test_add_func ("/trendline/gets-used-to-others", test_gets_used_to_others);
  g_test_add_func ("/rate-control/is-not-cut-to-the-sound", test_is_not_cut_to_the_sound);
  g_test_add_func ("/estimator/goes-by-reports", test_goes_by_reports);
  g_test_add_func ("/estimator/ignores-reports-if-there-is-feedback", test_ignores_reports_if_there_is_feedback);
  g_test_add_func ("/estimator/goes-by-reports-if-feedback-stays-away", test_goes_by_reports_if_feedback_stays_away);
  g_test_add_func ("/estimator/waits-for-what-could-be-told", test_waits_for_what_could_be_told);
  g_test_add_func ("/estimator/stays-within-bounds", test_stays_within_bounds);
  return g_test_run ();
}
