/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Brings GStreamer's log into ours (salon-log.h), as far as the levels let it pass, which are written as in GST_DEBUG.
 * Warnings and errors always come. What is finer is for whoever develops: a log of text leaves it the form that they
 * know, and GST_DEBUG_FILE takes it elsewhere.
 * The password of a TURN server never comes here; GStreamer itself writes it to GST_DEBUG_FILE, at level 5.
 *
 * Before gst_init(). */
void salon_gst_log_redirect (const char *levels);
