/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What is known of one microphone: its levels of the last two seconds, and whether they are speech. Speech is told from
 * noise by two things. It stands out of the microphone's own noise floor, which is the quietest it has been within the
 * last seconds (minimum statistics: Martin, IEEE Trans. Speech and Audio Processing 9(5), 2001): nobody talks
 * without a pause between words. And it rises and falls from syllable to syllable, as a fan or a hum doesn't.
 *
 * Plain struct without a clock: one call of salon_voice_hear() is SALON_VOICE_FRAME_MS. */

#define SALON_VOICE_FRAME_MS 100
#define SALON_VOICE_FRAMES 20
/* Of a frame in which nothing came. */
#define SALON_VOICE_SILENCE_DBOV (-127)

typedef struct
{
  guint8 excess_db[SALON_VOICE_FRAMES]; /* above the floor; a ring: `at` is written next */
  guint at;
  int floor_dbov;
  int quietest_dbov[2]; /* of the running part of the floor's window, and of the part before */
  guint n_in_part;
  guint n_inactive; /* frames since the last active one; G_MAXUINT: there was none */
  gboolean is_speaking;
} SalonVoice;

void salon_voice_init (SalonVoice *self);
/* level_dbov: the frame's, 0 to SALON_VOICE_SILENCE_DBOV. */
void salon_voice_hear (SalonVoice *self, int level_dbov);

/* The mean of the last n_frames (at most SALON_VOICE_FRAMES), in dB above the floor. */
double salon_voice_get_activity (const SalonVoice *self, guint n_frames);
/* The mean of the last 300 ms; not below the floor. */
int salon_voice_get_level (const SalonVoice *self);
/* Whether the last second was speech for the most part, which a cough, a door or a keyboard are not. */
gboolean salon_voice_may_lead (const SalonVoice *self);
