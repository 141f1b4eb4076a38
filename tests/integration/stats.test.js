/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How well one receives, for who asks. What the numbers are like on a bad line: tests/browser/bandwidth.test.js. */

import assert from 'node:assert/strict';
import * as runner from 'node:test';
import { Peer } from '../lib/peer.js';
import { enter, connect, newRoom, reasonOf } from '../lib/people.js';
import { startServer } from '../lib/server.js';
import { never, until } from '../lib/until.js';

const { test } = runner;
const server = await startServer(runner);

/* A peer that hears and sees another, and what it is told. */
async function watcher(t, options = {}, on = server) {
  const room = newRoom();
  const ann = await Peer.join(t, on, room, 'Ann', {});
  const bob = await Peer.join(t, on, room, 'Bob', { publish: null, ...options });
  const told = [];
  bob.signalling.on('stats', (stats) => told.push(stats));
  await ann.start();
  return { ann, bob, told };
}

/* Of what the protocol does not allow. */
async function refusal({ signalling }, method, params) {
  const { error } = await signalling.raw(JSON.stringify({ id: 99_999, method, params }), 99_999);
  return error?.data.reason;
}

test('who asks is told of each connection and each track, and why it is as it is', { timeout: 30000 }, async (t) => {
  const { bob, told } = await watcher(t);
  await bob.signalling.request('watch_stats', { interval_s: 1 });
  const stats = await until('both tracks flow', () =>
    told.find(({ tracks }) => tracks.length === 2 && tracks.every(({ packets }) => packets > 0)), 15000);
  assert.deepEqual(stats.connections.map(({ target }) => target), [1]);
  assert.ok(stats.connections[0].estimate_bps > 0);
  assert.ok(stats.connections[0].bytes >= stats.tracks.reduce((sum, { bytes }) => sum + bytes, 0));
  const [audio, video] = stats.tracks;
  assert.equal(audio.layer, null);
  assert.equal(audio.reason, 'none');
  assert.equal(video.layer.spatial, 0);
  const slots = [...bob.slotTracks].filter(([, track]) => track).map(([slot, { id }]) => [slot, id]);
  assert.deepEqual(stats.tracks.map(({ target, mid, track }) => [`${target}/${mid}`, track]).sort(), slots.sort());
});

test('a track that is muted says so', { timeout: 30000 }, async (t) => {
  const { ann, bob, told } = await watcher(t);
  await bob.signalling.request('watch_stats', { interval_s: 1 });
  const video = await until('it flows', () => told.at(-1)?.tracks.find(({ layer }) => layer), 15000);
  await ann.signalling.request('mute', { track: video.track, muted: true });
  await until('it is muted', () =>
    told.at(-1).tracks.find(({ track }) => track === video.track)?.reason === 'muted', 10000);
});

test('what the client tells of a slot is told with the rest, within bounds', { timeout: 30000 }, async (t) => {
  const { bob, told } = await watcher(t);
  const tell = (tracks) => bob.signalling.request('reception', { tracks });
  await tell([{ target: 1, mid: 'nobody asked' }]);
  await bob.signalling.request('watch_stats', { interval_s: 1 });
  const { target, mid, received } = (await until('it flows', () =>
    told.at(-1)?.tracks.find(({ layer }) => layer), 15000));
  assert.equal(received, null);
  const figures = { freezes: 2, frozen_ms: 812.5, frames_per_second: 24, jitter_buffer_ms: 61 };
  await tell([{ target, mid, ...figures, secret: 'x' }, { target, mid: 'unknown', concealed: 0.5 }]);
  await until('it is told', () => told.at(-1).tracks.find((track) => track.mid === mid)?.received, 5000);
  assert.deepEqual(told.at(-1).tracks.map((track) => track.received), told.at(-1).tracks.map((track) =>
    (track.mid === mid ? figures : null)));

  for (const wrong of [{ freezes: -1 }, { concealed: 1.1 }, { frames_per_second: 1e9 }, { frozen_ms: 'long' }, { mid: '' }])
    assert.equal(await refusal(bob, 'reception', { tracks: [{ target, mid, ...wrong }] }), 'invalid_params', JSON.stringify(wrong));
  assert.equal(await refusal(bob, 'reception', { tracks: Array(785).fill({ target, mid }) }), 'invalid_params');
  await until('what is not told again is forgotten', () =>
    told.at(-1).tracks.every((track) => track.received === null), 10000);
});

test('a publisher who says that their machine is too slow is why there is no more', { timeout: 30000 }, async (t) => {
  const { ann, bob, told } = await watcher(t);
  await bob.signalling.request('watch_stats', { interval_s: 1 });
  const video = () => told.at(-1)?.tracks.find(({ layer }) => layer);
  const { track } = await until('it flows', video, 15000);
  assert.equal(await reasonOf(bob.signalling.request('limited', { track, reason: 'cpu' })), 'unknown_track');
  assert.equal(await refusal(ann, 'limited', { track, reason: 'heat' }), 'invalid_params');
  for (const [reason, shown] of [['cpu', 'cpu'], ['bandwidth', 'publisher'], ['none', 'none']]) {
    await ann.signalling.request('limited', { track, reason });
    await until(`it is ${shown}`, () => video()?.reason === shown, 10000);
  }
});

test('nobody is told who has not asked, or wants no more', { timeout: 30000 }, async (t) => {
  const { ann, bob, told } = await watcher(t);
  const toAnn = [];
  ann.signalling.on('stats', (stats) => toAnn.push(stats));
  await bob.signalling.request('watch_stats', { interval_s: 1 });
  await until('it is told', () => told.length > 0, 15000);
  await bob.signalling.request('watch_stats', { interval_s: 0 });
  told.length = 0;
  await never('it is told', () => told.length > 0 || toAnn.length > 0, 2500);
});

test('one without media gets empty lists, and one without a room nothing', { timeout: 30000 }, async (t) => {
  const client = await connect(t, server);
  assert.equal(await reasonOf(client.request('watch_stats', { interval_s: 1 })), 'not_joined');
  const eve = await enter(t, server, newRoom(), 'Eve');
  const told = [];
  eve.on('stats', (stats) => told.push(stats));
  await eve.request('watch_stats', { interval_s: 1 });
  await until('it is told', () => told.length > 0, 5000);
  assert.deepEqual(told[0], { connections: [], tracks: [] });
});

/* Nobody here gives feedback, so it stays at that. */
test('who comes is sent no more than a connection is taken to bear', { timeout: 30000 }, async (t) => {
  const narrow = await startServer(t, { config: { media: {
    'min-bandwidth-kbps': 1, 'start-bandwidth-kbps': 1, 'max-bandwidth-kbps': 1,
  } } });
  const { ann, bob, told } = await watcher(t, {}, narrow);
  await bob.signalling.request('watch_stats', { interval_s: 1 });
  const isResting = ({ layer, reason }) => layer === null && reason === 'bandwidth';
  await until('the picture is measured, and rests', () => told.at(-1)?.tracks.some(isResting), 15000);
  const cid = await Peer.join(t, narrow, ann.room.slug, 'Cid', { publish: null });
  const { packets } = await cid.receive(ann, 'microphone');
  await cid.signalling.request('watch_stats', { interval_s: 1 });
  const toldToCid = [];
  cid.signalling.on('stats', ({ tracks }) => toldToCid.push(...tracks));
  await until('he is told that it rests', () => toldToCid.find(isResting), 10000);
  assert.equal(toldToCid.find(isResting).packets, 0);
  assert.ok(packets.length > 0, 'sound goes all the same');
});

test('where packets pass webrtcbin, nothing is measured', { timeout: 30000 }, async (t) => {
  const other = await startServer(t, { config: { media: { 'send-path': 'webrtcbin' } } });
  const { bob, told } = await watcher(t, {}, other);
  await bob.signalling.request('watch_stats', { interval_s: 1 });
  await until('it is told', () => told.length > 0, 5000);
  assert.deepEqual(told[0], { connections: [], tracks: [] });
});
