/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-live-property.h"

#include <string.h>

#include "salon-error.h"
#include "salon-json.h"

typedef struct
{
  GstElement *element; /* (owned) (nullable) */
  GParamSpec *property;
  GValue value;
} Change;

static void
change_free (Change *change)
{
  gst_clear_object (&change->element);
  if (G_IS_VALUE (&change->value))
    g_value_unset (&change->value);
  g_free (change);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Change, change_free)

static gboolean
fail (GError **error, const char *key, const char *text)
{
  g_set_error (error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS, "\"%s\": %s", key, text);
  return FALSE;
}

/* Those that an element reads once, or that hold other objects, are not for now. */
static gboolean
is_live (GParamSpec *property)
{
  return (property->flags & G_PARAM_WRITABLE) && !(property->flags & G_PARAM_CONSTRUCT_ONLY)
         && !(property->flags & (GST_PARAM_MUTABLE_READY | GST_PARAM_MUTABLE_PAUSED))
         && !g_type_is_a (property->value_type, G_TYPE_OBJECT) && !g_type_is_a (property->value_type, G_TYPE_POINTER);
}

static gboolean
read_value (Change *change, const char *key, JsonNode *node, GError **error)
{
  g_autofree char *text = NULL;

  g_value_init (&change->value, change->property->value_type);
  if (!JSON_NODE_HOLDS_VALUE (node))
    return fail (error, key, "must be a text, a number or a boolean");
  if (json_node_get_value_type (node) == G_TYPE_STRING && change->property->value_type == G_TYPE_STRING)
    g_value_set_string (&change->value, json_node_get_string (node));
  else
    {
      text = json_node_get_value_type (node) == G_TYPE_STRING ? json_node_dup_string (node) : salon_json_to_text (node);
      if (!gst_value_deserialize (&change->value, text))
        return fail (error, key, "the property takes no such value");
    }
  if (g_param_value_validate (change->property, &change->value))
    return fail (error, key, "the value is out of the property's range");
  return TRUE;
}

/* Returns: (transfer full) (nullable) */
static Change *
make_change (SalonPipeline *pipeline, const char *key, JsonNode *node, GError **error)
{
  g_autoptr (Change) change = g_new0 (Change, 1);
  const char *dot = strrchr (key, '.');
  g_autofree char *name = dot != NULL ? g_strndup (key, dot - key) : g_strdup (key);

  change->element = salon_pipeline_find_element (pipeline, name);
  if (change->element == NULL)
    {
      fail (error, key, "the pipeline has no element of that name; write element.property");
      return NULL;
    }
  change->property = dot != NULL ? g_object_class_find_property (G_OBJECT_GET_CLASS (change->element), dot + 1) : NULL;
  if (change->property == NULL)
    fail (error, key, "the element has no such property");
  else if (!is_live (change->property))
    fail (error, key, "this property does not change while the pipeline plays");
  else if (read_value (change, key, node, error))
    return g_steal_pointer (&change);
  return NULL;
}

gboolean
salon_live_properties_set (SalonPipeline *pipeline, JsonObject *values, GError **error)
{
  g_autoptr (GPtrArray) changes = g_ptr_array_new_with_free_func ((GDestroyNotify)change_free);
  JsonObjectIter iter;
  const char *key;
  JsonNode *node;

  json_object_iter_init (&iter, values);
  while (json_object_iter_next (&iter, &key, &node))
    {
      Change *change = make_change (pipeline, key, node, error);

      if (change == NULL)
        return FALSE;
      g_ptr_array_add (changes, change);
    }
  for (guint i = 0; i < changes->len; i++)
    {
      Change *change = g_ptr_array_index (changes, i);
      g_object_set_property (G_OBJECT (change->element), change->property->name, &change->value);
    }
  return TRUE;
}
