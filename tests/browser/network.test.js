/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ways that media takes: UDP, TCP alone, a TURN server alone; and what becomes of who vanishes. */

import assert from 'node:assert/strict';
import * as runner from 'node:test';
import { openChromium, openFirefox } from '../lib/browsers.js';
import { canUseNamespaces, Namespace } from '../lib/namespace.js';
import { newRoom } from '../lib/people.js';
import { Person } from '../lib/person.js';
import { startServer } from '../lib/server.js';
import { until } from '../lib/until.js';
import { hasTurn, hostAddress, startTurn } from '../lib/turn.js';

const { test } = runner;
const BROWSERS = [['Chromium', openChromium], ['Firefox', openFirefox]];

/* Both send and receive, one of them in each browser. */
async function assertCall(...people) {
  for (const viewer of people) {
    for (const other of people.filter((person) => person !== viewer)) {
      await viewer.grows(other.name, 'camera', 'frames');
      await viewer.grows(other.name, 'microphone', 'energy');
    }
  }
}

async function assertPaths(person, expected) {
  const paths = await person.paths();
  assert.ok(paths.length >= 2, 'a publisher and a subscriber connection');
  for (const path of paths)
    assert.deepEqual({ ...path, ...expected }, path);
}

async function call(t, server, options) {
  const room = newRoom();
  const people = [];
  for (const [name, open] of BROWSERS)
    people.push(await Person.enter(await open(t, options), server, room, name));
  await assertCall(...people);
  return people;
}

test('over UDP, on one port', async (t) => {
  const server = await startServer(t);
  const people = await call(t, server);
  const ports = new Set();
  for (const person of people) {
    await assertPaths(person, { protocol: 'udp' });
    (await person.paths()).forEach(({ remotePort }) => ports.add(remotePort));
  }
  assert.equal(ports.size, 1);
});

test('over TCP alone, on one port', async (t) => {
  const server = await startServer(t, { config: { media: { 'ice-transports': 'tcp' } } });
  const people = await call(t, server);
  for (const person of people)
    await assertPaths(person, { protocol: 'tcp' });
});

/* The others may use UDP. */
test('over TCP, to whom UDP does not get through', { skip: !canUseNamespaces && 'needs root and iproute2' }, async (t) => {
  const namespace = Namespace.create(t);
  namespace.blockUdp();
  const address = hostAddress();
  const server = await startServer(t, { config: { server: { listen: address }, media: { 'ice-addresses': address } } });
  const room = newRoom();
  const ann = await Person.enter(await openChromium(t, {
    wrap: (path) => namespace.wrap(path), secureOrigin: server.url,
  }), server, room, 'Ann');
  const bob = await Person.enter(await openChromium(t, { secureOrigin: server.url }), server, room, 'Bob');
  await assertCall(ann, bob);
  await assertPaths(ann, { protocol: 'tcp' });
  await assertPaths(bob, { protocol: 'udp' });
});

test('over a TURN server alone, with credentials that end', { skip: !hasTurn && 'no coturn' }, async (t) => {
  const turn = await startTurn(t);
  const server = await startServer(t, { config: { media: {
    'ice-transports': 'udp', 'client-ice-servers': turn.url, 'turn-secret': turn.secret,
  } } });
  const people = await call(t, server, { isRelayOnly: true });
  for (const person of people)
    await assertPaths(person, { localType: 'relay' });
});

/* What README advises, for those whose firewall lets nothing but TLS out. Chromium is told to trust anybody. */
for (const transport of ['tcp', 'tls']) {
  test(`over a TURN server alone, by ${transport}`, { skip: !hasTurn && 'no coturn' }, async (t) => {
    const turn = await startTurn(t, transport);
    const server = await startServer(t, { config: { media: {
      'ice-transports': 'udp', 'client-ice-servers': turn.url, 'turn-secret': turn.secret,
    } } });
    const chromium = await openChromium(t, { isRelayOnly: true, isTrusting: true });
    const room = newRoom();
    const ann = await Person.enter(chromium, server, room, 'Ann');
    const bob = await Person.enter(chromium, server, room, 'Bob');
    await assertCall(ann, bob);
    for (const person of [ann, bob])
      await assertPaths(person, { localType: 'relay', relayProtocol: transport });
  });
}

test('a connection made when the first credentials have ended', { skip: !hasTurn && 'no coturn' }, async (t) => {
  const ttlS = 10;
  const turn = await startTurn(t);
  const server = await startServer(t, { config: { media: {
    'ice-transports': 'udp', 'client-ice-servers': turn.url, 'turn-secret': turn.secret, 'turn-ttl-s': ttlS,
  } } });
  const chromium = await openChromium(t, { isRelayOnly: true });
  const room = newRoom();
  const bob = await Person.enter(chromium, server, room, 'Bob', 'audio=0&video=0');
  const ann = await Person.enter(chromium, server, room, 'Ann', 'audio=0&video=0');
  const toldAt = Date.now();
  await until('they have ended', () => Date.now() > toldAt + (ttlS + 1) * 1000, (ttlS + 3) * 1000);
  await ann.page.click('#camera');
  await bob.grows('Ann', 'camera', 'frames');
  await assertPaths(ann, { localType: 'relay' });
});

test('with libnice, too', async (t) => {
  const server = await startServer(t, { config: { media: { ice: 'full' } } });
  await call(t, server);
});
