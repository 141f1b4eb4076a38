/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What one can do in a call besides talking: full screen, keys, devices, inviting, reading up, keeping order. */

import assert from 'node:assert/strict';
import * as runner from 'node:test';
import jsQR from 'jsqr';
import { findings } from '../lib/axe.js';
import { openChromium } from '../lib/browsers.js';
import { newRoom } from '../lib/people.js';
import { Person } from '../lib/person.js';
import { startServer } from '../lib/server.js';
import { never, until } from '../lib/until.js';

const { test } = runner;
const server = await startServer(runner);
const chromium = await openChromium(runner);
const QUIET = 'audio=0&video=0';

async function isOn(person, source) {
  return await person.page.evaluate((name) => window.salon.isOn(name), source);
}

async function attribute(person, selector, name) {
  return await person.page.getAttribute(selector, name);
}

test('full screen: the button follows the browser, however one leaves it', async () => {
  const ann = await Person.enter(chromium, server, newRoom(), 'Ann', QUIET);
  const pressed = () => attribute(ann, '#full-screen', 'aria-pressed');
  const isFull = () => ann.page.evaluate(() => document.fullscreenElement === document.documentElement);
  assert.equal(await pressed(), 'false');
  await ann.page.click('#full-screen');
  await until('it is full', async () => await isFull() && await pressed() === 'true');
  assert.equal(await attribute(ann, '#full-screen', 'aria-label'), 'Leave full screen');
  /* A test's keyboard does not reach the browser's own Esc; what Esc does, is this. */
  await ann.page.evaluate(() => document.exitFullscreen());
  await until('it is not', async () => !(await isFull()) && await pressed() === 'false');
  assert.equal(await attribute(ann, '#full-screen', 'aria-label'), 'Full screen');
  await ann.page.click('#full-screen');
  await until('it is full again', isFull);
  await ann.page.click('#full-screen');
  await until('the button ends it too', async () => await pressed() === 'false');
});

test('a screen\'s tile has a full screen of its own', async () => {
  const room = newRoom();
  const ann = await Person.enter(chromium, server, room, 'Ann', QUIET);
  const bob = await Person.enter(chromium, server, room, 'Bob', QUIET);
  await ann.page.click('#screen');
  await bob.grows('Ann', 'screen', 'frames');
  await bob.page.click('#stage .full-screen');
  await until('the tile is full', () => bob.page.evaluate(() => document.fullscreenElement?.matches('.tile')));
  assert.equal(await attribute(bob, '#full-screen', 'aria-pressed'), 'false');
  await until('it is said', async () => await attribute(bob, '#stage .full-screen', 'aria-pressed') === 'true');
  await bob.page.evaluate(() => document.exitFullscreen());
  await until('it is said', async () => await attribute(bob, '#stage .full-screen', 'aria-pressed') === 'false');
});

test('keys do what the help says, but not while one types, nor with Ctrl, nor when turned off', async () => {
  const ann = await Person.enter(chromium, server, newRoom(), 'Ann');
  const { keyboard } = ann.page;
  await until('the microphone is on', () => isOn(ann, 'microphone'));
  await keyboard.press('m');
  await until('m turns it off', async () => !(await isOn(ann, 'microphone')));
  await keyboard.press('v');
  await until('v turns the camera off', async () => !(await isOn(ann, 'camera')));
  await keyboard.press('Control+m');
  await never('Ctrl+m turns it on', () => isOn(ann, 'microphone'), 300);
  await keyboard.press('c');
  await until('c opens the chat', () => ann.page.isVisible('#chat-input'));
  await keyboard.type('mvc');
  assert.equal(await ann.page.inputValue('#chat-input'), 'mvc');
  await never('typing turns it on', () => isOn(ann, 'microphone'), 300);
  await keyboard.press('Escape');
  await keyboard.press('?');
  await until('? opens the help', () => ann.page.isVisible('#shortcut-list'));
  await keyboard.press('m');
  await never('a dialog is open, and m turns it on', () => isOn(ann, 'microphone'), 300);
  await ann.page.click('#shortcuts-on');
  await keyboard.press('Escape');
  await keyboard.press('m');
  await never('keys are off, and m turns it on', () => isOn(ann, 'microphone'), 300);
});

/* Runs in the page: the browser says that it can't make more of what it sends. */
function pretendToBeSlow() {
  const { getStats } = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.getStats = async function (...args) {
    const reports = [...await getStats.apply(this, args)];
    return new Map(reports.map(([id, report]) =>
      [id, report.type === 'outbound-rtp' ? { ...report, qualityLimitationReason: 'cpu' } : report]));
  };
}

test('n shows how well one receives, until n is pressed again', async () => {
  const room = newRoom();
  const ann = await Person.enter(chromium, server, room, 'Ann', QUIET);
  const bob = await Person.enter(chromium, server, room, 'Bob');
  const rows = () => ann.page.$$eval('#reception tbody tr', (all) => all.map(({ textContent }) => textContent));
  const told = () => ann.page.evaluate(() => window.statsCount);
  await ann.page.evaluate(() => {
    window.statsCount = 0;
    window.salon.addEventListener('stats', ({ detail }) => {
      window.statsCount++;
      window.lastTracks = detail.tracks;
    });
  });
  await ann.page.keyboard.press('n');
  await until('Bob is in it', async () => (await rows()).filter((row) => row.startsWith('Bob’s')).length === 2, 15000);
  await ann.sees('Room for', '#reception .reception-room');
  /* What only the browser knows comes back with the rest. */
  const received = await until('she has told what she knows', () => ann.page.evaluate(() => {
    const known = window.lastTracks.map(({ layer, received: figures }) => ({ ...figures, isPicture: layer !== null }));
    const picture = known.find(({ isPicture, frames_per_second: rate }) => isPicture && rate > 0);
    const sound = known.find(({ isPicture, concealed }) => !isPicture && concealed !== undefined);
    return picture && sound && { picture, sound };
  }), 10000);
  assert.equal(typeof received.picture.freezes, 'number');
  assert.ok(received.picture.jitter_buffer_ms >= 0 && received.sound.jitter_buffer_ms >= 0);
  await until('it is shown', async () => (await rows()).some((row) => /\d s/.test(row)), 5000);
  await bob.page.evaluate(pretendToBeSlow);
  await until('his page has said why', async () => (await rows()).some((row) =>
    row.startsWith('Bob’s picture') && row.endsWith('Their computer is too slow')), 15000);
  assert.equal(await attribute(ann, '#reception-toggle', 'aria-expanded'), 'true');
  assert.deepEqual(await findings(ann), []);
  await ann.page.keyboard.press('n');
  await until('it is gone', async () => !(await ann.page.isVisible('#reception')));
  assert.equal(await attribute(ann, '#reception-toggle', 'aria-expanded'), 'false');
  await until('the server has been told', () => ann.page.evaluate(() => window.salon.watchStats(0).then(() => true)));
  const count = await told();
  await never('it is told all the same', async () => (await told()) > count, 1500);
});

test('on a keyboard without Latin letters, the keys are where they are printed', async () => {
  const ann = await Person.enter(chromium, server, newRoom(), 'Ann', QUIET);
  await ann.page.evaluate(() =>
    document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'с', code: 'KeyC', bubbles: true })));
  await until('the chat is open', () => ann.page.isVisible('#chat-input'));
});

test('another microphone and another speaker, chosen during the call, are used', async () => {
  const room = newRoom();
  const ann = await Person.enter(chromium, server, room, 'Ann', 'video=0');
  const bob = await Person.enter(chromium, server, room, 'Bob');
  await bob.grows('Ann', 'microphone', 'energy');
  const inUse = () => ann.page.evaluate(() => window.salon.localTrack('microphone').getSettings().deviceId);
  const choose = async (source) => {
    const options = await ann.page.$$eval(`#settings-${source} option`, (all) => all.map(({ value }) => value));
    const current = await ann.page.inputValue(`#settings-${source}`);
    const other = options.findLast((id) => id !== current);
    assert.ok(other, `there are several: ${options}`);
    await ann.page.selectOption(`#settings-${source}`, other);
    return other;
  };
  await ann.page.click('#settings-open');
  await until('devices are offered', async () => (await ann.page.$$('#settings-speaker option')).length > 1);
  const microphone = await choose('microphone');
  await until('the microphone is in use', async () => await inUse() === microphone);
  await bob.grows('Ann', 'microphone', 'energy');
  const speaker = await choose('speaker');
  await until('all sound comes out there', () => ann.page.evaluate((id) => {
    const elements = [...document.querySelectorAll('#sounds audio')];
    return elements.length > 0 && elements.every(({ sinkId }) => sinkId === id);
  }, speaker));
  /* A muted one stays muted; the next "on" is the one chosen. */
  await ann.page.keyboard.press('Escape');
  await ann.page.click('#mic');
  await until('it is muted', async () => !(await isOn(ann, 'microphone')));
  await ann.page.click('#settings-open');
  const last = await choose('microphone');
  assert.equal(await isOn(ann, 'microphone'), false);
  await ann.page.keyboard.press('Escape');
  await ann.page.click('#mic');
  await until('the one chosen last is on', async () => await isOn(ann, 'microphone') && await inUse() === last);
  assert.deepEqual(ann.problems, []);
});

test('a chosen device that is not plugged in any more is replaced by another', async () => {
  const page = await chromium.newPage();
  await page.addInitScript(() => localStorage.setItem('salon-microphone', 'gone'));
  const ann = new Person(page, 'Ann');
  await ann.open(server, newRoom(), 'name=Ann&join=1&video=0');
  await ann.joined();
  await until('the microphone is on', () => isOn(ann, 'microphone'));
});

test('the QR code leads to the room, whatever its name', async () => {
  const room = newRoom('🎉 ночь');
  const ann = await Person.enter(chromium, server, room, 'Ann', QUIET);
  await ann.page.click('#invite-open');
  const { data, size } = await ann.page.evaluate(async () => {
    const image = document.querySelector('#invite .qr');
    await image.decode();
    const canvas = Object.assign(document.createElement('canvas'), { width: 400, height: 400 });
    const pen = canvas.getContext('2d');
    pen.drawImage(image, 0, 0, canvas.width, canvas.height);
    return { size: canvas.width, data: [...pen.getImageData(0, 0, canvas.width, canvas.height).data] };
  });
  const { data: link } = jsQR(Uint8ClampedArray.from(data), size, size);
  assert.equal(link, new URL(`/r/${encodeURIComponent(room)}`, server.url).href);
  assert.equal((await fetch(link)).status, 200);
  assert.equal(await ann.page.inputValue('#invite .link'), link);
});

test('who comes later reads what was said before, apart from what is new', async () => {
  const room = newRoom();
  const ann = await Person.enter(chromium, server, room, 'Ann', QUIET);
  await ann.says('first');
  await ann.says('second');
  const bob = await Person.enter(chromium, server, room, 'Bob', QUIET);
  assert.equal(await bob.page.isVisible('#chat-badge'), false, 'what is old is not unread');
  await bob.says('third');
  await ann.sees('third', '#chat-log');
  const log = await bob.page.$$eval('#chat-log > *', (all) => all.map((element) => [
    element.querySelector('p')?.textContent ?? element.textContent, element.classList.contains('earlier'),
  ]));
  assert.deepEqual(log, [['first', true], ['second', true], ['Here you came in', false], ['third', false]]);
});

test('authors edit and delete what they said, the host deletes what others said', async () => {
  const room = newRoom();
  const ann = await Person.enter(chromium, server, room, 'Ann', QUIET);
  const bob = await Person.enter(chromium, server, room, 'Bob', QUIET);
  await bob.says('helo');
  await bob.says('oops');
  await ann.sees('oops', '#chat-log');
  await bob.page.hover('.message >> text=helo');
  await bob.page.click('.message:has-text("helo") [aria-label="Edit this message"]');
  assert.equal(await bob.page.inputValue('#chat-input'), 'helo');
  await bob.page.fill('#chat-input', 'hello');
  await bob.page.keyboard.press('Enter');
  for (const person of [ann, bob]) {
    await person.sees('hello', '#chat-log');
    await person.sees('edited', '#chat-log');
  }
  await ann.page.click('#chat-toggle');
  await ann.page.hover('.message >> text=oops');
  await ann.page.click('.message:has-text("oops") [aria-label="Delete this message"]');
  for (const person of [ann, bob]) {
    await person.sees('Deleted', '#chat-log');
    assert.doesNotMatch(await person.page.textContent('#chat-log'), /oops/);
  }
});

test('the host locks the room and asks somebody to leave', async () => {
  const room = newRoom();
  const ann = await Person.enter(chromium, server, room, 'Ann', QUIET);
  const bob = await Person.enter(chromium, server, room, 'Bob', QUIET);
  await ann.page.click('#invite-open');
  await ann.page.click('#lock');
  await until('Bob sees the lock', () => bob.page.isVisible('#locked'));
  await ann.page.keyboard.press('Escape');
  const eve = new Person(await chromium.newPage(), 'Eve');
  await eve.open(server, room, `name=Eve&join=1&${QUIET}`);
  await eve.sees('locked', '#join-error', 10000);

  assert.equal(await bob.page.isVisible('.kick'), false, 'this is the host\'s alone');
  ann.page.once('dialog', (dialog) => dialog.accept());
  await ann.page.hover(`.tile[data-participant="${bob.id}"]`);
  await ann.page.click(`.tile[data-participant="${bob.id}"] .kick`);
  await bob.sees('asked you to leave', '#ended');
  await until('Bob\'s tile is gone', async () => !(await ann.hasTile(bob.id)));
});

for (const colorScheme of ['light', 'dark']) {
  test(`nothing is in the way of a screen reader or weak eyes: lobby, call, dialogs, end (${colorScheme})`, async () => {
    const room = newRoom();
    const page = await chromium.newPage({ colorScheme, reducedMotion: 'reduce' });
    const ann = new Person(page, 'Ann');
    await ann.open(server, room, `name=Ann&${QUIET}`);
    await until('the lobby is shown', () => page.isVisible('#join'));
    assert.deepEqual(await findings(ann), [], 'lobby');
    await page.click('#join');
    await ann.joined();
    assert.equal(await page.evaluate(() => document.activeElement.id), 'room-name', 'reading begins at the top');
    assert.deepEqual(await findings(ann), [], 'alone');
    const bob = await Person.enter(chromium, server, room, 'Bob', QUIET);
    await bob.says('hello');
    await ann.says('hello yourself');
    assert.deepEqual(await findings(ann), [], 'call with chat');
    await page.locator('.message', { hasText: 'yourself' }).hover();
    await page.click('.message:has-text("yourself") [data-action="reply"]');
    assert.deepEqual(await findings(ann), [], 'answering');
    await ann.says('in answer');
    await page.click('.replies:not([hidden])');
    assert.deepEqual(await findings(ann), [], 'a thread');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    for (const id of ['invite', 'settings']) {
      await page.click(`#${id}-open`);
      assert.deepEqual(await findings(ann), [], id);
      await page.keyboard.press('Escape');
      assert.equal(await page.evaluate(() => document.activeElement.id), `${id}-open`, 'focus comes back');
    }
    await page.click('#leave');
    assert.deepEqual(await findings(ann), [], 'end');
  });
}
