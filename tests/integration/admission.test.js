/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much one address may: alone, and behind a reverse proxy, which the tests themselves play. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import * as runner from 'node:test';
import { Crowd } from '../lib/crowd.js';
import { connect, newRoom, reasonOf } from '../lib/people.js';
import { ADMIN_TOKEN, startServer } from '../lib/server.js';
import { until, withDeadline } from '../lib/until.js';

const { test } = runner;
const N_PEOPLE = 2;
/* As in salon-limits.h, for each person. */
const SOCKETS = 2 * N_PEOPLE;
const JOINS = 2 * N_PEOPLE;
const REQUESTS = 100 * N_PEOPLE;
const CONNECTIONS = 7 * N_PEOPLE;
const UPGRADE = { upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-version': 13,
                  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' };

const server = await startServer(runner, { config: {
  server: { 'trusted-proxies': '127.0.0.1', 'people-per-address': N_PEOPLE },
} });
let lastHost = 0;
/* Six at once, as a browser loads them. */
const PAGE = ['/', '/static/app.js', '/static/style.css', '/static/salon.js', '/static/call.js', '/static/tiles.js'];

/* Headers of somebody nobody has seen before. */
function stranger() {
  return { 'x-forwarded-for': `198.51.100.${++lastHost}` };
}

/* An HTTP answer, whatever it is: { status, headers, body }. */
async function ask(headers, path = '/healthz', url = server.url) {
  return await withDeadline('an answer', new Promise((resolve, reject) => {
    const asked = httpRequest(new URL(path, url), { headers }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text) => { body += text; });
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
    });
    asked.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode, headers: response.headers });
    });
    asked.on('error', reject);
    asked.end();
  }));
}

function assertRefused({ status, headers, body }) {
  assert.equal(status, 429);
  assert.ok(Number(headers['retry-after']) > 0, JSON.stringify(headers));
  assert.equal(JSON.parse(body).error.data.reason, 'too_many_requests');
}

async function join(client, room = newRoom()) {
  return await client.request('join', { sid: room, name: 'Ann', config: { NoPublish: true, NoSubscribe: true } });
}

async function fill(t, headers, ofServer = server, count = SOCKETS) {
  const clients = [];
  while (clients.length < count)
    clients.push(await connect(t, ofServer, { headers }));
  return clients;
}

test('one WebSocket more than an address may have gets 429, and other addresses none', async (t) => {
  const ann = stranger();
  const clients = await fill(t, ann);
  assertRefused(await ask({ ...ann, ...UPGRADE }, '/ws'));
  assert.equal((await ask({ ...stranger(), ...UPGRADE }, '/ws')).status, 101);
  assert.equal((await ask(ann)).status, 200, 'what is no WebSocket is answered');
  await clients[0].close();
  await until('the place is free', async () => (await ask({ ...ann, ...UPGRADE }, '/ws')).status === 101);
});

test('who breaks off gives the place back, too', async (t) => {
  const ann = stranger();
  for (const client of await fill(t, ann))
    await client.terminate();
  await until('the places are free', async () => (await ask({ ...ann, ...UPGRADE }, '/ws')).status === 101);
});

test('an address is what the proxy says, not what the client adds to the left of it', async (t) => {
  const { 'x-forwarded-for': ann } = stranger();
  for (let i = 0; i < SOCKETS; i++)
    await connect(t, server, { headers: { 'x-forwarded-for': `203.0.113.${i}, ${ann}` } });
  assertRefused(await ask({ 'x-forwarded-for': `203.0.113.99,${ann}`, ...UPGRADE }, '/ws'));
  assertRefused(await ask({ 'x-forwarded-for': `${ann}:4711, 127.0.0.1`, ...UPGRADE }, '/ws'));
});

test('a /64 of IPv6 is one address', async (t) => {
  for (let i = 0; i < SOCKETS; i++)
    await connect(t, server, { headers: { 'x-forwarded-for': `2001:db8:0:1:${i}::7` } });
  assertRefused(await ask({ 'x-forwarded-for': '2001:db8:0:1:ffff::', ...UPGRADE }, '/ws'));
  assert.equal((await ask({ 'x-forwarded-for': '2001:db8:0:2::', ...UPGRADE }, '/ws')).status, 101);
});

test('joins of one address are bounded, over how many WebSockets ever, and come back with time', async (t) => {
  const ann = stranger();
  const [first, second] = await fill(t, ann, server, 2);
  const joins = Array.from({ length: JOINS + 4 }, (_, i) => reasonOf(join([first, second][i % 2])));
  const reasons = await Promise.all(joins);
  assert.equal(reasons.filter((reason) => reason === 'too_many_requests').length, 4, reasons.join());
  assert.equal(await first.request('ping'), 'pong', 'the WebSocket lives');
  assert.equal(await reasonOf(join(await connect(t, server, { headers: stranger() }))), 'no error');
  const third = await connect(t, server, { headers: ann });
  await until('another may join', async () => await reasonOf(join(third)) === 'no error');
});

test('a join without an id that is one too many gets no answer', async (t) => {
  const client = await connect(t, server, { headers: stranger() });
  for (let i = 0; i < JOINS + 2; i++)
    client.sendRaw('{"method":"join"}');
  assert.equal(await client.request('ping'), 'pong');
  assert.equal(client.history.filter(({ sent }) => !sent).length, 1);
});

test('requests of one address are bounded, whatever they ask for, and others are answered', async () => {
  const ann = stranger();
  const answers = [];
  for (let i = 0; i < REQUESTS + 40; i += 20)
    answers.push(...await Promise.all(Array.from({ length: 20 }, (_, k) => ask(ann, ['/', '/healthz', '/room/x'][k % 3]))));
  const refused = answers.filter(({ status }) => status === 429);
  assert.ok(refused.length > 0 && refused.length <= 40, `${refused.length} refused`);
  refused.forEach(assertRefused);
  assert.equal((await ask(stranger())).status, 200);
});

async function freePort() {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address();
  listener.close();
  await once(listener, 'close');
  return port;
}

test('behind a public-url this machine is trusted to be the proxy; without one, nobody is', async (t) => {
  const limits = { 'people-per-address': N_PEOPLE };
  const port = await freePort();
  const proxied = await startServer(t, { config: { server: { ...limits, port, 'public-url': `http://localhost:${port}/` } } });
  const ann = stranger();
  await fill(t, ann, proxied);
  assertRefused(await ask({ ...ann, ...UPGRADE }, '/ws', proxied.url));
  const bare = await startServer(t, { config: { server: limits } });
  await fill(t, ann, bare, SOCKETS + 1);
});

/* A sanitizer cannot keep up with all of them. */
const [PUPILS, WAVE] = process.env.SALON_TEST_SANITIZED ? [50, 10] : [500, 50];

test(`a school of ${PUPILS} behind one address is let in at the full hour, as configured by default`, async (t) => {
  const open = await startServer(t, { config: { server: { 'trusted-proxies': '127.0.0.1' } } });
  const school = stranger();
  for (let wave = 0; wave < PUPILS / WAVE; wave++) {
    await Promise.all(Array.from({ length: WAVE }, async (_, i) => {
      for (const answer of await Promise.all(PAGE.map((path) => ask(school, path, open.url))))
        assert.equal(answer.status, 200);
      await join(await connect(t, open, { headers: school }), `class-${wave}-${i % 2}`);
    }));
  }
  assert.equal((await open.http('GET', '/rooms', { token: ADMIN_TOKEN })).body.rooms.reduce((sum, { n_members: n }) => sum + n, 0), PUPILS);
});

/* An address of this machine that is not its own loopback. */
const OUTSIDE = Object.values(networkInterfaces()).flat().find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

test('connections of one address beyond its bound are hung up on; others are let in', { skip: !OUTSIDE && 'no network' }, async (t) => {
  const open = await startServer(t, { config: { server: { listen: '*', 'people-per-address': N_PEOPLE } } });
  const outside = { url: open.url.replace(/\/\/[^:]+:/, `//${OUTSIDE}:`) };
  const crowd = await Crowd.connect(t, outside, CONNECTIONS + 5);
  crowd.drain();
  await until('some are hung up on', () => crowd.nOpen === CONNECTIONS);
  assert.equal((await ask({}, '/healthz', open.url)).status, 200);
  await crowd.close();
  await until('there is place again', () => ask({}, '/healthz', outside.url).then(({ status }) => status === 200, () => false));
});
