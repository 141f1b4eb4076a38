/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connections break, pages are reloaded, tabs are doubled: who is in the room stays true. */

import assert from 'node:assert/strict';
import * as runner from 'node:test';
import { openChromium, openFirefox } from '../lib/browsers.js';
import { newRoom } from '../lib/people.js';
import { Person } from '../lib/person.js';
import { startProxy } from '../lib/proxy.js';
import { startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;
const CUT_MS = 3000;
const PATIENT = { config: { rooms: { 'resume-grace-s': 15 } } };
const server = await startServer(runner, PATIENT);

/* Counts from now on what this person is told of others coming and going. */
async function watchOthers(person) {
  await person.page.evaluate(() => {
    window.comings = [];
    for (const type of ['participant-joined', 'participant-left', 'track-published', 'track-unpublished'])
      window.salon.addEventListener(type, () => window.comings.push(type));
  });
}

async function stateOf(person) {
  return await person.page.evaluate(() => window.salon.state);
}

async function messages(person) {
  return await person.page.evaluate(() =>
    [...document.querySelectorAll('#chat-log .message > p:not(.note)')].map(({ textContent }) => textContent));
}

async function connectionShown(person) {
  return await person.page.evaluate(() => document.querySelector('#connection').textContent);
}

async function loses(person, proxy) {
  proxy.cut();
  await until('the break is noticed', async () => await stateOf(person) === 'reconnecting');
}

async function returns(person) {
  await until('the way back is found', async () => await stateOf(person) === 'joined', 20000);
}

async function createRoom(maxMembers) {
  const slug = newRoom();
  const { status } = await server.http('POST', '/room/create', { json: { slug, max_members: maxMembers } });
  assert.equal(status, 201);
  return slug;
}

for (const [name, open] of [['Chromium', openChromium], ['Firefox', openFirefox]]) {
  test(`a cut of three seconds in ${name}: the same person, media all the while, missed chat once`, async (t) => {
    const chromium = await openChromium(t);
    const proxy = await startProxy(t, server);
    const room = newRoom();
    const ann = await Person.enter(await open(t), proxy, room, 'Ann');
    const bob = await Person.enter(chromium, server, room, 'Bob');
    for (const [viewer, other] of [[ann, bob], [bob, ann]])
      await viewer.grows(other.name, 'camera', 'frames');
    await watchOthers(ann);
    await watchOthers(bob);
    await ann.says('before');
    const sdps = [await ann.sdpCount(), await bob.sdpCount()];
    const { id } = ann;

    await loses(ann, proxy);
    const cutAt = performance.now();
    assert.match(await connectionShown(ann), /connection was lost/i);
    await bob.says('while you were away');
    await ann.says('said into the break');
    for (const [viewer, other] of [[ann, bob], [bob, ann]]) {
      await viewer.grows(other.name, 'camera', 'frames', CUT_MS);
      await viewer.grows(other.name, 'microphone', 'energy', CUT_MS);
    }
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, CUT_MS - (performance.now() - cutAt))));
    proxy.mend();
    await returns(ann);

    await ann.sees('while you were away', '#chat-log');
    await bob.sees('said into the break', '#chat-log');
    await bob.says('after');
    await ann.sees('after', '#chat-log');
    assert.deepEqual((await messages(ann)).sort(),
                     ['after', 'before', 'said into the break', 'while you were away']);
    assert.deepEqual((await messages(bob)).sort(),
                     ['after', 'before', 'said into the break', 'while you were away']);
    assert.equal(await ann.page.evaluate(() => window.salon.id), id);
    assert.equal(await connectionShown(ann), '');
    for (const person of [ann, bob])
      assert.deepEqual(await person.page.evaluate(() => window.comings), [], `what ${person.name} was told`);
    assert.deepEqual([await ann.sdpCount(), await bob.sdpCount()], sdps, 'no SDP exchange');
    for (const [viewer, other] of [[ann, bob], [bob, ann]])
      await viewer.grows(other.name, 'camera', 'frames');
    assert.deepEqual(bob.problems, []);
  });
}

/* From now on the page's clock is ours, and keeps when it tries to reach the server. */
async function watchAttempts(page) {
  await page.clock.install();
  await page.addInitScript(() => {
    window.attempts = [];
    window.WebSocket = class extends WebSocket {
      constructor(...args) {
        super(...args);
        window.attempts.push(performance.now());
      }
    };
  });
}

async function attempts(person) {
  return await person.page.evaluate(() => window.attempts);
}

/* Lets time pass in steps, between which the network can fail, until `isOver`. */
async function letTimePass(person, stepMs, isOver) {
  await until('enough time has passed', async () => {
    await person.page.clock.fastForward(stepMs);
    return await isOver();
  }, 60000);
}

test('one comes back at once, then at longer and longer intervals, never quite the same, and not for ever', async (t) => {
  const chromium = await openChromium(t);
  const proxy = await startProxy(t, server);
  const page = await chromium.newPage();
  await watchAttempts(page);
  const ann = new Person(page, 'Ann');
  await ann.open(proxy, newRoom(), 'name=Ann&join=1&audio=0&video=0');
  await ann.joined();
  await loses(ann, proxy);
  await page.evaluate(() => { window.attempts = []; window.brokeAt = performance.now(); });
  await letTimePass(ann, 100, async () => (await attempts(ann)).length >= 7);
  const times = [await page.evaluate(() => window.brokeAt), ...await attempts(ann)];
  /* Each wait as a part of what it is on average. */
  const waits = times.slice(1, 8).map((time, index) => (time - times[index]) / Math.min(300 * 2 ** index, 5000));
  t.diagnostic(waits.map((wait) => wait.toFixed(2)).join(' '));
  waits.forEach((wait, index) => assert.ok(wait > 0.4 && wait < 1.6 + 2 / 2 ** index, `wait ${index}: ${wait}`));
  assert.ok(waits.slice(2).some((wait) => wait < 0.95 || wait > 1.15), 'not all who were cut off come back at once');
  /* Those that led to the end; what comes after it goes on at once. */
  let before = null;
  await letTimePass(ann, 1000, async () => {
    before = await page.evaluate(() => (window.salon.state === 'closed' ? window.attempts.length : null));
    return before !== null;
  });
  const away = await page.evaluate(() => performance.now() - window.brokeAt);
  assert.ok(away > 29_000 && away < 45_000, `for ${away} ms`);

  await ann.sees('The connection was lost', '#ended');
  let [after, quietS] = [before, 0];
  await letTimePass(ann, 1000, async () => {
    const { length } = await attempts(ann);
    [after, quietS] = [length, length === after ? quietS + 1 : 0];
    return quietS >= 90;
  });
  /* The first of them may have been made before we looked. Now it is up to the person. */
  assert.ok(after > before && after <= before + 6, `${after - before} more attempts`);
  await ann.sees('cannot be reached', '#ended-text');
  proxy.mend();
  await page.click('#rejoin');
  await until('she is in again', () => page.evaluate(() => window.salon.state === 'joined'));
});

for (const graceS of [15, 0]) {
  const who = graceS > 0 ? 'as oneself' : 'as somebody new';
  test(`a message whose receipt was lost in a break is said once, when one comes back ${who}`, async (t) => {
    const chromium = await openChromium(t);
    const forgetful = await startServer(t, { config: { rooms: { 'resume-grace-s': graceS } } });
    const room = newRoom();
    const page = await chromium.newPage();
    let breaks = 1;
    await page.routeWebSocket(/\/ws$/, (near) => {
      const far = near.connectToServer();
      near.onMessage((data) => far.send(data));
      far.onMessage((data) => {
        if (JSON.parse(data).result?.timestamp && breaks-- > 0)
          far.close({ code: 4000 }).then(() => near.close({ code: 4000 }));
        else
          near.send(data);
      });
    });
    const ann = new Person(page, 'Ann');
    await ann.open(forgetful, room, 'name=Ann&join=1&audio=0&video=0');
    await ann.joined();
    const { id } = ann;
    const bob = await Person.enter(chromium, forgetful, room, 'Bob', 'audio=0&video=0');
    await ann.says('only once');
    await bob.sees('only once', '#chat-log');
    await until('it has broken', async () => breaks === 0);
    /* She may not have noticed the break yet. */
    const isSame = () => page.evaluate((before) => window.salon.id === before, id);
    await until('Ann is back', async () =>
      await stateOf(ann) === 'joined' && (graceS > 0 || !await isSame()), 20000);
    await until('she knows that it was said', () =>
      page.evaluate(() => document.querySelector('.message.own')?.dataset.id), 20000);
    assert.equal(await isSame(), graceS > 0);
    await bob.says('after');
    await ann.sees('after', '#chat-log');
    for (const person of [ann, bob])
      assert.deepEqual((await messages(person)).sort(), ['after', 'only once']);
  });
}

test('what changed during a break is told after it, and only that', async (t) => {
  const chromium = await openChromium(t);
  const proxy = await startProxy(t, server);
  const room = newRoom();
  const ann = await Person.enter(chromium, proxy, room, 'Ann');
  const bob = await Person.enter(chromium, server, room, 'Bob');
  const eve = await Person.enter(chromium, server, room, 'Eve');
  await ann.grows('Eve', 'camera', 'frames');
  await watchOthers(ann);
  await loses(ann, proxy);
  await eve.page.click('#leave');
  await Person.enter(chromium, server, room, 'Tom', 'audio=0&video=0');
  await bob.page.click('#mic');
  await ann.page.click('#camera');
  proxy.mend();
  await returns(ann);
  assert.deepEqual(await ann.page.evaluate(() => window.comings), ['participant-left', 'participant-joined']);
  assert.equal(await ann.hasTile(eve.id), false);
  const trackOf = (person, other, source) => person.page.evaluate(([id, wanted]) =>
    window.salon.participants.get(id).tracks.find((track) => track.source === wanted)?.muted, [other.id, source]);
  await until('Bob is silent for Ann', () => trackOf(ann, bob, 'microphone'));
  await until('Ann is not seen by Bob', () => trackOf(bob, ann, 'camera'));
});

test('a device turned on during a break is seen after it', async (t) => {
  const chromium = await openChromium(t);
  const proxy = await startProxy(t, server);
  const room = newRoom();
  const ann = await Person.enter(chromium, proxy, room, 'Ann', 'audio=0&video=0');
  const bob = await Person.enter(chromium, server, room, 'Bob', 'audio=0&video=0');
  await until('Ann\'s connection stands', () => ann.page.evaluate(() =>
    [...window.salon.peerConnections.values()].every(({ connectionState }) => connectionState === 'connected')));
  await loses(ann, proxy);
  await ann.page.click('#camera');
  await until('it is on', () => ann.page.evaluate(() => window.salon.isOn('camera')));
  proxy.mend();
  await returns(ann);
  await bob.grows('Ann', 'camera', 'frames');
});

test('a server that has forgotten everything: connections and tracks are made anew, by the same object', async (t) => {
  const chromium = await openChromium(t);
  const first = await startServer(t, PATIENT);
  const proxy = await startProxy(t, first);
  const room = newRoom();
  const ann = await Person.enter(chromium, proxy, room, 'Ann');
  const bob = await Person.enter(chromium, proxy, room, 'Bob');
  await bob.grows('Ann', 'camera', 'frames');
  for (const person of [ann, bob])
    await person.page.evaluate(() => { window.before = window.salon; });
  await loses(ann, proxy);
  await bob.page.click('#mic');
  proxy.server = await startServer(t, PATIENT);
  proxy.mend();
  for (const person of [ann, bob])
    await returns(person);
  for (const [viewer, other] of [[ann, bob], [bob, ann]])
    await viewer.grows(other.name, 'camera', 'frames');
  await bob.grows('Ann', 'microphone', 'energy');
  for (const person of [ann, bob]) {
    assert.ok(await person.page.evaluate(() => window.salon === window.before));
    assert.equal(await person.page.evaluate(() => document.querySelectorAll('.tile').length), 2);
  }
  assert.equal(await bob.page.evaluate(() => window.salon.isOn('microphone')), false);
});

test('media that fails in the midst of a call is built anew', async (t) => {
  const chromium = await openChromium(t);
  const room = newRoom();
  const ann = await Person.enter(chromium, server, room, 'Ann');
  const bob = await Person.enter(chromium, server, room, 'Bob');
  await bob.grows('Ann', 'camera', 'frames');
  await watchOthers(bob);
  /* As when one walks out of the Wi-Fi; a real failure takes half a minute to be seen. */
  await ann.page.evaluate(() => {
    const { 0: publisher } = Object.fromEntries(window.salon.peerConnections);
    const { onconnectionstatechange } = publisher;
    publisher.close();
    Object.defineProperty(publisher, 'connectionState', { value: 'failed' });
    onconnectionstatechange();
  });
  await until('it is noticed', async () => await stateOf(ann) === 'reconnecting');
  await returns(ann);
  for (const [viewer, other] of [[ann, bob], [bob, ann]])
    await viewer.grows(other.name, 'camera', 'frames');
  assert.equal((await bob.page.evaluate(() => window.comings)).includes('participant-left'), false);
});

for (const [how, open] of [['Chromium', openChromium], ['Firefox', openFirefox]]) {
  test(`a refresh in a full room in ${how}: straight back in, the same one; strangers stay out`, async (t) => {
    const chromium = await openChromium(t);
    const room = await createRoom(2);
    const ann = new Person(await (await open(t)).newPage(), 'Ann');
    await ann.open(server, room, 'name=Ann');
    await ann.page.click('#join');
    await ann.joined();
    const { id } = ann;
    const bob = await Person.enter(chromium, server, room, 'Bob');
    await bob.grows('Ann', 'camera', 'frames');
    await watchOthers(bob);
    await ann.page.reload();
    await ann.joined();
    assert.equal(ann.id, id);
    await bob.grows('Ann', 'camera', 'frames');
    assert.equal(await bob.page.evaluate(() => window.salon.room.host), id);
    assert.equal((await bob.page.evaluate(() => window.comings)).includes('participant-left'), false);

    const eve = new Person(await chromium.newPage(), 'Eve');
    await eve.open(server, room, 'name=Eve&join=1');
    await eve.sees('full', '#join-error', 10000);
  });
}

test('alone in a room, a refresh keeps it, with all that was said', async (t) => {
  const chromium = await openChromium(t);
  const ann = await Person.enter(chromium, server, newRoom(), 'Ann', 'audio=0&video=0');
  await ann.says('note to myself');
  const before = await ann.page.evaluate(() => window.salon.room.id);
  await ann.page.reload();
  await ann.joined();
  assert.equal(await ann.page.evaluate(() => window.salon.room.id), before);
  await ann.sees('note to myself', '#chat-log');
});

test('a refresh leads back into a locked room', async (t) => {
  const chromium = await openChromium(t);
  const room = newRoom();
  const ann = await Person.enter(chromium, server, room, 'Ann', 'audio=0&video=0');
  const bob = await Person.enter(chromium, server, room, 'Bob', 'audio=0&video=0');
  await ann.page.evaluate(() => window.salon.setLocked(true));
  await bob.page.reload();
  await bob.joined();
});

test('a refresh is admitted to a full room also while the server still believes in the old connection', async (t) => {
  const chromium = await openChromium(t);
  const proxy = await startProxy(t, server);
  const room = await createRoom(2);
  const ann = await Person.enter(chromium, proxy, room, 'Ann');
  const bob = await Person.enter(chromium, server, room, 'Bob');
  await watchOthers(bob);
  proxy.strand();
  await ann.page.reload();
  const { id } = ann;
  await ann.joined();
  assert.equal(ann.id, id, 'the same member');
  await bob.grows('Ann', 'camera', 'frames');
  assert.equal((await bob.page.evaluate(() => window.comings)).includes('participant-left'), false);
});

test('a second tab of the same session takes the first one\'s place, and the first says so', async (t) => {
  const chromium = await openChromium(t);
  const room = await createRoom(1);
  const first = await Person.enter(chromium, server, room, 'Ann');
  /* What a browser's "duplicate tab" does: the new one gets a copy of the session storage. */
  const [page] = await Promise.all([
    first.page.waitForEvent('popup'),
    first.page.evaluate(() => window.open(location.href)),
  ]);
  const second = new Person(page, 'Ann');
  await second.joined();
  await first.sees('somewhere else', '#ended');
  assert.equal(await first.page.evaluate(() => window.salon.state), 'closed');
  assert.equal(second.id, first.id);
  await first.page.click('#rejoin');
  await second.sees('somewhere else', '#ended', 10000);
});

test('who is away for longer than the server waits comes back as somebody new', async (t) => {
  const chromium = await openChromium(t);
  const impatient = await startServer(t, { config: { rooms: { 'resume-grace-s': 1 } } });
  const proxy = await startProxy(t, impatient);
  const room = newRoom();
  const ann = await Person.enter(chromium, proxy, room, 'Ann');
  const bob = await Person.enter(chromium, impatient, room, 'Bob');
  await bob.grows('Ann', 'camera', 'frames');
  await loses(ann, proxy);
  await until('Bob is told', async () => !(await bob.hasTile(ann.id)), 10000);
  proxy.mend();
  await returns(ann);
  await bob.grows('Ann', 'camera', 'frames');
  await ann.grows('Bob', 'camera', 'frames');
});

test('a closed tab is gone soon, who leaves at once', async (t) => {
  const chromium = await openChromium(t);
  const room = newRoom();
  const ann = await Person.enter(chromium, server, room, 'Ann', 'audio=0&video=0');
  const bob = await Person.enter(chromium, server, room, 'Bob', 'audio=0&video=0');
  const eve = await Person.enter(chromium, server, room, 'Eve', 'audio=0&video=0');
  await eve.page.click('#leave');
  await until('Eve\'s tile is gone', async () => !(await bob.hasTile(eve.id)), 2000);
  await ann.page.close();
  await until('Ann\'s tile is gone', async () => !(await bob.hasTile(ann.id)), 8000);
});
