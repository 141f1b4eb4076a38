/* SPDX-License-Identifier: LGPL-2.1-or-later */
import assert from 'node:assert/strict';
import * as runner from 'node:test';
import { connect, enter, newRoom, reasonOf } from '../lib/people.js';
import { startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;
const server = await startServer(runner);

function hosts(participants) {
  return participants.filter((participant) => participant.is_host).map(({ id }) => id);
}

test('joining a name nobody has creates an ephemeral room with the joiner as host', async (t) => {
  const name = newRoom();
  const ann = await enter(t, server, name, 'Ann');
  assert.equal(ann.room.slug, name);
  assert.equal(ann.room.lifetime, 'ephemeral');
  assert.equal(ann.room.host, ann.id);
  assert.deepEqual(ann.participants, [{ id: ann.id, name: 'Ann', is_host: true, connection: 'good', tracks: [] }]);
});

test('an offer has an m-line for data channels where they are asked for, and says nothing of the session twice', async (t) => {
  for (const asked of [false, true]) {
    const ann = await enter(t, server, newRoom(), 'Ann', { data_channels: asked, config: { NoPublish: true } });
    const { sdp } = await ann.next('offer');
    const session = sdp.slice(0, sdp.indexOf('\r\nm=')).split('\r\n');
    assert.equal(/^m=application /m.test(sdp), asked);
    assert.equal(session.filter((line) => line === 'a=extmap-allow-mixed').length, 1);
    assert.deepEqual(session, [...new Set(session)]);
  }
});

test('a second person sees the first and is seen by the first', async (t) => {
  const room = newRoom();
  const ann = await enter(t, server, room, 'Ann');
  const bob = await enter(t, server, room, 'Bob');
  assert.deepEqual(new Set(bob.participants.map(({ name }) => name)), new Set(['Ann', 'Bob']));
  assert.deepEqual(hosts(bob.participants), [ann.id]);
  assert.equal(bob.room.host, ann.id);
  const { event, participant } = await ann.next('participant');
  assert.equal(event, 'joined');
  assert.deepEqual(participant, { id: bob.id, name: 'Bob', is_host: false, connection: 'good', tracks: [] });
});

test('a room is joined by its id as well as by its slug', async (t) => {
  const ann = await enter(t, server, newRoom(), 'Ann');
  const bob = await enter(t, server, ann.room.id, 'Bob');
  assert.equal(bob.room.id, ann.room.id);
});

test('leaving is told to the others, and the one who leaves is answered', async (t) => {
  const room = newRoom();
  const ann = await enter(t, server, room, 'Ann');
  const bob = await enter(t, server, room, 'Bob');
  assert.deepEqual(await bob.request('leave'), {});
  const { participant } = await ann.next('participant', ({ event }) => event === 'left');
  assert.equal(participant.id, bob.id);
});

test('a dropped connection counts as leaving', async (t) => {
  const room = newRoom();
  const ann = await enter(t, server, room, 'Ann');
  const bob = await enter(t, server, room, 'Bob');
  await bob.terminate();
  assert.equal((await ann.next('participant', ({ event }) => event === 'left')).participant.id, bob.id);
});

test('the host hands over to the one longest present', async (t) => {
  const room = newRoom();
  const ann = await enter(t, server, room, 'Ann');
  const bob = await enter(t, server, room, 'Bob');
  const eve = await enter(t, server, room, 'Eve');
  await ann.request('leave');
  for (const client of [bob, eve])
    assert.equal((await client.next('room', (params) => params.room.host !== ann.id)).room.host, bob.id);
  const tom = await enter(t, server, room, 'Tom');
  assert.deepEqual(hosts(tom.participants), [bob.id]);
});

test('a member who is not the host leaves the host in place', async (t) => {
  const room = newRoom();
  const ann = await enter(t, server, room, 'Ann');
  await (await enter(t, server, room, 'Bob')).request('leave');
  const eve = await enter(t, server, room, 'Eve');
  assert.deepEqual(hosts(eve.participants), [ann.id]);
});

test('one too many gets room_full, and a place that is left is free again', async (t) => {
  const { body } = await server.http('POST', '/room/create', { json: { slug: newRoom(), max_members: 2 } });
  const { slug } = body.room;
  await enter(t, server, slug, 'Ann');
  const bob = await enter(t, server, slug, 'Bob');
  assert.equal(await reasonOf(enter(t, server, slug, 'Eve')), 'room_full');
  await bob.request('leave');
  await enter(t, server, slug, 'Eve');
});

test('simultaneous joins never overfill a room and elect exactly one host', async (t) => {
  const { body } = await server.http('POST', '/room/create', { json: { slug: newRoom(), max_members: 5 } });
  const { slug } = body.room;
  const attempts = await Promise.allSettled(Array.from({ length: 12 }, (_, i) => enter(t, server, slug, `P${i}`)));
  const joined = attempts.filter(({ status }) => status === 'fulfilled').map(({ value }) => value);
  assert.equal(joined.length, 5);
  assert.deepEqual(attempts.filter(({ status }) => status === 'rejected').map(({ reason }) => reason.reason),
                   Array(7).fill('room_full'));
  const ids = new Set(joined.map(({ room }) => room.host));
  assert.equal(ids.size, 1);
});

test('rooms are isolated: no notification crosses', async (t) => {
  const ann = await enter(t, server, newRoom(), 'Ann');
  const room = newRoom();
  const bob = await enter(t, server, room, 'Bob');
  const eve = await enter(t, server, room, 'Eve');
  await bob.next('participant');
  await eve.request('chat', { message: 'only here' });
  await bob.next('chat');
  await eve.request('leave');
  await bob.next('participant', ({ event }) => event === 'left');
  assert.equal(await ann.request('ping'), 'pong');
  for (const method of ['participant', 'chat', 'track', 'slot', 'room'])
    assert.deepEqual(ann.received(method), [], method);
});

test('who leaves can join again over the same connection, or is told goodbye', async (t) => {
  const room = newRoom();
  const ann = await enter(t, server, room, 'Ann');
  await ann.request('leave');
  await until('the room is gone', async () => (await server.http('GET', `/room/${room}`)).status === 404);
  assert.equal((await enter(t, server, room, 'Ann')).room.slug, room);
});

test('without a name the uid is shown', async (t) => {
  const client = await connect(t, server);
  const config = { NoPublish: true, NoSubscribe: true };
  const { participants } = await client.request('join', { sid: newRoom(), uid: 'user-7', config });
  assert.equal(participants[0].name, 'user-7');
});

test('clients are told the ICE servers that are configured, and else none', async (t) => {
  const iceServers = async (ofServer) => {
    const client = await connect(t, ofServer);
    return (await client.request('join', { sid: newRoom(), config: { NoPublish: true, NoSubscribe: true } })).ice_servers;
  };
  assert.deepEqual(await iceServers(server), []);
  const config = { media: { 'client-ice-servers': 'stun:stun.example.org; stuns:[2001:db8::1]:5349' } };
  assert.deepEqual(await iceServers(await startServer(t, { config })),
                   [{ urls: ['stun:stun.example.org'] }, { urls: ['stuns:[2001:db8::1]:5349'] }]);
});

test('a create policy of "never" lets nobody create, but anybody join what is there', async (t) => {
  const closed = await startServer(t, { config: { rooms: { 'create-policy': 'never' } } });
  assert.equal(await reasonOf(enter(t, closed, newRoom(), 'Ann')), 'room_not_found');
  const { status, body } = await closed.http('POST', '/room/create', { json: {} });
  assert.equal(status, 403);
  assert.equal(body.error.data.reason, 'create_forbidden');
});
