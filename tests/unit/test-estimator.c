/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The estimate, over links that are made up. */
#include "network-model.h"
#include "salon-transport-feedback.h"

#define KBPS 1000u
#define MBPS 1000000u
#define MS G_TIME_SPAN_MILLISECOND
#define S G_TIME_SPAN_SECOND

static const SalonBandwidthBounds bounds = { .min_bps = 50 * KBPS, .start_bps = 1 * MBPS, .max_bps = 20 * MBPS };

typedef struct
{
  guint min_bps, max_bps;
  double mean_bps;
  double mean_queued_us;
} Summary;

/* Both flows (second: nullable) until a time; what becomes of the first one's estimate. */
static Summary
run_both (NetworkFlow *flow, NetworkFlow *second, gint64 *now_us, gint64 until_us)
{
  Summary summary = { .min_bps = G_MAXUINT };
  guint n = 0;

  for (; *now_us < until_us; *now_us += NETWORK_STEP_US, n++)
    {
      guint estimate_bps;

      network_flow_step (flow, *now_us);
      if (second != NULL)
        network_flow_step (second, *now_us);
      estimate_bps = salon_estimator_get_bps (&flow->estimator);
      summary.min_bps = MIN (summary.min_bps, estimate_bps);
      summary.max_bps = MAX (summary.max_bps, estimate_bps);
      summary.mean_bps += estimate_bps;
      summary.mean_queued_us += flow->queued_us;
    }
  summary.mean_bps /= n;
  summary.mean_queued_us /= n;
  g_test_message ("until %.1f s: %u ... %u, mean %.0f bit/s, %.0f ms in the queue", until_us / (double)S,
      summary.min_bps, summary.max_bps, summary.mean_bps, summary.mean_queued_us / MS);
  return summary;
}

static Summary
run (NetworkFlow *flow, gint64 *now_us, gint64 until_us)
{
  return run_both (flow, NULL, now_us, until_us);
}

static void
test_follows_the_link (void)
{
  NetworkLink link;
  NetworkFlow *flow;
  gint64 now_us = 0;
  Summary summary;

  network_link_init (&link, 3 * MBPS, 1);
  flow = network_flow_new (&link, &bounds, now_us);
  flow->media_bps = flow->need_bps = 2500 * KBPS;

  run (flow, &now_us, 2 * S);
  g_assert_cmpuint (salon_estimator_get_bps (&flow->estimator), >=, 2300 * KBPS);
  summary = run (flow, &now_us, 10 * S);
  g_assert_cmpuint (summary.min_bps, >=, 2000 * KBPS);

  link.rate_bps = 500 * KBPS;
  run (flow, &now_us, 12 * S);
  g_assert_cmpuint (salon_estimator_get_bps (&flow->estimator), <=, 550 * KBPS);
  run (flow, &now_us, 15 * S);
  summary = run (flow, &now_us, 40 * S);
  g_assert_cmpfloat (summary.mean_bps, >=, 350 * KBPS);
  g_assert_cmpuint (summary.max_bps, <=, 650 * KBPS);
  g_assert_cmpfloat (summary.mean_queued_us, <=, 100 * MS);

  link.rate_bps = 3 * MBPS;
  run (flow, &now_us, 52 * S);
  g_assert_cmpuint (salon_estimator_get_bps (&flow->estimator), >=, 2300 * KBPS);
  network_flow_free (flow);
  network_link_clear (&link);
}

/* 24 bits of it are told: they turn negative half a second after the start, or are from the beginning. */
static void
test_whatever_the_receivers_clock (void)
{
  static const gint64 starts[] = { 1 << 23, (1 << 23) - 8, (1 << 24) - 8 };

  for (guint i = 0; i < G_N_ELEMENTS (starts); i++)
    {
      gint64 now_us = starts[i] * SALON_TRANSPORT_FEEDBACK_TICK_US;
      gint64 start_us = now_us;
      NetworkLink link;
      NetworkFlow *flow;

      network_link_init (&link, 3 * MBPS, 1);
      flow = network_flow_new (&link, &bounds, now_us);
      flow->media_bps = flow->need_bps = 2500 * KBPS;
      run (flow, &now_us, start_us + 2 * S);
      g_assert_cmpuint (salon_estimator_get_bps (&flow->estimator), >=, 2300 * KBPS);
      g_assert_cmpuint (flow->estimator.n_lost, ==, 0);
      network_flow_free (flow);
      network_link_clear (&link);
    }
}

static void
test_bears_random_loss (void)
{
  NetworkLink link;
  NetworkFlow *flow;
  gint64 now_us = 0;
  Summary summary;

  network_link_init (&link, 5 * MBPS, 2);
  link.loss = 0.05;
  flow = network_flow_new (&link, &bounds, now_us);
  flow->media_bps = flow->need_bps = 2 * MBPS;
  run (flow, &now_us, 3 * S);
  summary = run (flow, &now_us, 60 * S);
  g_assert_cmpuint (summary.min_bps, >=, 1500 * KBPS);
  network_flow_free (flow);
  network_link_clear (&link);
}

/* Radio at its limit: less is lost of less, but not a smaller part. */
static void
test_bears_heavy_random_loss (void)
{
  NetworkLink link;
  NetworkFlow *flow;
  gint64 now_us = 0;
  Summary summary;

  network_link_init (&link, 5 * MBPS, 10);
  flow = network_flow_new (&link, &bounds, now_us);
  flow->media_bps = flow->need_bps = 2 * MBPS;
  run (flow, &now_us, 5 * S);
  link.loss = 0.2;
  run (flow, &now_us, 15 * S);
  summary = run (flow, &now_us, 60 * S);
  g_assert_cmpfloat (summary.mean_bps, >=, 1200 * KBPS);
  g_assert_cmpuint (summary.min_bps, >=, 600 * KBPS);
  /* It is over: what is lost from then on, is another thing; */
  g_assert_cmpfloat (flow->estimator.loss.own_loss, >, 0.1);
  link.loss = 0;
  run (flow, &now_us, 75 * S);
  g_assert_cmpfloat (flow->estimator.loss.own_loss, <, 0.05);
  /* as is that the link becomes narrow. */
  link.loss = 0.1;
  link.rate_bps = 500 * KBPS;
  run (flow, &now_us, 80 * S);
  summary = run (flow, &now_us, 105 * S);
  g_assert_cmpfloat (summary.mean_bps, <=, 600 * KBPS);
  network_flow_free (flow);
  network_link_clear (&link);
}

/* A link without a queue drops what is too much: no delay tells of it. */
static void
test_yields_to_heavy_loss (void)
{
  NetworkLink link;
  NetworkFlow *flow;
  gint64 now_us = 0;

  network_link_init (&link, 1 * MBPS, 3);
  link.queue_us = 8 * MS;
  flow = network_flow_new (&link, &bounds, now_us);
  flow->media_bps = flow->need_bps = 3 * MBPS;
  run (flow, &now_us, 10 * S);
  g_assert_cmpuint (salon_estimator_get_bps (&flow->estimator), <=, 1300 * KBPS);
  g_assert_cmpuint (salon_estimator_get_bps (&flow->estimator), >=, 200 * KBPS);
  network_flow_free (flow);
  network_link_clear (&link);
}

static void
test_bears_jitter (void)
{
  NetworkLink link;
  NetworkFlow *flow;
  gint64 now_us = 0;
  Summary summary;

  network_link_init (&link, 10 * MBPS, 4);
  link.jitter_us = 40 * MS;
  flow = network_flow_new (&link, &bounds, now_us);
  flow->media_bps = flow->need_bps = 2 * MBPS;
  run (flow, &now_us, 5 * S);
  summary = run (flow, &now_us, 60 * S);
  g_assert_cmpfloat (summary.mean_bps, >=, 1500 * KBPS);
  g_assert_cmpuint (summary.min_bps, >=, 1000 * KBPS);
  network_flow_free (flow);
  network_link_clear (&link);
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

static void
test_shares_fairly (void)
{
  NetworkLink link;
  NetworkFlow *first, *second;
  gint64 now_us = 0;
  double first_bps = 0, second_bps = 0;

  network_link_init (&link, 2 * MBPS, 5);
  first = network_flow_new (&link, &bounds, now_us);
  first->media_bps = first->need_bps = 3 * MBPS;
  run (first, &now_us, 10 * S);
  second = network_flow_new (&link, &bounds, now_us);
  second->media_bps = second->need_bps = 3 * MBPS;
  run_both (first, second, &now_us, 40 * S);
  first_bps = run_both (first, second, &now_us, 60 * S).mean_bps;
  second_bps = run_both (second, first, &now_us, 80 * S).mean_bps;
  g_assert_cmpfloat (first_bps, <=, 2.5 * second_bps);
  g_assert_cmpfloat (second_bps, <=, 2.5 * first_bps);
  g_assert_cmpfloat (first_bps + second_bps, >=, 1200 * KBPS);
  network_flow_free (first);
  network_flow_free (second);
  network_link_clear (&link);
}

/* Nothing is missing: nothing is tried. */
static void
test_probes_only_in_need (void)
{
  NetworkLink link;
  NetworkFlow *flow;
  gint64 now_us = 0;

  network_link_init (&link, 10 * MBPS, 6);
  flow = network_flow_new (&link, &bounds, now_us);
  flow->media_bps = flow->need_bps = 300 * KBPS;
  run (flow, &now_us, 20 * S);
  g_assert_cmpuint (flow->n_probes, ==, 0);
  flow->need_bps = 4 * MBPS;
  run (flow, &now_us, 22 * S);
  g_assert_cmpuint (flow->n_probes, >=, 1);
  g_assert_cmpuint (salon_estimator_get_bps (&flow->estimator), >=, 4 * MBPS);
  network_flow_free (flow);
  network_link_clear (&link);
}

/* What is tried and fails, costs nothing of what there is, and is not tried again and again. */
static void
test_failing_probes_do_no_harm (void)
{
  NetworkLink link;
  NetworkFlow *flow;
  gint64 now_us = 0;
  guint n_probes;
  Summary summary;

  network_link_init (&link, 500 * KBPS, 7);
  flow = network_flow_new (&link, &bounds, now_us);
  flow->media_bps = 300 * KBPS;
  flow->need_bps = 4 * MBPS;
  run (flow, &now_us, 5 * S);
  n_probes = flow->n_probes;
  summary = run (flow, &now_us, 65 * S);
  g_assert_cmpuint (summary.min_bps, >=, flow->media_bps);
  g_assert_cmpuint (flow->n_probes - n_probes, <=, 20);
  network_flow_free (flow);
  network_link_clear (&link);
}

/* A second of what is sent to one who gives no feedback, over a link that drops what is too much. */
static void
report_second (SalonEstimator *estimator, SalonSentHistory *history, guint capacity_bps, gint64 now_us)
{
  guint sent_bps = MIN (salon_estimator_get_bps (estimator), 1 * MBPS);
  guint n_packets = sent_bps / 8 / 1200;
  double lost = sent_bps > capacity_bps ? 1 - (double)capacity_bps / sent_bps : 0;

  for (guint i = 0; i < n_packets; i++)
    salon_sent_history_add (history, now_us, 1200);
  salon_estimator_take_report (estimator, history, n_packets, (guint)(lost * 256), 50 * MS, now_us);
}

/* Without feedback nothing is known, until reports tell of losses. */
static void
test_goes_by_reports (void)
{
  SalonEstimator estimator;
  g_autofree SalonSentHistory *history = g_new0 (SalonSentHistory, 1);
  gint64 now_us = S;

  salon_estimator_init (&estimator, &bounds, FALSE);
  for (guint i = 0; i < 5; i++, now_us += S)
    report_second (&estimator, history, 2 * MBPS, now_us);
  g_assert_cmpuint (salon_estimator_get_bps (&estimator), ==, bounds.max_bps);
  for (guint i = 0; i < 20; i++, now_us += S)
    report_second (&estimator, history, 500 * KBPS, now_us);
  g_assert_cmpuint (salon_estimator_get_bps (&estimator), <=, 600 * KBPS);
  g_assert_cmpuint (salon_estimator_get_bps (&estimator), >=, 400 * KBPS);
  for (guint i = 0; i < 60; i++, now_us += S)
    report_second (&estimator, history, 2 * MBPS, now_us);
  g_assert_cmpuint (salon_estimator_get_bps (&estimator), >=, 1 * MBPS);
}

/* The same losses twice would count for more. */
static void
test_ignores_reports_if_there_is_feedback (void)
{
  SalonEstimator estimator;
  g_autofree SalonSentHistory *history = g_new0 (SalonSentHistory, 1);

  salon_estimator_init (&estimator, &bounds, TRUE);
  for (gint64 now_us = S; now_us < 10 * S; now_us += S)
    {
      for (guint i = 0; i < 100; i++)
        salon_sent_history_add (history, now_us, 100);
      salon_estimator_take_report (&estimator, history, 100, 128, 50 * MS, now_us);
      g_assert_cmpuint (salon_estimator_get_bps (&estimator), ==, bounds.start_bps);
    }
}

/* A client that says the impossible, gets no more than is allowed, and no less. */
static void
test_stays_within_bounds (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (8);
  SalonEstimator estimator;
  g_autofree SalonSentHistory *history = g_new0 (SalonSentHistory, 1);
  guint8 data[NETWORK_FEEDBACK_MAX_BYTES];

  salon_estimator_init (&estimator, &bounds, TRUE);
  for (gint64 now_us = 1; now_us < 20 * S; now_us += 20 * MS)
    {
      gint64 received_us[32];
      guint16 first = history->next + g_rand_int_range (random, -40, 20);
      gsize size;

      for (guint i = 0; i < 16; i++)
        salon_sent_history_add (history, now_us, g_rand_int_range (random, 0, 65536));
      for (guint i = 0; i < G_N_ELEMENTS (received_us); i++)
        received_us[i] = g_rand_int_range (random, -1, G_MAXINT32) * (gint64)g_rand_int_range (random, 1, 1000);
      size = network_write_feedback (data, first, received_us, G_N_ELEMENTS (received_us), 0);
      salon_estimator_take_feedback (&estimator, history, data, size, now_us);
      if (salon_estimator_begin_probe (&estimator, history, G_MAXUINT, now_us))
        salon_prober_get_due (&estimator.prober, history, now_us + S);
      g_assert_cmpuint (salon_estimator_get_bps (&estimator), >=, bounds.min_bps);
      g_assert_cmpuint (salon_estimator_get_bps (&estimator), <=, bounds.max_bps);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/estimator/follows-the-link", test_follows_the_link);
  g_test_add_func ("/estimator/whatever-the-receiver-s-clock", test_whatever_the_receivers_clock);
  g_test_add_func ("/estimator/bears-random-loss", test_bears_random_loss);
  g_test_add_func ("/estimator/bears-heavy-random-loss", test_bears_heavy_random_loss);
  g_test_add_func ("/estimator/yields-to-heavy-loss", test_yields_to_heavy_loss);
  g_test_add_func ("/estimator/bears-jitter", test_bears_jitter);
  g_test_add_func ("/trendline/gets-used-to-others", test_gets_used_to_others);
  g_test_add_func ("/rate-control/is-not-cut-to-the-sound", test_is_not_cut_to_the_sound);
  g_test_add_func ("/estimator/shares-fairly", test_shares_fairly);
  g_test_add_func ("/estimator/probes-only-in-need", test_probes_only_in_need);
  g_test_add_func ("/estimator/failing-probes-do-no-harm", test_failing_probes_do_no_harm);
  g_test_add_func ("/estimator/goes-by-reports", test_goes_by_reports);
  g_test_add_func ("/estimator/ignores-reports-if-there-is-feedback", test_ignores_reports_if_there_is_feedback);
  g_test_add_func ("/estimator/stays-within-bounds", test_stays_within_bounds);
  return g_test_run ();
}
