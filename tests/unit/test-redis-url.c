/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-error.h"
#include "salon-redis-url.h"

typedef struct
{
  const char *text, *host;
  guint port;
  const char *path, *username, *password;
  guint db;
} Good;

static const Good good[] = {
  { "redis://example.org", "example.org", 6379, NULL, NULL, NULL, 0 },
  { "redis://example.org/", "example.org", 6379, NULL, NULL, NULL, 0 },
  { "redis://10.1.2.3:7000/15", "10.1.2.3", 7000, NULL, NULL, NULL, 15 },
  { "redis://[::1]:7000", "::1", 7000, NULL, NULL, NULL, 0 },
  { "redis://:secret@h", "h", 6379, NULL, NULL, "secret", 0 },
  { "redis://salon:p%40ss%3a%2F@h/2", "h", 6379, NULL, "salon", "p@ss:/", 2 },
  { "unix:///run/redis/redis.sock", NULL, 0, "/run/redis/redis.sock", NULL, NULL, 0 },
  { "unix:///run/a%20b.sock?db=3", NULL, 0, "/run/a b.sock", NULL, NULL, 3 },
  { "unix://:secret@/run/r.sock", NULL, 0, "/run/r.sock", NULL, "secret", 0 },
  { "unix:/run/r.sock", NULL, 0, "/run/r.sock", NULL, NULL, 0 },
};

static const char *const bad[] = {
  "",
  "localhost",
  "localhost:6379",
  "http://h",
  "rediss://h",
  "redis://",
  "redis://:6379",
  "redis://h:0",
  "redis://h:70000",
  "redis://h:x",
  "redis://h/x",
  "redis://h/-1",
  "redis://h/65536",
  "redis://h/1/2",
  "redis://h?db=1",
  "redis://h#x",
  "redis://secret@h",
  "redis://user:@h",
  "unix://",
  "unix:///",
  "unix://host/run/r.sock",
  "unix:///r.sock?x=1",
  "unix:///r.sock?db=",
  "unix:///r.sock?db=1&x=2",
  "unix:r.sock",
  "redis://%00/",
  "redis://\xff/",
  /* 108 bytes of path, one too many */
  "unix:///34567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789",
};

static void
test_reads (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (SalonRedisUrl) url = salon_redis_url_parse (good[i].text, &error);

      g_test_message ("%s", good[i].text);
      g_assert_no_error (error);
      g_assert_cmpstr (url->host, ==, good[i].host);
      g_assert_cmpuint (url->port, ==, good[i].port);
      g_assert_cmpstr (url->path, ==, good[i].path);
      g_assert_cmpstr (url->username, ==, good[i].username);
      g_assert_cmpstr (url->password, ==, good[i].password);
      g_assert_cmpuint (url->db, ==, good[i].db);
    }
}

static void
test_refuses (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (SalonRedisUrl) url = salon_redis_url_parse (bad[i], &error);

      g_test_message ("%s", bad[i]);
      g_assert_error (error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS);
      g_assert_null (url);
    }
}

static void
test_keeps_the_password_to_itself (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonRedisUrl) url = salon_redis_url_parse ("redis://:secret@h:7000/1", NULL);
  g_autofree char *description = salon_redis_url_describe (url);

  g_assert_cmpstr (description, ==, "h port 7000 db 1");
  g_assert_null (salon_redis_url_parse ("redis://:secret@h:7000/x", &error));
  g_assert_null (strstr (error->message, "secret"));
  g_assert_nonnull (strstr (error->message, "redis://"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/redis-url/reads", test_reads);
  g_test_add_func ("/redis-url/refuses", test_refuses);
  g_test_add_func ("/redis-url/keeps-the-password-to-itself", test_keeps_the_password_to_itself);
  return g_test_run ();
}
