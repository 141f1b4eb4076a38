/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What jobs have written comes to a store, whatever breaks on the way. */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as runner from 'node:test';
import { defer } from '../lib/cleanup.js';
import { changeJob, getJob, killJobs, refused, startJob, untilJob, untilState } from '../lib/jobs.js';
import { ACCESS_KEY, BUCKET, SECRET_KEY, startStore } from '../lib/s3.js';
import { ADMIN_TOKEN, startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;

const MEGABYTE = 1000000;
const PART_BYTES = 16 * 1024 * 1024;
/* A process, a store in JavaScript, and a busy machine. */
const UPLOAD_MS = 30000;

const folder = mkdtempSync(join(tmpdir(), 'salon-uploads-'));
const pipelines = join(folder, 'pipelines');
const media = join(folder, 'media');
defer(runner, () => rmSync(folder, { recursive: true, force: true }));
mkdirSync(pipelines);
mkdirSync(media);
writeFileSync(join(pipelines, 'record-noise.launch'), `# Writes what it reads.
kind recording
param source = ${join(media, '1')}
param location = noise.webm
filesrc location=\${source} blocksize=${MEGABYTE} ! filesink location=\${location}
`);
writeFileSync(join(pipelines, 'watch.launch'), `# Writes what is no recording.
fakesrc num-buffers=1 sizetype=fixed sizemax=1000 filltype=random ! filesink location=picture.jpeg
`);

const ENVIRONMENT = { GST_REGISTRY: join(folder, 'registry.bin') };

function newStateDir(t) {
  const stateDir = mkdtempSync(join(folder, 'state-'));
  defer(t, () => killJobs(stateDir));
  return stateDir;
}

async function uploadServer(t, store, { s3 = {}, jobs = {}, stateDir = newStateDir(t) } = {}) {
  return await startServer(t, { stateDir, env: ENVIRONMENT, config: {
    jobs: { 'pipelines-dir': pipelines, 'job-media-dirs': media, ...jobs },
    s3: { 's3-endpoint': store.endpoint, 's3-bucket': BUCKET, 's3-access-key': ACCESS_KEY, 's3-secret-key': SECRET_KEY, ...s3 },
    log: { 'log-format': 'json' },
  } });
}

/* Of no meaning, and each part another. */
async function record(server, { megabytes = 1, ...parameters } = {}, more = {}) {
  const source = join(media, String(megabytes));
  writeFileSync(source, randomBytes(megabytes * MEGABYTE));
  const { id } = await startJob(server, { pipeline: 'record-noise', parameters: { source, ...parameters }, ...more });
  await untilState(server, id, 'finished');
  return id;
}

async function untilUpload(server, id, what, probe) {
  let upload;
  await until(`the upload ${what}`, async () => {
    ({ upload } = await getJob(server, id));
    return upload && probe(upload);
  }, UPLOAD_MS);
  return upload;
}

function untilUploaded(server, id) {
  return untilUpload(server, id, 'is done', ({ state }) => state === 'done');
}

function outputFile(server, id, name = 'noise.webm') {
  return join(server.stateDir, 'jobs', id, 'output', name);
}

function today() {
  return new Date().toISOString().slice(0, 10);
}

/* The pids of the processes that upload from below this state folder. */
function uploaders(stateDir) {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((pid) => {
    try {
      return readlinkSync(`/proc/${pid}/exe`).endsWith('/salon-upload')
        && readlinkSync(`/proc/${pid}/cwd`).startsWith(stateDir);
    } catch {
      return false;
    }
  }).map(Number);
}

function hasOpen(pid, name) {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`).endsWith(`/${name}`));
  } catch {
    return false;
  }
}

function salonctl(server, ...args) {
  const { status, stdout, stderr } = spawnSync(process.env.SALONCTL, [`--server=${server.url}`, `--token=${ADMIN_TOKEN}`, ...args],
    { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C.UTF-8' } });
  assert.equal(status, 0, stderr);
  return stdout;
}

async function assertStored(store, server, id, key, name) {
  const stored = await store.read(key);
  assert.ok(stored, `the store has no ${key}`);
  assert.ok(stored.equals(readFileSync(outputFile(server, id, name))), `${key} is another than the file`);
}

test('what a recording has written is in the store when it has ended', async (t) => {
  const store = await startStore(t);
  const server = await uploadServer(t, store);
  const { body } = await server.http('POST', '/room/create', { json: { slug: 'café & bar' } });
  const location = 'part-1+2=3,~a@b&c?d#e%20f.webm';
  const id = await record(server, { location }, { room: body.room.slug });
  const upload = await untilUploaded(server, id);
  const prefix = `${body.room.slug}/${today()}/${id}`;
  await assertStored(store, server, id, `${prefix}/${location}`, location);
  assert.equal(upload.bytes, MEGABYTE);
  assert.equal(upload.total, MEGABYTE);
  assert.equal(upload.error, null);
  assert.equal(upload.url, `${store.endpoint}/${BUCKET}/${prefix.split('/').map(encodeURIComponent).join('/')}/`);
  /* It is asked whether it has it. */
  assert.equal(store.count('HEAD', /webm/), 1);
});

test('the bucket may be in the store\'s name', async (t) => {
  /* This store, other than Amazon's, signs the bucket as part of the path there, too. */
  const store = await startStore(t, { allowMismatchedSignatures: true });
  const server = await uploadServer(t, store, {
    s3: { 's3-endpoint': `http://s3.localhost:${store.port}`, 's3-path-style': 'no', 's3-prefix': 'films' },
  });
  const id = await record(server);
  const upload = await untilUploaded(server, id);
  assert.equal(upload.url, `http://${BUCKET}.s3.localhost:${store.port}/films/${id}/`);
  await assertStored(store, server, id, `films/${id}/noise.webm`);
});

test('what is no recording is uploaded by request alone', async (t) => {
  const store = await startStore(t);
  const server = await uploadServer(t, store);
  const { id } = await startJob(server, { pipeline: 'watch' });
  const job = await untilState(server, id, 'finished');
  assert.equal(job.upload, null);
  assert.match(salonctl(server, 'job', 'upload', id.slice(0, 8)), /^Upload: waiting, 0 bytes of 0 bytes$/m);
  await untilUploaded(server, id);
  assert.match(salonctl(server, 'job', 'show', id), /^Upload: done, 1\.0.kB of 1\.0.kB\nUploaded to: http:.*\/$/m);
  await assertStored(store, server, id, `no-room/${today()}/${id}/picture.jpeg`, 'picture.jpeg');
});

test('an uploader that comes before the keeper has gone waits for it', async (t) => {
  const store = await startStore(t);
  const server = await uploadServer(t, store);
  const { id } = await startJob(server, { pipeline: 'watch' });
  await untilState(server, id, 'finished');
  /* What a keeper holds until the very end of its process, after it has said that the job is over. */
  const keeper = spawn('flock', [join(server.stateDir, 'jobs', id, 'lock'), 'sh', '-c', 'echo held; cat'], { stdio: 'pipe' });
  defer(t, () => keeper.stdin.destroy());
  await once(keeper.stdout, 'data');
  await changeJob(server, id, { upload: true });
  await untilUpload(server, id, 'waits', ({ error }) => {
    assert.equal(error, null);
    return uploaders(server.stateDir).some((pid) => hasOpen(pid, 'lock'));
  });
  keeper.stdin.end();
  await untilUpload(server, id, 'is done', ({ error, state }) => {
    assert.equal(error, null);
    return state === 'done';
  });
});

test('an uploader steps back behind the server, whoever runs it', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'salon-uploader-'));
  defer(t, () => rmSync(directory, { recursive: true, force: true }));
  chmodSync(directory, 0o777);
  /* Nobody, where we may choose. */
  const user = process.getuid() === 0 ? { uid: 65534, gid: 65534 } : {};
  const program = join(directory, 'salon-upload');
  copyFileSync(join(process.env.SALON_SERVER, '../upload/salon-upload'), program);
  const uploader = spawn(program, { ...user, cwd: directory, stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  defer(t, () => uploader.kill());
  const ended = once(uploader, 'exit');
  /* It waits for its order once it has its lock. */
  await Promise.race([until('it waits', () => existsSync(join(directory, 'lock'))), ended]);
  assert.equal(readFileSync(`/proc/${uploader.pid}/oom_score_adj`, 'utf8'), '500\n');
  uploader.stdio[3].destroy();
  await ended;
});

test('a large file goes up in parts, and after a kill goes on where it was', async (t) => {
  const store = await startStore(t);
  const server = await uploadServer(t, store, { s3: { 's3-bandwidth-kbps': 300000, 's3-prefix': '' } });
  const id = await record(server, { megabytes: 34 });
  await until('a part is there', () => store.count('PUT', /partNumber=/) >= 1, UPLOAD_MS);
  const [pid] = uploaders(server.stateDir);
  process.kill(pid, 'SIGKILL');
  const waiting = await untilUpload(server, id, 'was broken', ({ error }) => error !== null);
  assert.match(waiting.error, /without a word/);
  const upload = await untilUploaded(server, id);
  assert.equal(upload.bytes, 34 * MEGABYTE);
  await assertStored(store, server, id, `${id}/noise.webm`);
  /* None that was noted was sent again. */
  const nParts = Math.ceil(34 * MEGABYTE / PART_BYTES);
  assert.equal(store.count('POST', /uploads=/), 1);
  assert.ok(store.count('PUT', /partNumber=/) <= nParts + 1, JSON.stringify(store.requests));
});

test('a server that is killed leaves no uploader, and the next one goes on', async (t) => {
  const store = await startStore(t);
  const options = { s3: { 's3-bandwidth-kbps': 8000, 's3-prefix': '' }, stateDir: newStateDir(t) };
  const first = await uploadServer(t, store, options);
  const id = await record(first, { megabytes: 2 });
  await until('it uploads', () => uploaders(options.stateDir).length === 1, UPLOAD_MS);
  await first.kill();
  await until('the uploader has ended', () => uploaders(options.stateDir).length === 0, UPLOAD_MS);
  assert.equal(store.has(`${id}/noise.webm`), false);
  const second = await uploadServer(t, store, { ...options, s3: { 's3-prefix': 'elsewhere' } });
  await untilUploaded(second, id);
  await assertStored(store, second, id, `${id}/noise.webm`);
  /* Once done, it is done for the next one too. */
  const nRequests = store.requests.length;
  await second.stop();
  const third = await uploadServer(t, store, options);
  assert.equal((await getJob(third, id)).upload.state, 'done');
  assert.equal(store.requests.length, nRequests);
});

test('a store that is away, or busy, or forgets, is waited for', async (t) => {
  const store = await startStore(t);
  const server = await uploadServer(t, store);
  await store.goAway();
  const id = await record(server);
  const waiting = await untilUpload(server, id, 'waits', ({ error }) => /s3-endpoint.*reached/.test(error));
  assert.equal(waiting.state, 'waiting');
  store.refuseWhen(() => [503, 'SlowDown']);
  await store.listen();
  const busy = await untilUpload(server, id, 'finds it busy', ({ error }) => /busy/.test(error));
  assert.match(busy.error, /SlowDown/);
  store.headBytes = MEGABYTE - 1;
  store.refuseWhen(() => null);
  await untilUpload(server, id, 'finds less than it sent', ({ error }) => /something else/.test(error));
  store.headBytes = undefined;
  await untilUploaded(server, id);
});

test('a store that stays away is given up', async (t) => {
  const store = await startStore(t);
  const server = await uploadServer(t, store, { s3: { 's3-give-up-s': 1 } });
  await store.goAway();
  const id = await record(server);
  const upload = await untilUpload(server, id, 'has failed', ({ state }) => state === 'failed');
  assert.match(upload.error, /s3-give-up-s.*reached/);
  /* It is tried again when somebody says so. */
  await store.listen();
  await changeJob(server, id, { upload: true });
  await untilUploaded(server, id);
});

test('a store that takes each time, and refuses then, is given up', async (t) => {
  const store = await startStore(t);
  /* Two seconds an attempt, in which the uploader tells how far it is. */
  const server = await uploadServer(t, store, { s3: { 's3-give-up-s': 2, 's3-bandwidth-kbps': 4000 } });
  store.refuseWhen(({ method }) => method === 'PUT' && [503, 'SlowDown']);
  const id = await record(server);
  const upload = await untilUpload(server, id, 'has failed', ({ state }) => state === 'failed');
  assert.match(upload.error, /s3-give-up-s.*SlowDown/);
});

test('to wait for its turn is no failure', async (t) => {
  const store = await startStore(t);
  /* Three seconds each. */
  const server = await uploadServer(t, store, { s3: { 's3-give-up-s': 2, 's3-bandwidth-kbps': 48000 } });
  let broken;
  let nRefused = 0;
  /* The second one breaks at its first turn, and again at its next, which comes after the third one. */
  store.refuseWhen(({ method, path, query }) => {
    if (method !== 'POST' || !/^uploads=/.test(query))
      return null;
    broken ??= path;
    return path === broken && nRefused < 2 && ++nRefused && [503, 'SlowDown'];
  });
  for (const megabytes of [16, 17, 18])
    await record(server, { megabytes });
  const { body } = await server.http('GET', '/jobs', { token: ADMIN_TOKEN });
  for (const { id } of body.jobs)
    await untilUpload(server, id, 'is done, and has not failed', ({ state, error }) => {
      assert.notEqual(state, 'failed', error);
      return state === 'done';
    });
  assert.equal(nRefused, 2);
});

test('a wrong secret is told, is not tried again by itself, and is nowhere to be read', async (t) => {
  const store = await startStore(t);
  const stateDir = newStateDir(t);
  const secret = 'a-secret-that-is-wrong';
  const first = await uploadServer(t, store, { stateDir, s3: { 's3-secret-key': secret } });
  const id = await record(first);
  const upload = await untilUpload(first, id, 'has failed', ({ state }) => state === 'failed');
  assert.match(upload.error, /SignatureDoesNotMatch.*s3-secret-key/);
  assert.equal(store.requests.length, 1);
  const { body } = await first.http('GET', `/jobs/${id}`, { token: ADMIN_TOKEN });
  const written = readdirSync(join(stateDir, 'jobs', id)).filter((name) => /json$|log/.test(name))
    .map((name) => readFileSync(join(stateDir, 'jobs', id, name), 'utf8'));
  for (const text of [first.log, JSON.stringify(body), ...written])
    assert.ok(!text.includes(secret));
  const entry = first.errors.split('\n').filter(Boolean).map((line) => JSON.parse(line))
    .find(({ event }) => event === 'upload_failed');
  assert.equal(entry.job, id);
  /* Whoever has mended it starts the server again. */
  await first.stop();
  const second = await uploadServer(t, store, { stateDir });
  await untilUploaded(second, id);
});

test('an upload in parts that is refused leaves no parts', async (t) => {
  const store = await startStore(t);
  const server = await uploadServer(t, store);
  store.refuseWhen(({ query }) => /partNumber=2/.test(query) && [403, 'AccessDenied']);
  const id = await record(server, { megabytes: 17 });
  const upload = await untilUpload(server, id, 'has failed', ({ state }) => state === 'failed');
  assert.match(upload.error, /AccessDenied.*s3:PutObject/);
  assert.equal(store.requests.filter(({ method, query }) => method === 'DELETE' && /^uploadId=/.test(query)).length, 1);
  /* And then begins anew. */
  store.refuseWhen(() => null);
  await changeJob(server, id, { upload: true });
  await untilUploaded(server, id);
});

test('files are deleted here once they are there, and not before', async (t) => {
  const store = await startStore(t);
  const server = await uploadServer(t, store, { s3: { 's3-delete-local': 'yes', 's3-prefix': '' } });
  store.refuseWhen(({ method }) => method === 'HEAD' && [503, 'SlowDown']);
  const id = await record(server);
  await untilUpload(server, id, 'waits', ({ error }) => /503/.test(error));
  assert.ok(existsSync(outputFile(server, id)));
  store.refuseWhen(() => null);
  const upload = await untilUploaded(server, id);
  assert.equal(existsSync(outputFile(server, id)), false);
  assert.equal((await store.read(`${id}/noise.webm`)).length, MEGABYTE);
  assert.equal(upload.bytes, MEGABYTE);
  assert.equal(upload.deleted_here, true);
});

test('what the store has otherwise than it was sent is sent again, and not deleted here', async (t) => {
  const store = await startStore(t);
  const server = await uploadServer(t, store, { s3: { 's3-delete-local': 'yes', 's3-prefix': '' } });
  store.headBytes = MEGABYTE;
  const id = await record(server);
  await untilUpload(server, id, 'finds another than it sent', ({ error }) => /something else/.test(error));
  await untilUpload(server, id, 'has sent it again', ({ state }) => {
    assert.notEqual(state, 'done');
    return store.count('PUT', /webm/) === 2;
  });
  assert.ok(existsSync(outputFile(server, id)));
  store.headBytes = undefined;
  await untilUploaded(server, id);
});

test('what was sent when its uploader died is asked for by what was sent', async (t) => {
  const store = await startStore(t);
  const server = await uploadServer(t, store, { s3: { 's3-prefix': '' } });
  let mayAnswer = false;
  /* It dies between the two. */
  store.refuseWhen(({ method }) => {
    if (method === 'HEAD' && !mayAnswer)
      process.kill(uploaders(server.stateDir)[0], 'SIGKILL');
    return null;
  });
  store.headBytes = MEGABYTE;
  const id = await record(server);
  await untilUpload(server, id, 'was broken', ({ error }) => /without a word/.test(error));
  mayAnswer = true;
  await untilUpload(server, id, 'finds another than it sent', ({ error }) => /something else/.test(error));
  const nSent = store.count('PUT', /webm/);
  store.headBytes = undefined;
  await untilUploaded(server, id);
  /* Once it is as it was sent, it is not sent again. */
  assert.ok(nSent >= 2);
  assert.equal(store.count('PUT', /webm/), nSent);
});

test('no rule deletes what the store is still to have', async (t) => {
  const store = await startStore(t);
  const stateDir = newStateDir(t);
  const first = await uploadServer(t, store, { stateDir });
  store.refuseWhen(() => [503, 'SlowDown']);
  const id = await record(first);
  await first.stop();
  const statusFile = join(stateDir, 'jobs', id, 'status.json');
  const job = JSON.parse(readFileSync(statusFile, 'utf8'));
  writeFileSync(statusFile, JSON.stringify({ ...job, ended_at: job.ended_at - 2 * 24 * 60 * 60 }));
  const nBefore = store.requests.length;
  const second = await uploadServer(t, store, { stateDir, jobs: { 'recordings-keep-days': 1 } });
  /* The third comes after more than two seconds, in which the rules are looked at. */
  await until('it was tried three times', () => store.requests.length >= nBefore + 3, UPLOAD_MS);
  assert.notEqual((await getJob(second, id)).upload.state, 'done');
  store.refuseWhen(() => null);
  await until('it is there', () => store.count('PUT', /webm/) === 1, UPLOAD_MS);
  await until('it is deleted here', () => !existsSync(join(stateDir, 'jobs', id)), UPLOAD_MS);
});

test('a job that is deleted while it is uploaded leaves no process and no folder', async (t) => {
  const store = await startStore(t);
  const server = await uploadServer(t, store, { s3: { 's3-bandwidth-kbps': 800 } });
  const id = await record(server);
  await until('it uploads', () => uploaders(server.stateDir).length === 1, UPLOAD_MS);
  const { status } = await server.http('DELETE', `/jobs/${id}`, { token: ADMIN_TOKEN });
  assert.equal(status, 200);
  assert.deepEqual(uploaders(server.stateDir), []);
  assert.equal(existsSync(join(server.stateDir, 'jobs', id)), false);
});

test('only what has ended is uploaded, and only where there is a store', async (t) => {
  const store = await startStore(t);
  const server = await uploadServer(t, store);
  const { id } = await startJob(server, { launch: 'fakesrc sizetype=fixed sizemax=10 is-live=true datarate=100 ! filesink location=endless' });
  await untilJob(server, id, 'writes', ({ output_bytes }) => output_bytes > 0);
  const running = await refused(server, 422, 'invalid_params', 'PATCH', `/jobs/${id}`, { json: { upload: true }, token: ADMIN_TOKEN });
  assert.match(running, /has ended/);
  await server.http('DELETE', `/jobs/${id}`, { token: ADMIN_TOKEN });
  await server.stop();
  const without = await startServer(t, { stateDir: server.stateDir, env: ENVIRONMENT, config: { jobs: { 'pipelines-dir': pipelines, 'job-media-dirs': media } } });
  const recorded = await record(without);
  assert.equal((await getJob(without, recorded)).upload, null);
  const message = await refused(without, 422, 'invalid_params', 'PATCH', `/jobs/${recorded}`, { json: { upload: true }, token: ADMIN_TOKEN });
  assert.match(message, /\[s3\]/);
});
