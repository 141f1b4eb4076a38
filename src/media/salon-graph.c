/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-graph.h"

#include "salon-error.h"

GST_DEBUG_CATEGORY_STATIC (salon_graph_debug);
#define GST_CAT_DEFAULT salon_graph_debug

typedef struct
{
  SalonGraphErrorFunc func;
  gpointer user_data;
} Watch;

typedef struct
{
  SalonGraphJobFunc func;
  GObject *object; /* (owned) */
} Job;

struct _SalonGraph
{
  GObject parent_instance;

  GstElement *pipeline; /* (owned) (nullable): NULL once closed */
  guint bus_watch;
  GQueue jobs; /* (element-type Job) (owned) */
  guint job_source;
  GHashTable *watches; /* (owned): GstElement (borrowed) -> Watch */
  gboolean is_being_drawn;
};

G_DEFINE_FINAL_TYPE (SalonGraph, salon_graph, G_TYPE_OBJECT)

/* The watched element that `source` is, or is inside of. */
static GstElement *
find_watched (SalonGraph *self, GstObject *source)
{
  for (GstObject *object = source; object != NULL; object = GST_OBJECT_PARENT (object))
    {
      if (g_hash_table_contains (self->watches, object))
        return GST_ELEMENT (object);
    }
  return NULL;
}

static void
on_error (SalonGraph *self, GstMessage *message)
{
  GstElement *element = find_watched (self, GST_MESSAGE_SRC (message));
  g_autoptr (GError) error = NULL;
  g_autofree char *details = NULL;
  Watch *watch;

  gst_message_parse_error (message, &error, &details);
  if (element == NULL)
    {
      GST_WARNING_OBJECT (
          self->pipeline, "%s: %s (%s)", GST_OBJECT_NAME (GST_MESSAGE_SRC (message)), error->message, details);
      return;
    }
  GST_INFO_OBJECT (element, "%s: %s (%s)", GST_OBJECT_NAME (GST_MESSAGE_SRC (message)), error->message, details);
  watch = g_hash_table_lookup (self->watches, element);
  watch->func (element, watch->user_data);
}

static gboolean
on_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  SalonGraph *self = user_data;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    on_error (self, message);
  return G_SOURCE_CONTINUE;
}

/* -- jobs -- */

static void
job_free (Job *job)
{
  g_object_unref (job->object);
  g_free (job);
}

static gboolean
run_one_job (gpointer user_data)
{
  SalonGraph *self = user_data;
  Job *job = g_queue_pop_head (&self->jobs);

  if (job != NULL)
    {
      job->func (job->object);
      job_free (job);
    }
  if (!g_queue_is_empty (&self->jobs))
    return G_SOURCE_CONTINUE;
  self->job_source = 0;
  return G_SOURCE_REMOVE;
}

void
salon_graph_defer (SalonGraph *self, SalonGraphJobFunc func, GObject *object)
{
  Job *job = g_new (Job, 1);

  job->func = func;
  job->object = g_object_ref (object);
  g_queue_push_tail (&self->jobs, job);
  if (self->job_source == 0)
    self->job_source = g_idle_add (run_one_job, self);
}

static void
salon_graph_dispose (GObject *object)
{
  SalonGraph *self = SALON_GRAPH (object);

  g_assert (self->pipeline == NULL); /* salon_graph_close() was called */
  g_clear_pointer (&self->watches, g_hash_table_unref);
  G_OBJECT_CLASS (salon_graph_parent_class)->dispose (object);
}

static void
salon_graph_class_init (SalonGraphClass *klass)
{
  GST_DEBUG_CATEGORY_INIT (salon_graph_debug, "salon-graph", 0, "Salon room graph");
  G_OBJECT_CLASS (klass)->dispose = salon_graph_dispose;
}

static void
salon_graph_init (SalonGraph *self)
{
  g_queue_init (&self->jobs);
  self->watches = g_hash_table_new_full (NULL, NULL, NULL, g_free);
}

SalonGraph *
salon_graph_new (const char *name)
{
  SalonGraph *self = g_object_new (SALON_TYPE_GRAPH, NULL);
  g_autofree char *pipeline_name = g_strdup_printf ("room-%s", name);
  g_autoptr (GstClock) clock = gst_system_clock_obtain ();
  g_autoptr (GstBus) bus = NULL;

  self->pipeline = gst_object_ref_sink (gst_pipeline_new (pipeline_name));
  /* Elements come and go; none of them may become the clock of all. */
  gst_pipeline_use_clock (GST_PIPELINE (self->pipeline), clock);
  bus = gst_pipeline_get_bus (GST_PIPELINE (self->pipeline));
  self->bus_watch = gst_bus_add_watch (bus, on_message, self);
  gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
  return self;
}

void
salon_graph_close (SalonGraph *self)
{
  if (self->pipeline == NULL)
    return;
  g_clear_handle_id (&self->bus_watch, g_source_remove);
  g_clear_handle_id (&self->job_source, g_source_remove);
  g_queue_clear_full (&self->jobs, (GDestroyNotify)job_free);
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  gst_clear_object (&self->pipeline);
}

void
salon_graph_add (SalonGraph *self, GstElement *element)
{
  gst_bin_add (GST_BIN (self->pipeline), element);
  gst_element_sync_state_with_parent (element);
}

void
salon_graph_remove (SalonGraph *self, GstElement *element)
{
  /* Locked first: a state change of the pipeline must not wake it between the next two lines. */
  gst_element_set_locked_state (element, TRUE);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_bin_remove (GST_BIN (self->pipeline), element);
}

void
salon_graph_watch_element (SalonGraph *self, GstElement *element, SalonGraphErrorFunc func, gpointer user_data)
{
  Watch *watch = g_new (Watch, 1);

  watch->func = func;
  watch->user_data = user_data;
  g_hash_table_insert (self->watches, element, watch);
}

void
salon_graph_unwatch_element (SalonGraph *self, GstElement *element)
{
  g_hash_table_remove (self->watches, element);
}

/* -- drawing -- */

static void
draw (GTask *task, gpointer source, gpointer drawing, GCancellable *cancellable)
{
  GError *error = NULL;
  char *text = salon_drawing_write (drawing, &error);

  if (text != NULL)
    g_task_return_pointer (task, text, g_free);
  else
    g_task_return_error (task, error);
}

/* On the main context, where the drawing ends, and maybe the graph: in the thread they must not. */
static void
on_drawn (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  SalonGraph *self = g_task_get_source_object (task);
  GError *error = NULL;
  char *text = g_task_propagate_pointer (G_TASK (result), &error);

  self->is_being_drawn = FALSE;
  if (text != NULL)
    g_task_return_pointer (task, text, g_free);
  else
    g_task_return_error (task, error);
}

void
salon_graph_draw_async (SalonGraph *self, SalonDrawing *drawing, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);
  g_autoptr (GTask) writing = NULL;
  GPtrArray *elements = g_ptr_array_new_with_free_func (gst_object_unref);

  g_task_set_task_data (task, drawing, (GDestroyNotify)salon_drawing_free);
  if (self->is_being_drawn)
    {
      g_ptr_array_unref (elements);
      g_task_return_new_error (
          task, SALON_ERROR, SALON_ERROR_TOO_MANY_REQUESTS, "This room is just being drawn; ask again in a moment");
      g_object_unref (task);
      return;
    }
  self->is_being_drawn = TRUE;
  GST_OBJECT_LOCK (self->pipeline);
  for (GList *link = GST_BIN (self->pipeline)->children; link != NULL; link = link->next)
    g_ptr_array_add (elements, gst_object_ref (link->data));
  GST_OBJECT_UNLOCK (self->pipeline);
  salon_drawing_set_elements (drawing, elements);
  writing = g_task_new (NULL, NULL, on_drawn, task);
  g_task_set_task_data (writing, drawing, NULL);
  g_task_run_in_thread (writing, draw);
}

char *
salon_graph_draw_finish (SalonGraph *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
