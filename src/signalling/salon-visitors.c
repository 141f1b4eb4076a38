/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-visitors.h"

#include <string.h>

#include "salon-limits.h"
#include "salon-rate-limit.h"

/* Addresses remembered though nobody is there, 150 bytes each, so that leaving does not refill what was used up. */
#define MAX_ABSENT 4096
#define KEY_BYTES 16
/* All who come from one address may join once more in so many seconds. */
#define JOIN_INTERVAL_S 60

struct _SalonVisitors
{
  GHashTable *table; /* (owned) (element-type SalonVisitor): a set */
  GQueue absent;     /* (element-type SalonVisitor) (borrowed): those nobody holds, the longest absent first */
  guint max_places[SALON_VISITOR_N_PLACES];
  guint n_people;
};

struct _SalonVisitor
{
  guint8 key[KEY_BYTES];   /* first: the table looks them up by it */
  SalonVisitors *visitors; /* (owned) while held, else borrowed */
  guint n_holders;
  GList link; /* in absent, without holders */
  guint n_places[SALON_VISITOR_N_PLACES];
  SalonRateLimit request_limit;
  SalonRateLimit join_limit;
};

static guint
hash_key (gconstpointer key)
{
  guint32 words[KEY_BYTES / sizeof (guint32)];

  memcpy (words, key, KEY_BYTES);
  return words[0] * 31 * 31 + words[1] * 31 + (words[2] ^ words[3]);
}

static gboolean
is_same_key (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, KEY_BYTES) == 0;
}

/* IPv4 as mapped into IPv6 (RFC 4291 section 2.5.5.2), of IPv6 the /64. */
static void
make_key (GInetAddress *address, guint8 *key)
{
  static const guint8 prefix[12] = { [10] = 0xff, [11] = 0xff };
  const guint8 *bytes = g_inet_address_to_bytes (address);

  if (g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV4)
    {
      memcpy (key, prefix, sizeof prefix);
      memcpy (key + sizeof prefix, bytes, 4);
      return;
    }
  memcpy (key, bytes, KEY_BYTES);
  if (memcmp (bytes, prefix, sizeof prefix) != 0)
    memset (key + KEY_BYTES / 2, 0, KEY_BYTES / 2);
}

static gboolean
is_loopback (const guint8 *key)
{
  static const guint8 loopback4[13] = { [10] = 0xff, [11] = 0xff, [12] = 127 };

  return memcmp (key, loopback4, sizeof loopback4) == 0;
}

SalonVisitors *
salon_visitors_new (guint people_per_address, guint max_connections)
{
  SalonVisitors *self = g_rc_box_new0 (SalonVisitors);

  self->table = g_hash_table_new_full (hash_key, is_same_key, g_free, NULL);
  g_queue_init (&self->absent);
  self->n_people = people_per_address;
  self->max_places[SALON_VISITOR_CONNECTION]
      = MIN (people_per_address * SALON_LIMIT_PERSON_CONNECTIONS, MAX (max_connections / 2, 1));
  self->max_places[SALON_VISITOR_SOCKET] = people_per_address * SALON_LIMIT_PERSON_SOCKETS;
  self->max_places[SALON_VISITOR_DOWNLOAD]
      = MIN (people_per_address * SALON_LIMIT_PERSON_DOWNLOADS, SALON_LIMIT_DOWNLOADS / 2);
  return self;
}

SalonVisitors *
salon_visitors_ref (SalonVisitors *self)
{
  return g_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  SalonVisitors *self = data;

  g_assert (g_hash_table_size (self->table) == self->absent.length);
  g_hash_table_unref (self->table);
}

void
salon_visitors_unref (SalonVisitors *self)
{
  g_rc_box_release_full (self, clear);
}

guint
salon_visitors_count (SalonVisitors *self)
{
  return g_hash_table_size (self->table);
}

static void
hold (SalonVisitor *self)
{
  if (self->n_holders++ == 0)
    self->visitors = salon_visitors_ref (self->visitors);
}

SalonVisitor *
salon_visitors_get (SalonVisitors *self, GInetAddress *address)
{
  guint8 key[KEY_BYTES];
  SalonVisitor *visitor;

  make_key (address, key);
  if (g_inet_address_get_is_loopback (address) || is_loopback (key))
    return NULL;
  visitor = g_hash_table_lookup (self->table, key);
  if (visitor == NULL)
    {
      visitor = g_new0 (SalonVisitor, 1);
      memcpy (visitor->key, key, KEY_BYTES);
      visitor->link.data = visitor;
      visitor->visitors = self;
      g_hash_table_add (self->table, visitor);
    }
  else if (visitor->n_holders == 0)
    g_queue_unlink (&self->absent, &visitor->link);
  hold (visitor);
  return visitor;
}

void
salon_visitor_unref (SalonVisitor *self)
{
  SalonVisitors *visitors;

  if (self == NULL || --self->n_holders > 0)
    return;
  visitors = self->visitors;
  g_queue_push_tail_link (&visitors->absent, &self->link);
  if (visitors->absent.length > MAX_ABSENT)
    g_hash_table_remove (visitors->table, g_queue_pop_head_link (&visitors->absent)->data);
  salon_visitors_unref (visitors);
}

gboolean
salon_visitor_enter (SalonVisitor *self, SalonVisitorPlace place)
{
  if (self == NULL)
    return TRUE;
  if (self->n_places[place] >= self->visitors->max_places[place])
    return FALSE;
  self->n_places[place]++;
  hold (self);
  return TRUE;
}

static void
leave (SalonVisitor *self, SalonVisitorPlace place)
{
  if (self == NULL)
    return;
  g_assert (self->n_places[place] > 0);
  self->n_places[place]--;
  salon_visitor_unref (self);
}

void
salon_visitor_leave_connection (gpointer self)
{
  leave (self, SALON_VISITOR_CONNECTION);
}

void
salon_visitor_leave_socket (gpointer self)
{
  leave (self, SALON_VISITOR_SOCKET);
}

void
salon_visitor_leave_download (gpointer self)
{
  leave (self, SALON_VISITOR_DOWNLOAD);
}

gboolean
salon_visitor_take_request (SalonVisitor *self)
{
  guint n_people = self != NULL ? self->visitors->n_people : 0;

  return self == NULL
         || salon_rate_limit_take (&self->request_limit, n_people * SALON_LIMIT_PERSON_REQUESTS,
             n_people * SALON_LIMIT_PERSON_REQUESTS_PER_S, g_get_monotonic_time ());
}

gboolean
salon_visitor_take_join (SalonVisitor *self)
{
  guint n_people = self != NULL ? self->visitors->n_people : 0;

  return self == NULL
         || salon_rate_limit_take (&self->join_limit, n_people * SALON_LIMIT_PERSON_JOINS,
             MAX (n_people / JOIN_INTERVAL_S, 1), g_get_monotonic_time ());
}
