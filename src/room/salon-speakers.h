/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "salon-voice.h"

/* Who of the people in a room speaks, who leads, and who led last. After Volfin and Cohen, "Dominant speaker
 * identification for multipoint videoconferencing" (Computer Speech and Language 27, 2013): whoever leads is replaced
 * by one who is ahead of them now and over two seconds, and has talked for a second; so that a loud noise replaces
 * nobody, and an interruption has to last. While all are silent, whoever led last still leads.
 *
 * Deterministic: time is an argument. Main context. */
typedef struct _SalonSpeakers SalonSpeakers;

typedef struct
{
  char *id; /* (owned) */
  SalonVoice voice;
  gboolean has_levels; /* they have told a level, ever */
  int level_dbov;      /* of this frame */
  guint turn;          /* who led last has the highest; 0: they never did */
  gboolean is_told;    /* as one who speaks */
} SalonSpeaker;

/* Nobody leads for less. */
#define SALON_SPEAKERS_DWELL_US (1500 * G_TIME_SPAN_MILLISECOND)
/* What is told of them changes at most this often. */
#define SALON_SPEAKERS_NEWS_INTERVAL_US (400 * G_TIME_SPAN_MILLISECOND)

SalonSpeakers *salon_speakers_new (void) G_GNUC_WARN_UNUSED_RESULT;
void salon_speakers_free (SalonSpeakers *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonSpeakers, salon_speakers_free)

/* Returns: (transfer none): the person of this id, who is new or was here. */
SalonSpeaker *salon_speakers_add (SalonSpeakers *self, const char *id);
void salon_speakers_remove (SalonSpeakers *self, const char *id);
/* Returns: (transfer none) (nullable) */
SalonSpeaker *salon_speakers_find (SalonSpeakers *self, const char *id);

/* A level of this frame; the loudest counts. */
void salon_speaker_hear (SalonSpeaker *self, int level_dbov);
/* Ends the frame: who leads now? Returns whether that has changed. */
gboolean salon_speakers_end_frame (SalonSpeakers *self, gint64 now_us);
/* Returns: (transfer none) (nullable): who leads; NULL before anybody has, and once they have gone. */
const SalonSpeaker *salon_speakers_get_leader (SalonSpeakers *self);
/* Whether the leader, or who speaks, is another than when it said so last; and not too soon after that. */
gboolean salon_speakers_take_news (SalonSpeakers *self, gint64 now_us) G_GNUC_WARN_UNUSED_RESULT;
/* Returns: (transfer container) (element-type SalonSpeaker): who spoke at the last news, loudest first. */
GPtrArray *salon_speakers_list_speaking (SalonSpeakers *self) G_GNUC_WARN_UNUSED_RESULT;
