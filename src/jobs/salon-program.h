/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The program salon-job, as it is called: by the server in a job's folder as `salon-job keep`, and by that as
 * `salon-job run`; and salon-upload, by the server in such a folder. Each finds a link (salon-json-link.h) to whoever
 * made it at this descriptor. */
#define SALON_PROGRAM "salon-job"
#define SALON_PROGRAM_KEEP "keep"
#define SALON_PROGRAM_RUN "run"
#define SALON_PROGRAM_UPLOAD "salon-upload"
#define SALON_PROGRAM_LINK_FD 3
