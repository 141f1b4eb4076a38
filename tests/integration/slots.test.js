/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The subscriber connection is negotiated once; what its slots carry changes without a word of SDP. */

import assert from 'node:assert/strict';
import * as runner from 'node:test';
import { Peer } from '../lib/peer.js';
import { newRoom } from '../lib/people.js';
import { startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;

test('a third person\'s join, publish, unpublish, mute and leave cost the first two no SDP', async (t) => {
  const server = await startServer(t);
  const room = newRoom();
  const ann = await Peer.join(t, server, room, 'Ann');
  const bob = await Peer.join(t, server, room, 'Bob');
  for (const peer of [ann, bob])
    await peer.start();
  await ann.receive(bob, 'camera');
  await bob.receive(ann, 'camera');
  const before = [ann, bob].map(({ signalling }) => signalling.sdpCount);

  const eve = await Peer.join(t, server, room, 'Eve');
  await eve.start();
  for (const peer of [ann, bob])
    for (const source of ['microphone', 'camera'])
      await peer.receive(eve, source);
  await eve.publish('screen');
  await ann.receive(eve, 'screen');
  await eve.mute('camera', true);
  await eve.unpublish('screen');
  await eve.unpublish('camera');
  await eve.publish('camera');
  await bob.receive(eve, 'camera');
  await eve.leave();
  for (const { signalling } of [ann, bob])
    await signalling.next('participant', ({ event, participant }) => event === 'left' && participant.id === eve.id);

  assert.deepEqual([ann, bob].map(({ signalling }) => signalling.sdpCount), before);
  for (const peer of [ann, bob])
    assert.equal(await peer.signalling.request('ping'), 'pong');
});

test('the subscriber connection is offered once, with a pair of slots for every seat', async (t) => {
  const server = await startServer(t, { config: { media: { seats: 5 } } });
  const ann = await Peer.join(t, server, newRoom(), 'Ann', { publish: null });
  await until('the offer is answered', () => ann.slots.length);
  assert.equal(ann.slots.filter(({ kind }) => kind === 'audio').length, 5);
  assert.equal(ann.slots.filter(({ kind }) => kind === 'video').length, 5);
  const ssrcs = ann.slots.map(({ ssrc }) => ssrc);
  assert.equal(new Set(ssrcs).size, ssrcs.length);
  assert.ok(ann.slots.filter(({ kind }) => kind === 'video').every(({ rtxSsrc }) => rtxSsrc), 'RTX on every video slot');
});

test('on a switch between publishers a slot keeps SSRC, sequence, time and picture ids', async (t) => {
  const server = await startServer(t, { config: { media: { seats: 1 } } });
  const room = newRoom();
  const bob = await Peer.join(t, server, room, 'Bob', { publish: null });
  let slot;
  for (const [index, dialect] of ['chromium', 'firefox', 'chromium'].entries()) {
    const publisher = await Peer.join(t, server, room, `P${index}`, { dialect });
    await publisher.start();
    const current = await bob.receive(publisher, 'camera');
    assert.ok(slot === undefined || slot === current, 'the one seat is used again');
    slot = current;
    const label = `P${index}/camera`;
    await until('some pictures came', () => slot.carrying(label).length > 40);
    assert.ok(slot.carrying(label)[0].isKeyframe, 'each begins with a keyframe');
    await publisher.leave();
    await until('the slot is empty', () => [...bob.slotTracks.values()].every((track) => track === null));
  }
  assert.deepEqual([...slot.labels], ['P0/camera', 'P1/camera', 'P2/camera']);
  assertSeamless(slot.packets);
});

/* No packet is missing, doubled or out of order; time runs forward at about the pace of the wall clock. */
function assertSeamless(packets) {
  for (const [index, packet] of packets.entries()) {
    if (index === 0)
      continue;
    const previous = packets[index - 1];
    assert.equal(packet.ssrc, previous.ssrc);
    assert.equal(packet.payloadType, previous.payloadType);
    assert.equal(packet.sequence, (previous.sequence + 1) & 0xffff, `sequence at ${index}`);
    const ticks = (packet.timestamp - previous.timestamp) | 0;
    assert.ok(ticks >= 0, `time runs backwards at ${index}: ${ticks}`);
    const drift = Math.abs(ticks / 90 - (packet.at - previous.at));
    assert.ok(drift < 1000, `time jumps by ${drift} ms at ${index}`);
    const isNewPicture = packet.isStart;
    const step = (packet.pictureId - previous.pictureId) & 0x7fff;
    assert.equal(step, isNewPicture ? 1 : 0, `picture id at ${index}`);
    assert.equal((packet.tl0PicIdx - previous.tl0PicIdx) & 0xff, isNewPicture ? 1 : 0, `tl0picidx at ${index}`);
  }
}

test('more publishers than seats: a second subscriber connection is offered and carries media', async (t) => {
  const server = await startServer(t, { config: { media: { seats: 2 } } });
  const room = newRoom();
  const viewer = await Peer.join(t, server, room, 'Viewer', { publish: null });
  const publishers = [];
  for (const name of ['Ann', 'Bob', 'Eve']) {
    publishers.push(await Peer.join(t, server, room, name));
    await publishers.at(-1).start();
  }
  const targets = new Set();
  for (const publisher of publishers) {
    for (const source of ['microphone', 'camera'])
      targets.add((await viewer.receive(publisher, source)).target);
  }
  assert.deepEqual([...targets].sort(), [1, 2]);
  assert.equal(viewer.signalling.received('offer').length, 2);
});

test('a seat that becomes free is used before another connection is made', async (t) => {
  const server = await startServer(t, { config: { media: { seats: 1 } } });
  const room = newRoom();
  const viewer = await Peer.join(t, server, room, 'Viewer', { publish: null });
  for (const name of ['Ann', 'Bob', 'Eve']) {
    const publisher = await Peer.join(t, server, room, name);
    await publisher.start();
    await viewer.receive(publisher, 'camera');
    await publisher.leave();
    await until('the seat is free', () => [...viewer.slotTracks.values()].every((track) => track === null));
  }
  assert.equal(viewer.signalling.received('offer').length, 1);
});

test('one whose subscriber connection stalls holds nobody up', async (t) => {
  const server = await startServer(t);
  const room = newRoom();
  const ann = await Peer.join(t, server, room, 'Ann');
  const bob = await Peer.join(t, server, room, 'Bob', { publish: null });
  await ann.start();
  const slot = await bob.receive(ann, 'camera');
  await Peer.join(t, server, room, 'Mute', { publish: null, subscribe: false });
  const dead = await Peer.join(t, server, room, 'Dead', { publish: null });
  await dead.receive(ann, 'camera');
  await dead.closeMedia();
  const before = slot.packets.length;
  await until('Bob goes on receiving', () => slot.packets.length > before + 120);
  const gaps = slot.packets.slice(before).map((packet, index, all) => (index ? packet.at - all[index - 1].at : 0));
  assert.ok(Math.max(...gaps) < 500, `a gap of ${Math.max(...gaps)} ms`);
});
