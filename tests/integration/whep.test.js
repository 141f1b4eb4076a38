/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Watching by WHEP: the client offers, in its own numbers, and the server answers. */

import assert from 'node:assert/strict';
import * as runner from 'node:test';
import { Peer } from '../lib/peer.js';
import { enter, newRoom } from '../lib/people.js';
import { checkHttpError } from '../lib/schema.js';
import { DIALECTS, parseSdp } from '../lib/sdp.js';
import { startServer } from '../lib/server.js';
import { never, until } from '../lib/until.js';
import { SDP, Whep, Whip, fragmentOf, pathOf } from '../lib/whip.js';

const { test } = runner;
const server = await startServer(runner);

async function watching(t, room, query = {}, options = {}, ofServer = server) {
  const whep = await Whep.create(t, ofServer, query, options);
  const response = await whep.post(room);
  assert.equal(response.status, 201, JSON.stringify(response.body));
  return { whep, response };
}

async function sees(whep, kind, label) {
  await until(`${kind} is ${label}`, () => whep.slot(kind).last?.label === label, 10000);
}

async function refused(expectedStatus, expectedReason, promise) {
  const { status, body } = await promise;
  assert.equal(status, expectedStatus, JSON.stringify(body));
  checkHttpError(body);
  assert.equal(body.error.data.reason, expectedReason);
}

async function published(t, room, name, options = { subscribe: false }) {
  const peer = await Peer.join(t, server, room, name, options);
  await peer.start();
  return peer;
}

/* What of an answered m-line is not in the numbers of the offer. */
function strangeNumbers({ kind, codecs, extensions }, offer, dialect) {
  const theirs = DIALECTS[dialect].codecs[kind];
  const offered = parseSdp(offer).media.find((section) => section.kind === kind).extensions;
  const isTheirs = ({ type, name, fmtp }) => theirs.some((codec) => codec.type === type
    && codec.name.toLowerCase() === name.toLowerCase() && (name !== 'rtx' || codec.fmtp === fmtp));
  return [...codecs.filter((codec) => !isTheirs(codec)),
          ...extensions.filter(({ id, uri }) => !offered.some((other) => other.id === id && other.uri === uri))];
}

const WAYS = [['directly', 'chromium', {}], ['directly', 'firefox', {}],
              ['through webrtcbin', 'firefox', { 'send-path': 'webrtcbin' }], ['with libnice', 'chromium', { ice: 'full' }]];

for (const [how, dialect, media] of WAYS) {
  test(`sound and picture come in the numbers of ${dialect}'s offer, ${how}`, async (t) => {
    const itsServer = how === 'directly' ? server : await startServer(t, { config: { media } });
    const room = newRoom();
    const ann = await Peer.join(t, itsServer, room, 'Ann', { subscribe: false });
    const { whep } = await watching(t, room, {}, { dialect }, itsServer);
    const answer = parseSdp(whep.answer);
    assert.deepEqual(answer.media.map(({ mid, kind, direction, setup }) => [mid, kind, direction, setup]),
      [['0', 'audio', 'sendonly', 'passive'], ['1', 'video', 'sendonly', 'passive']]);
    assert.deepEqual(answer.media.flatMap((section) => strangeNumbers(section, whep.offer, dialect)), []);
    assert.ok(answer.media.every(({ port }) => port !== 0));
    assert.equal(answer.media[0].stream, answer.media[1].stream, 'they are played in sync');
    await whep.connect();
    await ann.start();
    await sees(whep, 'audio', 'Ann/microphone');
    await sees(whep, 'video', 'Ann/camera');
    const { payloadType, isKeyframe } = whep.slot('video').packets[0];
    assert.equal(payloadType, DIALECTS[dialect].codecs.video.find(({ name }) => name === 'VP8').type);
    assert.ok(isKeyframe, 'the first packet begins a keyframe');
    assert.deepEqual(whep.subscriber.strayPackets, []);
  });
}

test('what is lost is sent again, on the offer\'s payload type for it', async (t) => {
  const room = newRoom();
  await published(t, room, 'Ann');
  const { whep } = await watching(t, room);
  await whep.connect();
  await sees(whep, 'video', 'Ann/camera');
  const video = whep.slot('video');
  whep.subscriber.sendNack(video, [video.last.sequence]);
  const again = await until('a packet comes again', () => video.retransmitted[0]);
  assert.equal(again.payloadType, 97);
});

for (const [kind, other] of [['audio', 'video'], ['video', 'audio']]) {
  test(`who offers ${kind} alone gets ${kind} alone`, async (t) => {
    const room = newRoom();
    await published(t, room, 'Ann');
    const { whep } = await watching(t, room, {}, { kinds: [kind] });
    assert.deepEqual(parseSdp(whep.answer).media.map((section) => section.kind), [kind]);
    await whep.connect();
    await sees(whep, kind, kind === 'audio' ? 'Ann/microphone' : 'Ann/camera');
    assert.equal(whep.slot(other), undefined);
    assert.deepEqual(whep.subscriber.strayPackets, []);
  });
}

test('header extensions of high numbers are left out, or go in the form for them', async (t) => {
  const room = newRoom();
  const ann = await published(t, room, 'Ann');
  ann.talk();
  const whep = await Whep.create(t, server);
  whep.offer = whep.offer.replaceAll('a=extmap:3 ', 'a=extmap:20 ').replaceAll('a=extmap:1 ', 'a=extmap:21 ');
  assert.equal((await whep.post(room)).status, 201);
  assert.deepEqual(parseSdp(whep.answer).media[0].extensions.map(({ id }) => id), [21]);
  await whep.connect();
  await sees(whep, 'video', 'Ann/camera');
  await sees(whep, 'audio', 'Ann/microphone');
  assert.ok(whep.slot('audio').last.extensions.some(({ id }) => id === 21), 'the level');
});

test('m-lines are answered in the order of the offer', async (t) => {
  const room = newRoom();
  await published(t, room, 'Ann');
  const { whep } = await watching(t, room, {}, { kinds: ['video', 'audio'] });
  assert.deepEqual(parseSdp(whep.answer).media.map(({ mid, kind }) => [mid, kind]), [['0', 'video'], ['1', 'audio']]);
  await whep.connect();
  await sees(whep, 'video', 'Ann/camera');
  await sees(whep, 'audio', 'Ann/microphone');
});

test('it follows who leads, and the one who stays when they go', async (t) => {
  const room = newRoom();
  const ann = await published(t, room, 'Ann');
  const bob = await published(t, room, 'Bob');
  ann.hush();
  bob.hush();
  const { whep } = await watching(t, room);
  await whep.connect();
  await sees(whep, 'video', 'Ann/camera');
  bob.talk();
  await sees(whep, 'video', 'Bob/camera');
  await sees(whep, 'audio', 'Bob/microphone');
  await bob.leave();
  await sees(whep, 'video', 'Ann/camera');
  await sees(whep, 'audio', 'Ann/microphone');
});

test('it follows whom it names, whoever talks, and whenever they come', async (t) => {
  const room = newRoom();
  const ann = await published(t, room, 'Ann');
  ann.talk();
  const { whep } = await watching(t, room, { participant: 'Bob' });
  await whep.connect();
  const bob = await published(t, room, 'Bob');
  await sees(whep, 'video', 'Bob/camera');
  await sees(whep, 'audio', 'Bob/microphone');
  assert.deepEqual([...whep.slot('video').labels, ...whep.slot('audio').labels], ['Bob/camera', 'Bob/microphone']);
  const { whep: byId } = await watching(t, room, { participant: bob.id });
  await byId.connect();
  await sees(byId, 'video', 'Bob/camera');
  await bob.leave();
  const from = whep.slot('video').packets.length;
  await never('Ann is seen instead', () => whep.slot('video').carrying('Ann/camera', from).length > 0);
});

test('what is off or goes gives way to what is on, and a screen comes before a camera', async (t) => {
  const room = newRoom();
  const ann = await published(t, room, 'Ann');
  const bob = await published(t, room, 'Bob');
  const { whep } = await watching(t, room);
  await whep.connect();
  await sees(whep, 'video', 'Ann/camera');
  await sees(whep, 'audio', 'Ann/microphone');
  await ann.mute('camera', true);
  await sees(whep, 'video', 'Bob/camera');
  await ann.mute('camera', false);
  const from = whep.slot('video').packets.length;
  await never('it changes without a reason', () => whep.slot('video').carrying('Ann/camera', from).length > 0);
  await ann.unpublish('microphone');
  await sees(whep, 'audio', 'Bob/microphone');
  const { whep: ofBob } = await watching(t, room, { participant: 'Bob' });
  await ofBob.connect();
  await sees(ofBob, 'video', 'Bob/camera');
  await bob.publish('screen');
  await sees(ofBob, 'video', 'Bob/screen');
});

test('what WHIP publishes, WHEP shows', async (t) => {
  const room = newRoom();
  const whip = await Whip.create(t, server, 'Cam');
  assert.equal((await whip.post(room)).status, 201);
  await whip.connect();
  whip.startMedia();
  const { whep } = await watching(t, room, { name: 'Wall' });
  await whep.connect();
  await sees(whep, 'video', 'Cam/camera');
});

test('a viewer is in the list by name, until DELETE or kick', async (t) => {
  const room = newRoom();
  const host = await enter(t, server, room, 'Host');
  const told = (event) => host.next('participant', (params) => params.event === event && params.participant.name === 'Wall');
  const { whep } = await watching(t, room, { name: 'Wall' });
  await told('joined');
  await refused(404, 'not_joined', server.http('DELETE', whep.resource.replace('/whep/', '/whip/')));
  assert.equal((await whep.delete()).status, 200);
  await told('left');
  const { whep: other } = await watching(t, room, { name: 'Wall' });
  const { participant } = await told('joined');
  await host.request('kick', { participant: participant.id });
  await told('left');
  await refused(404, 'not_joined', other.delete());
});

test('viewers share their token, and each has a session of its own', async (t) => {
  const room = newRoom();
  const first = await Whep.create(t, server, { name: 'Wall' });
  const second = await Whep.create(t, server, { name: 'Wall' });
  assert.equal((await first.post(room, { token: 'shared' })).status, 201);
  assert.equal((await second.post(room, { token: 'shared' })).status, 201);
  assert.equal((await first.delete({ token: 'shared' })).status, 200);
  assert.equal((await second.delete({ token: 'shared' })).status, 200);
});

test('candidates come later, but no new ICE session', async (t) => {
  const { whep, response } = await watching(t, newRoom());
  assert.equal(response.headers.get('etag'), null);
  assert.equal((await whep.patch(fragmentOf(whep.transport))).status, 204);
  await refused(422, 'media_error', whep.patch(fragmentOf({ ufrag: 'anew', password: 'n'.repeat(22) }), { headers: { 'if-match': '*' } }));
});

test('an offer that is not a player\'s is refused, and nobody joins', async (t) => {
  const room = newRoom();
  const whep = await Whep.create(t, server, { name: 'Wall' });
  const post = (body) => server.http('POST', pathOf('whep', room), { body, headers: SDP });
  const { offer } = whep;
  const twoVideos = offer.replace(/m=audio[^]*?(?=m=video)/, '').replace(/(m=video[^]*)/, (line) => `${line.replace('a=mid:1', 'a=mid:0')}${line}`);
  for (const body of ['', 'v=0', offer.replaceAll('recvonly', 'sendonly'), offer.replaceAll('recvonly', 'inactive'), twoVideos,
                      offer.replaceAll('actpass', 'passive'), offer.replaceAll('opus', 'pcma'), offer.replace(/a=fingerprint.*/g, '')])
    await refused(400, 'media_error', post(body));
  const { body } = await post(offer.replace('recvonly', 'sendrecv'));
  assert.match(body.error.message, /to receive/);
  assert.equal((await server.http('GET', `/room/${room}`)).status, 404);
});

test('sessions that come and go leave nothing behind', async (t) => {
  const itsServer = await startServer(t);
  const room = newRoom();
  const whip = await Whip.create(t, itsServer, 'Cam');
  const whep = await Whep.create(t, itsServer);
  const comeAndGo = async () => {
    for (const client of [whip, whep]) {
      assert.equal((await client.post(room)).status, 201);
      assert.equal((await client.delete()).status, 200);
    }
  };
  await comeAndGo();
  const { threadCount, descriptorCount } = itsServer;
  for (let round = 0; round < 30; round++)
    await comeAndGo();
  await until('threads and descriptors are as they were', () =>
    itsServer.threadCount <= threadCount && itsServer.descriptorCount <= descriptorCount);
});
