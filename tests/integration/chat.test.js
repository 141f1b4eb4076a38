/* SPDX-License-Identifier: LGPL-2.1-or-later */
import assert from 'node:assert/strict';
import * as runner from 'node:test';
import { enter, newRoom, reasonOf } from '../lib/people.js';
import { startServer } from '../lib/server.js';

const { test } = runner;
const server = await startServer(runner);

test('chat reaches everybody else, with the server\'s sender, id and time, and is not echoed', async (t) => {
  const room = newRoom();
  const ann = await enter(t, server, room, 'Ann');
  const bob = await enter(t, server, room, 'Bob');
  const eve = await enter(t, server, room, 'Eve');
  const before = Date.now();
  const { id, timestamp } = await ann.request('chat', { message: 'Hello', from: eve.id, name: 'Eve' });
  for (const client of [bob, eve])
    assert.deepEqual(await client.next('chat'), { id, from: ann.id, name: 'Ann', message: 'Hello', timestamp });
  assert.match(timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.ok(Math.abs(Date.parse(timestamp) - before) < 5000, timestamp);
  assert.equal(await ann.request('ping'), 'pong');
  assert.deepEqual(ann.received('chat'), []);
});

test('text arrives as it was sent', async (t) => {
  const room = newRoom();
  const ann = await enter(t, server, room, 'Ann');
  const bob = await enter(t, server, room, 'Bob');
  for (const message of ['<img src=x onerror=alert(1)>', 'emoji 🎉👩‍👩‍👧', '"quotes" \\ / \n\t', 'x'.repeat(4000), '🎉'.repeat(4000), '‮rtl'])
    {
      await ann.request('chat', { message });
      assert.equal((await bob.next('chat')).message, message);
    }
});

test('messages keep their order', async (t) => {
  const room = newRoom();
  const ann = await enter(t, server, room, 'Ann');
  const bob = await enter(t, server, room, 'Bob');
  const messages = Array.from({ length: 30 }, (_, index) => String(index));
  for (const message of messages)
    ann.notify('chat', { message });
  for (const message of messages)
    assert.equal((await bob.next('chat')).message, message);
});

test('the other direction works too, and one\'s own ids differ', async (t) => {
  const room = newRoom();
  const ann = await enter(t, server, room, 'Ann');
  const bob = await enter(t, server, room, 'Bob');
  const first = await ann.request('chat', { message: '1' });
  const second = await bob.request('chat', { message: '2' });
  assert.notEqual(first.id, second.id);
  assert.equal((await ann.next('chat')).message, '2');
});

test('who has left neither says nor hears anything', async (t) => {
  const room = newRoom();
  const ann = await enter(t, server, room, 'Ann');
  const bob = await enter(t, server, room, 'Bob');
  await bob.request('leave');
  await ann.request('chat', { message: 'gone?' });
  assert.equal(await ann.request('ping'), 'pong');
  assert.deepEqual(bob.received('chat'), []);
  assert.match(await reasonOf(bob.request('chat', { message: 'x' })), /^not_joined$|closed/);
});

test('a flood of messages is held back, and the sender told', async (t) => {
  const room = newRoom();
  const ann = await enter(t, server, room, 'Ann');
  const bob = await enter(t, server, room, 'Bob');
  const results = await Promise.allSettled(Array.from({ length: 40 }, () => ann.request('chat', { message: 'spam' })));
  const refused = results.filter(({ status }) => status === 'rejected').map(({ reason }) => reason.reason);
  assert.ok(refused.length >= 5 && refused.every((reason) => reason === 'too_many_requests'), String(refused));
  await bob.request('ping');
});

test('a flood of requests is held back, and others are answered', async (t) => {
  const room = newRoom();
  const ann = await enter(t, server, room, 'Ann');
  const bob = await enter(t, server, room, 'Bob');
  for (let count = 0; count < 3000; count++)
    ann.notify('ping');
  const asked = performance.now();
  await bob.request('ping', undefined, 10000);
  if (process.env.SALON_TEST_SANITIZED === undefined)
    assert.ok(performance.now() - asked < 1000);
});

test('one who stops reading is dropped, and the room is not held up', async (t) => {
  const room = newRoom();
  const bob = await enter(t, server, room, 'Bob');
  /* Nobody alone may say that much. */
  const talkers = await Promise.all(Array.from({ length: 40 }, (_, index) => enter(t, server, room, `T${index}`)));
  const stalled = await enter(t, server, room, 'Stalled');
  stalled.pause();
  const message = '🎉'.repeat(4000);
  let left = false;
  bob.next('participant', ({ event, participant }) => event === 'left' && participant.id === stalled.id, 60000)
    .then(() => { left = true; });
  for (let count = 0; !left; count++) {
    assert.ok(count < 30 * talkers.length, 'the stalled client was never dropped');
    await talkers[count % talkers.length].request('chat', { message });
    await bob.next('chat');
  }
});
