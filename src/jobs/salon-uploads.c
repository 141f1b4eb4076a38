/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-uploads.h"

#include <gst/gst.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "salon-json-link.h"
#include "salon-log.h"
#include "salon-program.h"

GST_DEBUG_CATEGORY_STATIC (salon_uploads_debug);
#define GST_CAT_DEFAULT salon_uploads_debug

#define MIN_BACK_OFF_MS 1000
#define MAX_BACK_OFF_MS (5 * 60 * 1000)
/* No attempt before it is noted in the folder: the note would overwrite what that leaves there. */
#define NOT_NOTED_US G_MAXINT64

/* One folder's. */
typedef struct
{
  char *folder; /* (owned) */
  SalonUploadStatus status;
  guint64 number;       /* in the order of their coming */
  gint64 not_before_us; /* the next attempt; 0: the first one, as soon as it is its turn */
  gint64 came_us;       /* since when nothing has come, but for what it waited for its turn */
  gint64 most_bytes;    /* that any attempt has told of: what is sent once more is nothing new */
  guint back_off_ms;
} Upload;

struct _SalonUploads
{
  GObject parent_instance;

  const SalonUploadsOptions *options; /* (borrowed) */
  GHashTable *uploads;                /* (owned) (element-type utf8 Upload): by folder */
  guint64 n_added;
  guint next_id; /* the next look at who is next */

  /* The one under way; (nullable). */
  Upload *upload;       /* (borrowed) */
  SalonJsonLink *link;  /* (owned) */
  GSubprocess *process; /* (owned) */
};

G_DEFINE_FINAL_TYPE (SalonUploads, salon_uploads, G_TYPE_OBJECT)

static void look_soon (SalonUploads *self, guint delay_ms);

static void
upload_free (Upload *upload)
{
  g_free (upload->folder);
  salon_upload_status_clear (&upload->status);
  g_free (upload);
}

/* -- what happens -- */

static void
log_upload (const Upload *upload, SalonLogLevel level, const char *event, const char *text)
{
  /* A job's folder is called by its id. */
  g_autofree char *job = g_path_get_basename (upload->folder);

  salon_log_event (level, event, (SalonLogFields){ .job = job }, "%s", text);
}

static void
set_state (Upload *upload, SalonUploadState state, const char *error)
{
  SalonUploadState before = upload->status.state;

  salon_upload_status_set (&upload->status, state, error);
  if (state == before)
    return;
  if (state == SALON_UPLOAD_DONE)
    log_upload (upload, SALON_LOG_INFO, "upload_done", "What the job has written is in the store");
  else if (state == SALON_UPLOAD_FAILED)
    log_upload (upload, SALON_LOG_ERROR, "upload_failed",
        "What the job has written could not be brought to the store; `salonctl job show` tells why");
}

/* -- the process -- */

static void
drop_process (SalonUploads *self)
{
  if (self->link != NULL)
    g_signal_handlers_disconnect_by_data (self->link, self);
  g_clear_object (&self->link);
  if (self->process != NULL)
    g_subprocess_force_exit (self->process);
  g_clear_object (&self->process);
  self->upload = NULL;
}

static void
retry_later (SalonUploads *self, Upload *upload)
{
  gint64 now_us = g_get_monotonic_time ();
  g_autofree char *error = NULL;

  if (now_us - upload->came_us < self->options->give_up_s * G_USEC_PER_SEC)
    {
      upload->not_before_us = now_us + upload->back_off_ms * 1000;
      upload->back_off_ms = MIN (upload->back_off_ms * 2, MAX_BACK_OFF_MS);
      return;
    }
  error = g_strdup_printf (
      "Gave up, as nothing has come for %u s (s3-give-up-s): %s", self->options->give_up_s, upload->status.error);
  set_state (upload, SALON_UPLOAD_FAILED, error);
}

/* Its end, whatever it was. */
static void
on_closed (SalonJsonLink *link, SalonUploads *self)
{
  Upload *upload = self->upload;

  drop_process (self);
  if (upload->status.state == SALON_UPLOAD_RUNNING)
    set_state (upload, SALON_UPLOAD_WAITING, "The uploading process ended without a word");
  else if (upload->status.state == SALON_UPLOAD_WAITING && upload->status.error == NULL)
    set_state (upload, SALON_UPLOAD_WAITING, "The uploading process could not begin");
  if (upload->status.state == SALON_UPLOAD_WAITING)
    retry_later (self, upload);
  look_soon (self, 0);
}

static void
on_message (SalonJsonLink *link, JsonObject *message, SalonUploads *self)
{
  Upload *upload = self->upload;
  g_auto (SalonUploadStatus) told = { 0 };
  g_autoptr (GError) error = NULL;

  if (!salon_upload_status_update (&told, message, &error))
    {
      GST_WARNING_OBJECT (self, "what an uploader says is not understood: %s", error->message);
      return;
    }
  if (told.bytes > upload->most_bytes)
    {
      upload->most_bytes = told.bytes;
      upload->came_us = g_get_monotonic_time ();
      upload->back_off_ms = MIN_BACK_OFF_MS;
    }
  upload->status.bytes = told.bytes;
  upload->status.total = told.total;
  upload->status.is_deleted_here = told.is_deleted_here;
  set_state (upload, told.state, told.error);
}

/* It is not ours to wait for, but to bury. */
static void
on_process_exit (GObject *source, GAsyncResult *result, gpointer user_data)
{
  (void)!g_subprocess_wait_finish (G_SUBPROCESS (source), result, NULL);
}

static JsonObject *
make_order (SalonUploads *self)
{
  JsonObject *order = json_object_new ();

  json_object_set_string_member (order, "prefix", self->upload->status.prefix);
  json_object_set_object_member (order, "target", salon_upload_target_to_json (&self->options->target));
  return order;
}

static gboolean
spawn (SalonUploads *self, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  int fds[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "There are too many open files");
      return FALSE;
    }
  g_subprocess_launcher_take_fd (launcher, fds[1], SALON_PROGRAM_LINK_FD);
  g_subprocess_launcher_set_cwd (launcher, self->upload->folder);
  self->link = salon_json_link_new_for_fd (fds[0], error);
  if (self->link == NULL)
    return FALSE;
  self->process = g_subprocess_launcher_spawn (launcher, error, self->options->program, NULL);
  if (self->process == NULL)
    return FALSE;
  g_subprocess_wait_async (self->process, NULL, on_process_exit, NULL);
  g_signal_connect (self->link, "message", G_CALLBACK (on_message), self);
  g_signal_connect (self->link, "closed", G_CALLBACK (on_closed), self);
  salon_json_link_send (self->link, make_order (self));
  return TRUE;
}

static void
start (SalonUploads *self, Upload *upload)
{
  gint64 now_us = g_get_monotonic_time ();
  g_autoptr (GError) error = NULL;

  GST_DEBUG_OBJECT (self, "uploading %s", upload->folder);
  self->upload = upload;
  /* That it waited for its turn is not the store's fault. */
  upload->came_us = upload->not_before_us == 0 ? now_us : upload->came_us + now_us - upload->not_before_us;
  if (spawn (self, &error))
    return;
  drop_process (self);
  GST_ERROR_OBJECT (self, "cannot start %s: %s", self->options->program, error->message);
  set_state (upload, SALON_UPLOAD_WAITING, "The uploading process cannot be started; the server's log says why");
  retry_later (self, upload);
  look_soon (self, 0);
}

/* -- who is next -- */

/* Returns: (nullable): that which may go first, and of these the one that came first. */
static Upload *
find_next (SalonUploads *self)
{
  Upload *next = NULL;
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->uploads);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Upload *upload = value;

      if (upload->status.state == SALON_UPLOAD_WAITING
          && (next == NULL || upload->not_before_us < next->not_before_us
              || (upload->not_before_us == next->not_before_us && upload->number < next->number)))
        next = upload;
    }
  return next;
}

static gboolean
on_next (gpointer user_data)
{
  SalonUploads *self = user_data;
  Upload *next = find_next (self);
  gint64 wait_us = next != NULL ? next->not_before_us - g_get_monotonic_time () : 0;

  self->next_id = 0;
  if (next == NULL || self->upload != NULL)
    return G_SOURCE_REMOVE;
  if (wait_us > 0)
    look_soon (self, wait_us / 1000 + 1);
  else
    start (self, next);
  return G_SOURCE_REMOVE;
}

static void
look_soon (SalonUploads *self, guint delay_ms)
{
  g_clear_handle_id (&self->next_id, g_source_remove);
  if (salon_uploads_has_store (self))
    self->next_id = g_timeout_add (delay_ms, on_next, self);
}

/* -- public -- */

gboolean
salon_uploads_has_store (SalonUploads *self)
{
  return self->options->target.bucket != NULL;
}

static Upload *
ensure (SalonUploads *self, const char *folder)
{
  Upload *upload = g_hash_table_lookup (self->uploads, folder);

  if (upload != NULL)
    return upload;
  upload = g_new0 (Upload, 1);
  upload->folder = g_strdup (folder);
  upload->number = self->n_added++;
  g_hash_table_insert (self->uploads, upload->folder, upload);
  return upload;
}

static void
try_now (SalonUploads *self, Upload *upload)
{
  upload->came_us = g_get_monotonic_time ();
  upload->most_bytes = 0;
  upload->not_before_us = 0;
  upload->back_off_ms = MIN_BACK_OFF_MS;
  look_soon (self, 0);
}

/* So that the next server knows of it, if this one does not come to it. */
typedef struct
{
  char *folder; /* (owned) */
  SalonUploadStatus status;
} Note;

static void
note_free (Note *note)
{
  g_free (note->folder);
  salon_upload_status_clear (&note->status);
  g_free (note);
}

/* A thread of its own. */
static void
save_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Note *note = data;
  g_autoptr (GError) error = NULL;

  if (!salon_upload_status_save (&note->status, note->folder, &error))
    GST_WARNING_OBJECT (source, "%s", error->message);
  g_task_return_boolean (task, TRUE);
}

static void
on_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SalonUploads *self = SALON_UPLOADS (source);
  const Note *note = g_task_get_task_data (G_TASK (result));
  Upload *upload = g_hash_table_lookup (self->uploads, note->folder);

  g_task_propagate_boolean (G_TASK (result), NULL);
  if (upload != NULL)
    try_now (self, upload);
}

void
salon_uploads_add (SalonUploads *self, const char *folder, const char *prefix)
{
  gboolean is_known = g_hash_table_contains (self->uploads, folder);
  Upload *upload = ensure (self, folder);
  g_autoptr (GTask) saving = NULL;
  Note *note;

  if (upload->not_before_us == NOT_NOTED_US)
    return;
  if (is_known)
    {
      if (upload->status.state == SALON_UPLOAD_FAILED)
        set_state (upload, SALON_UPLOAD_WAITING, NULL);
      try_now (self, upload);
      return;
    }
  upload->not_before_us = NOT_NOTED_US;
  upload->status.prefix = g_strdup (prefix);
  note = g_new0 (Note, 1);
  note->folder = g_strdup (folder);
  note->status.prefix = g_strdup (prefix);
  saving = g_task_new (self, NULL, on_saved, NULL);
  g_task_set_task_data (saving, note, (GDestroyNotify)note_free);
  g_task_run_in_thread (saving, save_in_thread);
}

gboolean
salon_uploads_adopt (SalonUploads *self, const char *folder)
{
  SalonUploadStatus status = { 0 };
  Upload *upload;

  if (!salon_upload_status_load (&status, folder))
    return FALSE;
  salon_upload_parts_clear (&status.parts);
  upload = ensure (self, folder);
  salon_upload_status_clear (&upload->status);
  upload->status = status;
  if (status.state == SALON_UPLOAD_DONE)
    return TRUE;
  upload->status.state = SALON_UPLOAD_WAITING;
  try_now (self, upload);
  return TRUE;
}

void
salon_uploads_remove (SalonUploads *self, const char *folder)
{
  Upload *upload = g_hash_table_lookup (self->uploads, folder);

  if (upload != NULL && upload == self->upload)
    {
      drop_process (self);
      look_soon (self, 0);
    }
  g_hash_table_remove (self->uploads, folder);
}

const SalonUploadStatus *
salon_uploads_find (SalonUploads *self, const char *folder)
{
  Upload *upload = g_hash_table_lookup (self->uploads, folder);

  return upload != NULL ? &upload->status : NULL;
}

gboolean
salon_uploads_needs (SalonUploads *self, const char *folder)
{
  const SalonUploadStatus *status = salon_uploads_find (self, folder);

  return status != NULL && status->state != SALON_UPLOAD_DONE && salon_uploads_has_store (self);
}

char *
salon_uploads_get_url (SalonUploads *self, const SalonUploadStatus *status)
{
  g_autofree char *key = g_strconcat (status->prefix, "/", NULL);

  return salon_uploads_has_store (self) ? salon_upload_target_get_url (&self->options->target, key) : NULL;
}

/* -- GObject -- */

static void
salon_uploads_dispose (GObject *object)
{
  SalonUploads *self = SALON_UPLOADS (object);

  g_clear_handle_id (&self->next_id, g_source_remove);
  drop_process (self);
  G_OBJECT_CLASS (salon_uploads_parent_class)->dispose (object);
}

static void
salon_uploads_finalize (GObject *object)
{
  g_hash_table_unref (SALON_UPLOADS (object)->uploads);
  G_OBJECT_CLASS (salon_uploads_parent_class)->finalize (object);
}

static void
salon_uploads_class_init (SalonUploadsClass *klass)
{
  GST_DEBUG_CATEGORY_INIT (salon_uploads_debug, "salon-uploads", 0, "Salon: uploads to a store");
  G_OBJECT_CLASS (klass)->dispose = salon_uploads_dispose;
  G_OBJECT_CLASS (klass)->finalize = salon_uploads_finalize;
}

static void
salon_uploads_init (SalonUploads *self)
{
  self->uploads = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)upload_free);
}

SalonUploads *
salon_uploads_new (const SalonUploadsOptions *options)
{
  SalonUploads *self = g_object_new (SALON_TYPE_UPLOADS, NULL);

  self->options = options;
  return self;
}
