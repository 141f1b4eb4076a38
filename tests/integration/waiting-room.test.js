/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is new waits until the host lets them in. The host is on the first server, who waits on the other. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startSetups } from '../lib/nodes.js';
import { connect, enter, newRoom, reasonOf } from '../lib/people.js';
import { until } from '../lib/until.js';

const NOBODY = '00000000-0000-4000-8000-000000000000';
const config = { rooms: { 'resume-grace-s': 10 } };

/* Somebody who asks to join: { client, joined }, once they wait. */
async function knock(t, server, room, name, params = {}) {
  const client = await connect(t, server);
  const joined = client.request('join', { sid: room, name, config: { NoPublish: true, NoSubscribe: true }, ...params }, 20000);
  joined.catch(() => {});
  await client.next('waiting');
  return { client, joined };
}

/* The names of those who wait, as the host is told next. */
async function nextList(host) {
  return (await host.next('waiting_list')).waiting.map(({ name }) => name);
}

for (const [setup, nodes] of await startSetups(test, { config })) {
  const guardedRoom = async (t) => {
    const room = newRoom('waiting');
    const host = await enter(t, nodes.first, room, 'Host');
    await host.request('set_waiting_room', { enabled: true });
    return { room, host };
  };

  test(`who waits is let in by the host, ${setup}`, async (t) => {
    const { room, host } = await guardedRoom(t);
    const { joined } = await knock(t, nodes.other, room, 'Ann');
    const { waiting } = await host.next('waiting_list');
    assert.deepEqual(waiting.map(({ name }) => name), ['Ann']);
    assert.equal((await nodes.first.http('GET', `/room/${room}`)).body.n_members, 1);
    await host.request('admit', { id: waiting[0].id, admitted: true });
    const result = await joined;
    assert.equal(result.participant, waiting[0].id);
    assert.equal(result.room.waiting_room, true);
    assert.deepEqual(result.waiting, [], 'only the host is told who waits');
    assert.equal((await host.next('participant')).participant.name, 'Ann');
    assert.deepEqual(await nextList(host), []);
  });

  test(`who is sent away is told so, and is in no room, ${setup}`, async (t) => {
    const { room, host } = await guardedRoom(t);
    const { joined, client } = await knock(t, nodes.other, room, 'Pest');
    const { waiting } = await host.next('waiting_list');
    await host.request('admit', { id: waiting[0].id, admitted: false });
    assert.equal(await reasonOf(joined), 'not_admitted');
    assert.equal(await reasonOf(client.request('chat', { message: 'Hey!' })), 'not_joined');
    await nodes.tell(room, 1);
    await enter(t, nodes.other, newRoom(), 'Pest');
  });

  test(`who gives up is off the list, ${setup}`, async (t) => {
    const { room, host } = await guardedRoom(t);
    const { client } = await knock(t, nodes.other, room, 'Ann');
    assert.deepEqual(await nextList(host), ['Ann']);
    client.close();
    assert.deepEqual(await nextList(host), []);
    await nodes.tell(room, 1);
  });

  test(`with the waiting room switched off all who wait are let in, ${setup}`, async (t) => {
    const { room, host } = await guardedRoom(t);
    const knocks = [];
    for (const name of ['Ann', 'Bob', 'Cid'])
      knocks.push(await knock(t, nodes.other, room, name));
    await until('all wait', async () => (await nextList(host)).length === 3);
    await host.request('set_waiting_room', { enabled: false });
    for (const { joined } of knocks)
      assert.equal((await joined).room.waiting_room, false);
    await nodes.tell(room, 4);
  });

  test(`a new host learns who waits, ${setup}`, async (t) => {
    const { room, host } = await guardedRoom(t);
    const second = await knock(t, nodes.other, room, 'Second');
    const { waiting: [{ id }] } = await host.next('waiting_list');
    await host.request('admit', { id, admitted: true });
    await second.joined;
    const third = await knock(t, nodes.other, room, 'Third');
    await host.next('waiting_list', ({ waiting }) => waiting.some(({ name }) => name === 'Third'));
    await host.request('leave');
    const { waiting } = await second.client.next('waiting_list', ({ waiting: list }) => list.length > 0);
    await second.client.request('admit', { id: waiting[0].id, admitted: true });
    await third.joined;
  });

  test(`when the room is gone with its host, who waited makes it anew, ${setup}`, async (t) => {
    const { room, host } = await guardedRoom(t);
    const { joined } = await knock(t, nodes.other, room, 'Ann');
    await host.request('leave');
    const result = await joined;
    assert.equal(result.room.host, result.participant);
    assert.equal(result.room.waiting_room, false);
  });

  test(`members come back past the waiting room, ${setup}`, async (t) => {
    const { room, host } = await guardedRoom(t);
    const again = await enter(t, nodes.other, room, 'Host', { session: host.session });
    assert.equal(again.id, host.id);
    assert.equal((await host.next('bye')).reason, 'replaced');
  });

  test(`only the host decides, and about who is there, ${setup}`, async (t) => {
    const { room, host } = await guardedRoom(t);
    const ann = await knock(t, nodes.other, room, 'Ann');
    const { waiting: [{ id }] } = await host.next('waiting_list');
    await host.request('admit', { id, admitted: true });
    await ann.joined;
    assert.equal(await reasonOf(ann.client.request('admit', { id, admitted: true })), 'forbidden');
    assert.equal(await reasonOf(ann.client.request('set_waiting_room', { enabled: false })), 'forbidden');
    assert.equal(await reasonOf(host.request('admit', { id: NOBODY, admitted: true })), 'unknown_participant');
  });

  test(`who is let in does not get into a full room, ${setup}`, async (t) => {
    const room = newRoom('waiting');
    await nodes.first.http('POST', '/room/create', { json: { slug: room, max_members: 1, waiting_room: true } });
    const host = await enter(t, nodes.first, room, 'Host');
    const { joined } = await knock(t, nodes.other, room, 'Ann');
    const { waiting: [{ id }] } = await host.next('waiting_list');
    await host.request('admit', { id, admitted: true });
    assert.equal(await reasonOf(joined), 'room_full');
    assert.deepEqual(await nextList(host), []);
  });

  test(`the host ends the call for everybody, ${setup}`, async (t) => {
    const room = newRoom('close');
    const host = await enter(t, nodes.first, room, 'Host');
    const ann = await enter(t, nodes.other, room, 'Ann');
    assert.equal(await reasonOf(ann.request('close', {})), 'forbidden');
    await host.request('close', {});
    for (const person of [host, ann])
      assert.equal((await person.next('bye')).reason, 'room_closed');
    await nodes.tell(room, null);
    const again = await enter(t, nodes.other, room, 'Ann', { session: ann.session });
    assert.notEqual(again.id, ann.id, 'who was in the room before it was closed is nobody there any more');
  });

  for (const lifetime of ['ephemeral', 'permanent']) {
    test(`who waits for a room (${lifetime}) that its host closes is sent away, ${setup}`, async (t) => {
      const room = newRoom('close');
      await nodes.first.http('POST', '/room/create', { json: { slug: room, lifetime, waiting_room: true } });
      const host = await enter(t, nodes.first, room, 'Host');
      const { joined } = await knock(t, nodes.other, room, 'Ann');
      await host.request('close', {});
      assert.equal(await reasonOf(joined), 'not_admitted');
      await nodes.tell(room, lifetime === 'permanent' ? 0 : null);
    });
  }

  test(`a permanent room that its host closes is empty, and is there, ${setup}`, async (t) => {
    const room = newRoom('close');
    await nodes.first.http('POST', '/room/create', { json: { slug: room } });
    const host = await enter(t, nodes.first, room, 'Host');
    const ann = await enter(t, nodes.other, room, 'Ann');
    await host.request('close', {});
    await ann.closed;
    await nodes.tell(room, 0);
  });
}
