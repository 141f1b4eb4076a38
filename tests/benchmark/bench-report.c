/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-report.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>
#include <sys/utsname.h>

/* Above these, the figures say more about the load generator or about other programs than about the server. */
#define BUSY_GENERATOR_SHARE 0.9
#define BUSY_OTHERS_SHARE 0.2

struct _BenchReport
{
  GPtrArray *drivers; /* (owned) (element-type BenchDriver) */
  GArray *floors;     /* (owned) (element-type BenchFloor) */
  GPtrArray *rows;    /* (owned) (element-type BenchRow) */
};

static void
row_free (BenchRow *row)
{
  g_ptr_array_unref (row->results);
  g_free (row);
}

BenchReport *
bench_report_new (GPtrArray *drivers, GArray *floors)
{
  BenchReport *self = g_new0 (BenchReport, 1);

  self->drivers = g_ptr_array_ref (drivers);
  self->floors = floors;
  self->rows = g_ptr_array_new_with_free_func ((GDestroyNotify)row_free);
  return self;
}

void
bench_report_free (BenchReport *self)
{
  g_ptr_array_unref (self->drivers);
  g_array_unref (self->floors);
  g_ptr_array_unref (self->rows);
  g_free (self);
}

static BenchRow *
find_row (BenchReport *self, const BenchCase *one, const BenchDriver *driver)
{
  for (guint i = 0; i < self->rows->len; i++)
    {
      BenchRow *row = g_ptr_array_index (self->rows, i);

      if (row->one.shape == one->shape && row->one.n == one->n && row->driver == driver)
        return row;
    }
  return NULL;
}

void
bench_report_add (BenchReport *self, const BenchCase *one, const BenchDriver *driver, BenchResult *result)
{
  BenchRow *row = find_row (self, one, driver);

  if (row == NULL)
    {
      row = g_new0 (BenchRow, 1);
      row->one = *one;
      row->driver = driver;
      row->results = g_ptr_array_new_with_free_func ((GDestroyNotify)bench_result_free);
      g_ptr_array_add (self->rows, row);
    }
  g_ptr_array_add (row->results, result);
}

GPtrArray *
bench_report_get_rows (BenchReport *self)
{
  return self->rows;
}

GArray *
bench_report_get_floors (BenchReport *self)
{
  return self->floors;
}

/* -- rounds -- */

static int
compare (gconstpointer one, gconstpointer other)
{
  double difference = *(const double *)one - *(const double *)other;

  return difference < 0 ? -1 : difference > 0;
}

double
bench_row_get_figure (const BenchRow *row, BenchFigure figure)
{
  g_autoptr (GArray) values = g_array_new (FALSE, FALSE, sizeof (double));

  for (guint i = 0; i < row->results->len; i++)
    {
      const BenchResult *result = g_ptr_array_index (row->results, i);

      if (result->failure == NULL && !isnan (result->figures[figure]))
        g_array_append_val (values, result->figures[figure]);
    }
  if (values->len == 0)
    return NAN;
  g_array_sort (values, compare);
  return (g_array_index (values, double, (values->len - 1) / 2) + g_array_index (values, double, values->len / 2)) / 2;
}

const char *
bench_row_get_failure (const BenchRow *row)
{
  for (guint i = 0; i < row->results->len; i++)
    {
      const BenchResult *result = g_ptr_array_index (row->results, i);

      if (result->failure != NULL)
        return result->failure;
    }
  return NULL;
}

gboolean
bench_report_is_good (BenchReport *self)
{
  for (guint i = 0; i < self->rows->len; i++)
    {
      if (bench_row_get_failure (g_ptr_array_index (self->rows, i)) != NULL)
        return FALSE;
    }
  return TRUE;
}

/* -- the table -- */

/* scale: what a unit of the figure is in the table's. */
static void
append_figure (GString *text, int width, int digits, const BenchRow *row, BenchFigure figure, double scale)
{
  double value = bench_row_get_figure (row, figure) * scale;

  if (isnan (value))
    g_string_append_printf (text, "%*s", width, "-");
  else
    g_string_append_printf (text, "%*.*f", width, digits, value);
}

static void
append_relation (GString *text, BenchReport *self, const BenchRow *row)
{
  const BenchDriver *last = g_ptr_array_index (self->drivers, self->drivers->len - 1);
  const BenchRow *other = row->driver != last ? find_row (self, &row->one, last) : NULL;
  double share = other != NULL ? bench_row_get_figure (row, BENCH_CPU_US_PER_PACKET)
                                     / bench_row_get_figure (other, BENCH_CPU_US_PER_PACKET)
                               : NAN;

  if (isnan (share))
    g_string_append_printf (text, "%7s", "");
  else
    g_string_append_printf (text, "%6.2fx", share);
}

static void
append_failures (GString *text, const BenchRow *row)
{
  for (guint i = 0; i < row->results->len; i++)
    {
      const BenchResult *result = g_ptr_array_index (row->results, i);

      if (result->failure != NULL)
        g_string_append_printf (text, "    round %u FAILED: %s\n", i + 1, result->failure);
    }
}

static void
append_row (GString *text, BenchReport *self, const BenchRow *row)
{
  g_string_append_printf (text, "  %-12s", row->driver->name);
  append_figure (text, 6, 2, row, BENCH_CPU_US_PER_PACKET, 1);
  append_relation (text, self, row);
  append_figure (text, 8, 2, row, BENCH_LOST_SHARE, 100);
  append_figure (text, 8, 2, row, BENCH_LATENCY_P50_US, 1e-3);
  append_figure (text, 8, 2, row, BENCH_LATENCY_P99_US, 1e-3);
  append_figure (text, 7, 0, row, BENCH_FIRST_PACKET_P50_US, 1e-3);
  append_figure (text, 6, 0, row, BENCH_FIRST_PACKET_P95_US, 1e-3);
  append_figure (text, 7, 0, row, BENCH_FIRST_PICTURE_P50_US, 1e-3);
  append_figure (text, 6, 0, row, BENCH_FIRST_PICTURE_P95_US, 1e-3);
  append_figure (text, 8, 0, row, BENCH_RSS_KIB_PER_PARTICIPANT, 1);
  append_figure (text, 8, 1, row, BENCH_THREADS_PER_PARTICIPANT, 1);
  append_figure (text, 7, 2, row, BENCH_SWITCHES_PER_PACKET, 1);
  append_figure (text, 6, 0, row, BENCH_CPU_SHARE, 100);
  append_figure (text, 6, 0, row, BENCH_GENERATOR_SHARE, 100);
  append_figure (text, 6, 0, row, BENCH_OTHERS_SHARE, 100);
  if (bench_row_get_figure (row, BENCH_GENERATOR_SHARE) > BUSY_GENERATOR_SHARE
      || bench_row_get_figure (row, BENCH_N_OVERFLOWED) > 0)
    g_string_append (text, " !");
  if (bench_row_get_figure (row, BENCH_OTHERS_SHARE) > BUSY_OTHERS_SHARE)
    g_string_append (text, " ?");
  g_string_append_c (text, '\n');
  append_failures (text, row);
}

static void
append_header (GString *text, BenchReport *self)
{
  const BenchDriver *last = g_ptr_array_index (self->drivers, self->drivers->len - 1);
  gboolean is_alone = self->drivers->len == 1;

  g_string_append_printf (text,
      "                 CPU %8s    lost  added latency  first packet first picture   memory threads  switch"
      "  processors, %%\n"
      "                  us %8s       %%  p50 ms  p99 ms p50 ms   p95 p50 ms   p95      KiB per participant"
      " server load other\n",
      is_alone ? "" : "vs", is_alone ? "" : last->name);
}

static void
append_rows (GString *text, BenchReport *self)
{
  const BenchRow *before = NULL;

  for (guint i = 0; i < self->rows->len; i++)
    {
      const BenchRow *row = g_ptr_array_index (self->rows, i);
      g_autofree char *title = bench_case_to_string (&row->one);

      if (before == NULL || before->one.shape != row->one.shape || before->one.n != row->one.n)
        g_string_append_printf (text, "%s\n", title);
      append_row (text, self, row);
      before = row;
    }
}

static void
append_floors (GString *text, BenchReport *self)
{
  g_string_append (text, "\nThe floor, microseconds of CPU for a packet that is only encrypted and sent:\n");
  for (guint i = 0; i < self->floors->len; i++)
    {
      const BenchFloor *one = &g_array_index (self->floors, BenchFloor, i);

      g_string_append_printf (text, "  %8.2f  %s\n", one->us_per_packet, one->title);
    }
}

char *
bench_report_to_table (BenchReport *self)
{
  GString *text = g_string_new (NULL);

  append_header (text, self);
  append_rows (text, self);
  append_floors (text, self);
  g_string_append (text,
      "\n  ! the load generator was too slow: more than 90 % busy, or packets overflowed its sockets\n"
      "  ? other programs kept the machine busy: more than 20 % of a processor\n");
  return g_string_free (text, FALSE);
}

/* -- JSON -- */

static void
add_number (JsonBuilder *builder, const char *name, double value)
{
  json_builder_set_member_name (builder, name);
  if (isnan (value))
    json_builder_add_null_value (builder);
  else
    json_builder_add_double_value (builder, value);
}

static void
add_string (JsonBuilder *builder, const char *name, const char *value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, value);
}

static void
add_result (JsonBuilder *builder, const BenchResult *result)
{
  json_builder_begin_object (builder);
  if (result->failure != NULL)
    add_string (builder, "failure", result->failure);
  else
    {
      for (guint i = 0; i < BENCH_N_FIGURES; i++)
        add_number (builder, bench_figure_get_name (i), result->figures[i]);
      add_string (builder, "srtp_profile", result->profile);
    }
  json_builder_end_object (builder);
}

static void
add_row (JsonBuilder *builder, const BenchRow *row)
{
  json_builder_begin_object (builder);
  add_string (builder, "server", row->driver->name);
  add_string (builder, "shape", row->one.shape == BENCH_FAN_OUT ? "fan-out" : "meeting");
  json_builder_set_member_name (builder, "n");
  json_builder_add_int_value (builder, row->one.n);
  json_builder_set_member_name (builder, "rounds");
  json_builder_begin_array (builder);
  for (guint i = 0; i < row->results->len; i++)
    add_result (builder, g_ptr_array_index (row->results, i));
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}

/* Returns: (transfer full): "Intel(R) Xeon(R) Processor" */
static char *
read_processor (void)
{
  g_autofree char *text = NULL;
  const char *name = NULL;

  if (g_file_get_contents ("/proc/cpuinfo", &text, NULL, NULL))
    name = strstr (text, "model name");
  name = name != NULL ? strchr (name, ':') : NULL;
  return name != NULL ? g_strstrip (g_strndup (name + 1, strcspn (name + 1, "\n"))) : g_strdup ("unknown");
}

static void
add_machine (JsonBuilder *builder)
{
  g_autofree char *processor = read_processor ();
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *time = g_date_time_format_iso8601 (now);
  struct utsname names;

  uname (&names);
  add_string (builder, "time", time);
  json_builder_set_member_name (builder, "machine");
  json_builder_begin_object (builder);
  add_string (builder, "processor", processor);
  json_builder_set_member_name (builder, "n_processors");
  json_builder_add_int_value (builder, g_get_num_processors ());
  add_string (builder, "kernel", names.release);
  json_builder_end_object (builder);
}

char *
bench_report_to_json (BenchReport *self)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;

  json_builder_begin_object (builder);
  add_machine (builder);
  json_builder_set_member_name (builder, "floor_us_per_packet");
  json_builder_begin_object (builder);
  for (guint i = 0; i < self->floors->len; i++)
    {
      const BenchFloor *one = &g_array_index (self->floors, BenchFloor, i);

      add_number (builder, one->name, one->us_per_packet);
    }
  json_builder_end_object (builder);
  json_builder_set_member_name (builder, "results");
  json_builder_begin_array (builder);
  for (guint i = 0; i < self->rows->len; i++)
    add_row (builder, g_ptr_array_index (self->rows, i));
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  return json_to_string (root, TRUE);
}
