/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RTCP both ways: keyframe requests are gathered, lost packets are sent again. */

import assert from 'node:assert/strict';
import * as runner from 'node:test';
import { defer } from '../lib/cleanup.js';
import { Peer } from '../lib/peer.js';
import { newRoom } from '../lib/people.js';
import { startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;
/* A sanitized server shares its cores with other tests: whoever stalls for 200 ms on one asks for nothing any more, or
 * for what only came late. There these tests look for memory errors, and that media goes on. */
const isTimed = process.env.SALON_TEST_SANITIZED === undefined;
const server = await startServer(runner);

test('keyframe requests of many subscribers reach the publisher as a few', async (t) => {
  const room = newRoom();
  const ann = await Peer.join(t, server, room, 'Ann');
  await ann.start();
  const viewers = [];
  for (let index = 0; index < 5; index++) {
    const viewer = await Peer.join(t, server, room, `V${index}`, { publish: null });
    viewers.push({ viewer, slot: await viewer.receive(ann, 'camera') });
  }
  const before = ann.publisher.keyframeRequests.length;
  const start = performance.now();
  const timer = setInterval(() => {
    for (const { viewer, slot } of viewers)
      viewer.subscribers.get(1).sendPli(slot);
  }, 20);
  defer(t, () => clearInterval(timer));
  await until('two seconds of requests went out', () => performance.now() - start > 2000);
  clearInterval(timer);
  const seconds = (performance.now() - start) / 1000;
  const arrived = ann.publisher.keyframeRequests.length - before;
  assert.ok(arrived >= 1, 'a request gets through');
  assert.ok(arrived / seconds <= 4, `${arrived} requests in ${seconds.toFixed(1)} s`);
});

test('who comes is connected and asked a keyframe for at the same time, and begins with it', async (t) => {
  const room = newRoom();
  const ann = await Peer.join(t, server, room, 'Ann');
  await ann.start();
  /* Who watches already, keeps the picture awake. */
  const bob = await Peer.join(t, server, room, 'Bob', { publish: null });
  const { packets } = await bob.receive(ann, 'camera');
  await until('the joining keyframes are over', () => packets.length > 90);
  const requests = ann.publisher.keyframeRequests;
  const before = requests.length;
  await Peer.join(t, server, room, 'Never connected', { publish: null, subscribe: false });
  await until('a keyframe is asked for, without an answer', () => requests.length > before, 5000);

  /* Who takes longer than a second to connect begins with one that is asked for then. */
  for (let index = 0, nAsked = 2; nAsked > 1; index++) {
    assert.ok(index < 5 || !isTimed, 'what was asked for early was of use');
    const asked = requests.length;
    const eve = await Peer.join(t, server, room, `Eve ${index}`, { publish: null });
    const slot = await eve.receive(ann, 'camera');
    await until('a second of video came', () => slot.packets.length > 60);
    assert.ok(slot.packets[0].isKeyframe);
    nAsked = isTimed ? requests.length - asked : 1;
  }
});

test('a keyframe asked for arrives within a second', async (t) => {
  const room = newRoom();
  const ann = await Peer.join(t, server, room, 'Ann');
  const bob = await Peer.join(t, server, room, 'Bob', { publish: null });
  await ann.start();
  const slot = await bob.receive(ann, 'camera');
  await until('the joining keyframes are over', () => slot.packets.length > 90);
  const before = slot.packets.length;
  bob.subscribers.get(1).sendPli(slot);
  const keyframe = await until('a keyframe comes', () => slot.packets.slice(before).find((packet) => packet.isKeyframe), 1500);
  assert.ok(keyframe);
});

test('nobody asks the publisher for keyframes while all goes well', async (t) => {
  const room = newRoom();
  const ann = await Peer.join(t, server, room, 'Ann');
  const bob = await Peer.join(t, server, room, 'Bob', { publish: null });
  await ann.start();
  const slot = await bob.receive(ann, 'camera');
  await until('the joining keyframes are over', () => slot.packets.length > 90);
  const before = ann.publisher.keyframeRequests.length;
  await until('two more seconds of video came', () => slot.packets.length > 210);
  if (isTimed)
    assert.deepEqual([ann.publisher.keyframeRequests.length, ann.publisher.nacked], [before, []]);
});

test('a packet the subscriber misses is sent again, by RTX', async (t) => {
  const room = newRoom();
  const ann = await Peer.join(t, server, room, 'Ann');
  const bob = await Peer.join(t, server, room, 'Bob', { publish: null });
  await ann.start();
  const slot = await bob.receive(ann, 'camera');
  await until('some packets came', () => slot.packets.length > 30);
  const wanted = slot.packets.at(-5);
  bob.subscribers.get(1).sendNack(slot, [wanted.sequence]);
  const again = await until('the packet comes again', () =>
    slot.retransmitted.find(({ sequence }) => sequence === wanted.sequence), 2000);
  assert.deepEqual(again.payload, wanted.payload);
});

test('a packet lost on the way up is fetched from the publisher and forwarded in its place', async (t) => {
  const room = newRoom();
  const ann = await Peer.join(t, server, room, 'Ann');
  const bob = await Peer.join(t, server, room, 'Bob', { publish: null });
  await ann.start();
  const slot = await bob.receive(ann, 'camera');
  await until('some packets came', () => slot.packets.length > 60);
  const camera = ann.publisher.track('camera');
  const lost = new Set();
  const start = camera.media.sequence;
  /* One packet in ten, for a while. */
  camera.isLost = (sequence) => {
    const distance = (sequence - start) & 0xffff;
    if (distance % 10 !== 5 || lost.size >= 10)
      return false;
    lost.add(sequence);
    return true;
  };
  await until('ten packets were lost', () => lost.size === 10);
  const mark = slot.packets.length;
  await until('video went on', () => slot.packets.length > mark + 60);
  if (!isTimed)
    return;
  assert.deepEqual([...lost].filter((sequence) => !ann.publisher.nacked.includes(sequence)), [], 'not asked for');
  const sequences = slot.packets.map(({ sequence }) => sequence);
  const missing = sequences.slice(1).filter((sequence, index) => sequence !== ((sequences[index] + 1) & 0xffff));
  /* webrtcbin waits 200 ms for a packet; on a busy machine one of the ten may come later than that. */
  assert.ok(missing.length <= 1, `gaps at the subscriber before ${missing}`);
});

/* Ann's camera, which Bob watches, loses one packet. resend: what becomes of it when the server asks for it: called with
 * what sends it. Returns: { ann, slot }. */
async function loseOne(t, resend) {
  const room = newRoom();
  const ann = await Peer.join(t, server, room, 'Ann');
  const bob = await Peer.join(t, server, room, 'Bob', { publish: null });
  await ann.start();
  const slot = await bob.receive(ann, 'camera');
  await until('the joining keyframes are over', () => slot.packets.length > 90);
  const camera = ann.publisher.track('camera');
  let lost;
  camera.resend = resend;
  camera.isLost = (sequence) => {
    const isFirst = lost === undefined;
    lost ??= sequence;
    return isFirst;
  };
  await until('it is asked for', () => ann.publisher.nacked.includes(lost));
  return { ann, slot };
}

test('a lost packet that takes half a second to come again is waited for', async (t) => {
  const { slot } = await loseOne(t, (send) => setTimeout(send, 500));
  const mark = slot.packets.length;
  await until('video went on', () => slot.packets.length > mark + 60);
  const sequences = slot.packets.map(({ sequence }) => sequence);
  assert.deepEqual(sequences.slice(1).filter((sequence, i) => sequence !== ((sequences[i] + 1) & 0xffff)), []);
});

test('for a lost packet that never comes again, a keyframe is asked for, though nobody does who watches', async (t) => {
  const { ann, slot } = await loseOne(t, () => {});
  const before = ann.publisher.keyframeRequests.length;
  const mark = slot.packets.length;
  await until('video went on', () => slot.packets.length > mark + 10);
  await until('a keyframe is asked for', () => ann.publisher.keyframeRequests.length > before);
});

/* Ann's camera loses one packet in seven from now on, and nobody sends them again. */
function loseSteadily(ann) {
  const camera = ann.publisher.track('camera');
  const from = camera.media.frame;
  Object.assign(camera, { isLost: (sequence) => sequence % 7 === 0, resend: () => {} });
  return () => camera.media.frame - from;
}

const withoutNack = (sdp) => sdp.replace(/a=rtcp-fb:\d+ nack\r\n/g, '');

test('while packets go on being lost, keyframes are asked for less and less', async (t) => {
  const room = newRoom();
  const ann = await Peer.join(t, server, room, 'Ann', { alterOffer: withoutNack });
  const bob = await Peer.join(t, server, room, 'Bob', { publish: null });
  await ann.start();
  const { packets } = await bob.receive(ann, 'camera');
  await until('the joining keyframes are over', () => packets.length > 90);
  const before = ann.publisher.keyframeRequests.length;
  const framesSent = loseSteadily(ann);
  await until('four seconds of it were sent', () => framesSent() > 120, 15000);
  const n = ann.publisher.keyframeRequests.length - before;
  assert.ok(n >= 2, 'they are asked for');
  if (isTimed)
    assert.ok(n <= 6, `${n} were`);
});

test('for packets that nobody watches no keyframe is asked for', async (t) => {
  const ann = await Peer.join(t, server, newRoom(), 'Ann', { alterOffer: withoutNack });
  await ann.start();
  await until('it has begun', () => ann.publisher.track('camera').packets > 60);
  const before = ann.publisher.keyframeRequests.length;
  const framesSent = loseSteadily(ann);
  await until('two seconds of it were sent', () => framesSent() > 60, 15000);
  assert.equal(ann.publisher.keyframeRequests.length, before);
});

async function loseAudio(t, options) {
  const room = newRoom();
  const ann = await Peer.join(t, server, room, 'Ann', options);
  const bob = await Peer.join(t, server, room, 'Bob', { publish: null });
  await ann.start();
  const slot = await bob.receive(ann, 'microphone');
  await until('some packets came', () => slot.packets.length > 50);
  const microphone = ann.publisher.track('microphone');
  const lost = new Set();
  const start = microphone.media.sequence;
  microphone.isLost = (sequence) => {
    const distance = (sequence - start) & 0xffff;
    if (distance % 10 !== 5 || lost.size >= 10)
      return false;
    lost.add(sequence);
    return true;
  };
  await until('ten packets were lost', () => lost.size === 10, 10000);
  const mark = slot.packets.length;
  await until('audio went on', () => slot.packets.length > mark + 60, 10000);
  assert.deepEqual([...lost].filter((sequence) => ann.publisher.nacked.includes(sequence)), []);
  const waits = slot.packets.slice(1).map(({ at }, i) => at - slot.packets[i].at);
  if (isTimed)
    assert.ok(Math.max(...waits) < 600, `audio stood still for ${Math.max(...waits)} ms`);
}

test('lost audio is not asked for again, and audio goes on', (t) => loseAudio(t));

test('audio that no description tells of is not waited for either', (t) => loseAudio(t, {
  alterOffer: (sdp) => sdp.replace(/m=audio[^]*?(?=m=|$)/g, (section) => section.replace(/a=ssrc.*\r\n/g, '')),
}));
