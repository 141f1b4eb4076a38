/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who speaks; who is seen and heard where not everybody can be; and whom the host mutes. */

import assert from 'node:assert/strict';
import * as runner from 'node:test';
import { Peer } from '../lib/peer.js';
import { connect, newRoom, reasonOf } from '../lib/people.js';
import { startServer } from '../lib/server.js';
import { never, until } from '../lib/until.js';

const { test } = runner;
const MAX_AUDIO = 3;
const server = await startServer(runner, { config: { media: { 'max-audio': MAX_AUDIO } } });

/* Publishers who are on, and silent; they look at nobody. */
async function enter(t, room, names, options) {
  const peers = [];
  for (const name of names) {
    const peer = await Peer.join(t, server, room, name, { subscribe: false, ...options });
    await peer.start();
    if (peer.tracks.has('microphone'))
      peer.hush();
    peers.push(peer);
  }
  return peers;
}

const leads = (viewer, peer) => viewer.signalling.next('speakers', ({ leader }) => leader === peer.id, 8000);

/* Who speaks and who leads, without how loud it is. */
const describe = ({ leader, speakers }) => JSON.stringify([leader, speakers.map(({ participant }) => participant).sort()]);
const isToldAgain = (news, i, all) => i > 0 && describe(news) === describe(all[i - 1]);

/* Whose tracks of this source the viewer's slots carry, in alphabetical order. */
function carried(viewer, peers, source) {
  const ids = new Set([...viewer.slotTracks.values()].filter(Boolean).map(({ id }) => id));
  return peers.filter((peer) => ids.has(peer.tracks.get(source)?.id)).map(({ name }) => name).sort().join(' ');
}

test('who speaks is told, loudest first; on change alone; and to who comes later', async (t) => {
  const room = newRoom();
  const [viewer] = await enter(t, room, ['Viewer'], { subscribe: true, publish: null });
  const [ann, bob] = await enter(t, room, ['Ann', 'Bob'], { publish: ['microphone'] });
  await never('anybody speaks', () => viewer.signalling.received('speakers').length);

  ann.talk(-30);
  const first = await leads(viewer, ann);
  assert.deepEqual(first.speakers.map(({ participant }) => participant), [ann.id]);
  assert.ok(first.speakers[0].level >= -80 && first.speakers[0].level <= -30, `${first.speakers[0].level} dBov`);
  await leads(ann, ann);

  bob.talk(-10);
  const both = await leads(viewer, bob);
  assert.deepEqual(both.speakers.map(({ participant }) => participant), [bob.id, ann.id]);
  await never('the same is told twice', () => viewer.signalling.received('speakers').some(isToldAgain), 2000);

  ann.hush();
  bob.hush();
  const silence = await viewer.signalling.next('speakers', ({ speakers }) => speakers.length === 0);
  assert.equal(silence.leader, bob.id, 'who led last, leads');
  const late = await connect(t, server);
  const { speaking } = await late.request('join', { sid: room, config: { NoPublish: true, NoSubscribe: true } });
  assert.deepEqual(speaking, silence);

  await bob.leave();
  assert.equal((await viewer.signalling.next('speakers', ({ leader }) => leader !== bob.id)).leader, null);
});

test('with two seats for five, who led last is seen, and a pin holds; all are heard that talk; nothing is negotiated', async (t) => {
  const room = newRoom();
  const [viewer] = await enter(t, room, ['Viewer'], { subscribe: true, publish: null, config: { max_video: 2 } });
  assert.equal(viewer.maxVideo, 2);
  const peers = await enter(t, room, ['Ann', 'Bob', 'Cem', 'Dan', 'Eve']);
  const [ann, bob, cem, dan, eve] = peers;
  const seen = () => carried(viewer, peers, 'camera');
  await viewer.receive(ann, 'camera');
  await viewer.receive(bob, 'camera');
  assert.equal(seen(), 'Ann Bob');
  await until('as many are heard as the server sends', () => carried(viewer, peers, 'microphone').split(' ').length === MAX_AUDIO, 20000);
  const { sdpCount } = viewer.signalling;

  /* Nobody expects it: Eve is neither seen nor heard before. */
  eve.talk();
  await viewer.receive(eve, 'microphone', 5000);
  await viewer.receive(eve, 'camera');
  assert.equal(seen().split(' ').length, 2);
  eve.hush();
  dan.talk();
  await viewer.receive(dan, 'camera');
  assert.equal(seen(), 'Dan Eve');

  await viewer.signalling.request('pin', { participant: cem.id, pinned: true });
  await viewer.receive(cem, 'camera');
  assert.equal(seen(), 'Cem Dan');
  dan.hush();
  ann.talk();
  await viewer.receive(ann, 'camera');
  assert.equal(seen(), 'Ann Cem');
  await viewer.signalling.request('pin', { participant: cem.id, pinned: false });
  await viewer.receive(dan, 'camera');
  assert.equal(seen(), 'Ann Dan');

  /* A screen comes first, a camera that is off takes no seat. */
  await bob.publish('screen');
  await viewer.receive(bob, 'screen');
  assert.equal(seen(), 'Ann');
  await ann.mute('camera', true);
  await viewer.receive(dan, 'camera');
  assert.equal(seen(), 'Dan');
  assert.equal(viewer.signalling.sdpCount, sdpCount);
  assert.equal(await reasonOf(viewer.signalling.request('pin', { participant: viewer.room.id, pinned: true })), 'unknown_participant');
});

test('whoever begins to talk in a large room is heard at once', async (t) => {
  const room = newRoom();
  const peers = await enter(t, room, ['Ann', 'Bob', 'Cem', 'Dan', 'Eve'], { publish: ['microphone'] });
  const [viewer] = await enter(t, room, ['Viewer'], { subscribe: true, publish: null, config: { max_video: 0 } });
  const heard = () => carried(viewer, peers, 'microphone').split(' ');
  await until('as many are heard as the server sends', () => heard().length === MAX_AUDIO, 20000);
  for (const peer of peers.filter(({ name }) => !heard().includes(name))) {
    const began = performance.now();
    peer.talk();
    const slot = await viewer.receive(peer, 'microphone', 5000);
    const delay = slot.carrying(`${peer.name}/microphone`)[0].at - began;
    t.diagnostic(`heard after ${Math.round(delay)} ms`);
    assert.ok(delay < 3000, `heard after ${delay} ms`);
    assert.equal(heard().length, MAX_AUDIO);
    peer.hush();
  }
});

test('one who takes no pictures gets sound alone', async (t) => {
  const room = newRoom();
  const [viewer] = await enter(t, room, ['Viewer'], { subscribe: true, publish: null, config: { max_video: 0 } });
  const [ann] = await enter(t, room, ['Ann']);
  await viewer.receive(ann, 'microphone');
  await never('a picture comes', () => carried(viewer, [ann], 'camera'));
});

test('the host mutes somebody, who is told by whom and can undo it; nobody else can', async (t) => {
  const room = newRoom();
  const [host] = await enter(t, room, ['Host'], { subscribe: true, publish: null });
  const [guest, eve] = await enter(t, room, ['Guest', 'Eve'], { publish: ['microphone'] });
  const track = guest.tracks.get('microphone').id;
  const request = (peer, params) => peer.signalling.request('mute', { track, ...params });
  const slot = await host.receive(guest, 'microphone');

  assert.equal(await reasonOf(request(eve, { muted: true })), 'forbidden');
  await request(host, { muted: true });
  for (const peer of [guest, eve]) {
    const told = await peer.signalling.next('track', ({ event }) => event === 'muted');
    assert.equal(told.by, host.id);
    assert.deepEqual([told.track.id, told.track.muted], [track, true]);
  }
  await until('it is not heard any more', () => performance.now() - slot.last.at > 500);
  const count = slot.packets.length;
  assert.equal(await reasonOf(request(host, { muted: false })), 'forbidden');
  await request(guest, { muted: false });
  const undone = await eve.signalling.next('track', ({ event }) => event === 'unmuted');
  assert.equal(undone.by, undefined);
  await until('it is heard again', () => slot.packets.length > count);
});

test('whom the host squelches stays muted, also when they publish anew or come back, until it is lifted', async (t) => {
  const room = newRoom();
  const [host, guest] = await enter(t, room, ['Host', 'Guest'], { publish: ['microphone'] });
  const track = () => guest.tracks.get('microphone');
  const squelch = (squelched) => host.signalling.request('mute', { track: track().id, muted: true, squelched });
  await squelch(true);
  assert.equal((await guest.signalling.next('track')).track.squelched, true);
  assert.equal(await reasonOf(guest.mute('microphone', false)), 'forbidden');
  await guest.unpublish('microphone');
  await guest.publish('microphone');
  assert.deepEqual([track().muted, track().squelched], [true, true]);

  const again = await Peer.join(t, server, room, 'Guest', { publish: ['microphone'], session: guest.session, subscribe: false });
  assert.equal(again.id, guest.id);
  assert.equal(await reasonOf(again.mute('microphone', false)), 'forbidden');
  guest.tracks = again.tracks;
  await squelch(false);
  await again.mute('microphone', false);
});
