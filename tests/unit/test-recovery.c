/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A picture over a line that loses packets by chance, and no longer does: the estimate, and what is made of it. */
#include "network-model.h"
#include "salon-allocator.h"

#define KBPS 1000u
#define MBPS 1000000u
#define MS G_TIME_SPAN_MILLISECOND
#define S G_TIME_SPAN_SECOND

#define SOUND_BPS (48 * KBPS)
#define PICTURE_BPS (500 * KBPS)
#define LOSS_BEGINS_US (10 * S)
#define LOSS_ENDS_US (40 * S)
/* Chance plays a part: each is played with so many. */
#define N_SEEDS 20

static const SalonBandwidthBounds bounds = { .min_bps = 50 * KBPS, .start_bps = 500 * KBPS, .max_bps = 20 * MBPS };

/* Of both directions of a line that is wide; its delay each way is another once the losses end. */
typedef struct
{
  double loss;
  gint64 delay_us;
  gint64 delay_after_us;
} Weather;

/* What became of it, in the worst of all cases. */
typedef struct
{
  gint64 resting_us;  /* how long the picture rested, while there were losses */
  gint64 recovery_us; /* from the losses' end until the estimate is 80 % of what is wanted, for good */
  gint64 return_us;   /* and until the picture is there, for good */
} Outcome;

typedef struct
{
  NetworkLink link;
  SalonEstimator estimator;
  NetworkFlow *flow; /* (owned) */
  SalonShare sound, picture;
  SalonSoundShare sound_share;
} Call;

static void
begin (Call *self, guint32 seed)
{
  *self = (Call){ .sound = { .is_audio = TRUE, .step = -1, .n_steps = 1, .steps = { { .rate_bps = SOUND_BPS } } },
    .picture
    = { .priority = SALON_PRIORITY_SPEAKER, .step = -1, .n_steps = 1, .steps = { { .rate_bps = PICTURE_BPS } } } };
  network_link_init (&self->link, 100 * MBPS, seed);
  salon_estimator_init (&self->estimator, &bounds);
  self->flow = network_flow_new (&self->link, &self->estimator, 0);
  self->flow->has_sound = self->flow->is_open_loop = TRUE;
}

static void
end (Call *self)
{
  network_flow_free (self->flow);
  network_link_clear (&self->link);
}

static void
make_weather (Call *self, const Weather *weather, gint64 now_us)
{
  gboolean is_bad = now_us >= LOSS_BEGINS_US && now_us < LOSS_ENDS_US;

  self->link.loss = self->link.feedback_loss = is_bad ? weather->loss : 0;
  self->link.delay_us = now_us < LOSS_ENDS_US ? weather->delay_us : weather->delay_after_us;
}

static void
share (Call *self, gint64 now_us)
{
  SalonShare *shares[] = { &self->sound, &self->picture };
  SalonEstimate estimate = salon_estimator_get (&self->estimator);

  self->flow->need_bps = salon_allocator_run (shares, G_N_ELEMENTS (shares), &self->sound_share, &estimate, now_us);
  self->flow->media_bps = self->picture.step < 0 ? 0 : PICTURE_BPS;
}

static Outcome
play (guint32 seed, const Weather *weather)
{
  Outcome outcome = { 0 };
  Call call;

  begin (&call, seed);
  for (gint64 now_us = 0; now_us < LOSS_ENDS_US + 30 * S; now_us += NETWORK_STEP_US)
    {
      gint64 after_us = now_us - LOSS_ENDS_US;
      gboolean is_resting;

      make_weather (&call, weather, now_us);
      if (now_us % network_get_interval_us (now_us) == 0)
        share (&call, now_us);
      network_flow_step (call.flow, now_us);
      is_resting = call.picture.step < 0;
      if (is_resting && now_us >= LOSS_BEGINS_US && after_us < 0)
        outcome.resting_us += NETWORK_STEP_US;
      if (is_resting && after_us >= 0)
        outcome.return_us = after_us;
      if (after_us >= 0 && salon_estimator_get_bps (&call.estimator) < (SOUND_BPS + PICTURE_BPS) / 10 * 8)
        outcome.recovery_us = after_us;
    }
  end (&call);
  return outcome;
}

static Outcome
play_all (const Weather *weather)
{
  Outcome worst = { 0 };

  for (guint32 seed = 1; seed <= N_SEEDS; seed++)
    {
      Outcome outcome = play (seed, weather);

      worst.resting_us = MAX (worst.resting_us, outcome.resting_us);
      worst.recovery_us = MAX (worst.recovery_us, outcome.recovery_us);
      worst.return_us = MAX (worst.return_us, outcome.return_us);
    }
  g_test_message ("%.0f %% lost: rests for %.1f s, estimate back after %.1f s, picture after %.1f s",
      100 * weather->loss, worst.resting_us / (double)S, worst.recovery_us / (double)S, worst.return_us / (double)S);
  return worst;
}

/* What is lost at any rate costs no more of the picture than to find that out. */
static void
test_losses_take_no_picture (void)
{
  static const gint64 delays_us[] = { 10 * MS, 150 * MS };

  for (guint i = 0; i < G_N_ELEMENTS (delays_us); i++)
    {
      const Weather some = { 0.05, delays_us[i], delays_us[i] };
      const Weather more = { 0.1, delays_us[i], delays_us[i] };
      const Weather many = { 0.2, delays_us[i], delays_us[i] };

      g_assert_cmpint (play_all (&some).resting_us, <=, 1 * S);
      g_assert_cmpint (play_all (&more).resting_us, <=, 6 * S);
      g_assert_cmpint (play_all (&many).resting_us, <=, 8 * S);
    }
}

static void
assert_comes_back (const Weather *weather)
{
  Outcome outcome = play_all (weather);

  g_assert_cmpint (outcome.resting_us, <=, 8 * S);
  g_assert_cmpint (outcome.recovery_us, <=, 3 * S);
  g_assert_cmpint (outcome.return_us, <=, 4 * S);
}

static void
test_comes_back_after_losses (void)
{
  assert_comes_back (&(Weather){ 0.1, 150 * MS, 150 * MS });
  assert_comes_back (&(Weather){ 0.2, 150 * MS, 150 * MS });
  /* The client roams: nothing is lost there, but the way is longer, which looks like a queue. */
  assert_comes_back (&(Weather){ 0.2, 50 * MS, 150 * MS });
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/recovery/losses-take-no-picture", test_losses_take_no_picture);
  g_test_add_func ("/recovery/comes-back-after-losses", test_comes_back_after_losses);
  return g_test_run ();
}
