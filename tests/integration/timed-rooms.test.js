/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rooms that close at an age, and whose names are blocked for a while after that. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNodes, startSetups } from '../lib/nodes.js';
import { enter, newRoom, reasonOf } from '../lib/people.js';
import { until } from '../lib/until.js';

for (const [setup, nodes] of await startSetups(test)) {
  const create = async (fields) => {
    const slug = newRoom('timed');
    const { status, body } = await nodes.first.http('POST', '/room/create', { json: { slug, lifetime: 'timed', ...fields } });
    assert.equal(status, 201, JSON.stringify(body));
    return body.room;
  };

  test(`a timed room closes for everybody at its age, then is blocked, then gone, ${setup}`, async (t) => {
    const room = await create({ max_age: 2, block_factor: 1 });
    const people = [await enter(t, nodes.first, room.slug, 'Ann'), await enter(t, nodes.other, room.slug, 'Bob')];
    assert.equal(people[1].room.expires_at, room.expires_at);
    for (const person of people)
      assert.equal((await person.next('bye')).reason, 'room_expired');
    const late = Date.now() - Date.parse(room.expires_at);
    assert.ok(late > -1000 && late < 2500, `it closed ${late} ms after its time`);

    assert.equal(await reasonOf(enter(t, nodes.other, room.slug, 'Late')), 'room_expired');
    const taken = await nodes.other.http('POST', '/room/create', { json: { slug: room.slug } });
    assert.equal(taken.body.error.data.reason, 'room_exists');

    await until('the name is free again', async () =>
      (await nodes.other.http('GET', `/room/${room.slug}`)).status === 404, 6000);
    assert.equal((await enter(t, nodes.other, room.slug, 'Late')).room.lifetime, 'ephemeral');
  });

  test(`nobody in it, and it is gone all the same, ${setup}`, async () => {
    const room = await create({ max_age: 1 });
    await until('it is gone', async () => (await nodes.other.http('GET', `/room/${room.slug}`)).status === 404, 4000);
  });

  test(`it stays when the last one leaves before its time, ${setup}`, async (t) => {
    const room = await create({ max_age: 60 });
    const ann = await enter(t, nodes.first, room.slug, 'Ann');
    await ann.request('leave');
    await nodes.tell(room.slug, 0);
    assert.equal((await enter(t, nodes.other, room.slug, 'Bob')).room.id, room.id);
  });
}

test('an age is for a timed room alone, which needs one', async (t) => {
  const { first } = await startNodes(t, 1);
  const wrong = [{ lifetime: 'timed' }, { max_age: 60 }, { lifetime: 'ephemeral', max_age: 60 }, { block_factor: 2 },
                 { lifetime: 'timed', max_age: 0 }, { lifetime: 'timed', max_age: 2592001 }, { lifetime: 'timed', max_age: '60' },
                 { lifetime: 'timed', max_age: 60, block_factor: -1 }, { lifetime: 'timed', max_age: 60, block_factor: 101 },
                 { waiting_room: 'yes' }];
  for (const json of wrong) {
    const { status, body } = await first.http('POST', '/room/create', { json });
    assert.equal(status, 422, JSON.stringify(json));
    assert.equal(body.error.data.reason, 'invalid_params');
  }
});
