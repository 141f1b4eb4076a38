/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-watch.h"

/* Pushes within pushes: elements from one queue to the next. */
#define MAX_DEPTH 256

/* A streaming thread. */
typedef struct
{
  GMutex lock;
  guint depth;             /* of pushes that have not returned; may be beyond the array */
  GstPad *pads[MAX_DEPTH]; /* (borrowed) what is pushed from: there while the push lasts */
  gint64 since_us;         /* when the innermost began, or the one in it ended */
} Thread;

struct _SalonWatch
{
  GstTracer parent_instance;

  GMutex lock;
  GPtrArray *threads; /* (element-type Thread) (owned), by lock */
  gint64 n_buffers;   /* by lock */
};

G_DEFINE_FINAL_TYPE (SalonWatch, salon_watch, GST_TYPE_TRACER)

/* Threads end before the process does, and a tracer has no other way to hear of it. */
static SalonWatch *the_watch;

static void
thread_free (Thread *thread)
{
  g_mutex_clear (&thread->lock);
  g_free (thread);
}

static void
thread_ended (gpointer thread)
{
  g_mutex_lock (&the_watch->lock);
  g_ptr_array_remove_fast (the_watch->threads, thread);
  g_mutex_unlock (&the_watch->lock);
}

static GPrivate the_thread = G_PRIVATE_INIT (thread_ended);

static Thread *
get_thread (SalonWatch *self)
{
  Thread *thread = g_private_get (&the_thread);

  if (thread != NULL)
    return thread;
  thread = g_new0 (Thread, 1);
  g_mutex_init (&thread->lock);
  g_private_set (&the_thread, thread);
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->threads, thread);
  g_mutex_unlock (&self->lock);
  return thread;
}

/* -- the tracer's hooks: streaming threads -- */

static void
begin (SalonWatch *self, GstPad *pad, guint n_buffers)
{
  Thread *thread = get_thread (self);
  GstPad *peer = GST_PAD_PEER (pad);
  GstObject *element = peer != NULL ? GST_OBJECT_PARENT (peer) : NULL;

  g_mutex_lock (&thread->lock);
  if (thread->depth < MAX_DEPTH)
    thread->pads[thread->depth] = pad;
  thread->depth++;
  thread->since_us = g_get_monotonic_time ();
  g_mutex_unlock (&thread->lock);
  if (!GST_IS_ELEMENT (element) || !GST_OBJECT_FLAG_IS_SET (element, GST_ELEMENT_FLAG_SINK))
    return;
  g_mutex_lock (&self->lock);
  self->n_buffers += n_buffers;
  g_mutex_unlock (&self->lock);
}

static void
end (SalonWatch *self)
{
  Thread *thread = get_thread (self);

  g_mutex_lock (&thread->lock);
  thread->depth--;
  thread->since_us = g_get_monotonic_time ();
  g_mutex_unlock (&thread->lock);
}

static void
on_push_pre (SalonWatch *self, GstClockTime time, GstPad *pad, GstBuffer *buffer)
{
  begin (self, pad, 1);
}

static void
on_push_list_pre (SalonWatch *self, GstClockTime time, GstPad *pad, GstBufferList *list)
{
  begin (self, pad, gst_buffer_list_length (list));
}

static void
on_push_post (SalonWatch *self, GstClockTime time, GstPad *pad, GstFlowReturn result)
{
  end (self);
}

/* -- looking -- */

/* What has several inputs waits for the others; and what puts a queue at each of them, though it be one. */
static gboolean
brings_together (GstElement *element)
{
  GType aggregator = g_type_from_name ("GstAggregator");

  return element->numsinkpads > 1 || (aggregator != 0 && g_type_is_a (G_OBJECT_TYPE (element), aggregator));
}

static gboolean
may_wait (GstElement *element)
{
  static const char *const waiting[]
      = { "queue", "queue2", "multiqueue", "downloadbuffer", "concat", "streamsynchronizer", "clocksync", NULL };
  GstElementFactory *factory = gst_element_get_factory (element);

  return factory == NULL || GST_OBJECT_FLAG_IS_SET (element, GST_ELEMENT_FLAG_SINK) || brings_together (element)
         || g_strv_contains (waiting, GST_OBJECT_NAME (factory));
}

/* Returns: (transfer full) (nullable): the name of what the thread is in. */
static char *
look_at (Thread *thread, gint64 now_us, gint64 *duration_us)
{
  g_autoptr (GstPad) peer = NULL;
  g_autoptr (GstElement) element = NULL;

  if (thread->depth == 0 || thread->depth > MAX_DEPTH)
    return NULL;
  *duration_us = now_us - thread->since_us;
  peer = gst_pad_get_peer (thread->pads[thread->depth - 1]);
  element = peer != NULL ? gst_pad_get_parent_element (peer) : NULL;
  if (element == NULL || GST_IS_BIN (element) || may_wait (element))
    return NULL;
  return gst_object_get_name (GST_OBJECT (element));
}

char *
salon_watch_find_stuck (SalonWatch *self, gint64 *duration_us)
{
  gint64 now_us = g_get_monotonic_time ();
  g_autofree char *found = NULL;

  *duration_us = 0;
  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->threads->len; i++)
    {
      Thread *thread = g_ptr_array_index (self->threads, i);
      gint64 lasts_us = 0;
      g_autofree char *name = NULL;

      g_mutex_lock (&thread->lock);
      name = look_at (thread, now_us, &lasts_us);
      g_mutex_unlock (&thread->lock);
      if (name == NULL || lasts_us <= *duration_us)
        continue;
      *duration_us = lasts_us;
      g_free (found);
      found = g_steal_pointer (&name);
    }
  g_mutex_unlock (&self->lock);
  return g_steal_pointer (&found);
}

gint64
salon_watch_get_n_buffers (SalonWatch *self)
{
  gint64 n_buffers;

  g_mutex_lock (&self->lock);
  n_buffers = self->n_buffers;
  g_mutex_unlock (&self->lock);
  return n_buffers;
}

static void
salon_watch_class_init (SalonWatchClass *klass)
{
}

static void
salon_watch_init (SalonWatch *self)
{
  GstTracer *tracer = GST_TRACER (self);

  g_mutex_init (&self->lock);
  self->threads = g_ptr_array_new_with_free_func ((GDestroyNotify)thread_free);
  gst_tracing_register_hook (tracer, "pad-push-pre", G_CALLBACK (on_push_pre));
  gst_tracing_register_hook (tracer, "pad-push-post", G_CALLBACK (on_push_post));
  gst_tracing_register_hook (tracer, "pad-push-list-pre", G_CALLBACK (on_push_list_pre));
  gst_tracing_register_hook (tracer, "pad-push-list-post", G_CALLBACK (on_push_post));
}

SalonWatch *
salon_watch_new (void)
{
  g_assert (the_watch == NULL);
  the_watch = g_object_new (SALON_TYPE_WATCH, NULL);
  return the_watch;
}
