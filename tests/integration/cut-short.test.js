/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connections that break: silently, for three seconds, or in the middle of a join. */

import assert from 'node:assert/strict';
import { connect as dial } from 'node:net';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { defer } from '../lib/cleanup.js';
import { backAtBase, noLiveObjects, steady, TRACING } from '../lib/leftovers.js';
import { SETUPS, startNodes } from '../lib/nodes.js';
import { Peer } from '../lib/peer.js';
import { connect, enter, newRoom } from '../lib/people.js';
import { startProxy } from '../lib/proxy.js';
import { playRounds, roundCount } from '../lib/rounds.js';
import { serverPath } from '../lib/server.js';
import { SignallingClient } from '../lib/signalling.js';
import { until } from '../lib/until.js';
import { seeExactly, stayQuiet, Witness } from '../lib/witness.js';

const CUT_MS = 3000;
const SLOWNESS = Number(process.env.SALON_TEST_SLOWNESS ?? 1);

for (const [setup, nServers] of Object.entries(SETUPS)) {
  test(`R5 the WebSocket times out, ${setup}: one left, after timeout and grace`, async (t) => {
    const [timeoutS, graceS] = [2, 2];
    const nodes = await startNodes(t, nServers, { config: {
      server: { 'ping-interval-s': 1, 'ping-timeout-s': timeoutS }, rooms: { 'resume-grace-s': graceS },
    } });
    const keys = await nodes.redis.keys();
    const proxy = await startProxy(t, nodes.first);
    const rooms = [];
    await playRounds(t, roundCount(50), async (round) => {
      const witnesses = await Witness.enterAll(t, nodes.servers, round.room);
      rooms.push({ witnesses, lost: await enter(t, proxy, round.room, 'Lost') });
    });
    const witnesses = rooms.flatMap((room) => room.witnesses);
    await until('all see the lost ones', () => rooms.every(({ lost, witnesses: seers }) => seers.every(({ present }) => present.has(lost.id))));
    const since = performance.now();
    proxy.blackHole();
    await stayQuiet(witnesses, (graceS + timeoutS - 1) * 1000 - 500);
    await until('all have left', () => witnesses.every(({ present }) => present.size === nServers), 10000);
    t.diagnostic(`the last was gone after ${Math.round(performance.now() - since)} ms`);
    await stayQuiet(witnesses);
    for (const { witnesses: seers, lost } of rooms)
      seers.forEach((witness) => witness.assertTold(lost.id, ['joined', 'left']));
    rooms.forEach(({ lost }) => lost.terminate());
    await Promise.all(witnesses.map(({ client }) => client.close()));
    await nodes.areEmpty(keys);
  });

  test(`R6 retry, ${setup}: who is cut off for 3 s is the same member, and gets what was said meanwhile`, async (t) => {
    const nodes = await startNodes(t, nServers, { config: { rooms: { 'resume-grace-s': 15 } } });
    const keys = await nodes.redis.keys();
    const proxy = await startProxy(t, nodes.first);
    const books = [];
    await playRounds(t, roundCount(100), async (round) => {
      const witnesses = await Witness.enterAll(t, nodes.servers, round.room);
      books.push({ round, witnesses, ann: await enter(t, proxy, round.room, 'Ann') });
    });
    const witnesses = books.flatMap((book) => book.witnesses);
    await until('all see Ann', () => books.every((book) => book.witnesses.every(({ present }) => present.has(book.ann.id))));
    proxy.cut();
    const isMended = delay(CUT_MS).then(() => proxy.mend());
    await Promise.all(books.map(async (book) => {
      const { round } = book;
      await round.jitter(CUT_MS / 2);
      book.said = [1, 2, 3].map((number) => `${number}: ${round.below(1000)}`);
      const { client } = round.pick(book.witnesses);
      for (const message of book.said)
        await client.request('chat', { message });
    }));
    await isMended;
    await Promise.all(books.map(async (book) => {
      const { round, ann, said } = book;
      await round.jitter(500);
      book.back = await enter(t, round.pick([proxy, nodes.other]), round.room, 'Ann', { session: ann.session, resume: true });
      assert.equal(book.back.id, ann.id);
      assert.deepEqual(book.back.chat.map(({ message }) => message), said);
      await seeExactly(book.witnesses, [...book.witnesses.map(({ id }) => id), ann.id]);
      const text = `${round.below(1000)}`;
      await round.pick(book.witnesses).client.request('chat', { message: text });
      await book.back.next('chat', ({ message }) => message === text);
    }));
    await stayQuiet(witnesses, 2000);
    books.forEach((book) => book.witnesses.forEach((witness) => witness.assertTold(book.ann.id, ['joined'])));
    for (const { round } of books)
      await nodes.tell(round.room, nServers + 1);
    await Promise.all([...books.map(({ back }) => back), ...witnesses.map(({ client }) => client)].map((client) => client.close()));
    await nodes.areEmpty(keys);
  });

  test(`R6 retry, ${setup}: media goes on while the WebSocket is cut, and is made anew on another server`, async (t) => {
    const nodes = await startNodes(t, nServers, { config: { rooms: { 'resume-grace-s': 15 } } });
    const proxy = await startProxy(t, nodes.first);
    const room = newRoom();
    const witnesses = await Witness.enterAll(t, nodes.servers, room);
    const ann = await Peer.join(t, proxy, room, 'Ann');
    const bob = await Peer.join(t, nodes.first, room, 'Bob');
    await ann.start();
    await bob.start();
    const slots = [await bob.receive(ann, 'microphone'), await bob.receive(ann, 'camera'), await ann.receive(bob, 'microphone')];
    const before = slots.map(({ packets }) => packets.length);
    proxy.cut();
    await delay(CUT_MS);
    proxy.mend();
    const result = await ann.resume(proxy);
    assert.equal(result.resumed, true);
    await until('the slots are told again', () => ann.slotOf(bob.tracks.get('microphone').id) === slots[2]);
    slots.forEach((slot, index) => assertUninterrupted(slot.packets.slice(before[index] - 1)));
    assert.equal(ann.signalling.sdpCount, 0);

    await ann.loseSocket();
    const again = await Peer.join(t, nodes.other, room, 'Ann', { session: ann.session });
    assert.equal(again.id, ann.id);
    await again.start();
    if (nServers === 1)
      await bob.receive(again, 'camera');
    else
      await until('her old tracks are gone', () => [...bob.slotTracks.values()].every((track) => track?.participant !== ann.id));
    await stayQuiet(witnesses);
    witnesses.forEach((witness) => witness.assertTold(ann.id, ['joined']));
    await nodes.tell(room, nServers + 2);
    await ann.closeMedia();
  });

  test(`R18 negotiate, then close, ${setup}: at each step of a join, and nothing is left over`, async (t) => {
    const nodes = await startNodes(t, nServers, { config: { rooms: { 'resume-grace-s': 1 }, media: { 'ice-lost-s': 3 } } });
    const keys = await nodes.redis.keys();
    const room = newRoom();
    const witnesses = await Witness.enterAll(t, nodes.servers, room);
    const nSteps = await countSteps(t, nodes.first);
    t.diagnostic(`${nSteps} messages in a join`);
    const cutAll = async (count) => {
      await cutJoins(t, nodes, room, nSteps, count);
      await seeExactly(witnesses, witnesses.map(({ id }) => id), 10000);
      await nodes.tell(room, nServers);
    };
    /* The first ones fill pools and caches. */
    await cutAll(nSteps);
    const bases = await Promise.all(nodes.servers.map((server) => steady(server)));
    await cutAll(roundCount(150));
    witnesses.forEach((witness) => witness.assertConsistent());
    await Promise.all(nodes.servers.map((server, index) => backAtBase(server, bases[index])));
    await Promise.all(witnesses.map(({ client }) => client.close()));
    await nodes.areEmpty(keys);
  });
}

test('R18 negotiate, then close: the server lets go of every GStreamer object', async (t) => {
  const nodes = await startNodes(t, 1, {
    config: { rooms: { 'resume-grace-s': 1 }, media: { 'ice-lost-s': 3 } }, env: TRACING,
  });
  const keys = await nodes.redis.keys();
  const nSteps = await countSteps(t, nodes.first);
  await cutJoins(t, nodes, newRoom(), nSteps, roundCount(100));
  await nodes.areEmpty(keys);
  await noLiveObjects(nodes.first);
});

test('R18 negotiate, then close: while webrtcbin makes the offer, and lets go of its pads slowly', {
  /* The sanitizers' library has to be the first. */
  skip: process.env.SALON_TEST_SANITIZED !== undefined,
}, async (t) => {
  const nodes = await startNodes(t, 1, { env: { LD_PRELOAD: join(dirname(serverPath()), '../tests/integration/libslow-pads.so') } });
  const keys = await nodes.redis.keys();
  await playRounds(t, 100, async (round) => {
    const client = await connect(t, nodes.first);
    client.on('offer', () => {});
    client.request('join', { sid: round.room, name: 'Cut', config: { NoPublish: true } }).catch(() => {});
    await round.jitter(10);
    await round.pick(Object.values(ENDINGS))(client);
  }, { atOnce: 4 });
  await nodes.areEmpty(keys);
});

function assertUninterrupted(packets) {
  for (const [index, packet] of packets.entries()) {
    const previous = packets[index - 1] ?? { ...packet, sequence: packet.sequence - 1 };
    assert.equal(packet.sequence, (previous.sequence + 1) & 0xffff, `packet ${index}`);
    assert.ok(packet.at - previous.at < 500 * SLOWNESS, `nothing for ${packet.at - previous.at} ms`);
  }
  assert.ok(packets.length > CUT_MS / 50);
}

/* What a TCP connection may have got to before it is a WebSocket. */
const BEFORE_THE_WEBSOCKET = [
  '', 'GET /ws HT', 'GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
  + 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
];
const ENDINGS = {
  breaks: (client) => client.terminate(),
  closes: (client) => client.close(1000),
  'goes away': (client) => client.close(1001),
  leaves: async (client) => {
    client.notify('leave');
    await client.close();
  },
};
/* Sending and receiving, offering at once or later, or receiving only. */
const KINDS = [{}, { late: true }, { publish: null }];

/* A join with all that follows it, until both connections are up. */
async function joinToTheEnd(peer, room) {
  await peer.join(room);
  await peer.start();
  await until('the subscriber connection is up', () =>
    peer.subscribers.get(1)?.transport.isConnected || !peer.signalling.isOpen, 20000);
}

/* The messages of one undisturbed join. */
async function countSteps(t, server) {
  const peer = new Peer(await SignallingClient.connect(server), 'Whole');
  defer(t, () => peer.close());
  await joinToTheEnd(peer, newRoom());
  const { length } = peer.signalling.history;
  await peer.leave();
  return length;
}

/* Joins that end at every step in turn: before the WebSocket, with any message, or when all is done. */
async function cutJoins(t, nodes, room, nSteps, count) {
  await playRounds(t, count, async (round) => {
    const server = nodes.at(round.below(2));
    const step = round.index % (BEFORE_THE_WEBSOCKET.length + nSteps);
    if (step < BEFORE_THE_WEBSOCKET.length)
      await cutTcp(server, BEFORE_THE_WEBSOCKET[step], round);
    else
      await cutJoin(t, server, room, step - BEFORE_THE_WEBSOCKET.length, round);
  }, { atOnce: 8 });
}

async function cutTcp(server, text, round) {
  const { hostname, port } = new URL(server.url);
  const socket = dial(Number(port), hostname);
  socket.on('error', () => {});
  socket.write(text);
  await round.jitter();
  if (round.below(2))
    socket.resetAndDestroy();
  else
    socket.end();
  await round.jitter();
  socket.destroy();
}

async function cutJoin(t, server, room, nMessages, round) {
  const [how, kind] = [round.pick(Object.keys(ENDINGS)), round.pick(KINDS)];
  round.note(`${how} after ${nMessages} messages`);
  const client = await SignallingClient.connect(server);
  const peer = new Peer(client, 'Cut', { ...kind, mayFail: true });
  defer(t, () => peer.close());
  const isReached = new Promise((resolve) => {
    client.onMessage = () => client.history.length >= nMessages && resolve();
  });
  if (nMessages > 0)
    await Promise.race([isReached, joinToTheEnd(peer, room).catch((error) => round.note(error.message))]);
  await ENDINGS[how](client);
  await peer.closeMedia();
}
