/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* README.md, Recordings. The room, and its owner's token, are those of Jobs. */

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { untilManifest } from '../../lib/recording.js';
import { checkHttp } from '../../lib/schema.js';

async function listed(line) {
  return (await line.answers('salonctl --json recordings --room studio')).recordings;
}

/* Somebody is recorded for a second: `names` of files, without their numbers. The recording is noted. */
function records(rest, names) {
  return { line: new RegExp(`^salonctl job start --room studio ${rest}$`), check: async (line) => {
    const ann = await line.publishes('studio', 'Ann');
    const [, short] = (await line.ends()).match(/^Started ([0-9a-f]{8});/);
    const id = (await listed(line)).map((recording) => recording.id).find((each) => each.startsWith(short));
    const folder = line.path(`../.local/state/salon/jobs/${id}/output`);
    await untilManifest(folder, 'has something of each', ({ files }) => files.length >= names.length
      && files.every(({ tracks }) => tracks.every(({ duration_ms: ms }) => ms > 1000)));
    await line.ends(`salonctl job stop ${short}`);
    const { files } = await untilManifest(folder, 'is complete', ({ state }) => state === 'complete');
    assert.deepEqual(files.map(({ file }) => file.replace(/^\d+-/, '')).sort(), names);
    await ann.interrupt();
    Object.assign(line.notes, { recording: id, file: files[0].file });
  } };
}

export default [
  records('record-tracks', ['Ann-camera.webm', 'Ann-microphone.webm']),
  /* VP8 has no place in MP4. */
  records('record-to-file participant=Ann format=mp4', ['Ann.webm']),
  {
    line: /^salonctl recordings --room studio$/,
    check: async (line) => assert.match(await line.ends(), new RegExp(`^${line.notes.recording.slice(0, 8)} .*studio`, 'm')),
  },
  {
    line: /^curl 'localhost:8080\/recordings\?room=studio' -H/,
    check: async (line) => {
      const answer = await line.fill({ OWNER_TOKEN: line.notes.owner }).answers();
      checkHttp('recordingsResponse', answer);
      assert.ok(answer.recordings.some(({ id }) => id === line.notes.recording));
    },
  },
  {
    line: /^salonctl recording get 0d4fb6f2 --output films$/,
    check: async (line) => {
      await line.fill({ '0d4fb6f2': line.notes.recording.slice(0, 8) }).ends();
      assert.ok(await line.counts(join('films', line.notes.file), 'matroskademux name=d d.video_0 ! vp8dec') >= 10);
    },
  },
  {
    line: /^salonctl recording delete 0d4fb6f2$/,
    check: async (line) => {
      await line.fill({ '0d4fb6f2': line.notes.recording.slice(0, 8) }).ends();
      assert.ok((await listed(line)).every(({ id }) => id !== line.notes.recording));
      assert.ok(!existsSync(line.path(`../.local/state/salon/jobs/${line.notes.recording}`)));
    },
  },
];
