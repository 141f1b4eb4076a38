/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An application that changes its pipeline while it plays, as gst-launch-1.0 can't: the pipeline is its arguments, what
 * is to be done comes on stdin, a line each, and what is on the bus goes to stdout, as under gst-launch-1.0 -m -v.
 *
 *   set ELEMENT.PAD PROPERTY VALUE
 *   get ELEMENT.PAD PROPERTY            answers "PROPERTY is VALUE"; without PAD, of the element
 *   add ELEMENT TEMPLATE DESCRIPTION    links a bin to a new request pad; answers "added PAD" or "no pad of ELEMENT"
 *   end PAD                             the bin that was added for it ends its stream
 *   remove ELEMENT PAD                  the pad is released, and the bin goes
 *   again N                             to NULL and back to PLAYING, N times; answers "again done, T threads, D
 *                                       descriptors"
 *   quit */
#include <gst/gst.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct
{
  GstElement *pipeline; /* (owned) */
  GMainLoop *loop;      /* (owned) */
  GHashTable *bins;     /* (owned) (element-type utf8 GstElement): that were added, by the name of their pad */
} Application;

static void
say (const char *format, const char *text)
{
  g_print (format, text);
  fflush (stdout);
}

static GstElement *
dup_element (Application *self, const char *name)
{
  GstElement *element = gst_bin_get_by_name (GST_BIN (self->pipeline), name);

  g_assert_nonnull (element);
  return element;
}

static void
print_property (GstMessage *message)
{
  GstObject *object;
  const char *name;
  const GValue *value;
  g_autofree char *path = NULL;
  g_autofree char *text = NULL;

  gst_message_parse_property_notify (message, &object, &name, &value);
  path = gst_object_get_path_string (object);
  if (G_VALUE_HOLDS_STRING (value))
    text = g_value_dup_string (value);
  else if (GST_VALUE_HOLDS_CAPS (value) && gst_value_get_caps (value) != NULL)
    text = gst_caps_to_string (gst_value_get_caps (value));
  g_print ("%s: %s = %s\n", path, name, text);
  fflush (stdout);
}

static gboolean
on_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  Application *self = user_data;
  const GstStructure *structure = gst_message_get_structure (message);
  g_autofree char *text = structure != NULL ? gst_structure_to_string (structure) : g_strdup ("");

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_STATE_CHANGED
      || GST_MESSAGE_TYPE (message) == GST_MESSAGE_STREAM_STATUS)
    return G_SOURCE_CONTINUE;
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_PROPERTY_NOTIFY)
    {
      print_property (message);
      return G_SOURCE_CONTINUE;
    }
  g_print ("%s from %s: ", GST_MESSAGE_TYPE_NAME (message), GST_MESSAGE_SRC_NAME (message));
  say ("%s\n", text);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR || GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS)
    g_main_loop_quit (self->loop);
  return G_SOURCE_CONTINUE;
}

/* -- what is asked for -- */

/* Returns: (transfer full): the pad "ELEMENT.PAD", or the element "ELEMENT". */
static GObject *
dup_object (Application *self, const char *path)
{
  g_auto (GStrv) names = g_strsplit (path, ".", 2);
  g_autoptr (GstElement) element = dup_element (self, names[0]);
  GObject *object = names[1] != NULL ? G_OBJECT (gst_element_get_static_pad (element, names[1]))
                                     : g_object_ref (G_OBJECT (element));

  g_assert_nonnull (object);
  return object;
}

static void
set (Application *self, char **words)
{
  g_autoptr (GObject) object = dup_object (self, words[1]);

  gst_util_set_object_arg (object, words[2], words[3]);
}

static void
get (Application *self, char **words)
{
  g_autoptr (GObject) object = dup_object (self, words[1]);
  g_auto (GValue) value = G_VALUE_INIT;
  g_autofree char *text = NULL;

  g_object_get_property (object, words[2], &value);
  text = gst_value_serialize (&value);
  g_print ("%s is %s\n", words[2], text);
  fflush (stdout);
}

static void
add (Application *self, char **words)
{
  g_autoptr (GstElement) element = dup_element (self, words[1]);
  g_autoptr (GError) error = NULL;
  GstElement *bin = gst_parse_bin_from_description (words[3], TRUE, &error);
  g_autoptr (GstPad) sink = gst_element_request_pad_simple (element, words[2]);
  g_autoptr (GstPad) src = NULL;
  GstPadLinkReturn result;

  g_assert_no_error (error);
  if (sink == NULL)
    {
      say ("no pad of %s\n", words[1]);
      gst_object_unref (gst_object_ref_sink (bin));
      return;
    }
  gst_bin_add (GST_BIN (self->pipeline), bin);
  src = gst_element_get_static_pad (bin, "src");
  result = gst_pad_link (src, sink);
  g_assert_cmpint (result, ==, GST_PAD_LINK_OK);
  gst_element_sync_state_with_parent (bin);
  g_hash_table_insert (self->bins, gst_pad_get_name (sink), gst_object_ref (bin));
  say ("added %s\n", GST_PAD_NAME (sink));
}

static GstElement *
get_bin (Application *self, const char *pad_name)
{
  GstElement *bin = g_hash_table_lookup (self->bins, pad_name);

  g_assert_nonnull (bin);
  return bin;
}

static void
drop_bin (Application *self, const char *pad_name)
{
  GstElement *bin = get_bin (self, pad_name);

  gst_element_set_state (bin, GST_STATE_NULL);
  gst_bin_remove (GST_BIN (self->pipeline), bin);
  g_hash_table_remove (self->bins, pad_name);
}

static void
end (Application *self, char **words)
{
  gst_element_send_event (get_bin (self, words[1]), gst_event_new_eos ());
}

static void
remove_pad (Application *self, char **words)
{
  g_autoptr (GstElement) element = dup_element (self, words[1]);
  g_autoptr (GstPad) pad = gst_element_get_static_pad (element, words[2]);

  g_assert_nonnull (pad);
  gst_element_release_request_pad (element, pad);
  drop_bin (self, words[2]);
}

static guint
count_entries (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint count = 0;

  while (g_dir_read_name (dir) != NULL)
    count++;
  return count;
}

static void
again (Application *self, char **words)
{
  for (int i = atoi (words[1]); i > 0; i--)
    {
      gst_element_set_state (self->pipeline, GST_STATE_NULL);
      gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
      gst_element_get_state (self->pipeline, NULL, NULL, 20 * GST_SECOND);
    }
  g_print (
      "again done, %u threads, %u descriptors\n", count_entries ("/proc/self/task"), count_entries ("/proc/self/fd"));
  fflush (stdout);
}

/* -- from stdin -- */

static gboolean
on_line (GIOChannel *channel, GIOCondition condition, gpointer user_data)
{
  static const struct
  {
    const char *name;
    guint n_words;
    void (*run) (Application *, char **);
  } commands[] = { { "set", 4, set }, { "get", 3, get }, { "add", 4, add }, { "end", 2, end },
    { "remove", 3, remove_pad }, { "again", 2, again } };
  Application *self = user_data;
  g_autofree char *line = NULL;
  g_auto (GStrv) words = NULL;

  if (g_io_channel_read_line (channel, &line, NULL, NULL, NULL) != G_IO_STATUS_NORMAL || g_str_equal (line, "quit\n"))
    {
      g_main_loop_quit (self->loop);
      return G_SOURCE_REMOVE;
    }
  words = g_strsplit (g_strchomp (line), " ", 4);
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      if (!g_str_equal (words[0], commands[i].name))
        continue;
      g_assert_cmpuint (g_strv_length (words), ==, commands[i].n_words);
      commands[i].run (self, words);
      return G_SOURCE_CONTINUE;
    }
  g_error ("what is \"%s\"?", line);
}

int
main (int argc, char **argv)
{
  Application self = { .bins = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, gst_object_unref) };
  g_autoptr (GIOChannel) input = g_io_channel_unix_new (0);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstBus) bus = NULL;

  gst_init (NULL, NULL);
  self.pipeline = gst_parse_launchv ((const char **)argv + 1, &error);
  g_assert_no_error (error);
  self.loop = g_main_loop_new (NULL, FALSE);
  bus = gst_element_get_bus (self.pipeline);
  gst_bus_add_watch (bus, on_message, &self);
  gst_element_add_property_deep_notify_watch (self.pipeline, NULL, TRUE);
  gst_element_set_state (self.pipeline, GST_STATE_PLAYING);
  g_io_add_watch (input, G_IO_IN | G_IO_HUP, on_line, &self);
  g_main_loop_run (self.loop);
  gst_element_set_state (self.pipeline, GST_STATE_NULL);
  gst_bus_remove_watch (bus);
  g_hash_table_unref (self.bins);
  gst_object_unref (self.pipeline);
  g_main_loop_unref (self.loop);
  g_clear_object (&bus);
  gst_deinit ();
  return 0;
}
