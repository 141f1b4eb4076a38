/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Other people's clients of WHIP and WHEP, as they are on npm, in an application's page of another origin. */

import assert from 'node:assert/strict';
import * as runner from 'node:test';
import { openChromium } from '../lib/browsers.js';
import { startOrigin } from '../lib/origin.js';
import { newRoom } from '../lib/people.js';
import { Person } from '../lib/person.js';
import { startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;
const origin = await startOrigin(runner, ['@eyevinn/whip-web-client', '@eyevinn/webrtc-player']);
const server = await startServer(runner, { config: { server: { 'allowed-origins': origin } } });
const chromium = await openChromium(runner);

/* A page of the application, with what it asked of the server: { method, status }. */
async function openApplication() {
  const page = await chromium.newPage();
  page.asked = [];
  page.problems = [];
  page.on('pageerror', (error) => page.problems.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && page.problems.push(message.text()));
  page.on('response', (response) => {
    if (response.url().startsWith(server.url))
      page.asked.push(`${response.request().method()} ${response.status()}`);
  });
  await page.goto(origin);
  return page;
}

async function publish(endpoint) {
  const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  window.whip = new window.modules.WHIPClient({ endpoint, opts: { authkey: 'stream-key', iceServers: [] } });
  await window.whip.ingest(media);
}

async function watch(endpoint) {
  const video = Object.assign(document.createElement('video'), { autoplay: true, muted: true });
  document.body.append(video);
  window.player = new window.modules.WebRTCPlayer({ video, type: 'whep', iceServers: [] });
  await window.player.load(new URL(endpoint));
}

/* What the page's player has played: frames, and seconds of sound. */
async function readPlayed() {
  const reports = [...(await window.player.peer.getStats()).values()].filter(({ type }) => type === 'inbound-rtp');
  return { frames: document.querySelector('video').getVideoPlaybackQuality().totalVideoFrames,
           seconds: reports.find(({ kind }) => kind === 'audio')?.totalSamplesDuration ?? 0 };
}

/* As RFC 9725 (section 4.3.3) has it, which the client leaves to the application. */
async function restartIce() {
  const { peer, resource, opts } = window.whip;
  /* It would send the new candidates with the credentials of before. */
  opts.noTrickleIce = true;
  await peer.setLocalDescription(await peer.createOffer({ iceRestart: true }));
  const find = (sdp, name) => sdp.match(new RegExp(`a=${name}:(.*)`))[1];
  const [before, local] = [peer.remoteDescription.sdp, peer.localDescription.sdp];
  const body = ['ice-ufrag', 'ice-pwd'].map((name) => `a=${name}:${find(local, name)}\r\n`).join('');
  const headers = { 'content-type': 'application/trickle-ice-sdpfrag', 'if-match': '*', authorization: 'Bearer stream-key' };
  const answer = await (await fetch(resource, { method: 'PATCH', headers, body })).text();
  const sdp = ['ice-ufrag', 'ice-pwd'].reduce((text, name) =>
    text.replaceAll(new RegExp(`a=${name}:.*`, 'g'), `a=${name}:${find(answer, name)}`), before);
  await peer.setRemoteDescription({ type: 'answer', sdp });
  return find(local, 'ice-ufrag');
}

async function localUfrag() {
  const reports = [...(await window.whip.peer.getStats()).values()];
  const transport = reports.find(({ type }) => type === 'transport');
  const pair = reports.find(({ id }) => id === transport?.selectedCandidatePairId);
  return reports.find(({ id }) => id === pair?.localCandidateId)?.usernameFragment;
}

async function plays(player) {
  const before = await player.evaluate(readPlayed);
  await until('sound and picture go on', async () => {
    const now = await player.evaluate(readPlayed);
    return now.frames > before.frames + 5 && now.seconds > before.seconds + 0.2;
  }, 20000);
}

test('npm\'s whip-web-client publishes, and webrtc-player and the page show it, over an ICE restart', async () => {
  const room = newRoom();
  const camera = await openApplication();
  await camera.evaluate(publish, new URL(`/whip/${room}?name=Camera`, server.url).href);
  const player = await openApplication();
  await player.evaluate(watch, new URL(`/whep/${room}?participant=Camera`, server.url).href);
  const ann = await Person.enter(chromium, server, room, 'Ann', 'audio=0&video=0');
  await ann.grows('Camera', 'camera', 'frames');
  await plays(player);
  assert.ok(camera.asked.includes('PATCH 204'), `it trickles: ${camera.asked}`);

  const ufrag = await camera.evaluate(restartIce);
  await until('media goes by the new ICE session', async () => await camera.evaluate(localUfrag) === ufrag, 15000);
  await plays(player);

  await camera.evaluate(() => window.whip.destroy());
  await until('the camera has left', async () => !(await ann.from('Camera', 'camera')));
  await player.evaluate(() => window.player.unload());
  const { body } = await server.http('GET', `/room/${room}`);
  assert.equal(body.n_members, 1);
  for (const { asked, problems } of [camera, player]) {
    assert.ok(asked.includes('POST 201') && asked.includes('DELETE 200'), String(asked));
    assert.deepEqual(asked.filter((what) => !/ 20[014]$/.test(what)), []);
    assert.deepEqual(problems, []);
  }
  await Promise.all([camera, player, ann.page].map((page) => page.close()));
});
