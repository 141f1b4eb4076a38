/* SPDX-License-Identifier: LGPL-2.1-or-later */
import assert from 'node:assert/strict';
import * as runner from 'node:test';
import { connect, enter, joinRoom, newRoom, reasonOf } from '../lib/people.js';
import { checkHttp, checkHttpError } from '../lib/schema.js';
import { ADMIN_TOKEN, startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;
const server = await startServer(runner);

async function create(json) {
  checkHttp('createRequest', json);
  const { status, body } = await server.http('POST', '/room/create', { json });
  assert.equal(status, 201, JSON.stringify(body));
  checkHttp('createResponse', body);
  return body;
}

async function refused(expectedStatus, expectedReason, ...request) {
  const { status, body } = await server.http(...request);
  assert.equal(status, expectedStatus, JSON.stringify(body));
  checkHttpError(body);
  assert.equal(body.error.data.reason, expectedReason);
  return body.error.message;
}

async function get(path) {
  const { status, body } = await server.http('GET', path);
  assert.equal(status, 200, JSON.stringify(body));
  checkHttp('getResponse', body);
  return body;
}

test('a room is created with the slug, the lifetime and the size asked for', async () => {
  const slug = newRoom();
  const { room, url } = await create({ slug, lifetime: 'ephemeral', max_members: 7 });
  assert.equal(room.slug, slug);
  assert.equal(room.lifetime, 'ephemeral');
  assert.equal(room.max_members, 7);
  assert.equal(room.host, null);
  assert.equal((await fetch(url)).status, 200, `the page at ${url}`);
});

test('a room created without a slug is permanent and named by its id', async () => {
  const { room } = await create({});
  assert.equal(room.slug, room.id);
  assert.equal(room.lifetime, 'permanent');
  assert.deepEqual((await get(`/room/${room.id}`)).room, room);
});

test('a room without a slug is joined by its link; when it has gone, people make another of that name, and programs none', async (t) => {
  const { room, url } = await create({ lifetime: 'ephemeral' });
  const ann = await enter(t, server, decodeURIComponent(new URL(url).pathname.slice('/r/'.length)), 'Ann');
  assert.equal(ann.room.id, room.id);
  await ann.request('leave');
  await until('the room is gone', async () => (await server.http('GET', `/room/${room.id}`)).status === 404);
  const bob = await connect(t, server);
  assert.equal(await reasonOf(bob.request('join', { sid: room.id, name: 'Bob', unattended: true })), 'room_not_found');
  const again = await joinRoom(bob, room.id, 'Bob');
  assert.notEqual(again.room.id, room.id);
});

test('a taken slug is refused with 409', async () => {
  const slug = newRoom();
  await create({ slug });
  await refused(409, 'room_exists', 'POST', '/room/create', { json: { slug } });
});

test('of many simultaneous creations of one slug exactly one succeeds', async () => {
  const slug = newRoom();
  const attempts = Array.from({ length: 20 }, () => server.http('POST', '/room/create', { json: { slug } }));
  const statuses = (await Promise.all(attempts)).map(({ status }) => status).sort();
  assert.deepEqual(statuses, [201, ...Array(19).fill(409)]);
});

const WRONG_FIELDS = {
  slug: ['', ' padded ', 'a/b', 'tab\there', '..', '.', 'x'.repeat(65), 7, {}],
  lifetime: ['eternal', 1, []],
  max_members: [0, -1, 1001, 1.5, '10', true],
};

for (const [field, values] of Object.entries(WRONG_FIELDS)) {
  test(`a wrong ${field} is refused with 422 that names the field`, async () => {
    for (const value of values) {
      const message = await refused(422, 'invalid_params', 'POST', '/room/create', { json: { [field]: value } });
      assert.match(message, new RegExp(field), `for ${JSON.stringify(value)}`);
    }
  });
}

test('an unknown field is refused with 422 that names it', async () => {
  assert.match(await refused(422, 'invalid_params', 'POST', '/room/create', { json: { colour: 'red' } }), /colour/);
});

test('a body that is no JSON is refused with 400', async () => {
  const headers = { 'content-type': 'application/json' };
  for (const body of ['{"slug":', 'slug=x', Buffer.from([0x22, 0xff, 0xfe, 0x22])])
    await refused(400, 'parse_error', 'POST', '/room/create', { body, headers });
});

test('a body that is no object is refused', async () => {
  for (const json of [[], 'slug', 5])
    await refused(422, 'invalid_params', 'POST', '/room/create', { json });
});

test('a body that is too long is refused with 413', async () => {
  await refused(413, 'invalid_request', 'POST', '/room/create', { json: { slug: 'x'.repeat(20 * 1024) } });
});

test('an oversized body is refused and the server goes on', async () => {
  /* The server need not read it all to answer, and the answer may drown in the reset. */
  const status = await server.http('POST', '/room/create', { json: { slug: 'x'.repeat(1024 * 1024) } })
    .then((response) => response.status, () => 413);
  assert.equal(status, 413);
  await create({});
});

test('a room is found by its slug and by its id', async () => {
  const { room } = await create({ slug: newRoom() });
  assert.deepEqual((await get(`/room/${room.slug}`)).room, room);
  assert.deepEqual((await get(`/room/${room.id}`)).room, room);
});

test('a room that is not there is a 404', async () => {
  await refused(404, 'room_not_found', 'GET', `/room/${newRoom()}`);
  await refused(404, 'room_not_found', 'GET', '/room/00000000-0000-4000-8000-000000000000');
});

test('whether a room is recorded can be asked before there is one', async () => {
  const { room } = await create({ slug: newRoom() });
  for (const name of [room.slug, room.id, newRoom()]) {
    const { status, body } = await server.http('GET', `/room/${encodeURIComponent(name)}/recording`);
    assert.equal(status, 200, JSON.stringify(body));
    checkHttp('roomRecordingResponse', body);
    assert.deepEqual(body, { recording: false });
  }
  await refused(422, 'invalid_params', 'GET', `/room/${encodeURIComponent(' ')}/recording`);
});

test('GET tells how many are in the room and who its host is', async (t) => {
  const { room } = await create({ slug: newRoom() });
  const ann = await enter(t, server, room.slug, 'Ann');
  await enter(t, server, room.slug, 'Bob');
  const found = await get(`/room/${room.slug}`);
  assert.equal(found.n_members, 2);
  assert.equal(found.room.host, ann.id);
});

test('rooms are listed for the administrator alone', async () => {
  const { room } = await create({ slug: newRoom() });
  await refused(401, 'unauthorized', 'GET', '/rooms', {});
  await refused(401, 'unauthorized', 'GET', '/rooms', { token: 'wrong' });
  const { status, body } = await server.http('GET', '/rooms', { token: ADMIN_TOKEN });
  assert.equal(status, 200);
  checkHttp('listResponse', body);
  assert.deepEqual(body.rooms.find((entry) => entry.room.id === room.id), { room, n_members: 0 });
});

test('a room is deleted by its owner', async () => {
  const { room, owner_token: token } = await create({ slug: newRoom() });
  const { status, body } = await server.http('DELETE', `/room/${room.slug}`, { token });
  assert.equal(status, 200);
  checkHttp('deleteResponse', body);
  await refused(404, 'room_not_found', 'GET', `/room/${room.slug}`);
});

test('a room is deleted by the administrator', async () => {
  const { room } = await create({ slug: newRoom() });
  const { status } = await server.http('DELETE', `/room/${room.id}`, { token: ADMIN_TOKEN });
  assert.equal(status, 200);
  await refused(404, 'room_not_found', 'GET', `/room/${room.id}`);
});

test('nobody else deletes a room', async () => {
  const { room } = await create({ slug: newRoom() });
  const { owner_token: another } = await create({ slug: newRoom() });
  await refused(401, 'unauthorized', 'DELETE', `/room/${room.slug}`, {});
  await refused(401, 'unauthorized', 'DELETE', `/room/${room.slug}`, { token: 'wrong' });
  await refused(401, 'unauthorized', 'DELETE', `/room/${room.slug}`, { token: another });
  await get(`/room/${room.slug}`);
});

test('a room that is not there cannot be deleted', async () => {
  await refused(404, 'room_not_found', 'DELETE', `/room/${newRoom()}`, { token: ADMIN_TOKEN });
});

test('a method that a path does not take is refused with 405 that names those it takes', async () => {
  await refused(405, 'unknown_method', 'PUT', '/rooms');
  assert.equal((await server.http('POST', `/room/${newRoom()}`)).headers.get('allow'), 'GET, DELETE, OPTIONS');
});

test('the server says that it is well', async () => {
  const { status, body } = await server.http('GET', '/healthz');
  assert.equal(status, 200);
  checkHttp('healthResponse', body);
});

test('the page may load and reach nothing but what this server serves', async () => {
  const policy = (await server.http('GET', '/')).headers.get('content-security-policy');
  assert.match(policy, /^default-src 'self';/);
  assert.doesNotMatch(policy, /wss?:|https?:|\*|unsafe/);
});

test('those in a deleted room are told and let go', async (t) => {
  const { room, owner_token: token } = await create({ slug: newRoom() });
  const ann = await enter(t, server, room.slug, 'Ann');
  await server.http('DELETE', `/room/${room.slug}`, { token });
  assert.equal((await ann.next('bye')).reason, 'room_deleted');
  await ann.closed;
});

test('an emoji slug is one room, raw or percent-encoded', async (t) => {
  const slug = `🎉${newRoom()}`;
  const { room } = await create({ slug });
  assert.equal((await get(`/room/${encodeURIComponent(slug)}`)).room.id, room.id);
  assert.equal((await enter(t, server, slug, 'Ann')).room.id, room.id);
});

test('composed and decomposed spellings are one room', async () => {
  const name = newRoom();
  const { room } = await create({ slug: `cafe\u0301-${name}` });
  assert.equal(room.slug, `caf\u00e9-${name}`);
  await refused(409, 'room_exists', 'POST', '/room/create', { json: { slug: `caf\u00e9-${name}` } });
  assert.equal((await get(`/room/${encodeURIComponent(`cafe\u0301-${name}`)}`)).room.id, room.id);
});

test('an ephemeral room goes with its last member, a permanent one stays', async (t) => {
  const { room: fleeting } = await create({ slug: newRoom(), lifetime: 'ephemeral' });
  const { room: lasting } = await create({ slug: newRoom(), lifetime: 'permanent' });
  for (const room of [fleeting, lasting])
    await (await enter(t, server, room.slug, 'Ann')).request('leave');
  await until('the ephemeral room is gone', async () =>
    (await server.http('GET', `/room/${fleeting.slug}`)).status === 404);
  assert.equal((await get(`/room/${lasting.slug}`)).n_members, 0);
});

test('the page is served with its modules, and nothing else is', async () => {
  const page = await server.http('GET', '/');
  assert.equal(page.status, 200);
  assert.match(page.headers.get('content-type'), /^text\/html/);
  const script = await server.http('GET', '/static/salon.js');
  assert.equal(script.status, 200);
  assert.match(script.headers.get('content-type'), /javascript/);
  for (const path of ['/no-such-file', '/../../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '/.git/config'])
    assert.equal((await server.http('GET', path)).status, 404, path);
});

test('a name of 64 characters may be spelt with twice as many', async (t) => {
  const server = await startServer(t);
  const spelt = 'e\u0301'.repeat(64);
  const { status, body } = await server.http('POST', '/room/create', { json: { slug: spelt } });
  assert.equal(status, 201);
  assert.equal(body.room.slug, '\u00e9'.repeat(64));
  const tooLong = await server.http('POST', '/room/create', { json: { slug: 'e\u0301'.repeat(65) } });
  assert.equal(tooLong.status, 422);
});
