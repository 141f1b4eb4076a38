/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* No media passes before the DTLS certificate is the one that signalling promised (RFC 8827, section 5.6.4). */

import assert from 'node:assert/strict';
import * as runner from 'node:test';
import { Peer } from '../lib/peer.js';
import { newRoom } from '../lib/people.js';
import { alterFingerprint } from '../lib/sdp.js';
import { startServer } from '../lib/server.js';
import { until, withDeadline } from '../lib/until.js';

const { test } = runner;
const server = await startServer(runner);

test('an altered fingerprint in the publisher\'s offer: nothing is forwarded, and bye says why', async (t) => {
  const room = newRoom();
  const bob = await Peer.join(t, server, room, 'Bob', { publish: null });
  const mallory = await Peer.join(t, server, room, 'Mallory', { alterOffer: alterFingerprint, mayFail: true });
  const started = mallory.start().catch(() => {});
  assert.equal((await mallory.signalling.next('bye', undefined, 20000)).reason, 'fingerprint_mismatch');
  await withDeadline('the connection to be closed', mallory.signalling.closed);
  await started;
  await bob.signalling.next('participant', ({ event }) => event === 'left');
  assert.deepEqual(bob.slots.flatMap(({ packets }) => packets), []);
});

test('an altered fingerprint in the subscriber\'s answer: nothing is sent to it, and bye says why', async (t) => {
  const room = newRoom();
  const ann = await Peer.join(t, server, room, 'Ann');
  await ann.start();
  const bob = await Peer.join(t, server, room, 'Bob', { publish: null });
  const slot = await bob.receive(ann, 'camera');
  const mallory = await Peer.join(t, server, room, 'Mallory', {
    publish: null, alterAnswer: alterFingerprint, mayFail: true,
  });
  assert.equal((await mallory.signalling.next('bye', undefined, 20000)).reason, 'fingerprint_mismatch');
  await withDeadline('the connection to be closed', mallory.signalling.closed);
  assert.deepEqual(mallory.slots.flatMap(({ packets }) => packets), []);
  assert.equal(mallory.subscribers.get(1).transport.rtpDatagrams, 0);
  const before = slot.packets.length;
  await until('the honest subscriber goes on', () => slot.packets.length > before + 30);
});

test('the true fingerprint passes on both connections', async (t) => {
  const room = newRoom();
  const ann = await Peer.join(t, server, room, 'Ann');
  const bob = await Peer.join(t, server, room, 'Bob', { publish: null });
  await ann.start();
  await bob.receive(ann, 'camera');
});
