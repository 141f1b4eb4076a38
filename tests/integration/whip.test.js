/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Publishing by WHIP (RFC 9725): one HTTP request, and what may be wrong with it. */

import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import * as runner from 'node:test';
import { startSetups } from '../lib/nodes.js';
import { Peer } from '../lib/peer.js';
import { connect, enter, joinRoom, newRoom } from '../lib/people.js';
import { checkHttpError } from '../lib/schema.js';
import { parseSdp } from '../lib/sdp.js';
import { startServer } from '../lib/server.js';
import { until } from '../lib/until.js';
import { SDP, Whip, fragmentOf, pathOf } from '../lib/whip.js';

const { test } = runner;
const ICE_SERVERS = 'stun:stun.example.org;turn:turn.example.org?transport=tcp';
const config = { media: { 'client-ice-servers': ICE_SERVERS, 'turn-secret': 'se"cret' } };
const server = await startServer(runner, { config });

const joined = (host, name) => host.next('participant', ({ event, participant }) =>
  event === 'joined' && participant.name === name);
const left = (host, name, deadlineMs) => host.next('participant', ({ event, participant }) =>
  event === 'left' && participant.name === name, deadlineMs);

async function refused(expectedStatus, expectedReason, promise) {
  const { status, body, headers } = await promise;
  assert.equal(status, expectedStatus, JSON.stringify(body));
  checkHttpError(body);
  assert.equal(body.error.data.reason, expectedReason);
  if (expectedReason === 'media_error')
    assert.equal(body.error.code, expectedStatus);
  return headers;
}

async function posted(t, room, name, options, ofServer = server) {
  const whip = await Whip.create(t, ofServer, name, options);
  const response = await whip.post(room, options);
  assert.equal(response.status, 201, JSON.stringify(response.body));
  return { whip, response };
}

async function countMembers(room) {
  return (await server.http('GET', `/room/${room}`)).body.n_members ?? 0;
}

test('one request publishes: the others see who it is, and get sound and picture, until DELETE', async (t) => {
  const room = newRoom('🎥');
  const bob = await Peer.join(t, server, room, 'Bob', { publish: null });
  const { whip, response } = await posted(t, room, 'Cam-é');
  assert.equal(response.headers.get('content-type'), 'application/sdp');
  assert.match(response.headers.get('location'), new RegExp(`^/whip/${encodeURIComponent(room)}/[\\w-]{43}$`));
  const { participant } = await joined(bob.signalling, 'Cam-é');
  await whip.connect();
  whip.startMedia();
  for (const source of ['microphone', 'camera']) {
    const { track } = await bob.signalling.next('track', (event) => event.track.source === source);
    assert.equal(track.participant, participant.id);
    await bob.receive({ name: 'Cam-é', tracks: new Map([[source, track]]) }, source);
  }
  assert.equal((await whip.delete()).status, 200);
  await left(bob.signalling, 'Cam-é');
  await refused(404, 'not_joined', whip.delete());
  await refused(404, 'not_joined', whip.patch(fragmentOf({ ufrag: 'abcd', password: 'x'.repeat(22) })));
});

for (const [how, media] of Object.entries({ 'ICE-lite': {}, 'libnice': { ice: 'full' } })) {
  test(`the answer has every candidate of ours, with ${how}`, async (t) => {
    const itsServer = how === 'ICE-lite' ? server : await startServer(t, { config: { media } });
    const { whip } = await posted(t, newRoom(), 'Cam', {}, itsServer);
    const { media: [audio, video], candidates } = parseSdp(whip.answer);
    assert.ok(candidates.length > 0);
    assert.deepEqual(candidates, audio.candidates, 'all m-lines go by the first one\'s transport');
    assert.equal(audio.lines.at(-1), 'a=end-of-candidates');
    assert.deepEqual([audio.direction, video.direction], ['recvonly', 'recvonly']);
    await whip.connect();
    assert.equal((await whip.delete()).status, 200);
  });
}

test('simulcast is answered with its layers', async (t) => {
  const { whip } = await posted(t, newRoom(), 'Cam', { simulcast: true });
  assert.ok(parseSdp(whip.answer).media[1].lines.includes('a=simulcast:recv q;h;f'));
});

test('the answer names the ICE servers of clients, with credentials of their own', async (t) => {
  const { response } = await posted(t, newRoom(), 'Cam');
  const links = response.headers.get('link').split(', ');
  assert.equal(links[0], '<stun:stun.example.org>; rel="ice-server"');
  assert.match(links[1], new RegExp('^<turn:turn\\.example\\.org\\?transport=tcp>; rel="ice-server"; '
    + 'username="\\d+:[-0-9a-f]{36}"; credential="[\\w+/=]{28}"; credential-type="password"$'));
});

test('candidates come later, of this ICE session alone', async (t) => {
  const { whip, response } = await posted(t, newRoom(), 'Cam');
  const { transport } = whip.publisher;
  const candidates = ['candidate:1 1 udp 2130706431 192.0.2.7 4000 typ host', 'candidate:2 0 udp no candidate at all'];
  const fragment = fragmentOf(transport, candidates);
  const etag = response.headers.get('etag');
  assert.match(etag, /^"[^"]+"$/, 'a strong validator');
  assert.equal((await whip.patch(fragment)).status, 204);
  for (const match of [etag, '*', `"other", ${etag}`])
    assert.equal((await whip.patch(fragment, { headers: { 'if-match': match } })).status, 204);
  await refused(412, 'invalid_request', whip.patch(fragment, { headers: { 'if-match': '"other"' } }));
  await refused(412, 'invalid_request', whip.patch(fragment, { headers: { 'if-match': `W/${etag}` } }));
});

test('new ICE credentials begin a new ICE session, and another tag', async (t) => {
  const { whip, response } = await posted(t, newRoom(), 'Cam');
  const anew = fragmentOf({ ufrag: 'anew', password: 'n'.repeat(22) });
  const headers = { 'if-match': '*' };
  await whip.connect();
  await refused(428, 'invalid_request', whip.patch(anew));
  await refused(412, 'invalid_request', whip.patch(anew, { headers: { 'if-match': '"other"' } }));
  const restarted = await whip.patch(anew, { headers });
  assert.equal(restarted.status, 200, JSON.stringify(restarted.body));
  assert.equal(restarted.headers.get('content-type'), 'application/trickle-ice-sdpfrag');
  assert.notEqual(restarted.headers.get('etag'), response.headers.get('etag'));
  assert.match(restarted.body, /^a=ice-lite\r\na=group:BUNDLE 0 1\r\nm=audio .*\r\na=mid:0\r\na=ice-ufrag:\S+\r\na=ice-pwd:\S+\r\na=candidate:/);
  await refused(412, 'invalid_request', whip.patch(anew, { headers: { 'if-match': response.headers.get('etag') } }));
  assert.equal((await whip.patch(anew)).status, 204, 'it is the one there is now');
  await refused(400, 'media_error', whip.patch(fragmentOf({ ufrag: 'x', password: 'y' }), { headers }));
  assert.equal((await whip.patch(anew)).status, 204, 'and still is');
});

test('a session is its maker\'s: others need the same Authorization header', async (t) => {
  const room = newRoom();
  const { whip } = await posted(t, room, 'Cam', { token: 'stream-key' });
  for (const token of [undefined, 'another', 'stream-ke'])
    await refused(401, 'unauthorized', whip.delete({ token }));
  await refused(401, 'unauthorized', whip.patch(fragmentOf(whip.transport)));
  assert.equal(await countMembers(room), 1);
  assert.equal((await whip.patch(fragmentOf(whip.transport), { token: 'stream-key' })).status, 204);
  assert.equal((await whip.delete({ token: 'stream-key' })).status, 200);
});

test('who publishes again under the same header takes their place, in a full room too', async (t) => {
  const room = newRoom();
  await server.http('POST', '/room/create', { json: { slug: room, max_members: 2 } });
  const bob = await Peer.join(t, server, room, 'Bob', { publish: null });
  const { whip: first } = await posted(t, room, 'Cam', { token: 'stream-key' });
  const { participant } = await joined(bob.signalling, 'Cam');
  const { whip: second } = await posted(t, room, 'Cam', { token: 'stream-key' });
  await refused(404, 'not_joined', first.delete({ token: 'stream-key' }));
  await second.connect();
  second.startMedia();
  await until('Bob gets the second', () => bob.slots.some(({ last }) => last?.label === 'Cam/camera'));
  assert.deepEqual(bob.signalling.received('participant', ({ event }) => event === 'left'), []);
  assert.equal((await server.http('GET', `/room/${room}`)).body.n_members, 2);
  const last = bob.signalling.received('track', ({ event }) => event === 'published').at(-1);
  assert.equal(last.track.participant, participant.id);
  for (const [name, token] of [['Cam', 'another'], ['Other', 'stream-key'], ['Cam', undefined]]) {
    const other = await Whip.create(t, server, name);
    await refused(409, 'room_full', other.post(room, { token }));
  }
});

test('who is sent out of the room is out, and the session over', async (t) => {
  const room = newRoom();
  const host = await enter(t, server, room, 'Host');
  const { whip } = await posted(t, room, 'Cam');
  const { participant } = await joined(host, 'Cam');
  await host.request('kick', { participant: participant.id });
  await left(host, 'Cam');
  await refused(404, 'not_joined', whip.delete());
  await host.request('lock', { locked: true });
  const again = await Whip.create(t, server, 'Cam');
  await refused(403, 'room_locked', again.post(room));
});

test('who does not connect, or falls silent, is out of the room', async (t) => {
  const impatient = await startServer(t, { config: { media: { 'ice-timeout-s': 5, 'ice-lost-s': 3 } } });
  const room = newRoom();
  const host = await enter(t, impatient, room, 'Host');
  await posted(t, room, 'Late', {}, impatient);
  const { whip } = await posted(t, room, 'Silent', {}, impatient);
  await whip.connect();
  await whip.transport.silence();
  await Promise.all(['Late', 'Silent'].map((name) => left(host, name, 20000)));
  await refused(404, 'not_joined', whip.delete());
});

test('with a waiting room the answer comes when the host says so', async (t) => {
  const room = newRoom();
  const host = await enter(t, server, room, 'Host');
  await host.request('set_waiting_room', { enabled: true });
  const whip = await Whip.create(t, server, 'Cam');
  const answering = whip.post(room);
  const { waiting: [{ id, name }] } = await host.next('waiting_list', ({ waiting }) => waiting.length === 1);
  assert.equal(name, 'Cam');
  await host.request('admit', { id, admitted: true });
  assert.equal((await answering).status, 201);
  const other = await Whip.create(t, server, 'Pest');
  const refusing = other.post(room);
  const { waiting: [pest] } = await host.next('waiting_list', ({ waiting }) => waiting[0]?.name === 'Pest');
  await host.request('admit', { id: pest.id, admitted: false });
  await refused(403, 'not_admitted', refusing);
});

for (const [setup, nodes] of await startSetups(runner, { config })) {
  test(`an encoder is never the host, and nobody waits for it, ${setup}`, async (t) => {
    const room = newRoom();
    await nodes.first.http('POST', '/room/create', { json: { slug: room, waiting_room: true } });
    await posted(t, room, 'Cam', {}, nodes.first);
    assert.equal((await nodes.first.http('GET', `/room/${room}`)).body.room.host, null);
    const ann = await enter(t, nodes.other, room, 'Ann');
    assert.equal(ann.room.host, ann.id, 'nobody could have let her in');
    const bob = await connect(t, nodes.first);
    const joining = joinRoom(bob, room, 'Bob');
    await bob.next('waiting');
    await ann.request('leave');
    await joining;
    assert.equal(bob.room.host, bob.id, 'nor him, once she had gone');
  });
}

test('who hangs up while they wait waits no longer', async (t) => {
  const room = newRoom();
  const host = await enter(t, server, room, 'Host');
  await host.request('set_waiting_room', { enabled: true });
  const whip = await Whip.create(t, server, 'Cam');
  const sockets = server.descriptors['TCP socket'];
  const asked = httpRequest(new URL(pathOf('whip', room, { name: 'Cam' }), server.url), { method: 'POST', headers: SDP });
  asked.on('error', () => {});
  asked.end(whip.offer);
  await host.next('waiting_list', ({ waiting }) => waiting.length === 1);
  asked.destroy();
  await host.next('waiting_list', ({ waiting }) => waiting.length === 0);
  assert.equal(await countMembers(room), 1);
  await until('the connection is closed', () => server.descriptors['TCP socket'] <= sockets);
});

/* As libdatachannel 0.20 writes it, with which OBS 30 publishes. */
const OBS_OFFER = `v=0
o=rtc 2953637420 0 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=group:LS 0 1
a=msid-semantic:WMS *
a=setup:actpass
a=ice-ufrag:MdSD
a=ice-pwd:dPf4pzVBwHIRHEZVnOQrXW
a=ice-options:ice2,trickle
a=fingerprint:sha-256 ${Array(32).fill('5A').join(':')}
m=audio 43016 UDP/TLS/RTP/SAVPF 111
c=IN IP4 192.0.2.11
a=mid:0
a=sendonly
a=ssrc:1378474243 cname:Wg2AHhd9C8iPVFNp
a=ssrc:1378474243 msid:lcdRSvwkCvzVAzZZ lcdRSvwkCvzVAzZZ-audio
a=msid:lcdRSvwkCvzVAzZZ lcdRSvwkCvzVAzZZ-audio
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=fmtp:111 minptime=10;maxaveragebitrate=96000;stereo=1;sprop-stereo=1;useinbandfec=1
a=candidate:1 1 UDP 2122317823 192.0.2.11 43016 typ host
a=end-of-candidates
m=video 43016 UDP/TLS/RTP/SAVPF 96
c=IN IP4 192.0.2.11
a=mid:1
a=sendonly
a=ssrc:1378474244 cname:Wg2AHhd9C8iPVFNp
a=ssrc:1378474244 msid:lcdRSvwkCvzVAzZZ lcdRSvwkCvzVAzZZ-video
a=msid:lcdRSvwkCvzVAzZZ lcdRSvwkCvzVAzZZ-video
a=rtcp-mux
a=rtpmap:96 H264/90000
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtcp-fb:96 goog-remb
a=fmtp:96 profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1
`;

test('an offer as OBS makes it is answered with its numbers, whatever ends its lines', async () => {
  for (const body of [OBS_OFFER, OBS_OFFER.replaceAll('\n', '\r\n')]) {
    const response = await server.http('POST', pathOf('whip', newRoom()), { body, headers: SDP });
    assert.equal(response.status, 201, JSON.stringify(response.body));
    const { media } = parseSdp(response.body);
    assert.deepEqual(media.map(({ mid, codecs }) => `${mid} ${codecs.map(({ type, name }) => `${name} ${type}`)}`.toLowerCase()),
      ['0 opus 111', '1 h264 96']);
    await server.http('DELETE', response.headers.get('location'));
  }
});

test('a browser\'s page may ask what there is', async () => {
  const { status, headers } = await server.http('OPTIONS', pathOf('whip', newRoom()), { headers: { origin: new URL(server.url).origin } });
  assert.equal(status, 204);
  assert.equal(headers.get('access-control-allow-methods'), 'POST, PATCH, DELETE, OPTIONS');
  assert.match(headers.get('access-control-allow-headers'), /Authorization, Content-Type, If-Match/);
  assert.match(headers.get('access-control-expose-headers'), /Location, ETag, Link/);
});

test('pages of foreign origins may not', async (t) => {
  const whip = await Whip.create(t, server, 'Cam');
  await refused(403, 'unauthorized', whip.post(newRoom(), { headers: { origin: 'https://evil.example' } }));
});

test('what is not a request of WHIP is refused as HTTP has it, and nobody joins', async (t) => {
  const room = newRoom();
  const path = pathOf('whip', room, { name: 'Cam' });
  const whip = await Whip.create(t, server, 'Cam');
  const post = (body, headers = SDP, where = path) => server.http('POST', where, { body, headers });
  const allowed = async (method, where) =>
    (await refused(405, 'unknown_method', server.http(method, where, { body: method === 'GET' ? undefined : whip.offer }))).get('allow');
  assert.equal(await allowed('GET', path), 'POST, PATCH, DELETE, OPTIONS');
  assert.equal(await allowed('PUT', path), 'POST, PATCH, DELETE, OPTIONS');
  assert.equal(await allowed('DELETE', path), 'POST, OPTIONS');
  assert.equal(await allowed('PATCH', path), 'POST, OPTIONS');
  assert.equal(await allowed('POST', `/whip/${room}/session`), 'PATCH, DELETE, OPTIONS');
  await refused(404, 'not_joined', server.http('DELETE', `/whip/${room}/session`));
  const type = await refused(415, 'invalid_request', post(whip.offer, { 'content-type': 'application/json' }));
  assert.equal(type.get('accept-post'), 'application/sdp');
  await refused(406, 'invalid_request', post(whip.offer, { ...SDP, accept: 'text/html, application/json' }));
  await refused(413, 'invalid_request', post('x'.repeat(70 * 1024)));
  await refused(422, 'invalid_params', post(whip.offer, SDP, pathOf('whip', room, { name: 'x'.repeat(65) })));
  await refused(422, 'invalid_params', post(whip.offer, SDP, pathOf('whip', ' padded ')));
  for (const body of ['', 'no SDP', '\0', whip.offer.replace('v=0', 'v=0\0'), whip.offer.replaceAll('sendonly', 'recvonly'),
                      whip.offer.replaceAll('actpass', 'active'), whip.offer.replace(/a=group.*/, ''),
                      whip.offer.replace(/m=audio[^]*?(?=m=video)/, '')])
    await refused(400, 'media_error', post(body));
  assert.equal(await countMembers(room), 0);
});

test('what is no fragment of a description changes nothing', async (t) => {
  const { whip } = await posted(t, newRoom(), 'Cam');
  const { ufrag, password } = whip.transport;
  await refused(415, 'invalid_request', whip.patch(fragmentOf(whip.transport), { headers: SDP }));
  for (const body of ['', '{}', 'a=ice-ufrag:alone\r\n', `a=ice-pwd:${password}`, 'a=mid:0\0\r\n', 'V=0'])
    await refused(400, 'media_error', whip.patch(body, { headers: { 'if-match': '*' } }));
  await refused(413, 'invalid_request', whip.patch(`a=${'x'.repeat(20 * 1024)}`));
  const many = Array.from({ length: 100 }, (_, i) => `candidate:${i} 1 udp 1 192.0.2.${i} 9 typ host`);
  for (let i = 0; i < 3; i++)
    assert.equal((await whip.patch(fragmentOf({ ufrag, password }, many.map((line) => line.replace('192', 192 + i))))).status, 204);
  assert.equal((await whip.delete()).status, 200);
});

test('a session takes the place of a WebSocket among those of its address', async (t) => {
  const itsServer = await startServer(t, { config: { server: { 'trusted-proxies': '127.0.0.1', 'people-per-address': 1 } } });
  const headers = { 'x-forwarded-for': '198.51.100.7' };
  const room = newRoom();
  const post = async () => {
    const whip = await Whip.create(t, itsServer, 'Cam');
    return { whip, response: await whip.post(room, { headers }) };
  };
  await connect(t, itsServer, { headers });
  const { whip } = await post();
  const headersOfRefusal = await refused(429, 'too_many_requests', post().then(({ response }) => response));
  assert.ok(Number(headersOfRefusal.get('retry-after')) > 0);
  assert.equal(await connect(t, itsServer, { headers }).then(() => 'open', () => 'refused'), 'refused');
  await whip.delete();
  await connect(t, itsServer, { headers });
});
