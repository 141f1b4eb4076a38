/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-subscriber-private.h"

#include "salon-codec-caps.h"
#include "salon-error.h"
#include "salon-extension-map.h"
#include "salon-offer.h"

/* Without lines: the m-line for data channels. */
#define DATA_MID "data"

/* -- offers -- */

/* M-lines before those of the slots. */
static guint
count_lines_before (SalonSubscriber *self)
{
  return self->lines != NULL ? 1 : 0;
}

static SalonOfferLine
get_line (SalonSubscriber *self, guint index)
{
  const SalonSubscriberSlot *slot = &self->slots[index];
  const char *msid = self->lines != NULL ? salon_lines_get_offered (self->lines, index) : NULL;

  return (SalonOfferLine){
    .is_video = salon_subscriber_is_video_slot (index),
    .caps = self->offered[salon_subscriber_is_video_slot (index)],
    .is_inactive = self->lines != NULL && msid == NULL,
    .msid = msid,
    .ssrc = slot->ssrc,
    .rtx_ssrc = slot->rtx_ssrc,
    .seat = index / 2,
  };
}

/* With lines, data channels come first, as there will be more m-lines after them; without, all m-lines are there. */
static char *
write_offer (SalonSubscriber *self, const char *transport)
{
  guint n_before = count_lines_before (self);
  guint n_slots = self->lines != NULL ? salon_lines_begin_offer (self->lines) : self->n_slots;
  g_autofree SalonOfferLine *lines = g_new (SalonOfferLine, n_before + n_slots);

  if (n_before > 0)
    lines[0] = (SalonOfferLine){ .is_data = TRUE };
  for (guint i = 0; i < n_slots; i++)
    lines[n_before + i] = get_line (self, i);
  return salon_offer_write (
      transport, lines, n_before + n_slots, salon_sender_get_cname (self->sender), self->n_offers++);
}

/* text: (transfer full): the client's. Returns: (transfer full) (nullable): the same. */
static char *
remember_offer (SalonSubscriber *self, char *text, GError **error)
{
  g_autofree char *own_text = text;
  guint n_before = count_lines_before (self);

  g_clear_pointer (&self->offer, salon_sdp_unref);
  self->offer = salon_sdp_parse (own_text, error);
  if (self->offer == NULL)
    return NULL;
  for (guint i = n_before; i < self->offer->media->len; i++)
    {
      SalonSubscriberSlot *slot = &self->slots[i - n_before];

      if (slot->mid == NULL)
        slot->mid = g_strdup (salon_sdp_get_media (self->offer, i)->mid);
    }
  return g_steal_pointer (&own_text);
}

/* text: (transfer full): webrtcbin's. Returns: (transfer full) (nullable): the client's. */
static char *
take_offer (SalonSubscriber *self, char *text, GError **error)
{
  g_autofree char *own_text = text;
  g_autofree char *media = self->sender != NULL ? write_offer (self, text) : g_strdup (text);
  gboolean adds_data = salon_transport_takes_data (SALON_TRANSPORT (self)) && self->lines == NULL;
  char *offer = adds_data ? salon_offer_add_data (media, self->n_slots, DATA_MID, TRUE) : g_steal_pointer (&media);

  offer = remember_offer (self, offer, error);
  if (offer == NULL)
    return NULL;
  if (self->lines != NULL)
    self->transport = g_steal_pointer (&own_text);
  if (self->offer->data_mid != NULL)
    salon_transport_await_data (SALON_TRANSPORT (self));
  self->transport_cc_id = salon_sdp_get_extension_id (self->offer, SALON_URI_TRANSPORT_CC);
  salon_packet_guard_set_transport_cc_id (self->guard, self->transport_cc_id);
  return offer;
}

/* Another offer of the same connection, in which nothing of its transport changes: webrtcbin has no part in it. */
static gboolean
offer_again (gpointer user_data)
{
  SalonSubscriber *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *offer = NULL;

  self->offers_soon = FALSE;
  if (salon_transport_is_closed (SALON_TRANSPORT (self)) || self->transport == NULL
      || !salon_lines_need_offer (self->lines))
    return G_SOURCE_REMOVE;
  offer = remember_offer (self, write_offer (self, self->transport), &error);
  /* Others' names are in it. */
  if (offer != NULL)
    g_signal_emit_by_name (self, "offer", offer);
  else
    g_signal_emit_by_name (self, "failed", error);
  return G_SOURCE_REMOVE;
}

/* Together with what else changes in this turn. */
void
salon_subscriber_offer_soon (SalonSubscriber *self)
{
  if (self->offers_soon)
    return;
  self->offers_soon = TRUE;
  g_idle_add_full (G_PRIORITY_DEFAULT, offer_again, g_object_ref (self), g_object_unref);
}

static void
on_offer_created (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SalonSubscriber *self = SALON_SUBSCRIBER (source);
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  char *text = salon_transport_create_local_finish (SALON_TRANSPORT (self), result, &error);

  if (text != NULL)
    text = take_offer (self, text, &error);
  if (text == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, text, g_free);
}

void
salon_subscriber_offer_async (SalonSubscriber *self, GAsyncReadyCallback callback, gpointer user_data)
{
  salon_transport_create_local_async (SALON_TRANSPORT (self), GST_WEBRTC_SDP_TYPE_OFFER, on_offer_created,
      g_task_new (self, NULL, callback, user_data));
}

char *
salon_subscriber_offer_finish (SalonSubscriber *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* A slot may only carry what its m-line was answered with, the last time: each offer of ours lists all again. Mostly
 * all slots of a kind get the same, and share it. */
static void
narrow_slot (SalonSubscriber *self, guint index, const SalonSdp *answer, guint m_line)
{
  SalonSubscriberSlot *slot = &self->slots[index];
  guint8 red_payload_type = salon_sdp_get_media (answer, m_line)->red.payload_type;
  GstCaps *all = self->offered[salon_subscriber_is_video_slot (index)];
  g_autoptr (GstCaps) accepted = salon_codec_caps_accepted (
      all != NULL ? all : slot->caps, gst_sdp_message_get_media (answer->message, m_line), red_payload_type);
  gboolean is_shared = index >= 2 && gst_caps_is_equal (accepted, self->slots[index - 2].caps);

  slot->takes_red = red_payload_type == salon_codec_get_info (SALON_CODEC_RED)->payload_type;
  if (gst_caps_is_equal (accepted, slot->caps))
    return;
  gst_caps_replace (&slot->caps, is_shared ? self->slots[index - 2].caps : accepted);
  if (slot->element == NULL)
    return;
  salon_subscriber_follow_caps (slot);
  if (self->sender != NULL)
    salon_subscriber_set_retransmission (self, slot);
  salon_subscriber_follow_track (self, slot);
}

static void
narrow_slots (SalonSubscriber *self, const SalonSdp *answer)
{
  guint n_before = count_lines_before (self);

  for (guint i = n_before; i < answer->media->len; i++)
    narrow_slot (self, i - n_before, answer, i);
}

static void
take_answer (SalonSubscriber *self, const SalonSdp *answer)
{
  narrow_slots (self, answer);
  if (answer->data_mid != NULL)
    salon_transport_open_data (SALON_TRANSPORT (self));
  if (self->lines == NULL)
    return;
  salon_lines_take_answer (self->lines);
  for (guint i = 0; i < self->n_slots; i++)
    salon_subscriber_follow_openness (self, &self->slots[i]);
  salon_subscriber_offer_soon (self);
}

static void
on_answer_set (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SalonTransport *transport = SALON_TRANSPORT (source);
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (!salon_transport_set_remote_finish (transport, result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  if (!salon_transport_is_closed (transport))
    take_answer (SALON_SUBSCRIBER (transport), g_task_get_task_data (task));
  g_task_return_boolean (task, TRUE);
}

static SalonSdp *
check_answer (SalonSubscriber *self, const char *text, GError **error)
{
  g_autoptr (SalonSdp) answer = NULL;

  if (self->offer == NULL)
    {
      g_set_error_literal (error, SALON_ERROR, SALON_ERROR_MEDIA, "This connection waits for no answer");
      return NULL;
    }
  answer = salon_sdp_parse (text, error);
  if (answer == NULL || !salon_sdp_check_answer (answer, self->offer, error)
      || !salon_sdp_check_transport (answer, salon_transport_get_remote (SALON_TRANSPORT (self)), error))
    return NULL;
  return g_steal_pointer (&answer);
}

/* Of a client that is told of tracks by offers alone: until this one is answered, it hears of no other. */
static gboolean
awaits_later_answer (SalonSubscriber *self)
{
  return self->lines != NULL && self->offer != NULL && salon_transport_get_remote (SALON_TRANSPORT (self)) != NULL;
}

void
salon_subscriber_answer_async (
    SalonSubscriber *self, const char *text, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);
  GError *error = NULL;
  SalonSdp *answer = check_answer (self, text, &error);

  if (answer == NULL)
    {
      if (awaits_later_answer (self))
        g_signal_emit_by_name (self, "failed", error);
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  g_clear_pointer (&self->offer, salon_sdp_unref);
  if (salon_transport_get_remote (SALON_TRANSPORT (self)) != NULL)
    {
      take_answer (self, answer);
      salon_sdp_unref (answer);
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }
  /* Who does not take the numbers gives no feedback of them. */
  self->transport_cc_id = salon_sdp_get_extension_id (answer, SALON_URI_TRANSPORT_CC);
  g_task_set_task_data (task, answer, (GDestroyNotify)salon_sdp_unref);
  salon_transport_set_remote_async (SALON_TRANSPORT (self), GST_WEBRTC_SDP_TYPE_ANSWER,
      self->sender != NULL ? salon_sdp_copy_transport (answer) : salon_sdp_ref (answer), on_answer_set, task);
}

gboolean
salon_subscriber_answer_finish (SalonSubscriber *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
