/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See tests/soak. */

import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { NOWHERE, readOffer } from './attacker.js';
import { liveObjects, steady, total, TRACING } from './leftovers.js';
import { Peer } from './peer.js';
import { connect, joinRoom } from './people.js';
import { countEmbeddedKeys } from './redis.js';
import { parseSdp, writeAnswer } from './sdp.js';
import { ADMIN_TOKEN, startServer } from './server.js';
import { until } from './until.js';

/* Who is cut off stays for so long. */
const GRACE_S = 1;
/* The first half fills pools, caches and the allocator's arenas: a trend is what the second one shows. */
const WARM_UP = 0.5;
/* What the allocator's scatter may make of nothing. 10,000 cycles that each lose one small object lose more. */
const MAX_BYTES_A_CYCLE = 64;

/* As a test's context: runs what was deferred. */
class Scope {
  #closers = [];

  after(close) {
    this.#closers.push(close);
  }

  async end() {
    for (const close of this.#closers.splice(0))
      await close();
  }
}

const offer = readOffer('chromium');
/* Each cycle has a room of its own, and is over when the room is: so there are never more people than are in flight. */
const roomOf = (index) => `soak-${index}`;

async function enter(scope, server, index, params) {
  return await joinRoom(await connect(scope, server), roomOf(index), `P${index}`, params);
}

/* Two who see and hear each other. */
async function call(scope, server, index) {
  const people = [];
  for (const name of ['Ann', 'Bob'])
    people.push(await Peer.join(scope, server, roomOf(index), name, { mayFail: true }));
  const [ann, bob] = people;
  await ann.start();
  await bob.receive(ann, 'camera', 20000);
  return people;
}

const WAYS = {
  async leave(scope, server, index) {
    const client = await enter(scope, server, index);
    await client.request('chat', { message: `I am ${index}` });
    await client.request('leave');
  },
  async close(scope, server, index) {
    await (await enter(scope, server, index)).close();
  },
  async drop(scope, server, index) {
    await (await enter(scope, server, index)).terminate();
  },
  async dropUnjoined(scope, server) {
    await (await connect(scope, server)).terminate();
  },
  async refresh(scope, server, index) {
    const old = await enter(scope, server, index);
    await (index % 2 ? old.close(1001) : old.terminate());
    await (await enter(scope, server, index, { session: old.session })).close();
  },
  async offerAndLeave(scope, server, index) {
    const client = await enter(scope, server, index, { offer: { type: 'offer', sdp: offer }, config: {} });
    await client.request('leave');
  },
  async offerAndDrop(scope, server, index) {
    const client = await connect(scope, server);
    client.request('join', { sid: roomOf(index), name: `P${index}`, offer: { type: 'offer', sdp: offer } }).catch(() => {});
    await delay(Math.random() * 30);
    await client.terminate();
  },
  async answerAndDrop(scope, server, index) {
    const client = await enter(scope, server, index, { config: { NoPublish: true } });
    const { sdp, target } = await client.next('offer', undefined, 20000);
    await client.request('answer', { target, desc: { type: 'answer', sdp: writeAnswer(parseSdp(sdp), NOWHERE) } }, 20000);
    await client.terminate();
  },
  async callAndLeave(scope, server, index) {
    for (const peer of await call(scope, server, index))
      await peer.leave();
  },
  async callAndDrop(scope, server, index) {
    for (const peer of await call(scope, server, index))
      await peer.drop();
  },
};
/* Whole calls cost most: one cycle in eight. */
const MIX = [...Object.keys(WAYS), 'leave', 'close', 'drop', 'refresh', 'offerAndLeave', 'offerAndDrop'];

async function cycle(server, index) {
  const scope = new Scope();
  const name = MIX[index % MIX.length];
  try {
    await WAYS[name](scope, server, index);
    await scope.end();
    await until('the room is gone', async () => (await server.http('GET', `/room/${roomOf(index)}`)).status === 404, 10000);
  } catch (error) {
    /* A broken connection is known a moment before the death that broke it. */
    await delay(1000);
    const state = server.isRunning ? 'goes on' : 'died';
    throw new Error(`cycle ${index} (${name}): ${error.message}; the server ${state}:\n${server.logTail}`, { cause: error });
  } finally {
    await scope.end();
  }
}

async function cycles(server, from, count, nInFlight) {
  let next = from;
  const one = async () => {
    while (next < from + count)
      await cycle(server, next++);
  };
  await Promise.all(Array.from({ length: nInFlight }, one));
}

/* Everybody has gone, and the server has noticed. */
async function measure(server, nCycles, hasObjects) {
  await until('the rooms are gone', async () =>
    (await server.http('GET', '/rooms', { token: ADMIN_TOKEN })).body.rooms.length === 0, 30000);
  const { threads, descriptors } = await steady(server);
  const objects = hasObjects ? { objects: (await liveObjects(server)).length } : {};
  return { cycles: nCycles, rss: server.residentKiB, threads, fds: total(descriptors), keys: await countEmbeddedKeys(server),
           ...objects };
}

const TITLES = { cycles: 'cycles', rss: 'RSS KiB', threads: 'threads', fds: 'fds', keys: 'Redis keys', objects: 'GObjects' };

function print(row) {
  if (row.cycles === 0)
    console.log(Object.keys(row).map((key) => TITLES[key].padStart(10)).join(' '));
  console.log(Object.values(row).map((value) => String(value).padStart(10)).join(' '));
}

/* The slope of a straight line through the rows, KiB a cycle: least squares. */
function slope(rows) {
  const mean = (key) => rows.reduce((sum, row) => sum + row[key], 0) / rows.length;
  const [x, y] = [mean('cycles'), mean('rss')];
  return rows.reduce((sum, row) => sum + (row.cycles - x) * (row.rss - y), 0)
    / rows.reduce((sum, row) => sum + (row.cycles - x) ** 2, 0);
}

/* What grows: threads, descriptors, keys and objects that are more at the end than ever while warming up; and memory
 * whose trend since then is more than the allocator's scatter. */
function findGrowth(rows) {
  const warm = rows.slice(0, Math.max(2, Math.ceil(rows.length * WARM_UP)));
  const rest = rows.slice(warm.length - 1);
  const counts = ['threads', 'fds', 'keys', 'objects'].filter((key) => rows.at(-1)[key] > Math.max(...warm.map((row) => row[key])));
  const bytesACycle = Math.round(slope(rest) * 1024);
  console.log(`\nRSS: ${bytesACycle} bytes a cycle from cycle ${rest[0].cycles} on`);
  return bytesACycle > MAX_BYTES_A_CYCLE ? [...counts, 'rss'] : counts;
}

const { values } = parseArgs({ options: {
  cycles: { type: 'string', default: '10000' }, every: { type: 'string', default: '1000' },
  'in-flight': { type: 'string', default: '8' }, server: { type: 'string' }, objects: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} });
if (values.help) {
  console.log(readFileSync(new URL('../soak', import.meta.url), 'utf8').replace(/^#!.*\n#.*\n/, '').replace(/^exec.*\n/m, '')
    .replace(/^# ?/gm, ''));
  process.exit(0);
}
if (values.server)
  process.env.SALON_SERVER = values.server;

const run = new Scope();
const server = await startServer(run, {
  config: { rooms: { 'resume-grace-s': GRACE_S }, log: { 'log-levels': '*:1,salon*:2' } },
  env: values.objects ? TRACING : {},
});
const [nCycles, every] = [Number(values.cycles), Number(values.every)];
const rows = [];
for (let done = 0; ; done += every) {
  rows.push(await measure(server, done, values.objects));
  print(rows.at(-1));
  if (done >= nCycles)
    break;
  await cycles(server, done, Math.min(every, nCycles - done), Number(values['in-flight']));
}
await run.end();
const growing = findGrowth(rows);
console.log(growing.length === 0 ? 'Verdict: flat' : `Verdict: grows: ${growing.map((key) => TITLES[key]).join(', ')}`);
process.exit(growing.length === 0 ? 0 : 1);
