/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rooms with a waiting room: those at the door, and the host who lets them in. */

import assert from 'node:assert/strict';
import * as runner from 'node:test';
import { findings } from '../lib/axe.js';
import { openChromium, openFirefox } from '../lib/browsers.js';
import { takeClock } from '../lib/clock.js';
import { newRoom } from '../lib/people.js';
import { Person } from '../lib/person.js';
import { startProxy } from '../lib/proxy.js';
import { startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;
const server = await startServer(runner, { config: { rooms: { 'resume-grace-s': 15 } } });
const chromium = await openChromium(runner);
const QUIET = 'audio=0&video=0';

async function createRoom(options = {}) {
  const slug = newRoom();
  const { status } = await server.http('POST', '/room/create', { json: { slug, waiting_room: true, ...options } });
  assert.equal(status, 201);
  return slug;
}

async function isWaiting(person) {
  return await person.page.evaluate(() => document.querySelector('#waiting').checkVisibility());
}

/* Comes to the door, and is told to wait. */
async function knocks(browser, room, name, { query = QUIET, at = server, options } = {}) {
  const person = new Person(await browser.newPage(options), name);
  await person.open(at, room, `name=${name}&join=1&${query}`);
  await until(`${name} waits`, () => isWaiting(person), 15000);
  return person;
}

/* Whom the host sees at the door. */
async function atTheDoor(host) {
  return await host.page.evaluate(() => [...document.querySelectorAll('#admission .waiting-name')]
    .filter((each) => each.checkVisibility()).map(({ textContent }) => textContent));
}

async function sees(host, ...names) {
  await until(`${host.name} sees ${names} at the door`, async () => `${await atTheDoor(host)}` === `${names}`);
}

for (const [name, open] of [['Chromium', openChromium], ['Firefox', openFirefox]]) {
  test(`whoever comes waits, and comes in as the host lets them, in ${name}`, async (t) => {
    const room = await createRoom();
    const ann = await Person.enter(chromium, server, room, 'Ann', QUIET);
    assert.equal(await ann.page.isVisible('#is-waiting-room'), true);
    const bob = await knocks(await open(t), room, 'Bob', { query: 'audio=1' });
    assert.equal(await bob.page.evaluate(() => document.activeElement.id), 'waiting-title', 'it is read out');
    await sees(ann, 'Bob');
    await ann.sees('Bob would like to come in', '#admission-news[role="status"]');
    assert.equal(await ann.page.isVisible('#alone'), false);
    await bob.page.click('#preview-microphone');
    await ann.page.focus('#admission .admit');
    await ann.page.keyboard.press('Enter');
    await bob.joined();
    assert.equal(await isWaiting(bob), false);
    await sees(ann);
    assert.equal(await ann.page.evaluate(() => document.activeElement.id), 'room-name', 'the focus is somewhere');
    await ann.grows('Bob', 'camera', 'frames');
    assert.equal(await bob.page.evaluate(() => window.salon.isOn('microphone')), false, 'as it was set while waiting');
    assert.deepEqual([...ann.problems, ...bob.problems], []);
  });
}

test('whoever is sent away is told so, and may ask again', async () => {
  const room = await createRoom();
  const ann = await Person.enter(chromium, server, room, 'Ann', QUIET);
  const bob = await knocks(chromium, room, 'Bob');
  await sees(ann, 'Bob');
  await ann.page.click('#admission [aria-label="Send Bob away"]');
  await bob.sees('has not let you in', '#join-error');
  assert.equal(await isWaiting(bob), false);
  await sees(ann);
  await bob.page.click('#join');
  await until('Bob waits again', () => isWaiting(bob));
  await sees(ann, 'Bob');
});

test('whoever gives up is gone from the door, and back in the lobby', async () => {
  const room = await createRoom();
  const ann = await Person.enter(chromium, server, room, 'Ann', QUIET);
  const bob = await knocks(chromium, room, 'Bob');
  const eve = await knocks(chromium, room, 'Eve');
  await sees(ann, 'Bob', 'Eve');
  await bob.page.keyboard.press('Tab');
  assert.equal(await bob.page.evaluate(() => document.activeElement.id), 'waiting-cancel');
  await bob.page.keyboard.press('Enter');
  await until('Bob is in the lobby', () => bob.page.isVisible('#join'));
  await until('the focus is on the way in', () => bob.page.evaluate(() => document.activeElement.id === 'join'));
  assert.equal(await bob.page.textContent('#join-error'), '');
  await sees(ann, 'Eve');
  await eve.page.close();
  await sees(ann);
});

test('all who wait are let in at once', async () => {
  const room = await createRoom();
  const ann = await Person.enter(chromium, server, room, 'Ann', QUIET);
  const others = [];
  for (const name of ['Bob', 'Eve', 'Tom'])
    others.push(await knocks(chromium, room, name));
  await sees(ann, 'Bob', 'Eve', 'Tom');
  await ann.page.click('#admit-all');
  for (const person of others)
    await person.joined();
  await sees(ann);
});

test('the host turns the waiting room on and off; off, it lets in all who wait', async () => {
  const room = newRoom();
  const ann = await Person.enter(chromium, server, room, 'Ann', QUIET);
  const bob = await Person.enter(chromium, server, room, 'Bob', QUIET);
  await ann.page.click('#invite-open');
  await ann.page.click('#waiting-room');
  await until('Bob is shown that', () => bob.page.isVisible('#is-waiting-room'));
  await bob.page.click('#invite-open');
  assert.equal(await bob.page.isVisible('#waiting-room'), false, 'it is the host\'s alone');
  const eve = await knocks(chromium, room, 'Eve');
  assert.deepEqual(await atTheDoor(bob), []);
  await ann.page.click('#waiting-room');
  await eve.joined();
  await until('it is over', async () => !(await bob.page.isVisible('#is-waiting-room')));
});

test('nine minutes are not too long to wait', async () => {
  const room = await createRoom();
  const ann = await Person.enter(chromium, server, room, 'Ann', QUIET);
  const page = await chromium.newPage();
  const pass = await takeClock(page);
  const sockets = [];
  page.on('websocket', (socket) => sockets.push(socket));
  const bob = new Person(page, 'Bob');
  await bob.open(server, room, `name=Bob&join=1&${QUIET}`);
  await until('Bob waits', () => isWaiting(bob));
  for (let minute = 0; minute < 9; minute++)
    await pass(60_000);
  assert.equal(await isWaiting(bob), true);
  await sees(ann, 'Bob');
  await ann.page.click('#admission .admit');
  await bob.joined();
  assert.equal(sockets.length, 1, 'and it was one and the same wait');
});

test('whoever waits when the time of the room is up is told so', async () => {
  const room = await createRoom({ lifetime: 'timed', max_age: 6, block_factor: 100 });
  await Person.enter(chromium, server, room, 'Ann', QUIET);
  const bob = await knocks(chromium, room, 'Bob');
  await bob.sees('The time of this room is up', '#join-error', 15000);
  assert.equal(await isWaiting(bob), false);
});

test('a connection that breaks while one waits is made again, and one still waits', async (t) => {
  const proxy = await startProxy(t, server);
  const room = await createRoom();
  const ann = await Person.enter(chromium, server, room, 'Ann', QUIET);
  const bob = await knocks(chromium, room, 'Bob', { at: proxy });
  await sees(ann, 'Bob');
  proxy.cut();
  await sees(ann);
  assert.equal(await isWaiting(bob), true);
  proxy.mend();
  await sees(ann, 'Bob');
  await ann.page.click('#admission .admit');
  await bob.joined();
});

test('a member is not asked to wait after a reload; a host who reloads still sees who waits', async () => {
  const room = await createRoom();
  const ann = await Person.enter(chromium, server, room, 'Ann', QUIET);
  const bob = await knocks(chromium, room, 'Bob');
  await sees(ann, 'Bob');
  await ann.page.click('#admission .admit');
  await bob.joined();
  await knocks(chromium, room, 'Eve');
  for (const person of [bob, ann]) {
    await person.page.reload();
    await person.joined();
  }
  await sees(ann, 'Eve');
});

test('whoever becomes host sees who waits', async () => {
  const room = newRoom();
  const ann = await Person.enter(chromium, server, room, 'Ann', QUIET);
  const bob = await Person.enter(chromium, server, room, 'Bob', QUIET);
  await ann.page.evaluate(() => window.salon.setWaitingRoom(true));
  const eve = await knocks(chromium, room, 'Eve');
  await sees(ann, 'Eve');
  assert.deepEqual(await atTheDoor(bob), []);
  await ann.page.click('#leave');
  await sees(bob, 'Eve');
  await bob.page.click('#admission .admit');
  await eve.joined();
});

for (const colorScheme of ['light', 'dark']) {
  test(`nothing is in the way of a screen reader or weak eyes at the door (${colorScheme})`, async () => {
    const options = { colorScheme, reducedMotion: 'reduce' };
    const room = await createRoom({ lifetime: 'timed', max_age: 3600 });
    const ann = await Person.enter(chromium, server, room, 'Ann', QUIET, options);
    const bob = await knocks(chromium, room, 'Bob', { options });
    await knocks(chromium, room, 'Eve');
    await sees(ann, 'Bob', 'Eve');
    assert.deepEqual(await findings(bob), [], 'whoever waits');
    assert.deepEqual(await findings(ann), [], 'the host');
  });
}

test('on a phone, the door does not make the page scroll sideways', async () => {
  const options = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
  const room = await createRoom({ lifetime: 'timed', max_age: 3600 });
  const ann = await Person.enter(chromium, server, room, 'Ann', QUIET, options);
  const bob = await knocks(chromium, room, 'B'.repeat(64), { options });
  await sees(ann, bob.name);
  for (const person of [ann, bob]) {
    const [scroll, client] = await person.page.evaluate(() =>
      [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
    assert.ok(scroll <= client, `${person.name}: ${scroll} > ${client}`);
  }
  for (const selector of ['#admission .admit', '#admission .send-away', '#room-name', '#expiry', '#settings-open']) {
    const { x, width } = await (await ann.page.$(selector)).boundingBox();
    assert.ok(width >= 20 && x >= 0 && x + width <= 360, `${selector} is on the screen`);
  }
});
