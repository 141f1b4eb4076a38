/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>
#include <sys/stat.h>

/* Answers with a file from disk, as it is at this moment: whole, or the one range that is asked for (RFC 9110 section
 * 14), or not at all when the client has it. It is read as the client takes it, a piece at a time, on another thread;
 * who takes less than a piece within request-timeout-s is hung up on. What it is may run nothing: a page among the
 * files is another's, and not ours.
 *
 * message: paused, with nothing of an answer but headers; to be unpaused by the caller. fd: (transfer full).
 * name: what it is saved as, with folders before it. Main context. */
void salon_file_reply (SoupServerMessage *message, int fd, const struct stat *status, const char *name);
