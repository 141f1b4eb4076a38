/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-tile.h"

#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>

#include "salon-bin.h"

/* Of a name, what there is room for. */
#define MAX_TEXT_CHARS 32

#define LABEL "textoverlay name=label wrap-mode=none draw-shadow=false draw-outline=false "
#define CARD                                                                                                           \
  "appsrc name=card is-live=true min-latency=0 format=time max-buffers=1 leaky-type=downstream ! " LABEL               \
  "halignment=center valignment=center font-desc=\"Sans 28\""
#define PICTURE                                                                                                        \
  "videoconvertscale name=entry add-borders=true matrix-mode=none chroma-mode=none ! capsfilter name=size ! " LABEL    \
  "halignment=left valignment=bottom xpad=10 ypad=6 shaded-background=true font-desc=\"Sans 18\""

struct _SalonTile
{
  GstBin *bin;            /* (borrowed) */
  GstElement *compositor; /* (owned) */
  GstElement *branch;     /* (owned) */
  GstElement *label;      /* (owned) */
  GstElement *card;       /* (owned) (nullable): of a card */
  GstElement *size;       /* (owned) (nullable): of a picture */
  GstPad *pad;            /* (owned): the compositor's */
  GstClockTime latency;   /* of a card */
  guint rgb;              /* of a card */
  SalonPlace place;
  gboolean is_shown;
};

/* -- a card's picture -- */

static void
fill_plane (GstVideoFrame *frame, guint component, guint8 value)
{
  guint8 *line = GST_VIDEO_FRAME_COMP_DATA (frame, component);

  for (int y = 0; y < GST_VIDEO_FRAME_COMP_HEIGHT (frame, component); y++)
    memset (line + y * GST_VIDEO_FRAME_COMP_STRIDE (frame, component), value,
        (gsize)GST_VIDEO_FRAME_COMP_WIDTH (frame, component));
}

/* BT.601, in whole numbers. */
static void
fill (GstVideoFrame *frame, guint rgb)
{
  int r = (int)(rgb >> 16 & 0xff);
  int g = (int)(rgb >> 8 & 0xff);
  int b = (int)(rgb & 0xff);

  fill_plane (frame, 0, (guint8)((66 * r + 129 * g + 25 * b + 128) / 256 + 16));
  fill_plane (frame, 1, (guint8)((-38 * r - 74 * g + 112 * b + 128) / 256 + 128));
  fill_plane (frame, 2, (guint8)((112 * r - 94 * g - 18 * b + 128) / 256 + 128));
}

/* At what the compositor draws just now. It stays until the next. */
static GstClockTime
get_drawn_time (SalonTile *self)
{
  GstClockTime now = gst_element_get_current_running_time (GST_ELEMENT (self->bin));

  return GST_CLOCK_TIME_IS_VALID (now) && now > self->latency ? now - self->latency : 0;
}

static GstCaps *
new_caps (const SalonPlace *place)
{
  GstCaps *caps = gst_caps_from_string (SALON_TILE_CAPS);

  gst_caps_set_simple (caps, "width", G_TYPE_INT, place->width, "height", G_TYPE_INT, place->height, NULL);
  return caps;
}

static void
push_card (SalonTile *self)
{
  g_autoptr (GstCaps) caps = new_caps (&self->place);
  g_autoptr (GstSample) sample = NULL;
  g_autoptr (GstBuffer) buffer = NULL;
  GstVideoInfo info;
  GstVideoFrame frame;

  gst_caps_set_simple (caps, "framerate", GST_TYPE_FRACTION, 0, 1, NULL);
  gst_video_info_from_caps (&info, caps);
  buffer = gst_buffer_new_allocate (NULL, info.size, NULL);
  if (!gst_video_frame_map (&frame, &info, buffer, GST_MAP_WRITE))
    return;
  fill (&frame, self->rgb);
  gst_video_frame_unmap (&frame);
  GST_BUFFER_PTS (buffer) = get_drawn_time (self);
  sample = gst_sample_new (buffer, caps, NULL, NULL);
  gst_app_src_push_sample (GST_APP_SRC (self->card), sample);
}

/* -- what it shows -- */

void
salon_tile_set_text (SalonTile *self, const char *text)
{
  g_autofree char *head = g_utf8_substring (text, 0, MIN (g_utf8_strlen (text, -1), MAX_TEXT_CHARS));
  g_autofree char *markup = g_markup_escape_text (head, -1);
  g_autofree char *before = NULL;

  g_object_get (self->label, "text", &before, NULL);
  if (g_strcmp0 (markup, before) == 0)
    return;
  g_object_set (self->label, "text", markup, "silent", *markup == '\0', NULL);
  if (self->card != NULL && self->is_shown)
    push_card (self);
}

static gboolean
has_size (const SalonPlace *one, const SalonPlace *other)
{
  return one->width == other->width && one->height == other->height;
}

static void
resize (SalonTile *self)
{
  g_autoptr (GstCaps) caps = NULL;

  if (self->card != NULL)
    {
      push_card (self);
      return;
    }
  caps = new_caps (&self->place);
  g_object_set (self->size, "caps", caps, NULL);
}

/* Without a repeat the compositor forgets the last picture that came. */
void
salon_tile_show (SalonTile *self, const SalonPlace *place, guint zorder)
{
  gboolean is_new_size = !self->is_shown || !has_size (place, &self->place);

  self->place = *place;
  if (is_new_size)
    resize (self);
  g_object_set (self->pad, "xpos", place->x, "ypos", place->y, "width", place->width, "height", place->height, "zorder",
      zorder, "alpha", 1.0, "max-last-buffer-repeat", GST_CLOCK_TIME_NONE, NULL);
  self->is_shown = TRUE;
}

void
salon_tile_hide (SalonTile *self)
{
  g_object_set (self->pad, "alpha", 0.0, "max-last-buffer-repeat", G_GUINT64_CONSTANT (0), NULL);
  self->is_shown = FALSE;
}

/* -- life -- */

/* Not by the parser, which would take textoverlay's pad for texts. Returns: (transfer full) */
static GstPad *
add_ghost (GstElement *branch, const char *element_name, const char *pad_name)
{
  g_autoptr (GstElement) element = gst_bin_get_by_name (GST_BIN (branch), element_name);
  g_autoptr (GstPad) target = gst_element_get_static_pad (element, pad_name);
  GstPad *ghost = gst_ghost_pad_new (pad_name, target);

  gst_element_add_pad (branch, ghost);
  return gst_object_ref (ghost);
}

static SalonTile *
tile_new (GstBin *bin, GstElement *compositor, const char *description, GError **error)
{
  GstElement *branch = gst_parse_bin_from_description (description, FALSE, error);
  g_autoptr (GstPad) src = NULL;
  SalonTile *self;

  if (branch == NULL)
    return NULL;
  self = g_new0 (SalonTile, 1);
  self->bin = bin;
  self->compositor = gst_object_ref (compositor);
  self->branch = gst_object_ref_sink (branch);
  self->label = gst_bin_get_by_name (GST_BIN (branch), "label");
  self->card = gst_bin_get_by_name (GST_BIN (branch), "card");
  self->size = gst_bin_get_by_name (GST_BIN (branch), "size");
  self->pad = gst_element_request_pad_simple (compositor, "sink_%u");
  salon_tile_hide (self);
  src = add_ghost (branch, "label", "src");
  gst_bin_add (bin, branch);
  gst_pad_link (src, self->pad);
  return self;
}

SalonTile *
salon_tile_new_card (GstBin *bin, GstElement *compositor, guint rgb, GstClockTime latency, GError **error)
{
  SalonTile *self = tile_new (bin, compositor, CARD, error);

  if (self == NULL)
    return NULL;
  self->rgb = rgb;
  self->latency = latency;
  salon_bin_start (self->branch);
  return self;
}

SalonTile *
salon_tile_new_picture (GstBin *bin, GstElement *compositor, GstPad *pad, GError **error)
{
  SalonTile *self = tile_new (bin, compositor, PICTURE, error);
  g_autoptr (GstPad) sink = NULL;

  if (self == NULL)
    return NULL;
  salon_bin_start (self->branch);
  sink = add_ghost (self->branch, "entry", "sink");
  gst_pad_link (pad, sink);
  return self;
}

void
salon_tile_free (SalonTile *self)
{
  /* First, as its streaming thread may wait for the compositor to take a picture. */
  gst_element_release_request_pad (self->compositor, self->pad);
  salon_bin_remove (self->branch);
  gst_object_unref (self->pad);
  gst_object_unref (self->label);
  gst_clear_object (&self->card);
  gst_clear_object (&self->size);
  gst_object_unref (self->branch);
  gst_object_unref (self->compositor);
  g_free (self);
}
