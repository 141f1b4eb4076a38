/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the operator reads, and what must not be read there. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { dataAlone, readOffer } from '../lib/attacker.js';
import { EVENTS, readLog } from '../lib/log.js';
import { Peer } from '../lib/peer.js';
import { connect, enter, newRoom } from '../lib/people.js';
import { startRedis } from '../lib/redis.js';
import { alterFingerprint } from '../lib/sdp.js';
import { ADMIN_TOKEN, childrenOf, isAlive, serverPath, startServer } from '../lib/server.js';
import { until, withDeadline } from '../lib/until.js';

const PASSWORD = 'the-password-of-redis';
const JSON_LOG = ['--log-format', 'json'];

function eventsOf(server) {
  return readLog(server.errors).filter(({ event }) => event).map(({ event }) => event);
}

function embeddedRedis(server) {
  return childrenOf(server.pid).find(({ name }) => name === 'redis-server')?.pid;
}

test('as JSON, each line is an entry, the first with the URL, all with the name of the server', async (t) => {
  const server = await startServer(t, { args: JSON_LOG, config: { server: { 'node-id': 'amsterdam-1' } } });
  await server.stop();
  const entries = readLog(server.errors);
  assert.deepEqual(entries.map(({ event }) => event), ['server_ready', 'server_stopping', 'server_stopped']);
  assert.equal(entries[0].url, server.url);
  assert.deepEqual(new Set(entries.map(({ node }) => node)), new Set(['amsterdam-1']));
  const [first, last] = [entries[0], entries.at(-1)].map(({ time }) => Date.parse(time));
  assert.ok(first <= last && Date.now() - last < 60000 && Date.now() >= last, 'the times are now, in UTC');
});

test('as text, which is what there is without the journal, each line has time, level and message', async (t) => {
  const server = await startServer(t);
  await server.stop();
  const lines = server.errors.trimEnd().split('\n').filter((line) => !line.includes('net.core.')); /* this machine's */
  for (const line of lines)
    assert.match(line, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z (notice|info) +\S/);
  assert.match(lines[0], / notice +Salon \S+ is ready url=http:\/\/127\.0\.0\.1:\d+\/$/);
});

test('what GStreamer warns of is in the same log, and its details if they are asked for', async (t) => {
  const server = await startServer(t, { args: JSON_LOG, env: { GST_DEBUG: 'salon-redis-server:2,salon-app:5' } });
  process.kill(embeddedRedis(server), 'SIGKILL');
  const fromRedis = ({ component }) => component === 'salon-redis-server';
  await until('the warning is logged', () => readLog(server.errors).some(fromRedis));
  const entries = readLog(server.errors);
  assert.equal(entries.find(fromRedis).level, 'warning');
  assert.equal(entries.find(({ component }) => component === 'salon-app').level, 'debug');
});

test('GST_DEBUG_FILE takes the details elsewhere, and leaves the warnings', async (t) => {
  const server = await startServer(t, { args: JSON_LOG, env: { GST_DEBUG: 'salon*:5', GST_DEBUG_FILE: '/dev/null' } });
  process.kill(embeddedRedis(server), 'SIGKILL');
  await until('the warning is logged', () => readLog(server.errors).some(({ level }) => level === 'warning'));
  assert.ok(!server.errors.includes('"debug"'));
});

test('that the store was lost, and is back', async (t) => {
  const server = await startServer(t, { args: JSON_LOG });
  process.kill(embeddedRedis(server), 'SIGKILL');
  await until('it is back', () => eventsOf(server).includes('store_back'), 10000);
  assert.deepEqual(eventsOf(server).slice(0, 3), ['server_ready', 'store_lost', 'store_back']);
  assert.ok(readLog(server.errors).find(({ event }) => event === 'store_back').duration_ms > 0);
});

test('why the server does not start', async (t) => {
  const server = await startServer(t);
  const { port } = new URL(server.url);
  const { stateDir } = await startServer(t).then(async (other) => { await other.stop(); return other; });
  const { status, stderr } = spawnSync(serverPath(), ['--listen', '127.0.0.1', '--port', port, '--ice-port', '0',
    '--state-dir', stateDir, ...JSON_LOG], { encoding: 'utf8', timeout: 20000 });
  const [entry, ...others] = readLog(stderr);
  assert.equal(status, 1);
  assert.equal(entry.event, 'start_failed');
  assert.equal(entry.level, 'error');
  assert.ok(entry.message.includes(port), entry.message);
  assert.deepEqual(others.map(({ event }) => event), ['server_stopping', 'server_stopped']);
});

test('that it was told twice to stop', async (t) => {
  const server = await startServer(t, { args: JSON_LOG });
  const redis = embeddedRedis(server);
  process.kill(redis, 'SIGSTOP');
  server.signal('SIGTERM');
  await until('it stops', () => eventsOf(server).includes('server_stopping'));
  server.signal('SIGTERM');
  await until('the end', () => !isAlive(server.pid));
  process.kill(redis, 'SIGKILL');
  await withDeadline('the end of its log, which Redis had too', server.exited);
  const last = readLog(server.errors).at(-1);
  assert.equal(last.event, 'stop_abandoned');
  assert.equal(last.reason, 'signal');
});

function story(server, participant) {
  return readLog(server.errors).filter((entry) => entry.participant === participant)
    .map(({ event, reason }) => [event, reason].filter(Boolean).join(' '));
}

test('who comes, is lost, comes back and leaves, how and after how long', async (t) => {
  const server = await startServer(t, { args: JSON_LOG, config: { rooms: { 'resume-grace-s': 10 } } });
  const room = newRoom();
  const host = await enter(t, server, room, 'Host');
  const joining = { sid: room, name: 'Bob', config: { NoPublish: true, NoSubscribe: true } };
  const bob = await connect(t, server);
  const { session, participant } = await bob.request('join', joining);
  await bob.terminate();
  await until('he is missed', () => story(server, participant).includes('participant_lost connection'));
  const again = await connect(t, server);
  await again.request('join', { ...joining, session, resume: true });
  const afresh = await connect(t, server);
  await afresh.request('join', { ...joining, session });
  await host.request('lock', { locked: true });
  await host.request('kick', { participant });
  await host.request('leave');
  await until('the room closes', () => eventsOf(server).includes('room_closed'));
  assert.deepEqual(story(server, participant), ['participant_joined', 'participant_lost connection',
    'participant_came_back resumed', 'participant_came_back afresh', 'participant_left kicked']);
  assert.deepEqual(story(server, host.id), ['participant_joined', 'participant_left left']);
  const ofRoom = readLog(server.errors).filter((entry) => entry.room === host.room.id);
  assert.deepEqual(ofRoom.map(({ event }) => event).filter((event) => event.startsWith('room_')),
    ['room_opened', 'room_locked', 'room_closed']);
  assert.ok(ofRoom.filter(({ event }) => /left|closed/.test(event)).every(({ duration_ms: lasted }) => lasted > 0));
});

test("who was taken for a client of ion-sfu's", async (t) => {
  const server = await startServer(t, { args: JSON_LOG });
  const joining = { sid: newRoom(), name: 'Bob', config: { NoSubscribe: true },
    offer: { type: 'offer', sdp: dataAlone(readOffer('chromium')) } };
  const cases = [[{}, 'participant_joined ion-sfu'], [{ data_channels: true }, 'participant_joined']];
  for (const [params, joined] of cases) {
    const client = await connect(t, server);
    client.on('trickle', () => {});
    const { participant } = await client.request('join', { ...joining, ...params });
    await until(joined, () => story(server, participant).includes(joined));
  }
});

test('who does not come back was lost; who is in the room when the server stops leaves for that', async (t) => {
  const server = await startServer(t, { args: JSON_LOG });
  const room = newRoom();
  const ann = await enter(t, server, room, 'Ann');
  const bob = await enter(t, server, room, 'Bob');
  await bob.terminate();
  await until('he has left', () => story(server, bob.id).includes('participant_left lost'));
  await server.stop();
  assert.deepEqual(story(server, ann.id), ['participant_joined', 'participant_left shutting_down']);
});

test('that a room was deleted over the heads of those in it', async (t) => {
  const server = await startServer(t, { args: JSON_LOG });
  const ann = await enter(t, server, newRoom(), 'Ann');
  await server.http('DELETE', `/room/${ann.room.id}`, { token: ADMIN_TOKEN });
  await ann.closed;
  await until('she has left', () => story(server, ann.id).length === 2);
  const ended = readLog(server.errors).find(({ event }) => event === 'room_ended');
  assert.equal(ended.room, ann.room.id);
  assert.equal(ended.reason, 'room_deleted');
  assert.deepEqual(story(server, ann.id), ['participant_joined', 'participant_left room_deleted']);
});

test('whose media failed', async (t) => {
  const server = await startServer(t, { args: JSON_LOG });
  const mallory = await Peer.join(t, server, newRoom(), 'Mallory', { alterOffer: alterFingerprint, mayFail: true });
  const started = mallory.start().catch(() => {});
  await mallory.signalling.next('bye', undefined, 20000);
  await started;
  await until('she has left', () => story(server, mallory.id).length === 3);
  assert.deepEqual(story(server, mallory.id), ['participant_joined', 'participant_media_failed fingerprint_mismatch',
    'participant_left fingerprint_mismatch']);
});

/* Whatever a server of the test's own is told and makes up that nobody else may know. */
async function useSecrets(t, server) {
  const { body } = await server.http('POST', '/room/create', { json: { slug: newRoom() } });
  await server.http('GET', '/rooms', { token: ADMIN_TOKEN });
  await server.http('GET', '/rooms', { token: 'guessed-by-a-stranger' });
  const room = newRoom();
  const ann = await Peer.join(t, server, room, 'Ann-with-a-private-name');
  const eve = await Peer.join(t, server, room, 'Eve');
  await Promise.all([ann.start(), eve.start()]);
  await Promise.all([ann.receive(eve, 'camera'), eve.receive(ann, 'camera')]);
  await ann.signalling.request('chat', { message: 'what-is-said-in-confidence' });
  const bob = await connect(t, server);
  const joining = { sid: room, name: 'Bob', config: { NoPublish: true, NoSubscribe: true } };
  const { session, participant } = await bob.request('join', joining);
  await bob.terminate();
  const again = await connect(t, server);
  await again.request('join', { ...joining, session, resume: true });
  await ann.signalling.request('kick', { participant });
  await again.closed;
  const passwords = [ann.publisher.transport.password, ann.subscribers.get(1).offer.password];
  await Promise.all([ann.leave(), eve.leave()]);
  return [body.owner_token, ADMIN_TOKEN, 'guessed-by-a-stranger', session, PASSWORD,
    'what-is-said-in-confidence', 'Ann-with-a-private-name',
    ...passwords, 'a=ice-pwd', 'a=fingerprint'];
}

for (const format of ['json', 'text']) {
  test(`no secret is in the log (${format}), at any level`, async (t) => {
    const redis = await startRedis(t, { password: PASSWORD });
    const server = await startServer(t, {
      env: { GST_DEBUG: 'salon*:7' },
      args: ['--log-format', format],
      config: { store: { 'redis-url': redis.url }, rooms: { 'resume-grace-s': 10 } },
    });
    const secrets = await useSecrets(t, server);
    await server.stop();
    assert.match(server.errors, /salon-(publisher|transport|graph|track)/);
    assert.match(server.errors, format === 'json' ? /"debug"/ : / (DEBUG|LOG) /);
    if (format === 'json')
      readLog(server.errors);
    for (const secret of secrets) {
      assert.equal(typeof secret, 'string');
      assert.ok(!server.log.includes(secret), `${secret} stands in the log`);
    }
  });
}

test('every event of the sources is documented, and no other', () => {
  const folder = new URL('../../src/', import.meta.url);
  const logged = new Set();
  for (const name of readdirSync(folder, { recursive: true }).filter((path) => path.endsWith('.c'))) {
    const text = readFileSync(new URL(name, folder), 'utf8');
    for (const [, literals] of text.matchAll(/(?:salon_log_event|salon_participant_log|log_job|log_transcode|log_upload) \([^;"]*("\w+"(?: : "\w+")?)/g))
      literals.match(/\w+/g).forEach((event) => logged.add(event));
  }
  assert.deepEqual([...logged].sort(), [...EVENTS].sort());
});
