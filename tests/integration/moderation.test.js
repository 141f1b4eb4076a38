/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the host may do, and what the author of a message may. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect, enter, newRoom, reasonOf } from '../lib/people.js';
import { startServer } from '../lib/server.js';

const NOBODY = '00000000-0000-4000-8000-000000000000';

async function hostAndGuest(t) {
  const server = await startServer(t);
  const room = newRoom();
  const host = await enter(t, server, room, 'Host');
  const guest = await enter(t, server, room, 'Guest');
  return { server, room, host, guest };
}

test('the host throws somebody out, who is told, and everybody else sees them leave', async (t) => {
  const { server, room, host, guest } = await hostAndGuest(t);
  const eve = await enter(t, server, room, 'Eve');
  await host.request('kick', { participant: guest.id });
  assert.equal((await guest.next('bye')).reason, 'kicked');
  await guest.closed;
  for (const viewer of [host, eve])
    assert.equal((await viewer.next('participant', ({ event }) => event === 'left')).participant.id, guest.id);
});

test('who was thrown out does not come back with the old session', async (t) => {
  const { server, room, host } = await hostAndGuest(t);
  const client = await connect(t, server);
  const params = { sid: room, name: 'Pest', config: { NoPublish: true, NoSubscribe: true } };
  const { participant, session } = await client.request('join', params);
  await host.request('kick', { participant });
  const again = await connect(t, server);
  assert.notEqual((await again.request('join', { ...params, session, resume: true })).participant, participant);
});

test('only the host may do so, and only to somebody who is there', async (t) => {
  const { host, guest } = await hostAndGuest(t);
  assert.equal(await reasonOf(guest.request('kick', { participant: host.id })), 'forbidden');
  assert.equal(await reasonOf(guest.request('lock', { locked: true })), 'forbidden');
  assert.equal(await reasonOf(host.request('kick', { participant: NOBODY })), 'unknown_participant');
  assert.equal(await reasonOf(host.request('kick', { participant: host.id })), 'unknown_participant');
});

test('a locked room lets nobody new in, until it is opened', async (t) => {
  const { server, room, host, guest } = await hostAndGuest(t);
  await host.request('lock', { locked: true });
  assert.equal((await guest.next('room')).room.locked, true);
  assert.equal(await reasonOf(enter(t, server, room, 'Late')), 'room_locked');
  await host.request('lock', { locked: false });
  assert.equal((await guest.next('room')).room.locked, false);
  await enter(t, server, room, 'Late');
});

test('members come back into a locked room', async (t) => {
  const server = await startServer(t, { config: { rooms: { 'resume-grace-s': 10 } } });
  const room = newRoom();
  const host = await enter(t, server, room, 'Host');
  const client = await connect(t, server);
  const params = { sid: room, name: 'Guest', config: { NoPublish: true, NoSubscribe: true } };
  const { participant, session } = await client.request('join', params);
  await host.request('lock', { locked: true });
  await client.terminate();
  const again = await connect(t, server);
  assert.equal((await again.request('join', { ...params, session })).participant, participant);
});

test('a message is edited and deleted by its author, and everybody else is told', async (t) => {
  const { server, room, host, guest } = await hostAndGuest(t);
  const { id } = await guest.request('chat', { message: 'teh' });
  await guest.request('chat_edit', { id, message: 'the' });
  assert.deepEqual(await host.next('chat_changed'), { id, message: 'the' });
  const late = await connect(t, server);
  const { chat } = await late.request('join', { sid: room, config: { NoPublish: true, NoSubscribe: true } });
  assert.equal(chat[0].message, 'the');
  assert.equal(chat[0].edited, true);
  await guest.request('chat_delete', { id });
  assert.deepEqual(await host.next('chat_changed'), { id, message: null });
  assert.equal(await reasonOf(guest.request('chat_delete', { id })), 'unknown_message');
});

test('somebody else\'s message: the host may delete it, nobody may edit it', async (t) => {
  const { host, guest } = await hostAndGuest(t);
  const { id } = await guest.request('chat', { message: 'mine' });
  assert.equal(await reasonOf(host.request('chat_edit', { id, message: 'yours' })), 'forbidden');
  await host.request('chat_delete', { id });
  const { id: hosts } = await host.request('chat', { message: 'hosts' });
  assert.equal(await reasonOf(guest.request('chat_delete', { id: hosts })), 'forbidden');
});

test('a message may answer another', async (t) => {
  const { host, guest } = await hostAndGuest(t);
  const { id } = await host.request('chat', { message: 'Lunch?' });
  await guest.request('chat', { message: 'Yes', reply_to: id });
  assert.equal((await host.next('chat')).reply_to, id);
  assert.match((await guest.raw(JSON.stringify({ id: 99, method: 'chat', params: { message: 'x', reply_to: 'x' } }), 99)).error.data.reason, /invalid_params/);
});
