/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whatever a client sends, it gets an error with a stable reason, and nobody else notices. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get } from 'node:http';
import { connect as connectTcp } from 'node:net';
import * as runner from 'node:test';
import { WebSocket } from 'ws';
import { connect, enter, newRoom, reasonOf } from '../lib/people.js';
import { startServer } from '../lib/server.js';
import { withDeadline } from '../lib/until.js';

const { test } = runner;
const server = await startServer(runner);
const DESC = { type: 'offer', sdp: 'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n' };
const SOME_ID = '00000000-0000-4000-8000-000000000000';

/* Two people in a room, before and after whatever `body` does. */
async function whileOthersTalk(t, body) {
  const room = newRoom('bystanders');
  const ann = await enter(t, server, room, 'Ann');
  const bob = await enter(t, server, room, 'Bob');
  await body();
  await ann.request('chat', { message: 'still here' });
  assert.equal((await bob.next('chat')).message, 'still here');
}

test('text that is no JSON gets parse_error, and the connection goes on', async (t) => {
  const client = await connect(t, server);
  for (const text of ['', '{', 'hello', '{"id":1,"method":"ping"', '\u0000', '[1,2', '{"id":1,,}']) {
    const { error } = await client.raw(text);
    assert.equal(error.data.reason, 'parse_error', JSON.stringify(text));
    assert.equal(error.code, -32700);
  }
  assert.equal(await client.request('ping'), 'pong');
});

test('JSON that is no request gets invalid_request', async (t) => {
  const client = await connect(t, server);
  for (const text of ['[]', '[1]', '1', '"join"', 'null', 'true']) {
    const { error } = await client.raw(text);
    assert.equal(error.data.reason, 'invalid_request', text);
  }
  for (const [text, id] of [['{"id":1}', 1], ['{"id":2,"method":null}', 2], ['{"id":"x","method":["join"]}', 'x']])
    assert.equal((await client.raw(text, id)).error.data.reason, 'invalid_request', text);
});

test('an id that is no id gets an error without an id', async (t) => {
  const client = await connect(t, server);
  for (const id of ['{}', '[1]', 'true', '1.5', '-1', `"${'x'.repeat(65)}"`, '""']) {
    const { error } = await client.raw(`{"id":${id},"method":"ping"}`);
    assert.equal(error.data.reason, 'invalid_request', id);
  }
});

test('ids of both kinds are echoed as they came', async (t) => {
  const client = await connect(t, server);
  for (const id of [0, 9007199254740991, 'a', 'x'.repeat(64), 'é🎉"\\'])
    assert.equal((await client.raw(JSON.stringify({ id, method: 'ping' }), id)).result, 'pong');
});

test('an unknown method gets unknown_method', async (t) => {
  const client = await connect(t, server);
  for (const method of ['fly', 'Join', 'slot', 'bye'])
    assert.equal((await client.raw(JSON.stringify({ id: 1, method }), 1)).error.data.reason, 'unknown_method', method);
});

test('a notification is never answered, not even with an error', async (t) => {
  const client = await connect(t, server);
  client.sendRaw('{"method":"fly"}');
  client.sendRaw('{"method":"chat","params":{"message":"nobody is here"}}');
  client.sendRaw('{"method":"join"}');
  assert.equal(await client.request('ping'), 'pong');
  assert.equal(client.history.filter(({ sent }) => !sent).length, 1);
});

test('wrong parameters get invalid_params that names the field', async (t) => {
  const client = await connect(t, server);
  const joins = {
    'sid|room': [{}, { sid: 7 }, { sid: '' }, { sid: 'a/b' }, { sid: ['x'] }, { sid: 'x'.repeat(65) }],
    name: [{ sid: 'x', name: 7 }, { sid: 'x', name: 'x'.repeat(65) }, { sid: 'x', name: '' }],
    'offer|sdp|type': [{ sid: 'x', offer: 'sdp' }, { sid: 'x', offer: { type: 'offer' } }, { sid: 'x', offer: { sdp: 'v=0' } }],
    tracks: [{ sid: 'x', offer: DESC, tracks: {} }, { sid: 'x', offer: DESC, tracks: [7] },
             { sid: 'x', offer: DESC, tracks: Array(17).fill({ mid: '0', source: 'camera' }) }],
    config: [{ sid: 'x', config: 1 }],
    NoPublish: [{ sid: 'x', config: { NoPublish: 'yes' } }],
    max_video: [-1, 393, 1.5, '6'].map((max_video) => ({ sid: 'x', config: { max_video } })),
  };
  for (const [field, list] of Object.entries(joins)) {
    for (const params of list) {
      const { error } = await client.raw(JSON.stringify({ id: 1, method: 'join', params }), 1);
      assert.equal(error?.data.reason, 'invalid_params', JSON.stringify(params));
      assert.match(error.message, new RegExp(field, 'i'), JSON.stringify(params));
    }
  }
});

test('params that are no object are refused', async (t) => {
  const client = await connect(t, server);
  for (const params of ['[]', '"x"', '7'])
    assert.match((await client.raw(`{"id":1,"method":"join","params":${params}}`, 1)).error.data.reason,
                 /^invalid_(params|request)$/, params);
  assert.equal((await client.raw('{"id":"1","method":"join"}', '1')).error.data.reason, 'invalid_params');
});

test('inside a room wrong parameters get invalid_params too', async (t) => {
  const ann = await enter(t, server, newRoom(), 'Ann');
  const requests = [
    ['chat', {}], ['chat', { message: 7 }], ['chat', { message: '' }], ['chat', { message: 'x'.repeat(4001) }],
    ['mute', {}], ['mute', { track: SOME_ID }], ['mute', { track: SOME_ID, muted: 'yes' }], ['mute', { track: 7, muted: true }],
    ['mute', { track: SOME_ID, muted: true, squelched: 'yes' }],
    ['pin', {}], ['pin', { participant: SOME_ID }], ['pin', { participant: SOME_ID, pinned: 1 }], ['pin', { participant: 7, pinned: true }],
    ['unpublish', {}], ['unpublish', { track: null }],
    ['watch_stats', {}], ...[-1, 61, 0.5, 'often', null].map((interval) => ['watch_stats', { interval_s: interval }]),
    ...[{ quality: 'best' }, { quality: 1 }, { width: 0 }, { width: 16385 }, { height: '2' }, { frame_rate: 0 },
        { frame_rate: 241 }, { frame_rate: 1.5 }].map((wrong) => ['track_settings', { track: SOME_ID, ...wrong }]),
    ['publish', {}], ['publish', { mid: '0' }], ['publish', { mid: '0', source: 'window' }], ['publish', { mid: 0, source: 'camera' }],
    ['offer', {}], ['offer', { desc: 7 }], ['offer', { desc: { type: 'offer' } }],
    ['answer', {}], ['answer', { desc: { type: 'answer', sdp: 5 } }], ['answer', { desc: { type: 'answer', sdp: '' }, target: 16 }],
    ['trickle', {}], ['trickle', { target: 0 }], ['trickle', { target: -1, candidate: { candidate: '' } }],
    ['trickle', { target: 0, candidate: {} }], ['trickle', { target: 0, candidate: { candidate: 'x'.repeat(1025) } }],
  ];
  for (const [method, params] of requests) {
    const { error } = await ann.raw(JSON.stringify({ id: 1, method, params }), 1);
    assert.equal(error?.data.reason, 'invalid_params', `${method} ${JSON.stringify(params).slice(0, 100)}`);
  }
});

test('no params at all get invalid_params, or not_joined, where there must be some', async (t) => {
  const methods = ['join', 'offer', 'answer', 'trickle', 'publish', 'unpublish', 'mute', 'pin', 'track_settings', 'chat'];
  const stranger = await connect(t, server);
  for (const method of methods)
    assert.match((await stranger.raw(JSON.stringify({ id: 1, method }), 1)).error?.data.reason, /^(invalid_params|not_joined)$/, method);
  const ann = await enter(t, server, newRoom(), 'Ann');
  for (const method of methods)
    assert.match((await ann.raw(JSON.stringify({ id: 1, method }), 1)).error?.data.reason,
                 method === 'join' ? /^(invalid_params|already_joined)$/ : /^invalid_params$/, method);
  assert.ok((await ann.request('chat', { message: 'x' })).id);
});

test('before join everything but join and ping gets not_joined', async (t) => {
  const client = await connect(t, server);
  const candidate = { candidate: 'candidate:1 1 udp 2113937151 192.0.2.1 9 typ host', sdpMid: '0', sdpMLineIndex: 0 };
  const requests = {
    offer: { desc: DESC }, answer: { desc: { type: 'answer', sdp: DESC.sdp } }, trickle: { target: 0, candidate },
    publish: { mid: '0', source: 'camera' }, unpublish: { track: SOME_ID }, mute: { track: SOME_ID, muted: true },
      pin: { participant: SOME_ID, pinned: true }, track_settings: { track: SOME_ID }, chat: { message: 'hello' },
  };
  for (const [method, params] of Object.entries(requests))
    assert.equal(await reasonOf(client.request(method, params)), 'not_joined', method);
});

test('a second join gets already_joined and does no harm', async (t) => {
  const ann = await enter(t, server, newRoom(), 'Ann');
  assert.equal(await reasonOf(ann.request('join', { sid: ann.room.slug, name: 'Ann' })), 'already_joined');
  assert.equal(await reasonOf(ann.request('join', { sid: newRoom(), name: 'Ann' })), 'already_joined');
  assert.ok((await ann.request('chat', { message: 'x' })).id);
});

test('two joins in one breath make one member', async (t) => {
  const client = await connect(t, server);
  const room = newRoom();
  const join = () => client.request('join', { sid: room, name: 'Ann', config: { NoPublish: true, NoSubscribe: true } });
  const reasons = await Promise.all([reasonOf(join()), reasonOf(join())]);
  assert.deepEqual(reasons, ['no error', 'already_joined']);
  assert.equal((await server.http('GET', `/room/${room}`)).body.n_members, 1);
});

test('unknown tracks and m-lines are named as such', async (t) => {
  const ann = await enter(t, server, newRoom(), 'Ann');
  assert.equal(await reasonOf(ann.request('unpublish', { track: SOME_ID })), 'unknown_track');
  assert.equal(await reasonOf(ann.request('mute', { track: SOME_ID, muted: true })), 'unknown_track');
  assert.equal(await reasonOf(ann.request('track_settings', { track: SOME_ID })), 'unknown_track');
  assert.equal(await reasonOf(ann.request('publish', { mid: '99', source: 'camera' })), 'unknown_mid');
});

test('an SDP that is none is refused, and the server survives', async (t) => {
  await whileOthersTalk(t, async () => {
    for (const sdp of ['', 'hello', 'v=0', DESC.sdp, `${DESC.sdp}m=audio 9 RTP/AVP\r\n`, 'v=0\r\n'.repeat(1000),
                       `${DESC.sdp}m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\n`]) {
      const client = await connect(t, server);
      const room = newRoom();
      const reason = await reasonOf(client.request('join', { sid: room, name: 'Eve', offer: { type: 'offer', sdp } }));
      assert.match(reason, /^(media_error|invalid_params)$/, JSON.stringify(sdp.slice(0, 80)));
      await client.close();
    }
  });
});

test('trickle after join accepts nonsense without harm', async (t) => {
  await whileOthersTalk(t, async () => {
    const ann = await enter(t, server, newRoom(), 'Ann');
    for (const candidate of ['', 'x', 'candidate:', 'candidate:1 1 udp x y z', 'candidate:1 1 udp 1 999.9.9.9 99999 typ host'])
      ann.notify('trickle', { target: 0, candidate: { candidate, sdpMid: '0', sdpMLineIndex: 255 } });
    assert.equal(await ann.request('ping'), 'pong');
  });
});

test('a frame of 10 MB ends that connection before it is kept, and nobody else notices', async (t) => {
  await whileOthersTalk(t, async () => {
    const client = await connect(t, server);
    const before = server.residentKiB;
    server.forgetPeak();
    client.sendRaw(JSON.stringify({ id: 1, method: 'chat', params: { message: 'x'.repeat(10 * 1024 * 1024) } }));
    await withDeadline('the connection to be closed', client.closed);
    assert.ok(server.peakKiB - before < (process.env.SALON_TEST_SANITIZED ? 64 : 4) * 1024, `grew by ${server.peakKiB - before} KiB`);
  });
});

test('endless fragments of one message end that connection', async (t) => {
  await whileOthersTalk(t, async () => {
    const client = await connect(t, server);
    const piece = 'x'.repeat(16 * 1024);
    let isClosed = false;
    client.closed.then(() => { isClosed = true; });
    for (let i = 0; i < 1024 && !isClosed; i++) {
      client.sendRaw(piece, { fin: false });
      await new Promise(setImmediate);
    }
    await withDeadline('the connection to be closed', client.closed);
  });
});

test('a binary frame does no harm', async (t) => {
  await whileOthersTalk(t, async () => {
    const client = await connect(t, server);
    client.sendRaw(Buffer.from([1, 2, 3, 0xff]), { binary: true });
    await Promise.race([client.closed, reasonOf(client.request('ping'))]);
  });
});

test('deeply nested JSON is refused', async (t) => {
  await whileOthersTalk(t, async () => {
    const client = await connect(t, server);
    const { error } = await client.raw(`${'['.repeat(50000)}${']'.repeat(50000)}`);
    assert.equal(error.data.reason, 'parse_error');
  });
});

test('half an HTTP request and a slammed door do no harm', async (t) => {
  await whileOthersTalk(t, async () => {
    const { hostname, port } = new URL(server.url);
    for (const text of ['GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n', 'POST /room/create HTTP/1.1\r\nContent-Length: 99\r\n\r\n{',
                        '\x16\x03\x01\x02\x00\x01', 'GET / HTTP/9.9\r\n\r\n']) {
      const socket = connectTcp(port, hostname);
      socket.on('error', () => {});
      await once(socket, 'connect');
      socket.end(text);
      socket.destroy();
    }
  });
});

async function upgradeStatus(headers) {
  const url = new URL('/ws', server.url);
  url.protocol = 'ws:';
  const socket = new WebSocket(url, { headers });
  socket.on('error', () => {});
  return await withDeadline('an answer to the upgrade', new Promise((resolve) => {
    socket.once('open', () => { socket.close(); resolve(101); });
    socket.once('unexpected-response', (_, response) => { response.resume(); resolve(response.statusCode); });
  }));
}

test('a foreign Origin gets 403; our own, or none, is let in', async () => {
  assert.equal(await upgradeStatus({ origin: 'https://evil.example' }), 403);
  assert.equal(await upgradeStatus({ origin: 'null' }), 403);
  assert.equal(await upgradeStatus({ origin: `${new URL(server.url).origin}.evil.example` }), 403);
  assert.equal(await upgradeStatus({ origin: new URL(server.url).origin }), 101);
  assert.equal(await upgradeStatus({}), 101);
});

test('a page whose name was made to point at localhost gets 403, whatever it asks', async () => {
  const { port } = new URL(server.url);
  const host = `evil.example:${port}`;
  assert.equal(await upgradeStatus({ host, origin: `http://${host}` }), 403);
  const status = await new Promise((resolve, reject) => {
    get(new URL('/room/any', server.url), { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on('error', reject);
  });
  assert.equal(status, 403);
  assert.equal(await upgradeStatus({ host: `localhost:${port}`, origin: `http://localhost:${port}` }), 101);
});
