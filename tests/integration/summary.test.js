/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What tests/run makes of the logs of its tests. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

const LIB = join(import.meta.dirname, '..', 'lib');

function program(name, result, stdout, stderr = '') {
  return { name: `salon:browser / ${name}`, result, stdout, stderr };
}

const FINE = program('fine', 'OK', 'ok 1 - one\nok 2 - two # SKIP no reason\n');
const BROKEN = program('broken', 'FAIL', 'ok 1 - one\nnot ok 2 - two\n# too late\n');
const MENDED = program('broken', 'OK', 'ok 1 - one\nok 2 - two\n');

function logs(t, ...runs) {
  const folder = mkdtempSync(join(tmpdir(), 'salon-summary-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return runs.map((programs, i) => {
    const path = join(folder, `${i}.json`);
    writeFileSync(path, programs.map((each) => `${JSON.stringify(each)}\n`).join(''));
    return path;
  });
}

function run(script, argument) {
  const { stdout, status } = spawnSync(process.execPath, [join(LIB, script), argument], { encoding: 'utf8' });
  return { lines: stdout.trim().split('\n'), status };
}

test('a run without failures passes; nothing is run again', (t) => {
  const [log] = logs(t, [FINE]);
  assert.deepEqual(run('failed.js', log), { lines: [''], status: 0 });
  assert.deepEqual(run('summary.js', log), { lines: ['1 passed, 0 failed, 1 skipped'], status: 0 });
});

test('what fails is run again, and what fails again is a failure', (t) => {
  const [first, again] = logs(t, [FINE, BROKEN], [BROKEN]);
  assert.deepEqual(run('failed.js', first).lines, ['broken']);
  assert.deepEqual(run('summary.js', `${first},${again}`), {
    lines: ['FAILED salon:browser / broken: two', '# too late', '', '2 passed, 1 failed, 1 skipped'], status: 1,
  });
});

test('what passes then has passed, and is told', (t) => {
  const [first, again] = logs(t, [FINE, BROKEN], [MENDED]);
  assert.deepEqual(run('summary.js', `${first},${again}`), {
    lines: ['FAILED AT FIRST, passed when run again alone: salon:browser / broken: two', '# too late', '',
            '3 passed, 0 failed, 1 skipped'],
    status: 0,
  });
});

test('what was not run again has failed', (t) => {
  const [first] = logs(t, [BROKEN]);
  assert.equal(run('summary.js', `${first},${first}.missing`).status, 1);
});

test('what a sanitizer found is not run again, nor is much', (t) => {
  const found = program('found', 'FAIL', '', 'SUMMARY: AddressSanitizer: heap-use-after-free');
  const [one, many] = logs(t, [BROKEN, found], ['a', 'b', 'c', 'd'].map((name) => program(name, 'FAIL', '')));
  assert.deepEqual(run('failed.js', one).lines, ['']);
  assert.deepEqual(run('failed.js', many).lines, ['']);
});

test('a run of nothing, or without a log, fails', (t) => {
  const [empty] = logs(t, []);
  assert.deepEqual(run('summary.js', empty), { lines: ['0 passed, 0 failed, 0 skipped'], status: 1 });
  assert.equal(run('summary.js', `${empty}.missing`).status, 1);
});
