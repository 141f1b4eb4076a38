/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Refreshes, broken connections, and who is in the room meanwhile. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Peer } from '../lib/peer.js';
import { connect, enter, newRoom, reasonOf } from '../lib/people.js';
import { startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const ROUNDS = 60;
const SIGNALLING_ONLY = { NoPublish: true, NoSubscribe: true };

function start(t, graceS, rooms = {}) {
  return startServer(t, { config: { rooms: { 'resume-grace-s': graceS, ...rooms } } });
}

function join(client, sid, extra = {}) {
  return client.request('join', { sid, name: 'Ann', config: SIGNALLING_ONLY, ...extra });
}

async function members(server, room) {
  return (await server.http('GET', `/room/${room}`)).body.n_members;
}

/* What an observer was told of somebody: ["joined", "left", ...]. */
function eventsOf(observer, id) {
  return observer.received('participant', ({ participant }) => participant.id === id).map(({ event }) => event);
}

test('whose media fell silent, and who comes back with new media, is not waited for any more', async (t) => {
  const server = await startServer(t, { config: { rooms: { 'resume-grace-s': 10 }, media: { 'ice-lost-s': 9 } } });
  const room = newRoom();
  const bob = await enter(t, server, room, 'Bob');
  const ann = await Peer.join(t, server, room, 'Ann', { mayFail: true });
  await ann.start();
  await ann.silence();
  await bob.next('participant', ({ event, participant }) => event === 'updated' && participant.connection === 'silent');
  const again = await Peer.join(t, server, room, 'Ann', { session: ann.session });
  assert.equal(again.id, ann.id);
  await bob.next('participant', ({ event, participant }) => event === 'updated' && participant.connection === 'good');
  await again.start();
  await bob.request('ping');
  assert.deepEqual(eventsOf(bob, ann.id), ['joined', 'updated', 'updated']);
});

test('who comes back in time is the same member, and media never stopped', async (t) => {
  const server = await start(t, 10);
  const room = newRoom();
  const ann = await Peer.join(t, server, room, 'Ann');
  const bob = await Peer.join(t, server, room, 'Bob');
  await ann.start();
  await bob.start();
  const annAtBob = await bob.receive(ann, 'camera');
  const bobAtAnn = await ann.receive(bob, 'camera');

  await ann.loseSocket();
  await bob.signalling.request('chat', { message: 'Are you there?' });
  const before = [annAtBob.last.sequence, bobAtAnn.last.sequence];
  await until('media goes on both ways without the WebSocket', () =>
    annAtBob.last.sequence !== before[0] && bobAtAnn.last.sequence !== before[1]);
  ann.slotTracks.clear();
  const result = await ann.resume(server);

  assert.equal(result.resumed, true);
  assert.equal(result.participant, ann.id);
  assert.equal(result.session, ann.session);
  assert.deepEqual(result.chat.map(({ message }) => message), ['Are you there?']);
  assert.equal(result.participants.find(({ id }) => id === ann.id).tracks.length, 2);
  await until('the slots are told again', () => ann.slotOf(bob.tracks.get('camera').id) === bobAtAnn);
  await bob.signalling.request('ping');
  assert.deepEqual(eventsOf(bob.signalling, ann.id), []);
  await ann.mute('camera', true);
  await bob.signalling.next('track', ({ event }) => event === 'muted');
});

test('who does not come back has left once, when the grace time is over', async (t) => {
  const server = await start(t, 1);
  const room = newRoom();
  const bob = await enter(t, server, room, 'Bob');
  const ann = await enter(t, server, room, 'Ann');
  await ann.terminate();
  const cut = performance.now();
  await bob.next('participant', ({ event }) => event === 'left');
  const waited = performance.now() - cut;
  assert.ok(waited > 500 && waited < 3000, `${waited} ms`);
  await until('the place is free', async () => await members(server, room) === 1);
  assert.deepEqual(eventsOf(bob, ann.id), ['joined', 'left']);
});

test('a leave, then a close: one left, at once', async (t) => {
  const server = await start(t, 10);
  const room = newRoom();
  const bob = await enter(t, server, room, 'Bob');
  const ann = await enter(t, server, room, 'Ann');
  const asked = performance.now();
  await ann.request('leave');
  await bob.next('participant', ({ event }) => event === 'left', 1000);
  assert.ok(performance.now() - asked < 1000, 'not after the grace');
  await ann.close();
  await bob.request('ping');
  assert.deepEqual(eventsOf(bob, ann.id), ['joined', 'left']);
});

test('a client that says good-bye (1000) has left at once', async (t) => {
  const server = await start(t, 10);
  const room = newRoom();
  const bob = await enter(t, server, room, 'Bob');
  const ann = await enter(t, server, room, 'Ann');
  await ann.close();
  await bob.next('participant', ({ event, participant }) => event === 'left' && participant.id === ann.id, 1000);
});

test(`a refresh is never taken for leaving, in ${ROUNDS} rounds of every order`, async (t) => {
  const server = await start(t, 5);
  const room = newRoom();
  const bob = await enter(t, server, room, 'Bob');
  let client = await connect(t, server);
  const first = await join(client, room);
  for (let round = 0; round < ROUNDS; round++) {
    const old = client;
    client = await connect(t, server);
    const jitter = () => delay(Math.random() * 20);
    const goAway = [
      async () => { await jitter(); await old.terminate(); },
      async () => { await jitter(); await old.close(); },
      async () => {},
    ][round % 3];
    const comeBack = async () => {
      await jitter();
      return await join(client, room, { session: first.session });
    };
    const [, result] = round % 2 ? await Promise.all([goAway(), comeBack()])
      : [await comeBack().then(async (joined) => { await goAway(); return joined; })].flatMap((joined) => [null, joined]);
    assert.equal(await members(server, room), 2, `round ${round}`);
    /* A good-bye that comes first is a real one: then a new member came. */
    if (result.participant === first.participant)
      continue;
    first.participant = result.participant;
    first.session = result.session;
  }
  await bob.request('ping');
  const events = bob.received('participant').map(({ event, participant }) => `${event} ${participant.id}`);
  assert.notEqual(events.at(-1), `left ${first.participant}`);
  assert.equal(events.filter((event) => event.startsWith('joined')).length,
    events.filter((event) => event.startsWith('left')).length + 1);
});

test('the newest session replaces the old one, which is told', async (t) => {
  const server = await start(t, 10);
  const room = newRoom();
  const bob = await enter(t, server, room, 'Bob');
  const old = await connect(t, server);
  const { session, participant } = await join(old, room);
  const fresh = await connect(t, server);
  const result = await join(fresh, room, { session, name: 'Ann again' });
  assert.equal(result.participant, participant);
  assert.equal(result.resumed, false);
  assert.equal((await old.next('bye')).reason, 'replaced');
  await old.closed;
  const updated = await bob.next('participant', ({ event }) => event === 'updated');
  assert.equal(updated.participant.name, 'Ann again');
  assert.equal(await members(server, room), 2);
  await fresh.request('chat', { message: 'still here' });
});

test('a refresh in a full room is admitted, a real newcomer is not', async (t) => {
  const server = await start(t, 10);
  const room = newRoom();
  await server.http('POST', '/room/create', { json: { slug: room, max_members: 4 } });
  for (const name of ['Bob', 'Eve', 'Kim'])
    await enter(t, server, room, name);
  const ann = await connect(t, server);
  const { session } = await join(ann, room);
  const again = await connect(t, server);
  await join(again, room, { session });
  assert.equal(await members(server, room), 4);
  assert.equal(await reasonOf(enter(t, server, room, 'Fifth')), 'room_full');
});

test('five who come at once for one place: exactly one gets it', async (t) => {
  const server = await start(t, 0);
  const room = newRoom();
  await server.http('POST', '/room/create', { json: { slug: room, max_members: 1 } });
  const clients = await Promise.all([1, 2, 3, 4, 5].map(() => connect(t, server)));
  const results = await Promise.allSettled(clients.map((client) => join(client, room)));
  assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
});

test('an unknown session token is as none; one of another room too', async (t) => {
  const server = await start(t, 10);
  const ann = await enter(t, server, newRoom(), 'Ann');
  const client = await connect(t, server);
  const first = await join(client, newRoom(), { session: 'nobody-knows-this', resume: true });
  assert.equal(first.resumed, false);
  const other = await connect(t, server);
  const second = await join(other, newRoom(), { session: first.session, resume: true });
  assert.notEqual(second.participant, first.participant);
  assert.notEqual(ann.id, first.participant);
});

test('resume and offer do not go together', async (t) => {
  const server = await start(t, 10);
  const client = await connect(t, server);
  const refused = reasonOf(client.request('join', {
    sid: newRoom(), session: 'x', resume: true, offer: { type: 'offer', sdp: 'v=0' },
  }));
  assert.equal(await refused, 'invalid_params');
});

test('whoever joins gets what was said before', async (t) => {
  const server = await start(t, 0);
  const room = newRoom();
  const ann = await enter(t, server, room, 'Ann');
  for (let index = 1; index <= 20; index++)
    await ann.request('chat', { message: `message ${index}` });
  const client = await connect(t, server);
  const { chat } = await join(client, room);
  assert.equal(chat.length, 20);
  assert.equal(chat[0].message, 'message 1');
  assert.equal(chat.at(-1).message, 'message 20');
  assert.equal(chat.at(-1).from, ann.id);
  assert.equal(chat.at(-1).name, 'Ann');
});

test('a permanent room keeps its chat over a restart', async (t) => {
  const first = await start(t, 0);
  const room = newRoom();
  await first.http('POST', '/room/create', { json: { slug: room } });
  const ann = await enter(t, first, room, 'Ann');
  await ann.request('chat', { message: 'remember this' });
  await ann.close();
  await first.stop();
  const second = await startServer(t, { stateDir: first.stateDir });
  const { chat } = await join(await connect(t, second), room);
  assert.deepEqual(chat.map(({ message }) => message), ['remember this']);
});
