/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A GStreamer plugin with the element `hostile`, which passes media on, and with the first buffer (to complain, with
 * each) does what nobody wants a decoder to do. It prints what came of it: "fork: refused", "fork: done". */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gst/gst.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define TYPE_HOSTILE (hostile_get_type ())
G_DECLARE_FINAL_TYPE (Hostile, hostile, TEST, HOSTILE, GstElement)

struct _Hostile
{
  GstElement parent;

  GstPad *src;
  char *deed;
  char *path; /* what it would read and write */
  gboolean is_done;
};

G_DEFINE_FINAL_TYPE (Hostile, hostile, GST_TYPE_ELEMENT)

enum
{
  PROP_0,
  PROP_DEED,
  PROP_PATH,
};

static void
tell (const char *what, gboolean is_done)
{
  g_printerr ("%s: %s\n", what, is_done ? "done" : "refused");
}

static gboolean
try_open (const char *path, int flags)
{
  int fd = open (path, flags | O_CLOEXEC, 0600);

  if (fd >= 0)
    close (fd);
  return fd >= 0;
}

static gboolean
try_fork (void)
{
  pid_t pid = fork ();

  if (pid == 0)
    _exit (EXIT_SUCCESS);
  if (pid > 0)
    waitpid (pid, NULL, 0);
  return pid > 0;
}

/* In the state folder, as seen from the job's output. */
static gboolean
try_connect (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  gboolean is_connected;

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  is_connected = connect (fd, (struct sockaddr *)&address, sizeof address) == 0;
  close (fd);
  return is_connected;
}

/* Each must be refused. */
static void
probe (Hostile *self)
{
  char *const arguments[] = { (char *)"true", NULL };
  g_autofree char *beside = g_strconcat (self->path, ".new", NULL);
  struct rlimit more = { 4096, 4096 };

  tell ("fork", try_fork ());
  execv ("/bin/true", arguments);
  tell ("exec", FALSE);
  tell ("read", try_open (self->path, O_RDONLY));
  tell ("write", try_open (self->path, O_WRONLY));
  tell ("create", try_open (beside, O_WRONLY | O_CREAT));
  tell ("empty", try_open (self->path, O_RDONLY | O_TRUNC) || truncate (self->path, 0) == 0);
  tell ("chmod", chmod (self->path, 0666) == 0);
  tell ("unlink", unlink (self->path) == 0);
  tell ("link", symlink (self->path, "link") == 0);
  tell ("kill", kill (getppid (), 0) == 0);
  tell ("trace", ptrace (PTRACE_ATTACH, getppid (), NULL, NULL) == 0);
  tell ("packets", socket (AF_PACKET, SOCK_RAW, 0) >= 0);
  tell ("redis", try_connect ("../../../redis/redis.sock"));
  tell ("keeper", try_connect ("../control"));
  tell ("limits", setrlimit (RLIMIT_NOFILE, &more) == 0);
  tell ("hurry", setpriority (PRIO_PROCESS, 0, -5) == 0);
}

/* Each must go on working. */
static void
use (Hostile *self)
{
  tell ("internet", socket (AF_INET, SOCK_DGRAM, 0) >= 0);
  tell ("local", socket (AF_UNIX, SOCK_STREAM, 0) >= 0);
  tell ("own", try_open ("own-file", O_RDWR | O_CREAT));
  tell ("certificates", try_open ("/etc/ssl/openssl.cnf", O_RDONLY));
  tell ("media", try_open (self->path, O_RDONLY));
}

static void
eat_memory (void)
{
  for (;;)
    g_malloc0 (16 * 1024 * 1024);
}

static void
flood (void)
{
  for (;;)
    g_printerr ("flood of words that nobody reads\n");
}

static void
complain (Hostile *self)
{
  g_autoptr (GError) error = g_error_new_literal (GST_CORE_ERROR, GST_CORE_ERROR_FAILED, "Alas");

  for (guint i = 0; i < 20000; i++)
    gst_element_post_message (
        GST_ELEMENT (self), gst_message_new_warning (GST_OBJECT (self), error, "of which there is much more to say"));
}

static void
do_deed (Hostile *self)
{
  if (g_str_equal (self->deed, "crash"))
    raise (SIGSEGV);
  else if (g_str_equal (self->deed, "hang"))
    pause ();
  else if (g_str_equal (self->deed, "flood"))
    flood ();
  else if (g_str_equal (self->deed, "complain"))
    complain (self);
  else if (g_str_equal (self->deed, "memory"))
    eat_memory ();
  else if (g_str_equal (self->deed, "probe"))
    probe (self);
  else if (g_str_equal (self->deed, "use"))
    use (self);
}

static GstFlowReturn
on_buffer (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  Hostile *self = TEST_HOSTILE (parent);

  if (!self->is_done)
    do_deed (self);
  self->is_done = !g_str_equal (self->deed, "complain");
  return gst_pad_push (self->src, buffer);
}

static void
hostile_set_property (GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
  Hostile *self = TEST_HOSTILE (object);
  char **text = id == PROP_DEED ? &self->deed : &self->path;

  g_free (*text);
  *text = g_value_dup_string (value);
}

static void
hostile_finalize (GObject *object)
{
  Hostile *self = TEST_HOSTILE (object);

  g_free (self->deed);
  g_free (self->path);
  G_OBJECT_CLASS (hostile_parent_class)->finalize (object);
}

static GstStaticPadTemplate sink_template
    = GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
static GstStaticPadTemplate src_template
    = GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

static void
hostile_class_init (HostileClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  object_class->set_property = hostile_set_property;
  object_class->finalize = hostile_finalize;
  g_object_class_install_property (
      object_class, PROP_DEED, g_param_spec_string ("deed", NULL, NULL, "none", G_PARAM_WRITABLE));
  g_object_class_install_property (
      object_class, PROP_PATH, g_param_spec_string ("path", NULL, NULL, "", G_PARAM_WRITABLE));
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Hostile", "Filter", "Does what it should not", "Salon");
}

static void
hostile_init (Hostile *self)
{
  GstPad *sink = gst_pad_new_from_static_template (&sink_template, "sink");

  self->src = gst_pad_new_from_static_template (&src_template, "src");
  self->deed = g_strdup ("none");
  self->path = g_strdup ("");
  gst_pad_set_chain_function (sink, on_buffer);
  GST_PAD_SET_PROXY_CAPS (sink);
  gst_element_add_pad (GST_ELEMENT (self), sink);
  gst_element_add_pad (GST_ELEMENT (self), self->src);
}

static gboolean
init_plugin (GstPlugin *plugin)
{
  return gst_element_register (plugin, "hostile", GST_RANK_NONE, TYPE_HOSTILE);
}

#define PACKAGE "salon-tests"
GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, hostile, "Tests of jobs", init_plugin, "1", "LGPL", "Salon",
    "https://example.org")
