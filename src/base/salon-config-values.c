/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-config-values.h"

#include <gio/gio.h>
#include <string.h>

static gboolean
is_url (const char *text, const char *const *schemes, GUri **parsed)
{
  g_autoptr (GUri) uri = g_uri_parse (text, G_URI_FLAGS_NONE, NULL);

  if (uri == NULL || !g_strv_contains (schemes, g_uri_get_scheme (uri)) || g_uri_get_fragment (uri) != NULL)
    return FALSE;
  *parsed = g_steal_pointer (&uri);
  return TRUE;
}

gboolean
salon_config_is_web_url (const char *text)
{
  static const char *const schemes[] = { "http", "https", NULL };
  g_autoptr (GUri) uri = NULL;

  return is_url (text, schemes, &uri) && g_uri_get_host (uri) != NULL && *g_uri_get_host (uri) != '\0'
         && g_uri_get_query (uri) == NULL && g_uri_get_userinfo (uri) == NULL;
}

gboolean
salon_config_is_origin (const char *text)
{
  g_autoptr (GUri) uri = salon_config_is_web_url (text) ? g_uri_parse (text, G_URI_FLAGS_NONE, NULL) : NULL;

  return uri != NULL && *g_uri_get_path (uri) == '\0';
}

gboolean
salon_config_is_stun_url (const char *text)
{
  static const char *const schemes[] = { "stun", NULL };
  g_autoptr (GUri) uri = NULL;

  return is_url (text, schemes, &uri) && g_uri_get_host (uri) != NULL && *g_uri_get_host (uri) != '\0'
         && g_uri_get_port (uri) > 0;
}

static gboolean
is_transport_or_null (const char *query)
{
  return query == NULL || g_str_equal (query, "transport=udp") || g_str_equal (query, "transport=tcp");
}

/* As webrtcbin wants it, which would write what it does not understand to its log. */
gboolean
salon_config_is_turn_url (const char *text)
{
  static const char *const schemes[] = { "turn", "turns", NULL };
  g_autoptr (GUri) uri = g_uri_parse (text, G_URI_FLAGS_ENCODED | G_URI_FLAGS_HAS_PASSWORD, NULL);

  return uri != NULL && g_strv_contains (schemes, g_uri_get_scheme (uri)) && g_uri_get_fragment (uri) == NULL
         && g_uri_get_host (uri) != NULL && *g_uri_get_host (uri) != '\0' && g_uri_get_port (uri) > 0
         && g_uri_get_user (uri) != NULL && *g_uri_get_user (uri) != '\0' && g_uri_get_password (uri) != NULL
         && *g_uri_get_password (uri) != '\0' && *g_uri_get_path (uri) == '\0'
         && is_transport_or_null (g_uri_get_query (uri));
}

/* RFC 7064 and 7065: no "//", no path, a query only of TURN; browsers refuse the whole list for one URL that they do
 * not understand. */
gboolean
salon_config_is_client_ice_server (const char *text)
{
  g_autoptr (GUri) uri = NULL;
  g_autofree char *with_slashes = NULL;
  const char *colon = strchr (text, ':');
  const char *query;
  static const char *const schemes[] = { "stun", "stuns", "turn", "turns", NULL };

  if (colon == NULL || colon[1] == '/')
    return FALSE;
  with_slashes = g_strdup_printf ("%.*s://%s", (int)(colon - text), text, colon + 1);
  if (!is_url (with_slashes, schemes, &uri))
    return FALSE;
  query = g_uri_get_query (uri);
  return g_uri_get_host (uri) != NULL && *g_uri_get_host (uri) != '\0' && g_uri_get_userinfo (uri) == NULL
         && *g_uri_get_path (uri) == '\0' && g_uri_get_port (uri) != 0
         && (query == NULL || (g_str_has_prefix (text, "turn") && is_transport_or_null (query)));
}

gboolean
salon_config_is_nat_address (const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, "/", 2);

  if (parts[0] == NULL || (parts[1] != NULL && !g_hostname_is_ip_address (parts[1])))
    return FALSE;
  return g_hostname_is_ip_address (parts[0])
         || (*parts[0] != '\0' && parts[0][strspn (parts[0], G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-_.")] == '\0');
}

/* The store reads the rest. */
gboolean
salon_config_is_redis_url (const char *text)
{
  static const char *const schemes[] = { "redis", "unix", NULL };
  g_autoptr (GUri) uri = NULL;

  return is_url (text, schemes, &uri);
}

gboolean
salon_config_is_listen_address (const char *text)
{
  return g_str_equal (text, "localhost") || g_str_equal (text, "*") || g_hostname_is_ip_address (text);
}

gboolean
salon_config_is_proxy (const char *text)
{
  g_autoptr (GInetAddressMask) mask = g_inet_address_mask_new_from_string (text, NULL);

  return mask != NULL || g_str_equal (text, "none");
}

gboolean
salon_config_is_node_id (const char *text)
{
  return strlen (text) <= 64 && text[strspn (text, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-_.")] == '\0';
}

gboolean
salon_config_is_element_pattern (const char *text)
{
  return text[strspn (text, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-_*?")] == '\0';
}

gboolean
salon_config_is_absolute_path (const char *text)
{
  return g_path_is_absolute (text);
}

/* S3's rules for new buckets, without the rarer ones. */
gboolean
salon_config_is_bucket (const char *text)
{
  gsize n_chars = strlen (text);

  return n_chars >= 3 && n_chars <= 63 && text[strspn (text, G_CSET_a_2_z G_CSET_DIGITS "-.")] == '\0';
}

gboolean
salon_config_is_region (const char *text)
{
  return strlen (text) <= 64 && text[strspn (text, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-_")] == '\0';
}

gboolean
salon_config_is_key_prefix (const char *text)
{
  g_autoptr (GString) rest = g_string_new (text);

  g_string_replace (rest, "${room}", "", 0);
  g_string_replace (rest, "${date}", "", 0);
  return rest->len <= 200 && *text != '/' && !g_str_has_suffix (text, "/") && strpbrk (rest->str, "${}") == NULL;
}
