/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>

#include "salon-proxies.h"

static const char *const NOTHING[] = { NULL };
static const char *const NONE[] = { "none", NULL };
static const char *const OURS[] = { "127.0.0.1", "10.0.0.0/8", "2001:db8:1::/48", NULL };

static void
assert_client (const char *const *trusted, const char *peer, const char *forwarded_for, const char *expected)
{
  g_autoptr (SalonProxies) proxies = salon_proxies_new (trusted, "");
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (peer);
  g_autoptr (GInetAddress) client = salon_proxies_find_client (proxies, address, forwarded_for);
  g_autofree char *text = g_inet_address_to_string (client);

  g_assert_cmpstr (text, ==, expected);
}

static void
assert_has (const char *const *trusted, const char *public_url, const char *text, gboolean expected)
{
  g_autoptr (SalonProxies) proxies = salon_proxies_new (trusted, public_url);
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (text);

  g_assert_cmpint (salon_proxies_has (proxies, address), ==, expected);
}

static void
test_trusts_whom_it_is_told (void)
{
  assert_has (OURS, "", "127.0.0.1", TRUE);
  assert_has (OURS, "", "127.0.0.2", FALSE);
  assert_has (OURS, "", "10.255.0.1", TRUE);
  assert_has (OURS, "", "::ffff:10.255.0.1", TRUE);
  assert_has (OURS, "", "2001:db8:1:2::3", TRUE);
  assert_has (OURS, "", "2001:db8:2::3", FALSE);
}

static void
test_trusts_this_machine_behind_a_public_url (void)
{
  assert_has (NOTHING, "", "127.0.0.1", FALSE);
  assert_has (NOTHING, "https://a.example", "127.0.0.1", TRUE);
  assert_has (NOTHING, "https://a.example", "::1", TRUE);
  assert_has (NOTHING, "https://a.example", "10.0.0.1", FALSE);
  assert_has (NONE, "https://a.example", "127.0.0.1", FALSE);
}

static void
test_believes_no_stranger (void)
{
  assert_client (OURS, "192.0.2.1", "198.51.100.1", "192.0.2.1");
  assert_client (NONE, "127.0.0.1", "198.51.100.1", "127.0.0.1");
}

static void
test_takes_the_nearest_that_is_no_proxy (void)
{
  assert_client (OURS, "127.0.0.1", "198.51.100.1", "198.51.100.1");
  assert_client (OURS, "127.0.0.1", "203.0.113.9, 198.51.100.1", "198.51.100.1");
  assert_client (OURS, "127.0.0.1", "203.0.113.9, 198.51.100.1,10.1.2.3", "198.51.100.1");
  assert_client (OURS, "::ffff:127.0.0.1", "2001:db8::7", "2001:db8::7");
  assert_client (OURS, "127.0.0.1", "10.1.2.3", "10.1.2.3");
  assert_client (OURS, "127.0.0.1", NULL, "127.0.0.1");
}

static void
test_reads_what_proxies_write (void)
{
  assert_client (OURS, "127.0.0.1", "198.51.100.1:4711", "198.51.100.1");
  assert_client (OURS, "127.0.0.1", "[2001:db8::7]:4711", "2001:db8::7");
  assert_client (OURS, "127.0.0.1", "::ffff:198.51.100.1", "198.51.100.1");
}

static void
test_stops_at_what_is_no_address (void)
{
  static const char *const garbage[] = { "", ",", "unknown", "198.51.100.1;", "_hidden", "\xff", "[", "]:1", "1.2.3",
    "198.51.100.1, x", "%", "198.51.100.1 7", "-1", "[::1" };

  for (guint i = 0; i < G_N_ELEMENTS (garbage); i++)
    assert_client (OURS, "127.0.0.1", garbage[i], "127.0.0.1");
  assert_client (OURS, "127.0.0.1", "198.51.100.1, x, 10.0.0.1", "10.0.0.1");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/proxies/trusts-whom-it-is-told", test_trusts_whom_it_is_told);
  g_test_add_func ("/proxies/trusts-this-machine-behind-a-public-url", test_trusts_this_machine_behind_a_public_url);
  g_test_add_func ("/proxies/believes-no-stranger", test_believes_no_stranger);
  g_test_add_func ("/proxies/takes-the-nearest-that-is-no-proxy", test_takes_the_nearest_that_is_no_proxy);
  g_test_add_func ("/proxies/reads-what-proxies-write", test_reads_what_proxies_write);
  g_test_add_func ("/proxies/stops-at-what-is-no-address", test_stops_at_what_is_no_address);
  return g_test_run ();
}
