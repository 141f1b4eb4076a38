/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* node summary.js TESTLOG.json[,TESTLOG-AGAIN.json]...: adds up the cases of Meson's test logs, shows what failed, and
 * closes with one line. What a second log has counts instead of the first time. Exits 1 when something failed or
 * nothing ran. */

import { casesOf, hasFailed, readLog } from './testlog.js';

/* Of each failure: the log of a run may be kept by its end only. The whole is in meson-logs. */
const MAX_LINES = 16;

/* What says least goes first: Node's own frames, then the middle of what is long. */
function shorten(lines) {
  const told = lines.filter((line) => !/ \(?node:|^#?\s*$/.test(line)).map((line) => line.slice(0, 300));
  const half = MAX_LINES / 2;
  return told.length <= MAX_LINES ? told : [...told.slice(0, half), '[...]', ...told.slice(-half)];
}

function show(what, program, { name, comments }) {
  const lines = comments.length > 0 ? comments : (program.stderr ?? program.stdout ?? '').split('\n');
  console.log(`\n${what} ${program.name}: ${name}`);
  console.log(shorten(lines).join('\n'));
}

function showFailures(what, program) {
  for (const each of casesOf(program).filter(({ state }) => state === 'failed'))
    show(what, program, each);
}

/* Each program as it counts. */
function settle(argument) {
  const [first, again] = argument.split(',');
  const second = again ? readLog(again) : [];
  return readLog(first).map((program) => {
    const other = hasFailed(program) && second.find(({ name }) => name === program.name);
    if (!other)
      return program;
    if (!hasFailed(other))
      showFailures('FAILED AT FIRST, passed when run again alone:', program);
    return other;
  });
}

const counts = { passed: 0, failed: 0, skipped: 0 };
for (const program of process.argv.slice(2).flatMap(settle)) {
  showFailures('FAILED', program);
  for (const { state } of casesOf(program))
    counts[state]++;
}
console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0);
