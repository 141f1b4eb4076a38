/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a publisher sends reaches the others of the room, and nobody else. */

import assert from 'node:assert/strict';
import * as runner from 'node:test';
import { Peer } from '../lib/peer.js';
import { newRoom } from '../lib/people.js';
import { startServer } from '../lib/server.js';
import { never, until } from '../lib/until.js';

const { test } = runner;
const server = await startServer(runner);

for (const [how, options] of Object.entries({
  'offering while joining': {}, 'offering after joining': { late: true },
  'with Firefox\'s payload types': { dialect: 'firefox' },
})) {
  test(`A publishes (${how}), B receives both and A does not get itself`, async (t) => {
    const room = newRoom();
    const ann = await Peer.join(t, server, room, 'Ann', options);
    const bob = await Peer.join(t, server, room, 'Bob', { publish: null });
    await ann.start();
    const audio = await bob.receive(ann, 'microphone');
    const video = await bob.receive(ann, 'camera');
    assert.equal(audio.kind, 'audio');
    assert.equal(video.kind, 'video');
    await until('100 packets arrived', () => video.packets.length >= 50 && audio.packets.length >= 50);
    assert.deepEqual([...audio.labels, ...video.labels], ['Ann/microphone', 'Ann/camera']);
    assert.deepEqual(ann.slots.flatMap(({ packets }) => packets), []);
    assert.deepEqual([...bob.subscribers.get(1).strayPackets], []);
  });
}

test('video begins with a keyframe and both streams arrive without gap or change', async (t) => {
  const room = newRoom();
  const bob = await Peer.join(t, server, room, 'Bob', { publish: null });
  const ann = await Peer.join(t, server, room, 'Ann');
  await ann.start();
  for (const source of ['camera', 'microphone']) {
    const slot = await bob.receive(ann, source);
    await until('enough packets arrived', () => slot.packets.length >= 100);
    assertContinuous(slot.packets);
    const frames = slot.packets.map(({ frame }) => frame);
    assert.deepEqual(frames, [...frames].sort((a, b) => a - b));
    assert.ok(source === 'microphone' || slot.packets[0].isKeyframe, 'the first packet begins a keyframe');
  }
});

function assertContinuous(packets) {
  for (const [index, packet] of packets.entries()) {
    const previous = packets[index - 1] ?? { ...packet, sequence: packet.sequence - 1 };
    assert.equal(packet.ssrc, previous.ssrc);
    assert.equal(packet.payloadType, previous.payloadType);
    assert.equal(packet.sequence, (previous.sequence + 1) & 0xffff, `packet ${index}`);
  }
}

test('three people see and hear each other', async (t) => {
  const room = newRoom();
  const people = [];
  for (const name of ['Ann', 'Bob', 'Eve'])
    people.push(await Peer.join(t, server, room, name));
  for (const person of people)
    await person.start();
  for (const viewer of people) {
    for (const other of people.filter((person) => person !== viewer)) {
      await viewer.receive(other, 'microphone');
      await viewer.receive(other, 'camera');
    }
    assert.ok(viewer.slots.every(({ labels }) => ![...labels].some((label) => label.startsWith(viewer.name))));
  }
});

test('audio and video of one person share a seat: their m-lines have one media stream', async (t) => {
  const room = newRoom();
  const ann = await Peer.join(t, server, room, 'Ann');
  const bob = await Peer.join(t, server, room, 'Bob', { publish: null });
  await ann.start();
  const [audio, video] = [await bob.receive(ann, 'microphone'), await bob.receive(ann, 'camera')];
  const { offer } = bob.subscribers.get(1);
  const streamOf = ({ mid }) => offer.media.find((section) => section.mid === mid).stream;
  assert.ok(streamOf(audio));
  assert.equal(streamOf(audio), streamOf(video));
});

test('another room gets nothing', async (t) => {
  const room = newRoom();
  const ann = await Peer.join(t, server, room, 'Ann');
  const bob = await Peer.join(t, server, room, 'Bob', { publish: null });
  const stranger = await Peer.join(t, server, newRoom(), 'Stranger', { publish: null });
  await ann.start();
  const slot = await bob.receive(ann, 'camera');
  await until('two seconds of video arrived', () => slot.packets.length > 120);
  assert.deepEqual(stranger.slots.flatMap(({ packets }) => packets), []);
  assert.deepEqual([...stranger.slotTracks.values()].filter(Boolean), []);
});

test('who joins late gets a keyframe and sees a picture within a second of being connected', async (t) => {
  const room = newRoom();
  const ann = await Peer.join(t, server, room, 'Ann');
  await ann.start();
  await until('Ann has been talking for a while', () => ann.publisher.track('camera').media.frame > 30);
  const bob = await Peer.join(t, server, room, 'Bob', { publish: null });
  await until('Bob is connected', () => bob.subscribers.get(1)?.transport.isConnected, 10000);
  const connectedAt = performance.now();
  const slot = await bob.receive(ann, 'camera');
  assert.ok(slot.packets[0].isKeyframe);
  assert.ok(slot.packets[0].at - connectedAt < 1000, `took ${slot.packets[0].at - connectedAt} ms`);
});

test('the join\'s result and the slot notification name the tracks that are there', async (t) => {
  const room = newRoom();
  const ann = await Peer.join(t, server, room, 'Ann');
  const bob = await Peer.join(t, server, room, 'Bob', { publish: null });
  const tracks = bob.participants.find(({ id }) => id === ann.id).tracks;
  assert.deepEqual(new Set(tracks.map(({ source }) => source)), new Set(['microphone', 'camera']));
  for (const track of tracks) {
    assert.equal(track.participant, ann.id);
    await until('the slot is announced', () => [...bob.slotTracks.values()].some((on) => on?.id === track.id));
  }
});

test('mute stops the packets; unmute brings a keyframe within a second', async (t) => {
  const room = newRoom();
  const ann = await Peer.join(t, server, room, 'Ann');
  const bob = await Peer.join(t, server, room, 'Bob', { publish: null });
  await ann.start();
  const slot = await bob.receive(ann, 'camera');
  await ann.mute('camera', true);
  assert.equal((await bob.signalling.next('track', ({ event }) => event === 'muted')).track.id, ann.tracks.get('camera').id);
  await settled(slot);
  const before = slot.packets.length;
  await never('a packet of a muted track arrives', () => slot.packets.length > before, 1000);
  const unmutedAt = performance.now();
  await ann.mute('camera', false);
  await bob.signalling.next('track', ({ event }) => event === 'unmuted');
  await until('video is back', () => slot.packets.length > before, 2000);
  const first = slot.packets[before];
  assert.ok(first.isKeyframe, 'the first packet after unmute begins a keyframe');
  assert.ok(first.at - unmutedAt < 1000, `took ${first.at - unmutedAt} ms`);
  await until('video goes on', () => slot.packets.length > before + 30);
  assertContinuous(slot.packets);
});

test('muted audio is silent, and comes back', async (t) => {
  const room = newRoom();
  const ann = await Peer.join(t, server, room, 'Ann');
  const bob = await Peer.join(t, server, room, 'Bob', { publish: null });
  await ann.start();
  const slot = await bob.receive(ann, 'microphone');
  await ann.mute('microphone', true);
  await settled(slot);
  const before = slot.packets.length;
  await never('a packet of a muted track arrives', () => slot.packets.length > before, 500);
  await ann.mute('microphone', false);
  await until('audio is back', () => slot.packets.length > before + 10, 2000);
});

/* What was on its way when the server acted has arrived: nothing came for 100 ms. */
async function settled({ packets }) {
  await until('packets stop', () => performance.now() - packets.at(-1).at > 100, 2000);
}

test('what is published muted is announced muted and sends nothing until unmuted', async (t) => {
  const room = newRoom();
  const ann = await Peer.join(t, server, room, 'Ann', { muted: ['camera'] });
  const bob = await Peer.join(t, server, room, 'Bob', { publish: null });
  await ann.start();
  const audio = await bob.receive(ann, 'microphone');
  await until('audio goes on', () => audio.packets.length > 25);
  assert.equal(bob.participants.find(({ id }) => id === ann.id).tracks.find(({ source }) => source === 'camera').muted, true);
  assert.deepEqual(bob.slots.filter(({ kind }) => kind === 'video').flatMap(({ packets }) => packets), []);
  await ann.mute('camera', false);
  assert.ok((await bob.receive(ann, 'camera')).packets[0].isKeyframe);
});

test('unpublish empties the slot, and publishing again fills one', async (t) => {
  const room = newRoom();
  const ann = await Peer.join(t, server, room, 'Ann');
  const bob = await Peer.join(t, server, room, 'Bob', { publish: null });
  await ann.start();
  await bob.receive(ann, 'camera');
  const gone = ann.tracks.get('camera').id;
  await ann.unpublish('camera');
  await bob.signalling.next('track', ({ event, track }) => event === 'unpublished' && track.id === gone);
  await until('the slot is emptied', () => ![...bob.slotTracks.values()].some((track) => track?.id === gone));
  await ann.publish('camera');
  assert.notEqual(ann.tracks.get('camera').id, gone);
  await bob.receive(ann, 'camera');
});

test('a screen is a track of its own beside the camera', async (t) => {
  const room = newRoom();
  const ann = await Peer.join(t, server, room, 'Ann');
  const bob = await Peer.join(t, server, room, 'Bob', { publish: null });
  await ann.start();
  const camera = await bob.receive(ann, 'camera');
  await ann.publish('screen');
  const screen = await bob.receive(ann, 'screen');
  assert.notEqual(screen.mid, camera.mid);
  assert.equal((await bob.signalling.next('track', ({ event }) => event === 'published')).track.source, 'screen');
});

test('when the publisher leaves, its slots fall silent and are announced empty', async (t) => {
  const room = newRoom();
  const ann = await Peer.join(t, server, room, 'Ann');
  const bob = await Peer.join(t, server, room, 'Bob', { publish: null });
  await ann.start();
  await bob.receive(ann, 'camera');
  await bob.receive(ann, 'microphone');
  await ann.leave();
  await until('the slots are announced empty', () => [...bob.slotTracks.values()].every((track) => track === null));
});

test('sender reports reach the subscriber, for lip synchronisation', async (t) => {
  const room = newRoom();
  const ann = await Peer.join(t, server, room, 'Ann');
  const bob = await Peer.join(t, server, room, 'Bob', { publish: null });
  await ann.start();
  const slots = [await bob.receive(ann, 'camera'), await bob.receive(ann, 'microphone')];
  for (const { ssrc } of slots)
    await until('a sender report comes', () => bob.subscribers.get(1).senderReports.some((report) => report.ssrc === ssrc), 10000);
});

test('the answer to a publisher carries mid, audio level and transport-wide feedback', async (t) => {
  const ann = await Peer.join(t, server, newRoom(), 'Ann');
  const { section: audio } = ann.publisher.track('microphone');
  const { section: video } = ann.publisher.track('camera');
  const uris = (section) => section.extensions.map(({ uri }) => uri);
  assert.ok(uris(audio).includes('urn:ietf:params:rtp-hdrext:ssrc-audio-level'));
  assert.ok(uris(video).some((uri) => uri.includes('transport-wide-cc')));
  const codec = video.codecs.find(({ name }) => name === 'VP8');
  for (const feedback of ['nack', 'nack pli', 'transport-cc'])
    assert.ok(codec.feedback.includes(feedback), feedback);
  assert.ok(video.codecs.some(({ name }) => name.toLowerCase() === 'rtx'), 'rtx');
});
