/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many who only watch one, and what they cost the server. */

import { readFileSync } from 'node:fs';
import { Peer } from './peer.js';
import { newRoom } from './people.js';
import { until } from './until.js';

/* So many at once: they share this process's one thread, and each has 20 s. */
const AT_ONCE = 5;

/* One publisher, `count` who watch: { publisher, watchers }. The room's server should have one seat. */
export async function gather(t, server, count) {
  const room = newRoom();
  const publisher = await Peer.join(t, server, room, 'Ann');
  await publisher.start();
  const watchers = [];
  while (watchers.length < count) {
    const next = Array.from({ length: Math.min(AT_ONCE, count - watchers.length) }, (_, i) => watchers.length + i);
    watchers.push(...await Promise.all(next.map(async (index) => {
      const watcher = await Peer.join(t, server, room, `Bob ${index}`, { publish: null });
      await until('connected', () => watcher.subscribers.get(1)?.transport.isConnected, 30000);
      return watcher;
    })));
  }
  return { publisher, watchers };
}

/* User and system time so far, in ms: a tick is 10 ms on every Linux there is. */
function cpuMs(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [user, system] = stat.slice(stat.lastIndexOf(')') + 2).split(' ').slice(11, 13).map(Number);
  return (user + system) * 10;
}

/* { threads, descriptors, residentKiB, cpuMs } of a server now. */
export function costs(server) {
  return { threads: server.threadCount, descriptors: Object.values(server.descriptors).reduce((a, b) => a + b, 0),
           sockets: Object.entries(server.descriptors).filter(([kind]) => /^(UDP|closed)/.test(kind)).reduce((a, [, n]) => a + n, 0),
           residentKiB: server.residentKiB, cpuMs: cpuMs(server.pid) };
}
