/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pipelines that bring streams into a room, and out of it, by hand and as jobs. */

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as runner from 'node:test';
import { defer } from '../lib/cleanup.js';
import { changeJob, getJob, killJobs, startJob, untilJob, untilState } from '../lib/jobs.js';
import { newRoom } from '../lib/people.js';
import { analyse, isLoud, isWhite, launchFile, launchText, picturesOf, runText, soundOf, watch } from '../lib/pipelines.js';
import { hasNginx, hasRtspServer, startDisplay, startNginx, startRtspServer } from '../lib/media-servers.js';
import { findPort } from '../lib/port.js';
import { MEDIA_MS } from '../lib/program.js';
import { ADMIN_TOKEN, startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;

const folder = mkdtempSync(join(tmpdir(), 'salon-streaming-'));
const media = join(folder, 'media');
defer(runner, () => rmSync(folder, { recursive: true, force: true }));

/* A second of white with a tone, exactly: 30 pictures, and 50 packets of sound. */
const SECOND = { pictures: 30, packets: 50 };
const PICTURES = `videotestsrc pattern=white num-buffers=${SECOND.pictures} ! video/x-raw,format=I420,width=160,height=120,framerate=30/1`;
const SOUND = `audiotestsrc num-buffers=${SECOND.packets} samplesperbuffer=960 ! audio/x-raw,rate=48000,channels=2`;
const FILMS = {
  'film.webm': `webmmux name=m ! filesink location=film.webm ${PICTURES} ! vp8enc deadline=1 ! m. ${SOUND} ! opusenc ! m.`,
  'film.mp4': `mp4mux name=m ! filesink location=film.mp4 ${PICTURES} ! x264enc tune=zerolatency ! h264parse ! m.
    ${SOUND} ! avenc_aac ! aacparse ! m.`,
  'film.ts': `mpegtsmux name=m ! filesink location=film.ts ${PICTURES} ! x264enc bframes=2 ! m. ${SOUND} ! avenc_aac ! m.`,
};
mkdirSync(media);
for (const text of Object.values(FILMS))
  runText(text, media);
const film = (name) => join(media, name);

/* Jobs say more than they mostly do: what they are to play, above all. */
const server = await startServer(runner, { stateDir: mkdtempSync(join(folder, 'state-')), env: { GST_DEBUG: 'uridecodebin:6' },
  config: { jobs: { 'job-media-dirs': media, 'job-elements': 'ximagesrc', 'job-restarts': 3, 'max-jobs': 20 } } });
defer(runner, () => killJobs(server.stateDir));

/* Jobs get what processor time the others leave. */
const JOB_MEDIA_MS = 2 * MEDIA_MS;

/* A job in a room of its own. */
async function startInRoom(pipeline, parameters) {
  const { status, body } = await server.http('POST', '/room/create', { json: { slug: newRoom() } });
  assert.equal(status, 201);
  const job = await startJob(server, { room: body.room.slug, pipeline, parameters });
  return { job, room: body.room.slug };
}

/* It comes to its end by itself: the only error that may be told is that of an attempt before. */
async function stopJob(id) {
  const { error } = await getJob(server, id);
  await changeJob(server, id, { stop: true });
  assert.equal((await untilState(server, id, 'stopped')).error, error);
}

async function seesWhite(viewer, count = 10) {
  await until(`${count} white pictures come`, () => picturesOf(viewer).filter(isWhite).length >= count, JOB_MEDIA_MS);
}

async function hears(viewer, count = 25) {
  await until('it is heard', () => soundOf(viewer).filter(isLoud).length >= count, JOB_MEDIA_MS);
}

runner.describe('files', { concurrency: 3 }, () => {
  for (const name of Object.keys(FILMS))
    test(`${name} is played several times without a seam`, async (t) => {
      const player = launchText(t, `salonmediasrc location=${film(name)} loops=3 name=f ${analyse('f.video', 'f.audio')}`);
      assert.equal(await player.exits(), 0, player.errors);
      const times = picturesOf(player).map(({ time }) => time);
      assert.equal(times.length, 3 * SECOND.pictures);
      const steps = times.slice(1).map((time, i) => time - times[i]);
      /* AAC lasts some 20 ms longer than the pictures. */
      assert.ok(Math.min(...steps) > 0.02 && Math.max(...steps) < 0.1, `${Math.min(...steps)} to ${Math.max(...steps)}`);
      const sound = soundOf(player);
      assert.ok(sound.length >= 3 * SECOND.packets - 1 && sound.length <= 3 * SECOND.packets + 10, `${sound.length}`);
      /* Encoders begin and end a file with up to 64 ms that are none of its. */
      assert.ok(sound.filter((part) => !isLoud(part)).length <= 3 * 3);
    });

  test('a file without sound is played, and one that lasts no time is not played for ever', async (t) => {
    const silent = join(folder, 'silent.webm');
    runText(`${PICTURES} ! vp8enc deadline=1 ! webmmux ! filesink location=${silent}`);
    const player = launchText(t, `salonmediasrc location=${silent} loops=2 name=f ${analyse('f.video', 'f.audio')}`);
    assert.equal(await player.exits(), 0, player.errors);
    assert.equal(picturesOf(player).length, 2 * SECOND.pictures);
    const picture = join(folder, 'picture.png');
    runText(`videotestsrc num-buffers=1 ! pngenc ! filesink location=${picture}`);
    const still = launchText(t, `salonmediasrc location=${picture} loops=0 ! fakesink`);
    assert.notEqual(await still.exits(), 0);
    assert.match(still.errors, /lasts no time/);
    const none = launchText(t, 'salonmediasrc ! fakesink');
    assert.notEqual(await none.exits(), 0);
    assert.match(none.errors, /Set the property location/);
  });

  test('a file that is played for ever ends when it is told to', async (t) => {
    const player = launchText(t, `salonmediasrc location=${film('film.webm')} loops=0 name=f ${analyse('f.video ! clocksync', 'f.audio')}`);
    await until('it is in its second round', () => picturesOf(player).length > SECOND.pictures + 5, MEDIA_MS);
    assert.equal(await player.interrupt(), 0, player.errors);
    assert.match(player.output, /eos|Got EOS/);
  });
});

runner.describe('into a room', { concurrency: 3 }, () => {
  test('play-file plays a file in a room, as it is, and leaves', async (t) => {
    const room = newRoom();
    const viewer = launchText(t, `salonsrc server=${join(server.stateDir, 'salon.sock')} room=${room} name=s
      s.video_0 ! queue ! video/x-h264 ! h264parse ! avdec_h264 ! videoanalyse ! fakesink sync=false`);
    await viewer.prints(/salon-attached/);
    const player = launchFile(t, server, 'play-file', { room, location: film('film.mp4'), loops: 3, decode: false });
    await seesWhite(viewer, SECOND.pictures);
    assert.equal(await player.exits(), 0, player.errors);
    assert.equal(await viewer.exits(), 0, viewer.errors);
  });

  test('play-file is a job, which finishes with its last round', async (t) => {
    const { job, room } = await startInRoom('play-file', { location: film('film.mp4'), loops: 3, name: 'The film' });
    const viewer = await watch(t, server, room);
    await seesWhite(viewer, SECOND.pictures + 10);
    await hears(viewer, SECOND.packets + 10);
    assert.match(viewer.output, /salon-track, event=\(string\)added,.* name=\(string\)"The\\ film"/);
    assert.equal((await untilState(server, job.id, 'finished')).restarts, 0);
    assert.equal(await viewer.exits(), 0, viewer.errors);
    const other = await startInRoom('play-file', { location: join(folder, 'silent.webm') });
    await untilJob(server, other.job.id, 'may not read it', ({ error }) => /filesrc|source/.test(error ?? ''));
  });

  test('test-pattern is a participant, by hand and as a job', async (t) => {
    const { job, room } = await startInRoom('test-pattern', { pattern: 'white', wave: 'sine' });
    const viewer = await watch(t, server, room);
    await seesWhite(viewer);
    await hears(viewer);
    await stopJob(job.id);
    assert.equal(await viewer.exits(), 0, viewer.errors);
    const other = newRoom();
    const second = await watch(t, server, other);
    launchFile(t, server, 'test-pattern', { room: other, pattern: 'white', 'video-codec': 'h264' });
    await seesWhite(second);
  });

  test('screen shows an X display, by hand, and as a job where the administrator allows it', async (t) => {
    const display = await startDisplay(t);
    const { job, room } = await startInRoom('screen', { display, pointer: false });
    const viewer = await watch(t, server, room);
    await seesWhite(viewer);
    assert.match(viewer.output, /salon-track, event=\(string\)added,.* source=\(string\)screen\b/);
    await stopJob(job.id);
    const other = newRoom();
    const second = await watch(t, server, other);
    launchFile(t, server, 'screen', { room: other, display });
    await seesWhite(second);
  });
});

/* The command lines of all processes. */
function commandLines() {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    } catch {
      return '';
    }
  }).join('\n');
}

test('nobody is told the secrets in a job\'s URLs', async () => {
  const secrets = ['a-stream-key', 'hunter2hunter2'];
  const port = await findPort();
  for (const url of [`rtmp://127.0.0.1:${port}/live/${secrets[0]}`, `rtsp://ann:${secrets[1]}@127.0.0.1:${port}/door`]) {
    const { job, room } = await startInRoom('pull-stream', { url, name: 'Camera' });
    assert.deepEqual(job.parameters, { url: '***', name: 'Camera' });
    const broken = await untilJob(server, job.id, 'cannot connect', ({ error }) => error !== null);
    const { body } = await server.http('GET', `/jobs?room=${room}`, { token: ADMIN_TOKEN });
    assert.deepEqual(body.jobs[0].parameters, job.parameters);
    const files = ['log', 'status.json'].map((name) => readFileSync(join(broken.folder, name), 'utf8'));
    const told = [JSON.stringify(broken), JSON.stringify(body), ...files, server.errors, commandLines()].join('\n');
    assert.match(broken.log.join('\n'), /\*\*\*/);
    assert.ok(secrets.every((secret) => !told.includes(secret)), told.match(/.*(a-stream-key|hunter2).*/)?.[0]);
    assert.equal(statSync(join(broken.folder, 'job.json')).mode & 0o077, 0);
    await server.http('DELETE', `/jobs/${job.id}`, { token: ADMIN_TOKEN });
  }
});

runner.describe('pictures of a room', { concurrency: 2 }, () => {
  test('thumbnails keeps the latest picture, whole', async (t) => {
    const room = newRoom();
    const at = mkdtempSync(join(folder, 'thumbnails-'));
    const file = join(at, 'thumbnail.jpg');
    launchFile(t, server, 'test-pattern', { room, name: 'Ann', pattern: 'white' });
    launchFile(t, server, 'thumbnails', { room, interval: 1, width: 160, height: 90 }, { cwd: at });
    const inodes = new Set();
    await until('there were three', () => {
      if (existsSync(file)) {
        const data = readFileSync(file);
        assert.deepEqual([data.readUInt16BE(0), data.readUInt16BE(data.length - 2)], [0xffd8, 0xffd9], 'whole');
        inodes.add(statSync(file).mtimeMs);
      }
      return inodes.size >= 3;
    }, MEDIA_MS);
    const shown = launchText(t, `filesrc location=${file} ! jpegdec ! video/x-raw,width=160,height=90 ! videoconvert ! videoanalyse ! fakesink`);
    assert.equal(await shown.exits(), 0, shown.errors);
    assert.ok(isWhite(picturesOf(shown)[0]));
    assert.deepEqual(readdirSync(at), ['thumbnail.jpg']);
  });

  test('thumbnails is a job, of one participant, and keeps as many as it is told', async (t) => {
    const { job, room } = await startInRoom('thumbnails', { participant: 'Ann', speaker: false, interval: 1,
      location: 'thumbnail-%02d.jpg', 'max-files': 2 });
    for (const [name, pattern] of [['Bob', 'black'], ['Ann', 'white']])
      launchFile(t, server, 'test-pattern', { room, name, pattern });
    const output = join((await untilJob(server, job.id, 'has made 4', ({ buffers }) => buffers >= 4)).folder, 'output');
    await stopJob(job.id);
    const files = readdirSync(output).sort();
    assert.equal(files.length, 2);
    for (const file of files) {
      const shown = launchText(t, `filesrc location=${join(output, file)} ! jpegdec ! videoconvert ! videoanalyse ! fakesink`);
      assert.equal(await shown.exits(), 0, shown.errors);
      assert.ok(isWhite(picturesOf(shown)[0]));
    }
  });
});

/* One room that all are taken from: white, with a tone. */
const stage = newRoom();
const SMALL = { width: 160, height: 90, framerate: 15, 'video-kbps': 200 };

async function onStage() {
  const { status, body } = await server.http('POST', '/room/create', { json: { slug: stage } });
  assert.equal(status, 201);
  await startJob(server, { room: body.room.slug, pipeline: 'test-pattern', parameters: { pattern: 'white', wave: 'sine' } });
}

/* What is played, from a URL or a file. */
function play(t, location) {
  return launchText(t, `salonmediasrc location=${location} name=f ${analyse('f.video', 'f.audio')}`);
}

async function seesAndHears(viewer) {
  await seesWhite(viewer);
  await hears(viewer);
}

runner.describe('out of a room', { concurrency: 2 }, () => {
  runner.before(onStage);

  test('rtmp reaches nginx, which records it and passes it on; and does so again when it was away', {
    skip: !hasNginx && 'libnginx-mod-rtmp is not installed',
  }, async (t) => {
    const at = mkdtempSync(join(folder, 'nginx-'));
    const nginx = await startNginx(t, at);
    const url = `${nginx.url}/a-stream-key`;
    const job = await startJob(server, { room: stage, pipeline: 'rtmp', parameters: { url, ...SMALL } });
    assert.equal(job.parameters.url, '***');
    await untilState(server, job.id, 'running');
    const { job: pull, room } = await startInRoom('pull-stream', { url });
    const viewer = await watch(t, server, room);
    await seesAndHears(viewer);
    await stopJob(pull.id);
    nginx.program.signal('SIGTERM');
    await nginx.program.exits();
    const file = play(t, join(at, 'a-stream-key.flv'));
    assert.equal(await file.exits(), 0, file.errors);
    assert.ok(picturesOf(file).filter(isWhite).length >= 10);
    assert.ok(soundOf(file).filter(isLoud).length >= 25);
    const broken = await untilJob(server, job.id, 'broke', ({ restarts }) => restarts > 0);
    assert.ok(!JSON.stringify(broken).includes('a-stream-key'), broken.error);
    rmSync(join(at, 'a-stream-key.flv'));
    await startNginx(t, at, nginx.port);
    const recorded = () => statSync(join(at, 'a-stream-key.flv'), { throwIfNoEntry: false })?.size ?? 0;
    await until('nginx records anew', () => recorded() > 20000, JOB_MEDIA_MS);
    await stopJob(job.id);
  });

  test('srt is called, or calls', async (t) => {
    const listening = `srt://:${await findPort()}?mode=listener`;
    const job = await startJob(server, { room: stage, pipeline: 'srt', parameters: { url: listening, ...SMALL } });
    await untilState(server, job.id, 'running');
    await seesAndHears(play(t, listening.replace('srt://:', 'srt://127.0.0.1:').replace('listener', 'caller')));
    await stopJob(job.id);
    /* The passphrase has to be the same at both ends. */
    const port = await findPort();
    const { job: pull, room } = await startInRoom('pull-stream', { url: `srt://:${port}?mode=listener&passphrase=open-sesame` });
    const viewer = await watch(t, server, room);
    launchFile(t, server, 'srt', { room: stage, url: `srt://127.0.0.1:${port}?mode=caller&passphrase=open-sesame`, ...SMALL });
    await seesAndHears(viewer);
    await stopJob(pull.id);
  });

  test('rtsp is recorded by a server, and brought from it, with a password', {
    skip: !hasRtspServer && 'libgstrtspserver-1.0-dev is not installed',
  }, async (t) => {
    const recorded = join(mkdtempSync(join(folder, 'rtsp-')), 'recorded.mkv');
    const { host } = await startRtspServer(t, recorded);
    const job = await startJob(server, { room: stage, pipeline: 'rtsp', parameters: { url: `rtsp://ann:open-sesame@${host}/record`, ...SMALL } });
    const { job: pull, room } = await startInRoom('pull-stream', { url: `rtsp://ann:open-sesame@${host}/door` });
    await seesAndHears(await watch(t, server, room));
    await stopJob(pull.id);
    const files = [`${recorded}.0`, `${recorded}.1`];
    await until('it is recorded', () => files.every((file) => existsSync(file) && statSync(file).size > 40000), MEDIA_MS);
    await stopJob(job.id);
    const played = files.map((file) => play(t, file));
    for (const file of played)
      assert.equal(await file.exits(), 0, file.errors);
    assert.ok(played.some((file) => picturesOf(file).filter(isWhite).length >= 10));
    assert.ok(played.some((file) => soundOf(file).filter(isLoud).length >= 25));
  });

  test('hls keeps a playlist and its last segments, and ends it', async (t) => {
    const job = await startJob(server, { room: stage, pipeline: 'hls',
      parameters: { segment: 1, segments: 3, files: 4, ...SMALL } });
    const { folder: at } = await untilState(server, job.id, 'running');
    const output = join(at, 'output');
    const list = () => readFileSync(join(output, 'playlist.m3u8'), 'utf8');
    await until('segments go', () => existsSync(join(output, 'playlist.m3u8')) && /MEDIA-SEQUENCE:[3-9]/.test(list()), MEDIA_MS);
    assert.ok(!/ENDLIST/.test(list()));
    await stopJob(job.id);
    assert.match(list(), /#EXT-X-ENDLIST/);
    const segments = list().match(/^segment-0-\d+\.ts$/mg);
    assert.equal(segments.length, 3);
    const files = readdirSync(output).filter((name) => name.endsWith('.ts'));
    assert.ok(files.length <= 5 && segments.every((name) => files.includes(name)), files.join());
    for (const [, seconds] of list().matchAll(/#EXTINF:([\d.]+)/g))
      assert.ok(Number(seconds) < 2, list());
    /* Each can be shown without those before it. */
    const segment = play(t, join(output, segments[0]));
    assert.equal(await segment.exits(), 0, segment.errors);
    assert.ok(picturesOf(segment).filter(isWhite).length >= 10);
  });
});
