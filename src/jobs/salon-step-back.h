/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* For a process that runs beside the server: forwarding comes first. From here on it gets what processor time others
 * leave, goes first when memory runs out, and is in a session of its own, out of the terminal's and the server's:
 * neither's end is this one's. */
void salon_step_back (void);
