/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Meson's test logs: a JSON object a line for each test program. */

import { existsSync, readFileSync } from 'node:fs';

const FINE = ['OK', 'EXPECTEDFAIL', 'SKIP'];
const CASE = /^(not ok|ok)\b\s*\d*\s*-?\s*(.*)$/;

/* A log that is not there is a program that failed. */
export function readLog(path) {
  return existsSync(path)
    ? readFileSync(path, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line))
    : [{ name: path, result: 'MISSING' }];
}

export function hasFailed({ result }) {
  return !FINE.includes(result);
}

/* The cases of one test program, as TAP tells them; a program that speaks no TAP is one case. */
export function casesOf({ name, result, stdout }) {
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
  if (hasFailed({ result }) && (result === 'TIMEOUT' || !cases.some(({ state }) => state === 'failed')))
    cases.push({ state: 'failed', name: `${running || name} (${result})`, comments: [] });
  else if (cases.length === 0)
    cases.push({ state: result === 'SKIP' ? 'skipped' : 'passed' });
  return cases;
}
