/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A client that got in and sends what no client should, by every door: media, feedback, candidates, requests. The
 * process lives, its memory stays bounded, and two honest people in the same room go on talking. */

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import * as runner from 'node:test';
import { Attacker, HonestCall, arrange, readOffer } from '../lib/attacker.js';
import { defer } from '../lib/cleanup.js';
import { bloatedReport, oneByteExtension, rawRtcp, rtcp, rtpHeader, words } from '../lib/packets.js';
import { Peer } from '../lib/peer.js';
import { connect, enter, newRoom, reasonOf } from '../lib/people.js';
import { startServer } from '../lib/server.js';
import { never, until } from '../lib/until.js';

const { test } = runner;
const server = await startServer(runner);
const call = await HonestCall.start(runner, server);
const PAYLOAD = Buffer.from('<Eve/junk 1>'.padEnd(100, '.'));
/* What an attack may cost: elements and threads of one connection, and what malloc keeps of it. */
const MAX_GROWTH_KIB = process.env.SALON_TEST_SANITIZED ? 512 * 1024 : 48 * 1024;
/* A sanitizer makes the server slower than its flood. */
const SHARE = process.env.SALON_TEST_SANITIZED ? 0.1 : 1;
const TRANSPORT_CC = 3;
const pause = (ms = 2) => new Promise((done) => { setTimeout(done, ms); });
const random = (limit) => Math.floor(Math.random() * limit);
const garbage = (length) => Buffer.from(Array.from({ length }, () => random(256)));

/* Eve, in the room of the honest, connected both ways. up and down send one packet of RTP; `camera` is her own track. */
async function intrude(t) {
  const eve = await Peer.join(t, server, call.room, 'Eve', { mayFail: true });
  await eve.publishing;
  const subscriber = await until('Eve is connected', () =>
    eve.subscribers.get(1)?.transport.isConnected && eve.subscribers.get(1), 10000);
  const { ssrc, rtxSsrc, payloadType, rtxPayloadType, midExtension } = eve.publisher.track('camera');
  const sender = (transport) => (fields, payload = PAYLOAD) => transport.sendRtp(rtpHeader(fields), payload);
  return {
    up: sender(eve.publisher.transport), down: sender(subscriber.transport),
    upTransport: eve.publisher.transport, downTransport: subscriber.transport,
    camera: { ssrc, type: payloadType }, retransmission: { ssrc: rtxSsrc, type: rtxPayloadType }, midExtension,
    slotSsrcs: subscriber.slots.map((slot) => slot.ssrc),
  };
}

/* Calls `send` with 0, 1, ... without flooding the socket's buffer. */
async function repeat(count, send) {
  for (let i = 0; i < count * SHARE; i++) {
    send(i);
    if (i % 50 === 49)
      await pause();
  }
}

function numbered(number) {
  return oneByteExtension([TRANSPORT_CC, Buffer.from([(number >> 8) & 0xff, number & 0xff])]);
}

const EXTENSIONS_OF_GARBAGE = [
  'bede0000', 'bedeffff', '10000000', '1000000100000000', '1000000103ff0000', 'bede00013f000000', 'bede0001f0010203',
  '0000000101010101', `bede00fa${'30'.repeat(1000)}`, `100f00fa${'03'.repeat(1000)}`, 'bede', 'bede000132',
].map((text) => Buffer.from(text, 'hex'));

/* What Eve sends as media. */
const MEDIA = {
  /* Aborted the process: the numbers of 100 ms did not fit into one report. */
  'transport-wide numbers that jump': ({ up, camera }) => repeat(20000, (sequence) =>
    up({ ...camera, sequence, extension: numbered(random(0x10000)) })),
  'transport-wide numbers that come again and again': async ({ up, camera }) => {
    for (const step of [0, 1, 5, 14, 15, 8000, 16383, 16384, 32767, 32768, 65535])
      await repeat(1500, (sequence) => up({ ...camera, sequence, extension: numbered(sequence * step) }));
  },
  /* Took 6 kB each for as long as the connection lasted. */
  'RTP of 20,000 SSRCs': ({ up }) => repeat(20000, (sequence) => up({ ssrc: 1 + sequence, sequence })),
  'streams of 1,000 SSRCs': ({ up }) => repeat(3000, (sequence) => up({ ssrc: 1 + Math.floor(sequence / 3), sequence })),
  'RTP of many sources mixed': ({ up, camera }) => repeat(2000, (sequence) =>
    up({ ...camera, sequence, csrcs: Array.from({ length: 15 }, (_, k) => 1000000 + sequence * 15 + k) })),
  'every payload type': ({ up, camera }) => repeat(128 * 8, (sequence) => up({ ...camera, sequence, type: sequence % 128 })),
  'SSRC 0': ({ up }) => repeat(20, (sequence) => up({ ssrc: 0, sequence })),
  'the SSRC of one m-line with the mid of another': ({ up, camera, midExtension }) => repeat(500, (sequence) =>
    up({ ...camera, sequence, extension: oneByteExtension([midExtension, Buffer.from(String(sequence % 9))]) })),
  'header extensions of garbage': ({ up, camera }) => repeat(200, (sequence) =>
    up({ ...camera, sequence, extension: EXTENSIONS_OF_GARBAGE[sequence % EXTENSIONS_OF_GARBAGE.length] })),
  'padding longer than the packet': ({ up, camera }) => repeat(300, (sequence) =>
    up({ ...camera, sequence, padding: true }, Buffer.concat([PAYLOAD, Buffer.from([sequence & 0xff])]))),
  'versions of RTP that do not exist, and no payload': ({ up, camera }) => repeat(40, (sequence) =>
    up({ ...camera, sequence, version: sequence % 4 }, Buffer.alloc(sequence % 3))),
  'codec payloads of garbage': ({ up, camera }) => repeat(5000, (sequence) =>
    up({ ...camera, sequence, timestamp: sequence * 3000, marker: sequence % 2 === 0 }, garbage(random(40)))),
  'sequence numbers and times at random': ({ up, camera }) => repeat(5000, () =>
    up({ ...camera, sequence: random(0x10000), timestamp: random(2 ** 32) })),
  'retransmissions of garbage': ({ up, retransmission }) => repeat(3000, (sequence) =>
    up({ ...retransmission, sequence }, garbage(random(6)))),
  'packets of 60 kB': ({ up, camera }) => repeat(200, (sequence) =>
    up({ ...camera, sequence }, Buffer.alloc(8000 + random(52000)))),
  /* Broke the connection, and could abort the process as above. */
  'RTP on a connection that only receives': ({ down, slotSsrcs }) => repeat(2000, (sequence) => down({
    ssrc: sequence % 2 ? slotSsrcs[sequence % slotSsrcs.length] : 1 + sequence, sequence, type: [96, 111, 45][sequence % 3],
    extension: numbered(random(0x10000)) })),
};

/* What she sends as feedback, over both connections. */
const FEEDBACK = {
  'sender reports of 20,000 SSRCs': (send) => repeat(20000, (i) => send(rtcp(200, 0, words(5000000 + i, 0, 0, 0, 0, 0)))),
  'descriptions of 30 SSRCs each': (send) => repeat(1500, (i) => send(rtcp(202, 30,
    words(...Array.from({ length: 30 }, (_, k) => [7000000 + i * 30 + k, 0x01016100, 0]).flat())))),
  'descriptions longer than they are': (send) => repeat(50, (i) => send(rtcp(202, 31, words(1, [0x08ff4141, 0x01ff4141][i % 2])))),
  'good-byes of everybody': (send, ssrcs) => repeat(200, (i) => send(rtcp(203, i % 32, words(ssrcs[i % ssrcs.length])))),
  /* 30 bytes each, which kept a processor busy for 100 ms. */
  'transport-wide reports about 65,535 packets': (send, [ssrc]) => repeat(500, (i) => send(bloatedReport(ssrc, 65535, i))),
  'transport-wide reports about 4,096 packets': (send, [ssrc]) => repeat(100, (i) => send(bloatedReport(ssrc, 4096, i))),
  'requests for packets and keyframes': (send, ssrcs) => repeat(5000, (i) => {
    const ssrc = ssrcs[i % ssrcs.length];
    send(rtcp(205, 1, words(1, ssrc, (random(0x10000) << 16) | 0xffff)));
    send(rtcp(206, 1, words(1, ssrc)));
    send(rtcp(206, 4, words(1, 0, ssrc, (i & 255) << 24)));
  }),
  'RTCP at random': (send) => repeat(10000, () => {
    const buffer = garbage(8 + 4 * random(30));
    buffer[0] = 0x80 | random(64);
    buffer[1] = 200 + random(8);
    if (random(2))
      buffer.writeUInt16BE(buffer.length / 4 - 1, 2);
    send(rawRtcp(buffer));
  }),
};

async function boundedGrowth(attack) {
  const before = server.residentKiB;
  await attack();
  await call.goesOn();
  const growth = server.residentKiB - before;
  assert.ok(growth < MAX_GROWTH_KIB, `grew by ${growth} KiB`);
}

for (const [what, attack] of Object.entries(MEDIA)) {
  test(`${what}: the others go on`, async (t) => {
    const intruder = await intrude(t);
    await boundedGrowth(() => attack(intruder));
  });
}

for (const [what, attack] of Object.entries(FEEDBACK)) {
  test(`${what}: the others go on`, async (t) => {
    const { upTransport, downTransport, camera, slotSsrcs } = await intrude(t);
    await boundedGrowth(async () => {
      await attack((packet) => upTransport.sendRtcp(packet), [camera.ssrc]);
      await attack((packet) => downTransport.sendRtcp(packet), slotSsrcs);
    });
  });
}

test('transport-wide numbers that just go on are reported about, every one', async (t) => {
  const { up, upTransport, camera } = await intrude(t);
  let reported = 0;
  upTransport.onRtcp = ({ feedback }) => { reported += feedback?.recvDeltas?.length ?? 0; };
  /* Over the end of their range, and with losses now and then. */
  const numbers = Array.from({ length: 500 }, (_, i) => (65300 + i) & 0xffff).filter((number) => number % 50 !== 7);
  for (const [sequence, number] of numbers.entries()) {
    up({ ...camera, sequence, extension: numbered(number) });
    if (sequence % 5 === 4)
      await pause(10);
  }
  /* The last interval ends with the next packet. */
  await until('all are reported about', () => reported > numbers.length - 50);
});

test('threads are bounded by the m-lines, whatever is sent on them', async (t) => {
  const { up } = await intrude(t);
  const before = server.threadCount;
  for (let sequence = 0; sequence < 10; sequence++)
    await repeat(100 / SHARE, (i) => up({ ssrc: 1 + i, sequence }));
  await until('what came is worked off', () => server.threadCount > before);
  assert.ok(server.threadCount - before < 100, `${server.threadCount - before} more threads`);
});

/* -- candidates -- */

async function listenTcp(t) {
  const listener = createServer();
  let connections = 0;
  listener.on('connection', (socket) => { connections++; socket.destroy(); });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  defer(t, () => new Promise((resolve) => listener.close(resolve)));
  return { port: listener.address().port, get connections() { return connections; } };
}

function trickle(client, candidate, target = 0) {
  return client.request('trickle', { target, candidate: { candidate, sdpMid: '0', sdpMLineIndex: 0 } });
}

test('the server connects to no TCP address that a client names', async (t) => {
  const { port, ...listener } = await listenTcp(t);
  const attacker = await Attacker.enter(t, server);
  const candidate = (type) => `candidate:1 1 tcp 2128609279 127.0.0.1 ${port} typ host tcptype ${type}`;
  const offer = readOffer('chromium').replaceAll('a=rtcp-mux', `a=${candidate('passive')}\r\na=rtcp-mux`);
  assert.equal(await attacker.offer(offer), 'answered');
  for (const type of ['passive', 'so', 'active'])
    await trickle(attacker.signalling, candidate(type));
  await never('a connection came', () => listener.connections > 0, 1500);
});

/* The one that is told to everybody; with libnice, none. */
for (const [ice, expected] of [['lite', 1], ['full', 0]]) {
  test(`with ice=${ice}, the server listens on ${expected} TCP ports for media, whoever joins`, async (t) => {
    const own = await startServer(t, { config: { media: { ice } } });
    const before = own.descriptors;
    const ports = new Set();
    for (let i = 0; i < 3; i++) {
      const attacker = await Attacker.enter(t, own);
      const candidates = [];
      attacker.signalling.on('trickle', ({ candidate }) => candidates.push(candidate.candidate));
      assert.equal(await attacker.offer(readOffer('chromium')), 'answered');
      await until('the server gathered', () => candidates.length > 0);
      await trickle(attacker.signalling, '');
      candidates.filter((text) => / tcp /i.test(text)).forEach((text) => ports.add(text.split(' ')[5]));
    }
    assert.equal(ports.size, expected);
    assert.ok(own.descriptors['TCP socket'] - before['TCP socket'] <= 3, 'only the WebSockets are new');
  });
}

test('host names in candidates are nobody\'s business to look up, and no error', async (t) => {
  const attacker = await Attacker.enter(t, server);
  assert.equal(await attacker.offer(readOffer('chromium')), 'answered');
  for (let i = 0; i < 50; i++)
    await trickle(attacker.signalling, `candidate:1 1 udp 2113937151 ${i}-1f4712db-ea17-4bcf.local 54321 typ host`);
  const before = server.threadCount;
  await trickle(attacker.signalling, 'candidate:1 1 udp 2113937151 example.com 54321 typ host generation 0 network-cost 9');
  assert.ok(server.threadCount <= before, 'a resolver\'s thread was started');
});

test('malformed candidates get media_error', async (t) => {
  const attacker = await Attacker.enter(t, server);
  assert.equal(await attacker.offer(readOffer('chromium')), 'answered');
  const good = 'candidate:1 1 udp 1 192.0.2.1 9 typ host';
  const malformed = [[/host/, ''], [/host/, 'best'], [/ typ.*/, ''], [/ 9 /, ' 99999 '], [/1 1 udp/, '1 0 udp'], [/udp 1/, 'udp x'],
                     [/udp 1/, 'udp -1'], [/udp 1/, 'udp 4294967296'], [/:1/, ':é'], [/ /, '  '], [/^/, 'a='], [/:.*/, ''], [/.*/, 'x']];
  assert.equal(await reasonOf(trickle(attacker.signalling, good)), 'no error');
  for (const candidate of malformed.map(([from, to]) => good.replace(from, to)))
    assert.equal(await reasonOf(trickle(attacker.signalling, candidate)), 'media_error', candidate);
});

test('addresses of no single host get no packets', async (t) => {
  const attacker = await Attacker.enter(t, server);
  assert.equal(await attacker.offer(readOffer('chromium')), 'answered');
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  let packets = 0;
  socket.on('message', () => packets++);
  await new Promise((resolve) => socket.bind(0, resolve));
  defer(t, () => socket.close());
  const { port } = socket.address();
  for (const address of ['0.0.0.0', '255.255.255.255', '224.0.0.251', '::', 'ff02::fb'])
    await trickle(attacker.signalling, `candidate:1 1 udp 2113937151 ${address} ${port} typ host`);
  await never('a packet came', () => packets > 0, 1000);
});

test('of 10,000 candidates, 128 are kept', async (t) => {
  const attacker = await Attacker.enter(t, server);
  assert.equal(await attacker.offer(readOffer('chromium')), 'answered');
  const candidate = (i) => `candidate:1 1 udp 2113937151 10.${i >> 16}.${(i >> 8) & 255}.${i & 255} 9 typ host`;
  for (let i = 0; i < 128; i++)
    assert.equal(await reasonOf(trickle(attacker.signalling, candidate(i))), 'no error', i);
  assert.equal(await reasonOf(trickle(attacker.signalling, candidate(5))), 'no error', 'one that is known');
  assert.equal(await reasonOf(trickle(attacker.signalling, candidate(128))), 'media_error');
  await boundedGrowth(async () => {
    for (let i = 128; i < 10000 * SHARE; i++)
      attacker.signalling.notify('trickle', { target: 0, candidate: { candidate: candidate(i), sdpMLineIndex: 255 } });
  });
});

test('candidates of before an ICE restart do not count', async (t) => {
  const attacker = await Attacker.enter(t, server);
  const offer = readOffer('chromium');
  const candidate = (i) => `candidate:1 1 udp 2113937151 10.0.${i >> 8}.${i & 255} 9 typ host`;
  for (let restart = 0; restart < 2; restart++) {
    assert.equal(await attacker.offer(offer.replaceAll(/a=ice-ufrag:.*/g, `a=ice-ufrag:anew${restart}`)), 'answered');
    for (let i = 0; i < 128; i++)
      assert.equal(await reasonOf(trickle(attacker.signalling, candidate(restart * 128 + i))), 'no error', `${restart}, ${i}`);
    assert.equal(await reasonOf(trickle(attacker.signalling, candidate(1000))), 'media_error');
  }
});

/* -- requests: whatever the protocol's schema names, in every wrong shape -- */

const schema = JSON.parse(readFileSync(new URL('../../data/protocol.schema.json', import.meta.url), 'utf8')).$defs;
const follow = (rule) => (rule.$ref ? { ...schema[rule.$ref.replace('#/$defs/', '')], ...rule, $ref: undefined } : rule);
const METHODS = schema.clientMessage.oneOf.map(({ properties }) => ({
  method: properties.method.const, params: properties.params && follow(properties.params) }));
const ODD_VALUES = [null, true, 0, -1, 1.5, 1e308, 2 ** 53, '', 'x', '\u202e', 'x'.repeat(5000), [], [[]], [null], {},
                    { a: 1 }, { toString: 1 }];

/* A value that keeps to a rule, as far as a test of the others' members needs it. */
function sample(rule) {
  const { type, enum: values, const: only, properties = {}, required = [], items, anyOf, pattern } = follow(rule);
  if (only !== undefined || values)
    return only ?? values[0];
  if (anyOf)
    return sample(anyOf[0]);
  if (type === 'object')
    return Object.fromEntries(required.map((name) => [name, sample(properties[name])]));
  if (pattern)
    return '00000000-0000-4000-8000-000000000000';
  return { array: items && [], boolean: true, integer: 1, string: 'x' }[[type].flat()[0]];
}

/* Every object of `rule` in which one member, however deep, is replaced by each odd value or left out. */
function* distort(rule) {
  const { properties = {}, items } = follow(rule);
  const good = sample(rule);
  if (items) {
    for (const inner of distort(items))
      yield [inner];
  }
  for (const [name, member] of Object.entries(properties)) {
    for (const value of [...ODD_VALUES, ...distort(member)])
      yield { ...good, [name]: value };
    yield Object.fromEntries(Object.entries(good).filter(([key]) => key !== name));
  }
}

async function throwAll(client, method, params) {
  let id = 0;
  for (const value of [...ODD_VALUES, ...distort(params)]) {
    const answer = await client.raw(JSON.stringify({ id: ++id, method, params: value }), id);
    const reason = answer.error?.data.reason;
    assert.notEqual(reason, 'internal', `${method} ${JSON.stringify(value).slice(0, 200)}`);
    if (reason === 'too_many_requests')
      return;
  }
}

for (const { method, params } of METHODS.filter(({ params: rule }) => rule)) {
  test(`${method} with every field of the wrong shape gets an answer, before joining and after`, async (t) => {
    const stranger = await connect(t, server);
    await throwAll(stranger, method, params);
    const member = await enter(t, server, newRoom(), 'Eve');
    await throwAll(member, method, params);
    await call.goesOn();
  });
}

test('every pair of methods, in any order, gets answers', async (t) => {
  for (const first of METHODS) {
    const client = await connect(t, server);
    let id = 0;
    for (const second of METHODS) {
      for (const { method, params } of [first, second]) {
        if (!client.isOpen)
          break;
        await client.raw(JSON.stringify({ id: ++id, method, params: params && sample(params) }), id).catch((error) => {
          assert.match(error.message, /was closed/);
        });
      }
    }
    await client.close();
  }
  await call.goesOn();
});

/* -- loops -- */

test('16 tracks are published, taken back and published again, many times', async (t) => {
  const room = newRoom();
  const bob = await Peer.join(t, server, room, 'Bob', { publish: null });
  const attacker = await connect(t, server);
  attacker.on('trickle', () => {});
  await attacker.request('join', { sid: room, name: 'Eve', config: { NoSubscribe: true } });
  const sdp = arrange(readOffer('chromium'), Array.from({ length: 16 }, (_, mid) => mid % 2));
  await attacker.request('offer', { desc: { type: 'offer', sdp }, tracks: [] });
  for (let round = 0; round < 5; round++) {
    const tracks = [];
    for (let mid = 0; mid < 16; mid++) {
      const { track } = await attacker.request('publish', { mid: String(mid), source: mid % 2 ? 'camera' : 'microphone' });
      tracks.push(track.id);
    }
    for (const track of tracks)
      await attacker.request('unpublish', { track });
  }
  await until('Bob has seen them come and go', () =>
    bob.signalling.received('track', ({ event }) => event === 'unpublished').length === 80);
  await call.goesOn();
});

test('200 joins and drops of 20 at once leave the call alone', async () => {
  for (let round = 0; round < 10 * SHARE; round++) {
    await Promise.all(Array.from({ length: 20 }, async () => {
      const attacker = await Attacker.enter(runner, server, random(2) ? {} : { NoSubscribe: true });
      attacker.offer(readOffer('firefox')).catch(() => {});
      await attacker.signalling.terminate();
    }));
  }
  await call.goesOn();
});
