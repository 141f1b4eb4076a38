/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* salonrecorder: rooms in files, by hand and as a job; who comes and goes, what is missing, and what goes wrong. */

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import * as runner from 'node:test';
import { changeJob, killJobs, startJob, untilJob, untilState } from '../lib/jobs.js';
import { enter, newRoom } from '../lib/people.js';
import { MEDIA_MS, Program } from '../lib/program.js';
import { discover, play, readManifest, untilManifest } from '../lib/recording.js';
import { serverPath, startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const test = process.env.SALON_TEST_SANITIZED
  ? (name, body) => runner.test(name, { skip: 'gst-launch-1.0 cannot load a plugin with a sanitizer' }, body)
  : runner.test;

const PLUGIN_DIR = join(dirname(serverPath()), 'plugin');
const PICTURE = 'videotestsrc is-live=true ! video/x-raw,width=160,height=90,framerate=15/1';
const VP8 = 'vp8enc deadline=1 cpu-used=16 keyframe-max-dist=1000';
const SOUND = 'audiotestsrc is-live=true samplesperbuffer=960 ! opusenc';

const server = await startServer(runner);

function newFolder(t) {
  const folder = mkdtempSync(join(tmpdir(), 'salon-recorder-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/* gst-launch-1.0 with a pipeline in which SERVER stands for the server's socket. */
function launch(t, description, { at = server, options = ['-m', '-e'], prefix = [], env = {} } = {}) {
  const words = description.replaceAll('SERVER', `server=${join(at.stateDir, 'salon.sock')}`).trim().split(/\s+/);
  const [command, ...args] = [...prefix, 'gst-launch-1.0', ...options, ...words];
  return new Program(t, command, args, { GST_PLUGIN_PATH: PLUGIN_DIR, ...env });
}

/* Records, and is in the room by the time it returns. */
async function record(t, room, properties = '', options = {}) {
  const folder = options.folder ?? newFolder(t);
  const recorder = launch(t, `salonrecorder SERVER room=${room} location=${folder} ${properties}`, options);
  await recorder.prints(/salon-attached/);
  return { recorder, folder };
}

/* name: also of the element. */
function publish(t, room, name, { video = `${PICTURE} ! ${VP8}`, audio = SOUND, ...options } = {}) {
  const branches = [video, audio].filter(Boolean).map((branch) => `${branch} ! p.`).join(' ');
  return launch(t, `${branches} salonsink SERVER name=p room=${room} display-name=${name}`, options);
}

async function ends(recorder, folder) {
  assert.equal(await recorder.interrupt(), 0, recorder.errors);
  const manifest = readManifest(folder);
  assert.equal(manifest.state, 'complete');
  assert.deepEqual(manifest.files.filter(({ state }) => state !== 'complete'), []);
  return manifest;
}

/* Both the file and its player agree with the manifest. */
async function check(t, folder, file) {
  const found = discover(join(folder, file.file));
  const played = await play(t, folder, file);
  const said = file.duration_ms / 1000;
  const video = file.tracks.find(({ kind }) => kind === 'video');
  const audio = file.tracks.find(({ kind }) => kind === 'audio');
  t.diagnostic(`${file.file}: ${said} s, found ${found.seconds}, ${played.pictures.length} of ${video?.frames ?? 0} pictures, ${played.soundSeconds} s of sound`);
  assert.ok(Math.abs(found.seconds - said) < 0.15, `${file.file}: ${found.seconds} and ${said} s`);
  assert.equal(statSync(join(folder, file.file)).size, file.size_bytes);
  if (video)
    assert.equal(played.pictures.length, video.frames, file.file);
  if (audio)
    assert.ok(Math.abs(played.soundSeconds - audio.duration_ms / 1000) < 0.1, `${file.file}: ${played.soundSeconds} s of sound`);
  return { ...found, ...played };
}

/* Ticks that have a flash, and how far that is, in ms. */
function distances({ flashes, ticks }) {
  return ticks.map((tick) => 1000 * flashes.map((flash) => flash - tick)
    .reduce((best, one) => (Math.abs(one) < Math.abs(best) ? one : best), Infinity)).filter((ms) => Math.abs(ms) < 500);
}

const hasLasted = (ms, ...sources) => ({ files }) => sources.every((source) =>
  files.some(({ tracks }) => tracks.some((track) => track.source === source && track.duration_ms >= ms)));

test('each track gets a file, who comes later too, and all are whole at the end', async (t) => {
  const room = newRoom();
  const { recorder, folder } = await record(t, room);
  const ann = publish(t, room, 'Ann');
  await untilManifest(folder, 'has Ann', hasLasted(500, 'camera', 'microphone'));
  publish(t, room, '../../Bob//\u202e', { video: '' });
  await untilManifest(folder, 'has Bob', ({ files }) => files.some(({ file }) => file.includes('Bob')));
  assert.equal(await ann.interrupt(), 0, ann.errors);
  await untilManifest(folder, 'is done with Ann', ({ files }) =>
    files.filter(({ state }) => state === 'complete').length === 2);
  const manifest = await ends(recorder, folder);
  assert.deepEqual(manifest.files.map(({ file }) => file.slice(4)).sort(),
    ['Ann-camera.webm', 'Ann-microphone.webm', 'Bob-microphone.webm']);
  assert.deepEqual(readdirSync(folder).sort(), [...manifest.files.map(({ file }) => file), 'recording.json'].sort());
  for (const file of manifest.files)
    await check(t, folder, file);
  assert.equal(manifest.room, room);
  assert.ok(Math.abs(Date.parse(manifest.began_at) - Date.now()) < 60000);
  const [bob] = manifest.files.filter(({ file }) => file.includes('Bob'));
  assert.ok(bob.begins_ms > 500 && manifest.duration_ms >= bob.begins_ms + bob.duration_ms);
});

for (const [codec, encoder, format, suffix] of [
  ['H.264', 'x264enc tune=zerolatency speed-preset=ultrafast', 'webm', 'mkv'],
  ['H.264', 'x264enc tune=zerolatency speed-preset=ultrafast', 'mp4', 'mp4'],
  ['VP9', 'vp9enc deadline=1 cpu-used=8 lag-in-frames=0', 'mp4', 'mp4'],
  ['VP8', VP8, 'mp4', 'webm'],
  ['VP8', VP8, 'mkv', 'mkv'],
]) {
  test(`${codec} with Opus becomes ${suffix} where ${format} is asked for`, async (t) => {
    const room = newRoom();
    const { recorder, folder } = await record(t, room, `format=${format} per=participant`);
    publish(t, room, 'Ann', { video: `${PICTURE} ! ${encoder}` });
    await untilManifest(folder, 'lasts', hasLasted(500, 'camera', 'microphone'));
    const { files } = await ends(recorder, folder);
    assert.deepEqual(files.map(({ file }) => file), [`001-Ann.${suffix}`]);
    const { codecs } = await check(t, folder, files[0]);
    assert.deepEqual(codecs, [codec, 'Opus'].sort());
  });
}

/* Somebody who shows a flash and plays a tick at each full second. Not live: live sources take the time at which they begin for
 * their 0, each for itself. */
const FLASH = 'videotestsrc pattern=blink ! video/x-raw,width=160,height=90,framerate=1/1 ! vp8enc deadline=1 keyframe-max-dist=1';
const VP9_FLASH = FLASH.replace(/vp8enc.*/, 'vp9enc deadline=1 lag-in-frames=0 keyframe-max-dist=1');
const TICK = 'audiotestsrc wave=ticks sine-periods-per-tick=20 tick-interval=1000000000 volume=1 samplesperbuffer=480 ! audio/x-raw,rate=48000 ! opusenc';

for (const [format, video] of [['webm', FLASH], ['mp4', VP9_FLASH]]) {
  test(`sound and picture of a person stay within 40 ms in one ${format}`, async (t) => {
    const room = newRoom();
    const { recorder, folder } = await record(t, room, `format=${format} per=participant`);
    publish(t, room, 'Ann', { video, audio: TICK });
    await untilManifest(folder, 'lasts', hasLasted(3000, 'camera', 'microphone'));
    const { files: [file] } = await ends(recorder, folder);
    const ms = distances(await play(t, folder, file));
    t.diagnostic(`ms: ${ms.map(Math.round)}`);
    assert.ok(ms.length >= 2 && ms.every((one) => Math.abs(one) <= 40), `${ms}`);
  });
}

test('by the times of recording.json the files of a person who comes twice are in sync, and with those of others', async (t) => {
  const room = newRoom();
  const { recorder, folder } = await record(t, room);
  const both = launch(t, `${FLASH} ! tee name=t ! queue ! ann. t. ! queue ! bob. ${TICK} ! tee name=s ! queue ! ann. s. ! queue ! bob.
    salonsink SERVER room=${room} name=ann salonsink SERVER room=${room} name=bob`);
  await untilManifest(folder, 'lasts', ({ files }) => files.length === 4 && files.every((file) => file.duration_ms > 2500));
  assert.equal(await both.interrupt(), 0, both.errors);
  publish(t, room, 'ann', { video: FLASH, audio: TICK });
  await untilManifest(folder, 'lasts', ({ files }) => files.length === 6 && files.every((file) => file.duration_ms > 2500));
  const { files } = await ends(recorder, folder);
  const played = [];
  for (const file of files) {
    const { flashes, ticks } = await play(t, folder, file);
    const shift = (times) => times.map((time) => time + file.begins_ms / 1000);
    played.push({ flashes: shift(flashes), ticks: shift(ticks) });
  }
  const ms = distances({ flashes: played.flatMap(({ flashes }) => flashes), ticks: played.flatMap(({ ticks }) => ticks) });
  t.diagnostic(`ms: ${ms.map(Math.round)}`);
  assert.ok(ms.length >= 6 && ms.every((one) => Math.abs(one) <= 40), `${ms}`);
});

test('as a job it runs while nobody is there, tells how long, and leaves a whole file', async (t) => {
  const at = await startServer(t);
  t.after(() => killJobs(at.stateDir));
  const room = newRoom();
  assert.equal((await at.http('POST', '/room/create', { json: { slug: room } })).status, 201);
  const { id } = await startJob(at, { room, pipeline: 'record-to-file', parameters: { participant: 'Ann' } });
  await untilState(at, id, 'running');
  const ann = publish(t, room, 'Ann', { at, audio: '' });
  const folder = join(at.stateDir, 'jobs', id, 'output');
  await untilManifest(folder, 'has a second of Ann', hasLasted(1000, 'camera'));
  await untilJob(at, id, 'has progress', (job) => job.state === 'running' && job.position_ms > 1000 && job.output_bytes > 1000);
  await changeJob(at, id, { stop: true });
  await untilState(at, id, 'stopped');
  assert.equal(await ann.interrupt(), 0, ann.errors);
  const { state, files } = readManifest(folder);
  assert.equal(state, 'complete');
  assert.deepEqual(files.map(({ file }) => file), ['001-Ann-camera.webm']);
  await check(t, folder, files[0]);
});
