/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ways into a room, and what the page says when there is none. */

import assert from 'node:assert/strict';
import * as runner from 'node:test';
import { openChromium } from '../lib/browsers.js';
import { newRoom } from '../lib/people.js';
import { Person } from '../lib/person.js';
import { ADMIN_TOKEN, startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;
const server = await startServer(runner);
const chromium = await openChromium(runner);
const QUIET = 'audio=0&video=0';

async function openLobby(path = '/', prepare) {
  const person = new Person(await chromium.newPage(), 'Ann');
  if (prepare)
    await person.page.addInitScript(prepare);
  await person.page.goto(new URL(path, server.url).href);
  await until('the lobby is shown', () => person.page.isVisible('#join'));
  return person;
}

async function error(person) {
  return await until('an error is shown', () => person.page.textContent('#join-error'));
}

test('a random room: the button says that it works on it, then one is in', async () => {
  const names = [];
  for (let i = 0; i < 2; i++) {
    const ann = await openLobby(`/?${QUIET}`);
    const busy = await ann.page.evaluate(() => {
      const random = document.getElementById('random');
      random.click();
      return [random.textContent, random.getAttribute('aria-busy'), random.disabled,
              document.getElementById('join').disabled];
    });
    assert.deepEqual(busy, ['Opening a room…', 'true', true, true]);
    await ann.joined();
    names.push(await ann.page.evaluate(() => window.salon.room.slug));
    assert.equal(await ann.page.evaluate(() => decodeURIComponent(location.pathname)), `/r/${names[i]}`);
  }
  assert.match(names[0], /^[a-z]+-[a-z]+-[a-z0-9]{6}$/);
  assert.notEqual(names[0], names[1]);
});

test('a random room that cannot be opened leaves the lobby as it was, with the reason', async () => {
  const ann = await openLobby(`/?${QUIET}`);
  await ann.page.context().setOffline(true);
  await ann.page.click('#random');
  assert.match(await error(ann), /cannot be reached/);
  assert.equal(await ann.page.isEnabled('#random'), true);
  assert.equal(await ann.page.textContent('#random'), 'Open a random room');
  await ann.page.context().setOffline(false);
  await ann.page.click('#random');
  await ann.joined();
});

test('a name that is no room\'s name is refused with the reason', async () => {
  const ann = await openLobby(`/?${QUIET}`);
  await ann.page.fill('#room', 'a/b');
  await ann.page.click('#join');
  assert.match(await error(ann), /will not do/);
});

test('without any device, the page says so, and one joins all the same', async () => {
  const ann = await openLobby(`/r/${encodeURIComponent(newRoom())}`, () => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('none', 'NotFoundError'));
  });
  await ann.page.click('#join');
  await ann.sees('No microphone was found', '#toast');
  await ann.sees('No camera was found', '#toast');
  await ann.joined();
});

test('on an insecure origin, the lobby says what works, and asks for no devices', async () => {
  const ann = await openLobby(`/r/${encodeURIComponent(newRoom())}`, () => {
    Object.defineProperty(Navigator.prototype, 'mediaDevices', { value: undefined });
  });
  await ann.sees('https:// pages only', '#preview');
  assert.equal(await ann.page.isVisible('#preview-start'), false);
  await ann.page.click('#join');
  await ann.joined();
  assert.equal(await ann.page.isVisible('#screen'), false);
});

test('when the room is deleted, everybody is told, and is not called back', async () => {
  const slug = newRoom();
  assert.equal((await server.http('POST', '/room/create', { json: { slug } })).status, 201);
  const ann = await Person.enter(chromium, server, slug, 'Ann', QUIET);
  await server.http('DELETE', `/room/${slug}`, { token: ADMIN_TOKEN });
  await ann.sees('was deleted', '#ended');
  assert.equal(await ann.page.textContent('#ended-text'), '');
});

test('a reload of the lobby stays in the lobby', async () => {
  const ann = await openLobby(`/r/${encodeURIComponent(newRoom())}?${QUIET}`);
  await ann.page.reload();
  await until('the lobby is shown', () => ann.page.isVisible('#join'));
  assert.equal(await ann.page.evaluate(() => window.salon), undefined);
});

test('who has left stays out over a reload', async () => {
  const ann = await openLobby(`/r/${encodeURIComponent(newRoom())}?${QUIET}`);
  await ann.page.click('#join');
  await ann.joined();
  await ann.page.click('#leave');
  await until('the end is shown', () => ann.page.isVisible('#ended'));
  await ann.page.reload();
  await until('the lobby is shown', () => ann.page.isVisible('#join'));
});
