/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-origins.h"

#define STRV(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define NONE ((const char *const[]){ NULL })

static void
test_same_host_may (void)
{
  g_autoptr (SalonOrigins) origins = salon_origins_new (STRV ("*"), "", NONE);

  g_assert_true (salon_origins_allows (origins, "https://salon.example", "salon.example"));
  g_assert_true (salon_origins_allows (origins, "http://Salon.example:8080", "salon.example:8080"));
  g_assert_true (salon_origins_allows (origins, NULL, "salon.example"));
  g_assert_true (salon_origins_allows (origins, NULL, NULL));
  g_assert_false (salon_origins_allows (origins, "http://salon.example", "salon.example:8080"));
  g_assert_false (salon_origins_allows (origins, "http://evil.example", "salon.example"));
  g_assert_false (salon_origins_allows (origins, "http://salon.example.evil.example", "salon.example"));
  g_assert_false (salon_origins_allows (origins, "null", "salon.example"));
  g_assert_false (salon_origins_allows (origins, "", "salon.example"));
}

static void
test_those_allowed_may (void)
{
  g_autoptr (SalonOrigins) origins
      = salon_origins_new (STRV ("*"), "https://salon.example/x", STRV ("https://app.example", "http://b.example:81"));

  g_assert_true (salon_origins_allows (origins, "https://salon.example", "10.0.0.1:8080"));
  g_assert_true (salon_origins_allows (origins, "https://APP.example:443", "10.0.0.1"));
  g_assert_true (salon_origins_allows (origins, "http://b.example:81", "10.0.0.1"));
  g_assert_false (salon_origins_allows (origins, "http://app.example", "10.0.0.1"));
  g_assert_false (salon_origins_allows (origins, "http://b.example", "10.0.0.1"));
}

static void
assert_rebinding_is_useless (const char *const *listen)
{
  g_autoptr (SalonOrigins) origins = salon_origins_new (listen, "https://salon.example", STRV ("https://app.example"));

  g_assert_false (salon_origins_allows (origins, "http://evil.example:8080", "evil.example:8080"));
  /* A GET of the same origin has no Origin. */
  g_assert_false (salon_origins_has_host (origins, "evil.example:8080"));
  g_assert_false (salon_origins_has_host (origins, "localhost.evil.example"));
  g_assert_false (salon_origins_has_host (origins, "127.0.0.1.evil.example"));
  g_assert_false (salon_origins_has_host (origins, "evil.example/localhost"));
  g_assert_false (salon_origins_has_host (origins, "localhost@evil.example"));
  g_assert_false (salon_origins_has_host (origins, ""));
  g_assert_true (salon_origins_allows (origins, "http://localhost:8080", "localhost:8080"));
  g_assert_true (salon_origins_allows (origins, "http://LOCALHOST:8080", "LOCALHOST:8080"));
  g_assert_true (salon_origins_allows (origins, "http://a.localhost:8080", "a.localhost:8080"));
  g_assert_true (salon_origins_allows (origins, "http://127.0.0.1:8080", "127.0.0.1:8080"));
  g_assert_true (salon_origins_allows (origins, "http://[::1]:8080", "[::1]:8080"));
  g_assert_true (salon_origins_allows (origins, "https://salon.example", "salon.example"));
  g_assert_true (salon_origins_allows (origins, "https://app.example", "localhost:8080"));
  g_assert_true (salon_origins_has_host (origins, NULL));
}

static void
test_rebinding_is_useless_on_localhost (void)
{
  assert_rebinding_is_useless (STRV ("localhost"));
  assert_rebinding_is_useless (STRV ("127.0.0.1", "::1"));
}

static void
test_any_name_will_do_where_others_connect (void)
{
  g_autoptr (SalonOrigins) origins = salon_origins_new (STRV ("localhost", "192.0.2.1"), "", NONE);

  g_assert_true (salon_origins_has_host (origins, "salon.example:8080"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/origins/same-host-may", test_same_host_may);
  g_test_add_func ("/origins/those-allowed-may", test_those_allowed_may);
  g_test_add_func ("/origins/rebinding-is-useless-on-localhost", test_rebinding_is_useless_on_localhost);
  g_test_add_func ("/origins/any-name-will-do-where-others-connect", test_any_name_will_do_where_others_connect);
  return g_test_run ();
}
