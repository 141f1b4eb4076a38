/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Somebody in the room does not read: the others do not notice, and it ends at a bound that is told in bytes. */

import assert from 'node:assert/strict';
import * as runner from 'node:test';
import { enter, newRoom } from '../lib/people.js';
import { startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;
const BOUND_BYTES = 1024 * 1024;
/* Kernel buffers of both sides, before anything waits in the server. */
const KERNEL_BYTES = 8 * 1024 * 1024;
/* Which no sanitizer keeps to. */
const ON_TIME_MS = process.env.SALON_TEST_SANITIZED ? Infinity : 100;
const TEXT = '🎉'.repeat(4000);

const server = await startServer(runner, { config: { rooms: { 'resume-grace-s': 0 } } });

async function meet(t) {
  const room = newRoom();
  const bob = await enter(t, server, room, 'Bob');
  /* Nobody alone may say that much. */
  const talkers = [];
  while (talkers.length < 20)
    talkers.push(await enter(t, server, room, `T${talkers.length}`));
  const stalled = await enter(t, server, room, 'Stalled');
  stalled.pause();
  return { bob, talkers, stalled };
}

function isGone(observer, { id }) {
  return observer.received('participant', ({ event, participant }) => event === 'left' && participant.id === id).length > 0;
}

test('one stalled reader: others get what is said within 100 ms, and the stalled one is closed at its byte bound', async (t) => {
  const { bob, talkers, stalled } = await meet(t);
  const delays = [];
  const size = Buffer.byteLength(TEXT);
  let said = 0;
  while (!isGone(bob, stalled)) {
    const asked = performance.now();
    talkers[said++ % talkers.length].notify('chat', { message: TEXT });
    await bob.next('chat');
    delays.push(performance.now() - asked);
    assert.ok(said * size < KERNEL_BYTES, 'the stalled client was never cut off');
  }
  delays.sort((a, b) => a - b);
  const [median, most] = [delays[delays.length >> 1], delays[Math.floor(delays.length * 0.95)]];
  t.diagnostic(`${said} messages of ${size} bytes: median ${median.toFixed(1)} ms, 95 of 100 within ${most.toFixed(1)} ms`);
  assert.ok(most < ON_TIME_MS, `${most} ms`);
  const [, waiting] = await until('the server says why', () => server.log.match(/A client does not read: (\d+) bytes wait/));
  assert.ok(waiting > BOUND_BYTES && waiting < BOUND_BYTES + 2 * size, `${waiting} bytes waited`);
  stalled.resume();
  await stalled.closed;
});

test('one who reads slowly, but reads, stays', async (t) => {
  const { bob, talkers, stalled: slow } = await meet(t);
  for (let said = 0; said < 200; said++) {
    if (said % 20 === 0) {
      slow.resume();
      await until('the slow one has read', () => slow.received('chat').length === said);
      slow.pause();
    }
    talkers[said % talkers.length].notify('chat', { message: TEXT });
    await bob.next('chat');
  }
  slow.resume();
  await until('the slow one has read all', () => slow.received('chat').length === 200);
  assert.equal(isGone(bob, slow), false);
});
