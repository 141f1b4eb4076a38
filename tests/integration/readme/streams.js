/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Streams into a room and out of it: README.md, and the heads of the files. */

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { untilJob } from '../../lib/jobs.js';
import { startDisplay, startNginx, startRtspServer } from '../../lib/media-servers.js';
import { MEDIA_MS } from '../../lib/program.js';
import { until } from '../../lib/until.js';

const RTMP_PORT = 1935;

/* options: of gst-launch-1.0. rest: after the file's name, as a regular expression. */
function launching(options, file, rest, check) {
  return { line: new RegExp(
    `^GST_PLUGIN_PATH=build/src/plugin gst-launch-1\\.0 ${options}\\$\\(salon-launch --print pipelines/${file}\\.launch${rest}\\)$`), check };
}

function starting(rest, check) {
  return { line: new RegExp(`^salonctl job start --room studio ${rest}$`), check: async (line) => {
    const token = (await line.ends('cat ~/.local/state/salon/admin-token')).trim();
    const [, prefix] = (await line.ends()).match(/^Started ([0-9a-f]{8});/);
    const { jobs } = await line.answers('salonctl --json jobs --room studio');
    const { id } = jobs.find((job) => job.id.startsWith(prefix));
    await check(line, (what, probe) => untilJob(line.server, id, what, probe, token));
    await line.ends(`salonctl job stop ${prefix}`);
  } };
}

function folderOf(line) {
  return mkdtempSync(line.path('at-'));
}

export default [
  starting('test-pattern pattern=smpte wave=sine', (line) => line.comesFrom('studio', 'Pattern')),
  starting('hls layout=speaker', async (line, untilIt) => {
    await untilIt('has a playlist', ({ folder }) => existsSync(join(folder, 'output/playlist.m3u8')));
  }),
  starting('thumbnails interval=10', async (line, untilIt) => {
    await line.publishes('studio', 'Ann');
    await untilIt('has a picture', ({ folder }) => existsSync(join(folder, 'output/thumbnail.jpg')));
  }),
  launching('', 'test-pattern', ' pattern=smpte', async (line) => {
    line.start();
    await line.comesFrom('demo', 'Pattern');
  }),
  launching('', 'play-file', ' location=film\\.webm loops=0', async (line) => {
    await line.ends('gst-launch-1.0 videotestsrc num-buffers=15 ! video/x-raw,width=160,height=120,framerate=15/1 ! vp8enc deadline=1 ! webmmux ! filesink location=film.webm');
    line.start();
    await line.comesFrom('demo', 'Film');
  }),
  launching('', 'screen', ' display=:0', async (line) => {
    line.fill({ ':0': await startDisplay(line.t) }).start();
    await line.comesFrom('demo', 'Screen');
  }),
  launching('', 'thumbnails', ' interval=10', async (line) => {
    await line.publishes('demo', 'Ann');
    line.start();
    await line.grows('thumbnail.jpg', 100);
    assert.equal(readFileSync(line.path('thumbnail.jpg')).readUInt16BE(0), 0xffd8);
  }),
  launching('-e ', 'hls', ' segment=2', async (line) => {
    line.start();
    await until('there is a playlist', () => existsSync(line.path('playlist.m3u8')), MEDIA_MS);
    await line.grows('segment-0-00000.ts', 1000);
  }),
  launching('-e ', 'rtmp', ' url=rtmp://localhost/live/demo', async (line) => {
    const at = folderOf(line);
    await startNginx(line.t, at, RTMP_PORT);
    line.start();
    await line.grows(join(at.slice(line.folder.length + 1), 'demo.flv'), 10000);
  }),
  launching('-e ', 'srt', '', async (line) => {
    const sender = line.start();
    await sender.prints(/Setting pipeline to PLAYING/);
    const output = line.shell(`gst-launch-1.0 -v srtsrc uri=srt://127.0.0.1:7001?mode=caller ! identity silent=false name=count ! fakesink`);
    await until('it comes', () => /last-message = chain/.test(output.output), MEDIA_MS);
  }),
  launching('-e ', 'rtsp', ' url=rtsp://localhost:8554/demo', async (line) => {
    const at = folderOf(line);
    const { host } = await startRtspServer(line.t, join(at, 'recorded'));
    line.fill({ 'localhost:8554/demo': `ann:open-sesame@${host}/record` }).start();
    await line.grows(join(at.slice(line.folder.length + 1), 'recorded.0'), 5000);
  }),
  launching('', 'pull-stream', ' url=rtsp://localhost:8554/stream', async (line) => {
    const { host } = await startRtspServer(line.t, join(folderOf(line), 'recorded'));
    line.fill({ 'localhost:8554/stream': `ann:open-sesame@${host}/door` }).start();
    await line.comesFrom('demo', 'Stream');
  }),
];
