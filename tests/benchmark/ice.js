/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a watcher costs the server, with the one port that everybody shares (ice=lite) and with libnice (ice=full), and
 * the ratio of the two. What the server and its one publisher cost without watchers is not counted. Processor time is
 * not among it: the way through webrtcbin hides the difference.
 *
 *   meson test -C build --benchmark --verbose ice-cost
 *
 * SALON_BENCHMARK_WATCHERS (100). */

import * as runner from 'node:test';
import { costs, perform, watch } from '../lib/watchers.js';
import { startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;
const N = Number(process.env.SALON_BENCHMARK_WATCHERS ?? 100);

async function measure(t, ice) {
  const server = await startServer(t, {
    config: {
      media: { ice, seats: 1, ...(ice === 'lite' && { 'ice-transports': 'udp' }) },
      rooms: { 'default-max-members': N + 1 },
    },
  });
  const { room, publisher } = await perform(t, server);
  const alone = costs(server);
  const watchers = await watch(t, server, room, N);
  const slots = await Promise.all(watchers.map((watcher) => watcher.receive(publisher, 'camera')));
  const received = () => slots.reduce((sum, { packets }) => sum + packets.length, 0);
  await until('all of it flows', () => received() > 10 * N, 20000);
  const full = costs(server);
  await Promise.all([publisher, ...watchers].map((peer) => peer.close()));
  await server.stop();
  return {
    threads: (full.threads - alone.threads) / N,
    descriptors: (full.descriptors - alone.descriptors) / N,
    'KiB resident': (full.residentKiB - alone.residentKiB) / N,
  };
}

test(`${N} watch one`, async (t) => {
  const lite = await measure(t, 'lite');
  const full = await measure(t, 'full');
  t.diagnostic(`${'per watcher'.padEnd(20)}${'one port'.padStart(10)}${'libnice'.padStart(10)}${'ratio'.padStart(8)}`);
  for (const key of Object.keys(lite)) {
    const row = [lite[key], full[key], lite[key] / full[key]].map((value) => value.toFixed(2));
    t.diagnostic(`${key.padEnd(20)}${row[0].padStart(10)}${row[1].padStart(10)}${row[2].padStart(8)}`);
  }
});
