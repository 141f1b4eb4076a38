/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>
#include <gst/gst.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "salon-app.h"
#include "salon-config.h"
#include "salon-gst-log.h"
#include "salon-http.h"
#include "salon-locale.h"
#include "salon-log.h"
#include "salon-plugin.h"
#include "salon-redis-url.h"
#include "salon-web-resources.h"

/* As in sysexits.h: the person, not the machine, has something to correct. */
#define EXIT_USAGE 64
#define PROGRAM "salon-server"

static int
fail (int status, const GError *error)
{
  g_printerr (PROGRAM ": %s\n", error->message);
  return status;
}

/* What only shows by opening files: --check-config wants to know. */
static gboolean
check_config (const SalonConfig *config, GError **error)
{
  const char *redis_url = salon_config_get_string (config, SALON_CONFIG_REDIS_URL);
  g_autoptr (SalonRedisUrl) parsed_url = NULL;
  g_autoptr (GTlsCertificate) certificate = NULL;
  g_autoptr (GError) local_error = NULL;

  if (*redis_url != '\0')
    {
      parsed_url = salon_redis_url_parse (redis_url, error);
      if (parsed_url == NULL)
        return FALSE;
    }
  certificate = salon_http_load_certificate (config, &local_error);
  if (local_error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/* A participant takes a dozen descriptors, and the soft limit is often 1024. */
static void
raise_descriptor_limit (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0)
    return;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit (RLIMIT_NOFILE, &limit) != 0)
    salon_log_event (SALON_LOG_WARNING, "few_descriptors", (SalonLogFields){ 0 },
        "Cannot raise the limit on open files to %" G_GUINT64_FORMAT, (guint64)limit.rlim_cur);
}

/* glibc makes an arena for nearly every thread, of which each webrtcbin has a dozen, and what they scatter in them is
 * never whole again: the server grew by a quarter in 10,000 calls (tests/soak). */
static void
bound_arenas (void)
{
#ifdef M_ARENA_MAX
  if (g_getenv ("MALLOC_ARENA_MAX") == NULL)
    mallopt (M_ARENA_MAX, MAX (2, g_get_num_processors ()));
#endif
}

/* GLib before 2.76 keeps what is freed in slices of its own, by size and by thread: 95 KiB more for each subscriber. It
 * reads the environment before main() begins: so the program begins again. */
static void
avoid_slices (char **argv)
{
  g_autofree char *path = g_file_read_link ("/proc/self/exe", NULL);

  if (glib_check_version (2, 76, 0) == NULL || g_getenv ("G_SLICE") != NULL || path == NULL)
    return;
  if (g_setenv ("G_SLICE", "always-malloc", TRUE))
    execv (path, argv);
}

static gboolean
check_elements (GError **error)
{
  static const char *const names[]
      = { "webrtcbin", "nicesrc", "nicesink", "dtlssrtpdec", "dtlssrtpenc", "srtpdec", "srtpenc", "rtpbin", "tee" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GstElementFactory) factory = gst_element_factory_find (names[i]);

      if (factory != NULL)
        continue;
      g_set_error (error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN,
          "GStreamer's element \"%s\" is not installed; data/start installs what is needed", names[i]);
      return FALSE;
    }
  return TRUE;
}

static int
serve (const SalonConfig *config)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonApp) app = NULL;

  signal (SIGPIPE, SIG_IGN);
  bound_arenas ();
  salon_log_open (PROGRAM, salon_config_get_string (config, SALON_CONFIG_LOG_FORMAT));
  salon_gst_log_redirect (salon_config_get_string (config, SALON_CONFIG_LOG_LEVELS));
  raise_descriptor_limit ();
  gst_init (NULL, NULL);
  if (!check_elements (&error))
    {
      salon_log_event (SALON_LOG_ERROR, "start_failed", (SalonLogFields){ 0 }, "%s", error->message);
      return EXIT_FAILURE;
    }
  if (!salon_plugin_register_static ())
    g_error ("GStreamer refuses Salon's own elements");
  salon_web_register_resource ();
  app = salon_app_new (config);
  return salon_app_run (app);
}

int
main (int argc, char **argv)
{
  g_auto (GStrv) environment = g_get_environ ();
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonConfig) config = NULL;
  g_autofree char *text = NULL;

  salon_locale_init ();
  config = salon_config_new ((const char *const *)argv, (const char *const *)environment, &error);
  if (config == NULL)
    return fail (EXIT_USAGE, error);
  switch (salon_config_get_action (config))
    {
    case SALON_CONFIG_ACTION_VERSION:
      g_print (PROGRAM " " SALON_VERSION "\n");
      return EXIT_SUCCESS;
    case SALON_CONFIG_ACTION_PRINT:
      text = salon_config_to_key_file (config);
      g_print ("%s", text);
      return EXIT_SUCCESS;
    case SALON_CONFIG_ACTION_CHECK:
      if (!check_config (config, &error))
        return fail (EXIT_USAGE, error);
      g_print (_ ("The configuration is good.\n"));
      return EXIT_SUCCESS;
    case SALON_CONFIG_ACTION_RUN:
      avoid_slices (argv);
      if (!check_config (config, &error))
        return fail (EXIT_USAGE, error);
      return serve (config);
    }
  g_assert_not_reached ();
}
