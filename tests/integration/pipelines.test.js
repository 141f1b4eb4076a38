/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each pipeline of pipelines/, run as a person would run it, and what comes out of it. */

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import * as runner from 'node:test';
import { newRoom } from '../lib/people.js';
import { MEDIA_MS, Program } from '../lib/program.js';
import { play, readManifest, untilManifest } from '../lib/recording.js';
import { serverPath, startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;

const PIPELINES = resolve(new URL('../../pipelines', import.meta.url).pathname);
const SALON_LAUNCH = process.env.SALON_LAUNCH ?? join(dirname(serverPath()), 'tools/salon-launch');
const PLUGIN_DIR = join(dirname(SALON_LAUNCH), '../plugin');
const IS_SANITIZED = Boolean(process.env.SALON_TEST_SANITIZED);

const EXIT_FAILURE = 1;
const EXIT_USAGE = 64;
const WHITE = 200;
const BLACK = 50;
const LOUD = 5000;

const server = await startServer(runner);
const tinySeatsServer = () => startServer(runner, { config: { media: { seats: 1 } } });

function salonLaunch(t, ...args) {
  return new Program(t, SALON_LAUNCH, args);
}

/* salon-launch in a room, with a file of pipelines/. */
function enter(t, room, name, file, { at = server, options = [], parameters = [] } = {}) {
  return salonLaunch(t, `--server=${at.url}`, `--room=${room}`, `--name=${name}`, ...options,
    join(PIPELINES, `${file}.launch`), ...parameters);
}

function newFolder(t) {
  const folder = mkdtempSync(join(tmpdir(), 'salon-pipelines-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/* What a "y4menc ! filesink" has written: the mean brightness of each whole picture, 0 to 255. */
function brightnesses(path) {
  const data = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
  const header = data.subarray(0, data.indexOf('\n') + 1).toString('latin1').match(/^YUV4MPEG2 C420.* W(\d+) H(\d+)/);
  if (!header)
    return [];
  const size = header[1] * header[2];
  const means = [];
  let start = data.indexOf('FRAME\n');
  for (; start >= 0 && start + 6 + size * 1.5 <= data.length; start = data.indexOf('FRAME\n', start + 6 + size * 1.5)) {
    let sum = 0;
    for (let i = start + 6; i < start + 6 + size; i++)
      sum += data[i];
    means.push(sum / size);
  }
  return means;
}

/* The loudest sample of raw 16-bit audio. */
function loudness(path) {
  const data = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
  let loudest = 0;
  for (let i = 0; i + 1 < data.length; i += 2)
    loudest = Math.max(loudest, Math.abs(data.readInt16LE(i)));
  return loudest;
}

/* Parameters of test-viewer that write what it shows and plays. */
function viewerFiles(folder) {
  const video = join(folder, 'video.y4m');
  const audio = join(folder, 'audio.raw');
  return { video, audio, parameters: [`video-sink=y4menc ! filesink buffer-mode=unbuffered location=${video}`,
    `audio-sink=audio/x-raw,format=S16LE ! filesink buffer-mode=unbuffered location=${audio}`] };
}

function isWhite(mean) {
  return mean > WHITE;
}

function isBlack(mean) {
  return mean < BLACK;
}

test('test-publisher is seen and heard in test-viewer', async (t) => {
  const room = newRoom();
  const files = viewerFiles(newFolder(t));
  const ann = enter(t, room, 'Ann', 'test-publisher', { parameters: ['pattern=white', 'wave=sine'] });
  await ann.prints(/^connected publisher$/m);
  const bob = enter(t, room, 'Bob', 'test-viewer', files);
  await until('20 white pictures came', () => brightnesses(files.video).filter(isWhite).length >= 20, MEDIA_MS);
  await until('sound came', () => loudness(files.audio) > LOUD, MEDIA_MS);
  await bob.leaves();
  await ann.prints(/^Bob left$/m);
  await ann.leaves();
  assert.match(bob.output, new RegExp(`^joined ${room} as Bob$`, 'm'));
  assert.match(bob.output, /^Ann is here$/m);
  assert.match(bob.output, /^slot 1\/video1 carries Ann's camera$/m);
  assert.match(bob.output, /^slot 1\/audio0 carries Ann's microphone$/m);
  assert.match(bob.output, new RegExp(`^left ${room}$`, 'm'));
});

test('a test-viewer goes on with the next person in the same slot', async (t) => {
  const room = newRoom();
  const files = viewerFiles(newFolder(t));
  const bob = enter(t, room, 'Bob', 'test-viewer', files);
  await bob.prints(/^connected subscriber$/m);
  const ann = enter(t, room, 'Ann', 'test-publisher', { parameters: ['pattern=white'] });
  await until('Ann is seen', () => isWhite(brightnesses(files.video).at(-1)), MEDIA_MS);
  await ann.leaves();
  await bob.prints(/^slot 1\/video1 carries nothing$/m);
  enter(t, room, 'Eve', 'test-publisher', { parameters: ['pattern=black'] });
  await until('Eve is seen', () => isBlack(brightnesses(files.video).at(-1)), MEDIA_MS);
  assert.match(bob.output, /^slot 1\/video1 carries Eve's camera$/m);
  await bob.leaves();
});

test('people beyond the seats of one connection neither disturb nor end a test-viewer', async (t) => {
  const at = await tinySeatsServer();
  const room = newRoom();
  const files = viewerFiles(newFolder(t));
  const bob = enter(t, room, 'Bob', 'test-viewer', { at, ...files });
  await bob.prints(/^connected subscriber$/m);
  enter(t, room, 'Ann', 'test-publisher', { at, parameters: ['pattern=white'] });
  await bob.prints(/^slot 1\/video1 carries Ann's camera$/m);
  enter(t, room, 'Eve', 'test-publisher', { at, parameters: ['pattern=black'] });
  await bob.prints(/^slot 2\/video1 carries Eve's camera$/m);
  await bob.prints(/^connected subscriber-2$/m);
  const count = brightnesses(files.video).length;
  await until('more of Ann is seen',
    () => brightnesses(files.video).slice(count).filter(isWhite).length >= 20, MEDIA_MS);
  assert.ok(brightnesses(files.video).every(isWhite), 'Eve is not in Ann\'s slot');
  await bob.leaves();
});

for (const [file, parameters, names] of [
  ['record-to-file', ['participant=Ann'], ['Ann.webm']],
  ['record-tracks', [], ['Ann-camera.webm', 'Ann-microphone.webm']],
  ['record-track', ['participant=Ann', 'source=microphone'], ['Ann-microphone.webm']],
])
  test(`${file} records what there is to see and hear, until they have gone`, {
    skip: IS_SANITIZED && 'gst-launch-1.0 cannot load a plugin with a sanitizer',
  }, async (t) => {
    const room = newRoom();
    const folder = join(newFolder(t), 'recording');
    const print = salonLaunch(t, '--print', join(PIPELINES, `${file}.launch`), `room=${room}`, ...parameters,
      `server=${join(server.stateDir, 'salon.sock')}`, `location=${folder}`, 'idle-timeout=1');
    assert.equal(await print.exits(), 0, print.errors);
    const recorder = new Program(t, 'gst-launch-1.0', ['-m', '-e', ...print.output.trim().replaceAll('"', '').split(/\s+/)],
      { GST_PLUGIN_PATH: PLUGIN_DIR });
    await recorder.prints(/salon-attached/);
    const ann = enter(t, room, 'Ann', 'test-publisher', { parameters: ['pattern=white'] });
    await untilManifest(folder, 'has a second of all', ({ files }) => files.length >= names.length
      && files.every(({ tracks }) => tracks.every(({ duration_ms: ms }) => ms > 1000)));
    await ann.leaves();
    assert.equal(await recorder.exits(), 0, recorder.errors);
    const { state, files } = readManifest(folder);
    assert.equal(state, 'complete');
    assert.deepEqual(files.map((one) => one.file.replace(/^\d+-/, '')).sort(), names);
    for (const one of files) {
      const { pictures, ticks, soundSeconds } = await play(t, folder, one);
      const kinds = one.tracks.map(({ kind }) => kind);
      assert.equal(pictures.filter(({ luma }) => luma > 0.5).length >= 10, kinds.includes('video'));
      assert.equal(soundSeconds > 0.9 && ticks.length > 0, kinds.includes('audio'), `${soundSeconds} s, ${ticks}`);
    }
  });

for (const [active, waiting, isActive] of [['white', 'black', isWhite], ['black', 'white', isBlack]])
  test(`slot-switch lets out the publisher that is linked first, ${active}`, {
    skip: IS_SANITIZED && 'gst-launch-1.0 cannot load a plugin with a sanitizer',
  }, async (t) => {
    const video = join(newFolder(t), 'video.y4m');
    const print = salonLaunch(t, '--print', join(PIPELINES, 'slot-switch.launch'), `active=${active}`,
      `waiting=${waiting}`, `sink=y4menc ! filesink buffer-mode=unbuffered location=${video}`);
    assert.equal(await print.exits(), 0, print.errors);
    const launch = new Program(t, 'gst-launch-1.0', ['-v', ...print.output.trim().split(/\s+/)],
      { GST_PLUGIN_PATH: PLUGIN_DIR });
    await until('30 pictures came', () => launch.status !== undefined || brightnesses(video).length >= 30, MEDIA_MS);
    assert.equal(launch.status, undefined, `${launch.output}${launch.errors}`);
    await launch.interrupt();
    assert.ok(brightnesses(video).every(isActive));
    const caps = launch.output.match(/GstSalonSlot:slot\.GstPad:src: caps = (.*)/)?.[1] ?? launch.output;
    assert.match(caps, /payload=\(int\)100/);
    assert.match(caps, /ssrc=\(uint\)7\b/);
  });

test('salon-launch leaves when its time is over', async (t) => {
  const room = newRoom();
  const ann = enter(t, room, 'Ann', 'test-publisher', { options: ['--duration=1'] });
  assert.equal(await ann.exits(), 0, ann.errors);
  assert.match(ann.output, new RegExp(`^left ${room}$`, 'm'));
});

test('salon-launch leaves when there is nothing more to send', async (t) => {
  const path = join(newFolder(t), 'short.launch');
  writeFileSync(path, `webrtcbin name=publisher
    videotestsrc is-live=true num-buffers=30 ! vp8enc deadline=1 ! rtpvp8pay pt=96 ! publisher.`);
  const ann = salonLaunch(t, `--server=${server.url}`, `--room=${newRoom()}`, path);
  assert.equal(await ann.exits(), 0, ann.errors);
  assert.match(ann.output, /^joined \S+ as short$/m);
  assert.match(ann.output, /^the pipeline has ended$/m);
});

test('salon-launch says what is wrong with a file, and what to do', async (t) => {
  const folder = newFolder(t);
  const cases = [
    ['fakesrc ! nosuch', [], /no element "nosuch"/],
    ['param width', [], /:1: a parameter reads "param name = default/],
    ['param a = 1\nparam a = 2', [], /:2: "a" is declared twice/],
    ['fakesrc sizemax=${size} ! fakesink', [], /no line declares \$\{size\}/],
    ['param size = 1', ['width=2'], /no parameter "width"; it has: size/],
    ['param size = 1', ['size'], /KEY=VALUE/],
    ['fakesrc ! fakesink', [], /neither "webrtcbin name=publisher" nor "webrtcbin name=subscriber"/],
    ['webrtcbin name=publisher', [], /nothing is linked to "publisher"/],
    ['fakesink name=subscriber', [], /"subscriber" must name a webrtcbin/],
  ];
  for (const [text, parameters, message] of cases) {
    const path = join(folder, 'wrong.launch');
    writeFileSync(path, text);
    const wrong = salonLaunch(t, path, ...parameters);
    assert.equal(await wrong.exits(), EXIT_USAGE, `${text}: ${wrong.errors}`);
    assert.match(wrong.errors, message);
  }
});

test('salon-launch says what is wrong with a run', async (t) => {
  const folder = newFolder(t);
  const path = join(folder, 'viewer.launch');
  writeFileSync(path, 'webrtcbin name=subscriber');
  const nowhere = salonLaunch(t, '--server=http://127.0.0.1:9', path);
  assert.equal(await nowhere.exits(), EXIT_FAILURE);
  assert.match(nowhere.errors, /there is no Salon at http:\/\/127\.0\.0\.1:9 .*--server/);
  const refused = salonLaunch(t, `--server=${server.url}`, '--room=a/b', path);
  assert.equal(await refused.exits(), EXIT_FAILURE);
  assert.match(refused.errors, /control characters/);
  writeFileSync(path, 'webrtcbin name=subscriber  fakesrc ! filesink location=/nonexistent/file');
  const broken = salonLaunch(t, `--server=${server.url}`, `--room=${newRoom()}`, path);
  assert.equal(await broken.exits(), EXIT_FAILURE);
  assert.match(broken.errors, /element "filesink\d*": .*\/nonexistent\/file/);
});

test('parameters have defaults, and comments go', async (t) => {
  const path = join(newFolder(t), 'parameters.launch');
  writeFileSync(path, '# A comment.\nparam size = 3  # bytes\nparam sink = fakesink name=a#b\n\n'
    + '  fakesrc sizemax=${size}\n  # Another.\n  ! ${sink}\n');
  const byDefault = salonLaunch(t, '--print', path);
  assert.equal(await byDefault.exits(), 0, byDefault.errors);
  assert.equal(byDefault.output, 'fakesrc sizemax=3 ! fakesink name=a#b\n');
  const assigned = salonLaunch(t, '--print', path, 'sink=queue ! fakesink', 'size=5');
  assert.equal(await assigned.exits(), 0, assigned.errors);
  assert.equal(assigned.output, 'fakesrc sizemax=5 ! queue ! fakesink\n');
});
