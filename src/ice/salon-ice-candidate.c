/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-ice-candidate.h"

#include <string.h>

/* RFC 8445, section 5.1.2.2: hosts have 126; RFC 6544, section 4.2: TCP less than that. */
#define TYPE_PREFERENCE_UDP 126
#define TYPE_PREFERENCE_TCP 90
#define COMPONENT_RTP 1

static guint32
get_priority (guint type_preference, guint index)
{
  return type_preference << 24 | (0xffff - index) << 8 | (256 - COMPONENT_RTP);
}

static void
write_all (
    GStrvBuilder *builder, const GArray *addresses, const char *protocol, guint preference, guint port, guint families)
{
  gboolean is_tcp = g_str_equal (protocol, "TCP");

  for (guint i = 0; i < addresses->len; i++)
    {
      const SalonIceAddress *address = &g_array_index (addresses, SalonIceAddress, i);
      g_autofree char *host = salon_ice_address_to_host (address);
      g_autofree char *text = NULL;

      if ((families & (address->any.sa_family == AF_INET ? 1 : 2)) == 0)
        continue;
      /* Foundations differ by address and protocol (RFC 8445, section 5.1.1.3). */
      text = g_strdup_printf ("candidate:%u %d %s %u %s %u typ host%s", 2 * i + is_tcp + 1, COMPONENT_RTP, protocol,
          get_priority (preference, i), host, port, is_tcp ? " tcptype passive" : "");
      g_strv_builder_add (builder, text);
    }
}

GStrv
salon_ice_candidates_write (const SalonIceHosts *hosts, const SalonIceUdp *udp, const SalonIceTcp *tcp)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autoptr (GArray) addresses = salon_ice_hosts_dup_addresses (hosts);

  if (udp != NULL)
    write_all (builder, addresses, "UDP", TYPE_PREFERENCE_UDP, salon_ice_udp_get_port (udp),
        salon_ice_udp_has_family (udp, AF_INET) | salon_ice_udp_has_family (udp, AF_INET6) << 1);
  if (tcp != NULL)
    write_all (builder, addresses, "TCP", TYPE_PREFERENCE_TCP, salon_ice_tcp_get_port (tcp),
        salon_ice_tcp_has_family (tcp, AF_INET) | salon_ice_tcp_has_family (tcp, AF_INET6) << 1);
  return g_strv_builder_end (builder);
}

static const char *
get_type (const char *word)
{
  static const char *const types[] = { "host", "srflx", "prflx", "relay" };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      if (g_str_equal (types[i], word))
        return types[i];
    }
  return NULL;
}

gboolean
salon_ice_candidate_read (const char *text, SalonIceAddress *address, const char **type)
{
  /* foundation component protocol priority address port "typ" type ... */
  g_auto (GStrv) words = g_strsplit (text, " ", 9);
  guint64 port;

  if (g_strv_length (words) < 8 || !g_str_equal (words[6], "typ")
      || !g_ascii_string_to_unsigned (words[5], 10, 0, G_MAXUINT16, &port, NULL))
    return FALSE;
  *type = get_type (words[7]);
  return *type != NULL && salon_ice_address_parse (words[4], port, address);
}
