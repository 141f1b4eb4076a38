/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A browser behind a line that becomes narrow, and wide again: what it is sent follows. The bounds are those of a busy
 * machine; how fast it is on a model of a line, tests/unit/test-estimator.c tells. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import * as runner from 'node:test';
import { openChromium } from '../lib/browsers.js';
import { defer } from '../lib/cleanup.js';
import { Impairment } from '../lib/impairment.js';
import { newRoom } from '../lib/people.js';
import { Person } from '../lib/person.js';
import { serverPath, startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;
const SALON_LAUNCH = process.env.SALON_LAUNCH ?? join(dirname(serverPath()), 'tools/salon-launch');
const PIPELINE = resolve(new URL('../../pipelines/test-publisher.launch', import.meta.url).pathname);

/* Two pictures of noise, which take what they are given; and a line with room for both, or for one. */
const VIDEO_BPS = 400_000;
const WIDE_BPS = 3_000_000;
const NARROW_BPS = 650_000;
const DOWN_MS = 20_000;
const UP_MS = 45_000;

function publish(t, server, room, name) {
  const child = spawn(SALON_LAUNCH, [`--server=${server.url}`, `--room=${room}`, `--name=${name}`, PIPELINE,
    'pattern=snow', `video-bitrate=${VIDEO_BPS}`, 'width=160', 'height=120'], { stdio: 'ignore' });
  const gone = new Promise((done) => child.once('close', done));
  defer(t, async () => {
    child.kill('SIGKILL');
    await gone;
  });
}

async function watch(person) {
  await person.page.evaluate(() => {
    window.salon.addEventListener('stats', ({ detail }) => (window.lastStats = detail));
    return window.salon.watchStats(1);
  });
}

/* The estimate, and the pictures: those that are sent, and why the others are not. */
async function read(person) {
  const stats = await person.page.evaluate(() => window.lastStats);
  const sources = await person.page.evaluate(() =>
    [...window.salon.subscriptions.values()].filter(({ track }) => track.kind === 'video').map(({ track }) => track.id));
  const pictures = (stats?.tracks ?? []).filter(({ track }) => sources.includes(track));
  return { estimate: stats?.connections[0]?.estimate_bps ?? 0, connections: stats?.connections ?? [],
           sent: pictures.filter(({ layer }) => layer), resting: pictures.filter(({ layer }) => !layer) };
}

const pin = (person, trackId) => person.page.evaluate((id) =>
  window.salon.pin([...window.salon.subscriptions.values()].find(({ track }) => track.id === id).track.participant), trackId);

/* With one seat, the second of them comes over a second connection. */
test('what is sent follows the line, over two connections too', { timeout: 150_000 }, async (t) => {
  const server = await startServer(t, { config: { media: { seats: 1 } } });
  const room = newRoom();
  publish(t, server, room, 'Ann');
  publish(t, server, room, 'Bob');
  const link = await Impairment.start(t, { seed: 7, down: { rateBps: WIDE_BPS, delayMs: 10 }, up: { delayMs: 10 } });
  link.leadTo(server.mediaPort);
  const eve = await Person.enter(await openChromium(t, { nat: link }), server, room, 'Eve', 'audio=0&video=0');
  await watch(eve);
  const bothAreSent = async () => {
    const now = await read(eve);
    return now.estimate > 2 * VIDEO_BPS && now.sent.length === 2 && now;
  };
  const { sent, connections } = await until('there is room for both', bothAreSent, UP_MS);
  await eve.grows('Ann', 'camera', 'frames');
  await eve.grows('Bob', 'camera', 'frames');
  assert.deepEqual(sent.map(({ target }) => target).sort(), [1, 2]);
  assert.equal(connections[0].estimate_bps, connections[1].estimate_bps, 'they share one line');
  await pin(eve, sent.find(({ target }) => target === 2).track);

  link.down.set({ rateBps: NARROW_BPS });
  const { resting } = await until('the one that is not pinned rests, on the other connection', async () => {
    const now = await read(eve);
    return now.estimate < 2 * VIDEO_BPS && now.sent.length === 1 && now.sent[0].target === 2 && now;
  }, DOWN_MS);
  assert.match(resting[0].reason, /^(bandwidth|priority)$/);
  await until('the queue is gone', async () => link.down.queuedBytes < 5_000, DOWN_MS);

  link.down.set({ rateBps: WIDE_BPS });
  await until('there is room for both again', bothAreSent, UP_MS);
  await eve.grows('Ann', 'camera', 'frames', UP_MS);
  await eve.grows('Bob', 'camera', 'frames', UP_MS);
  assert.deepEqual(eve.problems, []);
});

/* The fake camera's largest layer takes more than the narrow line has, and its smallest less. */
test('a picture in three sizes becomes smaller with the line, and larger again', { timeout: 150_000 }, async (t) => {
  const cameraSize = { width: 1280, height: 720 };
  const server = await startServer(t);
  const room = newRoom();
  const ann = await Person.enter(await openChromium(t, { cameraSize }), server, room, 'Ann', 'audio=0');
  const link = await Impairment.start(t, { seed: 8, down: { rateBps: 2 * WIDE_BPS, delayMs: 10 }, up: { delayMs: 10 } });
  link.leadTo(server.mediaPort);
  const eve = await Person.enter(await openChromium(t, { nat: link }), server, room, 'Eve', 'audio=0&video=0',
                                 { viewport: { width: 1800, height: 1000 } });
  const width = async () => (await eve.from('Ann', 'camera'))?.width ?? 0;
  await until('it is large', async () => await width() === cameraSize.width, UP_MS);

  link.down.set({ rateBps: 300_000 });
  await until('it is smaller', async () => {
    const now = await width();
    return now > 0 && now < cameraSize.width;
  }, DOWN_MS);
  await eve.grows('Ann', 'camera', 'frames', DOWN_MS);

  link.down.set({ rateBps: 2 * WIDE_BPS });
  await until('it is large again', async () => await width() === cameraSize.width, UP_MS);
  assert.deepEqual([...ann.problems, ...eve.problems], []);
});
