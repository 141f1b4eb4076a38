/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Browsers whose network changes during a call, or who vanish from it. */

import assert from 'node:assert/strict';
import * as runner from 'node:test';
import { openChromium, openFirefox } from '../lib/browsers.js';
import { readLog } from '../lib/log.js';
import { canUseNamespaces, Namespace } from '../lib/namespace.js';
import { Peer } from '../lib/peer.js';
import { newRoom } from '../lib/people.js';
import { Person } from '../lib/person.js';
import { RebindingNat } from '../lib/rebinding.js';
import { startServer } from '../lib/server.js';
import { hostAddress } from '../lib/turn.js';
import { until } from '../lib/until.js';

const { test } = runner;
/* What the server and the page need, and what Chromium does by itself before it gives up a path that is silent: 2.5 s
 * until it is not "receiving", 1 s until it switches. */
const BACK_MS = 3000;
const BROWSER_BACK_MS = 5000;
const LOST_S = 6;
/* What the server notices is in its log. */
const LOG = { 'log-format': 'json', 'log-levels': '*:1' };
const skip = !canUseNamespaces && 'needs root and iproute2';

function eventsOf(server, id) {
  return readLog(server.errors).filter(({ participant }) => participant === id).map(({ event }) => event);
}

/* What a watcher is told of somebody's connection. */
function connectionsOf(watcher, id) {
  const told = [];
  watcher.signalling.on('participant', ({ event, participant }) => {
    if (participant.id === id)
      told.push(event === 'updated' ? participant.connection : event);
  });
  return told;
}

/* Ann in a browser, and Bob, who sees each of her packets. */
async function call(t, server, browser) {
  const room = newRoom();
  const bob = await Peer.join(t, server, room, 'Bob');
  await bob.start();
  const ann = await Person.enter(browser, server, room, 'Ann');
  const ofAnn = await until('Ann\'s camera is announced', () =>
    [...bob.slotTracks].find(([, track]) => track?.source === 'camera')?.[0], 10000);
  const [target, mid] = ofAnn.split('/');
  const slot = bob.subscribers.get(Number(target)).slot(mid);
  await until('Bob sees Ann', () => slot.packets.length > 30, 10000);
  await ann.grows('Bob', 'camera', 'bytes');
  return { server, ann, bob, slot };
}

/* What `change` does to the network costs no more than so much of media, either way. */
async function assertComesBack({ ann, slot }, change, { backMs = BACK_MS } = {}) {
  const changedAt = performance.now();
  await change();
  /* What was on its way arrives still. */
  await until('that is over', () => performance.now() > changedAt + 300);
  const received = slot.packets.length;
  const bytesOfBob = async () => (await ann.from('Bob', 'camera'))?.bytes ?? 0;
  const bytes = await bytesOfBob();
  const back = until('media flows to Ann again', async () => ![0, bytes].includes(await bytesOfBob()), backMs)
    .then(() => performance.now() - changedAt);
  const forth = until('and from her', () => slot.packets.length > received, backMs)
    .then(() => performance.now() - changedAt);
  const took = (await Promise.all([back, forth])).map(Math.round);
  return `back after ${took[0]} ms to the browser, ${took[1]} ms from it`;
}

test('a link goes down: media is back on the other', { skip }, async (t) => {
  const namespace = Namespace.create(t);
  const address = hostAddress();
  const server = await startServer(t, { config: {
    server: { listen: address }, rooms: { 'resume-grace-s': 15 }, media: { 'ice-addresses': address, 'ice-transports': 'udp' },
  } });
  const chromium = await openChromium(t, { wrap: (path) => namespace.wrap(path), secureOrigin: server.url });
  const people = await call(t, server, chromium);
  const [before] = await people.ann.paths();
  const link = namespace.linkOf(before.local);
  t.diagnostic(await assertComesBack(people, () => namespace.unplug(link)));
  await until('the browser says so too', async () =>
    (await people.ann.paths()).every(({ local }) => namespace.linkOf(local) !== link), BROWSER_BACK_MS);
});

/* The old address is of no use from one moment to the next, for the WebSocket neither, and nothing tells Chromium: the
 * page sees that nothing comes any more and that the server does not answer, and makes everything anew. */
test('the address changes: media is back on the new one', { skip }, async (t) => {
  const namespace = Namespace.create(t);
  const address = hostAddress();
  const server = await startServer(t, { config: {
    server: { listen: address }, rooms: { 'resume-grace-s': 15 }, media: { 'ice-addresses': address, 'ice-transports': 'udp' },
  } });
  const [link, other] = Namespace.links;
  namespace.unplug(other);
  const chromium = await openChromium(t, { wrap: (path) => namespace.wrap(path), secureOrigin: server.url });
  const people = await call(t, server, chromium);
  const [before] = await people.ann.paths();
  const changedAt = performance.now();
  namespace.readdress(link);
  await until('media comes on the new address', async () => {
    const paths = await people.ann.paths();
    return paths.length === 2 && paths.every(({ local }) => local !== before.local && namespace.linkOf(local) === link);
  }, BACK_MS);
  await assertFlowsAgain(people);
  t.diagnostic(`back ${Math.round(performance.now() - changedAt)} ms after the change`);
});

/* Chromium sends a check each 2.5 s, which is when the server learns of it; the page makes its connections anew before. */
test('a NAT forgets the client\'s ports: media is back', async (t) => {
  const server = await startServer(t, { config: { rooms: { 'resume-grace-s': 15 }, media: { 'ice-transports': 'udp' } } });
  const nat = await RebindingNat.start(t);
  nat.leadTo(server.mediaPort);
  const people = await call(t, server, await openChromium(t, { nat }));
  t.diagnostic(await assertComesBack(people, () => nat.rebind(), { backMs: BROWSER_BACK_MS }));
  t.diagnostic(await assertComesBack(people, () => nat.rebind(), { backMs: BROWSER_BACK_MS }));
});

/* As a client does that knows that its network changed: RFC 8445, section 9. */
async function restartIce(target) {
  const connection = window.salon.peerConnections.get(target);
  connection.restartIce();
  await connection.setLocalDescription();
  const id = `restart-${Math.random()}`;
  const answer = new Promise((resolve) => {
    window.lastWebSocket.addEventListener('message', ({ data }) => {
      const message = JSON.parse(data);
      if (message.id === id)
        resolve(message);
    });
  });
  window.lastWebSocket.send(JSON.stringify({ jsonrpc: '2.0', id, method: 'offer',
                                             params: { desc: connection.localDescription.toJSON(), tracks: [] } }));
  const { result, error } = await answer;
  if (error)
    throw new Error(JSON.stringify(error));
  await connection.setRemoteDescription({ type: result.type, sdp: result.sdp });
  return connection.localDescription.sdp.match(/a=ice-ufrag:(.*)/)[1];
}

for (const [name, open] of [['Chromium', openChromium], ['Firefox', openFirefox]]) {
  test(`an ICE restart in ${name}: media goes on`, async (t) => {
    const server = await startServer(t, { config: { media: { 'ice-transports': 'udp' } } });
    const people = await call(t, server, await open(t));
    const { ann, slot } = people;
    const before = await ann.page.evaluate(() =>
      window.salon.peerConnections.get(0).localDescription.sdp.match(/a=ice-ufrag:(.*)/)[1]);
    const after = await ann.page.evaluate(restartIce, 0);
    assert.notEqual(after, before);
    const received = slot.packets.length;
    await until('two seconds of media came', () => slot.packets.length > received + 60, 8000);
    await ann.grows('Bob', 'camera', 'bytes');
  });
}

/* Runs in the page: each state of the call and its connections from now on. */
function keepDiary() {
  window.diary = [];
    const { salon } = window;
  salon.addEventListener('state', ({ detail }) => window.diary.push(detail.state));
  salon.addEventListener('media-state', ({ detail }) => window.diary.push(detail.state));
}

async function ufragOf(person, target) {
  return await person.page.evaluate((key) =>
    window.salon.peerConnections.get(key)?.localDescription?.sdp.match(/a=ice-ufrag:(.*)/)[1], target);
}

/* Media flows both ways again. Returns a text that says how fast. */
async function assertFlowsAgain({ ann, bob, slot }, { backMs = BACK_MS } = {}) {
  const isBackAt = performance.now();
  const elapsed = () => Math.round(performance.now() - isBackAt);
  const received = slot.packets.length;
  const bytes = (await ann.from('Bob', 'camera'))?.bytes ?? 0;
  const took = await Promise.all([
    until('media flows to Ann again', async () => ((await ann.from('Bob', 'camera'))?.bytes ?? 0) > bytes, backMs).then(elapsed),
    until('and from her', () => slot.packets.length > received, backMs).then(elapsed),
  ]);
  return `back after ${took[0]} ms to the browser, ${took[1]} ms from it`;
}

async function callThroughNat(t) {
  const server = await startServer(t, { config: { rooms: { 'resume-grace-s': 15 }, media: { 'ice-transports': 'udp' } } });
  const nat = await RebindingNat.start(t);
  nat.leadTo(server.mediaPort);
  const people = await call(t, server, await openChromium(t, { nat }));
  await people.ann.page.evaluate(keepDiary);
  people.left = [];
  people.bob.signalling.on('participant', ({ event }) => event === 'left' && people.left.push(event));
  return { nat, ...people };
}

/* Who sends nothing misses no answer: they see it when the browser does. */
test('media of one who only listens is silent: the page says so, and restarts ICE', async (t) => {
  const people = await callThroughNat(t);
  const { nat, ann } = people;
  await ann.page.evaluate(() => Promise.all([window.salon.setCamera(false), window.salon.setMicrophone(false)]));
  const before = await ufragOf(ann, 0);
  nat.isBlocked = true;
  nat.rebind();
  await until('ICE is restarted', async () => await ufragOf(ann, 0) !== before, 15000);
  await ann.sees('interrupted', '#connection', 10000);
  nat.isBlocked = false;
  await ann.page.evaluate(() => window.salon.setCamera(true));
  t.diagnostic(await assertFlowsAgain(people));
  await until('the page has nothing to say any more', () =>
    ann.page.evaluate(() => document.querySelector('#connection').textContent === ''));
  const diary = await ann.page.evaluate(() => window.diary);
  assert.ok(!diary.includes('reconnecting'), diary.join());
});

test('media that stays silent: the page makes its connections anew, and waits for them', async (t) => {
  const people = await callThroughNat(t);
  const { nat, ann } = people;
  nat.isBlocked = true;
  nat.rebind();
  const blockedAt = performance.now();
  await until('connections are made anew', () =>
    ann.page.evaluate(() => window.diary.includes('reconnecting') && window.salon.peerConnections.size === 2), 5000);
  t.diagnostic(`made anew ${Math.round(performance.now() - blockedAt)} ms after the last packet`);
  await ann.sees('interrupted', '#connection');
  await until('a while is over', () => performance.now() > blockedAt + 8000, 10000);
  nat.isBlocked = false;
  t.diagnostic(await assertFlowsAgain(people, { backMs: 8000 }));
  assert.deepEqual(people.left, []);
});

test('all networks are away for a while: media is back soon after them', { skip }, async (t) => {
  const namespace = Namespace.create(t);
  const address = hostAddress();
  const server = await startServer(t, { config: {
    server: { listen: address }, rooms: { 'resume-grace-s': 15 }, media: { 'ice-addresses': address, 'ice-transports': 'udp' },
  } });
  const chromium = await openChromium(t, { wrap: (path) => namespace.wrap(path), secureOrigin: server.url });
  const people = await call(t, server, chromium);
  await people.ann.page.evaluate(keepDiary);
  Namespace.links.forEach((link) => namespace.unplug(link));
  await people.ann.sees('Trying to get', '#connection', 15000);
  await until('the page tries to come back', () => people.ann.page.evaluate(() => window.salon.state === 'reconnecting'), 20000);
  Namespace.links.forEach((link) => namespace.plugIn(link));
  t.diagnostic(await assertFlowsAgain(people));
});

/* R4: within ice-lost-s, one who was silent comes back, and nobody is told that they left. */
test('who was silent for a while comes back', async (t) => {
  const server = await startServer(t, { config: {
    log: LOG, rooms: { 'resume-grace-s': 15 }, media: { 'ice-transports': 'udp', 'ice-lost-s': 15 },
  } });
  const nat = await RebindingNat.start(t);
  nat.leadTo(server.mediaPort);
  const people = await call(t, server, await openChromium(t, { nat }));
  const { ann, bob } = people;
  const { participant: { id } } = await bob.signalling.next('participant', ({ event }) => event === 'joined');
  const told = connectionsOf(bob, id);
  nat.isBlocked = true;
  await until('Bob is told', () => told.includes('silent'), 10000);
  nat.rebind();
  nat.isBlocked = false;
  t.diagnostic(await assertFlowsAgain(people, { backMs: 8000 }));
  await until('and Bob knows', () => told.includes('good'), 8000);
  await ann.grows('Bob', 'camera', 'bytes');
  /* More often than once, if the page was slow to make its connections anew. */
  assert.match(told.join(), /^silent,good(,silent,good)?$/);
  assert.ok(!eventsOf(server, id).includes('participant_left'));
});

for (const [name, open] of [['Chromium', openChromium], ['Firefox', openFirefox]]) {
  test(`${name} is killed: it has left within its grace`, async (t) => {
    const graceS = 2;
    const server = await startServer(t, { config: { rooms: { 'resume-grace-s': graceS }, media: { 'ice-lost-s': LOST_S } } });
    const browser = await open(t);
    const room = newRoom();
    const bob = await Peer.join(t, server, room, 'Bob', { publish: null });
    await Person.enter(browser, server, room, 'Ann');
    await bob.signalling.next('participant', ({ event }) => event === 'joined');
    const killedAt = performance.now();
    await browser.kill();
    await bob.signalling.next('participant', ({ event }) => event === 'left', (graceS + 3) * 1000);
    t.diagnostic(`gone after ${Math.round(performance.now() - killedAt)} ms`);
  });
}

/* R4: the WebSocket lives, media does not. */
test('whose media vanishes has left after ice-lost-s, though the WebSocket lives', async (t) => {
  const server = await startServer(t, { config: { log: LOG, media: { 'ice-lost-s': LOST_S } } });
  const room = newRoom();
  const bob = await Peer.join(t, server, room, 'Bob', { publish: null });
  const ann = await Peer.join(t, server, room, 'Ann', { mayFail: true });
  await ann.start();
  await bob.receive(ann, 'camera');
  const told = connectionsOf(bob, ann.id);
  const silencedAt = performance.now();
  await ann.silence();
  await until('Bob is told', () => told.includes('silent'), LOST_S / 3 * 1000 + 2000);
  const kim = await Peer.join(t, server, room, 'Kim', { publish: null });
  assert.deepEqual(kim.participants.map(({ name, connection }) => [name, connection]),
                   [['Bob', 'good'], ['Ann', 'silent'], ['Kim', 'good']]);
  await until('Ann has left', () => told.includes('left'), (LOST_S + 3) * 1000);
  const tookS = (performance.now() - silencedAt) / 1000;
  /* On a busy machine the last packet is some time older than the clock's reading. */
  assert.ok(tookS >= LOST_S - 1 && tookS <= LOST_S + 2, `left after ${tookS} s`);
  assert.deepEqual(told, ['joined', 'silent', 'left']);
  assert.deepEqual(eventsOf(server, ann.id),
                   ['participant_joined', 'participant_media_silent', 'participant_media_failed', 'participant_left']);
});

test('whose connection is lost is shown as somebody to wait for', async (t) => {
  const server = await startServer(t, { config: { media: { 'ice-lost-s': LOST_S } } });
  const room = newRoom();
  const chromium = await openChromium(t);
  const bob = await Person.enter(chromium, server, room, 'Bob');
  const ann = await Peer.join(t, server, room, 'Ann', { mayFail: true });
  await ann.start();
  const tile = `.tile[data-participant="${ann.id}"][data-source="camera"]`;
  const isShown = () => bob.page.isVisible(`${tile} .tile-note`);
  await bob.grows('Ann', 'camera', 'bytes');
  assert.equal(await isShown(), false);
  await ann.silence();
  await until('her tile says so', isShown, LOST_S / 3 * 1000 + 2000);
  await bob.sees('Connection lost', `${tile} .tile-note`);
  assert.match(await bob.page.getAttribute(tile, 'aria-label'), /Connection lost/);
  await until('she has left', async () => !await bob.hasTile(ann.id), (LOST_S + 3) * 1000);
});
