/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A redis-server of the test's own, as an operator would run one: on TCP with a password, or on a socket with
 * everything on disk. It can be stopped, killed, started again, and robbed of its memory. */

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { defer } from './cleanup.js';
import { until } from './until.js';

const run = promisify(execFile);

export async function freePort() {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/* What a deleted room or a member who was thrown out leaves behind for a day (src/store/lua/rooms.lua). */
const GRAVE = /^salon:gone:/;

/* Asks a Redis. where: arguments of redis-cli. Returns the reply's lines. */
async function ask(where, command) {
  const { stdout } = await run('redis-cli', ['--no-auth-warning', '-e', ...where, ...command], { timeout: 5000 });
  return stdout.split('\n').slice(0, -1);
}

/* While the disk is busy, Redis holds back for up to 2 s what it has acknowledged. Before it is killed: */
async function hasWritten(where) {
  await until('Redis has written everything', async () =>
    !/^aof_buffer_length:[1-9]/m.test((await ask(where, ['INFO', 'persistence'])).join('\n')));
}

function embedded(server) {
  return ['-s', join(server.stateDir, 'redis', 'redis.sock')];
}

/* What the private Redis of a server answers, a line each. */
export async function askEmbedded(server, ...command) {
  return await ask(embedded(server), command);
}

/* How many keys the private Redis of a server holds. */
export async function countEmbeddedKeys(server) {
  const [count] = await askEmbedded(server, 'DBSIZE');
  return Number(count);
}

export async function embeddedHasWritten(server) {
  await hasWritten(embedded(server));
}

class Redis {
  #child;
  #ended;
  #directory = mkdtempSync(join(tmpdir(), 'salon-redis-'));
  #where;
  #options;

  constructor({ port, password }) {
    this.port = port;
    if (port === undefined) {
      const path = join(this.#directory, 'redis.sock');
      this.url = `unix://${path}`;
      this.#where = ['-s', path];
      this.#options = ['--port', '0', '--unixsocket', path, '--appendonly', 'yes', '--appendfsync', 'everysec'];
    } else {
      this.url = `redis://:${encodeURIComponent(password)}@127.0.0.1:${port}/3`;
      this.#where = ['-p', String(port), '-a', password, '-n', '3'];
      this.#options = ['--port', String(port), '--bind', '127.0.0.1', '--requirepass', password, '--appendonly', 'no'];
    }
  }

  get pid() {
    return this.#child.pid;
  }

  async start() {
    const options = ['--dir', this.#directory, '--save', '', '--logfile', 'redis.log', ...this.#options];
    this.#child = spawn('redis-server', options, { stdio: 'ignore' });
    this.#ended = once(this.#child, 'exit');
    running.add(this.#child);
    await until('redis-server answers', () => this.command('PING').catch(() => false));
  }

  /* With all that it has acknowledged on disk, where it has one. */
  async breakDown() {
    await hasWritten(this.#where);
    await this.kill();
  }

  async kill() {
    this.#child.kill('SIGKILL');
    await this.#ended;
    running.delete(this.#child);
  }

  /* What a disk that broke leaves behind. */
  async killAndLoseAll() {
    await this.kill();
    rmSync(join(this.#directory, 'appendonlydir'), { recursive: true, force: true });
  }

  /* Alive, but deaf: connections stay open. */
  stop() {
    this.#child.kill('SIGSTOP');
  }

  cont() {
    this.#child.kill('SIGCONT');
  }

  async command(...command) {
    return await ask(this.#where, command);
  }

  /* All keys but graves. */
  async keys() {
    return (await this.command('KEYS', '*')).filter((key) => key !== '' && !GRAVE.test(key));
  }

  async destroy() {
    await this.kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/* onSocket: a Unix socket without a password, everything on disk, as the server runs its own; else TCP. */
export async function startRedis(t, { onSocket = false, password = 'a secret/with:signs@' } = {}) {
  const redis = new Redis(onSocket ? {} : { port: await freePort(), password });
  defer(t, () => redis.destroy());
  await redis.start();
  return redis;
}
