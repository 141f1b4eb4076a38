/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How long somebody who comes into a room waits for the first picture, once their connection is there: the publisher has
 * to be asked for a keyframe, which takes the way to them and back. And how old the last keyframe is at that moment: one
 * that the server kept could be shown instead, if it is not too old.
 *
 *   meson test -C build --benchmark --verbose first-picture
 *
 * A Chromium publishes, behind a line that takes its time; another, nearer, has the viewers' pages, one after the other,
 * or six at once. Times are medians, and the longest. */

import * as runner from 'node:test';
import { openChromium } from '../lib/browsers.js';
import { Impairment } from '../lib/impairment.js';
import { newRoom } from '../lib/people.js';
import { Person } from '../lib/person.js';
import { startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;
const RTTS_MS = [20, 100, 300];
const VIEWER_RTT_MS = 50;
const N_SINGLE = 5;
const N_STORM = 6;
/* Between single viewers. In most rooms, most of the time, it would be minutes. */
const QUIET_MS = 2500;

const pass = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/* Runs in every viewer's page, before its own scripts: when the connection was there, and the first picture. */
function noteTimes() {
  const now = () => performance.timeOrigin + performance.now();
  const Original = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Original {
    constructor(...args) {
      super(...args);
      this.addEventListener('connectionstatechange', () => {
        if (this.connectionState === 'connected')
          window.connectedAt ??= now();
      });
    }
  };
  document.addEventListener('loadeddata', ({ target }) => {
    if (target.tagName === 'VIDEO')
      window.pictureAt ??= now();
  }, true);
}

/* Runs in the publisher's page: when it made keyframes. */
function noteKeyframes() {
  window.keyframes = [];
  let last = 0;
  setInterval(async () => {
    let made = 0;
    for (const report of (await window.salon.peerConnections.get(0).getStats()).values())
      made += report.type === 'outbound-rtp' ? report.keyFramesEncoded ?? 0 : 0;
    if (made > last)
      window.keyframes.push(performance.timeOrigin + performance.now());
    last = made;
  }, 20);
}

async function view(browser, server, room, name) {
  const viewer = new Person(await browser.newPage(), name);
  await viewer.page.addInitScript(noteTimes);
  await viewer.open(server, room, `name=${name}&join=1&audio=0&video=0`);
  const times = await until(`${name} has a picture`, () => viewer.page.evaluate(() =>
    window.pictureAt && { connectedAt: window.connectedAt, pictureAt: window.pictureAt }), 60_000);
  await viewer.page.close();
  return times;
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

async function tell(t, what, rttMs, publisher, times) {
  const keyframes = await publisher.page.evaluate(() => window.keyframes);
  const waits = times.map(({ connectedAt, pictureAt }) => pictureAt - connectedAt);
  const ages = times.map(({ connectedAt }) =>
    connectedAt - Math.max(...keyframes.map((at) => at + rttMs / 2).filter((at) => at < connectedAt)));
  t.diagnostic(`| ${what} | ${rttMs} ms | ${median(waits).toFixed()} ms | ${Math.max(...waits).toFixed()} ms | ` +
    `${median(ages).toFixed()} ms |`);
}

test('how long one waits for the first picture', { timeout: 600_000 }, async (t) => {
  const server = await startServer(t);
  const link = await Impairment.start(t, { seed: 1 });
  link.leadTo(server.mediaPort);
  const far = await openChromium(t, { nat: link });
  const viewersLink = await Impairment.start(t, { seed: 2, up: { delayMs: VIEWER_RTT_MS / 2 }, down: { delayMs: VIEWER_RTT_MS / 2 } });
  viewersLink.leadTo(server.mediaPort);
  const near = await openChromium(t, { nat: viewersLink });
  t.diagnostic('| Viewers | RTT of the publisher | To the picture | The longest | Age of the last keyframe |');
  t.diagnostic('| --- | ---: | ---: | ---: | ---: |');
  for (const rttMs of RTTS_MS) {
    for (const direction of [link.up, link.down])
      direction.set({ delayMs: rttMs / 2 });
    const room = newRoom();
    const publisher = await Person.enter(far, server, room, 'Ann', 'audio=0');
    await publisher.page.evaluate(noteKeyframes);
    /* A picture that nobody watches rests: it would have to be woken first. */
    const watcher = await Person.enter(near, server, room, 'Bob', 'audio=0&video=0');
    await watcher.grows('Ann', 'camera', 'frames');
    const single = [];
    for (let i = 0; i < N_SINGLE; i++) {
      await pass(QUIET_MS);
      single.push(await view(near, server, room, `Viewer${i}`));
    }
    await tell(t, 'one', rttMs, publisher, single);
    await pass(QUIET_MS);
    const storm = await Promise.all(Array.from({ length: N_STORM }, (_, i) => view(near, server, room, `Guest${i}`)));
    await tell(t, `${N_STORM} at once`, rttMs, publisher, storm);
    await publisher.page.close();
    await watcher.page.close();
  }
});
