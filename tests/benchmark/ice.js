/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a watcher costs the server, with the one port that everybody shares (ice=lite) and with libnice (ice=full), and
 * the ratio of the two. The load is made by this process, on the same machine: the numbers of threads, descriptors and
 * memory mean what they say; processor time is that of the server alone, for the same packets.
 *
 *   ninja -C build && SALON_SERVER=$PWD/build/src/salon-server node --test tests/benchmark/ice.js
 *
 * SALON_BENCHMARK_WATCHERS (30), SALON_BENCHMARK_S (10). */

import * as runner from 'node:test';
import { costs, gather } from '../lib/crowd.js';
import { startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;
const N = Number(process.env.SALON_BENCHMARK_WATCHERS ?? 30);
const SECONDS = Number(process.env.SALON_BENCHMARK_S ?? 10);

async function measure(t, ice) {
  const server = await startServer(t, { config: { media: { ice, seats: 1, 'ice-transports': 'udp' } } });
  const idle = costs(server);
  const { publisher, watchers } = await gather(t, server, N);
  const slots = await Promise.all(watchers.map((watcher) => watcher.receive(publisher, 'camera')));
  const received = () => slots.reduce((sum, { packets }) => sum + packets.length, 0);
  await until('all of it flows', () => received() > 10 * N, 20000);
  const before = { ...costs(server), packets: received() };
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));
  const after = { ...costs(server), packets: received() };
  await Promise.all([publisher, ...watchers].map((peer) => peer.close()));
  await server.stop();
  return {
    'threads each': (after.threads - idle.threads) / N,
    'descriptors each': (after.descriptors - idle.descriptors) / N,
    'KiB resident each': (after.residentKiB - idle.residentKiB) / N,
    'us of CPU a packet': 1000 * (after.cpuMs - before.cpuMs) / (after.packets - before.packets),
  };
}

test(`${N} watch one`, async (t) => {
  const lite = await measure(t, 'lite');
  const full = await measure(t, 'full');
  console.log(`${'per watcher'.padEnd(20)}${'one port'.padStart(10)}${'libnice'.padStart(10)}${'ratio'.padStart(8)}`);
  for (const key of Object.keys(lite)) {
    const row = [lite[key], full[key], lite[key] / full[key]].map((value) => value.toFixed(2));
    console.log(`${key.padEnd(20)}${row[0].padStart(10)}${row[1].padStart(10)}${row[2].padStart(8)}`);
  }
});
