/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a thousand hostile connections cost: each attack's memory is measured and bounded, all of them are hung up on
 * in the end, and two honest people go on talking. They come from this machine, which is not counted as an address:
 * what is measured are the bounds on each connection, and on all. */

import assert from 'node:assert/strict';
import * as runner from 'node:test';
import { HonestCall } from '../lib/attacker.js';
import { defer } from '../lib/cleanup.js';
import { Crowd, OPCODE, frame, request } from '../lib/crowd.js';
import { newRoom } from '../lib/people.js';
import { ADMIN_TOKEN, startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;
const SIZE = process.env.SALON_TEST_SANITIZED ? 100 : 1000;
/* A sanitizer's own memory beside what it watches. */
const SHADOW = process.env.SALON_TEST_SANITIZED ? 8 : 1;
const REQUEST_TIMEOUT_S = 4;
const PING_TIMEOUT_S = 4;
const NO_MEDIA = { NoPublish: true, NoSubscribe: true };
const DEADLINE_MS = 30000;
const MESSAGE_BYTES = 192 * 1024;
/* KiB of one connection: its objects; and what it makes the server keep, in buffers that double as they grow. */
const OBJECTS = 32;
const HEADERS = 128;
const MESSAGE = 2 * 256;
/* What malloc keeps of all that, once it is over. */
const KEPT_KIB = 128 * 1024 * SHADOW;

const server = await startServer(runner, { config: {
  server: { 'request-timeout-s': REQUEST_TIMEOUT_S, 'ping-interval-s': 1, 'ping-timeout-s': PING_TIMEOUT_S },
  rooms: { 'default-max-members': 1000 },
} });
const call = await HonestCall.start(runner, server);
const table = [];
runner.after(() => console.table(Object.fromEntries(table)));

const spaces = (length) => Buffer.alloc(length, ' ');
const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

async function connectAll(t, { isUpgraded = false, isReading = true, size = SIZE } = {}) {
  const crowd = await Crowd.connect(t, server, size);
  if (isUpgraded)
    await crowd.upgrade();
  if (isReading)
    crowd.drain();
  return crowd;
}

/* Says `opening`, then calls `act` again and again until all are hung up on. */
function talk({ opening, act = () => {}, isUpgraded = false }) {
  return async (t) => {
    const crowd = await connectAll(t, { isUpgraded });
    if (opening)
      await crowd.each((member) => member.write(opening));
    await crowd.untilRefused('all are hung up on', async (member) => {
      await act(member);
      await pause(10);
    }, DEADLINE_MS);
  };
}

const say = (member, method, params) => member.write(frame(OPCODE.text, Buffer.from(JSON.stringify({ method, params }))));

/* Answers pings, whether they came or not. */
function stayAlive(t, crowd) {
  const timer = setInterval(() => crowd.members.forEach((member) => member.write(frame(OPCODE.pong))), 500);
  defer(t, () => clearInterval(timer));
}

/* Who is refused for want of descriptors asks again. */
async function joinAll(t, crowd, nameOf, config, areIn) {
  stayAlive(t, crowd);
  await until('all are in', async () => {
    await crowd.each((member, i) => say(member, 'join', { sid: nameOf(i), name: 'Eve', config }));
    await pause(500);
    return await areIn();
  }, DEADLINE_MS);
}

/* Each joins a room of its own, and goes. */
function rush(config, share = 1) {
  return async (t) => {
    const crowd = await connectAll(t, { isUpgraded: true, size: SIZE * share });
    const rooms = async () => (await server.http('GET', '/rooms', { token: ADMIN_TOKEN })).body.rooms?.length;
    const prefix = newRoom('rush');
    await joinAll(t, crowd, (i) => `${prefix}-${i}`, config, async () => await rooms() > crowd.size);
    await call.goesOn();
    await crowd.close();
    await until('the rooms are gone', async () => await rooms() === 1, DEADLINE_MS);
  };
}

/* They join one room and read nothing of what ten of them say there. */
async function stall(t) {
  const crowd = await connectAll(t, { isUpgraded: true, isReading: false, size: SIZE / 4 });
  const room = newRoom('stalled');
  const members = async () => (await server.http('GET', `/room/${room}`)).body.n_members;
  await joinAll(t, crowd, () => room, NO_MEDIA, async () => await members() === crowd.size);
  await until('some are cut off', async () => {
    crowd.members.slice(0, 10).forEach((member) => say(member, 'chat', { message: '\u{1f4a3}'.repeat(2000) }));
    await pause(50);
    return server.log.split('A client does not read').length > 10;
  }, DEADLINE_MS);
  await crowd.close();
}

/* what: [attack, KiB that each of the thousand may cost, KiB that all together may] */
const ATTACKS = {
  'connections that say nothing': [talk({}), OBJECTS],
  'headers, a line at a time': [talk({ opening: 'GET /ws HTTP/1.1\r\n', act: (member) => member.write('X: y\r\n') }), OBJECTS],
  'bodies, a byte at a time': [talk({ opening: request('POST', '/room/create', { 'Content-Length': 9999 }),
                                      act: (member) => member.write('x') }), OBJECTS],
  'headers without end': [talk({ opening: 'GET / HTTP/1.1\r\n', act: (member) => member.write(`X: ${'y'.repeat(4000)}\r\n`) }), HEADERS],
  'one header line without end': [talk({ opening: 'GET /', act: (member) => member.write('y'.repeat(4000)) }), HEADERS],
  'chunked bodies without end': [talk({ opening: request('POST', '/room/create', { 'Transfer-Encoding': 'chunked' }),
                                        act: (member) => member.write(`1000\r\n${'x'.repeat(4096)}\r\n`) }), HEADERS],
  'fragments without end': [talk({ isUpgraded: true, opening: frame(OPCODE.text, spaces(8000), { fin: false }),
                                   act: (member) => member.write(frame(OPCODE.continuation, spaces(8000), { fin: false })) }), MESSAGE],
  'frames that stop before their end': [talk({ isUpgraded: true,
    opening: frame(OPCODE.text, spaces(MESSAGE_BYTES - 1000), { length: MESSAGE_BYTES }) }), MESSAGE],
  'messages that stop before their end, and pongs': [talk({ isUpgraded: true,
    opening: frame(OPCODE.text, spaces(MESSAGE_BYTES - 1000), { fin: false }),
    act: (member) => member.write(frame(OPCODE.pong)) }), MESSAGE],
  'frames longer than any message': [talk({ isUpgraded: true, opening: frame(OPCODE.text, spaces(1000), { length: 10 * 1024 * 1024 }) }), OBJECTS],
  'pings without end': [talk({ isUpgraded: true,
    act: (member) => { for (let i = 0; i < 20; i++) member.write(frame(OPCODE.ping, spaces(100))); } }), OBJECTS],
  'WebSockets that say nothing': [talk({ isUpgraded: true }), OBJECTS],
  'joins to new rooms': [rush(NO_MEDIA), OBJECTS],
  /* A connection with twelve seats each. */
  'joins to new rooms with media, by a twentieth of them': [rush({}, 1 / 20), 0, SIZE / 20 * 2 * 1024],
  /* Each has its bound of 1 MiB, but all together 64. */
  'members of a room who read nothing': [stall, 0, 128 * 1024],
};

for (const [what, [attack, eachKiB, allKiB = 0]] of Object.entries(ATTACKS)) {
  test(`${SIZE} × ${what}: bounded memory, and the call goes on`, async (t) => {
    const before = server.residentKiB;
    server.forgetPeak();
    await attack(t);
    const peak = server.peakKiB;
    await until('their connections are gone', () => server.descriptors['TCP socket'] < 10, DEADLINE_MS);
    await call.goesOn();
    const after = server.residentKiB;
    const bound = (SIZE * eachKiB + allKiB) * SHADOW;
    table.push([what, { 'before (MiB)': before >> 10, peak: peak >> 10, after: after >> 10, 'allowed growth': bound >> 10 }]);
    assert.ok(peak - before < bound, `grew by ${peak - before} KiB, of ${bound}`);
    assert.ok(after - before < KEPT_KIB, `keeps ${after - before} KiB`);
  });
}
