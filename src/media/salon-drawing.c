/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-drawing.h"

#include <string.h>

#include "salon-error.h"
#include "salon-limits.h"
#include "salon-log.h"

/* Of caps, which can be pages. */
#define MAX_CAPS_CHARS 100

typedef struct
{
  char *id;         /* (owned) (nullable): NULL: of what is nobody's */
  char *label;      /* (owned) (nullable) */
  GPtrArray *nodes; /* (owned) (element-type Node), borrowed */
} Box;

/* An element that stands in the room. */
typedef struct
{
  GstElement *element; /* (owned) */
  char *label;         /* (owned) (nullable) */
  Box *box;            /* (borrowed) (nullable) */
} Node;

struct _SalonDrawing
{
  char *title; /* (owned) */
  gboolean is_full;
  GPtrArray *boxes;    /* (owned) (element-type Box) */
  GPtrArray *told;     /* (owned) (element-type Node): by salon_drawing_add_element() */
  GPtrArray *elements; /* (owned) (nullable) */

  Box *nobodys;        /* (owned) */
  GHashTable *nodes;   /* (owned): GstElement (borrowed) -> Node (owned) */
  GHashTable *numbers; /* (owned): GstElement (borrowed) -> its number in the text: addresses are nobody's business */
  GString *text;       /* (owned) */
};

static Box *
box_new (const char *id, const char *label)
{
  Box *box = g_new (Box, 1);

  *box = (Box){ g_strdup (id), g_strdup (label), g_ptr_array_new () };
  return box;
}

static void
box_free (Box *box)
{
  g_ptr_array_unref (box->nodes);
  g_free (box->id);
  g_free (box->label);
  g_free (box);
}

static Node *
node_new (GstElement *element, const char *label, Box *box)
{
  Node *node = g_new (Node, 1);

  *node = (Node){ gst_object_ref (element), g_strdup (label), box };
  return node;
}

static void
node_free (Node *node)
{
  gst_object_unref (node->element);
  g_free (node->label);
  g_free (node);
}

SalonDrawing *
salon_drawing_new (const char *title, gboolean is_full)
{
  SalonDrawing *self = g_new0 (SalonDrawing, 1);

  self->title = g_strdup (title);
  self->is_full = is_full;
  self->boxes = g_ptr_array_new_with_free_func ((GDestroyNotify)box_free);
  self->told = g_ptr_array_new_with_free_func ((GDestroyNotify)node_free);
  self->nobodys = box_new (NULL, NULL);
  self->numbers = g_hash_table_new (NULL, NULL);
  self->nodes = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify)node_free);
  self->text = g_string_new (NULL);
  return self;
}

void
salon_drawing_free (SalonDrawing *self)
{
  g_free (self->title);
  g_ptr_array_unref (self->boxes);
  g_ptr_array_unref (self->told);
  box_free (self->nobodys);
  g_hash_table_unref (self->nodes);
  g_hash_table_unref (self->numbers);
  g_clear_pointer (&self->elements, g_ptr_array_unref);
  g_string_free (self->text, TRUE);
  g_free (self);
}

guint
salon_drawing_add_box (SalonDrawing *self, const char *id, const char *label)
{
  g_ptr_array_add (self->boxes, box_new (id, label));
  return self->boxes->len - 1;
}

void
salon_drawing_add_element (SalonDrawing *self, guint box, GstElement *element, const char *label)
{
  g_ptr_array_add (self->told, node_new (element, label, g_ptr_array_index (self->boxes, box)));
}

void
salon_drawing_set_elements (SalonDrawing *self, GPtrArray *elements)
{
  self->elements = elements;
}

/* -- pads -- */

/* Returns: (transfer full) (element-type GstPad) */
static GPtrArray *
list_pads (GstElement *element, GstPadDirection direction)
{
  GPtrArray *pads = g_ptr_array_new_with_free_func (gst_object_unref);

  GST_OBJECT_LOCK (element);
  for (GList *link = direction == GST_PAD_SRC ? element->srcpads : element->sinkpads; link != NULL; link = link->next)
    g_ptr_array_add (pads, gst_object_ref (link->data));
  GST_OBJECT_UNLOCK (element);
  return pads;
}

static gboolean
has_link (GstElement *element)
{
  g_autoptr (GPtrArray) pads = list_pads (element, GST_PAD_SINK);

  for (guint i = 0; i < pads->len; i++)
    {
      if (gst_pad_is_linked (g_ptr_array_index (pads, i)))
        return TRUE;
    }
  return FALSE;
}

/* Past the walls of bins. Returns: (transfer full) (nullable): the pad of an element that is no bin. */
static GstPad *
find_peer (GstPad *src)
{
  GstPad *pad = gst_pad_get_peer (src);

  while (pad != NULL)
    {
      g_autoptr (GstPad) here = pad;

      if (GST_IS_GHOST_PAD (here))
        pad = gst_ghost_pad_get_target (GST_GHOST_PAD (here)); /* into a bin */
      else if (GST_IS_PROXY_PAD (here))
        {
          g_autoptr (GstProxyPad) ghost = gst_proxy_pad_get_internal (GST_PROXY_PAD (here)); /* out of one */

          pad = ghost != NULL ? gst_pad_get_peer (GST_PAD (ghost)) : NULL;
        }
      else
        return g_steal_pointer (&here);
    }
  return NULL;
}

/* Returns: (transfer full) (nullable): the element in the room that a pad is of. */
static GstElement *
find_neighbour (GstPad *pad)
{
  g_autoptr (GstPad) peer = gst_pad_get_peer (pad);

  return peer != NULL ? gst_pad_get_parent_element (peer) : NULL;
}

/* -- whose they are -- */

/* Returns: (transfer none) (nullable) */
static Box *
find_box_by_name (SalonDrawing *self, GstElement *element)
{
  g_autofree char *name = gst_object_get_name (GST_OBJECT (element));

  for (guint i = 0; i < self->boxes->len; i++)
    {
      Box *box = g_ptr_array_index (self->boxes, i);

      if (strstr (name, box->id) != NULL)
        return box;
    }
  return NULL;
}

/* Returns: (transfer none) (nullable) */
static Box *
find_box_by_link (SalonDrawing *self, GstElement *element, GstPadDirection direction)
{
  g_autoptr (GPtrArray) pads = list_pads (element, direction);

  for (guint i = 0; i < pads->len; i++)
    {
      g_autoptr (GstElement) neighbour = find_neighbour (g_ptr_array_index (pads, i));
      Node *node = neighbour != NULL ? g_hash_table_lookup (self->nodes, neighbour) : NULL;

      if (node != NULL && node->box != NULL)
        return node->box;
    }
  return NULL;
}

static gboolean
is_slot (GstElement *element)
{
  return g_str_equal (G_OBJECT_TYPE_NAME (element), "SalonSlot");
}

static void
make_nodes (SalonDrawing *self)
{
  for (guint i = 0; i < self->told->len; i++)
    {
      Node *told = g_ptr_array_index (self->told, i);

      g_hash_table_insert (self->nodes, told->element, node_new (told->element, told->label, told->box));
    }
  for (guint i = 0; i < self->elements->len; i++)
    {
      GstElement *element = g_ptr_array_index (self->elements, i);

      if (!g_hash_table_contains (self->nodes, element))
        g_hash_table_insert (self->nodes, element, node_new (element, NULL, find_box_by_name (self, element)));
    }
}

/* What neither is told of nor has a telling name is whose it leads to, if it is a slot, or else whose it comes from. */
static void
put_into_boxes (SalonDrawing *self)
{
  for (guint i = 0; i < self->elements->len; i++)
    {
      Node *node = g_hash_table_lookup (self->nodes, g_ptr_array_index (self->elements, i));

      if (node->box == NULL)
        node->box = find_box_by_link (self, node->element, is_slot (node->element) ? GST_PAD_SRC : GST_PAD_SINK);
      g_ptr_array_add ((node->box != NULL ? node->box : self->nobodys)->nodes, node);
    }
}

/* Left out. */
static gboolean
is_resting (const SalonDrawing *self, GstElement *element)
{
  return !self->is_full && is_slot (element) && !has_link (element);
}

/* -- text -- */

/* Graphviz takes backslashes for its own escapes, and & for those of HTML. */
static void
write_quoted (SalonDrawing *self, const char *text)
{
  g_autofree char *line = salon_log_to_line (text);

  for (const char *c = line; *c != '\0'; c++)
    {
      if (*c == '"' || *c == '\\')
        g_string_append_c (self->text, '\\');
      if (*c == '&')
        g_string_append (self->text, "&amp;");
      else
        g_string_append_c (self->text, *c);
    }
}

static const char *
choose_colour (GstElement *element)
{
  static const char *const colours[][2] = { { "GstTee", "#cfe2f3" }, { "SalonSlot", "#fff2cc" },
    { "SalonSender", "#d9ead3" }, { "SalonWire", "#d9ead3" }, { "GstWebRTCBin", "#eeeeee" } };

  for (guint i = 0; i < G_N_ELEMENTS (colours); i++)
    {
      if (g_str_equal (G_OBJECT_TYPE_NAME (element), colours[i][0]))
        return colours[i][1];
    }
  return "white";
}

/* Returns: (transfer full): " VP8", of what comes to a tee; "" of other elements, and before anything does. */
static char *
describe_media (GstElement *element)
{
  g_autoptr (GPtrArray) sinks = list_pads (element, GST_PAD_SINK);
  gboolean is_tee = g_str_equal (G_OBJECT_TYPE_NAME (element), "GstTee") && sinks->len > 0;
  g_autoptr (GstCaps) caps = is_tee ? gst_pad_get_current_caps (g_ptr_array_index (sinks, 0)) : NULL;
  const char *name = caps != NULL ? gst_structure_get_string (gst_caps_get_structure (caps, 0), "encoding-name") : NULL;

  return name != NULL ? g_strconcat (" ", name, NULL) : g_strdup ("");
}

/* Returns: (transfer full): without the id of whose box it is in. */
static char *
make_short_name (GstElement *element, const Box *box)
{
  g_autofree char *name = gst_object_get_name (GST_OBJECT (element));
  const char *id = box != NULL ? strstr (name, box->id) : NULL;
  g_autofree char *front = id != NULL && id > name ? g_strndup (name, id - name - 1) : NULL;

  return front != NULL ? g_strconcat (front, id + strlen (box->id), NULL) : g_steal_pointer (&name);
}

/* node (nullable): of what stands in the room itself. */
static void
write_label (SalonDrawing *self, GstElement *element, const Node *node)
{
  GstElementFactory *factory = gst_element_get_factory (element);
  g_autofree char *name = make_short_name (element, node != NULL ? node->box : NULL);
  g_autofree char *media = describe_media (element);

  write_quoted (self, factory != NULL ? GST_OBJECT_NAME (factory) : G_OBJECT_TYPE_NAME (element));
  g_string_append (self->text, "\\n");
  write_quoted (self, node != NULL && node->label != NULL ? node->label : name);
  write_quoted (self, media);
}

static gboolean
is_too_long (SalonDrawing *self)
{
  return self->text->len > SALON_LIMIT_DRAWING_BYTES;
}

static guint
get_number (SalonDrawing *self, GstElement *element)
{
  guint number = GPOINTER_TO_UINT (g_hash_table_lookup (self->numbers, element));

  if (number == 0)
    {
      number = g_hash_table_size (self->numbers) + 1;
      g_hash_table_insert (self->numbers, element, GUINT_TO_POINTER (number));
    }
  return number;
}

static void write_element (SalonDrawing *self, GstElement *element, const Node *node);

/* Returns: (transfer full) (element-type GstElement) */
static GPtrArray *
list_children (GstBin *bin)
{
  GPtrArray *children = g_ptr_array_new_with_free_func (gst_object_unref);

  GST_OBJECT_LOCK (bin);
  for (GList *link = bin->children; link != NULL; link = link->next)
    g_ptr_array_add (children, gst_object_ref (link->data));
  GST_OBJECT_UNLOCK (bin);
  return children;
}

static void
write_bin (SalonDrawing *self, GstElement *bin, const Node *node)
{
  g_autoptr (GPtrArray) children = list_children (GST_BIN (bin));

  g_string_append_printf (self->text, "subgraph cluster_bin_%u { label=\"", get_number (self, bin));
  write_label (self, bin, node);
  g_string_append_printf (self->text, "\"; style=filled; fillcolor=\"%s\";\n", choose_colour (bin));
  for (guint i = 0; i < children->len && !is_too_long (self); i++)
    write_element (self, g_ptr_array_index (children, i), NULL);
  g_string_append (self->text, "}\n");
}

static void
write_element (SalonDrawing *self, GstElement *element, const Node *node)
{
  if (self->is_full && GST_IS_BIN (element) && GST_BIN_NUMCHILDREN (element) > 0)
    {
      write_bin (self, element, node);
      return;
    }
  g_string_append_printf (self->text, "e%u [label=\"", get_number (self, element));
  write_label (self, element, node);
  g_string_append_printf (self->text, "\", fillcolor=\"%s\"];\n", choose_colour (element));
}

/* -- links -- */

/* Whether a slot lets through what comes on this pad. */
static gboolean
is_active (GstElement *element, GstPad *pad)
{
  g_autoptr (GstPad) active = NULL;

  if (!is_slot (element))
    return TRUE;
  g_object_get (element, "active-pad", &active, NULL);
  return active == pad;
}

static void
write_caps (SalonDrawing *self, GstPad *src, GstPad *sink)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (src);
  g_autofree char *text = caps != NULL ? gst_caps_to_string (caps) : g_strdup ("");
  g_autofree char *start = g_utf8_substring (text, 0, MIN (g_utf8_strlen (text, -1), MAX_CAPS_CHARS));
  g_autofree char *src_name = gst_object_get_name (GST_OBJECT (src));
  g_autofree char *sink_name = gst_object_get_name (GST_OBJECT (sink));

  g_string_append (self->text, ", label=\"");
  write_quoted (self, start);
  g_string_append (self->text, "\", taillabel=\"");
  write_quoted (self, src_name);
  g_string_append (self->text, "\", headlabel=\"");
  write_quoted (self, sink_name);
  g_string_append_c (self->text, '"');
}

static void
write_link (SalonDrawing *self, GstElement *element, GstPad *src)
{
  g_autoptr (GstPad) sink = self->is_full ? find_peer (src) : gst_pad_get_peer (src);
  g_autoptr (GstElement) to = sink != NULL ? gst_pad_get_parent_element (sink) : NULL;

  if (to == NULL)
    return;
  g_string_append_printf (self->text, "e%u -> e%u [style=%s", get_number (self, element), get_number (self, to),
      is_active (to, sink) ? "solid" : "dashed");
  if (self->is_full)
    write_caps (self, src, sink);
  g_string_append (self->text, "];\n");
}

static void
write_links (SalonDrawing *self, GstElement *element)
{
  gboolean is_open = self->is_full && GST_IS_BIN (element) && GST_BIN_NUMCHILDREN (element) > 0;
  g_autoptr (GPtrArray) pads = list_pads (element, GST_PAD_SRC);

  if (is_open)
    {
      g_autoptr (GPtrArray) children = list_children (GST_BIN (element));

      for (guint i = 0; i < children->len && !is_too_long (self); i++)
        write_links (self, g_ptr_array_index (children, i));
      return;
    }
  for (guint i = 0; i < pads->len && !is_resting (self, element); i++)
    write_link (self, element, g_ptr_array_index (pads, i));
}

/* -- all of it -- */

/* Returns: how many slots at rest are left out. */
static guint
write_elements (SalonDrawing *self, const Box *box)
{
  guint n_resting = 0;

  for (guint i = 0; i < box->nodes->len && !is_too_long (self); i++)
    {
      Node *node = g_ptr_array_index (box->nodes, i);

      if (is_resting (self, node->element))
        n_resting++;
      else
        write_element (self, node->element, node);
    }
  return n_resting;
}

static void
write_box (SalonDrawing *self, guint index)
{
  const Box *box = g_ptr_array_index (self->boxes, index);
  guint n_resting;

  g_string_append_printf (self->text, "subgraph cluster_%u { label=\"", index);
  write_quoted (self, box->label);
  g_string_append (self->text, "\"; style=\"rounded,filled\"; color=\"#999999\"; fillcolor=\"#fafafa\";\n");
  n_resting = write_elements (self, box);
  if (n_resting > 0)
    g_string_append_printf (
        self->text, "resting_%u [shape=plaintext, style=\"\", label=\"%u slots at rest\"];\n", index, n_resting);
  else if (box->nodes->len == 0)
    /* One with nothing in it would not be drawn. */
    g_string_append_printf (self->text, "empty_%u [shape=plaintext, style=\"\", label=\"no media\"];\n", index);
  g_string_append (self->text, "}\n");
}

char *
salon_drawing_write (SalonDrawing *self, GError **error)
{
  make_nodes (self);
  put_into_boxes (self);
  g_string_assign (self->text, "digraph room {\nlabel=\"");
  write_quoted (self, self->title);
  g_string_append (self->text, "\"; labelloc=t; rankdir=LR; compound=true;\n"
                               "graph [fontname=\"sans-serif\"]; edge [fontname=\"sans-serif\", fontsize=8];\n"
                               "node [shape=box, style=\"rounded,filled\", fontname=\"sans-serif\", fontsize=10];\n");
  for (guint i = 0; i < self->boxes->len && !is_too_long (self); i++)
    write_box (self, i);
  write_elements (self, self->nobodys);
  for (guint i = 0; i < self->elements->len && !is_too_long (self); i++)
    write_links (self, g_ptr_array_index (self->elements, i));
  g_string_append (self->text, "}\n");
  if (!is_too_long (self))
    return g_strdup (self->text->str);
  g_set_error (error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS, "This room is too large to be drawn%s",
      self->is_full ? " in full; ask for less detail" : "");
  return NULL;
}
