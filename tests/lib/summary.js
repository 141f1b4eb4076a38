/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* node summary.js TESTLOG.json...: adds up the cases of Meson's test logs, shows what failed, and closes with one
 * line. Exits 1 when something failed or nothing ran. */

import { existsSync, readFileSync } from 'node:fs';

/* Of each failure: the log of a run may be kept by its end only. The whole is in meson-logs. */
const MAX_LINES = 16;
const CASE = /^(not ok|ok)\b\s*\d*\s*-?\s*(.*)$/;

/* The cases of one test program, as TAP tells them; a program that speaks no TAP is one case. */
function casesOf({ name, result, stdout }) {
  const cases = [];
  let failed;
  let running = '';
  for (const line of (stdout ?? '').split('\n')) {
    const found = line.match(CASE);
    if (found) {
      const isSkipped = /#\s*SKIP/i.test(found[2]);
      failed = found[1] === 'not ok' ? { state: 'failed', name: found[2], comments: [] } : undefined;
      cases.push(failed ?? { state: isSkipped ? 'skipped' : 'passed' });
      running = '';
    } else if (line.startsWith('# running: ')) {
      running = line.slice('# running: '.length);
    } else if (failed && line.startsWith('#')) {
      failed.comments.push(line);
    }
  }
  const isFine = ['OK', 'EXPECTEDFAIL', 'SKIP'].includes(result);
  if (!isFine && (result === 'TIMEOUT' || !cases.some(({ state }) => state === 'failed')))
    cases.push({ state: 'failed', name: `${running || name} (${result})`, comments: [] });
  else if (cases.length === 0)
    cases.push({ state: result === 'SKIP' ? 'skipped' : 'passed' });
  return cases;
}

/* What says least goes first: Node's own frames, then the middle of what is long. */
function shorten(lines) {
  const told = lines.filter((line) => !/ \(?node:|^#?\s*$/.test(line)).map((line) => line.slice(0, 300));
  const half = MAX_LINES / 2;
  return told.length <= MAX_LINES ? told : [...told.slice(0, half), '[...]', ...told.slice(-half)];
}

function show(program, { name, comments }) {
  const lines = comments.length > 0 ? comments : (program.stderr ?? program.stdout ?? '').split('\n');
  console.log(`\nFAILED ${program.name}: ${name}`);
  console.log(shorten(lines).join('\n'));
}

const counts = { passed: 0, failed: 0, skipped: 0 };
for (const path of process.argv.slice(2)) {
  const programs = existsSync(path)
    ? readFileSync(path, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line))
    : [{ name: path, result: 'MISSING' }];
  for (const program of programs) {
    for (const each of casesOf(program)) {
      counts[each.state]++;
      if (each.state === 'failed')
        show(program, each);
    }
  }
}
console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0);
