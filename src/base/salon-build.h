/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where this program's companions are: a program that runs where it was built has them there.
 *
 * Returns: (transfer none): built, or else installed. */
const char *salon_build_choose (const char *built, const char *installed);
