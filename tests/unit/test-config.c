/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#include "salon-config.h"
#include "salon-secret.h"
#include "salon-state-dir.h"

/* A home of its own, so that no file of the machine's user is read. */
typedef struct
{
  char *home;
  char *path; /* of the key file; not there until written */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer user_data)
{
  fixture->home = g_dir_make_tmp ("salon-config-XXXXXX", NULL);
  g_assert_nonnull (fixture->home);
  fixture->path = g_build_filename (fixture->home, "salon.conf", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer user_data)
{
  g_remove (fixture->path);
  g_assert_cmpint (g_rmdir (fixture->home), ==, 0);
  g_free (fixture->path);
  g_free (fixture->home);
}

static void
write_file (Fixture *fixture, const char *text)
{
  g_assert_true (g_file_set_contents (fixture->path, text, -1, NULL));
}

/* Reads with the file (empty when there is none yet), one variable (nullable) and one option (nullable). */
static SalonConfig *
read_config (Fixture *fixture, const char *variable, const char *option, GError **error)
{
  g_autofree char *home = g_strconcat ("HOME=", fixture->home, NULL);
  const char *environment[] = { home, variable, NULL };
  const char *arguments[] = { "salon-server", "--config", fixture->path, option, NULL };

  if (!g_file_test (fixture->path, G_FILE_TEST_EXISTS))
    write_file (fixture, "");
  return salon_config_new (arguments, environment, error);
}

static void
assert_refused (Fixture *fixture, const char *variable, const char *option, const char *part)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonConfig) config = read_config (fixture, variable, option, &error);

  g_assert_null (config);
  g_assert_nonnull (error);
  if (strstr (error->message, part) == NULL)
    g_error ("expected \"%s\" in: %s", part, error->message);
}

/* The file's own errors: "<path>:<line>: <rest>". */
static void
assert_file_refused (Fixture *fixture, const char *text, guint line, const char *part)
{
  g_autofree char *place = g_strdup_printf ("%s:%u: ", fixture->path, line);

  write_file (fixture, text);
  assert_refused (fixture, NULL, NULL, place);
  assert_refused (fixture, NULL, NULL, part);
}

static void
assert_port (Fixture *fixture, const char *variable, const char *option, guint port)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonConfig) config = read_config (fixture, variable, option, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (salon_config_get_uint (config, SALON_CONFIG_PORT), ==, port);
}

static void
test_option_wins_over_file_over_environment (Fixture *fixture, gconstpointer user_data)
{
  assert_port (fixture, NULL, NULL, 8080);
  assert_port (fixture, "SALON_PORT=1001", NULL, 1001);
  assert_port (fixture, "SALON_PORT=", NULL, 8080);
  write_file (fixture, "[server]\nport=1002\n");
  assert_port (fixture, "SALON_PORT=1001", NULL, 1002);
  assert_port (fixture, "SALON_PORT=1001", "--port=1003", 1003);
}

static void
test_names_file_and_line (Fixture *fixture, gconstpointer user_data)
{
  assert_file_refused (
      fixture, "# one\n[server]\n\nprot=1\n", 4, "unknown key \"prot\" in [server]; known are: listen, port,");
  assert_file_refused (
      fixture, "[sever]\n", 1, "unknown group [sever]; known are: server, store, rooms, media, jobs, s3, log");
  assert_file_refused (fixture, "[rooms]\nport=1\n", 2, "unknown key \"port\" in [rooms]");
  assert_file_refused (fixture, "port=1\n", 1, "before the first [group]");
  assert_file_refused (fixture, "[server]\nhello\n", 2, "neither");
  assert_file_refused (fixture, "[server]\nport[de]=1\n", 2, "unknown key");
  assert_file_refused (fixture, "[server] x\n", 1, "neither");
  assert_file_refused (fixture, "[server]\nport=1\n port = 2\n", 3, "already on line 2");
  assert_file_refused (fixture, "[server]\n port = eighty\n", 2, "\"eighty\" is not a number from 0 to 65535");
  assert_file_refused (fixture, "[server]\npublic-url=\\q\n", 2, "cannot be interpreted");
}

static void
test_refuses_bad_values (Fixture *fixture, gconstpointer user_data)
{
  assert_refused (fixture, NULL, "--port=65536", "--port: \"65536\" is not a number from 0 to 65535");
  assert_refused (fixture, NULL, "--port=", "--port");
  assert_refused (fixture, NULL, "--seats=0", "from 1 to");
  assert_refused (fixture, "SALON_DEFAULT_MAX_MEMBERS=-1", NULL, "SALON_DEFAULT_MAX_MEMBERS: ");
  assert_refused (fixture, NULL, "--create-policy=nobody", "\"nobody\" is not one of: anyone, never");
  assert_refused (fixture, NULL, "--video-codecs=VP8,VP7", "\"VP7\" is not one of: VP8, H264, VP9, AV1");
  assert_refused (fixture, NULL, "--video-codecs=;", "empty");
  assert_refused (fixture, NULL, "--listen=example.org", "\"example.org\" is not localhost");
  assert_refused (fixture, NULL, "--public-url=salon.example.org", "http:// or https://");
  assert_refused (fixture, NULL, "--allowed-origins=https://a.example/x", "an origin");
  assert_refused (fixture, NULL, "--stun-server=stun.example.org:3478", "stun://host:port");
  assert_refused (fixture, NULL, "--client-ice-servers=stun://stun.example.org", "is not stun:host");
  assert_refused (fixture, NULL, "--client-ice-servers=stun:", "is not stun:host");
  assert_refused (fixture, NULL, "--client-ice-servers=stun:a.example:0", "is not stun:host");
  assert_refused (fixture, NULL, "--client-ice-servers=stun:a.example/x", "is not stun:host");
  assert_refused (
      fixture, NULL, "--client-ice-servers=stun:a.example;turn:a.example", "\"turn:a.example\" needs turn-secret");
  assert_refused (fixture, NULL, "--client-ice-servers=stun:a.example?transport=udp", "is not stun:host");
  assert_refused (fixture, NULL, "--client-ice-servers=turn:a.example?transport=tls", "is not stun:host");
  assert_refused (fixture, NULL, "--turn-username=ada", "go together");
  assert_refused (fixture, NULL, "--s3-bucket=recordings", "s3-secret-key go together");
  assert_refused (fixture, NULL, "--s3-endpoint=https://s3.example.org/path", "without a path");
  assert_refused (fixture, NULL, "--s3-prefix=${name}", "${room} and ${date} are the only variables");
  assert_refused (fixture, NULL, "--nat-addresses=10.0.0.1/sfu.example.org", "an address or host name");
  assert_refused (fixture, NULL, "--nat-addresses=http://a.example", "an address or host name");
  assert_refused (fixture, NULL, "--ice=half", "\"half\" is not one of: lite, full");
  assert_refused (fixture, NULL, "--ice-transports=;", "empty");
  assert_refused (
      fixture, "SALON_ICE=full", "--ice-addresses=eth0", "ice-addresses does nothing with ice=full: leave it out, or");
  assert_refused (fixture, "SALON_ICE=full", "--ice-port=0", "ice-port does nothing with ice=full");
  assert_refused (fixture, NULL, "--stun-server=stun://a.example:3478", "stun-server does nothing with ice=lite");
  assert_refused (fixture, NULL, "--ice-port-min=5000", "ice-port-min (5000) and ice-port-max (0)");
  assert_refused (fixture, NULL, "--tls-key=key.pem", "go together");
  assert_refused (
      fixture, NULL, "--trusted-proxies=10.0.0.0/8;proxy.example", "\"proxy.example\" is not an IP address");
  assert_refused (fixture, NULL, "--trusted-proxies=10.0.0.1/8", "\"10.0.0.1/8\" is not an IP address, a range");
  assert_refused (fixture, NULL, "--ping-timeout-s=10", "ping-timeout-s (10) must be longer than ping-interval-s (10)");
  assert_refused (fixture, NULL, "--max-bandwidth-kbps=0", "from 1 to");
  assert_refused (fixture, NULL, "--min-bandwidth-kbps=501",
      "min-bandwidth-kbps (501), start-bandwidth-kbps (500) and max-bandwidth-kbps (100000) must be in this order");
  assert_refused (fixture, NULL, "--max-bandwidth-kbps=499", "must be in this order");
  assert_refused (fixture, "SALON_ICE=full", "--max-bandwidth-kbps=2000", "does nothing with ice=full");
  assert_refused (fixture, NULL, "--no-such-option", "no-such-option");
  assert_refused (fixture, NULL, "stray", "\"stray\" is not an option");
}

static void
test_the_version_needs_no_configuration (Fixture *fixture, gconstpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonConfig) config = NULL;

  write_file (fixture, "[nonsense]\n");
  config = read_config (fixture, "SALON_PORT=nonsense", "--version", &error);
  g_assert_no_error (error);
  g_assert_cmpint (salon_config_get_action (config), ==, SALON_CONFIG_ACTION_VERSION);
}

static void
test_never_shows_secrets (Fixture *fixture, gconstpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonConfig) config = NULL;
  g_autofree char *text = NULL;

  write_file (fixture, "[server]\nadmin-token=hush\n[store]\nredis-url=redis://:hush@localhost\n"
                       "[media]\nice=full\nturn-server=turn://ada:hush@a.example:3478\n");
  config = read_config (fixture, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (salon_config_get_string (config, SALON_CONFIG_ADMIN_TOKEN), ==, "hush");
  text = salon_config_to_key_file (config);
  g_assert_null (strstr (text, "hush"));

  config = (salon_config_free (config), read_config (fixture, NULL, "--redis-url=hush", &error));
  g_assert_null (config);
  g_assert_null (strstr (error->message, "hush"));
}

static void
test_turn_server (Fixture *fixture, gconstpointer user_data)
{
  static const char *const good[] = { "turn://ada:hush@a.example:3478", "turns://1700%3Aada:a%2Fb%3D@[::1]:5349",
    "turn://ada:hush@a.example:3478?transport=tcp" };
  static const char *const bad[] = { "turn://a.example:3478", "turn://ada@a.example:3478", "turn://ada:@a.example:3478",
    "turn://:hush@a.example:3478", "turn://ada:hush@a.example", "turn:a.example:3478", "stun://ada:hush@a.example:3478",
    "turn://ada:hush@a.example:3478/x", "turn://ada:hush@a.example:3478?transport=tls", "hush" };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autofree char *option = g_strdup_printf ("--turn-server=%s", good[i]);
      g_autoptr (GError) error = NULL;
      g_autoptr (SalonConfig) config = read_config (fixture, "SALON_ICE=full", option, &error);

      g_assert_no_error (error);
      g_assert_cmpstr (salon_config_get_string (config, SALON_CONFIG_TURN_SERVER), ==, good[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *option = g_strdup_printf ("--turn-server=%s", bad[i]);

      assert_refused (fixture, "SALON_ICE=full", option, "turn-server: what is given is not turn://user:password@");
    }
  assert_refused (
      fixture, NULL, "--turn-server=turn://ada:hush@a.example:3478", "turn-server does nothing with ice=lite");
}

static void
test_reads_lists (Fixture *fixture, gconstpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonConfig) config = NULL;
  const char *const *codecs;

  write_file (fixture, "[media]\nvideo-codecs = H264; VP8 ;\nclient-ice-servers=stun:a.example;stuns:[::1]:5349\n"
                       "nat-addresses=192.0.2.1/10.0.0.1; sfu.example.org;2001:db8::1\n");
  config = read_config (fixture, "SALON_LISTEN=127.0.0.1,::1", NULL, &error);
  g_assert_no_error (error);
  codecs = salon_config_get_strv (config, SALON_CONFIG_VIDEO_CODECS);
  g_assert_cmpstr (codecs[0], ==, "H264");
  g_assert_cmpstr (codecs[1], ==, "VP8");
  g_assert_null (codecs[2]);
  g_assert_cmpstr (salon_config_get_strv (config, SALON_CONFIG_LISTEN)[1], ==, "::1");
  g_assert_cmpstr (salon_config_get_strv (config, SALON_CONFIG_CLIENT_ICE_SERVERS)[1], ==, "stuns:[::1]:5349");
  g_assert_cmpstr (salon_config_get_strv (config, SALON_CONFIG_NAT_ADDRESSES)[2], ==, "2001:db8::1");
}

static void
test_finds_the_users_file (Fixture *fixture, gconstpointer user_data)
{
  g_autofree char *folder = g_build_filename (fixture->home, "salon", NULL);
  g_autofree char *path = g_build_filename (folder, "salon.conf", NULL);
  g_autofree char *config_home = g_strconcat ("XDG_CONFIG_HOME=", fixture->home, NULL);
  const char *environment[] = { config_home, NULL };
  const char *arguments[] = { "salon-server", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonConfig) config = NULL;

  g_assert_cmpint (g_mkdir (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, "[server]\nport=4321\n", -1, NULL));
  config = salon_config_new (arguments, environment, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (salon_config_get_uint (config, SALON_CONFIG_PORT), ==, 4321);
  g_remove (path);
  g_rmdir (folder);
}

static void
assert_state_dir (Fixture *fixture, const char *variable, const char *option, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonConfig) config = read_config (fixture, variable, option, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (salon_config_get_string (config, SALON_CONFIG_STATE_DIR), ==, expected);
}

static void
test_picks_a_state_dir (Fixture *fixture, gconstpointer user_data)
{
  g_autofree char *in_home = g_build_filename (fixture->home, ".local/state/salon", NULL);

  assert_state_dir (fixture, NULL, NULL, in_home);
  assert_state_dir (fixture, "XDG_STATE_HOME=/x", NULL, "/x/salon");
  assert_state_dir (fixture, "STATE_DIRECTORY=/var/lib/salon:/var/lib/other", NULL, "/var/lib/salon");
  assert_state_dir (fixture, "STATE_DIRECTORY=/var/lib/salon", "--state-dir=/here", "/here");
}

static void
test_reads_what_it_prints (Fixture *fixture, gconstpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonConfig) first = NULL;
  g_autoptr (SalonConfig) second = NULL;
  g_autofree char *printed = NULL;
  g_autofree char *again = NULL;

  write_file (fixture, "[server]\nport=9\nlisten=*\nallowed-origins=https://a.example;http://b.example:8\n"
                       "[log]\nlog-levels=\\s*:2\\\\\n");
  first = read_config (fixture, NULL, "--print-config", &error);
  g_assert_no_error (error);
  g_assert_cmpint (salon_config_get_action (first), ==, SALON_CONFIG_ACTION_PRINT);
  printed = salon_config_to_key_file (first);
  write_file (fixture, printed);
  second = read_config (fixture, NULL, "--print-config", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (salon_config_get_string (second, SALON_CONFIG_LOG_LEVELS), ==, " *:2\\");
  again = salon_config_to_key_file (second);
  g_assert_cmpstr (again, ==, printed);
}

static void
test_document_is_current (Fixture *fixture, gconstpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonConfig) config = read_config (fixture, NULL, "--print-config", &error);
  g_autofree char *printed = NULL;
  g_autofree char *document = NULL;
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", "salon.conf", NULL);

  g_assert_no_error (error);
  printed = salon_config_to_key_file (config);
  g_assert_true (g_file_get_contents (path, &document, NULL, NULL));
  /* Not so? salon-server --config=/dev/null --print-config > data/salon.conf */
  g_assert_cmpstr (document, ==, printed);
}

static guint
get_mode (const char *path)
{
  GStatBuf status;

  g_assert_cmpint (g_stat (path, &status), ==, 0);
  return status.st_mode & 0777;
}

static void
test_state_dir_keeps_others_out (Fixture *fixture, gconstpointer user_data)
{
  g_autofree char *path = g_build_filename (fixture->home, "state", NULL);
  g_autofree char *lock_path = g_build_filename (path, "server.lock", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir (path, 0755), ==, 0);
  /* Empty at first; the second time it is known by its lock. */
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (SalonStateDir) dir = NULL;

      g_assert_cmpint (g_chmod (path, 0755), ==, 0);
      dir = salon_state_dir_open (path, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (get_mode (path), ==, 0700);
    }
  g_remove (lock_path);
  g_rmdir (path);
}

static void
test_state_dir_leaves_foreign_folders_alone (Fixture *fixture, gconstpointer user_data)
{
  g_autoptr (GError) error = NULL;

  write_file (fixture, "somebody else's");
  g_assert_cmpint (g_chmod (fixture->home, 0755), ==, 0);
  g_assert_null (salon_state_dir_open (fixture->home, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_assert_nonnull (strstr (error->message, "--state-dir"));
  g_assert_cmpuint (get_mode (fixture->home), ==, 0755);
}

static void
test_state_dir_keeps_what_it_made (Fixture *fixture, gconstpointer user_data)
{
  g_autofree char *path = g_build_filename (fixture->home, "state", NULL);
  g_autofree char *token_path = g_build_filename (path, "token", NULL);
  g_autofree char *lock_path = g_build_filename (path, "server.lock", NULL);
  g_autoptr (GError) error = NULL;
  SalonStateDir *dir = salon_state_dir_open (path, &error);
  g_autofree char *token = NULL;
  g_autofree char *again = NULL;

  g_assert_no_error (error);
  token = salon_state_dir_remember (dir, "token", salon_secret_new, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (strlen (token), ==, 43);
  g_assert_cmpuint (get_mode (token_path), ==, 0600);

  g_assert_null (salon_state_dir_open (path, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_clear_error (&error);

  salon_state_dir_free (dir);
  dir = salon_state_dir_open (path, &error);
  g_assert_no_error (error);
  again = salon_state_dir_remember (dir, "token", salon_secret_new, &error);
  g_assert_cmpstr (again, ==, token);
  g_assert_true (salon_secret_equal (again, token));
  g_assert_false (salon_secret_equal (again, "other"));

  salon_state_dir_free (dir);
  g_remove (token_path);
  g_remove (lock_path);
  g_rmdir (path);
}

#define ADD(path, function) g_test_add ("/config/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("option-wins-over-file-over-environment", test_option_wins_over_file_over_environment);
  ADD ("names-file-and-line", test_names_file_and_line);
  ADD ("refuses-bad-values", test_refuses_bad_values);
  ADD ("the-version-needs-no-configuration", test_the_version_needs_no_configuration);
  ADD ("never-shows-secrets", test_never_shows_secrets);
  ADD ("reads-turn-servers", test_turn_server);
  ADD ("reads-lists", test_reads_lists);
  ADD ("finds-the-users-file", test_finds_the_users_file);
  ADD ("picks-a-state-dir", test_picks_a_state_dir);
  ADD ("reads-what-it-prints", test_reads_what_it_prints);
  ADD ("document-is-current", test_document_is_current);
  ADD ("state-dir-keeps-others-out", test_state_dir_keeps_others_out);
  ADD ("state-dir-leaves-foreign-folders-alone", test_state_dir_leaves_foreign_folders_alone);
  ADD ("state-dir-keeps-what-it-made", test_state_dir_keeps_what_it_made);
  return g_test_run ();
}
