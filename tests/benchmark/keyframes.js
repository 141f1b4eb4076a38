/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What keyframes cost where the line is narrow and its queue short: two Chromiums, of which the one that watches, behind
 * such a line, asks for the small picture and for the large one in turns, and each begins with a keyframe.
 *
 *   SALON_SERVER=build/src/salon-server node tests/benchmark/keyframes.js
 *
 * SALON_BENCHMARK_KEYFRAMES_S (8): how long each is measured. */

import * as runner from 'node:test';
import { openChromium } from '../lib/browsers.js';
import { Impairment } from '../lib/impairment.js';
import { newRoom } from '../lib/people.js';
import { Person } from '../lib/person.js';
import { startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;
const MEASURE_S = Number(process.env.SALON_BENCHMARK_KEYFRAMES_S ?? 8);
/* For what the network was before to be over. */
const SETTLE_S = 3;
const LINES = [[2_000_000, 100], [2_000_000, 30], [1_000_000, 100], [1_000_000, 30]]; /* bit/s, and ms of queue */
const KEYFRAME_INTERVAL_S = 1;

/* Runs in the page: sums over what comes in. */
async function readTotals() {
  const totals = { frames: 0, freezeS: 0 };
  for (const [target, connection] of window.salon.peerConnections) {
    const reports = target > 0 ? [...(await connection.getStats()).values()] : [];
    for (const report of reports.filter(({ type }) => type === 'inbound-rtp')) {
      totals.frames += report.framesDecoded ?? 0;
      totals.freezeS += report.totalFreezesDuration ?? 0;
    }
  }
  return { ...totals, atS: performance.now() / 1000 };
}

const pass = (s) => new Promise((resolve) => setTimeout(resolve, s * 1000));

/* meanwhile: ends after MEASURE_S. */
async function measure(viewer, meanwhile = () => pass(MEASURE_S)) {
  await pass(SETTLE_S);
  const before = await viewer.page.evaluate(readTotals);
  await meanwhile();
  const after = await viewer.page.evaluate(readTotals);
  const grown = (key) => after[key] - before[key];
  return { fps: grown('frames') / grown('atS'), frozen: grown('freezeS') / grown('atS') };
}

const percent = (share) => `${(share * 100).toFixed(1)} %`;

/* Runs in the page. */
function setQuality(quality) {
  const { track } = [...window.salon.subscriptions.values()].find(({ track: { kind } }) => kind === 'video');
  return window.salon.setTrackSettings(track.id, { quality });
}

async function switchSizes(viewer) {
  for (let s = 0; s < MEASURE_S; s += 2 * KEYFRAME_INTERVAL_S) {
    for (const quality of ['low', 'high']) {
      await viewer.page.evaluate(setQuality, quality);
      await pass(KEYFRAME_INTERVAL_S);
    }
  }
}

test('keyframes on narrow lines with short queues', { timeout: 900000 }, async (t) => {
  const server = await startServer(t);
  const link = await Impairment.start(t, { seed: 1, down: { rateBps: LINES[0][0], delayMs: 10 }, up: { delayMs: 10 } });
  link.leadTo(server.mediaPort);
  const room = newRoom();
  await Person.enter(await openChromium(t, { cameraSize: { width: 1280, height: 720 } }), server, room, 'Ann', 'audio=0');
  const bob = await Person.enter(await openChromium(t, { nat: link }), server, room, 'Bob', 'audio=0&video=0',
                                 { viewport: { width: 1800, height: 1000 } });
  await until('it is large', async () => (await bob.from('Ann', 'camera'))?.width === 1280, 45000);
  t.diagnostic('| Line | Queue | Sizes | Dropped | Frames/s | Frozen |');
  t.diagnostic('| ---: | ---: | --- | ---: | ---: | ---: |');
  for (const [rateBps, queueMs] of LINES) {
    link.down.set({ rateBps, queueBytes: rateBps * queueMs / 8000 });
    for (const [name, meanwhile] of [['one', undefined], ['in turns', () => switchSizes(bob)]]) {
      const { packets, overflowed } = link.down.counts;
      const { fps, frozen } = await measure(bob, meanwhile);
      const dropped = (link.down.counts.overflowed - overflowed) / (link.down.counts.packets - packets);
      t.diagnostic(`| ${rateBps / 1e6} Mbit/s | ${queueMs} ms | ${name} | ${percent(dropped)} | ${fps.toFixed(1)} | ${percent(frozen)} |`);
    }
  }
});
