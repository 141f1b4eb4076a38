/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

/* Answers with a file of the page, from the resources under /org/salon/web. name: as "index.html". Browsers keep files
 * but ask each time whether they are still good (ETag), so that a new server is never seen through an old page. */
void salon_static_reply (SoupServerMessage *message, const char *name);
