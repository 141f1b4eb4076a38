/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What values of the configuration have to be, beside texts, numbers and lists: whether text is one. The table in
 * salon-config.c tells people what each accepts. */

gboolean salon_config_is_web_url (const char *text);
gboolean salon_config_is_origin (const char *text);
gboolean salon_config_is_stun_url (const char *text);
gboolean salon_config_is_turn_url (const char *text);
gboolean salon_config_is_client_ice_server (const char *text);
gboolean salon_config_is_nat_address (const char *text);
gboolean salon_config_is_redis_url (const char *text);
gboolean salon_config_is_listen_address (const char *text);
gboolean salon_config_is_node_id (const char *text);
gboolean salon_config_is_proxy (const char *text);
gboolean salon_config_is_element_pattern (const char *text);
gboolean salon_config_is_absolute_path (const char *text);
/* Of S3: a bucket's name, a region's, and the beginning of keys, in which ${room} and ${date} stand for others. */
gboolean salon_config_is_bucket (const char *text);
gboolean salon_config_is_region (const char *text);
gboolean salon_config_is_key_prefix (const char *text);
