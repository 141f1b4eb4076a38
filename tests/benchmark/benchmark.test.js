/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The benchmark itself, for a moment, on the real server: the figures are small, but they must add up. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { childrenOf, isAlive, serverPath } from '../lib/server.js';
import { until, withDeadline } from '../lib/until.js';

const BENCHMARK = process.env.SALON_BENCHMARK ?? join(dirname(serverPath()), '../tests/benchmark/salon-benchmark');
const SLOWNESS = Number(process.env.SALON_TEST_SLOWNESS ?? 1);
/* Under them the server is too slow for hundreds of packets a second, and its figures say nothing. */
const skip = process.env.SALON_TEST_SANITIZED && 'sanitizers make it too slow to measure';
const DEADLINE_MS = 60000;
/* Of 230 packets a second, but for those just at the window's edges. */
const PACKETS_PER_S = 220;
const AES = /^SRTP_AE/;

/* Runs it in a folder for temporary files of its own, which must be empty again at its end. */
class Benchmark {
  output = '';

  constructor(t, args, env = {}) {
    this.folder = mkdtempSync(join(tmpdir(), 'salon-benchmark-test-'));
    this.jsonPath = join(this.folder, 'figures.json');
    this.child = spawn(BENCHMARK, [...args, '--rounds', '1', '--json', this.jsonPath], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, SALON_SERVER: serverPath(), TMPDIR: this.folder, ...env },
    });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream.setEncoding('utf8').on('data', (text) => { this.output += text; });
    this.exited = new Promise((resolve) => this.child.once('close', (code, signal) => resolve(code ?? signal)));
    t.after(async () => {
      this.child.kill('SIGKILL');
      await this.exited;
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  async exits() {
    return withDeadline('the benchmark to end', this.exited, DEADLINE_MS);
  }

  get results() {
    return JSON.parse(readFileSync(this.jsonPath, 'utf8')).results;
  }

  get leftFiles() {
    return readdirSync(this.folder).filter((name) => name.startsWith('salon-benchmark-'));
  }
}

function assertAllArrived(round, perSecond) {
  assert.equal(round.failure, undefined);
  assert.ok(round.n_expected >= perSecond * round.window_s, `${round.n_expected} packets in ${round.window_s} s`);
  assert.equal(round.n_received, round.n_expected);
  assert.equal(round.n_duplicates, 0);
  assert.equal(round.n_refused, 0);
  assert.match(round.srtp_profile, AES);
  assert.ok(round.cpu_us_per_packet > 0.5, `${round.cpu_us_per_packet} us a packet`);
  assert.ok(round.threads_per_participant > 0 && round.rss_kib_per_participant > 0);
  assert.ok(round.latency_p50_us > 0 && round.latency_p50_us < 100000 * SLOWNESS, `${round.latency_p50_us} us late`);
  assert.ok(round.latency_p99_us >= round.latency_p50_us);
}

test('one sends, and three receive every packet', { skip }, async (t) => {
  const benchmark = new Benchmark(t, ['--servers', 'salon', '--fan-out', '3', '--seconds', '2']);
  assert.equal(await benchmark.exits(), 0, benchmark.output);
  const [{ server, shape, n, rounds }] = benchmark.results;
  assert.deepEqual({ server, shape, n }, { server: 'salon', shape: 'fan-out', n: 3 });
  assertAllArrived(rounds[0], 3 * PACKETS_PER_S);
  assert.ok(rounds[0].first_packet_p50_us > 1000);
  assert.ok(rounds[0].first_picture_p50_us >= rounds[0].first_packet_p50_us);
  assert.match(benchmark.output, /^fan-out 3\n {2}salon/m);
  assert.deepEqual(benchmark.leftFiles, []);
});

test('three meet, and everybody receives everybody', { skip }, async (t) => {
  const benchmark = new Benchmark(t, ['--servers', 'salon', '--meeting', '3', '--seconds', '2']);
  assert.equal(await benchmark.exits(), 0, benchmark.output);
  const [{ shape, rounds }] = benchmark.results;
  assert.equal(shape, 'meeting');
  assertAllArrived(rounds[0], 3 * 2 * PACKETS_PER_S);
  assert.equal(rounds[0].first_packet_p50_us, null);
});

test('a server that ends is told of, and the others are still measured', async (t) => {
  const benchmark = new Benchmark(t, ['--servers', 'salon', '--fan-out', '1,2', '--seconds', '1'],
    { SALON_SERVER: '/bin/false' });
  assert.equal(await benchmark.exits(), 1);
  assert.equal(benchmark.results.length, 2);
  assert.match(benchmark.results[0].rounds[0].failure, /^salon ended/);
  assert.match(benchmark.output, /round 1 FAILED: salon ended/);
  assert.deepEqual(benchmark.leftFiles, []);
});

/* One that measures for long, once its server has a store: the processes that must not outlive it. */
async function startLong(t) {
  const benchmark = new Benchmark(t, ['--servers', 'salon', '--fan-out', '1', '--seconds', '600']);
  const processes = await until('a server and its store run', () => {
    const [server] = childrenOf(benchmark.child.pid);
    const [store] = server ? childrenOf(server.pid) : [];
    return store && [server, store];
  }, DEADLINE_MS);
  t.after(() => processes.filter(({ pid }) => isAlive(pid)).forEach(({ pid }) => process.kill(pid, 'SIGKILL')));
  return { benchmark, processes };
}

test('SIGINT stops the server and removes its files', async (t) => {
  const { benchmark, processes } = await startLong(t);
  benchmark.child.kill('SIGINT');
  assert.equal(await benchmark.exits(), 1);
  assert.match(benchmark.output, /interrupted/);
  assert.deepEqual(processes.filter(({ pid }) => isAlive(pid)), []);
  assert.deepEqual(benchmark.leftFiles, []);
});

test('not even SIGKILL leaves a process behind', async (t) => {
  const { benchmark, processes } = await startLong(t);
  benchmark.child.kill('SIGKILL');
  await benchmark.exits();
  await until('the server and its store are gone', () => processes.every(({ pid }) => !isAlive(pid)));
});

test('options that make no sense are refused', async (t) => {
  for (const args of [['--servers', 'nobody'], ['--fan-out', '0'], ['--meeting', '1'], ['--seconds', '0'], ['stray']]) {
    const benchmark = new Benchmark(t, args);
    assert.equal(await benchmark.exits(), 1, args.join(' '));
    assert.match(benchmark.output, new RegExp(args.at(-1)));
  }
});
