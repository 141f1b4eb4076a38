/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-shares.h"

GST_DEBUG_CATEGORY_STATIC (salon_shares_debug);
#define GST_CAT_DEFAULT salon_shares_debug

/* While something is missing; and otherwise, with the timers of all others. */
#define BUSY_INTERVAL_MS 200
#define CALM_INTERVAL_S 1
/* Pictures vary, and publishers' estimates rise too: to have room before it is needed, it is looked for before. */
#define HEADROOM 1.5
/* Opus, as browsers send it, where it is not measured. */
#define AUDIO_BPS 40000
/* And once more (RFC 2198), under the same headers. */
#define RED_BPS 30000
/* A temporal layer that is less of the rate is none: nothing comes in it. */
#define LEAST_TEMPORAL_PART 1.02

typedef struct
{
  SalonShare share;
  SalonLayer applied;
} Entry;

struct _SalonShares
{
  SalonSender *sender; /* (borrowed) */
  const SalonSharesOwner *owner;
  gpointer owner_data; /* (borrowed) */
  guint n_slots;
  Entry **entries;    /* (owned) (element-type Entry): n_slots; NULL: it carries nothing */
  SalonShare **order; /* (owned): as many, for the allocator */
  guint n_videos;
  guint timer_id; /* or 0 */
  gboolean is_busy;
  guint padding_id; /* or 0 */
};

/* -- what a slot could carry -- */

/* A larger picture that costs no more is better than the smaller ones. What is not measured yet, is no step. */
static void
add_step (SalonShare *share, gint spatial, gint temporal, guint rate_bps)
{
  if (rate_bps == 0)
    return;
  while (share->n_steps > 0 && share->steps[share->n_steps - 1].spatial < spatial
         && share->steps[share->n_steps - 1].rate_bps >= rate_bps)
    share->n_steps--;
  if (share->n_steps == 0 || rate_bps > share->steps[share->n_steps - 1].rate_bps * LEAST_TEMPORAL_PART)
    share->steps[share->n_steps++] = (SalonStep){ spatial, temporal, rate_bps };
}

/* The smallest picture also with fewer frames: a larger one with fewer is less to look at than a smaller one with all.
 */
static void
add_steps (SalonShare *share, const SalonTrackLayer *layer, gint spatial, gint max_temporal)
{
  gboolean is_smallest = share->n_steps == 0;

  for (gint temporal = is_smallest ? 0 : max_temporal; temporal <= max_temporal; temporal++)
    add_step (share, spatial, temporal, layer->rate_bps[temporal]);
  /* As many frames as there are, or will be. */
  if (share->n_steps > 0 && share->steps[share->n_steps - 1].spatial == spatial)
    share->steps[share->n_steps - 1].temporal = max_temporal;
}

/* highest: the layer that arrives. One that nobody wants, rests at the publisher: that is not why it is not sent. What
 * arrives may be less than it was to be, too. */
static SalonReason
explain_cap (const SalonShareWish *wish, gint highest)
{
  gint last = (gint)MAX (salon_track_get_n_layers (wish->track), 1) - 1;
  SalonTrackLimit limit = salon_track_get_limit (wish->track);
  SalonReason publisher = limit == SALON_TRACK_LIMIT_CPU ? SALON_REASON_CPU : SALON_REASON_PUBLISHER;

  if (highest < MIN (wish->cap.spatial, last))
    return publisher;
  if (wish->cap.spatial < last || wish->cap.temporal < SALON_MAX_TEMPORAL_LAYERS - 1)
    return SALON_REASON_SIZE;
  return limit == SALON_TRACK_LIMIT_NONE ? SALON_REASON_NONE : publisher;
}

static void
describe_video (SalonShare *share, const SalonShareWish *wish)
{
  SalonTrackLayer layers[SALON_MAX_SPATIAL_LAYERS];
  gint highest = SALON_MAX_SPATIAL_LAYERS - 1;

  salon_track_get_layers (wish->track, layers);
  while (highest >= 0 && !layers[highest].arrives)
    highest--;
  for (gint spatial = 0; spatial <= MIN (highest, wish->cap.spatial); spatial++)
    {
      if (layers[spatial].arrives)
        add_steps (share, &layers[spatial], spatial, wish->cap.temporal);
    }
  /* Nothing that is so small arrives. */
  for (gint spatial = 0; spatial <= highest && share->n_steps == 0; spatial++)
    {
      if (layers[spatial].arrives)
        add_steps (share, &layers[spatial], spatial, wish->cap.temporal);
    }
  share->cap = explain_cap (wish, highest);
}

static void
describe (SalonShare *share, const SalonShareWish *wish)
{
  share->n_steps = 0;
  share->cap = wish->cap.spatial < 0 ? SALON_REASON_SIZE : SALON_REASON_PUBLISHER;
  share->priority = wish->priority;
  share->area_pixels = wish->area_pixels;
  if (wish->track == NULL || wish->is_paused || wish->cap.spatial < 0)
    return;
  if (!share->is_audio)
    describe_video (share, wish);
  else
    {
      add_step (share, 0, 0, AUDIO_BPS + (wish->is_red ? RED_BPS : 0));
      share->cap = SALON_REASON_NONE;
    }
}

/* -- trying -- */

static gboolean
on_padding (gpointer user_data)
{
  SalonShares *self = user_data;
  gssize due_bytes = salon_congestion_get_due (salon_sender_get_congestion (self->sender));

  if (due_bytes > 0)
    (void)!salon_sender_pad (self->sender, due_bytes);
  if (due_bytes >= 0)
    return G_SOURCE_CONTINUE;
  self->padding_id = 0;
  return G_SOURCE_REMOVE;
}

static void
try_for (SalonShares *self, guint need_bps)
{
  if (self->padding_id != 0 || !salon_congestion_begin_probe (salon_sender_get_congestion (self->sender), need_bps))
    return;
  GST_DEBUG_OBJECT (self->sender, "trying for %u bit/s", need_bps);
  self->padding_id = g_timeout_add (SALON_PROBER_INTERVAL_US / G_TIME_SPAN_MILLISECOND, on_padding, self);
}

/* -- sharing -- */

static gboolean
on_timer (gpointer user_data)
{
  salon_shares_run (user_data);
  return G_SOURCE_CONTINUE;
}

static void
set_timer (SalonShares *self, gboolean is_busy)
{
  if (self->timer_id != 0 && self->is_busy == is_busy && self->n_videos > 0)
    return;
  g_clear_handle_id (&self->timer_id, g_source_remove);
  self->is_busy = is_busy;
  if (self->n_videos == 0)
    return;
  self->timer_id = is_busy ? g_timeout_add (BUSY_INTERVAL_MS, on_timer, self)
                           : g_timeout_add_seconds (CALM_INTERVAL_S, on_timer, self);
}

/* While nothing comes, nothing is known of it: it may go out as soon as it comes, and is measured then. */
static void
apply (SalonShares *self, guint slot, Entry *entry)
{
  const SalonShare *share = &entry->share;
  SalonLayer layer = SALON_LAYER_HIGHEST;

  if (share->is_audio)
    return;
  if (share->n_steps > 0)
    layer = share->step < 0 ? SALON_LAYER_NONE : (SalonLayer){ share->layer.spatial, share->layer.temporal };
  if (layer.spatial == entry->applied.spatial && layer.temporal == entry->applied.temporal)
    return;
  GST_DEBUG_OBJECT (self->sender, "slot %u: layer %d.%d, was %d.%d: %s", slot, layer.spatial, layer.temporal,
      entry->applied.spatial, entry->applied.temporal, salon_reason_to_string (share->reason));
  entry->applied = layer;
  self->owner->set_layer (self->owner_data, slot, layer);
}

void
salon_shares_run (SalonShares *self)
{
  guint estimate_bps = salon_congestion_get_estimate_bps (salon_sender_get_congestion (self->sender));
  guint n = 0;
  guint budget_bps, need_bps, wanted_bps;

  for (guint i = 0; i < self->n_slots; i++)
    {
      SalonShareWish wish;

      if (self->entries[i] == NULL)
        continue;
      wish = self->owner->get_wish (self->owner_data, i);
      describe (&self->entries[i]->share, &wish);
      self->order[n++] = &self->entries[i]->share;
    }
  /* Whoever comes sees everybody at once, and what is too much for the link rests a second later: the other way round,
   * everybody would wait for the trials. */
  budget_bps = salon_congestion_is_settled (salon_sender_get_congestion (self->sender)) ? estimate_bps : G_MAXUINT;
  need_bps = salon_allocator_run (self->order, n, budget_bps, g_get_monotonic_time ());
  for (guint i = 0; i < self->n_slots; i++)
    {
      if (self->entries[i] != NULL)
        apply (self, i, self->entries[i]);
    }
  wanted_bps = (guint)MIN (need_bps * HEADROOM, G_MAXUINT);
  if (self->n_videos > 0 && wanted_bps > estimate_bps)
    try_for (self, wanted_bps);
  set_timer (self, wanted_bps > estimate_bps);
}

void
salon_shares_add (SalonShares *self, guint slot)
{
  SalonShareWish wish = self->owner->get_wish (self->owner_data, slot);
  Entry *entry = g_new0 (Entry, 1);

  g_assert (self->entries[slot] == NULL && wish.track != NULL);
  entry->share.is_audio = !salon_track_is_video (wish.track);
  entry->share.step = -1;
  entry->applied = SALON_LAYER_HIGHEST;
  self->entries[slot] = entry;
  self->n_videos += !entry->share.is_audio;
  salon_shares_run (self);
}

void
salon_shares_remove (SalonShares *self, guint slot)
{
  if (self->entries[slot] == NULL)
    return;
  self->n_videos -= !self->entries[slot]->share.is_audio;
  g_clear_pointer (&self->entries[slot], g_free);
  salon_shares_run (self);
}

const SalonShare *
salon_shares_get (SalonShares *self, guint slot)
{
  return self->entries[slot] != NULL ? &self->entries[slot]->share : NULL;
}

/* -- life -- */

SalonShares *
salon_shares_new (SalonSender *sender, guint n_slots, const SalonSharesOwner *owner, gpointer owner_data)
{
  SalonShares *self = g_new0 (SalonShares, 1);

  GST_DEBUG_CATEGORY_INIT (salon_shares_debug, "salon-shares", 0, "Salon shares of a subscriber's bandwidth");
  self->sender = sender;
  self->owner = owner;
  self->owner_data = owner_data;
  self->n_slots = n_slots;
  self->entries = g_new0 (Entry *, n_slots);
  self->order = g_new0 (SalonShare *, n_slots);
  return self;
}

void
salon_shares_free (SalonShares *self)
{
  g_clear_handle_id (&self->timer_id, g_source_remove);
  g_clear_handle_id (&self->padding_id, g_source_remove);
  for (guint i = 0; i < self->n_slots; i++)
    g_free (self->entries[i]);
  g_free (self->entries);
  g_free (self->order);
  g_free (self);
}
