/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ion-sfu's own client, the npm package ion-sdk-js as it is: its users' applications work with Salon. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as runner from 'node:test';
import { openChromium } from '../lib/browsers.js';
import { Peer } from '../lib/peer.js';
import { newRoom } from '../lib/people.js';
import { startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;
const require = createRequire(import.meta.url);
/* What a page without a bundler loads: each makes a global variable. */
const SDK = ['ion-sdk', 'json-rpc']
  .map((name) => readFileSync(require.resolve(`ion-sdk-js/dist/${name}.min.js`), 'utf8')).join('\n');

const server = await startServer(runner);
const chromium = await openChromium(runner, { cameraSize: { width: 640, height: 360 } });

/* In the page: an application of the SDK. What it sees of others is kept by the ids of their streams. */
async function joinRoom({ room, config }) {
  const { Client, LocalStream } = window.IonSDK;
  const { IonSFUJSONRPCSignal } = window.Signal;
  const url = new URL('/ws', location.href);
  url.protocol = 'ws:';
  const signal = new IonSFUJSONRPCSignal(url.href);
  if (config)
    signal.join = (sid, uid, offer) => signal.call('join', { sid, uid, offer, config });
  await new Promise((resolve) => { signal.onopen = resolve; });
  const client = new Client(signal, { codec: 'vp8', iceServers: [] });
  Object.assign(window, { client, LocalStream, remotes: {}, speakers: [], layers: [], heard: [], labels: [], errors: [] });
  client.onerrnegotiate = (...what) => window.errors.push(what[1].message);
  client.ontrack = (track, stream) => {
    const seen = window.remotes[stream.id] ??= { stream, tracks: {} };
    seen.tracks[track.kind] = track.id;
    if (track.kind === 'video') {
      seen.video = Object.assign(document.createElement('video'), { srcObject: stream, muted: true });
      document.body.append(seen.video);
      /* By itself it would not, out of sight. */
      seen.video.play();
    }
    stream.onremovetrack = () => { seen.isGone = stream.getTracks().length === 0; };
  };
  client.onspeaker = (streams) => window.speakers.push(streams);
  client.onactivelayer = (layer) => window.layers.push(layer);
  client.ondatachannel = ({ channel }) => {
    channel.onmessage = ({ data }) => window.heard.push(data);
    window.theirs = channel;
    window.labels.push(channel.label);
  };
  const joined = client.join(room, 'somebody');
  /* It waits for what the server opens on the connection that there is not. */
  if (!config?.NoSubscribe) {
    await joined;
    return;
  }
  await new Promise((resolve) => {
    client.transports[0].pc.onconnectionstatechange = ({ target }) => target.connectionState === 'connected' && resolve();
  });
}

/* With a voice that talks, in syllables, for as long as it is told to. */
async function publishCamera(constraints) {
  const context = new AudioContext();
  const tone = new OscillatorNode(context, { frequency: 220 });
  const voice = new GainNode(context, { gain: 0 });
  const microphone = new MediaStreamAudioDestinationNode(context);
  tone.connect(voice).connect(microphone);
  tone.start();
  let syllable = 0;
  setInterval(() => {
    voice.gain.value = window.isTalking ? [0.3, 0.05, 0.2, 0.1, 0.3, 0.03, 0.2, 0][syllable++ % 8] : 0;
  }, 150);
  window.local = await window.LocalStream.getUserMedia({ resolution: 'vga', audio: true, codec: 'vp8', ...constraints });
  const [device] = window.local.getAudioTracks();
  window.local.removeTrack(device);
  device.stop();
  window.local.addTrack(microphone.stream.getAudioTracks()[0]);
  window.client.publish(window.local);
  return { stream: window.local.id,
           tracks: Object.fromEntries(window.local.getTracks().map(({ kind, id }) => [kind, id])) };
}

function holdAnswers() {
  const { signal } = window.client;
  const answer = signal.answer.bind(signal);
  window.held = [];
  signal.answer = (description) => window.held.push(description);
  window.release = () => {
    signal.answer = answer;
    window.held.forEach(answer);
  };
}

/* Bytes on the connection on which others are received. */
async function countReceived() {
  const report = await window.client.getSubStats();
  return [...report.values()].find(({ type }) => type === 'transport').bytesReceived;
}

class User {
  static async join(t, room, { config, to = server } = {}) {
    const user = new User();
    user.page = await chromium.newPage();
    t.after(() => user.page.close());
    await user.page.goto(to.url);
    await user.page.evaluate(`${SDK}\n0`);
    await user.page.evaluate(joinRoom, { room, config });
    return user;
  }

  async publishes(constraints = {}) {
    Object.assign(this, await this.page.evaluate(publishCamera, constraints));
  }

  /* The size of the picture, once it moves. */
  async sees(other) {
    return await until(`the picture of ${other.stream} moves`, () => this.page.evaluate(async (stream) => {
      const { video } = window.remotes[stream] ?? {};
      if (!video?.videoWidth)
        return null;
      const { currentTime } = video;
      await new Promise((resolve) => { setTimeout(resolve, 200); });
      return video.currentTime > currentTime && { width: video.videoWidth, height: video.videoHeight };
    }, other.stream), 20000);
  }

  async seesWidth(other, width) {
    await until(`a picture ${width} wide`, () => this.page.evaluate(([stream, wanted]) =>
      window.remotes[stream].video.videoWidth === wanted, [other.stream, width]), 20000);
  }

  /* What of a stream has come, in bytes: { audio, video }. */
  async received(other) {
    return await this.page.evaluate(async (id) => {
      const { stream } = window.remotes[id];
      const received = {};
      for (const track of stream.getTracks()) {
        const report = await window.client.getSubStats(track);
        received[track.kind] = [...report.values()].find(({ type }) => type === 'inbound-rtp')?.bytesReceived ?? 0;
      }
      return received;
    }, other.stream);
  }

  /* Whether more of this kind comes within half a second. */
  async goesOnReceiving(other, kind) {
    const before = await this.received(other);
    await this.page.waitForTimeout(500);
    const after = await this.received(other);
    return after[kind] > before[kind] + 200;
  }

  async asks(other, method, ...args) {
    await this.page.evaluate(([stream, name, list]) =>
      window.remotes[stream].stream[name](...list), [other.stream, method, args]);
  }

  async value(name) {
    return await this.page.evaluate((what) => window[what], name);
  }
}

async function openChannel(label) {
  const channel = window.client.createDataChannel(label);
  channel.onmessage = ({ data }) => window.heard.push(data);
  await new Promise((resolve) => { channel.onopen = resolve; });
  window.ours = channel;
}

test('applications of ion-sfu work as they are', { timeout: 120000 }, async (t) => {
  const room = newRoom();
  /* That it returns says that the server offers to who is alone, too. */
  const ann = await User.join(t, room);
  const bob = await User.join(t, room);

  await t.test('two publish simulcast, and see each other as who they are', async () => {
    await ann.publishes({ simulcast: true });
    await bob.publishes({ simulcast: true });
    await ann.sees(bob);
    await bob.sees(ann);
    for (const [one, other] of [[ann, bob], [bob, ann]]) {
      assert.deepEqual(Object.keys(await one.page.evaluate(() => window.remotes)), [other.stream]);
      const sdp = await one.page.evaluate(() => window.client.transports[1].pc.remoteDescription.sdp);
      const names = [...sdp.matchAll(/^a=msid:(.*?)\r$/gm)].map(([, name]) => name).sort();
      assert.deepEqual(names, Object.values(other.tracks).map((track) => `${other.stream} ${track}`).sort());
    }
  });

  await t.test('preferLayer() chooses the size, and onactivelayer tells it', async () => {
    await bob.seesWidth(ann, 640);
    await bob.asks(ann, 'preferLayer', 'low');
    await bob.seesWidth(ann, 320);
    const told = await until('Bob is told of the layer', async () => (await bob.value('layers')).findLast(
      ({ activeLayer, availableLayers }) => activeLayer === 'low' && availableLayers.length === 2));
    assert.deepEqual(told, { streamId: ann.stream, activeLayer: 'low', availableLayers: ['low', 'medium'] });
    await bob.asks(ann, 'preferLayer', 'high');
    await bob.seesWidth(ann, 640);
  });

  await t.test('mute() stops the one kind, and unmute() brings it back', async () => {
    for (const [kind, other] of [['video', 'audio'], ['audio', 'video']]) {
      await bob.asks(ann, 'mute', kind);
      await until(`no more ${kind} comes`, async () => !await bob.goesOnReceiving(ann, kind), 15000);
      await until(`${other} still comes`, () => bob.goesOnReceiving(ann, other), 15000);
      await bob.asks(ann, 'unmute', kind);
      await until(`${kind} comes again`, () => bob.goesOnReceiving(ann, kind), 15000);
    }
  });

  await t.test('onspeaker tells who speaks, once for each change', async () => {
    for (const [isTalking, streams] of [[true, [ann.stream]], [false, []]]) {
      await ann.page.evaluate((is) => { window.isTalking = is; }, isTalking);
      await until(`Bob hears that ${isTalking ? 'Ann' : 'nobody'} speaks`, async () =>
        JSON.stringify((await bob.value('speakers')).at(-1)) === JSON.stringify(streams), 20000);
    }
    const told = (await bob.value('speakers')).map((streams) => JSON.stringify(streams));
    assert.ok(told.every((streams, i) => streams !== told[i - 1]), told.join());
  });

  await t.test('what one unpublishes goes, and comes in its place when published anew, once that is agreed', async () => {
    await ann.page.evaluate(() => window.local.unpublish());
    await until('Ann\'s stream has gone', () => bob.page.evaluate((id) => window.remotes[id].isGone, ann.stream), 15000);
    await bob.page.evaluate(holdAnswers);
    await ann.publishes();
    await until('Bob has an offer of it', () => bob.page.evaluate(() => window.held.length === 1), 15000);
    const before = await bob.page.evaluate(countReceived);
    await until('Ann sends', () => ann.page.evaluate(async () => [...(await window.client.getPubStats()).values()]
      .some(({ type, mid, framesSent }) => type === 'outbound-rtp' && mid > 2 && framesSent >= 20)), 15000);
    const received = await bob.page.evaluate(countReceived) - before;
    assert.ok(received < 4000, `${received} bytes came before Bob had answered`);
    await bob.page.evaluate(() => window.release());
    await bob.sees(ann);
    assert.deepEqual(await bob.value('errors'), []);
  });

  await t.test('data channels reach the other, and "ion-sfu" nobody', async () => {
    await ann.page.evaluate(openChannel, 'chat');
    await until('Bob has the channel', () => bob.page.evaluate(() => window.theirs?.readyState === 'open'));
    assert.equal(await bob.page.evaluate(() => window.theirs.label), 'chat');
    await ann.page.evaluate(() => window.client.transports[0].api.send('{"streamId":"nobody","video":"none"}'));
    await ann.page.evaluate(() => window.ours.send('Grüße'));
    await until('Bob hears it', async () => (await bob.value('heard')).length === 1);
    await bob.page.evaluate(() => window.theirs.send('auch'));
    await until('Ann hears it', async () => (await ann.value('heard')).length === 1);
    assert.deepEqual([await ann.value('heard'), await bob.value('heard')], [['auch'], ['Grüße']]);
  });

  await t.test('nonsense on "ion-sfu" is passed over', async () => {
    await bob.page.evaluate((stream) => {
      const wishes = [{ video: 'huge' }, { video: 'none', audio: 'no' }, { layers: [1] }, { video: 'none', framerate: {} }];
      const nonsense = ['', '{', 'null', '[]', '{}', '{"streamId":7}', `{"streamId":"${'x'.repeat(2000)}"}`, '['.repeat(900),
                        ...wishes.map((wish) => JSON.stringify({ streamId: stream, ...wish }))];
      nonsense.forEach((text) => window.client.transports[1].api.send(text));
      window.client.transports[1].api.send(new Uint8Array([123, 125]));
    }, ann.stream);
    await bob.asks(ann, 'preferLayer', 'high');
    assert.ok(await bob.goesOnReceiving(ann, 'video'));
  });

  await t.test('one client has eight channels, on both connections together', async () => {
    /* With the SDK's own, and "chat". */
    await ann.page.evaluate(() => {
      Object.assign(window, { refusals: [], channels: {} });
      window.client.signal.on_notify('data_channel', (refusal) => window.refusals.push(refusal));
    });
    const opens = (target, label) => ann.page.evaluate(([which, name]) => {
      window.channels[name] = window.client.transports[which].pc.createDataChannel(name);
    }, [target, label]);
    for (const label of ['0-1', '0-2', '0-3', '1-1', '1-2', '1-3'])
      await opens(Number(label[0]), label);
    /* To Chromium they are open before the server knows. */
    await until('Bob has all of them', async () => (await bob.value('labels')).length === 7, 15000);
    await opens(1, 'ninth');
    await until('the ninth is closed', () => ann.page.evaluate(() => window.channels.ninth.readyState === 'closed'), 15000);
    const refusals = await until('Ann is told', async () => {
      const told = await ann.value('refusals');
      return told.length > 0 && told;
    });
    assert.deepEqual(refusals, [{ label: 'ninth', reason: 'too_many_channels' }]);
  });
});

test('with NoPublish or NoSubscribe one does the other alone; and all meet people of Salon', { timeout: 90000 }, async (t) => {
  const room = newRoom();
  /* Their streams have the same id, which can be one's alone. */
  const first = await Peer.join(t, server, room, 'First');
  const second = await Peer.join(t, server, room, 'Second', { publish: ['camera'] });
  await Promise.all([first.start(), second.start()]);
  const viewer = await User.join(t, room, { config: { NoPublish: true } });
  const sender = await User.join(t, room, { config: { NoSubscribe: true } });

  await sender.publishes();
  await viewer.sees(sender);
  for (const other of [{ stream: 'salon' }, { stream: second.id }])
    await until(`the picture of ${other.stream} comes`, () => viewer.goesOnReceiving(other, 'video'), 15000);
  await until('the sender\'s media comes to a slot', () => first.slots.some((slot) =>
    first.slotTracks.get(`1/${slot.mid}`)?.participant !== second.id && slot.packets.length > 10), 15000);

  await viewer.publishes();
  await until('the viewer is refused', async () => (await viewer.value('errors')).length > 0);
  assert.match((await viewer.value('errors'))[0], /NoPublish/);
  await viewer.sees(sender);
  assert.deepEqual(Object.keys(await sender.page.evaluate(() => window.remotes)), []);
  first.throwErrors();
});
