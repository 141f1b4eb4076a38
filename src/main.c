/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/gst.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "salon-app.h"
#include "salon-config.h"
#include "salon-http.h"
#include "salon-plugin.h"
#include "salon-redis-url.h"
#include "salon-web-resources.h"

/* As in sysexits.h: the person, not the machine, has something to correct. */
#define EXIT_USAGE 64

static int
fail (int status, const GError *error)
{
  g_printerr ("salon-server: %s\n", error->message);
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
    g_printerr ("salon-server: cannot raise the limit on open files\n");
}

static void
set_log_levels (const SalonConfig *config)
{
  if (g_getenv ("GST_DEBUG") == NULL)
    gst_debug_set_threshold_from_string (salon_config_get_string (config, SALON_CONFIG_LOG_LEVELS), TRUE);
  if (!isatty (STDERR_FILENO))
    gst_debug_set_color_mode (GST_DEBUG_COLOR_MODE_OFF);
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
  raise_descriptor_limit ();
  gst_init (NULL, NULL);
  set_log_levels (config);
  if (!check_elements (&error))
    return fail (EXIT_FAILURE, error);
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

  setlocale (LC_ALL, "");
  config = salon_config_new ((const char *const *)argv, (const char *const *)environment, &error);
  if (config == NULL)
    return fail (EXIT_USAGE, error);
  switch (salon_config_get_action (config))
    {
    case SALON_CONFIG_ACTION_VERSION:
      g_print ("salon-server " SALON_VERSION "\n");
      return EXIT_SUCCESS;
    case SALON_CONFIG_ACTION_PRINT:
      text = salon_config_to_key_file (config);
      g_print ("%s", text);
      return EXIT_SUCCESS;
    case SALON_CONFIG_ACTION_CHECK:
      if (!check_config (config, &error))
        return fail (EXIT_USAGE, error);
      g_print ("The configuration is good.\n");
      return EXIT_SUCCESS;
    case SALON_CONFIG_ACTION_RUN:
      if (!check_config (config, &error))
        return fail (EXIT_USAGE, error);
      return serve (config);
    }
  g_assert_not_reached ();
}
