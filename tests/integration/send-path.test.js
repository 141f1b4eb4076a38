/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How packets leave: by Salon's own sender, and, as the reference, through all of webrtcbin. A client must not be able
 * to tell one from the other, but where the first is better. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import * as runner from 'node:test';
import { defer } from '../lib/cleanup.js';
import { Peer } from '../lib/peer.js';
import { newRoom } from '../lib/people.js';
import { startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;
/* See feedback.test.js. */
const isTimed = process.env.SALON_TEST_SANITIZED === undefined;
const TWCC = 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01';
const AUDIO_LEVEL = 'urn:ietf:params:rtp-hdrext:ssrc-audio-level';
const ORIENTATION = 'urn:3gpp:video-orientation';

const servers = {};
for (const path of ['direct', 'webrtcbin'])
  servers[path] = await startServer(runner, { config: { media: { 'send-path': path, seats: 2 } } });

/* A test of either path. */
function testBoth(what, body) {
  for (const path of Object.keys(servers))
    test(`${what} (${path})`, (t) => body(t, path));
}

/* Ann publishes, Bob will receive. */
async function join(t, path, { ann: annOptions, bob: bobOptions } = {}) {
  const room = newRoom();
  const ann = await Peer.join(t, servers[path], room, 'Ann', annOptions);
  const bob = await Peer.join(t, servers[path], room, 'Bob', { publish: null, ...bobOptions });
  await ann.publishing;
  return { path, ann, bob, room };
}

async function receive({ ann, bob }) {
  const video = await bob.receive(ann, 'camera');
  const audio = await bob.receive(ann, 'microphone');
  return { video, audio, subscriber: bob.subscribers.get(video.target) };
}

async function meet(t, path, options) {
  const stage = await join(t, path, options);
  await stage.ann.start();
  return { ...stage, ...await receive(stage) };
}

function extensionId(subscriber, uri) {
  return subscriber.offer.media.flatMap(({ extensions }) => extensions).find((extension) => extension.uri === uri)?.id;
}

const step = (from, to, bits) => (to - from) & (2 ** bits - 1);

/* -- the same packets -- */

/* Chromium offers it for cameras. */
function withOrientation(sdp) {
  return sdp.replaceAll(/^a=extmap:2 .*/gm, `$&\r\na=extmap:5 ${ORIENTATION}`);
}

const FRAME_MS = 40;

/* Frames of one and the same content into all of the publishers: packets of all sizes, with and without picture ids. The
 * last frame is stamped `lastFrame`. Time is that of the clock: it may be late for a frame, but not slower. */
function feed(t, stages, firstFrame, lastFrame) {
  const media = (source) => stages.map(({ ann }) => ann.publisher.track(source).media);
  const [cameras, microphones] = [media('camera'), media('microphone')];
  /* The keyframes that the server asks for come at a time of its own. */
  const keyframe = cameras[0].requestKeyframe;
  cameras.forEach((camera) => { camera.requestKeyframe = () => {}; });
  for (const source of [...cameras, ...microphones]) {
    source.stop();
    source.frame = firstFrame;
  }
  const emitPicture = (frame, extra) => {
    const orientation = frame % 5 === 0 ? [{ id: 5, payload: Buffer.from([frame & 3]) }] : undefined;
    for (const camera of cameras) {
      if (frame % 20 === 0)
        keyframe.call(camera);
      camera.emit(frame % 3 === 0, extra, orientation);
      camera.tick();
      camera.timestamp += (FRAME_MS - camera.intervalMs) * 90;
    }
  };
  const emitSound = (frame, extra) => {
    for (const microphone of microphones) {
      microphone.emit(frame % 7 === 0, extra.subarray(0, 300), [{ id: 1, payload: Buffer.from([frame & 0xff]) }]);
      microphone.timestamp += microphone.intervalMs * 48;
    }
  };
  const start = performance.now();
  let nHalves = 0; /* a packet of sound in each, a picture in every other */
  const timer = setInterval(() => {
    for (; nHalves < (performance.now() - start) / FRAME_MS * 2 && nHalves <= (lastFrame - firstFrame) * 2; nHalves++) {
      const frame = firstFrame + nHalves / 2;
      const extra = Buffer.concat([Buffer.from([0x10, 0x11]), randomBytes([1, 7, 400, 1180][frame % 4] ?? 50)]);
      if (Number.isInteger(frame)) {
        emitPicture(frame, extra);
        microphones.forEach((microphone) => microphone.tick());
      } else {
        emitSound(frame - 0.5, extra);
      }
    }
  }, FRAME_MS / 4);
  defer(t, () => clearInterval(timer));
}

/* What of them is not the connection's own: numbers count from the first packet of the first frame. */
function story(slot, { numberId }, firstFrame) {
  const packets = slot.packets.slice(slot.packets.findIndex(({ frame }) => frame === firstFrame));
  const [first] = packets;
  return packets.map((packet) => ({
    marker: packet.marker, payloadType: packet.payloadType,
    sequence: step(first.sequence, packet.sequence, 16), timestamp: (packet.timestamp - first.timestamp) >>> 0,
    pictureId: packet.pictureId && step(first.pictureId, packet.pictureId, 15),
    tl0PicIdx: packet.tl0PicIdx && step(first.tl0PicIdx, packet.tl0PicIdx, 8),
    payload: packet.payload.subarray(packet.pictureId === undefined ? 0 : 5).toString('hex'),
    extensions: packet.extensions.filter(({ id }) => id !== numberId).map(({ id, payload }) => [id, payload.toString('hex')]),
    hasNumber: packet.extensions.some(({ id, payload }) => id === numberId && payload.length === 2),
  }));
}

test('the same media is the same packets on both paths', async (t) => {
  const stages = [];
  for (const path of Object.keys(servers)) {
    const stage = await meet(t, path, { ann: { alterOffer: withOrientation } });
    stages.push({ ...stage, numberId: extensionId(stage.subscriber, TWCC) });
  }
  const [firstFrame, lastFrame] = [100000, 100100];
  feed(t, stages, firstFrame, lastFrame);
  for (const slot of stages.flatMap(({ video, audio }) => [video, audio]))
    await until('the last packet came', () => slot.last.frame === lastFrame && (slot.last.marker || slot.kind === 'audio'), 10000);

  for (const kind of ['video', 'audio']) {
    const [direct, reference] = stages.map((stage) => story(stage[kind], stage, firstFrame));
    assert.ok(reference.length >= 200, `${kind}: ${reference.length} packets`);
    assert.deepEqual(direct, reference, kind);
    assert.ok(direct.every(({ hasNumber }) => hasNumber));
    const elements = new Set(direct.flatMap(({ extensions }) => extensions.map(([id]) => id)));
    assert.deepEqual([...elements], [extensionId(stages[0].subscriber, kind === 'video' ? ORIENTATION : AUDIO_LEVEL)]);
  }
});

testBoth('sequence, time and picture ids go on over mute and another publisher in the seat', async (t, path) => {
  const { ann, bob, room, video, audio } = await meet(t, path);
  const muted = (isMuted) => Promise.all(['camera', 'microphone'].map((source) => ann.mute(source, isMuted)));
  await until('some pictures came', () => video.packets.length > 20 && audio.packets.length > 20);
  await muted(true);
  const counts = [video, audio].map(({ packets }) => packets.length);
  await muted(false);
  await until('media goes on', () => video.packets.length > counts[0] + 20 && audio.packets.length > counts[1] + 20);
  await ann.leave();
  await until('the slot is empty', () => [...bob.slotTracks.values()].every((track) => track === null));
  const eve = await Peer.join(t, servers[path], room, 'Eve', { dialect: 'firefox' });
  await eve.start();
  assert.equal(await bob.receive(eve, 'camera'), video);
  assert.equal(await bob.receive(eve, 'microphone'), audio);
  await until('some more pictures came', () => video.carrying('Eve/camera').length > 20);

  for (const { kind, clockRate, packets } of [video, audio]) {
    for (const [index, packet] of packets.entries()) {
      const previous = packets[index - 1] ?? packet;
      assert.equal(packet.payloadType, previous.payloadType);
      assert.equal(step(previous.sequence, packet.sequence, 16), index && 1, `${kind}: sequence at ${index}`);
      const ticks = (packet.timestamp - previous.timestamp) | 0;
      assert.ok(ticks >= 0, `${kind}: time runs backwards at ${index}: ${ticks}`);
      if (isTimed)
        assert.ok(Math.abs(ticks / clockRate - (packet.at - previous.at) / 1000) < 1, `${kind}: time jumps at ${index}`);
      if (kind === 'video')
        assert.equal(step(previous.pictureId, packet.pictureId, 15), index && Number(packet.isStart), `picture id at ${index}`);
    }
  }
  assert.ok(video.packets.findLast(({ label }) => label === 'Ann/camera'));
  assert.ok(video.carrying('Eve/camera')[0].isKeyframe);
});

/* -- transport-wide numbers -- */

testBoth('transport-wide numbers run on by one over all streams, retransmissions among them', async (t, path) => {
  const { video, audio, subscriber } = await meet(t, path);
  const id = extensionId(subscriber, TWCC);
  for (let round = 1; round <= 10; round++) {
    await until('some packets came', () => video.packets.length > 20 * round);
    subscriber.sendNack(video, video.packets.slice(-3).map(({ sequence }) => sequence));
    await until('they come again', () => video.retransmitted.length >= 3 * round);
  }
  const packets = [...video.packets, ...video.retransmitted, ...audio.packets];
  const numbers = packets.map(({ extensions }) => extensions.find((extension) => extension.id === id).payload.readUInt16BE())
    .sort((a, b) => a - b);
  /* They begin at 0 or near it, and some hundred packets are no round trip. */
  assert.deepEqual(numbers, numbers.map((_, index) => numbers[0] + index));
});

/* -- sender reports -- */

const NTP_SECOND = 2 ** 32;

/* When a packet with this timestamp was captured, in ms, by a sender report. */
function captureTime({ senderInfo }, { timestamp }, clockRate) {
  return Number(senderInfo.ntpTimestamp) / NTP_SECOND * 1000 + ((timestamp - senderInfo.rtpTimestamp) | 0) / clockRate * 1000;
}

const reportsOf = (subscriber, { ssrc }) => subscriber.senderReports.filter((report) => report.ssrc === ssrc);

test('sender reports of both kinds come within two seconds, and go on', async (t) => {
  const { video, audio, subscriber } = await meet(t, 'direct');
  for (const slot of [video, audio]) {
    const [first, , third] = await until('three reports came', () => {
      const reports = reportsOf(subscriber, slot);
      return reports.length >= 3 && reports;
    });
    if (isTimed) {
      assert.ok(first.at - slot.packets[0].at < 2000, `${slot.kind}: after ${first.at - slot.packets[0].at} ms`);
      assert.ok(third.at - first.at < 4000, `${slot.kind}: the third came ${third.at - first.at} ms after the first`);
    }
  }
});

test('the first sender report follows the first packet, and each tells what was sent', async (t) => {
  const { video, audio, subscriber } = await meet(t, 'direct');
  for (const slot of [video, audio]) {
    const reports = await until('some reports came', () => reportsOf(subscriber, slot).length >= 3 && reportsOf(subscriber, slot));
    assert.equal(reports[0].senderInfo.packetCount, 1);
    for (const { senderInfo: { packetCount, octetCount }, reports: blocks } of reports) {
      const told = slot.packets.slice(0, packetCount);
      assert.equal(told.length, packetCount, `${slot.kind}: of so many packets, ${slot.packets.length} came`);
      assert.equal(octetCount, told.reduce((sum, { length }) => sum + length, 0));
      assert.deepEqual(blocks, []);
    }
    if (isTimed)
      assert.ok(reports[0].at - slot.packets[0].at < 100, `${slot.kind}: after ${reports[0].at - slot.packets[0].at} ms`);
  }
});

testBoth('RTCP tells the name of the streams that the description tells', async (t, path) => {
  const { video, audio, subscriber } = await meet(t, path);
  const described = subscriber.offer.media.flatMap(({ lines }) => lines.map((line) => line.match(/^a=ssrc:\d+ cname:(.*)/)?.[1]))
    .filter(Boolean);
  for (const { ssrc } of [video, audio])
    await until('the name is told', () => subscriber.names.has(ssrc), 15000);
  assert.deepEqual([...new Set([...described, ...subscriber.names.values()])], [described[0]]);
});

/* Both paths go by when a packet came to the server, as the publisher's jitter buffer sees it. They were seen 0.3 ms apart,
 * sound and picture too, on a busy machine; 15 is a third of what viewers notice (ITU-R BT.1359), and less than a frame.
 */
test('sender reports tell the same capture times on both paths, and of both kinds', async (t) => {
  const stages = [];
  for (const path of Object.keys(servers))
    stages.push(await join(t, path));
  feed(t, stages, 0, Infinity);
  const slots = [];
  for (const stage of stages) {
    const { video, audio, subscriber } = await receive(stage);
    slots.push(...[video, audio].map((slot) => ({ path: stage.path, slot, subscriber })));
  }
  for (const { slot, subscriber } of slots)
    await until('it is reported about', () => reportsOf(subscriber, slot).length > 0 && slot.packets.length > 200, 15000);
  const frame = Math.min(...slots.map(({ slot }) => slot.packets.findLast((packet) => packet.frame !== undefined).frame));
  const told = slots.map(({ path, slot, subscriber }) => {
    const packet = slot.packets.find((candidate) => candidate.frame === frame);
    return { path, kind: slot.kind, time: captureTime(reportsOf(subscriber, slot).at(-1), packet, slot.clockRate) };
  });
  const times = told.map(({ time }) => time);
  if (isTimed)
    assert.ok(Math.max(...times) - Math.min(...times) < 15, JSON.stringify(told));
});

/* -- packets sent again -- */

testBoth('a packet asked for comes again as RTX, the same but for what is RTX\'s own', async (t, path) => {
  const { video, subscriber } = await meet(t, path);
  const id = extensionId(subscriber, TWCC);
  await until('some packets came', () => video.packets.length > 40);
  const wanted = video.packets.slice(-10, -2);
  subscriber.sendNack(video, wanted.map(({ sequence }) => sequence));
  await until('they come again', () => video.retransmitted.length >= wanted.length);
  const inOrder = [...video.retransmitted].sort((a, b) => step(wanted[0].sequence, a.sequence, 16) - step(wanted[0].sequence, b.sequence, 16));
  assert.equal(inOrder.length, wanted.length);
  for (const [index, again] of inOrder.entries()) {
    const { sequence, timestamp, marker, payload, payloadType } = wanted[index];
    assert.deepEqual([again.sequence, again.timestamp, again.marker, again.payload], [sequence, timestamp, marker, payload]);
    const format = subscriber.offer.media.find(({ mid }) => mid === video.mid).codecs.find(({ type }) => type === again.payloadType);
    assert.deepEqual([format.name.toLowerCase(), format.fmtp], ['rtx', `apt=${payloadType}`]);
    const others = ({ extensions }) => extensions.filter((extension) => extension.id !== id);
    assert.deepEqual(others(again), others(wanted[index]));
  }
  const sequences = video.retransmitted.map(({ rtxSequence }) => rtxSequence);
  assert.deepEqual(sequences, sequences.map((_, index) => (sequences[0] + index) & 0xffff));
});

test('who asks for a packet again and again does not get it each time', async (t) => {
  const { video, subscriber } = await meet(t, 'direct');
  await until('some packets came', () => video.packets.length > 40);
  const [{ sequence }, other] = video.packets.slice(-10);
  const start = performance.now();
  for (let i = 0; i < 100; i++)
    subscriber.sendNack(video, [sequence]);
  subscriber.sendNack(video, [other.sequence]);
  await until('what was asked for last comes', () => video.retransmitted.some((packet) => packet.sequence === other.sequence));
  const elapsed = performance.now() - start;
  const times = video.retransmitted.filter((packet) => packet.sequence === sequence).length;
  assert.ok(times >= 1 && times <= 1 + elapsed / 20, `${times} times in ${elapsed.toFixed()} ms`);
});

test('who asks for everything for ever gets no more than twice what was sent', async (t) => {
  const { ann, video, subscriber } = await meet(t, 'direct');
  await until('some packets came', () => video.packets.length > 100);
  ann.publisher.track('camera').media.stop();
  const mark = video.packets.length;
  const timer = setInterval(() => subscriber.sendNack(video, video.packets.slice(-100).map(({ sequence }) => sequence)), 25);
  defer(t, () => clearInterval(timer));
  await until('they come again', () => video.retransmitted.length >= 100);
  const { length } = video.retransmitted;
  const start = performance.now();
  await until('a second has passed', () => performance.now() - start > 1000);
  clearInterval(timer);
  const sent = video.packets.length;
  assert.ok(video.retransmitted.length <= sent, `${video.retransmitted.length} of ${sent}; ${length} at first, ${mark} before`);
});

testBoth('to ask for what was never sent gives nothing, and harms nobody', async (t, path) => {
  const { bob, video, audio, subscriber } = await meet(t, path);
  await until('some packets came', () => video.packets.length > 40);
  const { sequence } = video.last;
  const never = Array.from({ length: 340 }, (_, index) => (sequence + 5000 + 17 * index) & 0xffff);
  for (let i = 0; i < 10; i++) {
    subscriber.sendNack(video, never);
    /* Of audio nothing is kept; of RTX itself neither; and there is no such stream. */
    subscriber.sendNack(audio, [audio.last.sequence]);
    subscriber.sendNack({ ssrc: video.rtxSsrc }, [0, 1, 2]);
    subscriber.sendNack({ ssrc: 4711 }, [sequence]);
  }
  const wanted = video.last;
  subscriber.sendNack(video, [wanted.sequence]);
  await until('what was sent comes again', () => video.retransmitted.some((packet) => packet.sequence === wanted.sequence));
  const mark = video.packets.length;
  await until('video goes on', () => video.packets.length > mark + 30);
  assert.deepEqual([...new Set(video.retransmitted.map((packet) => packet.sequence))], [wanted.sequence]);
  assert.deepEqual([audio.retransmitted, subscriber.strayPackets], [[], []]);
  assert.equal(await bob.signalling.request('ping'), 'pong');
});

/* The answer of a client that knows no RTX. */
function withoutRtx(sdp) {
  const types = [...sdp.matchAll(/^a=rtpmap:(\d+) rtx\//gm)].map(([, type]) => type);
  const any = types.join('|');
  return sdp.replaceAll(new RegExp(`^a=(rtpmap|fmtp|rtcp-fb):(${any}) .*\r\n`, 'gm'), '')
    .replaceAll(/^m=video .*/gm, (line) => line.replaceAll(new RegExp(` (${any})(?= |$)`, 'g'), ''));
}

test('a client without RTX gets the packet itself again; webrtcbin has nothing for it', async (t) => {
  const counts = {};
  for (const path of Object.keys(servers)) {
    const { video, subscriber } = await meet(t, path, { bob: { alterAnswer: withoutRtx } });
    await until('some packets came', () => video.packets.length > 40);
    const wanted = video.packets.at(-5);
    const mark = video.packets.length;
    subscriber.sendNack(video, [wanted.sequence]);
    await until('video goes on', () => video.packets.length > mark + 30);
    const again = video.packets.slice(mark).filter(({ sequence }) => sequence === wanted.sequence);
    assert.ok(again.every(({ payload, timestamp }) => payload.equals(wanted.payload) && timestamp === wanted.timestamp));
    assert.equal(video.retransmitted.length, 0);
    counts[path] = again.length;
  }
  assert.deepEqual(counts, { direct: 1, webrtcbin: 0 });
});
