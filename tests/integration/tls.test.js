/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The server's own TLS, and who abuses it. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { get } from 'node:https';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import * as runner from 'node:test';
import { connect as connectTls } from 'node:tls';
import { makeCertificate } from '../lib/certificate.js';
import { Crowd } from '../lib/crowd.js';
import { enter, newRoom } from '../lib/people.js';
import { startServer } from '../lib/server.js';
import { until, withDeadline } from '../lib/until.js';

const { test } = runner;
const REQUEST_TIMEOUT_S = 3;
/* salon-handshakes.c's, from the client's hello on. */
const HALF_WAY_MS = 4000;
/* The beginning of a record that is a ClientHello (RFC 8446, section 5.1), and no more of it. */
const HALF_A_HELLO = Buffer.from('1603010200010001fc0303', 'hex');

/* Addresses of this machine that are not its own loopback, whose connections count as one address'. */
const OUTSIDE = Object.values(networkInterfaces()).flat()
  .filter(({ family, internal }) => family === 'IPv4' && !internal).map(({ address }) => address).slice(0, 1);

const { certificate, key } = makeCertificate(runner);
const server = await startServer(runner, { config: { server: {
  listen: ['127.0.0.1', ...OUTSIDE].join(';'),
  'tls-certificate': certificate, 'tls-key': key, 'request-timeout-s': REQUEST_TIMEOUT_S, 'ping-interval-s': 1, 'ping-timeout-s': 30,
} } });
server.certificate = readFileSync(certificate);

async function ask(path) {
  return await withDeadline('an answer', new Promise((resolve, reject) => {
    get(new URL(path, server.url), { ca: server.certificate, agent: false }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
    }).on('error', reject);
  }));
}

test('page and signalling go over TLS', async (t) => {
  assert.match(server.url, /^https:/);
  assert.equal(await ask('/'), 200);
  const room = newRoom();
  const ann = await enter(t, server, room, 'Ann');
  const bob = await enter(t, server, room, 'Bob');
  await ann.request('chat', { message: 'hello' });
  assert.equal((await bob.next('chat')).message, 'hello');
});

test('a WebSocket outlives the time that requests have', async (t) => {
  const ann = await enter(t, server, newRoom(), 'Ann');
  const asleep = await Crowd.connect(t, server, 1);
  asleep.drain();
  await until('a request would have ended', () => asleep.nOpen === 0, REQUEST_TIMEOUT_S * 1000 + 2000);
  assert.equal(await ann.request('ping'), 'pong');
});

test('handshakes that are never finished are hung up on, and others are served meanwhile', async (t) => {
  const crowd = await Crowd.connect(t, server, 200);
  crowd.drain();
  await crowd.each((member) => member.write(HALF_A_HELLO));
  /* Asynchronous handshakes of GLib share ten threads. */
  const asked = performance.now();
  assert.equal(await ask('/healthz'), 200);
  assert.equal(crowd.nOpen, 200, `after ${performance.now() - asked} ms`);
  await until('all are hung up on', () => crowd.nOpen === 0, REQUEST_TIMEOUT_S * 1000 + 2000);
});

test('half a hello and then the end is the end', async (t) => {
  const crowd = await Crowd.connect(t, server, 20);
  crowd.drain();
  crowd.members.forEach(({ socket }, i) => socket.end(HALF_A_HELLO.subarray(0, i % HALF_A_HELLO.length)));
  await until('all are hung up on', () => crowd.nOpen === 0, 1000);
});

/* What a real client says first. */
async function recordHello() {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const client = connectTls({ port: listener.address().port, host: '127.0.0.1' });
  client.on('error', () => {});
  const [socket] = await once(listener, 'connection');
  const [hello] = await once(socket, 'data');
  [client, socket].forEach((end) => end.destroy());
  listener.close();
  return hello;
}

test('an address whose handshakes stop half-way keeps no other out', { skip: OUTSIDE.length === 0 && 'no network' }, async (t) => {
  const hello = await recordHello();
  const crowd = await Crowd.connect(t, { url: server.url.replace('127.0.0.1', OUTSIDE[0]) }, 50);
  crowd.drain();
  /* In pieces, as it may come. */
  await crowd.each((member) => member.write(hello.subarray(0, 100)));
  await crowd.each((member) => member.write(hello.subarray(100)));
  const asked = performance.now();
  assert.equal(await ask('/healthz'), 200);
  assert.ok(performance.now() - asked < HALF_WAY_MS / 2, `${performance.now() - asked} ms`);
  await until('they are hung up on', () => crowd.nOpen === 0, REQUEST_TIMEOUT_S * 1000 + HALF_WAY_MS);
});

test('what is no TLS at all is hung up on', async (t) => {
  const crowd = await Crowd.connect(t, server, 20);
  crowd.drain();
  await crowd.each((member) => member.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'));
  await until('all are hung up on', () => crowd.nOpen === 0, REQUEST_TIMEOUT_S * 1000 + 2000);
});

test('cutting off who does not read holds nobody up', async (t) => {
  const room = newRoom();
  const bob = await enter(t, server, room, 'Bob');
  const talkers = [];
  while (talkers.length < 10)
    talkers.push(await enter(t, server, room, `T${talkers.length}`));
  const stalled = await enter(t, server, room, 'Stalled');
  const before = server.descriptors['TCP socket'];
  stalled.pause();
  const isGone = () => bob.received('participant', ({ event }) => event === 'left').length > 0;
  let longest = 0;
  for (let said = 0; !isGone(); said++) {
    const asked = performance.now();
    assert.ok(said < 300, 'the stalled client was never cut off');
    talkers[said % talkers.length].notify('chat', { message: '🎉'.repeat(4000) });
    await bob.next('chat');
    longest = Math.max(longest, performance.now() - asked);
  }
  for (let i = 0; i < 20; i++) {
    const asked = performance.now();
    await bob.request('ping');
    longest = Math.max(longest, performance.now() - asked);
  }
  assert.ok(longest < 1000 * Number(process.env.SALON_TEST_SLOWNESS ?? 1), `${longest} ms`);
  await until('its connection is gone', () => server.descriptors['TCP socket'] < before, 3000);
  stalled.resume();
  await stalled.closed;
});
