/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-candidate.h"

#include <gio/gio.h>
#include <string.h>

#include "salon-error.h"

#define PREFIX "candidate:"

/* The words of a candidate, in their order. */
enum
{
  FOUNDATION,
  COMPONENT,
  PROTOCOL,
  PRIORITY,
  ADDRESS,
  PORT,
  TYP,
  TYPE,
  REST, /* raddr, rport, generation, ...: told to people who debug, not to ICE */
};

static gboolean
is_foundation (const char *word)
{
  gsize length = strlen (word);

  for (gsize i = 0; i < length; i++)
    {
      if (!g_ascii_isalnum (word[i]) && word[i] != '+' && word[i] != '/')
        return FALSE;
    }
  return length >= 1 && length <= 32;
}

static gboolean
is_type (const char *word)
{
  static const char *const types[] = { "host", "srflx", "prflx", "relay", NULL };

  return g_strv_contains (types, word);
}

static gboolean
is_number (const char *word, guint64 min, guint64 max)
{
  return g_ascii_string_to_unsigned (word, 10, min, max, NULL, NULL);
}

static gboolean
is_well_formed (char **words)
{
  return g_strv_length (words) >= REST && is_foundation (words[FOUNDATION]) && is_number (words[COMPONENT], 1, 256)
         && is_number (words[PRIORITY], 1, G_MAXINT32) && is_number (words[PORT], 0, G_MAXUINT16)
         && g_str_equal (words[TYP], "typ") && is_type (words[TYPE]);
}

/* Returns: (transfer full) (nullable): the address, if it is that of one host. */
static char *
read_address (const char *word)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (word);

  if (address == NULL || g_inet_address_get_is_any (address) || g_inet_address_get_is_multicast (address)
      || g_str_equal (word, "255.255.255.255"))
    return NULL;
  return g_inet_address_to_string (address);
}

gboolean
salon_candidate_read (const char *text, char **candidate, GError **error)
{
  g_auto (GStrv) words = NULL;
  g_autofree char *address = NULL;

  *candidate = NULL;
  if (g_str_has_prefix (text, PREFIX))
    words = g_strsplit (text + strlen (PREFIX), " ", REST + 1);
  if (words == NULL || !is_well_formed (words))
    {
      g_set_error_literal (
          error, SALON_ERROR, SALON_ERROR_MEDIA, "An ICE candidate must read \"candidate:...\", as RFC 8839 has it");
      return FALSE;
    }
  address = read_address (words[ADDRESS]);
  if (address == NULL || !g_str_equal (words[COMPONENT], "1") || g_ascii_strcasecmp (words[PROTOCOL], "udp") != 0
      || !is_number (words[PORT], 1, G_MAXUINT16))
    return TRUE;
  *candidate = g_strdup_printf (
      PREFIX "%s 1 UDP %s %s %s typ %s", words[FOUNDATION], words[PRIORITY], address, words[PORT], words[TYPE]);
  return TRUE;
}
