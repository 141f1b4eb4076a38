/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>

#include "salon-limits.h"
#include "salon-visitors.h"

#define MAX_CONNECTIONS 1000
#define N_PEOPLE 2

typedef struct
{
  SalonVisitors *visitors;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer user_data)
{
  fixture->visitors = salon_visitors_new (N_PEOPLE, MAX_CONNECTIONS);
}

static void
tear_down (Fixture *fixture, gconstpointer user_data)
{
  salon_visitors_unref (fixture->visitors);
}

static SalonVisitor *
get (Fixture *fixture, const char *text)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (text);

  return salon_visitors_get (fixture->visitors, address);
}

static void
assert_same (Fixture *fixture, const char *a, const char *b, gboolean expected)
{
  g_autoptr (SalonVisitor) first = get (fixture, a);
  g_autoptr (SalonVisitor) second = get (fixture, b);

  g_assert_nonnull (first);
  g_assert_cmpint (first == second, ==, expected);
}

static void
test_tells_addresses_apart (Fixture *fixture, gconstpointer user_data)
{
  assert_same (fixture, "192.0.2.1", "192.0.2.1", TRUE);
  assert_same (fixture, "192.0.2.1", "192.0.2.2", FALSE);
  assert_same (fixture, "192.0.2.1", "::ffff:192.0.2.1", TRUE);
  assert_same (fixture, "2001:db8:1:2::1", "2001:db8:1:2:ffff::", TRUE);
  assert_same (fixture, "2001:db8:1:2::1", "2001:db8:1:3::1", FALSE);
}

static void
test_does_not_count_this_machine (Fixture *fixture, gconstpointer user_data)
{
  g_assert_null (get (fixture, "127.0.0.1"));
  g_assert_null (get (fixture, "127.1.2.3"));
  g_assert_null (get (fixture, "::1"));
  g_assert_null (get (fixture, "::ffff:127.0.0.1"));
  for (guint i = 0; i < MAX_CONNECTIONS; i++)
    g_assert_true (salon_visitor_enter (NULL, SALON_VISITOR_SOCKET) && salon_visitor_take_join (NULL));
}

static void
test_gives_places_and_takes_them_back (Fixture *fixture, gconstpointer user_data)
{
  g_autoptr (SalonVisitor) visitor = get (fixture, "192.0.2.1");
  g_autoptr (SalonVisitor) other = get (fixture, "192.0.2.2");

  for (guint i = 0; i < N_PEOPLE * SALON_LIMIT_PERSON_SOCKETS; i++)
    g_assert_true (salon_visitor_enter (visitor, SALON_VISITOR_SOCKET));
  g_assert_false (salon_visitor_enter (visitor, SALON_VISITOR_SOCKET));
  g_assert_true (salon_visitor_enter (visitor, SALON_VISITOR_CONNECTION));
  g_assert_true (salon_visitor_enter (other, SALON_VISITOR_SOCKET));
  salon_visitor_leave_socket (visitor);
  g_assert_true (salon_visitor_enter (visitor, SALON_VISITOR_SOCKET));

  for (guint i = 0; i < N_PEOPLE * SALON_LIMIT_PERSON_SOCKETS; i++)
    salon_visitor_leave_socket (visitor);
  salon_visitor_leave_connection (visitor);
  salon_visitor_leave_socket (other);
}

static void
test_gives_one_address_half_of_all_connections_at_most (Fixture *fixture, gconstpointer user_data)
{
  g_autoptr (SalonVisitors) visitors = salon_visitors_new (10000, 6);
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string ("192.0.2.1");
  g_autoptr (SalonVisitor) visitor = salon_visitors_get (visitors, address);

  for (guint i = 0; i < 3; i++)
    g_assert_true (salon_visitor_enter (visitor, SALON_VISITOR_CONNECTION));
  g_assert_false (salon_visitor_enter (visitor, SALON_VISITOR_CONNECTION));
  for (guint i = 0; i < 3; i++)
    salon_visitor_leave_connection (visitor);
}

static void
test_gives_one_address_half_of_all_downloads_at_most (Fixture *fixture, gconstpointer user_data)
{
  g_autoptr (SalonVisitors) visitors = salon_visitors_new (10000, MAX_CONNECTIONS);
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string ("192.0.2.1");
  g_autoptr (SalonVisitor) visitor = salon_visitors_get (visitors, address);

  for (guint i = 0; i < SALON_LIMIT_DOWNLOADS / 2; i++)
    g_assert_true (salon_visitor_enter (visitor, SALON_VISITOR_DOWNLOAD));
  g_assert_false (salon_visitor_enter (visitor, SALON_VISITOR_DOWNLOAD));
  for (guint i = 0; i < SALON_LIMIT_DOWNLOADS / 2; i++)
    salon_visitor_leave_download (visitor);
  g_assert_true (salon_visitor_enter (visitor, SALON_VISITOR_DOWNLOAD));
  salon_visitor_leave_download (visitor);
}

static void
use_up (Fixture *fixture, const char *text)
{
  g_autoptr (SalonVisitor) visitor = get (fixture, text);

  for (guint i = 0; i < N_PEOPLE * SALON_LIMIT_PERSON_JOINS; i++)
    g_assert_true (salon_visitor_take_join (visitor));
  g_assert_false (salon_visitor_take_join (visitor));
  g_assert_true (salon_visitor_take_request (visitor));
}

static void
test_remembers_who_has_gone (Fixture *fixture, gconstpointer user_data)
{
  g_autoptr (SalonVisitor) again = NULL;

  use_up (fixture, "192.0.2.1");
  again = get (fixture, "192.0.2.1");
  g_assert_false (salon_visitor_take_join (again));
}

static void
test_is_bounded (Fixture *fixture, gconstpointer user_data)
{
  g_autoptr (SalonVisitor) present = get (fixture, "192.0.2.1");
  guint before;

  g_assert_true (salon_visitor_enter (present, SALON_VISITOR_SOCKET));
  for (guint i = 0; i < 100000; i++)
    {
      g_autofree char *text = g_strdup_printf ("10.%u.%u.%u", i >> 16, (i >> 8) & 255, i & 255);
      g_autoptr (SalonVisitor) visitor = get (fixture, text);

      g_assert_true (salon_visitor_take_request (visitor));
    }
  before = salon_visitors_count (fixture->visitors);
  g_assert_cmpuint (before, <=, 5000);
  g_assert_true (get (fixture, "192.0.2.1") == present);
  salon_visitor_unref (present);
  salon_visitor_leave_socket (present);
}

#define ADD(path, function) g_test_add ("/visitors/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("tells-addresses-apart", test_tells_addresses_apart);
  ADD ("does-not-count-this-machine", test_does_not_count_this_machine);
  ADD ("gives-places-and-takes-them-back", test_gives_places_and_takes_them_back);
  ADD ("gives-one-address-half-of-all-connections-at-most", test_gives_one_address_half_of_all_connections_at_most);
  ADD ("gives-one-address-half-of-all-downloads-at-most", test_gives_one_address_half_of_all_downloads_at_most);
  ADD ("remembers-who-has-gone", test_remembers_who_has_gone);
  ADD ("is-bounded", test_is_bounded);
  return g_test_run ();
}
