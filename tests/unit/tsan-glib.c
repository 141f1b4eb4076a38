/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What ThreadSanitizer has to know of GLib, which Debian builds without it: locks, queues and counts order what two
 * threads do, and hash tables are read and written. The linker puts these functions in the place of GLib's for our own
 * code (--wrap; the build reads their names from here, so each stands on a line of its own).
 *
 * Each says no more than GLib's function guarantees, so that nothing is silenced: a race is reported unless it is
 * ordered. One that is missing here shows as a false alarm. */
#include <gst/gst.h>
#include <sanitizer/tsan_interface.h>

/* Visible: the linker believes that GLib's own libraries call them too. */
#define WRAP(type, name, ...)                                                                                          \
  type __real_##name (__VA_ARGS__);                                                                                    \
  __attribute__ ((visibility ("default"))) type __wrap_##name (__VA_ARGS__);                                           \
  type __wrap_##name (__VA_ARGS__)

/* As if the compiler had seen memory being read, or written. */
void __tsan_read8 (gpointer address);
void __tsan_write8 (gpointer address);

/* -- locks -- */

static void
unlock_as (gpointer lock, guint flags, void (*unlock) (gpointer lock))
{
  __tsan_mutex_pre_unlock (lock, flags);
  unlock (lock);
  __tsan_mutex_post_unlock (lock, flags);
}

static void
lock_as (gpointer lock, guint flags, void (*take) (gpointer lock))
{
  __tsan_mutex_pre_lock (lock, flags);
  take (lock);
  __tsan_mutex_post_lock (lock, flags, 1);
}

static void
clear_as (gpointer lock, void (*clear) (gpointer lock))
{
  __tsan_mutex_destroy (lock, 0);
  clear (lock);
}

WRAP (void, g_mutex_lock, gpointer lock) { lock_as (lock, 0, __real_g_mutex_lock); }

WRAP (void, g_mutex_unlock, gpointer lock) { unlock_as (lock, 0, __real_g_mutex_unlock); }

WRAP (void, g_mutex_clear, gpointer lock) { clear_as (lock, __real_g_mutex_clear); }

WRAP (void, g_rec_mutex_lock, gpointer lock) { lock_as (lock, __tsan_mutex_write_reentrant, __real_g_rec_mutex_lock); }

WRAP (void, g_rec_mutex_unlock, gpointer lock)
{
  unlock_as (lock, __tsan_mutex_write_reentrant, __real_g_rec_mutex_unlock);
}

WRAP (void, g_rec_mutex_clear, gpointer lock) { clear_as (lock, __real_g_rec_mutex_clear); }

WRAP (void, g_rw_lock_writer_lock, gpointer lock) { lock_as (lock, 0, __real_g_rw_lock_writer_lock); }

WRAP (void, g_rw_lock_writer_unlock, gpointer lock) { unlock_as (lock, 0, __real_g_rw_lock_writer_unlock); }

WRAP (void, g_rw_lock_reader_lock, gpointer lock)
{
  lock_as (lock, __tsan_mutex_read_lock, __real_g_rw_lock_reader_lock);
}

WRAP (void, g_rw_lock_reader_unlock, gpointer lock)
{
  unlock_as (lock, __tsan_mutex_read_lock, __real_g_rw_lock_reader_unlock);
}

WRAP (void, g_rw_lock_clear, gpointer lock) { clear_as (lock, __real_g_rw_lock_clear); }

/* What the macro of the same name reads is what this one has set. */
WRAP (void, g_once_init_leave, gpointer location, gsize result)
{
  __tsan_release (location);
  __real_g_once_init_leave (location, result);
}

/* -- queues: who takes something sees what was done before it was put there -- */

WRAP (void, g_async_queue_push, gpointer queue, gpointer data)
{
  __tsan_release (queue);
  __real_g_async_queue_push (queue, data);
}

WRAP (gpointer, g_async_queue_timeout_pop, gpointer queue, guint64 timeout_us)
{
  gpointer data = __real_g_async_queue_timeout_pop (queue, timeout_us);

  __tsan_acquire (queue);
  return data;
}

WRAP (gpointer, g_async_queue_try_pop, gpointer queue)
{
  gpointer data = __real_g_async_queue_try_pop (queue);

  __tsan_acquire (queue);
  return data;
}

/* -- counts: who frees it sees what all others did to it -- */

WRAP (gboolean, g_atomic_ref_count_dec, gpointer count)
{
  gboolean is_last;

  __tsan_release (count);
  is_last = __real_g_atomic_ref_count_dec (count);
  if (is_last)
    __tsan_acquire (count);
  return is_last;
}

static void
drop (gpointer object, void (*unref) (gpointer object))
{
  __tsan_release (object);
  __tsan_acquire (object);
  unref (object);
}

WRAP (void, g_object_unref, gpointer object) { drop (object, __real_g_object_unref); }

WRAP (void, gst_mini_object_unref, gpointer object) { drop (object, __real_gst_mini_object_unref); }

WRAP (void, g_bytes_unref, gpointer bytes) { drop (bytes, __real_g_bytes_unref); }

/* -- hash tables -- */

WRAP (gpointer, g_hash_table_lookup, gpointer table, gconstpointer key)
{
  __tsan_read8 (table);
  return __real_g_hash_table_lookup (table, key);
}

WRAP (gboolean, g_hash_table_contains, gpointer table, gconstpointer key)
{
  __tsan_read8 (table);
  return __real_g_hash_table_contains (table, key);
}

WRAP (guint, g_hash_table_size, gpointer table)
{
  __tsan_read8 (table);
  return __real_g_hash_table_size (table);
}

WRAP (void, g_hash_table_iter_init, GHashTableIter *iter, gpointer table)
{
  __tsan_read8 (table);
  __real_g_hash_table_iter_init (iter, table);
}

WRAP (gboolean, g_hash_table_insert, gpointer table, gpointer key, gpointer value)
{
  __tsan_write8 (table);
  return __real_g_hash_table_insert (table, key, value);
}

WRAP (gboolean, g_hash_table_replace, gpointer table, gpointer key, gpointer value)
{
  __tsan_write8 (table);
  return __real_g_hash_table_replace (table, key, value);
}

WRAP (gboolean, g_hash_table_remove, gpointer table, gconstpointer key)
{
  __tsan_write8 (table);
  return __real_g_hash_table_remove (table, key);
}

WRAP (guint, g_hash_table_foreach_remove, gpointer table, GHRFunc func, gpointer user_data)
{
  __tsan_write8 (table);
  return __real_g_hash_table_foreach_remove (table, func, user_data);
}
