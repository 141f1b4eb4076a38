/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starting, stopping, and what survives: the server, its embedded Redis, or one from outside. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { defer } from '../lib/cleanup.js';
import { Peer } from '../lib/peer.js';
import { enter, newRoom } from '../lib/people.js';
import { embeddedHasWritten, startRedis } from '../lib/redis.js';
import { ADMIN_TOKEN, childrenOf, isAlive, serverPath, startServer } from '../lib/server.js';
import { until, withDeadline } from '../lib/until.js';

function stateDir(t) {
  const directory = mkdtempSync(join(tmpdir(), 'salon-state-'));
  defer(t, () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function run(...args) {
  return spawnSync(serverPath(), args, { encoding: 'utf8', timeout: 8000 });
}

async function createRoom(server, json) {
  const { status, body } = await server.http('POST', '/room/create', { json });
  assert.equal(status, 201, JSON.stringify(body));
  return body;
}

function embeddedRedis(server) {
  return childrenOf(server.pid).find(({ name }) => name === 'redis-server')?.pid;
}

test('SIGTERM says goodbye, leaves the rooms and ends within 10 seconds, Redis included', async (t) => {
  const server = await startServer(t);
  const room = newRoom();
  const ann = await Peer.join(t, server, room, 'Ann');
  const bob = await Peer.join(t, server, room, 'Bob');
  await ann.start();
  await bob.receive(ann, 'camera');
  const redis = embeddedRedis(server);
  assert.ok(redis, 'an embedded redis-server runs');
  await server.stop();
  for (const { signalling } of [ann, bob]) {
    assert.equal((await signalling.next('bye')).reason, 'shutting_down');
    await withDeadline('the WebSocket to close', signalling.closed);
  }
  await until('redis-server is gone', () => !isAlive(redis));
});

test('SIGINT stops it as well', async (t) => {
  const server = await startServer(t);
  server.signal('SIGINT');
  const { code } = await withDeadline('the end', server.exited, 10000);
  assert.equal(code, 0);
});

test('a killed server takes its Redis with it and starts again on what it left', async (t) => {
  const directory = stateDir(t);
  const first = await startServer(t, { stateDir: directory });
  const { room } = await createRoom(first, { slug: newRoom() });
  await enter(t, first, room.slug, 'Ann');
  const redis = embeddedRedis(first);
  await first.kill();
  await until('redis-server is gone', () => !isAlive(redis));
  const second = await startServer(t, { stateDir: directory });
  const { status, body } = await second.http('GET', `/room/${room.slug}`);
  assert.equal(status, 200);
  assert.equal(body.n_members, 0, 'who was in it when the server died is not in it any more');
});

test('a permanent room survives a restart with its owner; an ephemeral one does not', async (t) => {
  const directory = stateDir(t);
  const first = await startServer(t, { stateDir: directory });
  const { room, owner_token: token } = await createRoom(first, { slug: newRoom('häuschen-🏡'), max_members: 3 });
  const fleeting = await enter(t, first, newRoom(), 'Ann');
  await first.stop();

  const second = await startServer(t, { stateDir: directory });
  const { status, body } = await second.http('GET', `/room/${encodeURIComponent(room.slug)}`);
  assert.equal(status, 200);
  assert.deepEqual(body.room, room);
  assert.equal((await second.http('GET', `/room/${fleeting.room.slug}`)).status, 404);
  assert.ok((await second.http('DELETE', `/room/${room.id}`, { token })).status < 300);
});

test('the embedded Redis, killed, comes back with its rooms, and those in a call go on', async (t) => {
  const server = await startServer(t);
  const room = newRoom();
  const ann = await Peer.join(t, server, room, 'Ann');
  const bob = await Peer.join(t, server, room, 'Bob', { publish: null });
  await ann.start();
  const slot = await bob.receive(ann, 'camera');
  const { room: lasting } = await createRoom(server, { slug: newRoom() });
  const old = embeddedRedis(server);
  await embeddedHasWritten(server);
  process.kill(old, 'SIGKILL');
  const before = slot.packets.length;
  await until('another redis-server runs', () => embeddedRedis(server) && embeddedRedis(server) !== old, 10000);
  await until('its rooms are there', async () => (await server.http('GET', `/room/${lasting.slug}`)).status === 200, 10000);
  assert.equal((await server.http('GET', `/room/${room}`)).body.n_members, 2);
  await until('media went on', () => slot.packets.length > before + 30);
  await enter(t, server, room, 'Eve');
});

test('an external Redis with password and database holds the rooms', async (t) => {
  const redis = await startRedis(t);
  const config = { store: { 'redis-url': redis.url } };
  const first = await startServer(t, { config });
  assert.equal(embeddedRedis(first), undefined, 'no embedded redis-server beside it');
  const { room } = await createRoom(first, { slug: newRoom() });
  const ann = await enter(t, first, room.slug, 'Ann');
  assert.equal(ann.room.id, room.id);
  await first.stop();
  assert.ok(isAlive(redis.pid), 'what we did not start we do not stop');
  const second = await startServer(t, { config });
  assert.deepEqual((await second.http('GET', `/room/${room.slug}`)).body, { room, n_members: 0, recording: false });
});

test('without Redis requests end in store_unavailable, within the deadline', async (t) => {
  const redis = await startRedis(t);
  const server = await startServer(t, { config: { store: { 'redis-url': redis.url } } });
  process.kill(redis.pid, 'SIGKILL');
  await until('the store is missed', async () => {
    const { status, body } = await server.http('POST', '/room/create', { json: {} });
    return status === 503 && body.error.data.reason === 'store_unavailable';
  }, 10000);
  await assert.rejects(enter(t, server, newRoom(), 'Ann'), { reason: 'store_unavailable' });
});

test('two servers do not share a state folder', async (t) => {
  const server = await startServer(t);
  const { status, stderr } = run('--state-dir', server.stateDir, '--port', '0', '--ice-port', '0');
  assert.equal(status, 1, stderr);
  assert.ok(stderr.includes(server.stateDir), stderr);
});

test('a port that is taken is said and ends the server, its Redis included', async (t) => {
  const server = await startServer(t);
  const { port } = new URL(server.url);
  const { status, stderr } = run('--state-dir', stateDir(t), '--listen', '127.0.0.1', '--port', port, '--ice-port', '0');
  assert.equal(status, 1, stderr);
  assert.ok(stderr.includes(port), stderr);
});

test('--check-config names file and line of an unknown key', (t) => {
  const directory = stateDir(t);
  const path = join(directory, 'salon.conf');
  writeFileSync(path, '[server]\nport=0\ncolour=red\n');
  const { status, stderr } = run('--config', path, '--check-config');
  assert.notEqual(status, 0);
  assert.match(stderr, /salon\.conf/);
  assert.match(stderr, /3/);
  assert.match(stderr, /colour/);
});

test('a certificate that is not there hinders the server, but neither --version nor --print-config', () => {
  const options = ['--tls-certificate', '/nowhere.pem', '--tls-key', '/nowhere.pem'];
  const version = run('--version', ...options);
  assert.equal(version.status, 0, version.stderr);
  assert.match(version.stdout, /^salon-server \d/);
  assert.equal(run('--print-config', ...options).status, 0);
  const { status, stderr } = run('--check-config', ...options);
  assert.equal(status, 64);
  assert.match(stderr, /nowhere\.pem/);
});

test('--check-config accepts what --print-config prints', (t) => {
  const directory = stateDir(t);
  const printed = run('--print-config', '--state-dir', directory);
  assert.equal(printed.status, 0, printed.stderr);
  const path = join(directory, 'printed.conf');
  writeFileSync(path, printed.stdout);
  const checked = run('--config', path, '--check-config');
  assert.equal(checked.status, 0, checked.stderr);
});

test('options win over the key file, the key file over the environment', (t) => {
  const directory = stateDir(t);
  const path = join(directory, 'salon.conf');
  writeFileSync(path, '[media]\nseats=5\n');
  const seats = (env, ...args) => {
    const { stdout } = spawnSync(serverPath(), ['--print-config', ...args],
                                 { encoding: 'utf8', env: { ...process.env, ...env }, timeout: 8000 });
    return stdout.match(/^seats\s*=\s*(\d+)/m)?.[1];
  };
  assert.equal(seats({ SALON_SEATS: '4' }), '4');
  assert.equal(seats({ SALON_SEATS: '4' }, '--config', path), '5');
  assert.equal(seats({ SALON_SEATS: '4' }, '--config', path, '--seats', '6'), '6');
});
