/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every codec that Salon forwards, from a browser to another. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as runner from 'node:test';
import { openChromium } from '../lib/browsers.js';
import { defer } from '../lib/cleanup.js';
import { jobProcesses, killJobs } from '../lib/jobs.js';
import { readLog } from '../lib/log.js';
import { newRoom } from '../lib/people.js';
import { Person } from '../lib/person.js';
import { startProxy } from '../lib/proxy.js';
import { startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;
const chromium = await openChromium(runner);

for (const codec of ['VP8', 'VP9', 'H264', 'AV1']) {
  test(`${codec} is forwarded both ways`, async (t) => {
    const server = await startServer(t, { config: { media: { 'video-codecs': codec } } });
    const room = newRoom();
    const ann = await Person.enter(chromium, server, room, 'Ann');
    const bob = await Person.enter(chromium, server, room, 'Bob');
    await ann.grows('Bob', 'camera', 'frames');
    await bob.grows('Ann', 'camera', 'frames');
    assert.equal((await ann.from('Bob', 'camera')).codec, `video/${codec}`);
    assert.match((await ann.from('Bob', 'microphone')).codec, /^audio\/opus$/i);
    await ann.page.close();
    await bob.page.close();
  });
}

const NOTE = '.tile:not(.own) .tile-note';

/* Runs in a page before its own scripts: keeps what is said on the others' tiles. */
function keepNotes(selector) {
  window.notes = new Set();
  new MutationObserver(() => document.querySelectorAll(selector).forEach((note) => window.notes.add(note.textContent)))
    .observe(document, { subtree: true, childList: true, characterData: true });
}

/* Runs in a page before its own scripts: it answers that it can receive this codec alone. */
function receiveAlone(codec) {
  const { setRemoteDescription } = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.setRemoteDescription = async function (description) {
    await setRemoteDescription.call(this, description);
    const codecs = RTCRtpReceiver.getCapabilities('video').codecs.filter(({ mimeType }) =>
      mimeType === `video/${codec}` || mimeType === 'video/rtx');
    if (description.type === 'offer') {
      this.getTransceivers().filter(({ receiver }) => receiver.track.kind === 'video')
        .forEach((transceiver) => transceiver.setCodecPreferences(codecs));
    }
  };
}

async function enterReceivingAlone(codec, server, room, name) {
  const bob = new Person(await chromium.newPage(), name);
  await bob.page.addInitScript(receiveAlone, codec);
  await bob.page.addInitScript(keepNotes, NOTE);
  await bob.open(server, room, `name=${name}&join=1`);
  await bob.joined();
  return bob;
}

test('who receives H264 alone sees VP8 in it, while it is on', async (t) => {
  const server = await startServer(t, { config: { media: { 'video-codecs': 'VP8' } } });
  defer(t, () => killJobs(server.stateDir));
  const room = newRoom();
  const ann = await Person.enter(chromium, server, room, 'Ann');
  const bob = await enterReceivingAlone('H264', server, room, 'Bob');
  const { page } = bob;
  await bob.grows('Ann', 'camera', 'frames', 30000);
  await ann.grows('Bob', 'camera', 'frames');
  assert.equal((await bob.from('Ann', 'camera')).codec, 'video/H264');
  assert.equal((await ann.from('Bob', 'camera')).codec, 'video/VP8');
  assert.equal(await page.evaluate(() => window.salon.participants.size), 2);
  assert.ok(await page.evaluate(() => window.notes.has('Converting the picture for your browser…')), 'it was said meanwhile');
  await until('nothing is said any more', async () => !await page.isVisible(NOTE));

  await page.evaluate(() => {
    window.told = [];
    window.salon.addEventListener('track-transcode', ({ detail }) => window.told.push(detail.state));
  });
  const count = () => jobProcesses(server.stateDir).pipelines.length;
  assert.equal(count(), 1);
  await ann.page.evaluate(() => window.salon.setCamera(false));
  await until('it is not encoded any more', () => count() === 0, 30000);
  assert.deepEqual(await page.evaluate(() => window.told), []);
  await ann.page.evaluate(() => window.salon.setCamera(true));
  await until('it is encoded again', () => page.evaluate(() => window.told.join() === 'starting,transcoded'), 30000);
  await bob.grows('Ann', 'camera', 'frames', 30000);
  assert.deepEqual([ann.problems, bob.problems], [[], []]);
  await ann.page.close();
  await page.close();
});

test('what becomes of a picture while the WebSocket is broken is known after, and of who leaves nothing is kept', async (t) => {
  const server = await startServer(t, { config: { media: { 'video-codecs': 'VP8' }, rooms: { 'resume-grace-s': 20 } } });
  defer(t, () => killJobs(server.stateDir));
  const proxy = await startProxy(t, server);
  const room = newRoom();
  const ann = await Person.enter(chromium, server, room, 'Ann');
  const bob = await enterReceivingAlone('H264', proxy, room, 'Bob');
  const { page } = bob;
  await page.waitForFunction(() => [...window.salon.transcodes.values()].some(({ state }) => state === 'starting'));
  proxy.cut();
  await bob.grows('Ann', 'camera', 'frames', 30000);
  proxy.mend();
  await until('the WebSocket is back', () => page.evaluate(() => window.salon.state === 'joined'), 20000);
  await until('nothing is said any more', async () => !await page.isVisible(NOTE));
  assert.ok(await page.evaluate(() => window.notes.has('Converting the picture for your browser…')), 'it was said before');

  await ann.page.close();
  await page.waitForFunction(() => window.salon.participants.size === 1);
  assert.equal(await page.evaluate(() => window.salon.transcodes.size), 0);
  await page.close();
});

test('AV1, which GStreamer cannot read, is not transcoded, and that is told', async (t) => {
  if (spawnSync('gst-inspect-1.0', ['--exists', 'rtpav1depay']).status === 0)
    return t.skip('it can here');
  const server = await startServer(t, { config: { media: { 'video-codecs': 'AV1' }, log: { 'log-format': 'json' } } });
  const room = newRoom();
  const ann = await Person.enter(chromium, server, room, 'Ann');
  const bob = await enterReceivingAlone('H264', server, room, 'Bob');
  await until('the log says so', () => readLog(server.errors.slice(0, server.errors.lastIndexOf('\n') + 1))
    .some(({ event, reason, participant }) => event === 'transcode_refused' && reason === 'no_decoder' && participant === ann.id), 30000);
  await bob.sees('Your browser can’t play this picture', NOTE);
  assert.match(await bob.page.getAttribute('.tile:not(.own)', 'aria-label'), /^Ann, .*can’t play this picture$/);
  await ann.page.evaluate(() => window.salon.setCamera(false));
  await until('there is none to play', async () => !await bob.page.isVisible(NOTE));
  await ann.page.close();
  await bob.page.close();
});
