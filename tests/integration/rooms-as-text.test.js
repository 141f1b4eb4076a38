/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A room as a drawing, which Graphviz reads, and as lines for a shell, which are run: whatever people are called. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as runner from 'node:test';
import { killJobs, startJob, untilJob } from '../lib/jobs.js';
import { Peer } from '../lib/peer.js';
import { enter, newRoom } from '../lib/people.js';
import { MEDIA_MS, Program } from '../lib/program.js';
import { TALKING_SINKS, countSinkBuffers } from '../lib/readme.js';
import { checkHttpError } from '../lib/schema.js';
import { ADMIN_TOKEN, serverPath, startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;
const PLUGIN_DIR = join(dirname(serverPath()), 'plugin');
const SALONCTL = process.env.SALONCTL ?? join(dirname(serverPath()), 'tools/salonctl');

const folder = mkdtempSync(join(tmpdir(), 'salon-text-'));
runner.after(() => rmSync(folder, { recursive: true, force: true }));
const server = await startServer(runner);

/* What a name must not do, in quotes of any kind, or behind the end of a line. */
const HOSTILE = ['$(touch pwned)', '`touch pwned`', '"; touch pwned; "', '\'; touch pwned; \'', '\\"', 'a\ntouch pwned',
                 '" ] "e1" -> "e9', '\\N<b>&lt;', '室 🎥 "é"', 'NULL', '! fakesink', 'Ann \\'];

async function createRoom() {
  const { status, body } = await server.http('POST', '/room/create', { json: { slug: newRoom() } });
  assert.equal(status, 201);
  return { slug: body.room.slug, token: body.owner_token };
}

async function get(room, what, token = ADMIN_TOKEN) {
  const { status, body, headers } = await server.http('GET', `/room/${room}/${what}`, { token });
  assert.equal(status, 200, JSON.stringify(body));
  return { text: body, type: headers.get('content-type') };
}

/* What Graphviz makes of a drawing: { title, boxes: [{ label, elements: [label] }], links: [[from, to, style]] }. */
function read(dot) {
  const { status, stdout, stderr } = spawnSync('dot', ['-Tjson0'], { input: dot, encoding: 'utf8', maxBuffer: 1 << 26 });
  assert.equal(`${status} ${stderr}`, '0 ', dot);
  const { label, objects = [], edges = [] } = JSON.parse(stdout);
  const labelOf = (index) => objects[index].label;
  return {
    title: label,
    boxes: objects.filter(({ nodes, name }) => nodes && /^cluster_\d+$/.test(name))
      .map((box) => ({ label: box.label, elements: box.nodes.map(labelOf) })),
    links: edges.map(({ tail, head, style }) => [labelOf(tail), labelOf(head), style]),
  };
}

/* The same characters, but for those that a label can't have. */
const readable = (text) => text.replace(/[\n\t]/g, ' ');

/* A line in a shell, in a folder of its own. */
function paste(t, line, { env = {}, cwd = folder } = {}) {
  return new Program(t, 'bash', ['-c', line], { GST_PLUGIN_PATH: PLUGIN_DIR, ...env }, cwd);
}

/* A program that publishes. */
async function showFilm(t, room) {
  const film = paste(t, `gst-launch-1.0 -m videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=15/1 !
    salonsink server=${server.stateDir}/salon.sock room=${room} name=Film audiotestsrc is-live=true ! Film.`.replace(/\n/g, ' '));
  await film.prints(/salon-attached/);
  return film;
}

test('a room is drawn with everybody\'s elements in their box, and what goes where', async (t) => {
  const room = await createRoom();
  const ann = await Peer.join(t, server, room.slug, 'Ann');
  const bob = await Peer.join(t, server, room.slug, 'Bob', { publish: null });
  await ann.start();
  await bob.start();
  await showFilm(t, room.slug);
  let drawing;
  await until('Bob is sent the film, of which the codec is known', async () => {
    const { text, type } = await get(room.slug, 'graph');
    assert.equal(type, 'text/vnd.graphviz; charset=utf-8');
    drawing = read(text);
    return drawing.boxes.find(({ label }) => label === 'Film')?.elements.includes('tee\\ncamera 160x120 VP8')
      && drawing.links.filter(([from, to]) => /^tee\\ncamera/.test(from) && /^salonslot/.test(to)).length >= 3;
  }, MEDIA_MS);
  assert.equal(drawing.title, room.slug);
  assert.deepEqual(drawing.boxes.map(({ label }) => label).sort(), ['Ann', 'Bob', 'Film']);
  const elementsOf = (name) => drawing.boxes.find(({ label }) => label === name).elements.join();
  assert.match(elementsOf('Ann'), /webrtcbin\\npublisher/);
  assert.match(elementsOf('Ann'), /tee\\nmicrophone OPUS/);
  assert.match(elementsOf('Bob'), /salonslot\\nsubscriber-1-video-\d.*SalonSender/);
  assert.doesNotMatch(elementsOf('Bob'), /tee/);
  assert.match(elementsOf('Film'), /SalonWire\\na program of this machine/);
  const way = ['SalonWire', 'tee\\ncamera 160x120', 'salonslot\\nsubscriber-1-video', 'SalonSender'];
  for (let i = 1; i < way.length; i++)
    assert.ok(drawing.links.some(([from, to]) => from.startsWith(way[i - 1]) && to.startsWith(way[i])), `${way[i - 1]} -> ${way[i]}`);
  const full = (await get(room.slug, 'graph?detail=full', room.token)).text;
  assert.ok(read(full).links.length > drawing.links.length);
  assert.match(full, /"rtpbin/);
  assert.match(full, /application\/x-rtp, media=\(string\)video/);
});

test('each track\'s line brings its media, each person\'s puts the same in its place, and a job\'s does as the job', async (t) => {
  const room = await createRoom();
  t.after(() => killJobs(server.stateDir));
  const film = await showFilm(t, room.slug);
  const location = join(folder, 'film.mkv');
  const { id } = await startJob(server, { room: room.slug, launch: `salonsrc name=r server=${server.stateDir}/salon.sock
    room=${room.slug} participant=Film kind=video display-name="Job's own" ! matroskamux ! filesink location=film.mkv`.replace(/\s+/g, ' ') });
  await untilJob(server, id, 'writes', ({ buffers }) => buffers > 0);
  let text;
  await until('the film\'s codecs are known', async () => {
    ({ text } = await get(room.slug, 'lines'));
    return /# Film\n# camera, VP8\n.*\n# microphone, OPUS\n|# Film\n# microphone, OPUS\n.*\n# camera, VP8\n/.test(text);
  }, MEDIA_MS);
  assert.match(text, new RegExp(`^export GST_PLUGIN_PATH='?${PLUGIN_DIR}'?$`, 'm'));
  const standIn = text.match(/^gst-launch-1.0 -e salonsink .*display-name=Film .*/m)[0];
  const job = text.split(`# job ${id.slice(0, 8)}\n`)[1].trim();
  await film.interrupt();
  await until('it is gone', async () => !(await get(room.slug, 'lines')).text.includes('# Film'));

  const again = paste(t, standIn);
  let views;
  await until('it is there again', async () => {
    views = (await get(room.slug, 'lines')).text.split(/# Film\n/)[1]?.match(/^gst-launch-1.0 salonsrc .*/gm) ?? [];
    return views.length === 2;
  }, MEDIA_MS);
  for (const line of views) {
    const viewer = paste(t, line, { env: TALKING_SINKS });
    await until('something is shown or played', () => {
      assert.equal(viewer.status, undefined, viewer.errors.slice(-2000));
      return countSinkBuffers(viewer).some((count) => count >= 5);
    }, MEDIA_MS);
    await viewer.interrupt();
  }
  const recorder = paste(t, job);
  await until('it writes', () => (statSync(location, { throwIfNoEntry: false })?.size ?? 0) > 5000, MEDIA_MS);
  assert.equal(await recorder.interrupt(), 0, recorder.errors);
  assert.equal(await again.interrupt(), 0, again.errors);
});

test('of several sizes one is enough to know what a picture comes in', async (t) => {
  const room = await createRoom();
  const ann = await Peer.join(t, server, room.slug, 'Ann', { simulcast: true, subscribe: false });
  await ann.publishing;
  ann.publisher.track('camera').layers.at(-1).media.start();
  await until('it is known', async () => /^# camera, VP8$/m.test((await get(room.slug, 'lines')).text), MEDIA_MS);
});

test('names and rooms do nothing but be read', async (t) => {
  const room = newRoom('"$(touch pwned)');
  for (const name of HOSTILE)
    await enter(t, server, room, name);
  const publisher = await Peer.join(t, server, room, HOSTILE.slice(0, 4).join(''), { subscribe: false });
  await publisher.start();
  const path = encodeURIComponent(room);
  const { text } = await get(path, 'graph');
  const { title, boxes, links } = read(text);
  assert.equal(title, room);
  /* Graphviz tells labels as they were written. */
  const labels = boxes.map(({ label }) => label.replaceAll('&amp;', '&').replace(/\\(.)/g, '$1'));
  for (const name of HOSTILE)
    assert.ok(labels.includes(readable(name)), `${JSON.stringify(name)} in ${JSON.stringify(labels)}`);
  assert.ok(!links.some(([from, to]) => /^e\d/.test(from + to)));
  await until('the picture is known', async () => /salonsink .*pwned/.test((await get(path, 'lines')).text), MEDIA_MS);
  const lines = (await get(path, 'lines')).text;
  /* A shell reads all of it, and runs nothing but what it is to run. */
  const check = paste(t, `gst-launch-1.0 () { printf '%s\\n' "$@" >> ran; }\n${lines}`);
  assert.equal(await check.exits(), 0, check.errors);
  assert.equal(check.errors, '');
  assert.ok(existsSync(join(folder, 'ran')));
  assert.ok(!existsSync(join(folder, 'pwned')));
});

test('it is for the administrator and the room\'s owner', async () => {
  const [mine, theirs] = [await createRoom(), await createRoom()];
  for (const what of ['graph', 'lines']) {
    for (const token of [undefined, 'x', theirs.token]) {
      const { status, body } = await server.http('GET', `/room/${mine.slug}/${what}`, { token });
      assert.equal(status, 401);
      checkHttpError(body);
    }
    assert.equal((await server.http('GET', `/room/${newRoom()}/${what}`, { token: ADMIN_TOKEN })).status, 404);
    await get(mine.slug, what, mine.token);
  }
  assert.equal((await server.http('GET', `/room/${mine.slug}/graph?detail=more`, { token: mine.token })).status, 422);
  assert.equal((await server.http('GET', `/room/${mine.slug}/other`, { token: mine.token })).status, 404);
  read((await get(mine.slug, 'graph', mine.token)).text);
});

test('an owner\'s lines reach the server from anywhere, and tell no text of the administrator\'s', async (t) => {
  const room = await createRoom();
  t.after(() => killJobs(server.stateDir));
  await startJob(server, { room: room.slug, launch: 'videotestsrc is-live=true ! fakesink name=secret' });
  const ann = await Peer.join(t, server, room.slug, 'Ann', { subscribe: false });
  await ann.start();
  await until('Ann is known', async () => /salonsrc/.test((await get(room.slug, 'lines', room.token)).text));
  const { text } = await get(room.slug, 'lines', room.token);
  assert.match(text, new RegExp(`^gst-launch-1.0 salonsrc server=${server.url.slice(0, -1)} room=${room.slug} participant=`, 'm'));
  assert.doesNotMatch(text, /secret|GST_PLUGIN_PATH|salon\.sock/);
  assert.match((await get(room.slug, 'lines')).text, /name=secret/);
});

test('lines have the secrets of jobs for nobody', async (t) => {
  const room = await createRoom();
  t.after(() => killJobs(server.stateDir));
  await startJob(server, { room: room.slug, pipeline: 'pull-stream', parameters: { url: 'rtsp://ann:pass-1234@127.0.0.1:9/key-1234' } });
  for (const token of [ADMIN_TOKEN, room.token]) {
    const { text } = await get(room.slug, 'lines', token);
    assert.match(text, /^gst-launch-1.0 -e salonmediasrc name=stream .*location="\*\*\*"' decode=true/m);
    assert.doesNotMatch(text, /pass-1234|key-1234/);
  }
});

test('a room is drawn once at a time', async (t) => {
  const room = await createRoom();
  await showFilm(t, room.slug);
  const ask = async () => (await server.http('GET', `/room/${room.slug}/graph?detail=full`, { token: ADMIN_TOKEN })).status;
  await until('some are told to wait, and one is not', async () => {
    const statuses = await Promise.all(Array.from({ length: 20 }, ask));
    assert.ok(statuses.includes(200) && statuses.every((status) => status === 200 || status === 429), statuses.join());
    return statuses.includes(429);
  }, MEDIA_MS);
  await get(room.slug, 'graph');
});

test('salonctl prints both', async () => {
  const room = await createRoom();
  const run = (...words) => spawnSync(SALONCTL, [`--server=${server.url}`, `--token=${room.token}`, ...words], { encoding: 'utf8' });
  for (const words of [['graph', room.slug], ['graph', room.slug, '--full']]) {
    const { status, stdout, stderr } = run('room', ...words);
    assert.equal(status, 0, stderr);
    read(stdout);
  }
  assert.match(run('room', 'lines', room.slug).stdout, /^# room-\d/);
  const refused = run('room', 'graph', 'nosuch');
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /no such room/);
});
