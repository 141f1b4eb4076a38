/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What processes take of the processor. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export const WINDOW_MS = 10000;
const TICKS_PER_S = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/* User and system time of a process, in seconds. */
function processorTime(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
}

/* In percent of a processor, of each of the processes. */
export async function shares(pids) {
  const begun = performance.now();
  const before = pids.map(processorTime);
  await new Promise((resolve) => setTimeout(resolve, WINDOW_MS));
  const seconds = (performance.now() - begun) / 1000;
  return pids.map((pid, i) => (processorTime(pid) - before[i]) / seconds * 100);
}
