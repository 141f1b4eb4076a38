/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The page in other circumstances: no devices, no permission, a small screen, a crowd. */

import assert from 'node:assert/strict';
import * as runner from 'node:test';
import { openChromium } from '../lib/browsers.js';
import { enter, newRoom } from '../lib/people.js';
import { Person } from '../lib/person.js';
import { startRedis } from '../lib/redis.js';
import { startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;
const server = await startServer(runner);
const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };

async function hasNoHorizontalScroll(person) {
  const { scroll, client } = await person.page.evaluate(() => ({
    scroll: document.documentElement.scrollWidth, client: document.documentElement.clientWidth,
  }));
  assert.ok(scroll <= client, `${scroll} > ${client}`);
}

test('by hand: a name, a room, the button, and one is in', async (t) => {
  const chromium = await openChromium(t);
  const person = new Person(await chromium.newPage(), 'Ann');
  await person.page.goto(server.url);
  const room = newRoom();
  await person.page.type('#name', 'Ann');
  await person.page.fill('#room', room);
  await person.page.click('#join');
  await person.joined();
  assert.equal(await person.page.evaluate(() => window.salon.room.slug), room);
  assert.match(await person.page.evaluate(() => location.pathname), new RegExp(`/r/${room}$`));
  assert.deepEqual(person.problems, []);
});

test('who joins to receive only sees and hears, and sends nothing', async (t) => {
  const chromium = await openChromium(t);
  const room = newRoom();
  await Person.enter(chromium, server, room, 'Ann');
  const bob = await Person.enter(chromium, server, room, 'Bob', 'audio=0&video=0');
  await bob.grows('Ann', 'camera', 'frames');
  await bob.grows('Ann', 'microphone', 'energy');
  assert.equal(await bob.page.evaluate(() => window.salon.peerConnections.has(0)), false);
  assert.deepEqual(bob.problems, []);
});

test('a receive-only participant can switch the camera on later', async (t) => {
  const chromium = await openChromium(t);
  const room = newRoom();
  const ann = await Person.enter(chromium, server, room, 'Ann');
  const bob = await Person.enter(chromium, server, room, 'Bob', 'audio=0&video=0');
  await bob.page.click('#camera');
  await ann.grows('Bob', 'camera', 'frames');
});

test('six people in one room all see each other', async (t) => {
  const chromium = await openChromium(t);
  const room = newRoom();
  const people = [];
  for (const name of ['Ann', 'Bob', 'Eve', 'Ida', 'Tom', 'Zoe'])
    people.push(await Person.enter(chromium, server, room, name));
  for (const viewer of people) {
    for (const other of people.filter((person) => person !== viewer)) {
      await viewer.grows(other.name, 'camera', 'frames', 30000);
      await viewer.grows(other.name, 'microphone', 'energy', 30000);
    }
    await until('six pictures are shown', async () => await viewer.picturesShown() === 6, 20000);
  }
});

test('who sends no media, or sends it to another server, has a tile like somebody without a camera', async (t) => {
  const chromium = await openChromium(t);
  const room = newRoom();
  const tom = await enter(t, server, room, 'Tom Thumb');
  const ann = await Person.enter(chromium, server, room, 'Ann', 'audio=0&video=0');
  assert.ok(await ann.hasTile(tom.id));
  assert.equal(await ann.page.textContent(`.tile[data-participant="${tom.id}"] .avatar`), 'TT');
  assert.equal(await ann.page.textContent('#people-count'), '2');
});

test('people on another server with the same Redis are there: in the tiles, the chat, and at the door', async (t) => {
  const chromium = await openChromium(t);
  const redis = await startRedis(t);
  const config = { store: { 'redis-url': redis.url } };
  const here = await startServer(t, { config });
  const there = await startServer(t, { config });
  const room = newRoom();
  const ann = await Person.enter(chromium, here, room, 'Ann', 'audio=0&video=0');
  const bob = await Person.enter(chromium, there, room, 'Bob', 'audio=0&video=0');
  for (const [viewer, other] of [[ann, bob], [bob, ann]]) {
    await until(`${viewer.name} sees a tile`, () => viewer.hasTile(other.id));
    await other.says(`Hello from ${other.name}`);
    await viewer.sees(`Hello from ${other.name}`, '#chat-log');
  }
  await ann.page.evaluate(() => window.salon.setWaitingRoom(true));
  await until('Bob is shown that', () => bob.page.isVisible('#is-waiting-room'));
  const eve = new Person(await chromium.newPage(), 'Eve');
  await eve.open(there, room, 'name=Eve&join=1&audio=0&video=0');
  await ann.sees('Eve', '#admission');
  await ann.page.click('#admission .admit');
  await eve.joined();
  await until('Eve has a tile', () => ann.hasTile(eve.id));
  await ann.page.evaluate(() => window.salon.closeRoom());
  for (const person of [bob, eve])
    await person.sees('The host has ended the call', '#ended');
});

test('on a phone nothing scrolls sideways: lobby, call, chat', async (t) => {
  const chromium = await openChromium(t);
  const room = newRoom();
  const lobby = new Person(await chromium.newPage(PHONE), 'Ann');
  await lobby.page.goto(server.url);
  await hasNoHorizontalScroll(lobby);
  const ann = await Person.enter(chromium, server, room, 'Ann', '', PHONE);
  await hasNoHorizontalScroll(ann);
  const bob = await Person.enter(chromium, server, room, 'B'.repeat(64), '', PHONE);
  await ann.grows(bob.name, 'camera', 'frames');
  await ann.says('x'.repeat(300));
  await ann.sees('xxx', '#chat-log');
  await bob.sees('xxx', '#chat-log');
  await hasNoHorizontalScroll(ann);
  await hasNoHorizontalScroll(bob);
  for (const id of ['#mic', '#camera', '#leave', '#chat-toggle']) {
    const box = await (await bob.page.$(id)).boundingBox();
    assert.ok(box && box.x >= 0 && box.x + box.width <= 360 && box.y + box.height <= 740, `${id} is on the screen`);
  }
});

test('permission denied: the page says so, and joining to receive still works', async (t) => {
  const granting = await openChromium(t);
  const room = newRoom();
  await Person.enter(granting, server, room, 'Ann');
  /* Headless, an unanswered permission prompt is a refusal. */
  const refusing = await openChromium(t, { isGranting: false });
  const bob = await Person.enter(refusing, server, room, 'Bob');
  await until('the page tells of it', () => bob.page.evaluate(() =>
    document.querySelector('#toast').textContent.trim().length > 0), 10000);
  await bob.grows('Ann', 'camera', 'frames');
  await bob.grows('Ann', 'microphone', 'energy');
});

test('the link of the room is copied', async (t) => {
  const chromium = await openChromium(t);
  const room = newRoom();
  const ann = await Person.enter(chromium, server, room, 'Ann', '', { permissions: ['clipboard-read', 'clipboard-write'] });
  await ann.page.click('#copy-link');
  await until('the clipboard holds it', async () =>
    (await ann.page.evaluate(() => navigator.clipboard.readText())).endsWith(`/r/${room}`));
});

test('when the server stops, people are told', async (t) => {
  const chromium = await openChromium(t);
  const stopping = await startServer(t);
  const ann = await Person.enter(chromium, stopping, newRoom(), 'Ann');
  await stopping.stop();
  await until('the end is shown', () => ann.page.evaluate(() => !document.querySelector('#ended').hidden));
});
