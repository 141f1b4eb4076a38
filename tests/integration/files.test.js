/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What jobs have written, over HTTP: to whom, how much at a time, and what is not told. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as runner from 'node:test';
import { defer } from '../lib/cleanup.js';
import { killJobs, refused, startJob, untilState } from '../lib/jobs.js';
import { newRoom } from '../lib/people.js';
import { checkHttp, checkHttpError } from '../lib/schema.js';
import { ADMIN_TOKEN, startServer } from '../lib/server.js';
import { until, withDeadline } from '../lib/until.js';

const { test } = runner;

const MIB = 1024 * 1024;
/* More than all buffers on the way hold. */
const LARGE_BYTES = 32 * MIB;
/* Files on their way at once: SALON_LIMIT_DOWNLOADS. */
const MAX_DOWNLOADS = 256;

const folder = mkdtempSync(join(tmpdir(), 'salon-files-'));
defer(runner, () => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, 'nothing.launch'), 'fakesrc num-buffers=1 ! fakesink\n');
writeFileSync(join(folder, 'secret'), 'a secret');

async function fileServer(t, options = {}) {
  const stateDir = mkdtempSync(join(folder, 'state-'));
  defer(t, () => killJobs(stateDir));
  return await startServer(t, { stateDir, env: { GST_REGISTRY: join(folder, 'registry.bin') },
                                config: { jobs: { 'pipelines-dir': folder, 'max-jobs': 20 }, server: options } });
}

const server = await fileServer(runner);

/* One that is over, for the test to write into its folder: what a pipeline's process may do, too. */
async function endedJob(at = server, json = { pipeline: 'nothing' }) {
  const { id } = await startJob(at, json);
  const job = await untilState(at, id, 'finished');
  return { ...job, output: join(job.folder, 'output') };
}

async function get(path, { at = server, token = ADMIN_TOKEN, method = 'GET', headers = {} } = {}) {
  const response = await fetch(new URL(path, at.url), { method, signal: AbortSignal.timeout(20000),
                                                        headers: { authorization: `Bearer ${token}`, ...headers } });
  return { status: response.status, headers: response.headers, body: Buffer.from(await response.arrayBuffer()) };
}

/* The path as it is: fetch() would put it in order. */
function getRaw(path) {
  return new Promise((resolve, reject) => {
    request(new URL(server.url), { path, agent: false, headers: { authorization: `Bearer ${ADMIN_TOKEN}` } }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    }).on('error', (error) => reject(new Error(`${path}: ${error.message}`))).end();
  });
}

async function list(job, { at = server, token = ADMIN_TOKEN } = {}) {
  const { status, body } = await at.http('GET', `/jobs/${job.id}/files`, { token });
  assert.equal(status, 200, JSON.stringify(body));
  checkHttp('filesResponse', body);
  return body;
}

async function makeLink(job, json = {}, { at = server, token = ADMIN_TOKEN } = {}) {
  checkHttp('linkRequest', json);
  const { status, body } = await at.http('POST', `/jobs/${job.id}/link`, { json, token });
  assert.equal(status, 201, JSON.stringify(body));
  checkHttp('linkResponse', body);
  return body;
}

/* A client that asks for a file and reads nothing of it until it is told to. */
async function lazyClient(at, path) {
  const { hostname, port, host } = new URL(at.url);
  const socket = connect({ host: hostname, port, noDelay: true }).on('error', () => {});
  socket.pause();
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${ADMIN_TOKEN}\r\n\r\n`);
  return socket;
}

const job = await endedJob();
const FILM = randomBytes(300000);
writeFileSync(join(job.output, 'film.webm'), FILM);

test('files are listed and sent to the administrator and to the room\'s owner, and to nobody else', async () => {
  const rooms = [];
  for (let i = 0; i < 2; i++)
    rooms.push((await server.http('POST', '/room/create', { json: { slug: newRoom() } })).body);
  const [mine, other] = rooms;
  const own = await endedJob(server, { room: mine.room.id, pipeline: 'nothing' });
  mkdirSync(join(own.output, 'parts'));
  mkdirSync(join(own.folder, 'earlier-1'));
  writeFileSync(join(own.output, 'list.m3u8'), '#EXTM3U\nparts/1.ts\n');
  writeFileSync(join(own.output, 'parts/1.ts'), 'one');
  writeFileSync(join(own.folder, 'earlier-1/what is left.mkv'), 'before');
  for (const token of [ADMIN_TOKEN, mine.owner_token]) {
    const { files, is_cut: isCut } = await list(own, { token });
    assert.deepEqual(files.map(({ name, bytes, type }) => [name, bytes, type]), [
      ['earlier-1/what is left.mkv', 6, 'video/x-matroska'],
      ['list.m3u8', 19, 'application/vnd.apple.mpegurl'],
      ['parts/1.ts', 3, 'video/mp2t'],
    ]);
    assert.equal(isCut, false);
    for (const [name, text] of [['parts/1.ts', 'one'], ['earlier-1/what%20is%20left.mkv', 'before']])
      assert.equal((await get(`/jobs/${own.id}/files/${name}`, { token })).body.toString(), text);
  }
  for (const token of [undefined, 'wrong', other.owner_token]) {
    await refused(server, 401, 'unauthorized', 'GET', `/jobs/${own.id}/files`, { token });
    await refused(server, 401, 'unauthorized', 'GET', `/jobs/${own.id}/files/list.m3u8`, { token });
    await refused(server, 401, 'unauthorized', 'POST', `/jobs/${own.id}/link`, { token });
  }
  await refused(server, 404, 'job_not_found', 'GET', '/jobs/nosuch/files', { token: ADMIN_TOKEN });
  await refused(server, 404, 'unknown_method', 'GET', `/jobs/${own.id}/nosuch`, { token: ADMIN_TOKEN });
});

test('a file is sent whole, in part, or not at all when the client has it', async () => {
  const path = `/jobs/${job.id}/files/film.webm`;
  const whole = await get(path);
  assert.deepEqual([whole.status, whole.headers.get('content-type'), whole.headers.get('accept-ranges')],
    [200, 'video/webm', 'bytes']);
  assert.ok(whole.body.equals(FILM));
  const etag = whole.headers.get('etag');
  const head = await get(path, { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers.get('content-length'), head.headers.get('etag'), head.body.length],
    [200, String(FILM.length), etag, 0]);
  assert.equal((await get(path, { headers: { 'if-none-match': etag } })).status, 304);
  const parts = { '0-9': [0, 10], '299990-': [299990, 300000], '-5': [299995, 300000], '250000-999999': [250000, 300000] };
  for (const [range, [start, end]] of Object.entries(parts)) {
    const part = await get(path, { headers: { range: `bytes=${range}`, 'if-range': etag } });
    assert.deepEqual([part.status, part.headers.get('content-range'), part.headers.get('content-length')],
      [206, `bytes ${start}-${end - 1}/300000`, String(end - start)], range);
    assert.ok(part.body.equals(FILM.subarray(start, end)), range);
  }
  for (const headers of [{ range: 'bytes=0-1', 'if-range': '"older"' }, { range: 'bytes=0-1,9-10' }, { range: 'nonsense' }])
    assert.equal((await get(path, { headers })).body.length, FILM.length, JSON.stringify(headers));
  const beyond = await get(path, { headers: { range: 'bytes=300000-' } });
  assert.deepEqual([beyond.status, beyond.headers.get('content-range')], [416, 'bytes */300000']);
  writeFileSync(join(job.output, 'empty.ogg'), '');
  for (const headers of [{}, { range: 'bytes=0-' }]) {
    const empty = await get(`/jobs/${job.id}/files/empty.ogg`, { headers });
    assert.deepEqual([empty.status, empty.body.length], [200, 0]);
  }
});

test('of a file that grows there is what there is, and then the rest', async () => {
  const path = `/jobs/${job.id}/files/grows.mkv`;
  writeFileSync(join(job.output, 'grows.mkv'), FILM.subarray(0, 100000));
  const first = await get(path);
  appendFileSync(join(job.output, 'grows.mkv'), FILM.subarray(100000));
  const etag = first.headers.get('etag');
  assert.equal((await get(path, { headers: { 'if-none-match': etag } })).status, 200);
  const rest = await get(path, { headers: { range: `bytes=${first.body.length}-` } });
  assert.ok(Buffer.concat([first.body, rest.body]).equals(FILM));
});

test('what is no plain file of the job\'s own is not there', async () => {
  const { output } = job;
  symlinkSync(join(folder, 'secret'), join(output, 'link.mkv'));
  symlinkSync(folder, join(output, 'away'));
  mkdirSync(join(output, 'inner'));
  symlinkSync('../../status.json', join(output, 'inner/up.json'));
  execFileSync('mkfifo', [join(output, 'pipe.mkv')]);
  assert.deepEqual((await list(job)).files.filter(({ name }) => /link|away|inner|pipe/.test(name)), []);
  for (const name of ['link.mkv', 'away/secret', 'inner/up.json', 'inner', 'inner/', 'pipe.mkv', 'nosuch', '.', 'a//b',
                      '..', '../job.json', '../log', '%2e%2e/job.json', '..%2fjob.json',
                      'inner%2f..%2f..%2fjob.json', 'earlier-1/../job.json', 'earlier-1', '/etc/passwd', '%2fetc%2fpasswd',
                      'a/'.repeat(100), 'x'.repeat(1000)])
    assert.ok([400, 404].includes(await getRaw(`/jobs/${job.id}/files/${name}`)), name);
  /* A folder that becomes a link between two looks. */
  renameSync(join(output, 'inner'), join(output, 'was'));
  symlinkSync(folder, join(output, 'inner'));
  assert.equal(await getRaw(`/jobs/${job.id}/files/inner/secret`), 404);
});

test('what a pipeline wrote does not run in our pages\' name', async () => {
  for (const name of ['page.html', 'script.js', 'picture.svg', 'noend']) {
    writeFileSync(join(job.output, name), '<script>alert(1)</script>');
    const { headers } = await get(`/jobs/${job.id}/files/${name}`);
    assert.equal(headers.get('content-type'), 'application/octet-stream');
    assert.equal(headers.get('content-disposition'), `attachment; filename=${name}`);
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.match(headers.get('content-security-policy'), /default-src 'none';.* sandbox$/);
    assert.equal(headers.get('referrer-policy'), 'no-referrer');
  }
  const disposition = async (query) =>
    (await get(`/jobs/${job.id}/files/film.webm${query}`)).headers.get('content-disposition');
  assert.equal(await disposition(''), 'inline; filename=film.webm');
  assert.equal(await disposition('?download'), 'attachment; filename=film.webm');
  const hostile = 'a"; filename=b.html\r\nSet-Cookie: c\x7f.mkv';
  writeFileSync(join(job.output, hostile), '');
  const { status, headers } = await get(`/jobs/${job.id}/files/${encodeURIComponent(hostile)}`);
  assert.equal(status, 200);
  assert.equal(headers.get('content-disposition'), 'inline; filename="a\\"; filename=b.html__Set-Cookie: c_.mkv"');
});

test('a link reads one job\'s files, from any page, until it ends', async () => {
  const { url, expires_at: expiresAt } = await makeLink(job, { ttl_s: 60 });
  assert.ok(Math.abs(Date.parse(expiresAt) / 1000 - Date.now() / 1000 - 60) < 30);
  const foreign = { at: { url }, token: 'none', headers: { origin: 'https://player.example' } };
  const film = await get('film.webm', foreign);
  assert.ok(film.body.equals(FILM));
  assert.equal(film.headers.get('access-control-allow-origin'), '*');
  assert.match(film.headers.get('access-control-expose-headers'), /Content-Range/);
  assert.equal((await get('film.webm', { ...foreign, headers: { range: 'bytes=1-2' } })).status, 206);
  const listed = JSON.parse((await get('', foreign)).body);
  checkHttp('filesResponse', listed);
  assert.ok(listed.files.some(({ name }) => name === 'film.webm'));
  const asked = await get('film.webm', { ...foreign, method: 'OPTIONS' });
  assert.equal(asked.status, 204);
  assert.match(asked.headers.get('access-control-allow-headers'), /Range/);

  const other = await endedJob();
  const token = url.split('/').at(-2);
  const wrong = [token.replace(job.id, other.id), token.replace(/\.(\d+)\./, (_, until) => `.${Number(until) + 1}.`),
                 `${token}x`, token.slice(0, -1), 'x', `${job.id}.99999999999.`];
  for (const link of wrong) {
    const { status, body } = await get(`/files/${link}/film.webm`);
    assert.equal(status, 403, link);
    checkHttpError(JSON.parse(body));
  }
  const short = await makeLink(job, { ttl_s: 1 });
  await until('the link has ended', async () => (await get('film.webm', { at: short })).status === 403);
  for (const json of [{ ttl_s: 0 }, { ttl_s: 604801 }, { ttl_s: 'x' }, { days: 1 }])
    await refused(server, 422, 'invalid_params', 'POST', `/jobs/${job.id}/link`, { token: ADMIN_TOKEN, json });
  assert.ok(!server.log.includes(token));
});

test('a large file takes little memory, and the server answers meanwhile', async () => {
  writeFileSync(join(job.output, 'large.mkv'), Buffer.alloc(LARGE_BYTES, 'x'));
  const before = server.residentKiB;
  const clients = await Promise.all(Array.from({ length: 8 }, () => lazyClient(server, `/jobs/${job.id}/files/large.mkv`)));
  let read = 0;
  const all = Promise.all(clients.map((socket) => new Promise((resolve) => {
    socket.on('data', (data) => { read += data.length; }).on('close', resolve).resume();
  })));
  assert.equal((await server.http('GET', '/healthz')).status, 200);
  await withDeadline('the clients to have it', all, 30000);
  assert.ok(read > clients.length * LARGE_BYTES, `${read} bytes`);
  assert.ok(server.residentKiB - before < 16 * 1024, `${server.residentKiB - before} KiB more`);
});

test('who reads slowly has it all, who does not read is hung up on, and who goes leaves nothing open', async (t) => {
  const at = await fileServer(t, { 'request-timeout-s': 1 });
  const own = await endedJob(at);
  writeFileSync(join(own.output, 'large.mkv'), Buffer.alloc(LARGE_BYTES, 'x'));
  const path = `/jobs/${own.id}/files/large.mkv`;
  const before = at.descriptorCount;
  const closed = (socket) => new Promise((resolve) => socket.on('close', resolve));

  const slow = await lazyClient(at, path);
  let read = 0;
  slow.on('data', (data) => {
    read += data.length;
    slow.pause();
    setTimeout(() => slow.resume(), 3);
  }).resume();
  const idle = await lazyClient(at, path);
  const gone = await lazyClient(at, path);
  await until('all are on their way', () => read > MIB);
  gone.destroy();
  await withDeadline('the slow one has it', closed(slow), 30000);
  assert.ok(read > LARGE_BYTES, `${read} bytes`);
  await until('nothing is open', () => at.descriptorCount <= before, 10000);
  idle.destroy();
});

test('a file that becomes shorter on its way is not taken for whole', async () => {
  const path = join(job.output, 'shrinks.mkv');
  writeFileSync(path, Buffer.alloc(LARGE_BYTES, 'x'));
  const socket = await lazyClient(server, `/jobs/${job.id}/files/shrinks.mkv`);
  await new Promise((resolve) => { socket.once('readable', resolve); });
  truncateSync(path, MIB);
  let read = 0;
  socket.on('data', (data) => { read += data.length; });
  await withDeadline('the server to hang up', new Promise((resolve) => socket.on('close', resolve)), 10000);
  assert.ok(read < LARGE_BYTES, `${read} bytes`);
});

test('there are as many downloads at once as may be, and then the next', async () => {
  const path = `/jobs/${job.id}/files/large.mkv`;
  writeFileSync(join(job.output, 'large.mkv'), Buffer.alloc(LARGE_BYTES, 'x'));
  const clients = [];
  for (let i = 0; i < MAX_DOWNLOADS; i++)
    clients.push(await lazyClient(server, path));
  await until('no more are taken', async () => (await get(`/jobs/${job.id}/files/film.webm`)).status === 429);
  const { headers, body } = await get(`/jobs/${job.id}/files/film.webm`);
  assert.equal(headers.get('retry-after'), '5');
  checkHttpError(JSON.parse(body));
  for (const socket of clients)
    socket.destroy();
  await until('there is room again', async () => (await get(`/jobs/${job.id}/files/film.webm`)).status === 200);
});
