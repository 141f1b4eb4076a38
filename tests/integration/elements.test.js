/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* salonsink and salonsrc in pipelines as people type them: on the server's machine, and over WebRTC. */

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as runner from 'node:test';
import { PLUGIN_DIR, WAYS, buffersOf, launch as launchAt, test } from '../lib/elements.js';
import { connect, enter, joinRoom, newRoom, reasonOf } from '../lib/people.js';
import { MEDIA_MS, Program } from '../lib/program.js';
import { flashesOf, ticksOf } from '../lib/recording.js';
import { startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const server = await startServer(runner);

function launch(t, description, { at = server, ...options } = {}) {
  return launchAt(t, at, description, options);
}

function newFolder(t) {
  const folder = mkdtempSync(join(tmpdir(), 'salon-elements-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const FLAG_DELTA_UNIT = 0x2000;

for (const [way, at] of Object.entries(WAYS)) {
  test(`a picture and a sound that are published can be recorded ${way}, and both pipelines end with them`, async (t) => {
    const room = newRoom();
    const folder = newFolder(t);
    const path = join(folder, 'recording.mkv');
    const viewer = launch(t, `salonsrc ${at} room=${room} name=s
      matroskamux name=m ! filesink location=${path} s.video_0 ! queue ! m.video_0 s.audio_0 ! queue ! m.audio_0`);
    await viewer.prints(/salon-attached/);
    const pattern = launch(t, `videotestsrc ! vp8enc deadline=1 ! salonsink ${at} room=${room} name=pattern
      audiotestsrc ! opusenc ! pattern.`, { options: ['-m', '-e'] });
    for (const pad of ['video_0', 'audio_0'])
      await viewer.prints(new RegExp(`salon-track, event=\\(string\\)added, pad=\\(string\\)${pad},.* name=\\(string\\)pattern`));
    await until('a recording grows', () => statSync(path).size > 50000, MEDIA_MS);
    assert.equal(await pattern.interrupt(), 0, pattern.errors);
    assert.equal(await viewer.exits(), 0, viewer.errors);

    const pictures = join(folder, 'pictures.gray');
    const sound = join(folder, 'sound.raw');
    const reader = launch(t, `filesrc location=${path} ! matroskademux name=d
      d.video_0 ! queue ! vp8dec ! videoconvert ! videoscale ! video/x-raw,format=GRAY8,width=16,height=16 ! filesink location=${pictures}
      d.audio_0 ! queue ! opusdec ! audio/x-raw,format=S16LE,rate=48000,channels=1 ! filesink location=${sound}`);
    assert.equal(await reader.exits(), 0, reader.errors);
    const pictureSeconds = statSync(pictures).size / 256 / 30;
    const soundSeconds = statSync(sound).size / 2 / 48000;
    t.diagnostic(`${pictureSeconds} s of pictures, ${soundSeconds} s of sound`);
    assert.ok(pictureSeconds > 0.3 && soundSeconds > 0.3);
  });
}

test('on the same machine nothing is lost at the end', async (t) => {
  const room = newRoom();
  const folder = newFolder(t);
  const [pictures, sound] = [join(folder, 'pictures.gray'), join(folder, 'sound.raw')];
  const viewer = launch(t, `salonsrc SERVER room=${room} decode=true name=s
    s.video_0 ! queue ! videoconvert ! videoscale ! video/x-raw,format=GRAY8,width=16,height=16 ! filesink sync=false location=${pictures}
    s.audio_0 ! queue ! audioconvert ! audio/x-raw,format=S16LE,rate=48000,channels=1 ! filesink sync=false location=${sound}`);
  await viewer.prints(/salon-attached/);
  const pattern = launch(t, `videotestsrc num-buffers=60 ! vp8enc deadline=1 ! salonsink SERVER room=${room} name=pattern
    audiotestsrc num-buffers=94 ! opusenc ! pattern.`);
  assert.equal(await pattern.exits(), 0, pattern.errors);
  assert.equal(await viewer.exits(), 0, viewer.errors);
  const frames = statSync(pictures).size / 256;
  const packets = Math.floor(statSync(sound).size / 2 / 960);
  t.diagnostic(`${frames} of 60 frames, ${packets} of 100 packets of sound`);
  assert.ok(frames <= 60 && packets <= 102);
  /* Each is 2 s long, and begins when the viewer has asked for it, the picture with a keyframe: not too late. */
  assert.ok(frames >= 30 && packets >= 50);
});

for (const [codec, encoder, media] of [
  ['VP8', 'vp8enc deadline=1', 'video/x-vp8'],
  ['VP9', 'vp9enc deadline=1 cpu-used=8', 'video/x-vp9'],
  ['H264', 'x264enc tune=zerolatency speed-preset=ultrafast', 'video/x-h264'],
  ['Opus', 'opusenc', 'audio/x-opus'],
]) {
  test(`${codec} passes as it is`, async (t) => {
    const room = newRoom();
    const source = codec === 'Opus' ? 'audiotestsrc' : 'videotestsrc';
    launch(t, `${source} ! ${encoder} ! salonsink SERVER room=${room}`);
    const viewer = launch(t, `salonsrc SERVER room=${room} ! ${media} ! identity name=v silent=false ! fakesink sync=false`,
      { options: ['-v'] });
    await until('media comes', () => buffersOf(viewer, 'v').length >= 10, MEDIA_MS);
    assert.equal(buffersOf(viewer, 'v')[0].flags & FLAG_DELTA_UNIT, 0, 'it begins with a keyframe');
  });
}

for (const codec of ['vp8', 'vp9', 'h264']) {
  test(`raw pictures are encoded as ${codec}, and decoded again`, async (t) => {
    const room = newRoom();
    launch(t, `videotestsrc pattern=white ! video/x-raw,width=160,height=120 ! salonsink SERVER room=${room} name=p video-codec=${codec}
      audiotestsrc ! p.`);
    const viewer = launch(t, `salonsrc SERVER room=${room} decode=true name=s
      s.video_0 ! queue ! video/x-raw,width=160,height=120 ! identity name=v silent=false ! fakesink sync=false
      s.audio_0 ! queue ! audio/x-raw ! identity name=a silent=false ! fakesink sync=false`, { options: ['-v'] });
    await until('pictures and sound come', () =>
      buffersOf(viewer, 'v').length >= 10 && buffersOf(viewer, 'a').length >= 10, MEDIA_MS);
  });
}

/* A frame that changes from black to white or back, and a tick, each at every full second. */
test('sound and picture stay within 40 ms of each other on the same machine', async (t) => {
  const room = newRoom();
  launch(t, `videotestsrc pattern=blink ! video/x-raw,framerate=1/1,width=160,height=120 ! vp8enc deadline=1 keyframe-max-dist=1 !
    salonsink SERVER room=${room} name=p
    audiotestsrc wave=ticks sine-periods-per-tick=20 tick-interval=1000000000 volume=1 samplesperbuffer=480 ! audio/x-raw,rate=48000 !
    opusenc ! p.`);
  const viewer = launch(t, `salonsrc SERVER room=${room} decode=true name=s
    s.video_0 ! queue ! identity name=v silent=false ! fakesink sync=false
    s.audio_0 ! queue ! audioconvert ! level interval=5000000 ! fakesink sync=false`, { options: ['-v', '-m'] });
  const ticks = () => ticksOf(viewer);
  await until('4 flashes and ticks came', () => buffersOf(viewer, 'v').length >= 4 && ticks().length >= 4, MEDIA_MS);
  const flashes = buffersOf(viewer, 'v').map(({ time }) => time);
  const distances = ticks().map((tick) => Math.min(...flashes.map((flash) => Math.abs(flash - tick))))
    .filter((distance) => distance < 0.5);
  t.diagnostic(`ms between a flash and its tick: ${distances.map((distance) => Math.round(distance * 1000))}`);
  assert.ok(distances.length >= 3);
  assert.ok(Math.max(...distances) <= 0.04, `${distances}`);
});

/* videorate repeats the picture until the next is nearer: it changes with frame 16 of each second. What came before the
 * connection was up, sent in one burst, had the two apart by what had piled up of each, up to a second. */
test('sound and picture stay together when they are published over WebRTC', async (t) => {
  const room = newRoom();
  const viewer = launch(t, `salonsrc SERVER room=${room} decode=true name=s
    s.video_0 ! queue ! videoanalyse ! fakesink sync=false
    s.audio_0 ! queue ! audioconvert ! level interval=5000000 ! fakesink sync=false`);
  launch(t, `videotestsrc pattern=blink ! video/x-raw,framerate=1/1,width=160,height=120 ! videorate !
    video/x-raw,framerate=30/1 ! vp8enc deadline=1 ! salonsink URL room=${room} name=p
    audiotestsrc wave=ticks sine-periods-per-tick=20 tick-interval=1000000000 volume=1 samplesperbuffer=480 !
    audio/x-raw,rate=48000 ! opusenc ! p.`);
  const offsets = () => ticksOf(viewer).map((tick) =>
    Math.min(...flashesOf(viewer).map((flash) => Math.abs(flash - tick - 16 / 30)))).filter((offset) => offset < 0.5);
  await until('3 ticks with their flashes came', () => offsets().length >= 3, MEDIA_MS);
  const sorted = offsets().sort((one, other) => one - other);
  t.diagnostic(`ms: ${sorted.map((offset) => Math.round(offset * 1000))}`);
  assert.ok(sorted[Math.floor(sorted.length / 2)] < 0.15, `${sorted}`);
});

test('a late viewer gets a keyframe at once', async (t) => {
  const room = newRoom();
  const pattern = launch(t, `videotestsrc is-live=true ! vp8enc deadline=1 keyframe-max-dist=100000 ! salonsink SERVER room=${room}`);
  await pattern.prints(/salon-attached/);
  for (let i = 0; i < 2; i++) {
    const viewer = launch(t, `salonsrc SERVER room=${room} ! video/x-vp8 ! identity name=v silent=false ! fakesink sync=false`,
      { options: ['-v'] });
    await until('a picture comes', () => buffersOf(viewer, 'v').length > 0, MEDIA_MS);
    assert.equal(buffersOf(viewer, 'v')[0].flags & FLAG_DELTA_UNIT, 0);
    await viewer.interrupt();
  }
});

test('only what is asked for comes', async (t) => {
  const room = newRoom();
  for (const name of ['ann', 'bob'])
    launch(t, `videotestsrc ! vp8enc deadline=1 ! salonsink SERVER room=${room} name=${name} audiotestsrc ! opusenc ! ${name}.`);
  const viewer = launch(t, `salonsrc SERVER room=${room} participant=bob kind=video ! fakesink sync=false`);
  await viewer.prints(/salon-track/);
  const all = launch(t, `salonsrc SERVER room=${room}`);
  await until('all four tracks have come', () => all.output.match(/salon-track/g)?.length === 4, MEDIA_MS);
  assert.equal(viewer.output.match(/salon-track/g).length, 1);
  assert.match(viewer.output, /salon-track,.* name=\(string\)bob, source=\(string\)camera/);
});

for (const [way, at] of Object.entries(WAYS)) {
  test(`with speaker, one pad carries who leads, and goes on with the next ${way}`, async (t) => {
    const room = newRoom();
    const programs = Object.fromEntries(['ann', 'bob'].map((name) => [name, launch(t,
      `videotestsrc is-live=true ! vp8enc deadline=1 ! salonsink ${at} room=${room} name=${name}`, { options: ['-e', '-m'] })]));
    for (const program of Object.values(programs))
      await program.prints(/salon-attached/);
    const viewer = launch(t, `salonsrc ${at} room=${room} speaker=true ! video/x-vp8 ! identity name=v silent=false !
      fakesink sync=false`, { options: ['-v', '-m'] });
    await viewer.prints(/event=\(string\)added/);
    const [, first] = viewer.output.match(/event=\(string\)added,.* name=\(string\)(\w+), source/);
    const second = first === 'ann' ? 'bob' : 'ann';
    await until('pictures come', () => buffersOf(viewer, 'v').length >= 10, MEDIA_MS);
    await programs[first].interrupt();
    await viewer.prints(new RegExp(`event=\\(string\\)changed,.* name=\\(string\\)${second}, source`));
    const count = buffersOf(viewer, 'v').length;
    await until('more pictures come', () => buffersOf(viewer, 'v').length >= count + 10, MEDIA_MS);
    assert.equal(viewer.output.match(/event=\(string\)added/g).length, 1);
  });
}

for (const [way, at] of Object.entries(WAYS)) {
  test(`both ends come back after the server was restarted ${way}`, async (t) => {
    const stateDir = newFolder(t);
    const first = await startServer(t, { stateDir });
    const room = newRoom();
    const pattern = launch(t, `videotestsrc is-live=true ! vp8enc deadline=1 ! salonsink ${at} room=${room} name=pattern`, { at: first });
    const viewer = launch(t, `salonsrc ${at} room=${room} ! video/x-vp8 ! identity name=v silent=false ! fakesink sync=false`,
      { at: first, options: ['-v', '-m'] });
    await until('pictures come', () => buffersOf(viewer, 'v').length >= 10, MEDIA_MS);
    await first.stop();
    await viewer.prints(/salon-lost/);
    await pattern.prints(/salon-lost/);
    const count = buffersOf(viewer, 'v').length;
    await startServer(t, { stateDir, config: { server: { port: new URL(first.url).port } } });
    await until('more pictures come, on the same pad', () => buffersOf(viewer, 'v').length >= count + 10, MEDIA_MS);
    assert.match(viewer.output, /salon-attached.*salon-lost.*salon-attached/s);
    assert.equal(viewer.output.match(/event=\(string\)added/g).length, 1);
  });
}

test('errors say what to do', async (t) => {
  const room = newRoom();
  const absent = [`videotestsrc ! vp8enc ! salonsink room=${room} server=/nonexistent/salon.sock`,
    /There is no Salon at \/nonexistent\/salon\.sock: start it/];
  for (const [description, message] of [
    /* gst-launch-1.0 misses errors that come too early, but not each time. */
    ...Array(10).fill(absent),
    ['videotestsrc ! vp8enc ! salonsink SERVER', /Set the property room/],
    [`salonsrc room=${room} ! fakesink`, /No Salon of yours runs on this machine: start it/],
    ['salonsrc SERVER room=a/b ! fakesink', /control characters/],
  ]) {
    const wrong = launch(t, description, { env: { XDG_STATE_HOME: '/nonexistent' } });
    assert.notEqual(await wrong.exits(), 0, description);
    assert.match(wrong.errors, message);
  }
});

/* Somebody who comes over the server's socket, and has joined. */
async function enterLocally(t, room, config) {
  const client = await connect(t, server, { socket: join(server.stateDir, 'salon.sock') });
  return await joinRoom(client, room, 'Program', { config });
}

test('who comes over the network may not attach', async (t) => {
  const stranger = await enter(t, server, newRoom(), 'Stranger', { config: { NoSubscribe: true } });
  assert.equal(await reasonOf(stranger.request('attach', { receive: true })), 'forbidden');
});

test('an attach that cannot be is refused, and publishes nothing', async (t) => {
  const room = newRoom();
  const watcher = await enter(t, server, room, 'Watcher');
  const camera = (mid) => ({ mid, source: 'camera' });
  const program = await enterLocally(t, room, { NoSubscribe: true });
  for (const tracks of [[camera('x')], [camera('-1')], [camera('01')], [camera('32')], [camera('0'), camera('0')]])
    assert.equal(await reasonOf(program.request('attach', { tracks })), 'invalid_params', JSON.stringify(tracks));
  const { path, secret } = await program.request('attach', { tracks: [camera('0')] });
  assert.equal(path, join(server.stateDir, 'media.sock'));
  assert.ok(secret.length >= 43);
  assert.deepEqual(await program.request('attach', { tracks: [camera('1')] }), {});
  assert.equal(await reasonOf(program.request('attach', { tracks: [camera('2'), camera('1')] })), 'invalid_params');
  const offer = { type: 'offer', sdp: 'v=0' };
  assert.equal(await reasonOf(program.request('offer', { desc: offer })), 'media_error');
  const seer = await enterLocally(t, room, { NoPublish: true, NoSubscribe: true });
  assert.equal(await reasonOf(seer.request('attach', { tracks: [camera('0')] })), 'media_error');
  /* What was published of a refused attach has gone again at once. */
  const left = () => {
    const mids = new Set();
    for (const { message: { method, params } } of watcher.history) {
      if (method === 'track' && params.event === 'published')
        mids.add(params.track.mid);
      else if (method === 'track')
        mids.delete(params.track.mid);
    }
    return [...mids].join();
  };
  await until('the watcher has heard of all', () =>
    watcher.history.some(({ message }) => message.params?.participant?.id === seer.id) && left() === '0,1');
});

test('a program that stands still holds nobody up, and goes on where the others are', async (t) => {
  const room = newRoom();
  launch(t, `videotestsrc pattern=snow is-live=true ! video/x-raw,width=640,height=480 !
    vp8enc deadline=1 cpu-used=16 target-bitrate=20000000 ! salonsink SERVER room=${room}`);
  const view = () => launch(t, `salonsrc SERVER room=${room} ! identity name=v silent=false ! fakesink sync=false`, { options: ['-v'] });
  const [still, moving] = [view(), view()];
  for (const viewer of [still, moving])
    await until('pictures come', () => buffersOf(viewer, 'v').length > 5, MEDIA_MS);
  still.signal('SIGSTOP');
  const time = () => buffersOf(moving, 'v').at(-1).time;
  const stopped = time();
  /* More than a socket holds. */
  await until('3 s go by for the other', () => time() > stopped + 3, MEDIA_MS);
  const count = buffersOf(still, 'v').length;
  still.signal('SIGCONT');
  await until('pictures of now come', () => buffersOf(still, 'v').length > count + 5
    && buffersOf(still, 'v').at(-1).time > time() - 1, MEDIA_MS);
});

for (const [way, at] of Object.entries(WAYS)) {
  test(`neither element leaks ${way}`, async (t) => {
    const room = newRoom();
    const env = { GST_TRACERS: 'leaks', GST_DEBUG: 'GST_TRACER:7' };
    const viewer = launch(t, `salonsrc ${at} room=${room} decode=true ! fakesink sync=false`, { env });
    await viewer.prints(/salon-attached/);
    const pattern = launch(t, `videotestsrc ! salonsink ${at} room=${room}`, { options: ['-e'], env });
    await viewer.prints(/salon-track/);
    assert.equal(await pattern.interrupt(), 0, pattern.errors);
    assert.equal(await viewer.exits(), 0, viewer.errors);
    /* dtlsdec keeps one for the life of the process. */
    for (const { errors } of [pattern, viewer])
      assert.doesNotMatch(errors, /object-alive, type-name=\(string\)(?!%|GstDtlsAgent)|CRITICAL/);
  });
}

test('its socket goes with the server', async (t) => {
  const stateDir = newFolder(t);
  const short = await startServer(t, { stateDir });
  assert.ok(existsSync(join(stateDir, 'salon.sock')) && existsSync(join(stateDir, 'media.sock')));
  await short.stop();
  assert.ok(!existsSync(join(stateDir, 'salon.sock')) && !existsSync(join(stateDir, 'media.sock')));
});
