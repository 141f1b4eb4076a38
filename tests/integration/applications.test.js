/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Applications of salonsink and salonsrc that do more than gst-launch-1.0: they change their pipelines while they play. */

import assert from 'node:assert/strict';
import * as runner from 'node:test';
import { WAYS, apply, buffersOf, launch, test } from '../lib/elements.js';
import { Peer } from '../lib/peer.js';
import { enter, newRoom } from '../lib/people.js';
import { MEDIA_MS } from '../lib/program.js';
import { startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const server = await startServer(runner);

/* The widths of the pictures that went through the identity `v`. */
const widthsOf = ({ output }) => [...output.matchAll(/GstIdentity:v\.GstPad:src: caps = .*?width=\(int\)(\d+)/g)].map(([, width]) => Number(width));
const countOf = (program) => buffersOf(program, 'v').length;

for (const [way, at] of Object.entries(WAYS)) {
  test(`a pad says how large its picture is shown, and whether at all, ${way}`, async (t) => {
    const room = newRoom();
    const ann = await Peer.join(t, server, room, 'Ann', { publish: ['camera'], simulcast: true });
    await ann.start();
    const viewer = apply(t, server, `salonsrc ${at} room=${room} name=s width=320 height=180 s.video_0 !
      identity name=v silent=false ! fakesink sync=false`);
    const shows = (width) => until(`pictures ${width} wide come`, () => widthsOf(viewer).at(-1) === width, MEDIA_MS);
    await shows(320);
    viewer.tell('get s.video_0 display-name');
    await viewer.prints(/display-name is Ann\n/);
    viewer.tell('set s.video_0 width 640');
    await shows(640);
    viewer.tell('set s.video_0 paused true');
    await ann.signalling.next('layers_wanted', ({ layers }) => layers.length === 0, MEDIA_MS);
    const count = countOf(viewer);
    viewer.tell('set s.video_0 paused false');
    await until('it goes on', () => countOf(viewer) > count + 5, MEDIA_MS);
  });
}

async function packetsReceivedBy(viewer) {
  const answers = () => [...viewer.output.matchAll(/^stats is .*packets-received\\=\\\(guint64\\\)(\d+)/gm)];
  const count = answers().length;
  viewer.tell('get s stats');
  await until('it tells its stats', () => answers().length > count, MEDIA_MS);
  return Number(answers().at(-1)[1]);
}

for (const [way, at] of Object.entries(WAYS)) {
  test(`of codecs that it does not take nothing comes ${way}`, async (t) => {
    const room = newRoom();
    const view = (codec) => apply(t, server, `salonsrc ${at} room=${room} name=s kind=video ${codec} ! identity name=v silent=false ! fakesink sync=false`);
    const [picky, other] = [view('codec=vp9+opus'), view('')];
    for (const viewer of [picky, other])
      await viewer.prints(/salon-attached/);
    launch(t, server, `videotestsrc is-live=true ! video/x-raw,width=160,height=120 ! salonsink SERVER room=${room} name=vp8 video-codec=vp8`);
    await until('VP8 comes to the other', () => countOf(other) > 30, MEDIA_MS);
    assert.equal(await packetsReceivedBy(picky), 0);
    launch(t, server, `videotestsrc is-live=true ! video/x-raw,width=160,height=120 ! salonsink SERVER room=${room} name=vp9 video-codec=vp9`);
    await until('VP9 comes', () => countOf(picky) > 5, MEDIA_MS);
    assert.match(picky.output, /pad=\(string\)video_0.* name=\(string\)vp9,/);
    assert.doesNotMatch(picky.output, /video_1/);
  });
}

/* The next comes in the slot of the one before. */
test('pictures of each codec go out and come in over WebRTC', async (t) => {
  const room = newRoom();
  const codecs = ['vp8', 'vp9', 'h264', 'vp8'];
  const viewer = apply(t, server, `salonsrc URL room=${room} kind=video name=s
    ${codecs.map((codec, i) => `s.video_${i} ! video/x-${codec} ! identity name=v${i} silent=false ! fakesink sync=false async=false`).join(' ')}`);
  await viewer.prints(/salon-attached/);
  for (const [i, codec] of codecs.entries()) {
    const publisher = launch(t, server, `videotestsrc is-live=true ! video/x-raw,width=160,height=120 !
      salonsink URL room=${room} video-codec=${codec}`, { options: ['-e'] });
    await until(`pictures of ${codec} come`, () => buffersOf(viewer, `v${i}`).length > 10, MEDIA_MS);
    await publisher.interrupt();
    if (i + 1 < codecs.length)
      await viewer.prints(new RegExp(`event=\\(string\\)removed, pad=\\(string\\)video_${i}`));
  }
});

const PATTERN = 'videotestsrc is-live=true ! video/x-raw,width=160,height=120 ! vp8enc deadline=1';

test('a lock and a waiting room are none to the owner\'s programs and to those of this machine', async (t) => {
  const room = newRoom();
  const { body: { owner_token: token } } = await server.http('POST', '/room/create', { json: { slug: room } });
  const host = await enter(t, server, room, 'Host');
  await host.request('set_waiting_room', { enabled: true });
  const stranger = launch(t, server, `${PATTERN} ! salonsink URL room=${room}`);
  await stranger.prints(/salon-waiting/);
  await host.request('lock', { locked: true });
  const publish = (words) => launch(t, server, `${PATTERN} ! salonsink ${words} room=${room}`, { options: ['-m', '-v'] });
  const owner = publish(`URL token=${token}`);
  await owner.prints(/salon-attached/);
  assert.ok(!(owner.output + owner.errors).includes(token), 'it is not told to anybody');
  await publish('SERVER').prints(/salon-attached/);
  for (const [words, message] of [['URL', /lets nobody new in/], ['URL token=x', /Only the room's owner/]]) {
    const refused = publish(words);
    assert.notEqual(await refused.exits(), 0);
    assert.match(refused.errors, message);
  }
});

test('a program that is there first is not the host', async (t) => {
  for (const at of Object.values(WAYS)) {
    const room = newRoom();
    await launch(t, server, `${PATTERN} ! salonsink ${at} room=${room} name=pattern`).prints(/salon-attached/);
    const { participants } = await enter(t, server, room, 'Ann');
    assert.deepEqual(participants.map(({ name, is_host: isHost }) => [name, isHost]).sort(), [['Ann', true], ['pattern', false]]);
  }
});

/* As speech rises and falls: 0.2 s of sound in each 0.4 s. */
const BEEPS = 'audiotestsrc is-live=true wave=ticks tick-interval=400000000 sine-periods-per-tick=88 freq=440 volume=0.5';

for (const [way, at] of Object.entries(WAYS)) {
  test(`who beeps is a speaker, and who is silent is none ${way}`, async (t) => {
    const room = newRoom();
    const ann = await enter(t, server, room, 'Ann');
    const heard = () => new Set(ann.history.filter(({ message }) => message.method === 'speakers')
      .flatMap(({ message }) => message.params.speakers.map(({ participant }) => participant)));
    const names = () => new Map(ann.history.filter(({ message }) => message.method === 'participant')
      .map(({ message }) => [message.params.participant.id, message.params.participant.name]));
    for (const [name, text] of Object.entries({
      silent: 'audiotestsrc is-live=true wave=silence ! salonsink',
      /* It is not decoded. */
      unheard: `${BEEPS} ! opusenc ! salonsink`,
      raw: `${BEEPS} ! salonsink`,
      encoded: `${BEEPS} ! opusenc ! salonsink measure=true`,
    }))
      launch(t, server, `${text} ${at} room=${room} name=${name}`);
    await until('two are heard', () => heard().size >= 2, MEDIA_MS);
    assert.deepEqual([...heard()].map((id) => names().get(id)).sort(), ['encoded', 'raw']);
  });
}

test('pads come and go while it plays', async (t) => {
  const room = newRoom();
  const ann = await enter(t, server, room, 'Ann');
  const told = (event, source) => ann.next('track', ({ event: what, track }) => what === event && track.source === source, MEDIA_MS);
  const viewer = apply(t, server, `salonsrc SERVER room=${room} kind=audio ! identity name=v silent=false ! fakesink sync=false`);
  const program = apply(t, server, `${PATTERN} ! salonsink SERVER room=${room} name=p`);
  await program.prints(/salon-attached/);
  await told('published', 'camera');
  for (let i = 0; i < 3; i++) {
    program.tell('add p audio_%u audiotestsrc is-live=true ! opusenc');
    await program.prints(new RegExp(`added audio_${i}`));
    await told('published', 'microphone');
    if (i === 0) {
      await until('it is heard', () => countOf(viewer) > 5, MEDIA_MS);
      const [{ time }] = buffersOf(viewer, 'v').slice(-1);
      assert.ok(time < 60, `its time goes on with the pipeline's: ${time}`);
    }
    program.tell(i === 1 ? `end audio_${i}` : `remove p audio_${i}`);
    await told('unpublished', 'microphone');
  }
  assert.equal(program.status, undefined);
  assert.doesNotMatch(program.output, /^(error|eos|warning)/m);
  program.tell('quit');
  assert.equal(await program.exits(), 0, program.errors);
  assert.equal(program.errors, '');
});

test('over WebRTC pads are requested before it plays', async (t) => {
  const program = apply(t, server, `${PATTERN} ! salonsink URL room=${newRoom()} name=p`);
  await program.prints(/salon-attached/);
  program.tell('add p audio_%u audiotestsrc is-live=true ! opusenc');
  await program.prints(/no pad/);
  assert.equal(program.status, undefined);
});

for (const [way, at, times] of [['on the same machine', 'SERVER', 100], ['over WebRTC', 'URL', 4]]) {
  test(`to be started ${times} times more leaves no threads and descriptors ${way}`, async (t) => {
    const room = newRoom();
    await launch(t, server, `${PATTERN} ! salonsink SERVER room=${room} name=other`).prints(/salon-attached/);
    const program = apply(t, server, `${PATTERN} ! salonsink ${at} room=${room} name=p
      salonsrc ${at} room=${room} name=s s. ! fakesink sync=false async=false`);
    await program.prints(/salon-track/);
    const counts = () => [...program.output.matchAll(/again done, (\d+) threads, (\d+) descriptors/g)];
    for (const [i, n] of [2, times].entries()) {
      program.tell(`again ${n}`);
      await until(`it was started ${n} times`, () => counts().length > i, 2 * MEDIA_MS);
    }
    const [[, threads, descriptors], [, threadsNow, descriptorsNow]] = counts().map((found) => found.map(Number));
    t.diagnostic(`${threads} -> ${threadsNow} threads, ${descriptors} -> ${descriptorsNow} descriptors`);
    /* What is on its way out at this moment may still be there. */
    assert.ok(threadsNow < threads + 10 && descriptorsNow < descriptors + 10);
  });
}

test('what an application gets wrong is told, and goes on or ends', async (t) => {
  const room = newRoom();
  const viewer = apply(t, server, `salonsrc SERVER room=${room} kind=video ! identity name=v silent=false ! fakesink sync=false`);
  for (const [text, end] of Object.entries({
    /* No caps at all: nothing is ever published. */
    'fakesrc num-buffers=20 sizetype=fixed sizemax=100': /^error/m,
    'filesrc location=/bin/ls blocksize=1000 ! video/x-vp8': /^(error|eos)/m,
    'filesrc location=/bin/ls blocksize=1000 ! video/x-h264,stream-format=byte-stream,alignment=au': /^(error|eos)/m,
    'videotestsrc num-buffers=0': /^eos/m,
    'videotestsrc num-buffers=20 ! video/x-raw,width=1,height=1': /^(error|eos)/m,
    /* As late as can be: all of it is due now. */
    'videotestsrc num-buffers=30 timestamp-offset=-1000000000 ! video/x-raw,width=160,height=120': /^eos/m,
  })) {
    const program = apply(t, server, `${text} ! salonsink SERVER room=${room}`);
    assert.equal(await program.exits(), 0, `${text}: ${program.errors}`);
    assert.match(program.output, end, text);
    assert.doesNotMatch(program.errors, /CRITICAL/, text);
  }
  launch(t, server, `${PATTERN} ! salonsink SERVER room=${room}`);
  await until('the room plays on', () => countOf(viewer) > 10, MEDIA_MS);
});

test('an error while it starts stops it: nothing of it runs on', async (t) => {
  const room = newRoom();
  for (let i = 0; i < 5; i++) {
    const programs = Array.from({ length: 5 }, () =>
      apply(t, server, `filesrc location=/bin/ls blocksize=1000 ! video/x-vp8 ! salonsink SERVER room=${room}`));
    for (const program of programs) {
      assert.equal(await program.exits(), 0, program.errors);
      assert.equal(program.errors, '');
    }
  }
});

test('a sound that is measured ends alone', async (t) => {
  const room = newRoom();
  const viewer = apply(t, server, `salonsrc SERVER room=${room} kind=video ! identity name=v silent=false ! fakesink sync=false`);
  const program = apply(t, server, `audiotestsrc num-buffers=20 ! opusenc ! salonsink SERVER room=${room} name=p measure=true
    ${PATTERN} ! p.`);
  await until('the picture goes on', () => program.status !== undefined || countOf(viewer) > 60, MEDIA_MS);
  assert.equal(program.status, undefined, program.output);
});

test('it leaves with the last pad that has not ended', async (t) => {
  const room = newRoom();
  const program = apply(t, server, `${PATTERN.replace('videotestsrc', 'videotestsrc num-buffers=10')} !
    salonsink SERVER room=${room} name=p`);
  program.tell('add p audio_%u audiotestsrc is-live=true ! opusenc');
  await program.prints(/added audio_0/);
  const watcher = await enter(t, server, room, 'Watcher');
  await until('the picture has ended', () => watcher.history.some(({ message: { method, params } }) =>
    method === 'track' && params.event === 'unpublished'), MEDIA_MS);
  assert.equal(program.status, undefined, program.output);
  program.tell('remove p audio_0');
  assert.equal(await program.exits(), 0, program.errors);
  assert.match(program.output, /^eos/m);
});
