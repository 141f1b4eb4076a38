/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who can't play the codec of a picture gets it in another, made once for all who need it. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as runner from 'node:test';
import { jobProcesses, killJobs } from '../lib/jobs.js';
import { defer } from '../lib/cleanup.js';
import { readLog } from '../lib/log.js';
import { Peer } from '../lib/peer.js';
import { newRoom } from '../lib/people.js';
import { MEDIA_MS, Program } from '../lib/program.js';
import { ADMIN_TOKEN, serverPath, startServer } from '../lib/server.js';
import { never, until } from '../lib/until.js';
import { Whep } from '../lib/whip.js';

const test = process.env.SALON_TEST_SANITIZED
  ? (name, body) => runner.test(name, { skip: 'gst-launch-1.0 cannot load a plugin with a sanitizer' }, body)
  : runner.test;

const PLUGIN_DIR = join(dirname(serverPath()), 'plugin');
const folder = mkdtempSync(join(tmpdir(), 'salon-transcode-'));
defer(runner, () => rmSync(folder, { recursive: true, force: true }));

async function transcodingServer(t, jobs = {}) {
  const server = await startServer(t, { config: { log: { 'log-format': 'json' }, jobs } });
  defer(t, () => killJobs(server.stateDir));
  return server;
}

/* Somebody who publishes a real picture of this codec: the others' are made up, and nobody could decode them. */
function publish(t, server, room, { name = 'Ann', codec = 'vp8', size = 'width=320,height=180', settings = '' } = {}) {
  return new Program(t, 'gst-launch-1.0', ['-e', ...`videotestsrc is-live=true pattern=ball ! video/x-raw,${size},framerate=15/1
    ! salonsink server=${server.stateDir}/salon.sock room=${room} name=${name} video-codec=${codec} ${settings}`.trim().split(/\s+/)],
    { GST_PLUGIN_PATH: PLUGIN_DIR });
}

/* Who takes one codec alone, and what they are told of pictures. */
async function viewer(t, server, room, name, dialect = 'H264 alone') {
  const peer = await Peer.join(t, server, room, name, { publish: null, dialect });
  peer.told = [];
  peer.signalling.on('transcode', (params) => peer.told.push(params));
  return peer;
}

const pictureOf = (peer) => peer.slots.find(({ kind, last }) => kind === 'video' && last !== undefined);

async function gets(peer, codec) {
  return await until(`${peer.name} gets ${codec}`, () => {
    const slot = pictureOf(peer);
    return slot?.last.codec === codec ? slot : undefined;
  }, MEDIA_MS);
}

test('an H264-only viewer sees VP8', async (t) => {
  const server = await transcodingServer(t);
  const room = newRoom();
  publish(t, server, room);
  const bob = await viewer(t, server, room, 'Bob');
  await gets(bob, 'h264').catch((error) => { console.log(server.output, bob.told); throw error; });
  console.log(bob.told, server.output);
});
