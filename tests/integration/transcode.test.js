/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who can't play the codec of a picture gets it in another, made once for all who need it. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as runner from 'node:test';
import { defer } from '../lib/cleanup.js';
import { launch, test } from '../lib/elements.js';
import { beginsKeyframe, decode } from '../lib/h264.js';
import { jobProcesses, killJobs, refused, startJob, untilState } from '../lib/jobs.js';
import { readLog } from '../lib/log.js';
import { Peer } from '../lib/peer.js';
import { connect, newRoom, reasonOf } from '../lib/people.js';
import { launchFile } from '../lib/pipelines.js';
import { MEDIA_MS } from '../lib/program.js';
import { ADMIN_TOKEN, startServer } from '../lib/server.js';
import { until } from '../lib/until.js';
import { Whep } from '../lib/whip.js';

/* SALON_LIMIT_ENDED_JOBS */
const MAX_ENDED_JOBS = 200;
const SIZE = { width: 320, height: 180 };

const folder = mkdtempSync(join(tmpdir(), 'salon-transcode-'));
defer(runner, () => rmSync(folder, { recursive: true, force: true }));

async function transcodingServer(t, jobs = {}, { stateDir, rooms } = {}) {
  const server = await startServer(t, { config: { log: { 'log-format': 'json' }, jobs, rooms }, stateDir });
  defer(t, () => killJobs(server.stateDir));
  return server;
}

const server = await transcodingServer(runner, { 'max-transcodes': 2 });

/* Somebody who publishes a real picture of this codec: the others' are made up, and nobody could decode them. */
function publish(t, room, { at = server, name = 'Ann', codec = 'vp8' } = {}) {
  return launch(t, at, `videotestsrc is-live=true pattern=ball
    ! video/x-raw,width=${SIZE.width},height=${SIZE.height},framerate=15/1
    ! salonsink SERVER room=${room} name=${name} video-codec=${codec}`, { options: ['-e'] });
}

/* From now on, on the WebSocket that there is now. */
function hear(peer) {
  peer.told = [];
  peer.signalling.on('transcode', (params) => peer.told.push(params));
}

/* Somebody who receives, and what they are told of pictures that they can't play. */
async function enter(t, room, name, { at = server, ...options } = {}) {
  const peer = await Peer.join(t, at, room, name, { publish: null, ...options });
  hear(peer);
  peer.people = new Map(peer.participants.map((person) => [person.id, person.name]));
  peer.signalling.on('participant', ({ participant: { id, name: who } }) => peer.people.set(id, who));
  return peer;
}

const h264 = { dialect: 'H264 alone' };

const videos = (peer) => peer.slots.filter(({ kind, last }) => kind === 'video' && last !== undefined);

/* Waits until a picture comes, in this codec, from now on; returns its slot. */
async function sees(peer, codec, slot = undefined) {
  const before = new Map(videos(peer).map((each) => [each, each.packets.length]));
  return await until(`${peer.name} sees ${codec}`, () => videos(peer).find((each) =>
    (!slot || each === slot) && each.last.codec === codec && each.packets.length > (before.get(each) ?? 0)), MEDIA_MS);
}

async function told(peer, state) {
  return await until(`${peer.name} is told: ${state}`, () => peer.told.find((each) => each.state === state), MEDIA_MS);
}

function eventsOf(at = server, room = undefined) {
  return readLog(at.errors.slice(0, at.errors.lastIndexOf('\n') + 1)).filter((entry) =>
    /^transcode_/.test(entry.event) && (!room || entry.room === room));
}

const counts = (at = server) => jobProcesses(at.stateDir).pipelines.length;

async function untilJobs(number, at = server) {
  await until(`${number} pictures are transcoded`, () => counts(at) === number, MEDIA_MS);
}

test('two who take H264 alone see VP8 by one encoder, which ends when both have left; nobody else knows of it', async (t) => {
  await untilJobs(0);
  const room = newRoom();
  const ann = publish(t, room);
  const eve = await enter(t, room, 'Eve');
  await sees(eve, 'vp8');
  const bob = await enter(t, room, 'Bob', h264);
  await bob.signalling.request('watch_stats', { interval_s: 1 });
  let stats;
  bob.signalling.on('stats', ({ tracks }) => { stats = tracks; });
  const slot = await sees(bob, 'h264');
  const joe = await Whep.create(t, server, { name: 'Joe' }, h264);
  assert.equal((await joe.post(room)).status, 201);
  await joe.connect();
  await until('Joe sees H264', () => joe.slot('video').last?.codec === 'h264', MEDIA_MS);
  assert.deepEqual(bob.told.map(({ state, codec }) => [state, codec]), [['starting', 'H264'], ['transcoded', 'H264']]);
  assert.equal(counts(), 1);

  /* On a busy machine packets get lost on the way to us. */
  await until('a ball moves', () => {
    bob.subscribers.get(1).sendPli(slot);
    const { pictures, changes } = decode(folder, slot.packets.slice(), SIZE);
    return pictures >= 15 && changes > 1000;
  }, MEDIA_MS);
  await until('the stats say so', () => stats?.some(({ track, transcoded }) => track === bob.told[0].track && transcoded), MEDIA_MS);
  assert.deepEqual([...eve.people.values()].sort(), ['Ann', 'Bob', 'Eve', 'Joe']);
  assert.deepEqual([eve.told, videos(eve).length], [[], 1]);
  assert.deepEqual([...new Set(videos(eve)[0].packets.map(({ codec }) => codec))], ['vp8']);

  const seen = slot.packets.length;
  bob.subscribers.get(1).sendPli(slot);
  await until('a keyframe comes when it is asked for', () => slot.packets.slice(seen).some(beginsKeyframe), MEDIA_MS);

  await bob.close();
  await sees(eve, 'vp8');
  assert.equal(counts(), 1);
  await joe.leave();
  await untilJobs(0);
  assert.deepEqual(eventsOf(server, eve.room.id).map(({ event, reason }) => [event, reason]),
    [['transcode_started', undefined], ['transcode_ended', 'unneeded']]);
  await sees(eve, 'vp8');
  await ann.leaves();
});

test('one who takes VP8 alone sees H264, and each picture has an encoder of its own, as many as there may be', async (t) => {
  await untilJobs(0);
  const room = newRoom();
  const names = ['Ann', 'Ada', 'Amy'];
  const programs = names.map((name) => publish(t, room, { name, codec: 'h264' }));
  const eve = await enter(t, room, 'Eve');
  await until('three are there', () => videos(eve).length === 3, MEDIA_MS);
  const bob = await enter(t, room, 'Bob', { dialect: 'VP8 alone' });
  await until('Bob sees two', () => videos(bob).length === 2, MEDIA_MS);
  assert.deepEqual(videos(bob).map(({ last }) => last.codec), ['vp8', 'vp8']);
  assert.equal(counts(), 2);
  const refusal = await told(bob, 'refused');
  assert.equal(refusal.reason, 'too_many');

  /* One of the two goes, and the third gets their place. */
  const { track: gone } = bob.told.find(({ state }) => state === 'transcoded');
  const person = [...bob.slotTracks.values()].find((track) => track?.id === gone).participant;
  await programs[names.indexOf(eve.people.get(person))].leaves();
  await until('Bob sees the third', () => bob.told.some(({ track, state }) => track === refusal.track && state === 'transcoded'), MEDIA_MS);
  assert.deepEqual(eventsOf(server, eve.room.id).filter(({ event }) => event !== 'transcode_started')
    .map(({ event, reason }) => [event, reason]), [['transcode_refused', 'too_many'], ['transcode_ended', 'track_ended']]);
  assert.equal(counts(), 2);
});

test('a process that crashes, or that somebody deletes, is made anew, and the room plays on', async (t) => {
  await untilJobs(0);
  const room = newRoom();
  publish(t, room);
  const eve = await enter(t, room, 'Eve');
  const bob = await enter(t, room, 'Bob', h264);
  const slot = await sees(bob, 'h264');
  const [pid] = jobProcesses(server.stateDir).pipelines;
  process.kill(pid, 'SIGKILL');
  await until('Bob is told', () => bob.told.length === 3, MEDIA_MS);
  await sees(eve, 'vp8');
  await sees(bob, 'h264', slot);
  assert.deepEqual(bob.told.map(({ state }) => state), ['starting', 'transcoded', 'starting', 'transcoded']);
  assert.deepEqual([...new Set(slot.packets.map(({ ssrc }) => ssrc))], [slot.ssrc]);
  assert.equal(bob.errors.length, 0);

  const { body: { jobs: [{ id }] } } = await server.http('GET', '/jobs', { token: ADMIN_TOKEN });
  assert.equal((await server.http('DELETE', `/jobs/${id}`, { token: ADMIN_TOKEN })).status, 200);
  await until('Bob is told again', () => bob.told.some(({ reason }) => reason === 'failed'), MEDIA_MS);
  await sees(bob, 'h264', slot);
});

async function listJobs(at) {
  return (await at.http('GET', '/jobs', { token: ADMIN_TOKEN })).body.jobs;
}

test('a job that is deleted before it does anything is made anew; of one that fails, one can read why', async (t) => {
  const at = await transcodingServer(t, { 'max-transcodes': 1, 'job-restarts': 0 });
  const room = newRoom();
  publish(t, room, { at });
  const eve = await enter(t, room, 'Eve', { at });
  await sees(eve, 'vp8');
  const bob = await enter(t, room, 'Bob', { at, ...h264 });
  const [{ id }] = await until('a job is there', async () => {
    const jobs = await listJobs(at);
    return jobs.length > 0 && jobs;
  });
  assert.equal((await at.http('DELETE', `/jobs/${id}`, { token: ADMIN_TOKEN })).status, 200);
  const slot = await sees(bob, 'h264');
  assert.deepEqual(bob.told.map(({ state, reason }) => [state, reason]),
    [['starting', undefined], ['refused', 'failed'], ['starting', undefined], ['transcoded', undefined]]);

  const [{ id: failing }] = await listJobs(at);
  process.kill(jobProcesses(at.stateDir).pipelines[0], 'SIGKILL');
  await until('Bob is told', () => bob.told.filter(({ reason }) => reason === 'failed').length === 2, MEDIA_MS);
  const { status, body } = await at.http('GET', `/jobs/${failing}`, { token: ADMIN_TOKEN });
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(body.job.state, 'failed');
  assert.match(body.job.error, /signal 9|SIGKILL|[Kk]illed/);
  await sees(bob, 'h264', slot);
});

test('a picture that is muted is not encoded', async (t) => {
  await untilJobs(0);
  const room = newRoom();
  const eve = await enter(t, room, 'Eve');
  publish(t, room);
  const bob = await enter(t, room, 'Bob', h264);
  const slot = await sees(bob, 'h264');
  await eve.signalling.request('mute', { track: bob.told[0].track, muted: true });
  await untilJobs(0);
  assert.ok(performance.now() - slot.last.at > 2000, 'nothing comes since');
  await bob.signalling.request('ping');
  assert.deepEqual(bob.told.map(({ state }) => state), ['starting', 'transcoded'], 'none is on its way');
});

test('who comes back is told what has become of the pictures meanwhile', async (t) => {
  const at = await transcodingServer(t, { 'max-transcodes': 1 }, { rooms: { 'resume-grace-s': 20 } });
  const room = newRoom();
  const programs = ['Ann', 'Ada'].map((name) => publish(t, room, { at, name }));
  const eve = await enter(t, room, 'Eve', { at });
  await until('two are there', () => videos(eve).length === 2, MEDIA_MS);
  const bob = await enter(t, room, 'Bob', { at, ...h264 });
  const { track } = await told(bob, 'starting');
  await bob.loseSocket();
  await sees(bob, 'h264');
  assert.equal((await bob.resume(at)).resumed, true);
  hear(bob);
  await until('Bob is told of both', () => bob.told.length === 2);
  assert.deepEqual(bob.told.map(({ state, codec, reason }) => [state, codec, reason]).sort(),
    [['refused', 'H264', 'too_many'], ['transcoded', 'H264', undefined]]);
  assert.ok(bob.told.every(({ track: each, state }) => state === 'refused' || each === track));
  await Promise.all(programs.map((program) => program.leaves()));
});

test('who takes neither is told, and so is everybody where nothing is transcoded; by hand it works there, too', async (t) => {
  const at = await transcodingServer(t, { 'max-transcodes': 0 });
  const room = newRoom();
  const ann = publish(t, room, { at });
  const [bob, joe] = await Promise.all([enter(t, room, 'Bob', { at, ...h264 }), enter(t, room, 'Joe', { at, dialect: 'VP9 alone' })]);
  assert.equal((await told(bob, 'refused')).reason, 'disabled');
  assert.equal((await told(joe, 'refused')).reason, 'no_codec');
  assert.equal(counts(at), 0);

  const byHand = launchFile(t, at, 'transcode', { room, track: bob.told[0].track });
  await sees(bob, 'h264');
  await ann.leaves();
  /* The end of the stream and the server's word of it go two ways. */
  await byHand.exits();
  assert.match(byHand.output + byHand.errors, /Got EOS|not published any more/);
});

test('what an earlier server transcoded ends with it', async (t) => {
  const stateDir = mkdtempSync(join(folder, 'state-'));
  const first = await transcodingServer(t, {}, { stateDir });
  const room = newRoom();
  publish(t, room, { at: first });
  await sees(await enter(t, room, 'Bob', { at: first, mayFail: true, ...h264 }), 'h264');
  await first.kill();
  const second = await transcodingServer(t, {}, { stateDir });
  await untilJobs(0, second);
  const { body } = await second.http('GET', '/jobs', { token: ADMIN_TOKEN });
  assert.deepEqual(body.jobs, []);
});

test('what others have left behind keeps no picture from being transcoded', async (t) => {
  const stateDir = mkdtempSync(join(folder, 'state-'));
  const first = await transcodingServer(t, {}, { stateDir });
  const { id } = await startJob(first, { launch: 'videotestsrc num-buffers=1 ! filesink location=picture' });
  await untilState(first, id, 'finished');
  await first.stop();
  const of = (job, ...names) => join(stateDir, 'jobs', job, ...names);
  for (let i = 1; i < MAX_ENDED_JOBS; i++) {
    const copy = randomUUID();
    mkdirSync(of(copy));
    cpSync(of(id, 'output'), of(copy, 'output'), { recursive: true });
    for (const name of ['job.json', 'status.json'])
      writeFileSync(of(copy, name), readFileSync(of(id, name), 'utf8').replaceAll(id, copy));
  }
  const at = await transcodingServer(t, {}, { stateDir });
  await refused(at, 429, 'too_many_jobs', 'POST', '/jobs', { json: { launch: 'videotestsrc ! fakesink' }, token: ADMIN_TOKEN });
  const room = newRoom();
  publish(t, room, { at });
  await sees(await enter(t, room, 'Bob', { at, ...h264 }), 'h264');
  assert.equal((await listJobs(at)).length, MAX_ENDED_JOBS + 1);
});

test('of several sizes the largest that somebody has use for is taken, of 720 lines at most', async (t) => {
  const at = await transcodingServer(t, { 'max-transcodes': 0 });
  const room = newRoom();
  const ann = await Peer.join(t, at, room, 'Ann', { simulcast: true, subscribe: false });
  const sizes = [[480, 270], [960, 540], [1920, 1080]];
  ann.publisher.track('camera').layers.forEach(({ media }, index) => {
    [media.size] = [{ width: sizes[index][0], height: sizes[index][1] }];
  });
  const wanted = [];
  ann.signalling.on('layers_wanted', ({ layers }) => wanted.push(layers.length));
  await ann.start('camera');
  const track = ann.tracks.get('camera').id;
  launch(t, at, `salonsrc SERVER room=${room} transcodes=${track} ! fakesink`);
  await until('one size is wanted', () => wanted.at(-1) === 1, MEDIA_MS);
  const bob = await enter(t, room, 'Bob', { at, ...h264 });
  await until('two sizes are wanted', () => wanted.at(-1) === 2, MEDIA_MS);
  await bob.signalling.request('track_settings', { track, width: 320, height: 180 });
  await until('one size is wanted again', () => wanted.at(-1) === 1, MEDIA_MS);
});

test('only programs of this machine transcode, and only pictures that there are', async (t) => {
  const room = newRoom();
  const ann = await Peer.join(t, server, room, 'Ann');
  const request = { room, track: ann.tracks.get('camera').id, receive: false };
  const remote = await connect(t, server);
  assert.equal(await reasonOf(remote.request('transcode', request)), 'forbidden');
  const local = await connect(t, server, { socket: join(server.stateDir, 'salon.sock') });
  for (const [reason, change] of [['unknown_track', { track: ann.tracks.get('microphone').id }],
    ['unknown_track', { track: ann.id }], ['unknown_track', { room: newRoom() }], ['invalid_params', { room: ' ' }]])
    assert.equal(await reasonOf(local.request('transcode', { ...request, ...change })), reason);
  await local.request('transcode', request);
  assert.equal(await reasonOf(local.request('transcode', request)), 'already_joined');
  assert.equal(await reasonOf(local.request('join', { sid: room, name: 'Bob' })), 'already_joined');
  const goodbye = new Promise((resolve) => local.on('bye', resolve));
  await ann.leave();
  assert.equal((await goodbye).reason, 'track_ended');
});
