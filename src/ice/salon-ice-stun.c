/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-ice-stun.h"

#include <string.h>

#include <stun/stunagent.h>
#include <stun/usages/ice.h>

#define HEADER_BYTES 20
#define ATTRIBUTE_HEADER_BYTES 4
#define INTEGRITY_BYTES 20
#define FINGERPRINT_BYTES 4
#define ID_OFFSET 8
/* The cookie, which libnice counts in. */
G_STATIC_ASSERT (STUN_MESSAGE_TRANS_ID_LEN == 4 + SALON_ICE_STUN_ID_BYTES);

/* RFC 8489, section 5. */
enum
{
  BINDING_REQUEST = 0x0001,
  BINDING_SUCCESS = 0x0101,
};

/* What must be understood (below 0x8000) of all that ICE sends. */
static uint16_t known_attributes[] = {
  STUN_ATTRIBUTE_USERNAME,
  STUN_ATTRIBUTE_MESSAGE_INTEGRITY,
  STUN_ATTRIBUTE_PRIORITY,
  STUN_ATTRIBUTE_USE_CANDIDATE,
  STUN_ATTRIBUTE_XOR_MAPPED_ADDRESS,
  STUN_ATTRIBUTE_MAPPED_ADDRESS,
  0,
};

SalonIcePacketKind
salon_ice_packet_kind (const guint8 *data, gsize size)
{
  if (size < 12)
    return SALON_ICE_PACKET_JUNK;
  if (data[0] <= 3)
    return SALON_ICE_PACKET_STUN;
  if ((data[0] >= 20 && data[0] <= 63) || (data[0] >= 128 && data[0] <= 191))
    return SALON_ICE_PACKET_MEDIA;
  return SALON_ICE_PACKET_JUNK;
}

/* -- what libnice does not check -- */

/* An attribute, with its place in the order: integrity is followed by the fingerprint alone, and that by nothing.
 * libnice compares 20 bytes of an integrity of any size. */
static gboolean
is_attribute_well_formed (guint16 type, gsize size, gboolean after_integrity, gboolean is_last)
{
  if (type == STUN_ATTRIBUTE_FINGERPRINT)
    return size == FINGERPRINT_BYTES && is_last;
  if (after_integrity)
    return FALSE;
  return type != STUN_ATTRIBUTE_MESSAGE_INTEGRITY || size == INTEGRITY_BYTES;
}

/* Header and attributes: sizes and order. username: (out) (nullable): stays as it is if there is none. */
static gboolean
is_well_formed (const guint8 *data, gsize size, guint16 type, const guint8 **username, gsize *username_size)
{
  gboolean after_integrity = FALSE;
  gsize at = HEADER_BYTES;

  if (size < HEADER_BYTES || size % 4 != 0 || (data[0] << 8 | data[1]) != type
      || HEADER_BYTES + (gsize)(data[2] << 8 | data[3]) != size)
    return FALSE;
  while (at < size)
    {
      guint16 attribute = data[at] << 8 | data[at + 1];
      gsize length = data[at + 2] << 8 | data[at + 3];
      gsize padded = (length + 3) & ~(gsize)3;

      at += ATTRIBUTE_HEADER_BYTES;
      if (padded > size - at || !is_attribute_well_formed (attribute, length, after_integrity, at + padded == size))
        return FALSE;
      if (attribute == STUN_ATTRIBUTE_USERNAME && username != NULL && *username == NULL)
        {
          *username = data + at;
          *username_size = length;
        }
      after_integrity = after_integrity || attribute == STUN_ATTRIBUTE_MESSAGE_INTEGRITY;
      at += padded;
    }
  return TRUE;
}

gboolean
salon_ice_stun_get_ufrag (const guint8 *data, gsize size, const char **ufrag, gsize *ufrag_size)
{
  const guint8 *username = NULL;
  const guint8 *colon;
  gsize username_size = 0;

  if (!is_well_formed (data, size, BINDING_REQUEST, &username, &username_size) || username == NULL)
    return FALSE;
  colon = memchr (username, ':', username_size);
  if (colon == NULL || colon == username || colon - username > SALON_ICE_STUN_MAX_UFRAG)
    return FALSE;
  *ufrag = (const char *)username;
  *ufrag_size = colon - username;
  return TRUE;
}

/* -- libnice's agent -- */

/* It is a constant, but for its 200 places for transactions, which make it too large to set up for each message: one a
 * thread. The places are always empty between two calls. */
static StunAgent *
get_agent (void)
{
  static __thread StunAgent agent;
  static __thread gboolean is_ready;

  if (!is_ready)
    stun_agent_init (&agent, known_attributes, STUN_COMPATIBILITY_RFC5389,
        STUN_AGENT_USAGE_SHORT_TERM_CREDENTIALS | STUN_AGENT_USAGE_USE_FINGERPRINT);
  is_ready = TRUE;
  return &agent;
}

static bool
give_password (StunAgent *agent, StunMessage *message, uint8_t *username, uint16_t username_size, uint8_t **password,
    size_t *password_size, void *user_data)
{
  *password = user_data;
  *password_size = strlen (user_data);
  return true;
}

static gboolean
write_success (
    StunAgent *agent, const StunMessage *message, const SalonIceAddress *source, SalonIceStunRequest *request)
{
  struct sockaddr_storage address = { 0 };
  StunMessage reply;

  memcpy (&address, source, salon_ice_address_length (source));
  if (!stun_agent_init_response (agent, &reply, request->reply, sizeof request->reply, message)
      || stun_message_append_xor_addr (
             &reply, STUN_ATTRIBUTE_XOR_MAPPED_ADDRESS, &address, salon_ice_address_length (source))
             != STUN_MESSAGE_RETURN_SUCCESS)
    return FALSE;
  request->reply_size = stun_agent_finish_message (agent, &reply, NULL, 0);
  return request->reply_size > 0;
}

static void
write_role_conflict (StunAgent *agent, const StunMessage *message, SalonIceStunRequest *request)
{
  StunMessage reply;

  if (stun_agent_init_error (agent, &reply, request->reply, sizeof request->reply, message, STUN_ERROR_ROLE_CONFLICT))
    request->reply_size = stun_agent_finish_message (agent, &reply, NULL, 0);
}

static SalonIceStunResult
refused (const SalonIceStunRequest *request)
{
  return request->reply_size > 0 ? SALON_ICE_STUN_REFUSED : SALON_ICE_STUN_IGNORED;
}

SalonIceStunResult
salon_ice_stun_read_request (
    const guint8 *data, gsize size, const char *password, const SalonIceAddress *source, SalonIceStunRequest *request)
{
  StunAgent *agent = get_agent ();
  StunMessage message, reply;
  StunValidationStatus status;

  request->reply_size = 0;
  status = stun_agent_validate (agent, &message, data, size, give_password, (void *)password);
  if (status == STUN_VALIDATION_UNKNOWN_REQUEST_ATTRIBUTE)
    {
      request->reply_size
          = stun_agent_build_unknown_attributes_error (agent, &reply, request->reply, sizeof request->reply, &message);
      return refused (request);
    }
  if (status != STUN_VALIDATION_SUCCESS)
    return SALON_ICE_STUN_IGNORED;
  if (stun_message_has_attribute (&message, STUN_ATTRIBUTE_ICE_CONTROLLED))
    {
      write_role_conflict (agent, &message, request);
      return refused (request);
    }
  request->use_candidate = stun_usage_ice_conncheck_use_candidate (&message);
  request->priority = stun_usage_ice_conncheck_priority (&message);
  return write_success (agent, &message, source, request) ? SALON_ICE_STUN_REQUEST : SALON_ICE_STUN_IGNORED;
}

gsize
salon_ice_stun_write_request (
    guint8 *buffer, const char *username, const char *password, guint8 id[SALON_ICE_STUN_ID_BYTES])
{
  StunAgent *agent = get_agent ();
  StunMessage message;
  StunTransactionId transaction;
  gsize size;

  /* The highest priority that is not a pair's: nothing is made of it at the other end. */
  if (!stun_agent_init_request (agent, &message, buffer, SALON_ICE_STUN_MAX_BYTES, STUN_BINDING)
      || stun_message_append32 (&message, STUN_ATTRIBUTE_PRIORITY, 110 << 24 | 1) != STUN_MESSAGE_RETURN_SUCCESS
      || stun_message_append64 (&message, STUN_ATTRIBUTE_ICE_CONTROLLED, 0) != STUN_MESSAGE_RETURN_SUCCESS
      || stun_message_append_string (&message, STUN_ATTRIBUTE_USERNAME, username) != STUN_MESSAGE_RETURN_SUCCESS)
    return 0;
  size = stun_agent_finish_message (agent, &message, (const uint8_t *)password, strlen (password));
  stun_message_id (&message, transaction);
  stun_agent_forget_transaction (agent, transaction);
  memcpy (id, buffer + ID_OFFSET, SALON_ICE_STUN_ID_BYTES);
  return size;
}

gboolean
salon_ice_stun_get_response_id (const guint8 *data, gsize size, guint8 id[SALON_ICE_STUN_ID_BYTES])
{
  if (!is_well_formed (data, size, BINDING_SUCCESS, NULL, NULL))
    return FALSE;
  memcpy (id, data + ID_OFFSET, SALON_ICE_STUN_ID_BYTES);
  return TRUE;
}

SalonIceStunResult
salon_ice_stun_read_response (
    const guint8 *data, gsize size, const guint8 id[SALON_ICE_STUN_ID_BYTES], const char *password)
{
  static const guint8 cookie[] = { 0x21, 0x12, 0xa4, 0x42 };
  StunAgent *agent = get_agent ();
  StunAgentSavedIds *saved = &agent->sent_ids[0];
  StunMessage message;
  StunValidationStatus status;

  *saved = (StunAgentSavedIds){
    .method = STUN_BINDING, .key = (uint8_t *)password, .key_len = strlen (password), .valid = true
  };
  memcpy (saved->id, cookie, sizeof cookie);
  memcpy (saved->id + sizeof cookie, id, SALON_ICE_STUN_ID_BYTES);
  status = stun_agent_validate (agent, &message, data, size, NULL, NULL);
  saved->valid = false;
  return status == STUN_VALIDATION_SUCCESS ? SALON_ICE_STUN_SUCCESS : SALON_ICE_STUN_IGNORED;
}
