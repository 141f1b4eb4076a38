/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The media port: what it is, who is told of it, and how many it serves. */

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import * as runner from 'node:test';
import { Attacker, readOffer } from '../lib/attacker.js';
import { readLog } from '../lib/log.js';
import { costs, perform, watch } from '../lib/watchers.js';
import { Peer } from '../lib/peer.js';
import { connect, newRoom } from '../lib/people.js';
import { startServer } from '../lib/server.js';
import { hasTurn, hostAddress, startTurn } from '../lib/turn.js';
import { until } from '../lib/until.js';

const { test } = runner;
const N_WATCHERS = Number(process.env.SALON_TEST_WATCHERS ?? (process.env.SALON_TEST_SANITIZED ? 20 : 100));

/* With a jitter buffer for each of its m-lines, and their timers. */
const PUBLISHER_THREADS = 20;

/* Somebody publishes: what they are told, as it comes: [{ protocol, address, port, type, text }]. */
async function publish(t, server) {
  const attacker = await Attacker.enter(t, server);
  const candidates = [];
  attacker.signalling.on('trickle', ({ candidate: { candidate: text } }) => {
    const [, , protocol, , address, port, , type] = text.split(' ');
    candidates.push({ protocol, address, port: Number(port), type, text });
  });
  assert.equal(await attacker.offer(readOffer('chromium')), 'answered');
  return { attacker, candidates };
}

async function candidatesOf(t, media) {
  const { attacker, candidates } = await publish(t, await startServer(t, { config: { media } }));
  await until('there are candidates', () => candidates.length > 0);
  /* All of them are told in one go: whoever has an answer to a later request has them. */
  await attacker.signalling.request('trickle', { target: 0, candidate: { candidate: '', sdpMid: '0', sdpMLineIndex: 0 } });
  return candidates;
}

test('one UDP and one TCP port, the same number, whatever the address', async (t) => {
  const probe = await startServer(t, { config: { media: { 'ice-port': 0 } } });
  const port = probe.mediaPort;
  await probe.stop();
  const candidates = await candidatesOf(t, { 'ice-port': port });
  assert.deepEqual(new Set(candidates.map((candidate) => candidate.port)), new Set([port]));
  assert.deepEqual(new Set(candidates.map(({ protocol }) => protocol)), new Set(['UDP', 'TCP']));
  assert.ok(candidates.filter(({ protocol }) => protocol === 'TCP').every(({ text }) => text.endsWith('typ host tcptype passive')));
});

test('only chosen addresses and interfaces are told', async (t) => {
  const of = async (addresses) => new Set((await candidatesOf(t, { 'ice-addresses': addresses })).map(({ address }) => address));
  assert.deepEqual(await of('127.0.0.1'), new Set(['127.0.0.1']));
  assert.ok((await of('lo')).has('127.0.0.1'));
});

test('an address that this machine has not is an error at the start', async (t) => {
  await assert.rejects(startServer(t, { config: { media: { 'ice-addresses': '192.0.2.99' } } }),
                       /Cannot find our addresses: no interface or address of this machine/);
});

test('a port that is taken is an error at the start', async (t) => {
  const first = await startServer(t);
  await assert.rejects(startServer(t, { config: { media: { 'ice-port': first.mediaPort } } }),
                       /Cannot open the media port: UDP port \d+: Address already in use/);
});

async function natAddressesOf(t, local, nat) {
  const media = { 'ice-addresses': local, 'nat-addresses': nat, 'ice-transports': 'udp' };
  return (await candidatesOf(t, media)).map(({ address }) => address);
}

test('NAT addresses are told instead of the local ones: several, by family, for one address', async (t) => {
  assert.deepEqual(await natAddressesOf(t, '127.0.0.1', '203.0.113.1;203.0.113.2;2001:db8::1'), ['203.0.113.1', '203.0.113.2']);
  assert.deepEqual(await natAddressesOf(t, '127.0.0.1', '203.0.113.1/127.0.0.1;203.0.113.2/10.9.9.9'), ['203.0.113.1']);
  assert.deepEqual(await natAddressesOf(t, '127.0.0.1', '203.0.113.1/10.9.9.9'), ['127.0.0.1']);
  assert.deepEqual(await natAddressesOf(t, '127.0.0.1', '203.0.113.1;127.0.0.1'), ['203.0.113.1', '127.0.0.1']);
});

const skipAlone = hostAddress() === '127.0.0.1' && 'needs an address that is not the loopback one';

test('a local address that no NAT address stands for is told too', { skip: skipAlone }, async (t) => {
  assert.deepEqual(await natAddressesOf(t, `127.0.0.1;${hostAddress()}`, '203.0.113.1/127.0.0.1'), ['203.0.113.1', hostAddress()]);
});

test('a NAT address may be a name', { skip: skipAlone }, async (t) => {
  assert.deepEqual(await natAddressesOf(t, hostAddress(), 'localhost'), ['127.0.0.1']);
});

test('a NAT address that stands for none of ours is warned of', async (t) => {
  const nat = '203.0.113.1/127.0.0.1;203.0.113.2/10.9.9.9;2001:db8::1';
  const server = await startServer(t, { config: {
    media: { 'ice-addresses': '127.0.0.1', 'nat-addresses': nat }, log: { 'log-format': 'json' },
  } });
  await until('it is ready', () => readLog(server.errors).some(({ event }) => event === 'server_ready'));
  const warnings = readLog(server.errors).filter(({ event }) => event === 'nat_address_idle');
  assert.deepEqual(warnings.map(({ level, message }) => [level, message.match(/"(.*)"/)[1]]),
                   [['warning', '203.0.113.2/10.9.9.9'], ['warning', '2001:db8::1']]);
});

test('a NAT host name that nobody knows is an error at the start', async (t) => {
  await assert.rejects(startServer(t, { config: { media: { 'nat-addresses': 'no-such-host.invalid' } } }),
                       /Cannot find our addresses: /);
});

test('our descriptions say that we are lite; with libnice they don\'t', async (t) => {
  for (const [ice, isLite] of [['lite', true], ['full', false]]) {
    const server = await startServer(t, { config: { media: { ice } } });
    const client = await connect(t, server);
    const { sdp } = await client.request('join', {
      sid: newRoom(), name: 'Ann', offer: { type: 'offer', sdp: readOffer('chromium') }, config: { NoSubscribe: true },
    });
    assert.equal(/^a=ice-lite\r$/m.test(sdp), isLite);
    /* A session's attribute: before the first m-line. */
    assert.ok(!isLite || sdp.indexOf('a=ice-lite') < sdp.indexOf('m='));
  }
});

test('with libnice, a TURN server relays for the server, and nobody is told its password', { skip: !hasTurn && 'no coturn' }, async (t) => {
  const turn = await startTurn(t);
  const name = String(Math.round(Date.now() / 1000) + 600);
  const password = createHmac('sha1', turn.secret).update(name).digest('base64');
  const host = turn.url.match(/turn:(.*)\?/)[1];
  const server = await startServer(t, {
    config: { media: { ice: 'full' }, log: { 'log-levels': '*:1,webrtc*:5' } },
    env: { SALON_TURN_SERVER: `turn://${name}:${encodeURIComponent(password)}@${host}` },
  });
  const { candidates } = await publish(t, server);
  await until('there is a relayed one', () => candidates.some(({ type }) => type === 'relay'), 10000);
  assert.match(turn.log, /ALLOCATE processed, success/);
  for (const form of [password, encodeURIComponent(password)])
    assert.ok(!server.log.includes(form), 'the password is in the log');
  assert.match(server.log, /not shown: names a TURN server/);
});

test('each client gets TURN credentials of its own, which end', async (t) => {
  const secret = 'shared';
  const server = await startServer(t, { config: { media: {
    'client-ice-servers': 'stun:a.example;turn:a.example:3478?transport=udp;turns:a.example:443?transport=tcp',
    'turn-secret': secret, 'turn-ttl-s': 600,
  } } });
  const join = async () => {
    const client = await connect(t, server);
    return await client.request('join', { sid: newRoom(), name: 'Ann', config: { NoPublish: true, NoSubscribe: true } });
  };
  const results = [await join(), await join()];
  for (const { participant, ice_servers: [stun, ...turns] } of results) {
    assert.deepEqual(stun, { urls: ['stun:a.example'] });
    assert.equal(turns.length, 2);
    for (const { username, credential } of turns) {
      const [expiry, id] = username.split(':');
      assert.equal(id, participant);
      assert.ok(Math.abs(Number(expiry) - (Date.now() / 1000 + 600)) < 10);
      assert.equal(credential, createHmac('sha1', secret).update(username).digest('base64'));
    }
  }
  assert.notEqual(results[0].ice_servers[1].username, results[1].ice_servers[1].username);
});

test('who asks again gets credentials that end later; who is in no room, none', async (t) => {
  const server = await startServer(t, { config: { media: {
    'client-ice-servers': 'turn:a.example', 'turn-secret': 'shared', 'turn-ttl-s': 10,
  } } });
  const client = await connect(t, server);
  await assert.rejects(client.request('ice_servers'), /not_joined|Join a room/);
  const { ice_servers: [first] } = await client.request('join', { sid: newRoom(), config: { NoPublish: true, NoSubscribe: true } });
  const endOf = ({ username }) => Number(username.split(':')[0]);
  const later = await until('they end later', async () => {
    const { ice_servers: [server] } = await client.request('ice_servers');
    return endOf(server) > endOf(first) && server;
  });
  assert.equal(later.credential, createHmac('sha1', 'shared').update(later.username).digest('base64'));
});

test('or one name and password for all', async (t) => {
  const server = await startServer(t, { config: { media: {
    'client-ice-servers': 'turn:a.example', 'turn-username': 'ada', 'turn-password': 'lovelace',
  } } });
  const client = await connect(t, server);
  const { ice_servers: servers } = await client.request('join', {
    sid: newRoom(), name: 'Ann', config: { NoPublish: true, NoSubscribe: true },
  });
  assert.deepEqual(servers, [{ urls: ['turn:a.example'], username: 'ada', credential: 'lovelace' }]);
});

test(`${N_WATCHERS} watch one, on one port, and none costs a UDP socket`, async (t) => {
  const server = await startServer(t, { config: { media: { seats: 1, 'ice-transports': 'udp' }, rooms: { 'default-max-members': 200 } } });
  const idle = costs(server);
  const { room, publisher } = await perform(t, server);
  const watchers = await watch(t, server, room, N_WATCHERS);
  const slots = await Promise.all(watchers.map((watcher) => watcher.receive(publisher, 'camera')));
  const counts = slots.map(({ packets }) => packets.length);
  await until('everybody gets more', () => slots.every(({ packets }, index) => packets.length > counts[index] + 10), 20000);
  const full = costs(server);
  assert.equal(full.sockets, idle.sockets);
  const threads = (full.threads - idle.threads - PUBLISHER_THREADS) / N_WATCHERS;
  t.diagnostic(`${threads.toFixed(2)} threads, ${((full.residentKiB - idle.residentKiB) / N_WATCHERS).toFixed(0)} KiB each`);
  assert.ok(threads < 5.5, `${threads} threads each`);
});

test('two people meet after all of that', async (t) => {
  const server = await startServer(t);
  const room = newRoom();
  const ann = await Peer.join(t, server, room, 'Ann');
  const bob = await Peer.join(t, server, room, 'Bob', { publish: null });
  await ann.start();
  const slot = await bob.receive(ann, 'camera');
  await until('video flows', () => slot.packets.length > 50);
});
