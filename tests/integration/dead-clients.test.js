/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Clients that fall silent without a word: their process is stopped, or the network swallows what they say. */

import assert from 'node:assert/strict';
import * as runner from 'node:test';
import { ChildPeer } from '../lib/child-peer.js';
import { Peer } from '../lib/peer.js';
import { newRoom } from '../lib/people.js';
import { startProxy } from '../lib/proxy.js';
import { startServer } from '../lib/server.js';
import { never, until } from '../lib/until.js';

const { test } = runner;
const INTERVAL_S = 1;
const TIMEOUT_S = 2;
const GRACE_S = 2;
const MARGIN_MS = 1500 * Number(process.env.SALON_TEST_SLOWNESS ?? 1);
/* Of silence, until it is noticed: the last pong may be one interval old, and silence is counted in quarters. */
const NOTICED_MS = [(TIMEOUT_S - INTERVAL_S) * 1000, TIMEOUT_S * 1250 + MARGIN_MS];
const LEFT_MS = [NOTICED_MS[0] + GRACE_S * 1000, NOTICED_MS[1] + GRACE_S * 1000];
const CUT_OFF = 'Nothing comes from a client';

const server = await startServer(runner, { config: {
  server: { 'ping-interval-s': INTERVAL_S, 'ping-timeout-s': TIMEOUT_S }, rooms: { 'resume-grace-s': GRACE_S },
} });

/* Ann sends, Bob receives and watches who comes and goes. */
async function startCall(t) {
  const room = newRoom();
  const ann = await Peer.join(t, server, room, 'Ann');
  const bob = await Peer.join(t, server, room, 'Bob', { publish: null });
  await ann.start();
  const slot = await bob.receive(ann, 'camera');
  return { room, ann, bob, slot };
}

function eventsOf(observer, { id }) {
  return observer.signalling.received('participant', ({ participant }) => participant.id === id).map(({ event }) => event);
}

async function grows(what, { packets }) {
  const before = packets.length;
  await until(what, () => packets.length > before + 5, 2000);
}

/* Media of others goes on while somebody is silent, who has left once, and when it should be. */
async function leavesInTime({ bob, slot }, silent, since) {
  let longestGap = 0;
  await until(`${silent.name} has left`, () => {
    longestGap = Math.max(longestGap, performance.now() - slot.last.at);
    return eventsOf(bob, silent).includes('left');
  }, LEFT_MS[1] + 1000);
  const waited = performance.now() - since;
  assert.ok(waited > LEFT_MS[0] && waited < LEFT_MS[1], `left after ${waited} ms, expected ${LEFT_MS.join(' to ')}`);
  assert.ok(longestGap < 500 * (process.env.SALON_TEST_SLOWNESS ?? 1), `no media for ${longestGap} ms`);
  await never('a second left', () => eventsOf(bob, silent).length > 2, 500);
  assert.deepEqual(eventsOf(bob, silent), ['joined', 'left']);
  await until('the place is free', async () => (await server.http('GET', `/room/${bob.room.slug}`)).body.n_members === 2);
}

test('a client whose process is stopped has left once, after timeout and grace; the others\' media goes on', async (t) => {
  const call = await startCall(t);
  const eve = await ChildPeer.join(t, server, call.room, 'Eve');
  await call.bob.receive(eve, 'camera');
  eve.stop();
  await leavesInTime(call, eve, performance.now());
});

test('a client whose network swallows everything has left once; its media goes on until then', async (t) => {
  const call = await startCall(t);
  const proxy = await startProxy(t, server);
  const eve = await Peer.join(t, { url: proxy.url }, call.room, 'Eve');
  await eve.start();
  const slot = await call.bob.receive(eve, 'camera');
  await eve.receive(call.ann, 'camera');
  const before = server.log.split(CUT_OFF).length;
  proxy.blackHole();
  const since = performance.now();
  await until('the silence is noticed', () => server.log.split(CUT_OFF).length > before, NOTICED_MS[1]);
  assert.ok(performance.now() - since > NOTICED_MS[0]);
  await grows('media goes on without the WebSocket', slot);
  await leavesInTime(call, eve, since);
});

test('a client that goes on within the timeout was never gone', async (t) => {
  const { room, bob } = await startCall(t);
  const eve = await ChildPeer.join(t, server, room, 'Eve');
  const slot = await bob.receive(eve, 'camera');
  const before = server.log.split(CUT_OFF).length;
  eve.stop();
  await never('Eve was cut off', () => server.log.split(CUT_OFF).length > before, NOTICED_MS[0] - 200);
  eve.goOn();
  await grows('Eve\'s media goes on', slot);
  await never('Eve was cut off', () => server.log.split(CUT_OFF).length > before || eve.comebacks.length, NOTICED_MS[1]);
  assert.deepEqual(eventsOf(bob, eve), ['joined']);
});

test('a client that goes on within the grace time is the same member', async (t) => {
  const { room, bob } = await startCall(t);
  const eve = await ChildPeer.join(t, server, room, 'Eve');
  const slot = await bob.receive(eve, 'camera');
  const before = server.log.split(CUT_OFF).length;
  eve.stop();
  await until('Eve is cut off', () => server.log.split(CUT_OFF).length > before, NOTICED_MS[1]);
  eve.goOn();
  const [comeback] = await until('Eve comes back', () => eve.comebacks.length && eve.comebacks);
  assert.deepEqual(comeback, { participant: eve.id, resumed: true });
  await grows('Eve\'s media goes on', slot);
  await never('Eve has left', () => eventsOf(bob, eve).length > 1, GRACE_S * 1000 + 500);
});

test('a server that was stopped itself cuts nobody off', async (t) => {
  const { bob, ann, slot } = await startCall(t);
  const before = server.log.split(CUT_OFF).length;
  server.signal('SIGSTOP');
  await never('', () => false, 2 * TIMEOUT_S * 1000);
  server.signal('SIGCONT');
  await grows('media goes on', slot);
  await never('somebody was cut off', () => server.log.split(CUT_OFF).length > before, TIMEOUT_S * 1000);
  assert.ok(ann.signalling.isOpen && bob.signalling.isOpen);
});

