/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bad network that other tests and the benchmarks use: what it does to packets is what it was told to do. Only what
 * must not be earlier or more is held to a number: a busy machine makes all things later. */

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import * as runner from 'node:test';
import { defer } from '../lib/cleanup.js';
import { Direction, Impairment } from '../lib/impairment.js';
import { Peer } from '../lib/peer.js';
import { newRoom } from '../lib/people.js';
import { startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;
/* With its header, 1,000 bytes on the line. */
const PAYLOAD_BYTES = 972;

/* Without a delay and a rate, what is not lost is there at once: which of so many. */
function survivorsOf(seed, rules, count = 20000) {
  const direction = new Direction(seed, rules);
  const survivors = [];
  for (let i = 0; i < count; i++)
    direction.carry(PAYLOAD_BYTES, () => survivors.push(i));
  return survivors;
}

async function openSocket(t) {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  defer(t, () => socket.close());
  await once(socket, 'listening');
  return socket;
}

/* A link with a server behind it that says everything back. heard: [{ number, at }] */
async function startEcho(t, options) {
  const [server, client] = [await openSocket(t), await openSocket(t)];
  const link = await Impairment.start(t, options);
  const heard = [];
  link.leadTo(server.address().port);
  server.on('message', (data, { port, address }) => server.send(data, port, address));
  client.on('message', (data) => heard.push({ number: data.readUInt32BE(0), at: performance.now() }));
  const send = (count) => {
    for (let number = 0; number < count; number++) {
      const data = Buffer.alloc(PAYLOAD_BYTES);
      data.writeUInt32BE(number);
      client.send(data, link.port, link.address);
    }
  };
  return { link, heard, send };
}

test('the same seed loses the same packets, another one others', () => {
  const rules = { loss: 0.1, lossBurst: 3 };
  assert.deepEqual(survivorsOf(1, rules), survivorsOf(1, rules));
  assert.notDeepEqual(survivorsOf(1, rules), survivorsOf(2, rules));
});

test('as many are lost as was asked for, alone or in bursts', () => {
  const count = 20000;
  for (const [loss, lossBurst, expectedBurst] of [[0.01, 1, 1.01], [0.2, 1, 1.25], [0.1, 4, 4], [0.3, 8, 8]]) {
    const survivors = survivorsOf(3, { loss, lossBurst }, count);
    const gaps = survivors.map((at, i) => at - (survivors[i - 1] ?? -1) - 1).filter((gap) => gap > 0);
    const lost = count - survivors.length;
    const burst = lost / gaps.length;
    assert.ok(Math.abs(lost / count / loss - 1) < 0.25, `${lost / count} for ${loss}`);
    assert.ok(Math.abs(burst / expectedBurst - 1) < 0.2, `bursts of ${burst} for ${expectedBurst}`);
  }
  assert.equal(survivorsOf(3, {}).length, count);
  assert.equal(survivorsOf(3, { loss: 1 }).length, 0);
});

test('a rule that does not exist is refused', () => {
  assert.throws(() => new Direction(1, { delay: 5 }), /no delay/);
});

test('each direction has a delay of its own, and jitter keeps the order', { timeout: 20000 }, async (t) => {
  const { link, heard, send } = await startEcho(t, { up: { delayMs: 40, jitterMs: 60 }, down: { delayMs: 30 } });
  const begin = performance.now();
  send(20);
  await until('all are back', () => heard.length === 20);
  assert.ok(heard[0].at - begin >= 69, `after ${heard[0].at - begin} ms`);
  assert.deepEqual(heard.map(({ number }) => number), [...Array(20).keys()]);
  link.up.set({ delayMs: 0, jitterMs: 0 });
  link.down.set({ delayMs: 300 });
  const again = performance.now();
  send(1);
  await until('it is back', () => heard.length === 21);
  assert.ok(heard[20].at - again >= 299);
});

test('a rate is kept, and what the queue has no place for is dropped', { timeout: 20000 }, async (t) => {
  const { link, heard, send } = await startEcho(t, { down: { rateBps: 80_000, queueBytes: 10_000 } });
  const begin = performance.now();
  send(30);
  await until('all that had a place are back', () => heard.length >= 10);
  /* A tenth of a second each; the socket may have been read in parts, of which the later found place again. */
  assert.ok(heard[9].at - begin >= 998, `10 in ${heard[9].at - begin} ms`);
  await until('all have been seen', () => link.down.counts.packets === 30);
  await until('the queue is empty', () => link.down.queuedBytes === 0);
  const { delivered, overflowed, lost } = link.down.counts;
  assert.equal(delivered + overflowed, 30);
  assert.ok(overflowed > 0);
  assert.equal(lost + link.up.counts.overflowed, 0);
});

test('a rate that rises empties the queue', { timeout: 20000 }, async (t) => {
  const { link, heard, send } = await startEcho(t, { up: { rateBps: 20_000 } });
  send(30);
  await until('the first has come', () => heard.length === 1);
  const at = performance.now();
  link.up.set({ rateBps: Infinity });
  await until('all have come', () => heard.length === 30);
  assert.ok(performance.now() - at < 8000, 'it would have been 11 s');
});

test('a call goes through it, and through nothing else', { timeout: 60000 }, async (t) => {
  const server = await startServer(t);
  const link = await Impairment.start(t, { up: { delayMs: 5 }, down: { loss: 0.05 } });
  link.leadTo(server.mediaPort);
  const room = newRoom();
  const ann = await Peer.join(t, server, room, 'Ann');
  const bob = await Peer.join(t, server, room, 'Bob', { publish: null, nat: link });
  await ann.start();
  const video = await bob.receive(ann, 'camera');
  await until('some of the video was lost', () => {
    const first = video.packets[0].sequence;
    return ((video.last.sequence - first) & 0xffff) >= video.packets.length;
  }, 10000);
  link.down.set({ loss: 1 });
  const { delivered } = link.down.counts;
  await until('much was lost', () => link.down.counts.lost > 100, 10000);
  assert.equal(link.down.counts.delivered, delivered);
});
