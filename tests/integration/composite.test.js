/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* saloncomposite: a room in one picture and one sound, which go on whoever comes and goes. */

import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as runner from 'node:test';
import { apply, buffersOf, launch, sunkBy, test } from '../lib/elements.js';
import { changeJob, killJobs, startJob, untilJob, untilState } from '../lib/jobs.js';
import { enter, newRoom } from '../lib/people.js';
import { Peer } from '../lib/peer.js';
import { MEDIA_MS } from '../lib/program.js';
import { flashesOf, ticksOf } from '../lib/recording.js';
import { startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const [WIDTH, HEIGHT, RATE] = [320, 180, 10];
const SMALL = `width=${WIDTH} height=${HEIGHT} framerate=${RATE} names=false background=0`;
const BLACK = 16;
const GREY = 126;
const WHITE = 235;

const server = await startServer(runner, { config: { jobs: { 'pipelines-dir': resolve(import.meta.dirname, '../../pipelines') } } });

function newFolder(t) {
  const folder = mkdtempSync(join(tmpdir(), 'salon-composite-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/* `pattern=white` and the like, and a tone. */
function person(t, room, name, picture = 'pattern=white', { source = 'camera', sound = true } = {}) {
  return launch(t, server, `videotestsrc is-live=true ${picture} ! video/x-raw,width=160,height=90,framerate=15/1 !
    salonsink SERVER room=${room} name=${name} source=${source}
    ${sound ? `audiotestsrc is-live=true ! ${name}.` : ''}`, { options: ['-m', '-e'] });
}

/* The composite, whose pictures go into a file as they are drawn: the brightness of points of the last one. */
function mix(t, room, { more = '', run = launch } = {}) {
  const path = join(newFolder(t), 'pictures');
  const program = run(t, server, `saloncomposite SERVER room=${room} name=c ${SMALL} ${more}
    c.video ! filesink name=v buffer-mode=unbuffered location=${path}
    c.audio ! fakesink name=a sync=false`, { options: ['-e', '-m'], env: { GST_DEBUG: 'basesink:5', GST_DEBUG_NO_COLOR: '1' } });
  const size = WIDTH * HEIGHT * 1.5;
  return Object.assign(program, {
    last: () => {
      const data = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
      return data.subarray((Math.floor(data.length / size) - 1) * size).subarray(0, size);
    },
    /* expected: [x, y, brightness] ... */
    shows: async (what, ...expected) => {
      let found;
      await until(what, () => {
        assert.equal(program.status, undefined, program.errors);
        const picture = program.last();
        found = expected.map(([x, y]) => picture[y * WIDTH + x]);
        return picture.length === size && expected.every(([, , brightness], i) => Math.abs(found[i] - brightness) <= 12);
      }, MEDIA_MS).catch((error) => { throw new Error(`${error.message}: ${found}\n${program.errors}`); });
    },
  });
}

/* Nothing twice, and no gap: a machine that is busy may leave out a picture or two, and no sound. */
function assertContinuous(times, step, most) {
  assert.ok(times.length > 0 && times[0] <= most, 'from the beginning on');
  for (const [i, time] of times.slice(1).entries())
    assert.ok(time > times[i] + step / 2 && time < times[i] + most + step / 2, `after ${times[i]} comes ${time}`);
}

test('the mix goes on from its beginning to its end, whoever comes and goes', async (t) => {
  const room = newRoom();
  const composite = mix(t, room);
  await composite.shows('nobody', [160, 90, BLACK]);
  const ann = person(t, room, 'ann');
  await composite.shows('Ann', [20, 90, WHITE], [160, 90, WHITE], [160, 10, WHITE]);
  const bob = person(t, room, 'bob', 'pattern=solid-color foreground-color=0xff808080');
  await composite.shows('Ann and Bob', [80, 90, WHITE], [240, 90, GREY], [160, 10, BLACK]);
  await ann.interrupt();
  await composite.shows('Bob alone', [20, 90, GREY], [160, 10, GREY]);
  await bob.interrupt();
  await composite.shows('nobody again', [160, 90, BLACK]);
  assert.equal(await composite.interrupt(), 0, composite.errors);
  assertContinuous(sunkBy(composite, 'v'), 1 / RATE, 0.5);
  assertContinuous(sunkBy(composite, 'a'), 0.02, 0.02);
});

test('who watches has no place, and whose camera is off a card', async (t) => {
  const room = newRoom();
  const host = await enter(t, server, room, 'Host');
  const composite = mix(t, room);
  launch(t, server, `saloncomposite SERVER room=${room} name=other ${SMALL} other.video ! fakesink`);
  person(t, room, 'ann');
  await composite.shows('Ann', [20, 90, WHITE], [160, 10, WHITE]);
  const { track } = await host.next('track', (params) => params.track.kind === 'video');
  await host.request('mute', { track: track.id, muted: true });
  await composite.shows('a card', [20, 10, 57], [160, 10, 57]);
});

test('with the layout speaker a screen is large, and the layout changes while it plays', async (t) => {
  const room = newRoom();
  const composite = mix(t, room, { run: apply, more: 'layout=speaker' });
  person(t, room, 'ann');
  person(t, room, 'bob', 'pattern=solid-color foreground-color=0xff808080', { source: 'screen', sound: false });
  await composite.shows('the screen, and Ann beside it', [20, 90, GREY], [240, 90, GREY], [290, 90, WHITE]);
  composite.tell('set c layout grid');
  await composite.shows('both alike', [80, 90, GREY], [240, 90, WHITE]);
});

test('with the layout speaker who leads is large', async (t) => {
  const room = newRoom();
  const composite = mix(t, room, { more: 'layout=speaker' });
  person(t, room, 'ann');
  await composite.shows('Ann', [160, 90, WHITE]);
  /* As speech rises and falls. */
  launch(t, server, `videotestsrc is-live=true pattern=solid-color foreground-color=0xff808080 ! video/x-raw,width=160,height=90,framerate=15/1 !
    salonsink SERVER room=${room} name=bob
    audiotestsrc is-live=true wave=ticks tick-interval=400000000 sine-periods-per-tick=88 freq=440 volume=0.5 ! bob.`);
  await composite.shows('Bob, and Ann beside him', [20, 90, GREY], [240, 90, GREY], [290, 90, WHITE]);
});

test('of a picture in several sizes it is sent the one that fits its place', async (t) => {
  const room = newRoom();
  const ann = await Peer.join(t, server, room, 'Ann', { publish: ['camera'], simulcast: true });
  await ann.start();
  launch(t, server, `saloncomposite SERVER room=${room} name=c ${SMALL} c.video ! fakesink sync=false`);
  await ann.signalling.next('layers_wanted', ({ layers }) => layers.join() === '0', MEDIA_MS);
});

test('pictures that change their size keep their shape', async (t) => {
  const room = newRoom();
  const composite = mix(t, room);
  const ann = apply(t, server, `videotestsrc is-live=true pattern=white ! capsfilter name=f caps=video/x-raw,width=160,height=90 !
    vp8enc deadline=1 cpu-used=16 ! salonsink SERVER room=${room} name=ann`);
  await composite.shows('Ann', [20, 90, WHITE], [300, 90, WHITE]);
  ann.tell('set f caps video/x-raw,width=90,height=160');
  await composite.shows('Ann, upright', [20, 90, BLACK], [160, 90, WHITE], [160, 10, WHITE], [300, 90, BLACK]);
});

/* A frame that changes from black to white or back, and a tick, each at every full second. */
test('sound and picture stay within 40 ms of each other', async (t) => {
  const room = newRoom();
  const composite = launch(t, server, `saloncomposite SERVER room=${room} name=c width=160 height=90 names=false
    c.video ! videoanalyse ! fakesink sync=false c.audio ! level interval=5000000 ! fakesink sync=false`);
  await composite.prints(/salon-attached/);
  launch(t, server, `videotestsrc pattern=blink ! video/x-raw,framerate=1/1,width=160,height=90 ! vp8enc deadline=1 keyframe-max-dist=1 !
    salonsink SERVER room=${room} name=p
    audiotestsrc wave=ticks sine-periods-per-tick=20 tick-interval=1000000000 volume=1 samplesperbuffer=480 ! audio/x-raw,rate=48000 !
    opusenc ! p.`);
  const distances = () => {
    const flashes = flashesOf(composite);
    return ticksOf(composite).map((tick) => Math.min(...flashes.map((flash) => Math.abs(flash - tick)))).filter((distance) => distance < 0.5);
  };
  await until('3 ticks with their flashes came', () => distances().length >= 3, MEDIA_MS);
  t.diagnostic(`ms: ${distances().map((distance) => Math.round(distance * 1000))}`);
  assert.ok(Math.max(...distances()) <= 0.04, `${distances()}`);
});

test('who is late by a second is heard', async (t) => {
  const room = newRoom();
  const composite = launch(t, server, `saloncomposite SERVER room=${room} name=c c.audio ! level ! fakesink sync=false`);
  await composite.prints(/salon-attached/);
  launch(t, server, `videotestsrc is-live=true ! video/x-raw,width=160,height=90 ! salonsink SERVER room=${room} name=p
    audiotestsrc is-live=true ! queue max-size-time=0 max-size-bytes=0 max-size-buffers=0 min-threshold-time=1000000000 ! p.`);
  const loud = () => composite.output.match(/rms=\(GValueArray\)< -[0-2]?\d\./g)?.length ?? 0;
  await until('a second of sound', () => loud() >= 10, MEDIA_MS);
});

test('it ends with the room, as planned', async (t) => {
  const room = newRoom();
  const host = await enter(t, server, room, 'Host');
  const composite = mix(t, room);
  await composite.prints(/salon-attached/);
  await host.request('close');
  assert.equal(await composite.exits(), 0, composite.errors);
  assert.match(composite.output, /salon-ended.*Got EOS from element "pipeline0"/s);
});

test('it leaks nothing, and takes nothing that is not asked for', async (t) => {
  const room = newRoom();
  const env = { GST_TRACERS: 'leaks', GST_DEBUG: 'GST_TRACER:7' };
  const composite = launch(t, server, `saloncomposite SERVER room=${room} name=c ${SMALL} c.audio ! fakesink`, { options: ['-e', '-m'], env });
  const both = launch(t, server, `saloncomposite SERVER room=${room} name=c ${SMALL} c.audio ! fakesink c.video ! fakesink`, { options: ['-e', '-m'], env });
  await both.prints(/salon-attached/);
  const ann = person(t, room, 'ann');
  await composite.prints(/salon-track.*audio_0/);
  await both.prints(/salon-track.*video_0/);
  await ann.interrupt();
  await both.prints(/event=\(string\)removed.*event=\(string\)removed/s);
  person(t, room, 'bob');
  await both.prints(/video_1/);
  for (const program of [composite, both]) {
    assert.equal(await program.interrupt(), 0, program.errors);
    assert.doesNotMatch(program.errors, /object-alive, type-name=\(string\)(?!%)|CRITICAL|WARNING/);
  }
  assert.doesNotMatch(composite.output, /video_0/);
});

test('nothing linked is an error that says what to do', async (t) => {
  const composite = launch(t, server, `saloncomposite SERVER room=${newRoom()}`);
  assert.notEqual(await composite.exits(), 0);
  assert.match(composite.errors, /Link the pad video, or audio/);
});

/* -- pipelines, as jobs -- */

/* A tone, in raw 16-bit sound. */
function assertHeard(path) {
  const data = readFileSync(path);
  const samples = new Int16Array(data.buffer, data.byteOffset, data.length >> 1);
  assert.ok(samples.some((sample) => sample > 5000), 'Ann is heard');
}

async function startPipeline(t, pipeline, room, parameters) {
  t.after(async () => await killJobs(server.stateDir));
  return await startJob(server, { room: room.id, pipeline, parameters });
}

test('composite records a room in a job, and what is written plays, as after kill -9', async (t) => {
  const host = await enter(t, server, newRoom(), 'Host');
  person(t, host.room.slug, 'ann');
  const job = await startPipeline(t, 'composite', host.room, { width: 160, height: 90, framerate: 5, 'video-bitrate': 100000 });
  await untilState(server, job.id, 'running');
  const path = join(server.stateDir, 'jobs', job.id, 'output/composite.webm');
  /* Sound; silence and a picture that stands are less. Jobs go last for a processor. */
  await until('the file grows', () => existsSync(path) && statSync(path).size > 15000, 2 * MEDIA_MS);
  await changeJob(server, job.id, { set: { 'room.layout': 'speaker' } });
  /* What is in it now is what would be left of it. */
  const cut = join(newFolder(t), 'cut.webm');
  copyFileSync(path, cut);
  const brightness = join(newFolder(t), 'pictures');
  const sound = `${brightness}.raw`;
  const player = launch(t, server, `filesrc location=${cut} ! matroskademux name=f
    f. ! queue ! vp8dec ! identity name=v silent=false ! videoscale ! video/x-raw,width=16,height=16 ! filesink location=${brightness}
    f. ! queue ! opusdec ! identity name=a silent=false ! audioconvert ! audio/x-raw,format=S16LE,channels=1 ! filesink location=${sound}`,
  { options: ['-v'] });
  assert.equal(await player.exits(), 0, player.errors);
  const pictures = readFileSync(brightness);
  assert.ok(Array.from({ length: pictures.length / 384 }, (_, i) => pictures[384 * i + 136]).some((middle) => middle > WHITE - 12), 'Ann is seen');
  const [picturesEnd, soundEnd] = ['v', 'a'].map((name) => buffersOf(player, name).at(-1).time);
  assert.ok(Math.abs(picturesEnd - soundEnd) < 1.5, `pictures to ${picturesEnd} s, sound to ${soundEnd} s`);
  assertHeard(sound);
});

test('audio-mix records what is said in a job, which ends as it should', async (t) => {
  const host = await enter(t, server, newRoom(), 'Host');
  person(t, host.room.slug, 'ann');
  const job = await startPipeline(t, 'audio-mix', host.room, {});
  const path = join(server.stateDir, 'jobs', job.id, 'output/room.ogg');
  await until('the file grows', () => existsSync(path) && statSync(path).size > 15000, 2 * MEDIA_MS);
  await changeJob(server, job.id, { stop: true });
  await untilJob(server, job.id, 'has stopped', ({ state }) => state === 'stopped');
  const sound = join(newFolder(t), 'sound');
  const player = launch(t, server, `filesrc location=${path} ! oggdemux ! opusdec ! audioconvert !
    audio/x-raw,format=S16LE,channels=1 ! filesink location=${sound}`);
  assert.equal(await player.exits(), 0, player.errors);
  assertHeard(sound);
});

test('overlay gives a camera back under another name, and not its own again', async (t) => {
  const host = await enter(t, server, newRoom(), 'Host');
  const ann = person(t, host.room.slug, 'Ann');
  const job = await startPipeline(t, 'overlay', host.room, { effect: 'videobalance brightness=-0.5' });
  const viewer = launch(t, server, `salonsrc SERVER room=${host.room.slug} participant=Overlay decode=true ! videoanalyse ! fakesink sync=false`);
  await viewer.prints(/luma-average=\(double\)0\.[345]/);
  await ann.interrupt();
  await untilJob(server, job.id, 'has finished', ({ state }) => state === 'finished');
});
