/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-shares.h"

#include "salon-layer-choice.h"

GST_DEBUG_CATEGORY_STATIC (salon_shares_debug);
#define GST_CAT_DEFAULT salon_shares_debug

/* While the link is new, and each trial is followed by one for more; while something is missing; and otherwise, with
 * the timers of all others. */
#define NEW_INTERVAL_MS 50
#define BUSY_INTERVAL_MS 200
#define CALM_INTERVAL_MS 1000
/* Pictures vary, and publishers' estimates rise too: to have room before it is needed, it is looked for before. */
#define HEADROOM 1.5
/* Opus, as browsers send it, where it is not measured. */
#define AUDIO_BPS 40000
/* And once more (RFC 2198), under the same headers. */
#define RED_BPS 30000
/* A temporal layer that is less of the rate is none: nothing comes in it. */
#define LEAST_TEMPORAL_PART 1.02

/* A slot. */
typedef struct
{
  SalonShare share;              /* the first: what its owner has of it */
  SalonLayer applied;            /* what the slot was told */
  gboolean is_plain;             /* likewise */
  SalonSender *sender;           /* (borrowed) */
  const SalonSharesOwner *owner; /* (borrowed) */
  gpointer owner_data;           /* (borrowed) */
  guint slot;
} Entry;

struct _SalonShares
{
  SalonBottleneck *bottleneck; /* (owned) */
  GPtrArray *entries;          /* (owned) (element-type Entry) */
  GPtrArray *order;            /* (owned) (element-type SalonShare): the same, for the allocator */
  SalonSoundShare sound;
  guint n_videos;
  guint interval_ms;   /* of the timer */
  guint timer_id;      /* or 0 */
  guint run_id;        /* the source that shares soon, or 0 */
  guint padding_id;    /* or 0 */
  SalonSender *padded; /* (borrowed) (nullable): what the padding goes over */
  gboolean is_stopped;
};

static Entry *
get_entry (SalonShares *self, guint index)
{
  return g_ptr_array_index (self->entries, index);
}

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
  gint highest;

  salon_track_get_layers (wish->track, layers);
  highest = salon_layer_find_highest (layers, SALON_MAX_SPATIAL_LAYERS - 1);
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
  share->silent_ms = wish->silent_ms;
  share->redundancy_bps = wish->is_red ? RED_BPS : 0;
  if (wish->track == NULL || wish->is_paused || wish->cap.spatial < 0)
    return;
  if (!share->is_audio)
    describe_video (share, wish);
  else
    {
      add_step (share, 0, 0, AUDIO_BPS);
      share->cap = SALON_REASON_NONE;
    }
}

/* -- trying -- */

static gboolean
on_padding (gpointer user_data)
{
  SalonShares *self = user_data;
  gssize due_bytes = salon_congestion_get_due (salon_sender_get_congestion (self->padded));

  if (due_bytes > 0)
    (void)!salon_sender_pad (self->padded, due_bytes);
  if (due_bytes >= 0)
    return G_SOURCE_CONTINUE;
  self->padding_id = 0;
  return G_SOURCE_REMOVE;
}

/* Over the first connection that is up and has a picture: sound is not kept to be sent again. */
static void
try_for (SalonShares *self, guint need_bps)
{
  if (self->padding_id != 0)
    return;
  for (guint i = 0; i < self->entries->len; i++)
    {
      const Entry *entry = get_entry (self, i);

      if (entry->share.is_audio
          || !salon_congestion_begin_probe (salon_sender_get_congestion (entry->sender), need_bps))
        continue;
      GST_DEBUG_OBJECT (entry->sender, "trying for %u bit/s", need_bps);
      self->padded = entry->sender;
      self->padding_id = g_timeout_add (SALON_PROBER_INTERVAL_US / G_TIME_SPAN_MILLISECOND, on_padding, self);
      return;
    }
}

/* -- sharing -- */

/* Without pictures nothing can be tried out; but a voice that rests may be heard any moment. */
static guint
choose_interval_ms (SalonShares *self, gboolean is_missing)
{
  if (self->entries->len == 0)
    return 0;
  if (!(is_missing && self->n_videos > 0) && !self->sound.is_restricted)
    return CALM_INTERVAL_MS;
  return salon_bottleneck_is_new (self->bottleneck) ? NEW_INTERVAL_MS : BUSY_INTERVAL_MS;
}

static gboolean on_timer (gpointer user_data);

static void
set_timer (SalonShares *self, gboolean is_missing)
{
  guint interval_ms = choose_interval_ms (self, is_missing);

  if (self->interval_ms == interval_ms)
    return;
  g_clear_handle_id (&self->timer_id, g_source_remove);
  self->interval_ms = interval_ms;
  if (interval_ms == CALM_INTERVAL_MS)
    self->timer_id = g_timeout_add_seconds (CALM_INTERVAL_MS / 1000, on_timer, self);
  else if (interval_ms > 0)
    self->timer_id = g_timeout_add (interval_ms, on_timer, self);
}

static void
apply_sound (Entry *entry, gboolean is_plain)
{
  gboolean is_resting = entry->share.n_steps > 0 && entry->share.step < 0;
  SalonLayer layer = is_resting ? SALON_LAYER_NONE : SALON_LAYER_HIGHEST;

  if (layer.spatial == entry->applied.spatial && is_plain == entry->is_plain)
    return;
  GST_DEBUG_OBJECT (entry->sender, "slot %u: sound %s, %s redundancy", entry->slot, is_resting ? "rests" : "is sent",
      is_plain ? "without" : "with");
  entry->applied = layer;
  entry->is_plain = is_plain;
  entry->owner->set_sound (entry->owner_data, entry->slot, !is_resting, !is_plain);
}

/* While nothing comes, nothing is known of it: it may go out as soon as it comes, and is measured then. */
static void
apply_picture (Entry *entry)
{
  const SalonShare *share = &entry->share;
  SalonLayer layer = SALON_LAYER_HIGHEST;

  if (share->n_steps > 0)
    layer = share->step < 0 ? SALON_LAYER_NONE : (SalonLayer){ share->layer.spatial, share->layer.temporal };
  if (layer.spatial == entry->applied.spatial && layer.temporal == entry->applied.temporal)
    return;
  GST_DEBUG_OBJECT (entry->sender, "slot %u: layer %d.%d, was %d.%d: %s", entry->slot, layer.spatial, layer.temporal,
      entry->applied.spatial, entry->applied.temporal, salon_reason_to_string (share->reason));
  entry->applied = layer;
  entry->owner->set_layer (entry->owner_data, entry->slot, layer);
}

/* Returns: what all of it would take. While the link is being tried out, there may be room the next moment for what has
 * just been taken away. */
static guint
allocate (SalonShares *self, const SalonEstimate *estimate)
{
  gboolean is_new = salon_bottleneck_is_new (self->bottleneck);

  g_ptr_array_set_size (self->order, 0);
  for (guint i = 0; i < self->entries->len; i++)
    {
      Entry *entry = get_entry (self, i);
      SalonShareWish wish = entry->owner->get_wish (entry->owner_data, entry->slot);

      entry->applied = wish.layer;
      describe (&entry->share, &wish);
      if (is_new)
        entry->share.hysteresis = (SalonHysteresis){ 0 };
      g_ptr_array_add (self->order, &entry->share);
    }
  return salon_allocator_run (
      (SalonShare **)self->order->pdata, self->order->len, &self->sound, estimate, g_get_monotonic_time ());
}

static void
run (SalonShares *self)
{
  SalonEstimate estimate = salon_bottleneck_get_estimate (self->bottleneck);
  double wanted_bps = allocate (self, &estimate) * HEADROOM;

  for (guint i = 0; i < self->entries->len; i++)
    {
      Entry *entry = get_entry (self, i);

      if (entry->share.is_audio)
        apply_sound (entry, self->sound.is_plain);
      else
        apply_picture (entry);
    }
  if (wanted_bps > estimate.bps)
    try_for (self, (guint)MIN (wanted_bps, G_MAXUINT));
  set_timer (self, wanted_bps > estimate.bps);
}

static gboolean
on_timer (gpointer user_data)
{
  run (user_data);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_change (gpointer user_data)
{
  SalonShares *self = user_data;

  self->run_id = 0;
  run (self);
  return G_SOURCE_REMOVE;
}

void
salon_shares_run_soon (SalonShares *self)
{
  if (self->run_id == 0 && !self->is_stopped)
    self->run_id = g_idle_add_full (G_PRIORITY_HIGH, on_change, self, NULL);
}

const SalonShare *
salon_shares_add (
    SalonShares *self, SalonSender *sender, guint slot, const SalonSharesOwner *owner, gpointer owner_data)
{
  SalonShareWish wish = owner->get_wish (owner_data, slot);
  Entry *entry = g_new (Entry, 1);

  g_assert (wish.track != NULL);
  *entry = (Entry){
    .share = { .is_audio = !salon_track_is_video (wish.track), .step = -1 },
    .sender = sender,
    .owner = owner,
    .owner_data = owner_data,
    .slot = slot,
  };
  g_ptr_array_add (self->entries, entry);
  self->n_videos += !entry->share.is_audio;
  salon_shares_run_soon (self);
  return &entry->share;
}

void
salon_shares_remove (SalonShares *self, const SalonShare *share)
{
  self->n_videos -= !share->is_audio;
  g_ptr_array_remove (self->entries, (gpointer)share);
  salon_shares_run_soon (self);
}

SalonBottleneck *
salon_shares_get_bottleneck (SalonShares *self)
{
  return self->bottleneck;
}

/* -- life -- */

SalonShares *
salon_shares_new (SalonBottleneck *bottleneck)
{
  SalonShares *self = g_new0 (SalonShares, 1);

  GST_DEBUG_CATEGORY_INIT (salon_shares_debug, "salon-shares", 0, "Salon shares of a subscriber's bandwidth");
  self->bottleneck = salon_bottleneck_ref (bottleneck);
  self->entries = g_ptr_array_new_with_free_func (g_free);
  self->order = g_ptr_array_new ();
  return self;
}

void
salon_shares_stop (SalonShares *self)
{
  self->is_stopped = TRUE;
  g_clear_handle_id (&self->timer_id, g_source_remove);
  g_clear_handle_id (&self->padding_id, g_source_remove);
  g_clear_handle_id (&self->run_id, g_source_remove);
}

void
salon_shares_free (SalonShares *self)
{
  salon_shares_stop (self);
  g_ptr_array_unref (self->entries);
  g_ptr_array_unref (self->order);
  salon_bottleneck_unref (self->bottleneck);
  g_free (self);
}
