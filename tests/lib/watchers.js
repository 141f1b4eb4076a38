/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many who only watch one, and what they cost the server. */

import { Peer } from './peer.js';
import { newRoom } from './people.js';
import { until } from './until.js';

/* So many at once: they share this process's one thread, and each has 20 s. */
const AT_ONCE = 5;

/* Somebody to watch, in a room of their own: { room, publisher }. The server should have one seat. */
export async function perform(t, server) {
  const room = newRoom();
  const publisher = await Peer.join(t, server, room, 'Ann');
  await publisher.start();
  return { room, publisher };
}

/* `count` who join the room and only watch. */
export async function watch(t, server, room, count) {
  const watchers = [];
  while (watchers.length < count) {
    const next = Array.from({ length: Math.min(AT_ONCE, count - watchers.length) }, (_, i) => watchers.length + i);
    watchers.push(...await Promise.all(next.map(async (index) => {
      const watcher = await Peer.join(t, server, room, `Bob ${index}`, { publish: null });
      await until('connected', () => watcher.subscribers.get(1)?.transport.isConnected, 30000);
      return watcher;
    })));
  }
  return watchers;
}

/* { threads, descriptors, sockets, residentKiB } of a server now; sockets: UDP's. */
export function costs(server) {
  return { threads: server.threadCount, descriptors: Object.values(server.descriptors).reduce((a, b) => a + b, 0),
           sockets: Object.entries(server.descriptors).filter(([kind]) => /^(UDP|closed)/.test(kind)).reduce((a, [, n]) => a + n, 0),
           residentKiB: server.residentKiB };
}
