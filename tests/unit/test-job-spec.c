/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands in a job's folder may be damaged: then it is refused, and not taken for less than it was. */
#include <string.h>

#include "salon-error.h"
#include "salon-job-spec.h"
#include "salon-job-status.h"
#include "salon-json.h"

#define SPEC                                                                                                           \
  "{\"id\":\"1\",\"parameters\":{},\"launch\":\"fakesrc\",\"created_at\":1,\"secrets\":%s,"                            \
  "\"limits\":{\"elements\":%s,\"media_folders\":[],\"memory_mb\":1,\"output_mb\":1,\"hang_s\":1,"                     \
  "\"max_restarts\":1,\"orphan_s\":1,\"needs_sandbox\":true}}"

static const char *const damaged[]
    = { "[\"a\",null]", "[null,\"b\"]", "[\"a\",1]", "[\"a\",{}]", "[[\"a\"]]", "\"a\"" };

static JsonNode *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  JsonNode *node = salon_json_parse (text, strlen (text), 4096, &error);

  g_assert_no_error (error);
  return node;
}

static SalonJobSpec *
read_spec (const char *secrets, const char *elements, GError **error)
{
  g_autofree char *text = g_strdup_printf (SPEC, secrets, elements);
  g_autoptr (JsonNode) node = parse (text);

  return salon_job_spec_from_json (json_node_get_object (node), error);
}

static void
test_spec (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SalonJobSpec) spec = read_spec ("[\"a\",\"b\"]", "[]", &error);
  g_autoptr (SalonJobSpec) without = read_spec ("null", "[\"c\"]", &error);

  g_assert_no_error (error);
  g_assert_cmpuint (g_strv_length (spec->secrets), ==, 2);
  g_assert_cmpstr (spec->secrets[1], ==, "b");
  g_assert_cmpuint (g_strv_length (spec->limits.elements), ==, 0);
  g_assert_null (without->secrets);
  g_assert_cmpstr (without->limits.elements[0], ==, "c");
}

static void
test_damaged_spec (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (damaged); i++)
    {
      g_autoptr (GError) of_secrets = NULL;
      g_autoptr (GError) of_elements = NULL;

      g_assert_null (read_spec (damaged[i], "[]", &of_secrets));
      g_assert_error (of_secrets, SALON_ERROR, SALON_ERROR_INVALID_PARAMS);
      g_assert_null (read_spec ("[]", damaged[i], &of_elements));
      g_assert_error (of_elements, SALON_ERROR, SALON_ERROR_INVALID_PARAMS);
    }
}

static void
test_damaged_status (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (damaged); i++)
    {
      g_autofree char *text = g_strdup_printf ("{\"state\":\"running\",\"log\":%s}", damaged[i]);
      g_autoptr (JsonNode) node = parse (text);
      g_autoptr (GError) error = NULL;
      g_auto (SalonJobStatus) status = { 0 };

      g_assert_false (salon_job_status_update (&status, json_node_get_object (node), &error));
      g_assert_error (error, SALON_ERROR, SALON_ERROR_INVALID_PARAMS);
    }
}

static void
test_state (void)
{
  g_autoptr (JsonNode) node = parse ("{\"state\":\"stopping\",\"log\":[\"a\"]}");
  g_autoptr (JsonNode) unknown = parse ("{\"state\":\"stopper\"}");
  g_auto (SalonJobStatus) status = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert_true (salon_job_status_update (&status, json_node_get_object (node), &error));
  g_assert_no_error (error);
  g_assert_cmpint (status.state, ==, SALON_JOB_STOPPING);
  g_assert_cmpstr (status.log[0], ==, "a");
  g_assert_false (salon_job_status_update (&status, json_node_get_object (unknown), &error));
  g_assert_nonnull (strstr (error->message, "state"));
  g_assert_cmpint (status.state, ==, SALON_JOB_STOPPING);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/job-spec/is-read", test_spec);
  g_test_add_func ("/job-spec/is-refused-when-a-list-is-damaged", test_damaged_spec);
  g_test_add_func ("/job-status/is-refused-when-its-log-is-damaged", test_damaged_status);
  g_test_add_func ("/job-status/has-a-state-that-there-is", test_state);
  return g_test_run ();
}
