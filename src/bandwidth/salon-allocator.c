/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-allocator.h"

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

static gboolean
talks (const SalonShare *share)
{
  return share->silent_ms < (share->step >= 0 ? SALON_VOICE_KEEP_MS : SALON_VOICE_ASK_MS);
}

/* Whoever begins to talk comes in place of one who is silent; who has said something just now, is not cut off for it.
 */
static gint
compare_voices (const SalonShare *first, const SalonShare *second)
{
  gboolean first_leads = first->priority == SALON_PRIORITY_SPEAKER;

  if ((first->n_steps > 0) != (second->n_steps > 0))
    return first->n_steps > 0 ? -1 : 1;
  if (talks (first) != talks (second))
    return talks (first) ? -1 : 1;
  if (first_leads != (second->priority == SALON_PRIORITY_SPEAKER))
    return first_leads ? -1 : 1;
  if ((first->step < 0) != (second->step < 0))
    return first->step < 0 ? 1 : -1;
  return first->silent_ms == second->silent_ms ? 0 : first->silent_ms < second->silent_ms ? -1 : 1;
}

/* Who is sent already, goes before who would have to be resumed. */
static gint
compare_importance (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const SalonShare *first = *(SalonShare *const *)a, *second = *(SalonShare *const *)b;

  if (first->is_audio != second->is_audio)
    return first->is_audio ? -1 : 1;
  if (first->is_audio)
    return compare_voices (first, second);
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

  if (used_bps * (next > share->step ? SALON_HYSTERESIS_MARGIN : SALON_HYSTERESIS_SLACK) > budget->budget_bps)
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

static void
describe_sound (SalonShare **shares, guint n_shares, SalonSoundShare *sound)
{
  sound->n_voices = sound->voice_bps = sound->redundancy_bps = 0;
  sound->has_pictures = FALSE;
  sound->is_alone = TRUE;
  for (guint i = 0; i < n_shares; i++)
    {
      const SalonShare *share = shares[i];

      if (share->n_steps == 0)
        continue;
      if (!share->is_audio)
        {
          sound->has_pictures = TRUE;
          sound->is_alone = sound->is_alone && share->step < 0;
          continue;
        }
      sound->n_voices++;
      sound->voice_bps = MAX (sound->voice_bps, share->steps[0].rate_bps);
      sound->redundancy_bps += share->redundancy_bps;
    }
}

/* shares: in order. Returns: what sound takes. */
static double
share_sound (SalonShare **shares, guint n_shares, SalonSoundShare *sound, const SalonEstimate *estimate, gint64 now_us)
{
  guint sound_bps;

  describe_sound (shares, n_shares, sound);
  sound_bps = salon_sound_share_run (sound, estimate, now_us);
  for (guint i = 0; i < n_shares && shares[i]->is_audio; i++)
    shares[i]->reach = i < sound->n_sent ? 0 : -1;
  return sound_bps;
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

static SalonReason
explain (const SalonShare *share, const Budget *budget)
{
  if (share->step + 1 >= (gint)share->n_steps)
    return share->cap;
  if (share->is_audio)
    return SALON_REASON_BANDWIDTH;
  return get_rate (share, share->step + 1) * SALON_HYSTERESIS_MARGIN <= budget->budget_bps ? SALON_REASON_PRIORITY
                                                                                           : SALON_REASON_BANDWIDTH;
}

/* Whoever has to dwell, keeps what it could have: else another would get it, and have to give it back. What becomes
 * less because less is sent or wanted, may become more again as soon as more is. */
static void
settle (SalonShare *share, const Budget *budget, gint64 now_us)
{
  /* Which of the voices are sent, is seen at once; how many, has a dwell of its own. */
  gboolean must_dwell = !share->is_audio && salon_hysteresis_must_dwell (&share->hysteresis, now_us);
  gint step = must_dwell ? MIN (share->reach, share->step) : share->reach;

  if (step > share->step)
    salon_hysteresis_note_raise (&share->hysteresis, now_us);
  else if (step < share->step && step + 1 < (gint)share->n_steps)
    salon_hysteresis_note_fall (&share->hysteresis, now_us);
  share->step = step;
  if (step >= 0)
    share->layer = share->steps[step];
  share->reason = explain (share, budget);
}

guint
salon_allocator_run (
    SalonShare **shares, guint n_shares, SalonSoundShare *sound, const SalonEstimate *estimate, gint64 now_us)
{
  Budget budget = { 0 };
  double need_bps;

  for (guint i = 0; i < n_shares; i++)
    {
      find_step (shares[i]);
      shares[i]->reach = -1;
    }
  g_qsort_with_data (shares, n_shares, sizeof *shares, compare_importance, NULL); /* is stable */
  budget.budget_bps = estimate->bps - share_sound (shares, n_shares, sound, estimate, now_us);
  distribute (shares, n_shares, &budget);
  need_bps = salon_sound_share_get_full_bps (sound);
  for (guint i = 0; i < n_shares; i++)
    {
      settle (shares[i], &budget, now_us);
      if (!shares[i]->is_audio)
        need_bps += get_rate (shares[i], (gint)shares[i]->n_steps - 1) * SALON_HYSTERESIS_MARGIN;
    }
  return (guint)MIN (MAX (need_bps, salon_sound_share_get_need_bps (sound)), G_MAXUINT);
}
