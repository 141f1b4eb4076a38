/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recordings: who makes them, who hears of it, what becomes of their files, and how the disk does not fill up. */

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as runner from 'node:test';
import { defer } from '../lib/cleanup.js';
import { changeJob, killJobs, refused, startJob, untilState } from '../lib/jobs.js';
import { readLog } from '../lib/log.js';
import { connect, enter, joinRoom, newRoom, reasonOf } from '../lib/people.js';
import { startProxy } from '../lib/proxy.js';
import { startRedis } from '../lib/redis.js';
import { checkHttp } from '../lib/schema.js';
import { ADMIN_TOKEN, startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;

const MIB = 1024 * 1024;
const DAY_MS = 24 * 60 * 60 * 1000;

/* Of the whole file: what stands for a recorder is a test picture. */
const folder = mkdtempSync(join(tmpdir(), 'salon-rec-'));
defer(runner, () => rmSync(folder, { recursive: true, force: true }));
const PICTURE = 'videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=15/1 ! vp8enc deadline=1';
writeFileSync(join(folder, 'record.launch'), `# Records a test picture.
kind recording
param room = demo
${PICTURE} ! webmmux ! filesink location=film.webm
`);
writeFileSync(join(folder, 'member.launch'), `# Is in its room, as recorders are.
kind recording
param server = local
param room = demo
salonsrc server=\${server} room=\${room} display-name=Recorder ! fakesink async=false
${PICTURE} ! webmmux ! filesink location=film.webm
`);
writeFileSync(join(folder, 'short.launch'), `kind recording
videotestsrc num-buffers=5 ! video/x-raw,width=160,height=120 ! vp8enc deadline=1 ! webmmux ! filesink location=film.webm
`);
writeFileSync(join(folder, 'other.launch'), `${PICTURE} ! webmmux ! filesink location=film.webm\n`);

async function recordingServer(t, { jobs = {}, config = {}, stateDir = mkdtempSync(join(folder, 's-')) } = {}) {
  defer(t, () => killJobs(stateDir));
  return await startServer(t, { stateDir, env: { GST_REGISTRY: join(folder, 'registry.bin') },
                                config: { jobs: { 'pipelines-dir': folder, 'max-jobs': 20, 'recording-pipeline': 'record', ...jobs },
                                          log: { 'log-format': 'json' }, ...config } });
}

const server = await recordingServer(runner);

async function createRoom(at = server) {
  const { body } = await at.http('POST', '/room/create', { json: { slug: newRoom() } });
  return { ...body.room, token: body.owner_token };
}

async function list(at = server, { room, token = ADMIN_TOKEN } = {}) {
  const { status, body } = await at.http('GET', `/recordings${room ? `?room=${room}` : ''}`, { token });
  assert.equal(status, 200, JSON.stringify(body));
  checkHttp('recordingsResponse', body);
  return body.recordings;
}

async function record(at, room) {
  const { id } = await startJob(at, { room: room.id, pipeline: 'record' });
  await until('it records', async () => (await list(at)).some((each) => each.id === id && each.bytes > 0), 30000);
  return id;
}

const eventsOf = (at, id) => readLog(at.errors).filter((entry) => entry.job === id).map(({ event, reason }) => [event, reason]);

test('recordings are listed, with what they have written, while they go on and after', async (t) => {
  const room = await createRoom();
  const other = await createRoom();
  await startJob(server, { room: room.id, pipeline: 'other' });
  const id = await record(server, room);
  const [before] = await list(server, { room: room.slug, token: room.token });
  assert.deepEqual([before.id, before.state, before.room, before.pipeline, before.ended_at, before.error],
    [id, 'recording', { id: room.id, slug: room.slug }, 'record', null, null]);
  await refused(server, 409, 'still_recording', 'DELETE', `/recordings/${id}`, { token: room.token });
  const ann = await enter(t, server, room.slug, 'Ann');
  assert.equal(ann.isRecorded, true);
  assert.equal(await reasonOf(ann.request('record', { recording: false })), 'forbidden', 'the owner began it');

  await changeJob(server, id, { stop: true }, room.token);
  await untilState(server, id, 'stopped');
  const { status, body } = await server.http('GET', `/recordings/${id}`, { token: room.token });
  assert.equal(status, 200);
  checkHttp('recordingResponse', body);
  const { state, files, bytes, duration_ms: duration, ended_at: endedAt } = body.recording;
  assert.equal(state, 'finished');
  assert.deepEqual(files.map(({ name, type }) => [name, type]), [['film.webm', 'video/webm']]);
  assert.equal(files[0].bytes, bytes);
  assert.ok(duration > 0 && Date.parse(endedAt) > 0);
  const film = await fetch(new URL(`/jobs/${id}/files/film.webm`, server.url), { headers: { authorization: `Bearer ${room.token}` } });
  assert.equal((await film.arrayBuffer()).byteLength, bytes);

  assert.deepEqual(await list(server, { room: other.slug, token: other.token }), []);
  for (const token of [undefined, 'wrong', other.token]) {
    await refused(server, 401, 'unauthorized', 'GET', `/recordings?room=${room.slug}`, { token });
    await refused(server, 401, 'unauthorized', 'GET', `/recordings/${id}`, { token });
    await refused(server, 401, 'unauthorized', 'DELETE', `/recordings/${id}`, { token });
  }
  await refused(server, 401, 'unauthorized', 'GET', '/recordings', { token: room.token });
  const deleted = await server.http('DELETE', `/recordings/${id}`, { token: room.token });
  assert.equal(deleted.status, 200);
  checkHttp('deleteRecordingResponse', deleted.body);
  await refused(server, 404, 'job_not_found', 'GET', `/recordings/${id}`, { token: ADMIN_TOKEN });
  assert.deepEqual(await list(server, { room: room.slug }), []);
});

test('how long one is, is as its manifest has it, once that is the last', async () => {
  const room = await createRoom();
  const { id } = await startJob(server, { room: room.id, pipeline: 'short' });
  await untilState(server, id, 'finished');
  const manifest = join(server.stateDir, 'jobs', id, 'output', 'recording.json');
  const duration = async () => (await list(server, { room: room.slug, token: room.token }))[0].duration_ms;
  const played = await duration();
  assert.ok(played < 4000);
  const without = ['', '{', '[]', '{"duration_ms":4200}', '{"state":"complete","duration_ms":-1}',
                   '{"state":"recording","duration_ms":4200}', `{"state":"complete","duration_ms":4200}${' '.repeat(MIB)}`];
  for (const text of without) {
    writeFileSync(manifest, text);
    assert.equal(await duration(), played, text.slice(0, 60));
  }
  writeFileSync(manifest, '{"state":"complete","duration_ms":4200}');
  assert.equal(await duration(), 4200);
});

test('the host records; all are told, who comes later too; and others can\'t', async (t) => {
  const room = newRoom();
  const ann = await enter(t, server, room, 'Ann');
  const bob = await enter(t, server, room, 'Bob');
  assert.equal(await reasonOf(bob.request('record', { recording: true })), 'forbidden');
  await Promise.all([ann.request('record', { recording: true }), ann.request('record', { recording: true })]);
  for (const person of [ann, bob])
    await person.next('recording', ({ recording }) => recording, 30000);
  const cas = await enter(t, server, room, 'Cas');
  assert.equal(cas.isRecorded, true);
  assert.equal((await server.http('GET', `/room/${room}`)).body.recording, true);
  assert.deepEqual((await server.http('GET', `/room/${room}/recording`)).body, { recording: true });
  await until('it has written something', async () => (await ann.request('recordings')).recordings[0].bytes > 0, 30000);

  await ann.request('record', { recording: false });
  for (const person of [ann, bob, cas])
    await person.next('recording', ({ recording }) => !recording, 30000);
  assert.equal((await server.http('GET', `/room/${room}`)).body.recording, false);
  assert.deepEqual((await server.http('GET', `/room/${room}/recording`)).body, { recording: false });
  const { recordings } = await ann.request('recordings');
  assert.equal(recordings.length, 1, 'asked for twice, there is one');
  assert.equal(recordings[0].state, 'finished');
  const film = await fetch(new URL(`/files/${recordings[0].link}/film.webm`, server.url));
  assert.equal((await film.arrayBuffer()).byteLength, recordings[0].files[0].bytes);

  /* They are hers who made them, and not of who is the host by now. */
  assert.deepEqual((await bob.request('recordings')).recordings, []);
  assert.equal(await reasonOf(bob.request('recording_delete', { id: recordings[0].id })), 'job_not_found');
  await ann.request('recording_delete', { id: recordings[0].id });
  assert.deepEqual((await ann.request('recordings')).recordings, []);
  assert.equal(await reasonOf(ann.request('recording_delete', { id: recordings[0].id })), 'job_not_found');
});

/* A recording that has ended, in the state folder of a server that is not running: how long ago, and how large. */
function change(stateDir, id, { agoMs = 0, bytes }) {
  const path = join(stateDir, 'jobs', id, 'status.json');
  const status = JSON.parse(readFileSync(path, 'utf8'));
  status.ended_at -= Math.round(agoMs / 1000);
  status.output_bytes = bytes ?? status.output_bytes;
  writeFileSync(path, JSON.stringify(status));
  const jobPath = join(stateDir, 'jobs', id, 'job.json');
  const spec = JSON.parse(readFileSync(jobPath, 'utf8'));
  spec.created_at -= Math.round(agoMs / 1000);
  writeFileSync(jobPath, JSON.stringify(spec));
}

test('of a recording that cannot begin, all who asked for it hear, and all who were told that there is one', async (t) => {
  /* Of holes, but it takes a moment to read it. */
  const pipelines = mkdtempSync(join(folder, 'p-'));
  const pipeline = join(pipelines, 'record.launch');
  writeFileSync(pipeline, 'param size\n');
  truncateSync(pipeline, 200 * MIB);
  const at = await recordingServer(t, { jobs: { 'pipelines-dir': pipelines } });
  const room = newRoom();
  const ann = await enter(t, at, room, 'Ann');
  let told;
  for (let i = 0; i < 8 && !told; i++) {
    const bob = await connect(t, at);
    const asked = [1, 2].map(() => reasonOf(ann.request('record', { recording: true })));
    await joinRoom(bob, room, 'Bob');
    assert.deepEqual(await Promise.all(asked), ['unknown_pipeline', 'unknown_pipeline']);
    told = bob.isRecorded ? bob : undefined;
  }
  assert.ok(told, 'somebody joined while it was to begin');
  await told.next('recording', ({ recording }) => !recording);
  assert.equal((await at.http('GET', `/room/${room}`)).body.recording, false);
});

/* With a server each, or none that others would mind. */
runner.describe('by themselves', { concurrency: true }, () => {
  test('the last word counts of a host who is in two minds, though a recording takes a while to begin and to end', async (t) => {
    const room = await createRoom();
    const ann = await enter(t, server, room.slug, 'Ann');
    const ask = (...words) => Promise.all(words.map((recording) => ann.request('record', { recording })));
    const states = async () => (await ann.request('recordings')).recordings.map(({ state }) => state).sort();
    await ask(true, false);
    await until('what had not begun yet has ended', async () => (await states()).join() === 'finished', 30000);

    await ask(true, false, true);
    await until('it records', async () => (await ann.request('recordings')).recordings.some(({ state, bytes }) => state === 'recording' && bytes > 0), 30000);
    /* The one in between may have begun, and left something, or not. */
    const { length } = await states();
    const isOneOf = async (n) => (await states()).join() === [...Array(n - 1).fill('finished'), 'recording'].join();
    assert.ok(await isOneOf(length));
    await ask(false, true);
    await until('the one before has ended, and another goes on', () => isOneOf(length + 1), 30000);
    await ask(false);
    await until('all have ended', async () => (await states()).every((state) => state === 'finished'), 30000);
  });

  test('a recording that somebody in the room began ends when nobody is left, though the recorder is', async (t) => {
    const at = await recordingServer(t, { jobs: { 'recording-pipeline': 'member' } });
    const room = await createRoom(at);
    const ann = await enter(t, at, room.slug, 'Ann');
    await ann.request('record', { recording: true });
    await ann.next('participant', ({ event, participant }) => event === 'joined' && participant.name === 'Recorder', 30000);
    await until('it has written something', async () => (await list(at))[0].bytes > 0, 30000);
    await ann.request('leave');
    await until('it has ended', async () => (await list(at))[0].state !== 'recording', 30000);
    assert.equal((await list(at))[0].state, 'finished');
  });

  test('who leaves as a program joins leaves nobody behind who could be the host', async (t) => {
    const redis = await startRedis(t, { onSocket: true });
    const proxy = await startProxy(t, redis);
    const at = await recordingServer(t, { jobs: { 'recording-pipeline': 'member' }, config: { store: { 'redis-url': proxy.redisUrl } } });
    const room = await createRoom(at);
    const ann = await enter(t, at, room.slug, 'Ann');
    const program = await connect(t, at);
    /* Redis takes no longer for the first to leave than for the next. */
    await (await enter(t, at, room.slug, 'Bob')).request('leave');
    await ann.request('record', { recording: true });
    await until('it has written something', async () => (await list(at))[0].bytes > 0, 30000);
    /* What the store says of the one is still under way when it is asked for the other. */
    proxy.delayMs = 100;
    await ann.request('leave');
    await joinRoom(program, room.slug, 'Program', { unattended: true });
    await until('it has ended', async () => (await list(at))[0].state !== 'recording', 30000);
  });

  test('who goes to another server before the recorder is there is recorded on the first', async (t) => {
    const redis = await startRedis(t, { onSocket: true });
    const jobs = { 'recording-pipeline': 'member' };
    const [first, other] = await Promise.all([1, 2].map(() => recordingServer(t, { jobs, config: { store: { 'redis-url': redis.url } } })));
    const room = await createRoom(first);
    const ann = await enter(t, first, room.slug, 'Ann');
    await ann.request('record', { recording: true });
    const moved = await enter(t, other, room.slug, 'Ann', { session: ann.session });
    assert.equal(moved.id, ann.id);
    assert.ok(!moved.participants.some(({ name }) => name === 'Recorder'));
    await moved.next('participant', ({ event, participant }) => event === 'joined' && participant.name === 'Recorder', 30000);
    await until('it has written something', async () => (await list(first))[0].bytes > 0, 30000);
    assert.equal((await list(first))[0].state, 'recording');
    await moved.request('leave');
    await until('it has ended', async () => (await list(first))[0].state !== 'recording', 30000);
    assert.equal((await list(first))[0].state, 'finished');
  });

  test('a recording outlives its server, but not for long if nobody comes back to be recorded', async (t) => {
    const jobs = { 'recording-pipeline': 'member' };
    const first = await recordingServer(t, { jobs });
    const [left, kept] = [await createRoom(first), await createRoom(first)];
    for (const room of [left, kept]) {
      const host = await enter(t, first, room.slug, 'Ann');
      await host.request('record', { recording: true });
      await until('it has written something', async () => (await list(first, { room: room.slug }))[0].bytes > 0, 30000);
    }
    const { id: own } = await startJob(first, { room: left.id, pipeline: 'member' });
    await untilState(first, own, 'running');
    await first.kill();
    const second = await recordingServer(t, { stateDir: first.stateDir, jobs });
    const ann = await enter(t, second, kept.slug, 'Ann');
    const stateOf = async (room) => (await list(second, { room: room.slug })).map(({ id, state }) => (id === own ? 'own' : state)).sort().join();
    await until('all is recorded again', async () => (await second.http('GET', `/room/${left.slug}`)).body.n_members === 2, 30000);
    assert.equal(await stateOf(left), 'own,recording');
    await until('it has ended', async () => await stateOf(left) === 'finished,own', 45000);
    assert.equal((await list(second)).find(({ id }) => id === own).state, 'recording', 'the owner began it');
    assert.equal(await stateOf(kept), 'recording');
    await ann.request('leave');
    await until('nobody is left', async () => await stateOf(kept) === 'finished', 30000);
  });

  test('what records a room that went with its server ends, and makes none of its own', async (t) => {
    const jobs = { 'recording-pipeline': 'member', 'job-restarts': 0 };
    const first = await recordingServer(t, { jobs });
    const slug = newRoom();
    const ann = await enter(t, first, slug, 'Ann');
    await ann.request('record', { recording: true });
    await ann.next('participant', ({ event, participant }) => event === 'joined' && participant.name === 'Recorder', 30000);
    await until('it has written something', async () => (await list(first))[0].bytes > 0, 30000);
    await first.kill();
    const second = await recordingServer(t, { stateDir: first.stateDir, jobs });
    const again = await enter(t, second, slug, 'Ann');
    assert.notEqual(again.room.id, ann.room.id);
    await until('it has ended', async () => (await list(second))[0].state !== 'recording', 40000);
    const [{ state, error }] = await list(second);
    assert.equal(state, 'failed');
    assert.match(error, /no such room/);
    const { body } = await second.http('GET', '/rooms', { token: ADMIN_TOKEN });
    assert.deepEqual(body.rooms.map(({ room }) => room.slug), [slug]);
  });

  test('recordings outlive the room and the server', async (t) => {
    const first = await recordingServer(t);
    const room = await createRoom(first);
    const id = await record(first, room);
    await first.http('DELETE', `/room/${room.slug}`, { token: room.token });
    await untilState(first, id, 'stopped');
    const [{ link, ...before }] = await list(first);
    await first.stop();
    const second = await recordingServer(t, { stateDir: first.stateDir });
    const [{ link: _, ...after }] = await list(second);
    assert.deepEqual(after, before);
    assert.equal((await fetch(new URL(`/files/${link}/film.webm`, second.url))).status, 200, 'and so do links');
  });

  test('the configuration says how long they stay: the oldest that have ended go', async (t) => {
    const first = await recordingServer(t);
    const room = await createRoom(first);
    const running = await record(first, room);
    const ids = [];
    for (let i = 0; i < 3; i++)
      ids.push((await startJob(first, { room: room.id, pipeline: 'short' })).id);
    const { id: other } = await startJob(first, { launch: 'fakesrc num-buffers=1 ! fakesink' });
    await Promise.all([...ids, other].map((id) => untilState(first, id, 'finished')));
    await first.stop();
    change(first.stateDir, ids[0], { agoMs: 3 * DAY_MS });
    /* Begun after the one that goes on: which of all is the oldest, and stays. */
    change(first.stateDir, ids[1], { agoMs: -60_000, bytes: 6e8 });
    change(first.stateDir, ids[2], { agoMs: -120_000, bytes: 6e8 });
    change(first.stateDir, other, { agoMs: 9 * DAY_MS, bytes: 9e9 });

    const days = await recordingServer(t, { stateDir: first.stateDir, jobs: { 'recordings-keep-days': 2 } });
    await until('the oldest has gone', async () => (await list(days)).length < 4);
    assert.deepEqual((await list(days)).map(({ id }) => id), [ids[2], ids[1], running]);
    await until('and its files', () => !existsSync(join(first.stateDir, 'jobs', ids[0])));
    assert.deepEqual(eventsOf(days, ids[0]), [['recording_deleted', 'keep_days']]);
    await days.stop();

    const size = await recordingServer(t, { stateDir: first.stateDir, jobs: { 'recordings-max-gb': 1 } });
    await until('the older has gone', async () => (await list(size)).length < 3);
    assert.deepEqual((await list(size)).map(({ id }) => id), [ids[2], running]);
    assert.deepEqual(eventsOf(size, ids[1]), [['recording_deleted', 'max_gb']]);
    assert.ok((await size.http('GET', `/jobs/${other}`, { token: ADMIN_TOKEN })).status === 200, 'what is no recording stays');
  });

  test('where little is left on the disk none begins, and those under way end with their files whole', async (t) => {
    /* A disk of memory that few write to, and to fill which takes no time. */
    const disk = mkdtempSync('/dev/shm/salon-recordings-');
    defer(t, () => rmSync(disk, { recursive: true, force: true }));
    const { bavail, bsize } = statfsSync(disk);
    const freeMb = Math.floor(bavail * bsize / MIB);
    const at = await recordingServer(t, { stateDir: disk, jobs: { 'recordings-min-free-mb': freeMb - 48 } });
    const room = await createRoom(at);
    const id = await record(at, room);
    const { id: other } = await startJob(at, { room: room.id, pipeline: 'other' });
    await untilState(at, other, 'running');
    writeFileSync(join(disk, 'ballast'), Buffer.alloc(64 * MIB));
    const { error } = await untilState(at, id, 'stopped');
    assert.match(error, /less than \d+ MB left \(recordings-min-free-mb\)/);
    const [{ state, error: why }] = await list(at);
    assert.deepEqual([state, why], ['finished', error]);
    assert.deepEqual(eventsOf(at, id).map(([event]) => event), ['job_started', 'recording_cut_short', 'job_stopped']);
    const film = readFileSync(join(disk, 'jobs', id, 'output', 'film.webm'));
    assert.ok(film.includes(Buffer.from('1c53bb6b', 'hex')), 'it has its index (Cues)');

    const message = await refused(at, 507, 'disk_full', 'POST', '/jobs', { token: room.token, json: { room: room.id, pipeline: 'record' } });
    assert.match(message, /recordings-min-free-mb/);
    const ann = await enter(t, at, room.slug, 'Ann');
    assert.equal(await reasonOf(ann.request('record', { recording: true })), 'disk_full');
    assert.equal((await at.http('GET', `/room/${room.slug}`)).body.recording, false);
    assert.equal((await at.http('GET', `/jobs/${other}`, { token: ADMIN_TOKEN })).body.job.state, 'running', 'what is no recording plays on');
    rmSync(join(disk, 'ballast'));
    await record(at, room);
  });
});
