/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* File descriptors run out: whoever comes is refused, whoever is there does not notice, and then all goes on. */

import assert from 'node:assert/strict';
import * as runner from 'node:test';
import { HonestCall, readOffer } from '../lib/attacker.js';
import { Crowd } from '../lib/crowd.js';
import { connect, newRoom, reasonOf } from '../lib/people.js';
import { Peer } from '../lib/peer.js';
import { startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;
/* Enough for a call and some more; a quarter is for TCP connections. */
const MAX_FILES = 800;
/* How many come at once, and a server that is too small for them. A sanitizer is slow, and so is its server. */
const [RUSH, RUSH_FILES] = process.env.SALON_TEST_SANITIZED ? [14, 180] : [60, 300];
const OFFER = { type: 'offer', sdp: readOffer('chromium') };

const server = await startServer(runner, { maxFiles: MAX_FILES });
const call = await HonestCall.start(runner, server);

async function joinWithMedia(client) {
  client.on('trickle', () => {});
  return await reasonOf(client.request('join', { sid: newRoom('crowd'), name: 'Eve', offer: OFFER, tracks: [] }, 20000));
}

/* Somebody new gets in, if need be a little later, and is seen. */
async function serves(t, { server: served, room, ann, bob } = call) {
  const kim = await until('Kim gets in', () => Peer.join(t, served, room, 'Kim').catch((error) => {
    assert.equal(error.reason, 'too_many_requests');
  }), 10000);
  await kim.start();
  await bob.receive(kim, 'camera');
  await kim.receive(ann, 'camera');
  await kim.leave();
}

function isHealthy() {
  return server.http('GET', '/healthz').then(({ status }) => status === 200, () => false);
}

test('connections beyond a quarter of the limit are hung up on; the call goes on, and there is place again', async (t) => {
  const crowd = await Crowd.connect(t, server, MAX_FILES / 2);
  crowd.drain();
  await until('the rest is hung up on', () => crowd.nOpen <= MAX_FILES / 4);
  assert.ok(crowd.nOpen > MAX_FILES / 8, `${crowd.nOpen} were let in`);
  await call.goesOn();
  await crowd.close();
  await until('there is place again', isHealthy);
  await serves(t);
});

test('not one descriptor is left: new connections wait, the call and its signalling go on, and then they are served', async (t) => {
  server.limitDescriptors(server.descriptorCount);
  const crowd = await Crowd.connect(t, server, 20);
  await until('accepting fails', () => server.log.includes('Cannot accept a connection'));
  await call.goesOn();
  await call.ann.signalling.request('chat', { message: 'still here' });
  await call.bob.signalling.next('chat', ({ message }) => message === 'still here');
  await call.ann.mute('camera', true);
  await call.ann.mute('camera', false);
  await call.goesOn();
  server.limitDescriptors(MAX_FILES);
  await Promise.all(crowd.members.slice(0, 5).map((member) => member.upgrade()));
  await crowd.close();
  await serves(t);
});

test('without descriptors for it nobody gets in, with media or without; who is there publishes nothing new', async (t) => {
  const clients = [];
  for (let i = 0; i < 4; i++)
    clients.push(await connect(t, server));
  /* In the room, but without any media connection yet. */
  const eve = await connect(t, server);
  eve.on('trickle', () => {});
  await eve.request('join', { sid: call.room, name: 'Eve', config: { NoSubscribe: true } });
  server.limitDescriptors(server.descriptorCount);
  for (const client of clients)
    await until('the join is refused', async () => await joinWithMedia(client) === 'too_many_requests');
  assert.equal(await reasonOf(clients[0].request('join', { sid: newRoom(), name: 'Eve', config: { NoPublish: true, NoSubscribe: true } })),
               'too_many_requests');
  assert.equal(await reasonOf(eve.request('offer', { desc: OFFER, tracks: [] })), 'media_error');
  await call.goesOn();
  server.limitDescriptors(MAX_FILES);
  await until('the offer is taken', async () => await reasonOf(eve.request('offer', { desc: OFFER, tracks: [] })) === 'no error');
  for (const client of clients)
    await until('the join is taken', async () => /no error|already_joined/.test(await joinWithMedia(client)), 15000);
  await eve.close();
  await serves(t);
});

test(`of ${RUSH} who come at once with media, as many get in as there are descriptors for`, async (t) => {
  const rushed = await startServer(t, { maxFiles: RUSH_FILES });
  const quiet = await HonestCall.start(t, rushed);
  const clients = await Promise.all(Array.from({ length: RUSH }, () => connect(t, rushed)));
  let most = 0;
  const watch = setInterval(() => { most = Math.max(most, rushed.descriptorCount); }, 5);
  const reasons = await Promise.all(clients.map(joinWithMedia));
  clearInterval(watch);
  const nIn = reasons.filter((reason) => reason === 'no error').length;
  t.diagnostic(`${nIn} got in, with at most ${most} descriptors of ${RUSH_FILES}`);
  assert.ok(nIn > 0 && nIn < RUSH, `${nIn} of ${RUSH} got in`);
  assert.ok(reasons.every((reason) => ['no error', 'too_many_requests'].includes(reason)), reasons.join());
  await quiet.goesOn();
  await Promise.all(clients.map((client) => client.close()));
  await serves(t, quiet);
});

test('who is there and sees one more than there are seats for waits for another connection', async (t) => {
  const small = await startServer(t, { config: { media: { seats: 1 } } });
  const quiet = await HonestCall.start(t, small);
  const eve = await Peer.join(t, small, quiet.room, 'Eve', { publish: [] });
  await eve.publishing;
  await eve.receive(quiet.ann, 'camera');
  small.limitDescriptors(small.descriptorCount);
  await eve.publish('camera');
  await until('Bob\'s second connection is not made', () => small.log.includes('no file descriptors for another connection'));
  assert.equal(quiet.bob.subscribers.size, 1);
  await quiet.goesOn();
  small.limitDescriptors(MAX_FILES);
  await eve.publish('microphone');
  await quiet.bob.receive(eve, 'camera');
  await quiet.bob.receive(eve, 'microphone');
});
