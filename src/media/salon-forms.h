/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

#include "salon-codec.h"
#include "salon-layer.h"

/* The forms of a picture beside the one it is published in: the same in other codecs, for those who can't play that.
 * Who needs one says so here, and follows it when it comes; who makes it (see SalonTranscoder) hears of the need, and
 * puts it here. Neither knows the other.
 *
 * Signals:
 *   need-changed (guint codec)   somebody needs it in this codec, or nobody any more, or in another size; for who makes
 *                                it
 *   changed ()                   a form came or went, or what is said of it; for who needs it
 *
 * Owned by its track; main context. */
#define SALON_TYPE_FORMS (salon_forms_get_type ())
G_DECLARE_FINAL_TYPE (SalonForms, salon_forms, SALON, FORMS, GObject)

typedef struct _SalonTrack SalonTrack;

SalonForms *salon_forms_new (void) G_GNUC_WARN_UNUSED_RESULT;

/* What somebody needs: the codec, and which of the picture's layers they have use for; codec -1: nothing. */
typedef struct
{
  gint codec;
  gint spatial;
} SalonFormNeed;

#define SALON_FORM_NEED_NONE ((SalonFormNeed){ -1, 0 })

void salon_forms_change_need (SalonForms *self, SalonFormNeed before, SalonFormNeed now);
gboolean salon_forms_is_needed (SalonForms *self, SalonCodec codec);
/* Returns: the highest layer that somebody has use for in any other codec; -1: nobody has. */
gint salon_forms_get_needed_layer (SalonForms *self);

/* form: (nullable): NULL: there is none any more. */
void salon_forms_set (SalonForms *self, SalonCodec codec, SalonTrack *form);
/* Returns: (transfer none) (nullable) */
SalonTrack *salon_forms_get (SalonForms *self, SalonCodec codec);

/* reason: (nullable): static, in one word: why there will be none, for now; NULL: it is on its way. */
void salon_forms_refuse (SalonForms *self, SalonCodec codec, const char *reason);
/* Returns: (transfer none) (nullable) */
const char *salon_forms_get_refusal (SalonForms *self, SalonCodec codec);
