/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One call of two Chromiums and a Firefox, from the first hello to the last goodbye. The tests follow each other. */

import assert from 'node:assert/strict';
import * as runner from 'node:test';
import { openChromium, openFirefox } from '../lib/browsers.js';
import { newRoom } from '../lib/people.js';
import { Person } from '../lib/person.js';
import { startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;
const server = await startServer(runner);
const chromium = await openChromium(runner);
const firefox = await openFirefox(runner);
const room = newRoom('call-🎉');
const HOSTILE_TEXT = '<img src=x onerror="window.isHacked=1"><b>bold</b>';
let ann;
let bob;
let eve;

async function everybodyGets(key, source) {
  for (const viewer of [ann, bob, eve]) {
    for (const other of [ann, bob, eve].filter((person) => person !== viewer))
      await viewer.grows(other.name, source, key);
  }
}

test('two people in Chromium see and hear each other', async () => {
  ann = await Person.enter(chromium, server, room, 'Ann');
  bob = await Person.enter(chromium, server, room, 'Bob');
  for (const [viewer, other] of [[ann, bob], [bob, ann]]) {
    await viewer.grows(other.name, 'camera', 'frames');
    await viewer.grows(other.name, 'microphone', 'energy');
  }
});

test('a third joins, in Firefox, at no SDP exchange for the first two', async () => {
  const before = [await ann.sdpCount(), await bob.sdpCount()];
  assert.ok(before.every((count) => count > 0), 'the count counts');
  eve = await Person.enter(firefox, server, room, 'Eve');
  for (const viewer of [ann, bob]) {
    await viewer.grows('Eve', 'camera', 'frames');
    await viewer.grows('Eve', 'microphone', 'energy');
  }
  assert.deepEqual([await ann.sdpCount(), await bob.sdpCount()], before);
});

test('everybody decodes everybody\'s video', async () => {
  await everybodyGets('frames', 'camera');
});

test('everybody hears everybody', async () => {
  await everybodyGets('energy', 'microphone');
});

test('everybody has a tile for everybody, with a picture in it', async () => {
  for (const viewer of [ann, bob, eve]) {
    for (const { id } of [ann, bob, eve])
      assert.ok(await viewer.hasTile(id), `${viewer.name} has the tile`);
    await until(`${viewer.name} sees three pictures`, async () => await viewer.picturesShown() === 3, 10000);
  }
});

test('chat reaches the others, and stays text', async () => {
  await ann.says(HOSTILE_TEXT);
  await eve.says('Grüße 🎉');
  for (const viewer of [bob, eve])
    await viewer.sees(HOSTILE_TEXT, '#chat-log');
  for (const viewer of [ann, bob])
    await viewer.sees('Grüße 🎉', '#chat-log');
  for (const viewer of [ann, bob, eve]) {
    assert.equal(await viewer.page.evaluate(() => document.querySelectorAll('#chat-log img, #chat-log b').length), 0);
    assert.equal(await viewer.page.evaluate(() => 'isHacked' in window), false);
  }
});

async function stops(viewer, name, source) {
  let last;
  let since = performance.now();
  await until(`${viewer.name} gets nothing more of ${name}'s ${source}`, async () => {
    const bytes = (await viewer.from(name, source))?.bytes;
    if (bytes !== last)
      since = performance.now();
    last = bytes;
    return performance.now() - since > 1000;
  }, 10000);
}

test('muting the microphone stops its bytes, unmuting brings the sound back', async () => {
  await ann.page.click('#mic');
  for (const viewer of [bob, eve])
    await stops(viewer, 'Ann', 'microphone');
  await bob.grows('Ann', 'camera', 'frames');
  await ann.page.click('#mic');
  for (const viewer of [bob, eve])
    await viewer.grows('Ann', 'microphone', 'energy');
});

for (const [how, source] of [['Chromium', () => bob], ['Firefox', () => eve]]) {
  test(`switching the camera off in ${how} stops its bytes; on again, it is seen within a second`, async () => {
    const person = source();
    const viewer = ann;
    await person.page.click('#camera');
    await stops(viewer, person.name, 'camera');
    const frames = (await viewer.from(person.name, 'camera'))?.frames ?? 0;
    await person.page.click('#camera');
    await until('the camera is on', () => person.page.evaluate(() => window.salon.isOn('camera')));
    await until('its picture is back', async () =>
      ((await viewer.from(person.name, 'camera'))?.frames ?? 0) > frames, 1000);
  });
}

test('a shared screen is seen beside the camera, until it is not shared any more', async () => {
  const tiles = () => bob.page.evaluate((id) => document.querySelectorAll(`.tile[data-participant="${id}"]`).length, ann.id);
  assert.equal(await tiles(), 1);
  await ann.page.click('#screen');
  for (const viewer of [bob, eve])
    await viewer.grows('Ann', 'screen', 'frames');
  await bob.grows('Ann', 'camera', 'frames');
  await until('the screen has a tile', async () => await tiles() === 2);
  await ann.page.click('#screen');
  await until('the screen\'s tile is gone', async () => await tiles() === 1);
});

test('the host is shown as one, and hands over by leaving', async () => {
  assert.equal(await bob.page.evaluate(() => window.salon.room.host), ann.id);
  await ann.page.click('#leave');
  for (const viewer of [bob, eve]) {
    await until('Bob is host', () => viewer.page.evaluate((id) => window.salon.room.host === id, bob.id));
    await until('Ann\'s tile is gone', async () => !(await viewer.hasTile(ann.id)));
    assert.ok(await viewer.hasTile(bob.id));
  }
});

test('closing the browser\'s page is leaving', async () => {
  await eve.page.close();
  await until('Eve\'s tile is gone', async () => !(await bob.hasTile(eve.id)), 10000);
});

test('nothing went wrong in the pages', () => {
  assert.deepEqual([...ann.problems, ...bob.problems, ...eve.problems], []);
});
