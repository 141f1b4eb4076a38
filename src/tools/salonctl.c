/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* salonctl: the HTTP API of a server on the command line. Run as whoever runs the server, it finds the server and the
 * administrator's token by the same configuration. */
#include <gio/gio.h>
#include <glib/gi18n.h>
#include <stdlib.h>
#include <string.h>

#include "salon-config.h"
#include "salon-locale.h"
#include "salonctl-commands.h"

/* As in sysexits.h: the person, not the server, has something to correct. */
#define EXIT_USAGE 64
#define DEFAULT_PORT 8080

typedef struct
{
  char *server;
  char *token;
  char *config;
  char *state_dir;
  char *room;
  char *launch;
  char *output;
  gboolean is_json;
  char **words; /* the command, and its arguments */
} Options;

static void
options_clear (Options *options)
{
  g_free (options->server);
  g_free (options->token);
  g_free (options->config);
  g_free (options->state_dir);
  g_free (options->room);
  g_free (options->launch);
  g_free (options->output);
  g_strfreev (options->words);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static int
complain (int status, const char *message)
{
  g_printerr ("salonctl: %s\n", message);
  return status;
}

/* -- the command line -- */

/* Returns: (transfer full) */
static char *
describe_commands (void)
{
  g_autoptr (GString) text = g_string_new (_ ("Commands:"));

  for (const SalonCommand *command = salon_commands_get (); command->words != NULL; command++)
    {
      const char *arguments = *command->arguments != '\0' ? _ (command->arguments) : "";
      g_string_append_printf (text, "\n  %s %s\n      %s", command->words, arguments, _ (command->help));
    }
  g_string_append_printf (text, "\n\n%s",
      _ ("A ROOM is a name or an id, a JOB or RECORDING an id or its beginning. Exits with 0, with 1 when the server "
         "refuses or is "
         "not "
         "there, and with 64 when the command line is wrong."));
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static gboolean
parse_options (Options *options, int *argc, char ***argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "server", 's', 0, G_OPTION_ARG_STRING, &options->server, _ ("Where Salon is; http://localhost:8080"), _ ("URL") },
    { "token", 't', 0, G_OPTION_ARG_STRING, &options->token,
        _ ("The administrator's token, or a room owner's; that of the state folder"), _ ("TOKEN") },
    { "config", 'c', 0, G_OPTION_ARG_FILENAME, &options->config, _ ("The server's key file"), _ ("FILE") },
    { "state-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->state_dir, _ ("The server's state folder"), _ ("FOLDER") },
    { "room", 'r', 0, G_OPTION_ARG_STRING, &options->room, _ ("The room that jobs are of"), _ ("ROOM") },
    { "launch", 0, 0, G_OPTION_ARG_STRING, &options->launch,
        _ ("For job start: a text as gst-launch-1.0 takes it, in place of a pipeline"), _ ("TEXT") },
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &options->output, _ ("For recording get: where the files go"),
        _ ("FOLDER") },
    { "json", 'j', 0, G_OPTION_ARG_NONE, &options->is_json, _ ("Print what the server answers, for programs"), NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->words, NULL, _ ("COMMAND [ARGUMENT...]") },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autofree char *commands = describe_commands ();

  g_option_context_set_summary (context, _ ("Looks after the rooms and jobs of a Salon."));
  g_option_context_set_description (context, commands);
  g_option_context_add_main_entries (context, entries, NULL);
  return g_option_context_parse (context, argc, argv, error);
}

/* How many of the words are the command's own: 0: it is another. */
static guint
match_command (const SalonCommand *command, char **words)
{
  g_auto (GStrv) own = g_strsplit (command->words, " ", -1);
  guint n_words = g_strv_length (own);

  for (guint i = 0; i < n_words; i++)
    {
      if (g_strcmp0 (own[i], words[i]) != 0)
        return 0;
    }
  return n_words;
}

/* arguments: (out): what follows its words. */
static const SalonCommand *
find_command (char **words, char ***arguments, GError **error)
{
  for (const SalonCommand *command = salon_commands_get (); words != NULL && command->words != NULL; command++)
    {
      guint n_words = match_command (command, words);
      guint n_arguments;

      if (n_words == 0)
        continue;
      *arguments = words + n_words;
      n_arguments = g_strv_length (*arguments);
      if (n_arguments >= command->min_arguments && n_arguments <= command->max_arguments)
        return command;
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, _ ("write: salonctl %s %s"), command->words,
          *command->arguments != '\0' ? _ (command->arguments) : "");
      return NULL;
    }
  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
      words == NULL ? _ ("what is to be done? see --help") : _ ("there is no such command; see --help"));
  return NULL;
}

/* -- the server -- */

/* Reads the configuration as the server does. */
static SalonConfig *
read_config (const Options *options, GError **error)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) arguments = NULL;
  g_auto (GStrv) environment = g_get_environ ();

  g_strv_builder_add (builder, "salonctl");
  if (options->config != NULL)
    g_strv_builder_add_many (builder, "--config", options->config, NULL);
  if (options->state_dir != NULL)
    g_strv_builder_add_many (builder, "--state-dir", options->state_dir, NULL);
  arguments = g_strv_builder_end (builder);
  return salon_config_new ((const char *const *)arguments, (const char *const *)environment, error);
}

/* Returns: (transfer full) */
static char *
make_server_url (const SalonConfig *config)
{
  guint port = salon_config_get_uint (config, SALON_CONFIG_PORT);
  gboolean is_https = *salon_config_get_string (config, SALON_CONFIG_TLS_CERTIFICATE) != '\0';

  return g_strdup_printf ("%s://localhost:%u", is_https ? "https" : "http", port != 0 ? port : DEFAULT_PORT);
}

/* Returns: (transfer full) (nullable): the administrator's, if we may read it; the server says what it takes. */
static char *
read_token (const SalonConfig *config)
{
  const char *configured = salon_config_get_string (config, SALON_CONFIG_ADMIN_TOKEN);
  const char *state_dir = salon_config_get_string (config, SALON_CONFIG_STATE_DIR);
  g_autofree char *path = g_build_filename (state_dir, "admin-token", NULL);
  char *token = NULL;

  if (*configured != '\0')
    return g_strdup (configured);
  return g_file_get_contents (path, &token, NULL, NULL) ? g_strstrip (token) : NULL;
}

int
main (int argc, char **argv)
{
  g_auto (Options) options = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonConfig) config = NULL;
  g_autoptr (SalonApi) api = NULL;
  const SalonCommand *command;
  char **arguments = NULL;
  SalonCtl ctl;

  salon_locale_init ();
  if (!parse_options (&options, &argc, &argv, &error))
    return complain (EXIT_USAGE, error->message);
  command = find_command (options.words, &arguments, &error);
  config = command != NULL ? read_config (&options, &error) : NULL;
  if (config == NULL)
    return complain (EXIT_USAGE, error->message);
  if (options.server == NULL)
    options.server = make_server_url (config);
  if (options.token == NULL)
    options.token = read_token (config);
  api = salon_api_new (options.server, options.token);
  ctl = (SalonCtl){ api, options.room, options.launch, options.output, options.is_json };
  if (command->run (&ctl, arguments, &error))
    return EXIT_SUCCESS;
  return complain (error->domain == G_OPTION_ERROR ? EXIT_USAGE : EXIT_FAILURE, error->message);
}
