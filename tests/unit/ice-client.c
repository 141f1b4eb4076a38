/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ice-client.h"

#include <string.h>

#include <stun/stunagent.h>
#include <stun/usages/ice.h>

static uint16_t known[] = { STUN_ATTRIBUTE_USERNAME, STUN_ATTRIBUTE_MESSAGE_INTEGRITY, STUN_ATTRIBUTE_PRIORITY,
  STUN_ATTRIBUTE_USE_CANDIDATE, STUN_ATTRIBUTE_XOR_MAPPED_ADDRESS, STUN_ATTRIBUTE_ERROR_CODE,
  STUN_ATTRIBUTE_UNKNOWN_ATTRIBUTES, 0 };

static StunAgent *
get_agent (void)
{
  static __thread StunAgent agent;

  if (agent.known_attributes == NULL)
    stun_agent_init (&agent, known, STUN_COMPATIBILITY_RFC5389,
        STUN_AGENT_USAGE_SHORT_TERM_CREDENTIALS | STUN_AGENT_USAGE_USE_FINGERPRINT);
  return &agent;
}

gsize
ice_client_write_check (guint8 *buffer, const IceClientCheck *check)
{
  StunAgent *agent = get_agent ();
  gboolean has_password = *check->password != '\0';
  StunMessage message;

  /* It remembers up to 200 that nobody answered. */
  for (guint i = 0; i < STUN_AGENT_MAX_SAVED_IDS; i++)
    agent->sent_ids[i].valid = false;
  g_assert_true (stun_agent_init_request (agent, &message, buffer, ICE_CLIENT_BYTES, STUN_BINDING));
  stun_message_append32 (&message, STUN_ATTRIBUTE_PRIORITY, 12345);
  stun_message_append64 (
      &message, check->is_controlled ? STUN_ATTRIBUTE_ICE_CONTROLLED : STUN_ATTRIBUTE_ICE_CONTROLLING, 0);
  if (check->use_candidate)
    stun_message_append_flag (&message, STUN_ATTRIBUTE_USE_CANDIDATE);
  if (check->has_unknown)
    stun_message_append32 (&message, 0x7abc, 1);
  if (*check->username != '\0')
    stun_message_append_string (&message, STUN_ATTRIBUTE_USERNAME, check->username);
  return stun_agent_finish_message (
      agent, &message, has_password ? (const uint8_t *)check->password : NULL, strlen (check->password));
}

int
ice_client_read_reply (const guint8 *data, gsize size, const char *password, SalonIceAddress *mapped)
{
  struct sockaddr_storage address = { 0 };
  socklen_t length = sizeof address;
  StunMessage message;
  int code;

  if (stun_agent_validate (get_agent (), &message, data, size, NULL, NULL) != STUN_VALIDATION_SUCCESS)
    return -1;
  if (stun_message_get_class (&message) == STUN_ERROR)
    return stun_message_find_error (&message, &code) == STUN_MESSAGE_RETURN_SUCCESS ? code : -1;
  if (stun_message_find_xor_addr (&message, STUN_ATTRIBUTE_XOR_MAPPED_ADDRESS, &address, &length)
      != STUN_MESSAGE_RETURN_SUCCESS)
    return -1;
  if (mapped != NULL)
    memcpy (mapped, &address, MIN (length, sizeof *mapped));
  return 0;
}

static bool
give_password (StunAgent *agent, StunMessage *message, uint8_t *username, uint16_t username_size, uint8_t **password,
    size_t *password_size, void *user_data)
{
  *password = user_data;
  *password_size = strlen (user_data);
  return true;
}

gsize
ice_client_answer (guint8 *buffer, const guint8 *data, gsize size, const char *password, const SalonIceAddress *source)
{
  struct sockaddr_storage address = { 0 };
  size_t reply_size = ICE_CLIENT_BYTES;
  bool control = true;
  StunMessage request, reply;

  memcpy (&address, source, salon_ice_address_length (source));
  if (stun_agent_validate (get_agent (), &request, data, size, give_password, (void *)password)
      != STUN_VALIDATION_SUCCESS)
    return 0;
  stun_usage_ice_conncheck_create_reply (get_agent (), &request, &reply, buffer, &reply_size, &address,
      salon_ice_address_length (source), &control, 1, STUN_USAGE_ICE_COMPATIBILITY_RFC5245);
  return reply_size;
}
