/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

/* Reading JSON that a client sent, bound first. Every failure is a GError for the client: SALON_ERROR_PARSE for text
 * that is no JSON, SALON_ERROR_INVALID_PARAMS, naming the field, for JSON of the wrong shape. */

/* The deepest message of the protocol nests five levels; the rest is room to grow. */
#define SALON_JSON_MAX_DEPTH 16

/* Reads strict JSON (RFC 8259): UTF-8, at most max_bytes, at most SALON_JSON_MAX_DEPTH deep, without the NUL character.
 * The text need not be zero-terminated.
 *
 * Returns: (transfer full) (nullable): a node of any type, or NULL with SALON_ERROR_PARSE. */
JsonNode *salon_json_parse (
    const char *text, gsize size_bytes, gsize max_bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer full): one line of JSON. */
char *salon_json_to_text (JsonNode *node) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer none) (nullable): the object in node, or NULL with INVALID_PARAMS calling it `name`. */
JsonObject *salon_json_node_as_object (JsonNode *node, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Typed members. The plain ones must be there; of the optional ones, an absent member or a null leaves *value as it
 * was, so set the default first. Values are borrowed from the object. Lengths of strings are in characters. */
gboolean salon_json_get_string (JsonObject *object, const char *name, guint min_chars, guint max_chars,
    const char **value, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean salon_json_get_optional_string (JsonObject *object, const char *name, guint min_chars, guint max_chars,
    const char **value, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean salon_json_get_boolean (
    JsonObject *object, const char *name, gboolean *value, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean salon_json_get_optional_boolean (
    JsonObject *object, const char *name, gboolean *value, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* An integer from min to max, both included; 1.0 is not one. */
gboolean salon_json_get_int (JsonObject *object, const char *name, gint64 min, gint64 max, gint64 *value,
    GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean salon_json_get_optional_int (JsonObject *object, const char *name, gint64 min, gint64 max, gint64 *value,
    GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean salon_json_get_object (
    JsonObject *object, const char *name, JsonObject **value, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean salon_json_get_optional_double (JsonObject *object, const char *name, double min, double max, double *value,
    GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean salon_json_get_optional_object (
    JsonObject *object, const char *name, JsonObject **value, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean salon_json_get_array (
    JsonObject *object, const char *name, guint max_items, JsonArray **value, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean salon_json_get_optional_array (
    JsonObject *object, const char *name, guint max_items, JsonArray **value, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* An array of strings alone. value: (transfer full). */
gboolean salon_json_get_strings (
    JsonObject *object, const char *name, guint max_items, char ***value, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean salon_json_get_optional_strings (
    JsonObject *object, const char *name, guint max_items, char ***value, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* One of these words: which. */
gboolean salon_json_get_choice (JsonObject *object, const char *name, const char *const *choices, guint n_choices,
    guint *value, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean salon_json_get_optional_choice (JsonObject *object, const char *name, const char *const *choices,
    guint n_choices, guint *value, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Item `index` (which must exist) of the array member `name`, as an object. */
gboolean salon_json_array_get_object (
    JsonArray *array, const char *name, guint index, JsonObject **value, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Refuses members that are not in the NULL-terminated list `known`. */
gboolean salon_json_check_members (
    JsonObject *object, const char *const *known, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Of our own, in a file that is there whole or as it was before, and for this user's eyes. object: (transfer full).
 * Blocks. */
gboolean salon_json_save (const char *path, JsonObject *object, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Returns: (transfer full) (nullable). Blocks. */
JsonObject *salon_json_load (const char *path, gsize max_bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;
