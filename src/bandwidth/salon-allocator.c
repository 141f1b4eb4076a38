/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-allocator.h"

/* How much more than the need there has to be for more. */
#define MARGIN 1.1
/* How much less there may be than what is had takes: the estimate is careful, and varies. If the link is really too
 * narrow, it soon goes below. */
#define SLACK 0.85
#define MIN_DWELL_US (2 * G_TIME_SPAN_SECOND)
#define MAX_DWELL_US (32 * G_TIME_SPAN_SECOND)
/* What goes down so soon after it went up, went up for nothing; what stays so long, didn't. */
#define FLAP_US (10 * G_TIME_SPAN_SECOND)
#define STABLE_US (60 * G_TIME_SPAN_SECOND)

typedef struct
{
  double budget_bps;
  double used_bps;
} Budget;

const char *
salon_reason_to_string (SalonReason reason)
{
  static const char *const names[] = {
    [SALON_REASON_NONE] = "none",
    [SALON_REASON_SIZE] = "size",
    [SALON_REASON_PUBLISHER] = "publisher",
    [SALON_REASON_BANDWIDTH] = "bandwidth",
    [SALON_REASON_PRIORITY] = "priority",
    [SALON_REASON_CPU] = "cpu",
  };

  return names[reason];
}

/* -- order -- */

/* Who is sent already, goes before who would have to be resumed. */
static gint
compare_importance (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const SalonShare *first = *(SalonShare *const *)a, *second = *(SalonShare *const *)b;

  if (first->is_audio != second->is_audio)
    return first->is_audio ? -1 : 1;
  if (first->priority != second->priority)
    return first->priority < second->priority ? -1 : 1;
  if (first->area_pixels != second->area_pixels)
    return first->area_pixels > second->area_pixels ? -1 : 1;
  if ((first->step < 0) != (second->step < 0))
    return first->step < 0 ? 1 : -1;
  return 0;
}

/* Layers come and go: the step that it has is the highest that is not above its layer. */
static void
find_step (SalonShare *share)
{
  gint step = -1;

  for (guint i = 0; share->step >= 0 && i < share->n_steps; i++)
    {
      const SalonStep *candidate = &share->steps[i];

      if (candidate->spatial < share->layer.spatial
          || (candidate->spatial == share->layer.spatial && candidate->temporal <= share->layer.temporal))
        step = i;
    }
  share->step = step;
}

/* -- what fits -- */

static double
get_rate (const SalonShare *share, gint step)
{
  return step < 0 ? 0 : share->steps[step].rate_bps;
}

static gboolean
lift (SalonShare *share, Budget *budget)
{
  gint next = share->reach + 1;
  double used_bps = budget->used_bps + get_rate (share, next) - get_rate (share, share->reach);

  if (used_bps * (next > share->step ? MARGIN : SLACK) > budget->budget_bps)
    return FALSE;
  share->reach = next;
  budget->used_bps = used_bps;
  return TRUE;
}

static gboolean
is_full (const SalonShare *share)
{
  return share->is_audio || share->reach + 1 >= (gint)share->n_steps;
}

/* One step for each that has not yet reached it. */
static gboolean
raise_each (SalonShare **shares, guint n_shares, Budget *budget)
{
  gboolean is_raised = FALSE;

  for (guint i = 0; i < n_shares; i++)
    {
      if (!is_full (shares[i]) && lift (shares[i], budget))
        is_raised = TRUE;
    }
  return is_raised;
}

/* Returns: what sound takes. */
static double
begin (SalonShare **shares, guint n_shares)
{
  double audio_bps = 0;

  for (guint i = 0; i < n_shares; i++)
    {
      SalonShare *share = shares[i];

      find_step (share);
      share->reach = -1;
      if (share->is_audio)
        {
          share->reach = (gint)share->n_steps - 1;
          audio_bps += get_rate (share, share->reach);
        }
    }
  return audio_bps;
}

static void
distribute (SalonShare **shares, guint n_shares, Budget *budget)
{
  raise_each (shares, n_shares, budget);
  for (guint from = 0, to; from < n_shares; from = to)
    {
      for (to = from + 1; to < n_shares && shares[to]->priority == shares[from]->priority;)
        to++;
      while (raise_each (shares + from, to - from, budget))
        ;
    }
}

/* -- what comes of it -- */

static void
note_raise (SalonShare *share, gint64 now_us)
{
  if (share->lowered_us == 0 || now_us - share->lowered_us > STABLE_US)
    share->dwell_us = MIN_DWELL_US;
  share->raised_us = now_us;
}

static void
note_fall (SalonShare *share, gint64 now_us)
{
  if (share->raised_us != 0 && now_us - share->raised_us < FLAP_US)
    share->dwell_us = MIN (2 * share->dwell_us, MAX_DWELL_US);
  share->lowered_us = now_us;
}

void
salon_share_forget_falls (SalonShare *share)
{
  share->raised_us = share->lowered_us = share->dwell_us = 0;
}

static SalonReason
explain (const SalonShare *share, const Budget *budget)
{
  if (share->step + 1 >= (gint)share->n_steps)
    return share->cap;
  return get_rate (share, share->step + 1) * MARGIN <= budget->budget_bps ? SALON_REASON_PRIORITY
                                                                          : SALON_REASON_BANDWIDTH;
}

/* Whoever has to dwell, keeps what it could have: else another would get it, and have to give it back. What becomes
 * less because less is sent or wanted, may become more again as soon as more is. */
static void
settle (SalonShare *share, const Budget *budget, gint64 now_us)
{
  gboolean must_dwell = !share->is_audio && share->lowered_us != 0 && now_us - share->lowered_us < share->dwell_us;
  gint step = must_dwell ? MIN (share->reach, share->step) : share->reach;

  if (step > share->step)
    note_raise (share, now_us);
  else if (step < share->step && step + 1 < (gint)share->n_steps)
    note_fall (share, now_us);
  share->step = step;
  if (step >= 0)
    share->layer = share->steps[step];
  share->reason = explain (share, budget);
}

guint
salon_allocator_run (SalonShare **shares, guint n_shares, guint estimate_bps, gint64 now_us)
{
  Budget budget = { 0 };
  double audio_bps = begin (shares, n_shares);
  double need_bps = audio_bps;

  budget.budget_bps = estimate_bps - audio_bps;
  g_qsort_with_data (shares, n_shares, sizeof *shares, compare_importance, NULL); /* is stable */
  distribute (shares, n_shares, &budget);
  for (guint i = 0; i < n_shares; i++)
    {
      settle (shares[i], &budget, now_us);
      if (!shares[i]->is_audio)
        need_bps += get_rate (shares[i], (gint)shares[i]->n_steps - 1) * MARGIN;
    }
  return (guint)MIN (need_bps, G_MAXUINT);
}
