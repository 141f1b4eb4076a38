/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rooms of other kinds than the plain one, and how they end. */

import assert from 'node:assert/strict';
import * as runner from 'node:test';
import { findings } from '../lib/axe.js';
import { openChromium, openFirefox } from '../lib/browsers.js';
import { takeClock } from '../lib/clock.js';
import { newRoom } from '../lib/people.js';
import { Person } from '../lib/person.js';
import { startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;
const server = await startServer(runner);
const chromium = await openChromium(runner);
const QUIET = 'audio=0&video=0';

async function openLobby(browser = chromium, options = {}) {
  const person = new Person(await browser.newPage(options), 'Ann');
  await person.page.goto(new URL(`?${QUIET}`, server.url).href);
  await until('the lobby is shown', () => person.page.evaluate(() => document.querySelector('#join').checkVisibility()));
  return person;
}

async function createRoom(options) {
  const slug = newRoom();
  const { status } = await server.http('POST', '/room/create', { json: { slug, ...options } });
  assert.equal(status, 201);
  return slug;
}

async function roomOf(slug) {
  return (await server.http('GET', `/room/${slug}`)).body.room;
}

test('a room is opened as the lobby was told', async () => {
  const ann = await openLobby();
  const room = newRoom();
  await ann.page.fill('#room', room);
  assert.equal(await ann.page.isVisible('#lifetime'), false, 'the plain way stays plain');
  await ann.page.focus('#options summary');
  await ann.page.keyboard.press('Enter');
  await until('the button says what it does', async () => await ann.page.textContent('#join') === 'Open the new room');
  assert.equal(await ann.page.isVisible('#max-age'), false);
  await ann.page.selectOption('#lifetime', 'timed');
  await ann.page.fill('#max-age', '90');
  await ann.page.selectOption('#block-factor', '10');
  await ann.page.fill('#max-members', '3');
  await ann.page.check('#new-waiting-room');
  const before = Date.now();
  await ann.page.click('#join');
  await ann.joined();
  const { lifetime, max_members: maxMembers, waiting_room: isWaitingRoom, expires_at: end } = await roomOf(room);
  assert.deepEqual([lifetime, maxMembers, isWaitingRoom], ['timed', 3, true]);
  assert.ok(Math.abs(Date.parse(end) - before - 90 * 60_000) < 30_000, end);
  assert.equal(await ann.page.evaluate(() => window.salon.room.host === window.salon.id), true);
});

test('for good and until the last one leaves are told apart; a random room can have options too', async () => {
  for (const [lifetime, button] of [['permanent', '#join'], ['ephemeral', '#random']]) {
    const ann = await openLobby();
    await ann.page.fill('#room', newRoom());
    await ann.page.click('#options summary');
    await ann.page.selectOption('#lifetime', lifetime);
    await ann.page.click(button);
    await ann.joined();
    const room = await ann.page.evaluate(() => window.salon.room);
    assert.deepEqual([room.lifetime, room.waiting_room, room.expires_at], [lifetime, false, null]);
  }
});

test('whoever opened a room that stays can delete it, then and later; others cannot', async () => {
  const ann = await openLobby();
  const room = newRoom('🎉');
  await ann.page.fill('#room', room);
  await ann.page.click('#options summary');
  await ann.page.selectOption('#lifetime', 'permanent');
  await ann.page.click('#join');
  await ann.joined();
  const bob = await Person.enter(chromium, server, room, 'Bob', QUIET);
  await ann.page.click('#leave');
  await until('Bob is host', () => bob.page.evaluate(() => window.salon.room.host === window.salon.id));
  await bob.page.click('#invite-open');
  assert.equal(await bob.page.isVisible('#end-call'), true);
  assert.equal(await bob.page.isVisible('#delete-room'), false);
  await ann.page.click('#rejoin');
  await ann.joined();
  await ann.page.click('#invite-open');
  assert.equal(await ann.page.isVisible('#end-call'), false);
  ann.page.once('dialog', (dialog) => dialog.accept());
  await ann.page.click('#delete-room');
  for (const person of [ann, bob])
    await person.sees('was deleted', '#ended');
  assert.equal((await server.http('GET', `/room/${encodeURIComponent(room)}`)).status, 404);
});

test('a name that is taken is said to be; impossible numbers do not get that far', async () => {
  const ann = await openLobby();
  await ann.page.fill('#room', await createRoom({}));
  await ann.page.click('#options summary');
  await ann.page.fill('#max-members', '0');
  await ann.page.click('#join');
  assert.equal(await ann.page.evaluate(() => document.activeElement.id), 'max-members');
  await ann.page.fill('#max-members', '');
  await ann.page.click('#join');
  await ann.sees('a room of this name already', '#join-error');
  await ann.page.click('#options summary');
  await ann.page.click('#join');
  await ann.joined();
});

for (const [name, open] of [['Chromium', openChromium], ['Firefox', openFirefox]]) {
  test(`the host ends the call for everybody, if they mean it, in ${name}`, async (t) => {
    const room = newRoom();
    const ann = await Person.enter(chromium, server, room, 'Ann', QUIET);
    const bob = await Person.enter(await open(t), server, room, 'Bob', QUIET);
    await ann.page.click('#invite-open');
    const questions = [];
    for (const answer of ['dismiss', 'accept']) {
      ann.page.once('dialog', (dialog) => {
        questions.push(dialog.message());
        dialog[answer]();
      });
      await ann.page.click('#end-call');
      if (answer === 'dismiss')
        assert.equal(await ann.page.evaluate(() => window.salon.state), 'joined');
    }
    assert.match(questions[0], /Everybody will have to leave/);
    await bob.sees('The host has ended the call', '#ended');
    await ann.sees('You have ended the call', '#ended');
    assert.equal(await bob.page.evaluate(() => window.salon.state), 'closed');
    assert.equal((await server.http('GET', `/room/${room}`)).status, 404);
    assert.deepEqual([...ann.problems, ...bob.problems], []);
  });
}

test('a room that has its time says how much is left: small, and aloud at five minutes and at one', async () => {
  const room = await createRoom({ lifetime: 'timed', max_age: 2 * 3600 });
  const page = await chromium.newPage();
  const pass = await takeClock(page);
  const ann = new Person(page, 'Ann');
  await ann.open(server, room, `name=Ann&join=1&${QUIET}`);
  await ann.joined();
  const end = Date.parse((await roomOf(room)).expires_at);
  const toasts = () => page.$$eval('#toast [role="status"]', (all) => all.map(({ textContent }) => textContent));
  await until('it is shown', async () => /120 min|2 hr/.test(await page.textContent('#expiry')));
  assert.equal(await page.getAttribute('#expiry', 'role'), 'timer');
  assert.deepEqual(await toasts(), []);
  for (const [secondsLeft, shown, said] of [
    [1500, /25 min/, null], [300, /5 min/, /closes in 5 minutes/], [120, /2 min/, null],
    [58, /5\d sec/, /closes in (1 minute|5\d seconds)/], [30, /[23]\d sec/, null],
  ]) {
    const now = await page.evaluate(() => Date.now());
    await pass(end - now - secondsLeft * 1000);
    await until(`${shown} is shown`, async () => shown.test(await page.textContent('#expiry')));
    if (said)
      await until(`${said} is said`, async () => said.test(await toasts()));
    assert.equal((await toasts()).length, said ? 1 : 0, `at ${secondsLeft} s: ${await toasts()}`);
    await pass(9_000); // Toasts go.
    assert.deepEqual(await toasts(), []);
  }
  assert.equal(await page.evaluate(() => document.querySelector('#expiry').classList.contains('soon')), true);
});

test('by the server\'s clock, not by one that is wrong', async () => {
  const room = await createRoom({ lifetime: 'timed', max_age: 3600 });
  const page = await chromium.newPage();
  await page.clock.install({ time: Date.now() - 40 * 60_000 });
  const ann = new Person(page, 'Ann');
  await ann.open(server, room, `name=Ann&join=1&${QUIET}`);
  await ann.joined();
  await until('it is right', async () => /60 min|59 min/.test(await page.textContent('#expiry')));
});

test('when the time is up, everybody is told; for a while nobody comes back in', async () => {
  const room = await createRoom({ lifetime: 'timed', max_age: 5, block_factor: 100 });
  const ann = await Person.enter(chromium, server, room, 'Ann', QUIET);
  await ann.sees('The time of this room is up', '#ended', 15000);
  await ann.page.click('#rejoin');
  await ann.sees('It will be a while', '#ended-text');
  const bob = new Person(await chromium.newPage(), 'Bob');
  await bob.open(server, room, `name=Bob&join=1&${QUIET}`);
  await bob.sees('It will be a while', '#join-error', 10000);
});

for (const colorScheme of ['light', 'dark']) {
  test(`nothing is in the way of a screen reader or weak eyes: options, the host's controls (${colorScheme})`, async () => {
    const ann = await openLobby(chromium, { colorScheme, reducedMotion: 'reduce' });
    await ann.page.click('#options summary');
    await ann.page.selectOption('#lifetime', 'timed');
    assert.deepEqual(await findings(ann), [], 'options');
    await ann.page.fill('#max-age', '4');
    await ann.page.fill('#room', newRoom());
    await ann.page.click('#join');
    await ann.joined();
    await until('little time is left', () => ann.page.isVisible('#expiry.soon'));
    await ann.page.click('#invite-open');
    assert.deepEqual(await findings(ann), [], 'the host\'s controls');
  });
}
