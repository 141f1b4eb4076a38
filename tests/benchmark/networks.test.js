/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The benchmark of bad networks itself, for a moment: that what is done to a line is seen by who watches behind it. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { hasJanus } from '../lib/janus.js';
import { withDeadline } from '../lib/until.js';
import { frozenShare } from './networks/calls.js';
import { fairness, timeToFit, timeToRecover } from './networks/lines.js';
import { number, summarise } from './networks/report.js';

const PROGRAM = resolve(new URL('networks.js', import.meta.url).pathname);
const skip = process.env.SALON_TEST_SANITIZED && 'sanitizers make it too slow to measure';
const DEADLINE_MS = 100_000;

/* Returns: { code, output, markdown, picture, results }. */
async function run(t, ...args) {
  const folder = mkdtempSync(join(tmpdir(), 'salon-networks-'));
  const path = (name) => join(folder, name);
  const files = ['--markdown', path('md'), '--picture', path('svg'), '--json', path('json')];
  const child = spawn(process.execPath, [PROGRAM, ...files, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => { output += text; });
  const exited = new Promise((done) => child.once('close', (code, signal) => done(code ?? signal)));
  t.after(async () => {
    child.kill('SIGTERM');
    await exited;
    rmSync(folder, { recursive: true, force: true });
  });
  const code = await withDeadline('the benchmark to end', exited, DEADLINE_MS);
  const read = (name) => (code === 0 ? readFileSync(path(name), 'utf8') : undefined);
  return { code, output, markdown: read('md'), picture: read('svg'), results: code === 0 && JSON.parse(read('json')) };
}

test('behind a line that loses everything, pictures stand still, and elsewhere they do not', { skip }, async (t) => {
  const names = hasJanus() ? ['salon', 'janus'] : ['salon'];
  const { code, output, markdown, picture, results } = await run(t, '--tables', 'viewer', '--servers', names.join(),
    '--losses', '0,100', '--rtts', '20', '--calls', '1', '--seconds', '2');
  assert.equal(code, 0, output);
  for (const name of names) {
    const [all, nothing] = results.viewer.map(({ servers }) => servers[name]);
    for (const { fps, bps } of [all.control, ...all.samples, nothing.control])
      assert.ok(fps > 1 && bps > 10_000, `${name}: ${fps} frames/s of ${bps} bit/s`);
    const [{ fps, frozen, bps }] = nothing.samples;
    assert.deepEqual({ fps, frozen, bps }, { fps: 0, frozen: 1, bps: 0 }, name);
  }
  assert.match(markdown, /^\| 100 %(?: \?)? \| 20 ms \| 0\.0 \|/m);
  assert.match(picture, /^<svg [^]*100 %, 20[^]*<\/svg>\n$/);
});

test('a line that becomes narrow is seen to', { skip }, async (t) => {
  const { code, output, markdown, picture, results } = await run(t, '--tables', 'drop', '--servers', 'salon',
    '--rounds', '1', '--seconds', '2');
  assert.equal(code, 0, output);
  const [{ before, narrow, wide, samples }] = results.drop.salon;
  assert.ok(before.fps > 1 && before.width > 0 && narrow.packets > 20 && wide.bps > 0);
  assert.deepEqual([...new Set(samples.map(({ rateBps }) => rateBps))], [3_000_000, 500_000]);
  const arrived = samples.filter(({ at }) => at > narrow.from + 0.2 && at < narrow.to);
  const mean = arrived.reduce((sum, { bps }) => sum + bps, 0) / arrived.length;
  assert.ok(mean > 10_000 && mean < 600_000, `${mean} bit/s`);
  assert.match(markdown, /^\| 500 kbit\/s: packets that found no place, % \| \d/m);
  assert.match(picture, /class="room"/);
});

test('options that make no sense are refused', async (t) => {
  const wrong = [['--tables', 'nobody'], ['--losses', 'none'], ['stray']];
  for (const args of wrong) {
    const { code, output } = await run(t, ...args);
    assert.equal(code, 1, args.join(' '));
    assert.match(output, new RegExp(args.at(-1)));
  }
});

test('a freeze is a picture that stands for too long, over though it is not', () => {
  const every = (ms, from, to) => Array.from({ length: (to - from) / ms }, (_, i) => ({ at: from + i * ms }));
  assert.equal(frozenShare(every(66, 0, 1320), 0, 1320), 0);
  assert.equal(frozenShare([...every(50, 0, 500), ...every(50, 950, 2000)], 0, 2000), 0.25);
  /* The last picture before counts, and so does what goes on. */
  assert.equal(frozenShare([{ at: -700 }, ...every(50, 300, 500)], 0, 1000), 0.85);
  assert.equal(frozenShare([], 0, 1000), 1);
  /* Few pictures, but those in time. */
  assert.equal(frozenShare(every(250, -2500, 2000), 0, 2000), 0);
});

test('how long it takes to fit, and to recover', () => {
  const at = (times, values) => times.map((time, i) => ({ at: time, overflowed: 0, ...values[i] }));
  const waits = [400, 900, 900, 300, 100, 50, 0, 20, 10];
  const queue = at([1, 2, 3, 4, 5, 6, 7, 8, 9], waits.map((queueMs) => ({ queueMs })));
  assert.equal(timeToFit(queue, 0, 9), 4);
  assert.equal(timeToFit(queue, 0, 5), undefined);
  const drops = at([1, 2, 3, 4, 5, 6], [0, 0, 5, 5, 5, 5].map((overflowed) => ({ queueMs: 0, overflowed })));
  assert.equal(timeToFit(drops, 0, 6), 3);

  const pictures = Array.from({ length: 100 }, (_, i) => ({ at: i / 10, width: i < 30 ? 640 : 1280 }));
  assert.ok(Math.abs(timeToRecover(pictures, { fps: 10, width: 1280 }, 10) - 2.8) < 0.11);
  assert.equal(timeToRecover(pictures, { fps: 10, width: 1920 }, 10), undefined);
  assert.equal(fairness([1, 1]), 1);
  assert.equal(fairness([1, 0]), 0.5);
});

test('what differs from round to round is told', () => {
  assert.equal(summarise([2, 2, 2], number(0)), '2');
  assert.equal(summarise([3, 1, 2], number(1)), '2.0 (1.0 to 3.0)');
  assert.equal(summarise([1, undefined, 2], number(0)), '2 (1 to never)');
  assert.equal(summarise([undefined, undefined], number(0), 'all the time'), 'all the time');
});
