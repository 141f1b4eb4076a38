/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "salon-pipeline.h"

/* Changes properties of a pipeline that plays. values: {"element.property": value}; all are checked before the first is
 * set. Errors: for whoever asked, naming element and property. */
gboolean salon_live_properties_set (
    SalonPipeline *pipeline, JsonObject *values, GError **error) G_GNUC_WARN_UNUSED_RESULT;
