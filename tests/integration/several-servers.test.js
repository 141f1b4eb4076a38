/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two servers on one Redis are one, but for media. The races of it are in races.test.js, its failures in
 * node-failures.test.js and redis-outages.test.js. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNodes } from '../lib/nodes.js';
import { enter, newRoom, reasonOf } from '../lib/people.js';
import { ADMIN_TOKEN, startServer } from '../lib/server.js';

const nodes = await startNodes(test, 2, { config: { rooms: { 'resume-grace-s': 10 } } });

/* Ann, the host, on the first server; Bob on the other. */
async function annAndBob(t) {
  const room = newRoom('servers');
  const ann = await enter(t, nodes.first, room, 'Ann');
  const bob = await enter(t, nodes.other, room, 'Bob');
  return { room, ann, bob };
}

const left = ({ event }) => event === 'left';

test('people see those on the other server come and go', async (t) => {
  const { room, ann, bob } = await annAndBob(t);
  assert.deepEqual(bob.participants.map(({ name, is_host: isHost, tracks }) => [name, isHost, tracks]).sort(),
    [['Ann', true, []], ['Bob', false, []]]);
  const { event, participant } = await ann.next('participant');
  assert.deepEqual([event, participant.name, participant.id], ['joined', 'Bob', bob.id]);
  const cid = await enter(t, nodes.first, room, 'Cid');
  assert.equal((await bob.next('participant')).participant.id, cid.id);
  await cid.request('leave');
  for (const viewer of [ann, bob])
    assert.equal((await viewer.next('participant', left)).participant.id, cid.id);
});

test('the next host may be on the other server', async (t) => {
  const { ann, bob } = await annAndBob(t);
  await ann.request('leave');
  assert.equal((await bob.next('participant', left)).participant.id, ann.id);
  assert.equal((await bob.next('room')).room.host, bob.id);
  await bob.request('lock', { locked: true });
});

test('what is said, edited and deleted on one server is told on the other, and kept once', async (t) => {
  const { room, ann, bob } = await annAndBob(t);
  const said = await bob.request('chat', { message: 'Good evening 🦉' });
  assert.deepEqual({ ...await ann.next('chat') }, { id: said.id, from: bob.id, name: 'Bob', message: 'Good evening 🦉',
                                                      timestamp: said.timestamp });
  const reply = await ann.request('chat', { message: 'Hello', reply_to: said.id });
  assert.equal((await bob.next('chat')).reply_to, said.id);
  await bob.request('chat_edit', { id: said.id, message: 'Good morning' });
  assert.deepEqual(await ann.next('chat_changed'), { id: said.id, message: 'Good morning' });
  assert.equal(await reasonOf(bob.request('chat_delete', { id: reply.id })), 'forbidden');
  const cid = await enter(t, nodes.other, room, 'Cid');
  assert.deepEqual(cid.chat.map(({ message }) => message), ['Good morning', 'Hello']);
  await ann.request('chat_delete', { id: said.id });
  assert.deepEqual(await bob.next('chat_changed'), { id: said.id, message: null });
  assert.deepEqual((await enter(t, nodes.first, room, 'Dan')).chat.map(({ message }) => message), ['Hello']);
});

test('the host locks the room on both, and throws out somebody on the other', async (t) => {
  const { room, ann, bob } = await annAndBob(t);
  assert.equal(await reasonOf(bob.request('kick', { participant: ann.id })), 'forbidden');
  await ann.request('lock', { locked: true });
  assert.equal((await bob.next('room')).room.locked, true);
  assert.equal(await reasonOf(enter(t, nodes.other, room, 'Late')), 'room_locked');
  await ann.request('kick', { participant: bob.id });
  assert.equal((await bob.next('bye')).reason, 'kicked');
  assert.equal((await ann.next('participant', left)).participant.id, bob.id);
  assert.equal(await reasonOf(enter(t, nodes.first, room, 'Bob', { session: bob.session })), 'room_locked');
});

test('who moves to the other server is no newcomer, has a new name if they like, and is replaced where they were', async (t) => {
  const { room, ann, bob } = await annAndBob(t);
  const cid = await enter(t, nodes.other, room, 'Cid');
  await ann.next('participant', ({ participant }) => participant.name === 'Cid');
  const moved = await enter(t, nodes.first, room, 'Robert', { session: bob.session });
  assert.equal(moved.id, bob.id);
  assert.equal((await bob.next('bye')).reason, 'replaced');
  for (const viewer of [ann, cid]) {
    const { event, participant } = await viewer.next('participant');
    assert.deepEqual([event, participant.id, participant.name], viewer === ann && event === 'joined'
      ? ['joined', bob.id, 'Bob'] : ['updated', bob.id, 'Robert']);
  }
  await nodes.tell(room, 3);
});

test('a room that is deleted on one server ends on the other', async (t) => {
  const { room, ann, bob } = await annAndBob(t);
  const { status } = await nodes.other.http('DELETE', `/room/${room}`, { token: ADMIN_TOKEN });
  assert.equal(status, 200);
  for (const person of [ann, bob])
    assert.equal((await person.next('bye')).reason, 'room_deleted');
  await nodes.tell(room, null);
});

test('a server that is started under the name of another, which lives, ends that one, which says why', async (t) => {
  const config = { server: { 'node-id': 'twin' }, store: { 'redis-url': nodes.redis.url } };
  const old = await startServer(t, { config });
  await startServer(t, { config });
  const { code } = await old.exited;
  assert.equal(code, 1);
  assert.match(old.log, /Another server runs as node "twin"; each needs a node-id/);
});
