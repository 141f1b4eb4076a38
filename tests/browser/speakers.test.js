/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A large room on the page: who speaks is marked and comes into the picture, the others are named; and the host mutes. */

import assert from 'node:assert/strict';
import * as runner from 'node:test';
import { findings } from '../lib/axe.js';
import { openChromium } from '../lib/browsers.js';
import { Peer } from '../lib/peer.js';
import { enter, newRoom } from '../lib/people.js';
import { Person } from '../lib/person.js';
import { startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;
const N_SLOTS = 6;
const server = await startServer(runner, { config: { media: { 'last-n': N_SLOTS } } });
const chromium = await openChromium(runner);

/* Runs in the page before its own scripts: a microphone that says something when it is told to, in syllables. */
function speakOnCommand() {
  const original = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (constraints) => {
    const stream = await original(constraints);
    const [device] = stream.getAudioTracks();
    if (device) {
      const context = new AudioContext();
      const tone = new OscillatorNode(context, { frequency: 220 });
      const voice = new GainNode(context, { gain: 0 });
      const destination = new MediaStreamAudioDestinationNode(context);
      tone.connect(voice).connect(destination);
      tone.start();
      let syllable = 0;
      setInterval(() => {
        voice.gain.value = window.isTalking ? [0.3, 0.05, 0.2, 0.1, 0.3, 0.03, 0.2, 0][syllable++ % 8] : 0;
      }, 150);
      stream.removeTrack(device);
      device.stop();
      stream.addTrack(destination.stream.getAudioTracks()[0]);
    }
    return stream;
  };
}

async function enterTalker(room, name) {
  const person = new Person(await chromium.newPage(), name);
  await person.page.addInitScript(speakOnCommand);
  await person.open(server, room, `name=${name}&join=1`);
  await person.joined();
  return person;
}

/* The ids of those who have a tile, in the order in which they are seen. */
async function tiles(person) {
  return await person.page.$$eval('#grid .tile:not(.own)', (all) => all
    .sort((a, b) => Number(a.style.order) - Number(b.style.order)).map(({ dataset }) => dataset.participant));
}

test('12 people and 6 slots: who speaks comes in place of one, the rest is named and can be pinned; the host mutes', async (t) => {
  const room = newRoom();
  const host = await Person.enter(chromium, server, room, 'Host', 'audio=0&video=0');
  const peers = [];
  for (let i = 0; i < 10; i++) {
    peers.push(await Peer.join(t, server, room, `P${i}`, { subscribe: false }));
    await peers.at(-1).start();
    peers.at(-1).hush();
  }
  const zoe = await enterTalker(room, 'Zoe');
  await host.sees('Not shown: 5', '#unseen summary', 15000);
  const before = await tiles(host);
  assert.equal(before.length, N_SLOTS);
  assert.ok(!before.includes(zoe.id), 'who came last is not shown');
  const sdpCount = await host.sdpCount();

  await zoe.page.evaluate(() => { window.isTalking = true; });
  const tile = `.tile[data-participant="${zoe.id}"]`;
  await until('her tile shows a picture', () => host.page.evaluate((selector) =>
    document.querySelector(`${selector}.has-video video`)?.videoWidth > 0, tile), 15000);
  await host.grows('Zoe', 'camera', 'frames');
  await until('it is said that she speaks', () => host.page.isVisible(`${tile} .speaking-badge`));
  const after = await tiles(host);
  assert.equal(after.length, N_SLOTS);
  assert.equal(before.filter((id, i) => after[i] === id).length, N_SLOTS - 1, 'nobody else has moved');
  assert.equal(await host.sdpCount(), sdpCount, 'nothing was negotiated');

  await host.page.click('#unseen summary');
  const pinned = peers.find(({ id }) => !after.includes(id));
  await host.page.click(`#unseen li[data-participant="${pinned.id}"] .pin`);
  await until('who is pinned has a tile', () => host.page.isVisible(`.tile.pinned[data-participant="${pinned.id}"]`));
  assert.ok((await tiles(host)).includes(zoe.id));
  assert.deepEqual(await findings(host), []);

  await host.page.hover(tile);
  await host.page.click(`${tile} .mute-microphone`);
  await zoe.sees('Host has turned your microphone off', '#toast');
  assert.equal(await zoe.page.evaluate(() => window.salon.isOn('microphone')), false);
  await until('the host sees it', () => host.page.isVisible(`${tile} .muted-badge`));
  /* And keeps it off. */
  const kept = `${tile} .keep-microphone-off`;
  assert.equal(await host.page.evaluate((selector) => document.activeElement.matches(selector), kept), true, 'focus stays');
  await host.page.keyboard.press('Enter');
  await zoe.sees('Host keeps your microphone off', '#toast');
  await host.page.waitForSelector(`${kept}[aria-pressed="true"]`);
  assert.equal(await host.page.getAttribute(kept, 'aria-label'), 'Keep Zoe’s microphone off');
  assert.deepEqual(await findings(host), []);
  await zoe.page.evaluate(() => document.querySelector('#toast').replaceChildren());
  await zoe.page.click('#mic');
  await zoe.sees('Host keeps your microphone off', '#toast');
  assert.equal(await zoe.page.evaluate(() => window.salon.isOn('microphone')), false);
  await host.page.click(kept);
  await zoe.sees('You can turn your microphone on again', '#toast');
  await host.page.waitForSelector(`${kept}[aria-pressed="false"]`);
  await zoe.page.click('#mic');
  await until('she is on again', () => host.page.isHidden(`${tile} .muted-badge`));
  await host.page.hover(tile);
  await host.page.click(`${tile} .mute-camera`);
  await zoe.sees('Host has turned your camera off', '#toast');
  assert.equal(await zoe.page.evaluate(() => window.salon.localTrack('camera')), null, 'the device is released');
  assert.deepEqual([...host.problems, ...zoe.problems], []);
});

test('who speaks out of view comes to the front, and nobody else moves', async (t) => {
  const room = newRoom();
  const ann = await Person.enter(chromium, server, room, 'Ann', 'audio=0&video=0');
  for (let i = 0; i < 60; i++)
    await enter(t, server, room, `Guest ${i}`);
  const bob = await Peer.join(t, server, room, 'Bob', { publish: ['microphone'], subscribe: false });
  await bob.start();
  const place = () => ann.page.evaluate((id) => {
    const grid = document.querySelector('#grid').getBoundingClientRect();
    const tile = document.querySelector(`.tile[data-participant="${id}"]`)?.getBoundingClientRect();
    return tile && { isInView: tile.bottom <= grid.bottom + 1, isFirst: tile.top <= grid.top + 1 && tile.left <= grid.left + 50 };
  }, bob.id);
  await until('he has a tile', place);
  assert.equal((await place()).isInView, false);
  const before = (await tiles(ann)).filter((id) => id !== bob.id);
  bob.talk();
  await until('he is at the front', async () => (await place()).isFirst, 10000);
  assert.deepEqual((await tiles(ann)).filter((id) => id !== bob.id), before);
  await ann.page.waitForSelector(`.tile[data-participant="${bob.id}"] .speaking-badge`, { state: 'visible' });
});
