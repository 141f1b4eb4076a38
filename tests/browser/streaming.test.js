/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A room as a stream, in somebody else's player and page: hls.js, by a link to the job's files. */

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as runner from 'node:test';
import { openChromium } from '../lib/browsers.js';
import { defer } from '../lib/cleanup.js';
import { changeJob, jobProcesses, killJobs, startJob, untilJob, untilState } from '../lib/jobs.js';
import { startOrigin } from '../lib/origin.js';
import { newRoom } from '../lib/people.js';
import { MEDIA_MS } from '../lib/program.js';
import { ADMIN_TOKEN, startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;
const stateDir = mkdtempSync(join(tmpdir(), 'salon-hls-'));
defer(runner, () => rmSync(stateDir, { recursive: true, force: true }));
const origin = await startOrigin(runner, ['hls.js']);
const server = await startServer(runner, { stateDir });
defer(runner, () => killJobs(stateDir));
const chromium = await openChromium(runner);

const SEGMENT_S = 1;
const STREAM = { segment: SEGMENT_S, width: 160, height: 90, framerate: 15, 'video-kbps': 200 };

/* Runs in the page. */
function play(url) {
  const video = Object.assign(document.createElement('video'), { autoplay: true });
  document.body.append(video);
  window.problems = [];
  window.hls = new window.modules.Hls({ enableWorker: false });
  window.hls.on('hlsError', (_, { details, fatal }) => fatal && window.problems.push(details));
  window.hls.loadSource(url);
  window.hls.attachMedia(video);
}

/* With the colour of one pixel. */
function readPlayer() {
  const video = document.querySelector('video');
  const pen = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d');
  pen.drawImage(video, 0, 0, 1, 1);
  return { at: video.currentTime, width: video.videoWidth, height: video.videoHeight,
           frames: video.getVideoPlaybackQuality().totalVideoFrames, soundBytes: video.webkitAudioDecodedByteCount,
           green: pen.getImageData(0, 0, 1, 1).data[1], problems: window.problems };
}

/* A room with a black picture and a tone, and its stream. */
async function startStream() {
  const { body: { room } } = await server.http('POST', '/room/create', { json: { slug: newRoom() } });
  const stage = await startJob(server, { room: room.slug, pipeline: 'test-pattern',
    parameters: { pattern: 'black', wave: 'sine', width: 160, height: 90 } });
  const job = await startJob(server, { room: room.slug, pipeline: 'hls', parameters: STREAM });
  const { status, body: { url } } = await server.http('POST', `/jobs/${job.id}/link`, { token: ADMIN_TOKEN, json: {} });
  assert.equal(status, 201);
  await untilJob(server, job.id, 'has a playlist', ({ folder }) => existsSync(join(folder, 'output/playlist.m3u8')));
  return { stage, job, url };
}

test('a room is watched by hls.js, and once more when the job has begun anew, which no old segment is part of', async (t) => {
  const { stage, job, url } = await startStream();
  const page = await chromium.newPage();
  await page.goto(origin);
  await page.evaluate(play, `${url}playlist.m3u8`);
  let player;
  const plays = (what, probe) => until(what, async () => probe(player = await page.evaluate(readPlayer)), 2 * MEDIA_MS);
  await plays('it plays', ({ at, frames, soundBytes }) => at > 2 && frames > 15 && soundBytes > 10000);
  assert.deepEqual([player.width, player.height], [STREAM.width, STREAM.height]);
  assert.ok(player.green < 50, 'it is black');

  const { headers } = await fetch(`${url}playlist.m3u8`);
  assert.match(headers.get('cache-control'), /no-cache/);
  assert.equal(headers.get('content-type'), 'application/vnd.apple.mpegurl');

  await changeJob(server, stage.id, { set: { 'picture.pattern': 'white' } });
  const began = performance.now();
  await plays('what happens in the room is seen', ({ green }) => green > 150);
  t.diagnostic(`seen ${Math.round(performance.now() - began)} ms later, with segments of ${SEGMENT_S} s`);
  assert.deepEqual(player.problems, []);

  const names = async () => (await (await fetch(`${url}playlist.m3u8`)).text()).match(/^segment.*/mg) ?? [];
  const before = await names();
  jobProcesses(stateDir, job.id).pipelines.forEach((pid) => process.kill(pid, 'SIGKILL'));
  await untilJob(server, job.id, 'has begun anew', ({ restarts, state }) => restarts === 1 && state === 'running');
  await until('there are new segments', async () => (await names()).length > 0, MEDIA_MS);
  assert.deepEqual((await names()).filter((name) => before.includes(name)), []);
  await page.reload();
  await page.evaluate(play, `${url}playlist.m3u8`);
  await plays('it plays again', ({ at, green }) => at > 1 && green > 150);

  await changeJob(server, job.id, { stop: true });
  const stopped = await untilState(server, job.id, 'stopped');
  assert.match(readFileSync(join(stopped.folder, 'output/playlist.m3u8'), 'utf8'), /#EXT-X-ENDLIST/);
  await page.close();
});
