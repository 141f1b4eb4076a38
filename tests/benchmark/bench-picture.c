/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-picture.h"

#include <math.h>
#include <stdarg.h>

#define WIDTH 960
#define LEFT 20
#define PANEL_HEIGHT 190
#define BARS_HEIGHT 120
#define BARS_TOP 40   /* of a panel */
#define TOP 50        /* of the first panel */
#define GROUP_GAP 0.3 /* of a group's width */

static const struct
{
  const char *title;
  BenchFigure figure;
  double scale; /* what a unit of the figure is in the title's */
  int digits;
  gboolean has_floor;
} panels[] = {
  { "Server CPU for each forwarded packet, microseconds", BENCH_CPU_US_PER_PACKET, 1, 1, TRUE },
  { "Added latency, milliseconds: 99 of 100 packets take less", BENCH_LATENCY_P99_US, 1e-3, 1, FALSE },
  { "Memory for each participant, KiB", BENCH_RSS_KIB_PER_PARTICIPANT, 1, 0, FALSE },
};

/* By a server's place in the order in which they were measured. */
static const char *const colours[] = { "#d9693f", "#7d3560", "#b9a5b3" };

typedef struct
{
  BenchReport *report; /* (borrowed) */
  GPtrArray *drivers;  /* (owned) (element-type BenchDriver) */
  GPtrArray *firsts;   /* (owned) (element-type BenchRow): the first row of each case */
  GString *svg;        /* (owned) */
} Picture;

G_GNUC_PRINTF (2, 3)
static void
append (GString *svg, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_string_append (svg, text);
  g_string_append_c (svg, '\n');
}

static gboolean
is_same_case (const BenchRow *one, const BenchRow *other)
{
  return one->one.shape == other->one.shape && one->one.n == other->one.n;
}

/* What the rows are of. */
static void
collect (Picture *picture)
{
  GPtrArray *rows = bench_report_get_rows (picture->report);

  for (guint i = 0; i < rows->len; i++)
    {
      BenchRow *row = g_ptr_array_index (rows, i);
      gboolean is_known = FALSE;

      if (!g_ptr_array_find (picture->drivers, row->driver, NULL))
        g_ptr_array_add (picture->drivers, (gpointer)row->driver);
      for (guint k = 0; k < picture->firsts->len; k++)
        is_known |= is_same_case (row, g_ptr_array_index (picture->firsts, k));
      if (!is_known)
        g_ptr_array_add (picture->firsts, row);
    }
}

/* Returns: NAN without any. */
static double
get_value (Picture *picture, guint panel, guint group, guint driver)
{
  GPtrArray *rows = bench_report_get_rows (picture->report);

  for (guint i = 0; i < rows->len; i++)
    {
      const BenchRow *row = g_ptr_array_index (rows, i);

      if (row->driver == g_ptr_array_index (picture->drivers, driver)
          && is_same_case (row, g_ptr_array_index (picture->firsts, group)))
        return bench_row_get_figure (row, panels[panel].figure) * panels[panel].scale;
    }
  return NAN;
}

static double
find_greatest (Picture *picture, guint panel)
{
  double greatest = 0;

  for (guint group = 0; group < picture->firsts->len; group++)
    {
      for (guint driver = 0; driver < picture->drivers->len; driver++)
        greatest = fmax (greatest, get_value (picture, panel, group, driver));
    }
  return greatest > 0 ? greatest : 1;
}

static void
draw_group (Picture *picture, guint panel, guint group, int top, double greatest)
{
  double group_width = (double)(WIDTH - 2 * LEFT) / picture->firsts->len;
  double bar_width = group_width * (1 - GROUP_GAP) / picture->drivers->len;
  double left = LEFT + group * group_width + group_width * GROUP_GAP / 2;
  int bottom = top + BARS_TOP + BARS_HEIGHT;
  g_autofree char *title = bench_case_to_string (&((BenchRow *)g_ptr_array_index (picture->firsts, group))->one);

  for (guint driver = 0; driver < picture->drivers->len; driver++)
    {
      double value = get_value (picture, panel, group, driver);
      double height = value / greatest * BARS_HEIGHT;
      double x = left + driver * bar_width;

      if (isnan (value))
        continue;
      append (picture->svg, "  <rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"2\" fill=\"%s\"/>", (int)x,
          bottom - (int)height, MAX ((int)bar_width - 2, 1), (int)height, colours[driver % G_N_ELEMENTS (colours)]);
      append (picture->svg, "  <text class=\"small\" x=\"%d\" y=\"%d\">%.*f</text>", (int)(x + bar_width / 2),
          bottom - (int)height - 4, panels[panel].digits, value);
    }
  append (picture->svg, "  <text x=\"%d\" y=\"%d\">%s</text>", (int)(left + group_width * (1 - GROUP_GAP) / 2),
      bottom + 18, title);
}

/* The last of the floors is the lowest that we know how to reach. */
static void
draw_floor (Picture *picture, int top, double greatest)
{
  GArray *floors = bench_report_get_floors (picture->report);
  const BenchFloor *lowest = &g_array_index (floors, BenchFloor, floors->len - 1);
  int y = top + BARS_TOP + BARS_HEIGHT - (int)(lowest->us_per_packet / greatest * BARS_HEIGHT);

  append (picture->svg, "  <path class=\"floor\" d=\"M%d %d H%d\"/>", LEFT, y, WIDTH - LEFT);
  append (picture->svg,
      "  <text class=\"small right\" x=\"%d\" y=\"%d\">dashed: encrypting and sending alone, %.1f</text>", WIDTH - LEFT,
      top + 20, lowest->us_per_packet);
}

static void
draw_panel (Picture *picture, guint panel)
{
  int top = TOP + (int)panel * PANEL_HEIGHT;
  double greatest = find_greatest (picture, panel);

  append (
      picture->svg, "  <text class=\"title left\" x=\"%d\" y=\"%d\">%s</text>", LEFT, top + 20, panels[panel].title);
  append (picture->svg, "  <path class=\"base\" d=\"M%d %d H%d\"/>", LEFT, top + BARS_TOP + BARS_HEIGHT, WIDTH - LEFT);
  for (guint group = 0; group < picture->firsts->len; group++)
    draw_group (picture, panel, group, top, greatest);
  if (panels[panel].has_floor)
    draw_floor (picture, top, greatest);
}

static void
draw_legend (Picture *picture)
{
  int x = LEFT;

  for (guint driver = 0; driver < picture->drivers->len; driver++)
    {
      append (picture->svg, "  <rect x=\"%d\" y=\"14\" width=\"14\" height=\"14\" rx=\"2\" fill=\"%s\"/>", x,
          colours[driver % G_N_ELEMENTS (colours)]);
      append (picture->svg, "  <text class=\"left\" x=\"%d\" y=\"26\">%s</text>", x + 20,
          ((BenchDriver *)g_ptr_array_index (picture->drivers, driver))->name);
      x += 130;
    }
}

char *
bench_picture_new (BenchReport *report)
{
  Picture picture = { report, g_ptr_array_new (), g_ptr_array_new (), g_string_new (NULL) };

  collect (&picture);
  append (picture.svg,
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"system-ui, sans-serif\" "
      "font-size=\"14\">\n"
      "  <style>\n"
      "    text { fill: #2b1b27; text-anchor: middle; }\n"
      "    .small { font-size: 11px; fill: #5d4d58; }\n"
      "    .title { font-weight: 600; }\n"
      "    .left { text-anchor: start; }\n"
      "    .right { text-anchor: end; }\n"
      "    .base { stroke: #4a3b46; stroke-width: 1.5; }\n"
      "    .floor { stroke: #4a3b46; stroke-width: 1; stroke-dasharray: 5 4; }\n"
      "  </style>\n"
      "  <rect width=\"%d\" height=\"%d\" rx=\"14\" fill=\"#fffdf9\"/>",
      WIDTH, TOP + (int)G_N_ELEMENTS (panels) * PANEL_HEIGHT, WIDTH, TOP + (int)G_N_ELEMENTS (panels) * PANEL_HEIGHT);
  draw_legend (&picture);
  for (guint panel = 0; panel < G_N_ELEMENTS (panels) && picture.firsts->len > 0; panel++)
    draw_panel (&picture, panel);
  append (picture.svg, "</svg>");
  g_ptr_array_unref (picture.drivers);
  g_ptr_array_unref (picture.firsts);
  return g_string_free (picture.svg, FALSE);
}
