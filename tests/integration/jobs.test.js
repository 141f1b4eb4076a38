/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pipelines in processes of their own: what they do, and above all what they cannot do. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as runner from 'node:test';
import { defer } from '../lib/cleanup.js';
import { buffersOf } from '../lib/elements.js';
import { changeJob, getJob, jobProcesses, killJobs, refused, startJob, untilJob, untilState } from '../lib/jobs.js';
import { readLog } from '../lib/log.js';
import { enter, newRoom } from '../lib/people.js';
import { askEmbedded } from '../lib/redis.js';
import { checkHttp } from '../lib/schema.js';
import { ADMIN_TOKEN, isAlive, serverPath, startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;

const PICTURE = 'videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=15/1';
const HOSTILE_DIR = join(dirname(serverPath()), '../tests/integration/hostile');

/* What takes a mount namespace to be hidden, which not everybody may have. */
const HIDDEN = ['redis', 'keeper'];
const CAN_HIDE = spawnSync('unshare', ['--mount', 'true']).status === 0
  || spawnSync('unshare', ['--user', '--mount', 'true']).status === 0;

/* Of the whole file: pipelines to choose from, media to read, and a secret to leave alone. */
const folder = mkdtempSync(join(tmpdir(), 'salon-jobs-'));
const pipelines = join(folder, 'pipelines');
const media = join(folder, 'media');
const secret = join(folder, 'secret');
defer(runner, () => rmSync(folder, { recursive: true, force: true }));
mkdirSync(pipelines);
mkdirSync(media);
writeFileSync(secret, 'a secret');
writeFileSync(join(media, 'film'), 'a film');
writeFileSync(join(pipelines, 'record.launch'), `# Records a test picture.
#
#   picture -> clock -> VP8 -> file
param pattern = ball  # of videotestsrc
param title = Hello  # shown in the picture
param size = 160
param loud = true
param sink = filesink location=picture.webm
videotestsrc is-live=true pattern=\${pattern} ! video/x-raw,width=\${size},height=120,framerate=15/1
! textoverlay name=overlay text="\${title}" silent=\${loud} ! vp8enc deadline=1 ! webmmux ! \${sink}
`);
writeFileSync(join(pipelines, 'of-room.launch'), `# Knows its room.
param room = demo
${PICTURE} ! textoverlay name=overlay text="\${room}" ! fakesink
`);
writeFileSync(join(pipelines, 'write.launch'), `# Writes what is nobody's business.
secret location = nowhere
fakesrc ! filesink location=\${location}
`);
writeFileSync(join(pipelines, 'broken.launch'), 'param size\n');
writeFileSync(join(pipelines, 'client.launch'), '# Joins by itself.\nkind client\nwebrtcbin name=subscriber\n');

const JOBS = { 'pipelines-dir': pipelines, 'job-media-dirs': media, 'job-elements': 'hostile', 'job-hang-s': 5,
               'job-restarts': 1, 'job-output-mb': 4, 'job-memory-mb': 512, 'max-jobs': 50 };
/* One registry for all, made by whoever comes first. */
const ENVIRONMENT = { SALON_TEST_SECRET: 'secret', GST_PLUGIN_PATH: HOSTILE_DIR, GST_REGISTRY: join(folder, 'registry.bin') };

async function jobServer(t, { jobs = {}, stateDir } = {}) {
  const directory = stateDir ?? mkdtempSync(join(folder, 'state-'));
  defer(t, () => killJobs(directory));
  return await startServer(t, { stateDir: directory, env: ENVIRONMENT,
                                config: { jobs: { ...JOBS, ...jobs }, log: { 'log-format': 'json' } } });
}

const server = await jobServer(runner);

async function createRoom(at = server) {
  const { status, body } = await at.http('POST', '/room/create', { json: { slug: newRoom() } });
  assert.equal(status, 201);
  return { slug: body.room.slug, id: body.room.id, token: body.owner_token };
}

function launch(text, at = server) {
  return startJob(at, { launch: text });
}

async function deleteJob(id, token = ADMIN_TOKEN) {
  const { status, body } = await server.http('DELETE', `/jobs/${id}`, { token });
  assert.equal(status, 200, JSON.stringify(body));
  checkHttp('deleteJobResponse', body);
}

async function startRefused(status, reason, json, token = ADMIN_TOKEN) {
  return await refused(server, status, reason, 'POST', '/jobs', { json, token });
}

function eventsOf(at, id) {
  const text = at.errors.slice(0, at.errors.lastIndexOf('\n') + 1);
  return readLog(text).filter(({ job }) => job === id).map(({ event }) => event);
}

/* What a job wrote is whole when GStreamer reads it to its end. */
function decode(path) {
  const { status, stdout, stderr } = spawnSync('gst-launch-1.0', ['-m', 'filesrc', `location=${path}`, '!',
    'matroskademux', '!', 'vp8dec', '!', 'fakesink', 'sync=false'], { encoding: 'utf8', timeout: 30000 });
  assert.equal(status, 0, stderr);
  return stdout;
}

test('a job by name runs, tells how it fares, and finishes its file when it is stopped', async () => {
  const room = await createRoom();
  const job = await startJob(server, { room: room.slug, pipeline: 'record', parameters: { title: 'Ann ! & \'Bob\' (1)', size: 320 } });
  assert.deepEqual(job.room, { id: room.id, slug: room.slug });
  const running = await untilJob(server, job.id, 'has written 20 pictures', ({ buffers }) => buffers >= 20);
  assert.equal(running.state, 'running');
  assert.ok(running.position_ms > 0);
  await changeJob(server, job.id, { stop: true });
  const stopped = await untilState(server, job.id, 'stopped');
  const file = join(stopped.folder, 'output', 'picture.webm');
  assert.ok(stopped.output_bytes >= statSync(file).size && stopped.output_bytes > 0);
  assert.match(decode(file), /Got EOS|eos/);
  /* A live stream's muxer writes the duration when it ends, and not before. */
  assert.ok(readFileSync(file).includes(Buffer.from([0x44, 0x89])), 'the duration');
  assert.deepEqual(eventsOf(server, job.id), ['job_started', 'job_stopped']);
});

test('a job that comes to its end by itself is finished', async () => {
  const job = await launch('videotestsrc num-buffers=30 ! fakesink salonslot name=of-salons-own-plugin');
  const { buffers, position_ms: position, ended_at: end } = await untilState(server, job.id, 'finished');
  assert.equal(buffers, 30);
  assert.equal(position, 1000);
  assert.ok(Date.parse(end) >= Date.parse(job.created_at));
});

test('pipelines are listed with their parameters and these with their types', async () => {
  const { status, body } = await server.http('GET', '/pipelines', { token: ADMIN_TOKEN });
  assert.equal(status, 200);
  checkHttp('pipelinesResponse', body);
  assert.deepEqual(body.pipelines.map(({ name }) => name), ['broken', 'of-room', 'record', 'write']);
  const [broken, , record] = body.pipelines;
  assert.match(broken.error, /cannot be read/);
  assert.equal(record.name, 'record');
  assert.equal(record.summary, 'Records a test picture.');
  assert.deepEqual(record.parameters.map(({ name, type }) => [name, type]), [['pattern', 'word'], ['title', 'text'],
    ['size', 'integer'], ['loud', 'boolean'], ['sink', 'elements']]);
  assert.equal(record.parameters[0].help, 'of videotestsrc');
});

test('a pipeline that salon-launch alone brings into a room is no job', async () => {
  const room = await createRoom();
  for (const token of [ADMIN_TOKEN, room.token]) {
    const message = await startRefused(404, 'unknown_pipeline', { room: room.slug, pipeline: 'client' }, token);
    assert.match(message, /salon-launch runs it/);
  }
});

test('a parameter stays the value that it has a place for', async () => {
  const room = await createRoom();
  const bad = { pattern: ['snow ! filesink location=x', 'snow"', '(', 'snow;', '', 'a\\', 'é'],
                title: ['"', 'a\\', 'a\nb', '" ! fdsink '], size: ['160 ', '1.5', 'x', 1.5, true], loud: ['yes', 1] };
  for (const [name, values] of Object.entries(bad)) {
    for (const value of values) {
      const message = await startRefused(422, 'invalid_params',
        { room: room.slug, pipeline: 'record', parameters: { [name]: value } }, room.token);
      assert.match(message, new RegExp(name), `for ${JSON.stringify(value)}`);
    }
  }
  await startRefused(422, 'invalid_params', { room: room.slug, pipeline: 'record', parameters: { pattern: {} } });
  assert.match(await startRefused(422, 'invalid_params', { pipeline: 'record', parameters: { colour: 1 } }),
    /no "colour"; it has: pattern, title/);
  for (const own of ['room', 'attempt'])
    assert.match(await startRefused(422, 'invalid_params', { pipeline: 'record', parameters: { [own]: 1 } }), /the job's own/);
  assert.match(await startRefused(403, 'forbidden',
    { room: room.slug, pipeline: 'record', parameters: { sink: 'fakesink' } }, room.token), /administrator/);
});

test('a room\'s owner has the jobs of that room, by name, and no others', async () => {
  const [mine, theirs] = [await createRoom(), await createRoom()];
  const job = await startJob(server, { room: mine.slug, pipeline: 'of-room' }, mine.token);
  assert.equal(job.folder, undefined);
  await untilState(server, job.id, 'running');
  const listed = await server.http('GET', `/jobs?room=${mine.slug}`, { token: mine.token });
  checkHttp('jobsResponse', listed.body);
  assert.deepEqual(listed.body.jobs.map(({ id }) => id), [job.id]);
  for (const token of [theirs.token, 'x', undefined]) {
    await refused(server, 401, 'unauthorized', 'GET', `/jobs/${job.id}`, { token });
    await refused(server, 401, 'unauthorized', 'PATCH', `/jobs/${job.id}`, { token, json: { stop: true } });
    await refused(server, 401, 'unauthorized', 'DELETE', `/jobs/${job.id}`, { token });
    await refused(server, 401, 'unauthorized', 'GET', `/jobs?room=${mine.slug}`, { token });
    assert.match(await refused(server, 401, 'unauthorized', 'GET', '/jobs', { token }),
      token ? /good for one room: say which/ : /takes the administrator's token/);
    await refused(server, 401, 'unauthorized', 'GET', '/pipelines', { token });
    await startRefused(401, 'unauthorized', { room: mine.slug, pipeline: 'of-room' }, token ?? '');
  }
  await startRefused(403, 'forbidden', { room: mine.slug, launch: 'fakesrc ! fakesink' }, mine.token);
  await startRefused(401, 'unauthorized', { launch: 'fakesrc ! fakesink' }, mine.token);
  await deleteJob(job.id, mine.token);
  await refused(server, 404, 'job_not_found', 'GET', `/jobs/${job.id}`, { token: mine.token });
});

test('who has a room that is called as a dead one\'s id has none of its jobs', async () => {
  const [dead, mine] = [await createRoom(), await createRoom()];
  const { id } = await startJob(server, { room: dead.slug, pipeline: 'of-room' }, dead.token);
  await server.http('DELETE', `/room/${dead.slug}`, { token: dead.token });
  await untilState(server, id, 'stopped');
  /* Nobody can call one so, but servers before this one let them. */
  assert.deepEqual(await askEmbedded(server, 'SET', `salon:slug:${dead.id}`, mine.id), ['OK']);
  assert.equal((await server.http('GET', `/room/${dead.id}`)).body.room.id, mine.id);
  for (const request of [['GET', `/jobs/${id}`], ['GET', `/jobs/${id}/files`], ['POST', `/jobs/${id}/link`],
                         ['DELETE', `/recordings/${id}`], ['DELETE', `/jobs/${id}`]])
    await refused(server, 404, 'room_not_found', ...request, { token: mine.token });
  await refused(server, 404, 'room_not_found', 'PATCH', `/jobs/${id}`, { token: mine.token, json: { stop: true } });
  await deleteJob(id);
});

test('what is no job is refused, and says why', async () => {
  await startRefused(404, 'unknown_pipeline', { pipeline: 'nosuch' });
  await startRefused(404, 'unknown_pipeline', { pipeline: '../pipelines/record' });
  await startRefused(404, 'unknown_pipeline', { pipeline: 'broken' });
  await startRefused(404, 'room_not_found', { pipeline: 'of-room', room: 'nosuch' });
  await startRefused(422, 'invalid_params', {});
  await startRefused(422, 'invalid_params', { pipeline: 'record', launch: 'fakesrc ! fakesink' });
  await startRefused(422, 'invalid_params', { launch: 'fakesrc ! fakesink', parameters: {} });
  await startRefused(422, 'invalid_params', { pipeline: 'of-room', parameters: { room: 'other' } });
  await refused(server, 404, 'job_not_found', 'GET', '/jobs/nosuch', { token: ADMIN_TOKEN });
  const job = await launch('fakesrc num-buffers=1 ! fakesink');
  await untilState(server, job.id, 'finished');
  await refused(server, 409, 'job_not_running', 'PATCH', `/jobs/${job.id}`, { token: ADMIN_TOKEN, json: { set: { 'a.b': 1 } } });
  for (const json of [{}, { stop: false }, { stop: true, set: {} }, { set: 1 }, { halt: true }])
    await refused(server, 422, 'invalid_params', 'PATCH', `/jobs/${job.id}`, { token: ADMIN_TOKEN, json });
});

test('elements that are not allowed are not to be had, by name or by others\' choice', async () => {
  const texts = { fdsink: 'fakesrc ! fdsink fd=3', tcpserversink: 'fakesrc ! tcpserversink' };
  for (const [element, text] of Object.entries(texts)) {
    const { error, restarts } = await untilState(server, (await launch(text)).id, 'failed');
    assert.match(error, new RegExp(`element "${element}"; job-elements in \\[jobs\\]`));
    assert.equal(restarts, 0);
  }
  const unknown = await untilState(server, (await launch('fakesrc ! nosuch')).id, 'failed');
  assert.match(unknown.error, /There is no element "nosuch"/);
  /* An HTTP source would be plugged by uridecodebin. */
  const web = await untilState(server, (await launch('uridecodebin uri=http://127.0.0.1:9/x ! fakesink')).id, 'failed');
  assert.match(web.error, /http/);
});

test('a pipeline that crashes is started again, and then fails; the room plays on', async (t) => {
  const ann = await enter(t, server, newRoom(), 'Ann');
  const job = await launch(`${PICTURE} ! filesink location=picture.raw ${PICTURE} ! hostile deed=crash ! fakesink`);
  const { error, restarts, folder: jobFolder } = await untilState(server, job.id, 'failed');
  assert.match(error, /crashed \(SIGSEGV/);
  assert.equal(restarts, 1);
  assert.deepEqual(readdirSync(jobFolder).filter((name) => /^(output|earlier-\d+)$/.test(name)), ['earlier-1', 'output'],
    'what the first attempt wrote is kept');
  assert.deepEqual(eventsOf(server, job.id), ['job_started', 'job_broke', 'job_failed']);
  assert.equal(await ann.request('ping'), 'pong');
});

runner.describe('at a standstill', { concurrency: true }, () => {
  test('an element that hangs is found, and named; one that waits for others is not', async () => {
    const waiting = [
      await launch('appsrc is-live=true ! queue ! fakesink async=false'),
      await launch(`${PICTURE} ! vp8enc deadline=1 ! mux. appsrc is-live=true caps=audio/x-opus ! mux.
        matroskamux name=mux ! filesink location=silent.mkv`),
    ];
    const job = await launch(`${PICTURE} ! queue ! hostile name=decoder deed=hang ! fakesink`);
    const { error } = await untilJob(server, job.id, 'was started again', ({ restarts }) => restarts === 1);
    assert.match(error, /element "decoder" hangs/);
    for (const { id } of waiting)
      assert.deepEqual([(await getJob(server, id)).restarts, (await getJob(server, id)).error], [0, null]);
    for (const { id } of [...waiting, job])
      await deleteJob(id);
  });

  test('a process that does not answer is ended', async () => {
    const job = await launch(`${PICTURE} ! fakesink`);
    await untilState(server, job.id, 'running');
    process.kill(jobProcesses(server.stateDir, job.id).pipelines[0], 'SIGSTOP');
    const { error } = await untilJob(server, job.id, 'was started again', ({ restarts }) => restarts === 1);
    assert.match(error, /did not answer for 5 s/);
    await deleteJob(job.id);
  });
});

test('a pipeline that floods its log is heard in part, and stops when it is told to', async () => {
  const job = await launch(`${PICTURE} ! hostile deed=flood ! fakesink`);
  const { log } = await untilJob(server, job.id, 'has too much to say', (state) => state.log.some((line) => /left out/.test(line)));
  assert.ok(log.length <= 40);
  const path = join((await getJob(server, job.id)).folder, 'log');
  assert.ok(statSync(path).size < 100000, `${statSync(path).size} bytes`);
  await deleteJob(job.id);
});

test('a pipeline whose element never stops complaining takes no memory for it', async () => {
  const job = await launch(`${PICTURE} ! hostile deed=complain ! fakesink`);
  await untilJob(server, job.id, 'plays on', ({ buffers }) => buffers > 25);
  const [pid] = jobProcesses(server.stateDir, job.id).pipelines;
  const peak = Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmHWM:\s+(\d+)/)[1]);
  assert.ok(peak < 120000, `${peak} KiB`);
  assert.ok((await getJob(server, job.id)).log.some((line) => /Alas/.test(line)));
  await deleteJob(job.id);
});

test('a secret is hidden before what has it is cut to a line', async () => {
  const location = `/${'nowhere-'.repeat(20)}/${'k3y-'.repeat(60)}`;
  const job = await startJob(server, { pipeline: 'write', parameters: { location } });
  const { error, log } = await untilState(server, job.id, 'failed');
  assert.match(error, /Could not open file "\*\*\*"/);
  for (const text of [error, ...log, ...['log', 'status.json'].map((name) => readFileSync(join(job.folder, name), 'utf8'))])
    assert.ok(!text.includes('k3y'), text);
});

test('a job that writes more than it may is stopped, and has failed', async () => {
  const job = await launch('videotestsrc is-live=true ! video/x-raw,format=I420,width=640,height=480,framerate=15/1 ! filesink location=picture.raw');
  const { error, output_bytes: bytes } = await untilState(server, job.id, 'failed');
  assert.match(error, /more than 4 MB; .*job-output-mb/);
  assert.ok(bytes < 100 * 1024 * 1024);
});

test('a job that takes more memory than it may ends', async () => {
  const job = await launch(`${PICTURE} ! hostile deed=memory ! fakesink`);
  const { error, log } = await untilState(server, job.id, 'failed');
  assert.match(error, /crashed/);
  assert.ok(log.some((line) => /failed to allocate/.test(line)), log.join('\n'));
});

test('a pipeline\'s process makes no processes, touches no files but its own, and harms no others', async () => {
  const probe = await launch(`${PICTURE} ! hostile deed=probe path=${secret} ! fakesink`);
  const { log } = await untilJob(server, probe.id, 'has tried all', (state) => state.log.some((line) => /hurry/.test(line)));
  assert.deepEqual(log.filter((line) => /: (done|refused)$/.test(line)), ['fork', 'exec', 'read', 'write', 'create',
    'empty', 'chmod', 'unlink', 'link', 'kill', 'trace', 'packets', 'redis', 'keeper', 'limits', 'hurry']
    .map((deed) => `${deed}: ${!CAN_HIDE && HIDDEN.includes(deed) ? 'done' : 'refused'}`));
  const [pid] = jobProcesses(server.stateDir, probe.id).pipelines;
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  assert.match(status, /^CapEff:\s+0+$/m);
  assert.match(status, /^NoNewPrivs:\s+1$/m);
  assert.equal(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\)/, '').split(' ')[17], '10', 'the server comes first');
  assert.ok(!readFileSync(`/proc/${pid}/environ`, 'utf8').includes('SALON_TEST'), 'it knows nothing of the server\'s environment');
  assert.equal(readFileSync(secret, 'utf8'), 'a secret');
  assert.ok(!existsSync(`${secret}.new`));
  const use = await launch(`${PICTURE} ! hostile deed=use path=${join(media, 'film')} ! fakesink`);
  const used = await untilJob(server, use.id, 'has used all', (state) => state.log.some((line) => /media/.test(line)));
  assert.deepEqual(used.log.filter((line) => /: (done|refused)$/.test(line)),
    ['internet', 'local', 'own', 'certificates', 'media'].map((deed) => `${deed}: done`));
  for (const { id } of [probe, use])
    await deleteJob(id);
});

test('encoders, decoders, playlists and networks work for a pipeline that is shut in', async () => {
  const job = await launch(`${PICTURE} ! x264enc tune=zerolatency key-int-max=15 ! h264parse ! tee name=copies
    copies. ! queue ! hlssink2 target-duration=1 max-files=0 location=%05d.ts playlist-location=list.m3u8
    copies. ! queue ! avdec_h264 ! videoconvert ! vp8enc deadline=1 ! rtpvp8pay ! udpsink host=127.0.0.1 port=9
    audiotestsrc is-live=true ! opusenc ! oggmux ! filesink location=sound.ogg`);
  const list = () => readFileSync(join(job.folder, 'output', 'list.m3u8'), 'utf8');
  await untilJob(server, job.id, 'has a playlist', () =>
    existsSync(join(job.folder, 'output', 'list.m3u8')) && list().includes('00000.ts'));
  await changeJob(server, job.id, { stop: true });
  assert.equal((await untilState(server, job.id, 'stopped')).error, null);
  assert.match(list(), /#EXT-X-ENDLIST/);
  const push = await launch(`${PICTURE} ! x264enc ! flvmux ! rtmp2sink location=rtmp://127.0.0.1:9/live/key`);
  assert.match((await untilState(server, push.id, 'failed')).error, /127\.0\.0\.1: Connection refused/);
});

test('properties of elements that the text names change while it plays', async () => {
  const job = await launch(`${PICTURE} ! textoverlay name=overlay text=a ! fakesink`);
  await untilState(server, job.id, 'running');
  await changeJob(server, job.id, { set: { 'overlay.text': 'It\'s "b" ! fdsink', 'overlay.silent': true, 'overlay.xpad': 7 } });
  const set = async (values) => await refused(server, 422, 'invalid_params', 'PATCH', `/jobs/${job.id}`,
    { token: ADMIN_TOKEN, json: { set: values } });
  assert.match(await set({ 'overlay.nosuch': 1 }), /"overlay\.nosuch": the element has no such property/);
  assert.match(await set({ 'overlay.silent': 'maybe' }), /no such value/);
  assert.match(await set({ 'overlay.text': {} }), /must be/);
  assert.match(await set({ 'videotestsrc0.pattern': 1 }), /names no element/);
  assert.match(await set({ overlay: 1 }), /element\.property/);
  assert.match(await set({ 'overlay.parent': 'x' }), /does not change/);
  await deleteJob(job.id);
});

test('the jobs of a room that is deleted stop', async () => {
  const room = await createRoom();
  const job = await startJob(server, { room: room.id, pipeline: 'of-room' });
  assert.equal((await server.http('DELETE', `/room/${room.slug}`, { token: room.token })).status, 200);
  await untilState(server, job.id, 'stopped');
});

test('a job that is deleted while it runs is gone, with its processes and files', async () => {
  const job = await launch(`${PICTURE} ! filesink location=picture.raw`);
  const { folder: jobFolder } = await untilState(server, job.id, 'running');
  await deleteJob(job.id);
  assert.ok(!existsSync(jobFolder));
  await refused(server, 404, 'job_not_found', 'GET', `/jobs/${job.id}`, { token: ADMIN_TOKEN });
});

test('there are as many jobs as the configuration has it', async (t) => {
  const at = await jobServer(t, { jobs: { 'max-jobs': 2, 'max-jobs-per-room': 1 } });
  const room = await createRoom(at);
  const start = (json) => at.http('POST', '/jobs', { json, token: ADMIN_TOKEN });
  const statuses = (await Promise.all([1, 2, 3].map(() => start({ room: room.slug, pipeline: 'of-room' }))))
    .map(({ status }) => status).sort();
  assert.deepEqual(statuses, [201, 429, 429]);
  assert.equal((await start({ pipeline: 'of-room' })).status, 201);
  const message = await refused(at, 429, 'too_many_jobs', 'POST', '/jobs', { json: { pipeline: 'of-room' }, token: ADMIN_TOKEN });
  assert.match(message, /max-jobs is 2/);
});

test('jobs outlive their server, which finds them again; and stop when none comes', async (t) => {
  const first = await jobServer(t, { jobs: { 'job-orphan-s': 15 } });
  const { id } = await launch(`${PICTURE} ! fakesink`, first);
  const { buffers } = await untilJob(first, id, 'plays', (job) => job.buffers > 10);
  const before = jobProcesses(first.stateDir);
  await first.kill();
  assert.ok(before.pipelines.every(isAlive) && before.keepers.every(isAlive));

  const second = await jobServer(t, { stateDir: first.stateDir });
  const found = await untilJob(second, id, 'plays on', (job) => job.buffers > buffers + 10);
  assert.equal(found.restarts, 0);
  assert.deepEqual(jobProcesses(second.stateDir), before);
  assert.deepEqual(eventsOf(second, id), ['job_adopted']);

  /* Who looks after it is killed, and with it the pipeline: there is a new one. */
  process.kill(before.keepers[0], 'SIGKILL');
  const again = await untilJob(second, id, 'runs anew', (job) => job.restarts === 1 && job.state === 'running');
  assert.match(again.error, /looked after the job is gone/);
  assert.ok(!isAlive(before.pipelines[0]));

  /* Nobody was there when that happened: the next server makes it anew, and it had broken once. */
  await second.stop();
  await killJobs(second.stateDir);
  const third = await jobServer(t, { stateDir: first.stateDir });
  const { error } = await untilState(third, id, 'failed');
  assert.match(error, /looked after the job is gone/);
});

/* The times of the pictures in a file, in seconds. */
function timesOf(path) {
  const { stdout } = spawnSync('gst-launch-1.0', ['-v', 'filesrc', `location=${path}`, '!', 'matroskademux', '!',
    'identity', 'name=v', 'silent=false', '!', 'fakesink'], { encoding: 'utf8', timeout: 30000 });
  return buffersOf({ output: stdout }, 'v').map(({ time }) => time);
}

test('jobs in a room come back into it after their server was killed, and what they record goes on', async (t) => {
  const first = await jobServer(t);
  const room = await createRoom(first);
  const start = (text) => startJob(first, { room: room.slug, launch: text });
  const publisher = await start(`${PICTURE} ! vp8enc deadline=1 ! salonsink room=${room.slug} name=picture`);
  const recorder = await start(`salonsrc room=${room.slug} ! identity name=in ! matroskamux ! filesink location=room.mkv`);
  await untilJob(first, recorder.id, 'records', (job) => job.buffers > 20);
  await first.kill();
  const second = await jobServer(t, { stateDir: first.stateDir });
  const inRoom = async () => (await second.http('GET', `/room/${room.slug}`)).body.n_members;
  await until('both are in the room', async () => await inRoom() === 2, 20000);
  const { buffers } = await getJob(second, recorder.id);
  await untilJob(second, recorder.id, 'records again', (job) => job.buffers > buffers + 20);
  await changeJob(second, recorder.id, { stop: true });
  const { folder: jobFolder, restarts } = await untilState(second, recorder.id, 'stopped');
  const playedMs = (await getJob(second, publisher.id)).position_ms;
  assert.equal(restarts, 0);
  assert.equal((await getJob(second, publisher.id)).restarts, 0);
  const times = timesOf(join(jobFolder, 'output', 'room.mkv'));
  assert.ok(times.every((time, i) => i === 0 || time > times[i - 1]), `${times}`);
  /* The outage is a gap, and not cut out. */
  t.diagnostic(`${times.length} pictures in ${times.at(-1) - times[0]} s; it was published for ${playedMs / 1000} s`);
  assert.ok(Math.abs(times.at(-1) - times[0] - playedMs / 1000) < 5);
  assert.ok(Math.max(...times.slice(1).map((time, i) => time - times[i])) > 0.3, 'the outage');
});

test('a job whose processes are all told to end finishes its file', async () => {
  const job = await launch(`${PICTURE} ! vp8enc deadline=1 ! webmmux ! filesink location=picture.webm`);
  await untilJob(server, job.id, 'plays', ({ buffers }) => buffers > 10);
  const { keepers, pipelines: playing } = jobProcesses(server.stateDir, job.id);
  for (const pid of [...playing, ...keepers])
    process.kill(pid, 'SIGTERM');
  assert.equal((await untilState(server, job.id, 'stopped')).error, null);
  decode(join(job.folder, 'output', 'picture.webm'));
});

test('of a job of the server\'s own that nobody looks after any more, the next server leaves nothing', async (t) => {
  const first = await jobServer(t);
  const { id } = await launch(`${PICTURE} ! fakesink`, first);
  const { folder: jobFolder } = await untilState(first, id, 'running');
  await first.kill();
  await killJobs(first.stateDir);
  const path = join(jobFolder, 'job.json');
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), own: true }));
  /* To remove them takes longer than to begin anew. */
  for (let i = 0; i < 30000; i++)
    writeFileSync(join(jobFolder, 'output', String(i)), '');
  const second = await jobServer(t, { stateDir: first.stateDir });
  assert.equal((await second.http('GET', `/jobs/${id}`, { token: ADMIN_TOKEN })).status, 404);
  await until('its folder is gone', () => !existsSync(jobFolder), 10000);
  assert.deepEqual(jobProcesses(second.stateDir), { keepers: [], pipelines: [] });
});

test('a job that has ended is not run again, though nobody lived to tell of its end', async () => {
  const { id } = await launch(`${PICTURE} ! fakesink`);
  const { folder: jobFolder } = await untilState(server, id, 'running');
  const { keepers: [keeper], pipelines: [pipeline] } = jobProcesses(server.stateDir, id);
  process.kill(keeper, 'SIGSTOP');
  const path = join(jobFolder, 'status.json');
  const status = { ...JSON.parse(readFileSync(path, 'utf8')), state: 'finished', ended_at: 1893456000, log: ['its last words'] };
  writeFileSync(path, JSON.stringify(status));
  process.kill(keeper, 'SIGKILL');
  const job = await untilState(server, id, 'finished');
  assert.deepEqual([job.restarts, job.error, job.log], [0, null, ['its last words']]);
  assert.equal(job.ended_at, '2030-01-01T00:00:00.000Z');
  await until('nobody looks after it', () => jobProcesses(server.stateDir, id).keepers.length === 0);
  await until('its process is gone', () => !isAlive(pipeline));
  assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), status);
});

test('a job that no server comes back to stops by itself', async (t) => {
  const at = await jobServer(t, { jobs: { 'job-orphan-s': 1 } });
  const { id } = await launch(`${PICTURE} ! vp8enc deadline=1 ! webmmux ! filesink location=picture.webm`, at);
  const { folder: jobFolder } = await untilJob(at, id, 'plays', (job) => job.buffers > 10);
  await at.stop();
  await until('the job has ended', () => jobProcesses(at.stateDir).keepers.length === 0, 20000);
  assert.equal(JSON.parse(readFileSync(join(jobFolder, 'status.json'), 'utf8')).state, 'stopped');
  decode(join(jobFolder, 'output', 'picture.webm'));
});

test('a job comes into its own room and those that its text names, and into no other', async (t) => {
  const [own, other] = [await createRoom(), await createRoom()];
  const watcher = await enter(t, server, other.slug, 'Watcher');
  const come = async (slug) => (await startJob(server, { room: own.slug,
    launch: `salonsrc room=${slug} name=s ! fakesink async=false` })).id;
  const guests = () => watcher.history.filter(({ message: { method, params } }) =>
    method === 'participant' && params.event === 'joined').length;
  const named = await come(other.slug);
  await until('it is there', () => guests() === 1);
  await deleteJob(named);
  /* To GStreamer the same, as it is to a process that was taken over what its text says. */
  const hidden = await come(`${other.slug.slice(0, -1)}\\${other.slug.slice(-1)}`);
  const { error } = await untilJob(server, hidden, 'is refused', ({ error }) => Boolean(error));
  assert.match(error, /A job may come into its own room, and those that its text names/);
  assert.equal(guests(), 1);
  await deleteJob(hidden);
});
