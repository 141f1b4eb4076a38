/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line for rooms and jobs. */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as runner from 'node:test';
import { defer } from '../lib/cleanup.js';
import { killJobs } from '../lib/jobs.js';
import { newRoom } from '../lib/people.js';
import { serverPath, startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;
const SALONCTL = process.env.SALONCTL ?? join(dirname(serverPath()), 'tools/salonctl');
const JOB_MS = 30000;

const stateDir = mkdtempSync(join(tmpdir(), 'salon-ctl-'));
defer(runner, () => rmSync(stateDir, { recursive: true, force: true }));
defer(runner, () => killJobs(stateDir));
writeFileSync(join(stateDir, 'picture.launch'), `# A picture, until it is stopped.
param title = Hello  # shown in the picture
videotestsrc is-live=true ! video/x-raw,width=160,height=120 ! textoverlay name=overlay text="\${title}"
! vp8enc deadline=1 ! webmmux ! filesink location=picture.webm
`);
/* The token that the server makes up, so that salonctl has to find it. */
const server = await startServer(runner, { stateDir, config: {
  server: { 'admin-token': '' }, jobs: { 'pipelines-dir': stateDir } } });

/* Runs it without a terminal, and without the settings of whoever runs the tests: { status, output, errors }. */
async function salonctl(args, { env = {}, at = server.url, state = stateDir } = {}) {
  const child = spawn(SALONCTL, [`--server=${at}`, `--state-dir=${state}`, ...args],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { LC_ALL: 'C.UTF-8', HOME: stateDir, ...env } });
  const result = { output: '', errors: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => { result.output += text; });
  child.stderr.setEncoding('utf8').on('data', (text) => { result.errors += text; });
  result.status = await new Promise((resolve) => child.once('close', (code, signal) => resolve(code ?? signal)));
  return result;
}

async function succeeds(...args) {
  const { status, output, errors } = await salonctl(args);
  assert.equal(status, 0, errors);
  assert.equal(errors, '');
  return output;
}

async function fails(status, pattern, args, options) {
  const result = await salonctl(args, options);
  assert.equal(result.status, status, `${args.join(' ')}: ${result.output}${result.errors}`);
  assert.match(result.errors, pattern);
  assert.equal(result.output, '');
}

test('rooms are made, listed, shown and deleted', async () => {
  const name = `${newRoom()} 室`;
  const made = await succeeds('room', 'create', name);
  assert.match(made, /^Link: http:\S+\/r\/\S+$/m);
  assert.match(made, /^Owner token, shown this once: \S{43}$/m);
  assert.match(await succeeds('rooms'), new RegExp(`^ROOM +PEOPLE +LIFETIME\n(.*\n)*${name}  0       permanent\n`, 'm'));
  assert.equal(JSON.parse(await succeeds('--json', 'room', 'show', name)).room.slug, name);
  assert.equal(await succeeds('room', 'delete', name), `Deleted ${name}\n`);
  await fails(1, /There is no such room/, ['room', 'show', name]);
});

test('a job is started, shown, changed, stopped and deleted', async () => {
  const room = newRoom();
  await succeeds('room', 'create', room);
  assert.match(await succeeds('pipelines'),
    /^picture\n {4}A picture, until it is stopped\.\n {6}title=Hello \(text\): shown in the picture\n$/);
  const started = await succeeds('job', 'start', 'picture', '--room', room, 'title=Good morning');
  const [, id] = started.match(/^Started ([0-9a-f]{8}); /);
  await until('it plays', async () => JSON.parse(await succeeds('--json', 'job', 'show', id)).job.buffers > 10, JOB_MS);
  assert.match(await succeeds('jobs'), new RegExp(`^${id}  running  ${room}  picture +0:00:\\d\\d`, 'm'));
  assert.match(await succeeds('job', 'set', id, 'overlay.text=Good bye'), /^Set overlay\.text=Good bye\n/);
  await fails(1, /no such property/, ['job', 'set', id, 'overlay.colour=red']);
  const stopped = await succeeds('job', 'stop', id);
  assert.match(stopped, new RegExp(`^Stopped ${id}; its files are whole$`, 'm'));
  assert.match(stopped, new RegExp(`^${id}  stopped  `, 'm'));
  assert.match(await succeeds('job', 'stop', id), new RegExp(`^Stopped ${id}`));
  const [, folder] = stopped.match(/^Files: (.*)$/m);
  assert.ok(statSync(join(folder, 'output', 'picture.webm')).size > 1000);
  assert.equal(await succeeds('job', 'delete', id), `Deleted ${id}\n`);
  assert.match(await succeeds('jobs'), /^There are no jobs/);
});

test('why a job failed is told', async () => {
  const started = JSON.parse(await succeeds('--json', 'job', 'start', '--launch=fakesrc ! fdsink'));
  const { id } = started.job;
  await until('it has failed', async () => JSON.parse(await succeeds('--json', 'job', 'show', id)).job.state === 'failed', JOB_MS);
  assert.match(await succeeds('job', 'show', id), /failed .*Jobs may not use the element "fdsink"/);
  assert.match(await succeeds('job', 'log', id), /no element "fdsink"/);
});

test('what is wrong is told, and what to do', async (t) => {
  await fails(64, /see --help/, []);
  await fails(64, /no such command; see --help/, ['dance']);
  await fails(64, /write: salonctl room show ROOM/, ['room', 'show']);
  await fails(64, /KEY=VALUE/, ['job', 'start', 'picture', 'title']);
  await fails(64, /salonctl pipelines/, ['job', 'start']);
  await fails(64, /Unknown option/, ['--dance', 'jobs']);
  await fails(1, /no job begins with "f00d"; `salonctl jobs` lists them/, ['job', 'show', 'f00d']);
  await fails(1, /no job begins with ""/, ['job', 'delete', '']);
  await fails(1, /There is no pipeline "nosuch"/, ['job', 'start', 'nosuch']);
  await fails(1, /no "colour"; it has: title/, ['job', 'start', 'picture', 'colour=red']);
  await fails(1, /--state-dir or --config, or give a --token/, ['jobs'], { state: join(stateDir, 'jobs') });
  await fails(1, /there is no Salon at .*--server/, ['jobs'], { at: 'http://127.0.0.1:9' });
  const other = createServer((request, response) => response.end('Hello')).listen(0, '127.0.0.1');
  defer(t, () => other.close());
  await once(other, 'listening');
  await fails(1, /is no Salon; --server/, ['jobs'], { at: `http://127.0.0.1:${other.address().port}` });
});

test('it speaks the person\'s language', async () => {
  const { errors } = await salonctl([], { env: { LC_ALL: '', LANG: 'nl_NL.UTF-8', LANGUAGE: 'nl' } });
  assert.match(errors, /wat moet er gebeuren/);
});

test('recordings are listed, fetched with a progress, and deleted', async (t) => {
  const file = join(stateDir, 'record.launch');
  writeFileSync(file, `kind recording
videotestsrc num-buffers=10 ! video/x-raw,width=160,height=120 ! vp8enc deadline=1 ! webmmux ! filesink location=film.webm
`);
  defer(t, () => rmSync(file));
  assert.match(await succeeds('recordings'), /^There are no recordings\.\n$/);
  const room = newRoom();
  await succeeds('room', 'create', room);
  const { id, folder } = JSON.parse(await succeeds('--json', 'job', 'start', 'record', '--room', room)).job;
  await until('it has ended', async () =>
    JSON.parse(await succeeds('--json', 'recordings', '--room', room)).recordings[0].state === 'finished', JOB_MS);
  const short = id.slice(0, 8);
  assert.match(await succeeds('recordings'), new RegExp(`^${short} +finished  ${room}  \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d  0:00:00  [\\d.]+.kB`, 'm'));

  mkdirSync(join(folder, 'earlier-1'));
  writeFileSync(join(folder, 'earlier-1', 'film.webm'), 'before');
  const target = join(stateDir, 'fetched');
  assert.equal(await succeeds('recording', 'get', short, '-o', target), `${target}/earlier-1/film.webm\n${target}/film.webm\n`);
  assert.ok(readFileSync(join(target, 'film.webm')).equals(readFileSync(join(folder, 'output', 'film.webm'))));
  assert.equal(readFileSync(join(target, 'earlier-1/film.webm'), 'utf8'), 'before');
  assert.ok(!existsSync(join(target, 'film.webm.part')));
  const command = [SALONCTL, `--server=${server.url}`, `--state-dir=${stateDir}`, 'recording', 'get', id].join(' ');
  const { stdout } = spawnSync('script', ['-qec', command, '/dev/null'], { cwd: stateDir, encoding: 'utf8', env: { ...process.env, LC_ALL: 'C.UTF-8' } });
  assert.match(stdout, new RegExp(`recording-${short}/film\\.webm  ([\\d.]+.kB) / \\1  100 %\\r\\n$`));

  await fails(1, /no job begins with "zzz"/, ['recording', 'get', 'zzz']);
  await succeeds('recordings', '--room', room);
  await succeeds('recording', 'get', short, '--output', join(stateDir, 'films'));
  await succeeds('recording', 'delete', short);
  assert.ok(existsSync(join(stateDir, 'films', 'film.webm')));
  assert.ok(!existsSync(folder));
  await fails(1, /no job begins with/, ['recording', 'delete', short]);
});

/* Tries to fetch a recording's file of that name from what is no Salon; answerFile answers for the file. */
async function fetchFrom(t, name, answerFile, message) {
  const fake = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    if (request.url.endsWith('/files'))
      response.end(JSON.stringify({ files: [{ name, bytes: 1 }], is_cut: false }));
    else
      answerFile(response);
  }).listen(0, '127.0.0.1');
  defer(t, () => fake.close());
  await once(fake, 'listening');
  const at = `http://127.0.0.1:${fake.address().port}`;
  await fails(1, message, ['recording', 'get', '0d4fb6f2-0000-4000-8000-000000000000', '-o', join(stateDir, 'safe')], { at });
}

test('a server\'s names of files lead nowhere else', async (t) => {
  for (const name of ['../escaped', '/tmp/escaped', 'a/../../escaped', 'a//b', '']) {
    await fetchFrom(t, name, (response) => response.end('x'), /the server names a file/);
    assert.ok(!existsSync(join(stateDir, 'escaped')) && !existsSync('/tmp/escaped'));
  }
});

test('a file that another server answers with something else is no file', async (t) => {
  await fetchFrom(t, 'film.webm', (response) => response.writeHead(206).end('{}'), /is no Salon; --server/);
  await fetchFrom(t, 'film.webm', (response) =>
    response.writeHead(200, { 'content-length': 10 }).write('short', () => response.destroy()), /./);
  assert.ok(!existsSync(join(stateDir, 'safe/film.webm')));
});
