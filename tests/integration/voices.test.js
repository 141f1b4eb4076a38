/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sound on a line that does not bear all of it. How fast it is, and how steady: tests/unit/test-sound-share.c. */

import assert from 'node:assert/strict';
import * as runner from 'node:test';
import { Impairment } from '../lib/impairment.js';
import { Peer } from '../lib/peer.js';
import { newRoom } from '../lib/people.js';
import { startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;
const server = await startServer(runner);
/* As much as browsers send: some 40 kbit/s of each, and 30 more with redundancy. */
const VOICE_BYTES = 60;
const N_VOICES = 4;
const RESTING_MS = 20_000;

async function speak(t, room, name) {
  const peer = await Peer.join(t, server, room, name, {
    publish: ['microphone'], dialect: 'redundant', subscribe: false, config: { NoSubscribe: true },
  });
  peer.publisher.track('microphone').media.fillBytes = VOICE_BYTES;
  peer.hush();
  await peer.start();
  return peer;
}

test('where a line is too narrow, redundancy goes first, then the voices of who is silent', { timeout: 60_000 }, async (t) => {
  const room = newRoom();
  const peers = [];
  for (let i = 0; i < N_VOICES; i++)
    peers.push(await speak(t, room, `Voice${i}`));
  const link = await Impairment.start(t, { seed: 3, down: { delayMs: 10 }, up: { delayMs: 10 } });
  link.leadTo(server.mediaPort);
  const eve = await Peer.join(t, server, room, 'Eve', { publish: null, dialect: 'redundant', nat: link, feedback: true });
  const told = [];
  eve.signalling.on('stats', ({ tracks }) => told.push(tracks));
  await eve.signalling.request('watch_stats', { interval_s: 1 });
  const slots = await Promise.all(peers.map((peer) => eve.receive(peer, 'microphone')));
  await until('all come with redundancy', () => slots.every(({ last }) => last.codec === 'red'), 10_000);

  link.down.set({ rateBps: 230_000 });
  const resting = () => told.at(-1).filter(({ reason }) => reason === 'bandwidth').map(({ track }) => track);
  const isResting = (slot) => resting().includes(peers[slots.indexOf(slot)].tracks.get('microphone').id);
  await until('all that come, come without', () =>
    slots.some(({ last }) => last.codec === 'opus') && slots.every((slot) => slot.last.codec === 'opus' || isResting(slot)),
              RESTING_MS);
  /* The first frame of a packet with redundancy is the one before its own. */
  const breaks = slots.flatMap(({ packets }) => packets.filter(({ codec, frame, timestamp }, i) => {
    const before = packets[i - 1];
    return codec === 'opus' && before?.codec === 'red' && frame === before.frame + 2
           && ((timestamp - before.timestamp) >>> 0) !== 960;
  }));
  assert.deepEqual(breaks, [], 'it goes on where it was');

  link.down.set({ rateBps: 90_000 });
  await until('most rest', () => resting().length >= N_VOICES - 2, RESTING_MS);
  const silent = await until('one of them', () => peers.find((peer) => resting().includes(peer.tracks.get('microphone').id)));
  const slot = slots[peers.indexOf(silent)];
  await until('the queue is gone', () => link.down.queuedBytes < 2_000, RESTING_MS);
  const { frame } = silent.publisher.track('microphone').media;
  silent.talk();
  await until('who begins to talk is heard', () => slot.last.frame > frame, RESTING_MS / 4);
  assert.notEqual(eve.signalling.received('speakers').at(-1)?.leader, silent.id, 'before they lead');
  assert.ok(resting().length < N_VOICES, 'one is always heard');
});
