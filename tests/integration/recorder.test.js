/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* salonrecorder: rooms in files, by hand and as a job; who comes and goes, what is missing, and what goes wrong. */

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as runner from 'node:test';
import { changeJob, killJobs, startJob, untilJob, untilState } from '../lib/jobs.js';
import { newRoom } from '../lib/people.js';
import { MEDIA_MS, Program } from '../lib/program.js';
import { discover, play, readManifest, untilManifest } from '../lib/recording.js';
import { serverPath, startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const test = (name, body) => runner.test(name,
  { skip: process.env.SALON_TEST_SANITIZED && 'gst-launch-1.0 cannot load a plugin with a sanitizer' }, body);

const PLUGIN_DIR = join(dirname(serverPath()), 'plugin');
const PICTURE = 'videotestsrc is-live=true ! video/x-raw,width=160,height=90,format=I420,framerate=15/1';
const VP8 = 'vp8enc deadline=1 cpu-used=16 keyframe-max-dist=1000';
const SOUND = 'audiotestsrc is-live=true samplesperbuffer=960 ! opusenc';

/* Somebody who shows a flash and plays a tick at each full second. Not live: live sources take the time at which they
 * begin for their 0, each for itself. */
const FLASH = 'videotestsrc pattern=blink ! video/x-raw,width=160,height=90,framerate=1/1 ! vp8enc deadline=1 keyframe-max-dist=1';
const H264 = 'x264enc tune=zerolatency speed-preset=ultrafast';
const H264_FLASH = FLASH.replace(/vp8enc.*/, `${H264} key-int-max=1`);
const TICK = 'audiotestsrc wave=ticks sine-periods-per-tick=20 tick-interval=1000000000 volume=1 samplesperbuffer=480 ! audio/x-raw,rate=48000 ! opusenc';

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

/* The same of several files, laid in line as recording.json says. */
async function distancesIn(t, folder, files) {
  const all = { flashes: [], ticks: [] };
  for (const file of files) {
    const played = await play(t, folder, file);
    for (const name of ['flashes', 'ticks'])
      all[name].push(...played[name].map((time) => time + file.begins_ms / 1000));
  }
  return distances(all);
}

const hasLasted = (ms, ...sources) => ({ files }) => sources.every((source) =>
  files.some(({ tracks }) => tracks.some((track) => track.source === source && track.duration_ms >= ms)));

/* They mostly wait for time to be recorded. */
runner.describe('salonrecorder', { concurrency: 5 }, () => {
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
    ['H.264', H264, 'webm', 'mkv'],
    ['H.264', H264, 'mp4', 'mp4'],
    ['VP9', 'vp9enc deadline=1 cpu-used=8 lag-in-frames=0', 'mp4', 'webm'],
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

  for (const [format, video] of [['webm', FLASH], ['mp4', H264_FLASH]]) {
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
    const ms = [...await distancesIn(t, folder, files.slice(0, 4)), ...await distancesIn(t, folder, files.slice(4))];
    t.diagnostic(`ms: ${ms.map(Math.round)}`);
    assert.ok(ms.length >= 4 && ms.every((one) => Math.abs(one) <= 40), `${ms}`);
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

  test('a job that waits for somebody to record is running, not starting', async (t) => {
    const at = await startServer(t);
    t.after(() => killJobs(at.stateDir));
    const { id } = await startJob(at, { launch: `salonsrc server=local room=${newRoom()} ! matroskamux ! filesink location=one.mkv` });
    await untilState(at, id, 'running');
    await untilJob(at, id, 'has progress', (job) => job.position_ms > 500);
  });

  for (const [format, encoder, least] of [['webm', VP8, 0], ['mp4', H264, 1000]]) {
    test(`who is killed leaves ${format} files that play, with their durations`, async (t) => {
      const room = newRoom();
      const { recorder, folder } = await record(t, room, `format=${format}`);
      publish(t, room, 'Ann', { video: `${PICTURE} ! ${encoder}` });
      await untilManifest(folder, 'lasts', hasLasted(1500 + Math.random() * 1000, 'camera', 'microphone'));
      recorder.signal('SIGKILL');
      await recorder.exits();
      const { state, files } = readManifest(folder);
      assert.equal(state, 'recording');
      assert.equal(files.length, 2);
      for (const file of files) {
        const said = file.duration_ms / 1000;
        const { seconds } = discover(join(folder, file.file));
        const { pictures, soundSeconds } = await play(t, folder, file);
        const played = file.tracks[0].kind === 'video' ? pictures.length / 15 : soundSeconds;
        t.diagnostic(`${file.file}: noted ${said} s, in the file ${seconds}, plays ${played}`);
        assert.ok(seconds > said - 0.15 - least / 1000 && seconds < said + 10, `${seconds}`);
        assert.ok(played > said - 0.15 - least / 1000 && Math.abs(played - seconds) < 1.5 + least / 1000, `${played}`);
      }
    });
  }

  test('who sends no sound, or begins with it later, has a file nevertheless', async (t) => {
    const room = newRoom();
    const { recorder, folder } = await record(t, room, 'per=participant participant=Ann');
    const ann = publish(t, room, 'Ann', { audio: '' });
    publish(t, room, 'Bob', { video: '' });
    await untilManifest(folder, 'has her picture', hasLasted(500, 'camera'));
    publish(t, room, 'Ann', { video: '' });
    await untilManifest(folder, 'has her sound', hasLasted(500, 'microphone'));
    assert.equal(await ann.interrupt(), 0, ann.errors);
    const { files } = await ends(recorder, folder);
    assert.deepEqual(files.map(({ file }) => file), ['001-Ann-camera.webm', '002-Ann-microphone.webm']);
    for (const file of files)
      await check(t, folder, file);
  });

  test('a pause of the sound keeps its length, and holds up nobody who shares its file', async (t) => {
    const at = await startServer(t);
    t.after(() => killJobs(at.stateDir));
    const room = newRoom();
    const [apart, together] = [await record(t, room, '', { at }), await record(t, room, 'per=participant', { at })];
    const { id } = await startJob(at, { launch: `${FLASH} ! p. ${TICK} ! clocksync ! valve name=valve ! p.
      salonsink name=p server=local room=${room} display-name=Ann` });
    const pause = (isPaused) => changeJob(at, id, { set: { 'valve.drop': isPaused } });
    await untilManifest(apart.folder, 'lasts', hasLasted(2500, 'microphone', 'camera'));
    await pause(true);
    await untilManifest(together.folder, 'goes on without the sound', ({ files }) => files.some((file) =>
      file.begins_ms > 3000 && file.tracks.length === 1 && file.tracks[0].kind === 'video' && file.duration_ms > 500));
    await pause(false);
    await untilManifest(together.folder, 'has the sound again', ({ files }) => files.some((file) =>
      file.begins_ms > 3000 && file.tracks[0].kind === 'audio' && file.duration_ms > 1000));
    const { files } = await ends(apart.recorder, apart.folder);
    const whole = await ends(together.recorder, together.folder);
    assert.deepEqual(files.map(({ tracks: [{ kind }] }) => kind).sort(), ['audio', 'video']);
    const ms = await distancesIn(t, apart.folder, files);
    t.diagnostic(`ms: ${ms.map(Math.round)}`);
    assert.ok(ms.length >= 2 && ms.every((one) => Math.abs(one) <= 40), `${ms}`);
    for (const file of files)
      await check(t, apart.folder, file);
    assert.deepEqual(whole.files.map((file) => file.tracks.length), [2, 1, 1]);
    for (const file of whole.files)
      await check(t, together.folder, file);
  });

  test('a lost connection leaves a gap of its length', async (t) => {
    const stateDir = newFolder(t);
    const first = await startServer(t, { stateDir });
    const room = newRoom();
    const { recorder, folder } = await record(t, room, '', { at: first });
    publish(t, room, 'Ann', { video: FLASH, audio: TICK, at: first });
    await untilManifest(folder, 'lasts', hasLasted(1500, 'microphone', 'camera'));
    await first.stop();
    await recorder.prints(/salon-lost/);
    const lost = performance.now();
    const { files: [before] } = readManifest(folder);
    await startServer(t, { stateDir, config: { server: { port: new URL(first.url).port } } });
    await untilManifest(folder, 'goes on', ({ files }) => files.every(({ duration_ms: ms }) => ms > before.duration_ms + 2500));
    const { files } = await ends(recorder, folder);
    assert.equal(files.length, 2);
    assert.ok(files[0].duration_ms - before.duration_ms < performance.now() - lost + 4000);
    for (const file of files)
      await check(t, folder, file);
    const ms = await distancesIn(t, folder, files);
    t.diagnostic(`ms: ${ms.map(Math.round)}`);
    assert.ok(ms.length >= 2 && ms.every((one) => Math.abs(one) <= 40), `${ms}`);
  });

  test('a file that can grow no more ends alone, and its track goes on in the next', async (t) => {
    const room = newRoom();
    const { recorder, folder } = await record(t, room, '',
      { prefix: ['bash', '-c', 'ulimit -f 200; trap "" XFSZ; exec "$@"', 'bash'] });
    const noise = 'videotestsrc is-live=true pattern=snow ! video/x-raw,width=160,height=90,framerate=15/1';
    publish(t, room, 'Ann', { video: `${noise} ! vp8enc deadline=1 cpu-used=16 end-usage=cbr target-bitrate=2000000` });
    await untilManifest(folder, 'has three of the picture', ({ files }) =>
      files.filter(({ file, state }) => file.includes('camera') && state === 'broken').length >= 2);
    assert.equal(await recorder.interrupt(), 0, recorder.errors);
    const { state, files } = readManifest(folder);
    assert.equal(state, 'complete');
    const broken = files.filter((file) => file.state === 'broken');
    for (const file of broken) {
      assert.match(file.error, /\S/);
      assert.ok(discover(join(folder, file.file)).seconds > 0.3);
    }
    const [sound] = files.filter(({ file }) => file.includes('microphone'));
    assert.equal(sound.state, 'complete');
    await check(t, folder, sound);
    assert.match(recorder.output + recorder.errors, /WARNING.*[Cc]ould not write/);
  });

  test('on a disk that fills up all files are ended, and it says what to do', async (t) => {
    const room = newRoom();
    const [folder, disk] = [newFolder(t), newFolder(t)];
    const script = 'mount -t tmpfs -o size=17m tmpfs $0 || exit 77; "$@"; status=$?; cp -r $0/. $SAVED; exit $status';
    const recorder = launch(t, `salonrecorder SERVER room=${room} location=${disk}`,
      { prefix: ['unshare', '--user', '--map-root-user', '--mount', 'bash', '-c', script, disk], env: { SAVED: folder } });
    await recorder.prints(/salon-attached/);
    const noise = 'videotestsrc is-live=true pattern=snow ! video/x-raw,width=320,height=180,framerate=30/1';
    publish(t, room, 'Ann', { video: `${noise} ! vp8enc deadline=1 cpu-used=16 end-usage=cbr target-bitrate=5000000` });
    assert.equal(await recorder.exits(), 1);
    assert.match(recorder.errors, /The disk of .* is full: what was recorded is whole; make room there/);
    const { state, error, files } = readManifest(folder);
    assert.equal(state, 'failed');
    assert.match(error, /is full/);
    assert.deepEqual(files.map((file) => file.state), ['complete', 'complete']);
    for (const file of files)
      await check(t, folder, file);
  });

  test('with the end of its room a recording is complete', async (t) => {
    const room = newRoom();
    const { body } = await server.http('POST', '/room/create', { json: { slug: room } });
    const { recorder, folder } = await record(t, room);
    publish(t, room, 'Ann');
    await untilManifest(folder, 'lasts', hasLasted(500, 'microphone', 'camera'));
    const { status } = await server.http('DELETE', `/room/${room}`, { token: body.owner_token });
    assert.equal(status, 200);
    assert.equal(await recorder.exits(), 0, recorder.errors);
    const { state, files } = readManifest(folder);
    assert.equal(state, 'complete');
    for (const file of files)
      await check(t, folder, file);
  });

  test('it has no more files and bytes than it may, and touches no other recording', async (t) => {
    const room = newRoom();
    const few = await record(t, room, 'max-files=1 kind=audio');
    const small = await record(t, room, 'max-size=5000');
    publish(t, room, 'Ann');
    await untilManifest(few.folder, 'lasts', hasLasted(500, 'microphone'));
    publish(t, room, 'Bob', { video: '' });
    await until('it says what it leaves out', () => /has all 1 files that it may have.*max-files/.test(few.recorder.errors + few.recorder.output), MEDIA_MS);
    assert.equal((await ends(few.recorder, few.folder)).files.length, 1);
    assert.equal(await small.recorder.exits(), 0);
    assert.equal(readManifest(small.folder).state, 'complete');
    const again = launch(t, `salonrecorder SERVER room=${room} location=${few.folder}`);
    assert.notEqual(await again.exits(), 0);
    assert.match(again.errors, /There is a recording in the folder .*: set the property location to another/);
  });

  test('it leaks nothing, and leaves no descriptor behind', async (t) => {
    const room = newRoom();
    const { recorder, folder } = await record(t, room, 'per=participant',
      { env: { GST_TRACERS: 'leaks', GST_DEBUG: 'GST_TRACER:7' } });
    const count = () => readdirSync(`/proc/${recorder.pid}/fd`).length;
    const before = count();
    for (let i = 1; i <= 3; i++) {
      const ann = publish(t, room, 'Ann');
      await untilManifest(folder, `has file ${i}`, ({ files }) => files.length === i);
      assert.equal(await ann.interrupt(), 0, ann.errors);
      await untilManifest(folder, `is done with file ${i}`, ({ files }) => files.every(({ state }) => state === 'complete'));
    }
    await until('all are closed', () => count() <= before);
    await ends(recorder, folder);
    assert.doesNotMatch(recorder.errors, /object-alive, type-name=\(string\)(?!%)|CRITICAL/);
  });
});
