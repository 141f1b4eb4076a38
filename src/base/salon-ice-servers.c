/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-ice-servers.h"

#include <string.h>

/* Returns: (transfer full) */
static char *
make_password (const char *secret, const char *username)
{
  g_autoptr (GHmac) hmac = g_hmac_new (G_CHECKSUM_SHA1, (const guchar *)secret, strlen (secret));
  guint8 digest[20];
  gsize size = sizeof digest;

  g_hmac_update (hmac, (const guchar *)username, -1);
  g_hmac_get_digest (hmac, digest, &size);
  return g_base64_encode (digest, size);
}

static void
add_credentials (const SalonIceServers *self, JsonObject *server, const char *client, gint64 now_s)
{
  g_autofree char *username = NULL;
  g_autofree char *password = NULL;

  if (*self->turn_secret == '\0')
    {
      json_object_set_string_member (server, "username", self->turn_username);
      json_object_set_string_member (server, "credential", self->turn_password);
      return;
    }
  username = g_strdup_printf ("%" G_GINT64_FORMAT ":%s", now_s + self->turn_ttl_s, client);
  password = make_password (self->turn_secret, username);
  json_object_set_string_member (server, "username", username);
  json_object_set_string_member (server, "credential", password);
}

JsonNode *
salon_ice_servers_to_json (const SalonIceServers *self, const char *client, gint64 now_s)
{
  JsonArray *servers = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  for (guint i = 0; self->urls[i] != NULL; i++)
    {
      JsonObject *server = json_object_new ();
      JsonArray *urls = json_array_new ();

      json_array_add_string_element (urls, self->urls[i]);
      json_object_set_array_member (server, "urls", urls);
      if (g_str_has_prefix (self->urls[i], "turn"))
        add_credentials (self, server, client, now_s);
      json_array_add_object_element (servers, server);
    }
  json_node_take_array (node, servers);
  return node;
}
