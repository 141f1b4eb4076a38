/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* After 200 joins and leaves nothing is left over: threads, descriptors, objects, memory. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backAtBase, LIVE_OBJECT, liveObjects, noLiveObjects, steady, total, TRACING } from '../lib/leftovers.js';
import { Peer } from '../lib/peer.js';
import { enter, newRoom } from '../lib/people.js';
import { startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const CYCLES = Number(process.env.SALON_TEST_CYCLES ?? 200);
/* The allocator and GStreamer's pools keep some; 200 cycles of a leaked peer would cost hundreds of megabytes. */
const MAX_GROWTH_KIB = 24 * 1024;
/* AddressSanitizer keeps what was freed. */
const CAN_MEASURE_MEMORY = process.env.SALON_TEST_SANITIZED === undefined;

/* What a participant has got to when it is gone: nobody leaves at the same point twice in a row. */
const WAYS_TO_LEAVE = [
  async function beforeMedia(t, server, room, watched, name) {
    await (await Peer.join(t, server, room, name)).leave();
  },
  async function inTheMiddleOfConnecting(t, server, room, watched, name) {
    const peer = await Peer.join(t, server, room, name);
    await until('there is an offer', () => peer.subscribers.size > 0);
    await peer.drop();
  },
  async function asSoonAsJoined(t, server, room, watched, name) {
    await (await Peer.join(t, server, room, name)).drop();
  },
  async function whileReceiving(t, server, room, watched, name) {
    const peer = await Peer.join(t, server, room, name, { publish: null });
    await peer.receive(watched, 'camera');
    await peer.leave();
  },
  async function whileSendingAndReceiving(t, server, room, watched, name) {
    const peer = await Peer.join(t, server, room, name);
    await peer.start();
    await peer.receive(watched, 'camera');
    await watched.receive(peer, 'camera');
    await peer.drop();
  },
  async function withoutAnswering(t, server, room, watched, name) {
    await (await Peer.join(t, server, room, name, { publish: null, subscribe: false })).leave();
  },
  async function signallingOnly(t, server, room, watched, name) {
    await (await enter(t, server, room, name)).terminate();
  },
  async function inARoomOfTheirOwn(t, server, room, watched, name) {
    const peer = await Peer.join(t, server, newRoom(), name);
    await peer.start();
    await peer.leave();
  },
];

async function alone(server, room) {
  await until('only the watched one is in the room', async () =>
    (await server.http('GET', `/room/${room}`)).body.n_members === 1, 10000);
}

async function churn(t, server, room, watched, cycles) {
  for (let index = 0; index < cycles; index++)
    await WAYS_TO_LEAVE[index % WAYS_TO_LEAVE.length](t, server, room, watched, `C${index}`);
  await alone(server, room);
}

test(`after ${CYCLES} joins and leaves threads, descriptors and memory are back at the base`, async (t) => {
  const server = await startServer(t);
  const room = newRoom();
  const watched = await Peer.join(t, server, room, 'Watched');
  await watched.start();
  /* The first rounds fill pools and caches. */
  await churn(t, server, room, watched, 2 * WAYS_TO_LEAVE.length);
  const base = await steady(server);

  await churn(t, server, room, watched, CYCLES);

  await backAtBase(server, base);
  const growth = server.residentKiB - base.resident;
  t.diagnostic(`${base.threads} threads, ${total(base.descriptors)} descriptors, ${base.resident} KiB at the base; grew by ${growth} KiB`);
  assert.ok(!CAN_MEASURE_MEMORY || growth < MAX_GROWTH_KIB, `resident memory grew by ${growth} KiB over ${base.resident}`);
});

test('after the last one left, and at its end, the server has let go of every GStreamer object', async (t) => {
  const server = await startServer(t, { env: TRACING });
  const room = newRoom();
  const watched = await Peer.join(t, server, room, 'Watched');
  await watched.start();
  await churn(t, server, room, watched, 2 * WAYS_TO_LEAVE.length);
  const during = await liveObjects(server);
  assert.ok(during.length > 100, `the tracer lists ${during.length} objects of a call`);
  await watched.leave();
  await until('the room is gone', async () => (await server.http('GET', `/room/${room}`)).status === 404);
  await noLiveObjects(server);
  const mark = server.log.length;
  await server.stop();
  assert.deepEqual(server.log.slice(mark).match(LIVE_OBJECT) ?? [], []);
});
