/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recordings: what their folder says of them, what others make of their files, and what is in these. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { picturesOf, soundOf } from './pipelines.js';
import { MEDIA_MS, Program } from './program.js';
import { until } from './until.js';

/* recording.json; while there is none, one without files. */
export function readManifest(folder) {
  const path = join(folder, 'recording.json');
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : { state: 'none', files: [] };
}

export async function untilManifest(folder, what, probe) {
  await until(`the recording ${what}`, () => probe(readManifest(folder)), MEDIA_MS)
    .catch((error) => { throw new Error(`${error.message}\n${JSON.stringify(readManifest(folder), null, 1)}`); });
  return readManifest(folder);
}

/* What gst-discoverer-1.0 finds: { seconds, codecs }. */
export function discover(path) {
  const { stdout, stderr } = spawnSync('gst-discoverer-1.0', [path], { encoding: 'utf8', timeout: MEDIA_MS });
  const duration = stdout.match(/Duration: (\d+):(\d+):([\d.]+)/);
  assert.ok(duration && !/error/i.test(stdout), `${path}: ${stdout}${stderr}`);
  return { seconds: Number(duration[1]) * 3600 + Number(duration[2]) * 60 + Number(duration[3]),
           codecs: [...new Set([...stdout.matchAll(/(?:audio|video) #\d+: (\S+)/g)].map(([, name]) => name))].sort() };
}

/* Seconds at which an element `level` heard something begin. */
export function ticksOf(program) {
  const levels = soundOf(program).map(({ time, peak }) => ({ time, isLoud: peak > -20 }));
  return levels.filter(({ isLoud }, i) => i > 0 && isLoud && !levels[i - 1].isLoud).map(({ time }) => time);
}

/* Seconds at which the picture that an element `videoanalyse` saw changed. */
export function flashesOf(program) {
  const pictures = picturesOf(program).map(({ time, luma }) => ({ time, isBright: luma > 0.5 }));
  return pictures.filter(({ isBright }, i) => i > 0 && isBright !== pictures[i - 1].isBright).map(({ time }) => time);
}

/* Plays a file of the manifest to its end: { pictures, flashes, ticks, soundSeconds }. */
export async function play(t, folder, { file, tracks }) {
  const branches = { video: 'queue ! videoconvert ! videoanalyse ! fakesink sync=false',
                     audio: 'queue ! audioconvert ! audio/x-raw,format=S16LE,rate=48000,channels=1 ! level interval=5000000 ! fakesink sync=false' };
  const kinds = [...new Set(tracks.map(({ kind }) => kind))];
  const player = new Program(t, 'gst-launch-1.0', ['-m', 'filesrc', `location=${join(folder, file)}`, '!', 'decodebin', 'name=d',
    ...kinds.flatMap((kind) => `d. ! ${kind}/x-raw ! ${branches[kind]}`.split(' '))]);
  assert.equal(await player.exits(), 0, `${file}: ${player.errors}`);
  assert.doesNotMatch(player.output + player.errors, /WARNING|ERROR/, file);
  /* At the end it says once more that there was nothing, at no time. */
  const heard = [...player.output.matchAll(/level, .*?running-time=\(guint64\)(\d{1,18}), duration=\(guint64\)(\d+)/g)].at(-1);
  return { pictures: picturesOf(player), flashes: flashesOf(player), ticks: ticksOf(player),
           soundSeconds: heard ? (Number(heard[1]) + Number(heard[2])) / 1e9 : 0 };
}
