/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Layers of a picture: what a subscriber says that it has use for, what it gets, and what the publisher is told of it. */

import assert from 'node:assert/strict';
import * as runner from 'node:test';
import { Peer } from '../lib/peer.js';
import { newRoom, reasonOf } from '../lib/people.js';
import { startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;

/* Ann, who sends her camera, and Bob, who gets it on `slot`. */
async function startCall(t, { simulcast = true } = {}) {
  const server = await startServer(t);
  const room = newRoom();
  const bob = await Peer.join(t, server, room, 'Bob', { publish: null });
  const ann = await Peer.join(t, server, room, 'Ann', { publish: ['camera'], simulcast });
  const { id } = ann.tracks.get('camera');
  return { server, room, ann, bob, id, layers: ann.publisher.track('camera').layers };
}

async function receives(bob, id, rid) {
  return await until(`Bob receives ${rid}`, () => {
    bob.throwErrors();
    const slot = bob.slotOf(id);
    return slot?.last?.label === `Ann/camera/${rid}` ? slot : undefined;
  }, 10000);
}

async function layersArrive(bob, id, widths) {
  const { track } = await bob.signalling.next('track', ({ event, track: { layers } }) =>
    event === 'updated' && layers?.map(({ width }) => width).join() === widths.join());
  assert.equal(track.id, id);
}

/* As if it had been one stream all along; but as layers come by threads of their own, the last of one may be overtaken by
 * the first of the next. */
function assertSeamless(arrived) {
  const [{ sequence: first }] = arrived;
  const place = ({ sequence }) => (sequence - first + 0x100) & 0xffff;
  const packets = [...arrived].sort((a, b) => place(a) - place(b));
  for (const [i, packet] of packets.slice(1).entries()) {
    const before = packets[i];
    assert.equal(packet.sequence, (before.sequence + 1) & 0xffff);
    if (packet.label !== before.label)
      assert.ok(packet.isKeyframe, 'another layer begins with a keyframe');
    if (packet.isStart) {
      assert.equal(packet.pictureId, (before.pictureId + 1) & 0x7fff);
      assert.equal(packet.tl0PicIdx, (before.tl0PicIdx + (packet.temporal === 0)) & 0xff);
    }
  }
}

test('a subscriber gets the layer that fits, without a break from one to the next', async (t) => {
  const { ann, bob, id, layers } = await startCall(t);
  await ann.start();
  await layersArrive(bob, id, [320, 640, 1280]);
  const slot = await receives(bob, id, 'f');
  for (const [settings, rid, spatial] of [[{ quality: 'low' }, 'q', 0], [{ width: 500, height: 200 }, 'h', 1], [{}, 'f', 2]]) {
    await bob.signalling.request('track_settings', { track: id, ...settings });
    const { layer, mid } = await bob.signalling.next('layer', ({ layer: now }) => now?.spatial === spatial);
    assert.deepEqual(layer, { spatial, temporal: 3 });
    assert.equal(mid, slot.mid);
    await receives(bob, id, rid);
  }
  assertSeamless(slot.packets);
  assert.ok(layers.every(({ media }) => media.keyframesSent < 10), 'keyframes are asked for, and not over and over');
});

test('the old layer goes on until the new one\'s keyframe is there', async (t) => {
  const { ann, bob, id, layers: [low] } = await startCall(t);
  const request = low.media.requestKeyframe.bind(low.media);
  await ann.start();
  const slot = await receives(bob, id, 'f');
  await until('a keyframe of it is long past', () => slot.last.frame > 10);
  low.media.requestKeyframe = () => setTimeout(request, 700);
  await bob.signalling.request('track_settings', { track: id, quality: 'low' });
  await receives(bob, id, 'q');
  const index = slot.packets.findIndex(({ label }, i) => label.endsWith('q') && slot.packets[i - 1]?.label.endsWith('f'));
  assert.ok(slot.packets[index].frame - slot.packets[index - 1].frame < 6, 'those 20 pictures were not missed');
});

test('a layer that stops coming is replaced by the next lower one, and taken up again', async (t) => {
  const { ann, bob, id, layers } = await startCall(t);
  await ann.start();
  const slot = await receives(bob, id, 'f');
  const [, , full] = layers;
  full.media.stop();
  const stoppedAt = performance.now();
  await receives(bob, id, 'h');
  assert.ok(performance.now() - stoppedAt < 4000);
  full.media.start();
  await receives(bob, id, 'f');
  assertSeamless(slot.packets);
});

test('the publisher is told which layers anybody has use for: of more at once, of fewer after two seconds', async (t) => {
  const { server, room, ann, bob, id } = await startCall(t);
  await ann.start();
  await receives(bob, id, 'f');
  const settings = (params) => bob.signalling.request('track_settings', { track: id, ...params });
  const wanted = () => ann.signalling.next('layers_wanted');
  const from = performance.now();
  await settings({ quality: 'low' });
  assert.deepEqual(await wanted(), { track: id, mid: '1', layers: [0] });
  assert.ok(performance.now() - from > 1800);

  const eve = await Peer.join(t, server, room, 'Eve', { publish: null });
  assert.deepEqual((await wanted()).layers, [0, 1, 2]);
  await settings({ quality: 'off' });
  await eve.signalling.request('track_settings', { track: id, quality: 'medium' });
  assert.deepEqual((await wanted()).layers, [0, 1]);
  await eve.leave();
  assert.deepEqual((await wanted()).layers, []);
  await settings({});
  assert.deepEqual((await wanted()).layers, [0, 1, 2]);
});

/* Peers here go on sending what they are told that nobody has use for. */
test('whoever does not rest what nobody has use for is held back by RTCP, until it is wanted again', async (t) => {
  const { ann, bob, id } = await startCall(t);
  const { bounds } = ann.publisher;
  const settings = (params) => bob.signalling.request('track_settings', { track: id, ...params });
  const bound = (what, isRight) => until(what, () => (isRight(bounds.at(-1)) ? bounds.at(-1) : undefined), 15000);
  await ann.start();
  await receives(bob, id, 'f');
  assert.deepEqual(bounds, []);
  await settings({ quality: 'off' });
  const held = (what) => bound(what, (bps) => bps < 1e8);
  const lifted = () => bound('she is not any more', (bps) => bps > 1e8);
  const nothing = await held('she is held back');
  assert.ok(nothing >= 490000, 'to no less than a picture begins with that is good enough');
  await settings({ quality: 'medium' });
  await lifted();
  const medium = await held('she is to the two smaller pictures');
  assert.ok(medium > nothing, 'what they may take, though they are still');
  const { length } = bounds;
  await until('it is said again, lest it was lost', () => bounds.length > length);
  await settings({});
  await lifted();
  const { length: nBefore } = bounds;
  await until('this is said again, too, for seconds', () => bounds.length >= nBefore + 5, 15000);
});

test('who publishes where nobody is, while joining or later, is told that nobody has use for it', async (t) => {
  const server = await startServer(t);
  for (const late of [false, true]) {
    const ann = await Peer.join(t, server, newRoom(), 'Ann', { late });
    const { track, layers } = await ann.signalling.next('layers_wanted');
    assert.equal(track, ann.tracks.get('camera').id);
    assert.deepEqual(layers, []);
  }
});

test('of a plain track temporal layers are left out, and the numbers close up', async (t) => {
  const { ann, bob, id } = await startCall(t, { simulcast: false });
  ann.publisher.track('camera').media.pattern = [[0, true], [2, true], [1, true], [2, false]];
  await ann.start();
  const slot = await bob.receive(ann, 'camera');
  const temporals = (from) => [...new Set(slot.packets.slice(from).map(({ temporal }) => temporal))].sort().join();
  await until('all layers come', () => temporals(0) === '0,1,2');
  /* Three quarters of what Ann sends, which is less on a busy machine: all but the topmost layer are half of it. */
  const media = ann.publisher.track('camera').media;
  for (let deadline = performance.now() + 15000; temporals(-20) !== '0,1' && performance.now() < deadline;) {
    const [frame, at] = [media.frame, performance.now()];
    await until('Ann sends more', () => media.frame > frame + 20);
    const frameRate = Math.round(0.75 * 1000 * (media.frame - frame) / (performance.now() - at));
    await bob.signalling.request('track_settings', { track: id, frame_rate: frameRate });
    const { length } = slot.packets;
    await until('Bob gets more', () => slot.packets.length > length + 25);
  }
  assert.equal(temporals(-20), '0,1');
  await bob.signalling.request('track_settings', { track: id, frame_rate: 1 });
  await until('only the base layer comes', () => temporals(-20) === '0');
  await bob.signalling.request('track_settings', { track: id });
  await until('all layers come again', () => temporals(-20) === '0,1,2');
  assertSeamless(slot.packets);
});

test('a track that is off is told and silent, and comes back with a keyframe', async (t) => {
  const { ann, bob, id } = await startCall(t, { simulcast: false });
  await ann.start();
  const slot = await bob.receive(ann, 'camera');
  await bob.signalling.request('track_settings', { track: id, quality: 'off' });
  assert.equal((await bob.signalling.next('layer')).layer, null);
  const { length } = slot.packets;
  await ann.signalling.next('layers_wanted', ({ layers }) => layers.length === 0);
  assert.ok(slot.packets.length <= length + 2, 'but for what was on its way');
  await bob.signalling.request('track_settings', { track: id, quality: 'high' });
  assert.deepEqual((await bob.signalling.next('layer')).layer, { spatial: 0, temporal: 3 });
  const packet = await until('it comes back', () => slot.packets[length + 2]);
  assert.ok(packet);
});

test('settings are for tracks that one is sent', async (t) => {
  const { ann, bob, id } = await startCall(t);
  const reason = (peer, params) => reasonOf(peer.signalling.request('track_settings', params));
  assert.equal(await reason(bob, { track: id, width: 16384, height: 1, frame_rate: 240 }), 'no error');
  assert.equal(await reason(bob, { track: bob.id }), 'unknown_track');
  assert.equal(await reason(ann, { track: id }), 'unknown_track');
  await ann.unpublish('camera');
  assert.equal(await reason(bob, { track: id }), 'unknown_track');
});
