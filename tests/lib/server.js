/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The real salon-server in a state directory of its own, on a port of its own. */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { defer } from './cleanup.js';
import { until, withDeadline } from './until.js';

const STOP_MS = 10000;
/* AddressSanitizer and a registry scan make the start slow. */
const START_MS = 60000;
const REPOSITORY = resolve(new URL('../..', import.meta.url).pathname);
/* What no run may print: sanitizer reports, and broken promises of our own code. */
const FATAL_OUTPUT = /.*(AddressSanitizer|LeakSanitizer|runtime error:|Z critical |"level":"critical"|ERROR:.*assertion).*/g;
/* rtpsession of GStreamer 1.22 lets go of its lock while it walks its table of sources. When a source comes in just
 * then, GLib notices, the walk ends, and that one RTCP report is left to the next interval. */
const HARMLESS_OUTPUT = /g_hash_table_foreach: assertion 'version == hash_table->version' failed/;

export const ADMIN_TOKEN = 'the-tests-admin-token';

const running = new Set();
process.on('exit', () => {
  for (const child of running)
    child.kill('SIGKILL');
});

export function serverPath() {
  const candidates = [process.env.SALON_SERVER, 'build-test/src/salon-server', 'build/src/salon-server']
    .filter(Boolean).map((path) => resolve(REPOSITORY, path));
  const found = candidates.find((path) => existsSync(path));
  assert.ok(found, `no salon-server; looked for ${candidates.join(', ')}; set SALON_SERVER`);
  return found;
}

function keyFile(config) {
  return Object.entries(config).map(([group, keys]) =>
    `[${group}]\n${Object.entries(keys).map(([key, value]) => `${key}=${value}\n`).join('')}`).join('\n');
}

/* The processes whose parent is `pid`: [{ pid, name }]. */
export function childrenOf(pid) {
  const children = [];
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const [, name, state, parent] = readFileSync(`/proc/${entry}/stat`, 'utf8').match(/\((.*)\) (\S) (\d+)/s);
      if (Number(parent) === pid && state !== 'Z')
        children.push({ pid: Number(entry), name });
    } catch {
      /* It ended while we looked. */
    }
  }
  return children;
}

export function isAlive(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
  } catch {
    return false;
  }
}

const SOCKET_TABLES = { 'TCP socket': 'tcp', 'TCP6 socket': 'tcp6', 'UDP socket': 'udp', 'UDP6 socket': 'udp6', 'Unix socket': 'unix' };

function kindOfDescriptor(pid, fd) {
  try {
    const target = readlinkSync(`/proc/${pid}/fd/${fd}`);
    const inode = target.match(/^socket:\[(\d+)\]/)?.[1];
    if (inode === undefined)
      return target.replace(/:\[\d+\]/, '');
    const isListed = (table) => new RegExp(`\\s${inode}\\s`).test(readFileSync(`/proc/${pid}/net/${table}`, 'utf8'));
    return Object.entries(SOCKET_TABLES).find(([, table]) => isListed(table))?.[0] ?? 'closed socket';
  } catch {
    return 'gone';
  }
}

export class Server {
  #child;
  #exited;
  #ownsState;
  log = '';
  errors = ''; /* of it, what came on stderr */

  constructor(child, stateDir, ownsState) {
    this.#child = child;
    this.stateDir = stateDir;
    this.#ownsState = ownsState;
    running.add(child);
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => { this.log += text; });
    child.stderr.on('data', (text) => { this.errors += text; });
    this.#exited = new Promise((resolveExit) => {
      child.once('close', (code, signal) => {
        running.delete(child);
        resolveExit({ code, signal });
      });
    });
  }

  get pid() {
    return this.#child.pid;
  }

  get exited() {
    return this.#exited;
  }

  get isRunning() {
    return running.has(this.#child);
  }

  async waitForUrl() {
    const failed = this.#exited.then(({ code, signal }) => {
      throw new Error(`salon-server ended with ${code ?? signal}:\n${this.log}`);
    });
    const printed = until('salon-server prints its URL', () =>
      this.isRunning ? this.log.match(/https?:\/\/[^\s/]+:\d+\//) : ['', ''], START_MS);
    const [url] = await Promise.race([printed, failed]);
    this.url = url;
  }

  /* fetch() on the server, with its body read: { status, headers, body }; JSON is parsed. */
  async http(method, path, { json, token, headers = {}, body } = {}) {
    const options = { method, headers: { ...headers }, body, signal: AbortSignal.timeout(10000) };
    if (json !== undefined) {
      options.body = JSON.stringify(json);
      options.headers['content-type'] ??= 'application/json';
    }
    if (token !== undefined)
      options.headers.authorization = `Bearer ${token}`;
    const response = await fetch(new URL(path, this.url), options);
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json');
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  }

  signal(name) {
    this.#child.kill(name);
  }

  /* SIGTERM, and all that a graceful stop promises. */
  async stop() {
    if (this.isRunning) {
      this.signal('SIGTERM');
      const { code, signal } = await withDeadline('salon-server to stop', this.#exited, STOP_MS).catch((error) => {
        this.signal('SIGKILL');
        throw new Error(`${error.message}\n${this.logTail}`);
      });
      assert.equal(code, 0, `salon-server ended with ${code ?? signal}:\n${this.logTail}`);
    }
    this.assertCleanLog();
  }

  async kill() {
    this.signal('SIGKILL');
    await this.#exited;
  }

  assertCleanLog() {
    const found = this.log.match(FATAL_OUTPUT)?.find((line) => !HARMLESS_OUTPUT.test(line));
    assert.ok(!found, `salon-server printed "${found}":\n${this.logTail}`);
  }

  /* The end of the log; with a sanitizer's report in it, the report from its beginning. */
  get logTail() {
    const report = this.log.search(/==\d+==ERROR|runtime error:/);
    return report >= 0 ? this.log.slice(report, report + 12000) : this.log.slice(-8000);
  }

  /* The UDP port of all media. */
  get mediaPort() {
    const inodes = readdirSync(`/proc/${this.pid}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${this.pid}/fd/${fd}`).match(/^socket:\[(\d+)\]/)?.[1];
      } catch {
        return undefined;
      }
    });
    const line = readFileSync(`/proc/${this.pid}/net/udp`, 'utf8').split('\n')
      .map((text) => text.trim().split(/\s+/)).find((words) => inodes.includes(words[9]));
    return Number.parseInt(line[1].split(':')[1], 16);
  }

  /* Counts of /proc: what 200 joins and leaves must not raise. */
  get threadCount() {
    return readdirSync(`/proc/${this.pid}/task`).length;
  }

  /* The open descriptors by what they are: "TCP socket", "anon_inode:[eventfd]", a path, ... -> how many. */
  get descriptors() {
    const kinds = {};
    for (const fd of readdirSync(`/proc/${this.pid}/fd`)) {
      const kind = kindOfDescriptor(this.pid, fd);
      kinds[kind] = (kinds[kind] ?? 0) + 1;
    }
    return kinds;
  }

  get descriptorCount() {
    return readdirSync(`/proc/${this.pid}/fd`).length;
  }

  /* From now on; what is open stays open. */
  limitDescriptors(maxFiles) {
    const { status, stderr } = spawnSync('prlimit', ['--pid', String(this.pid), `--nofile=${maxFiles}:`], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  }

  get residentKiB() {
    return Number(readFileSync(`/proc/${this.pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]);
  }

  /* The most it had since forgetPeak(), which has the kernel begin anew (proc(5), clear_refs). */
  get peakKiB() {
    return Number(readFileSync(`/proc/${this.pid}/status`, 'utf8').match(/VmHWM:\s+(\d+)/)[1]);
  }

  forgetPeak() {
    writeFileSync(`/proc/${this.pid}/clear_refs`, '5');
  }

  removeState() {
    if (this.#ownsState)
      rmSync(this.stateDir, { recursive: true, force: true });
  }
}

async function runServer(t, [command, ...args], env, stateDir, ownsState) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  const server = new Server(child, stateDir, ownsState);
  defer(t, async () => {
    try {
      await server.stop();
    } finally {
      server.removeState();
    }
  });
  await server.waitForUrl();
  return server;
}

/* Starts a server that `t` (a test's context, or node:test itself for a whole file) stops at its end.
 *   config   { group: { key: value } }, on top of the tests' own
 *   env      more environment
 *   stateDir that of an earlier server, to see what survives; the caller removes it
 *   maxFiles how many descriptors it may have */
export async function startServer(t, { config = {}, env = {}, args = [], stateDir, maxFiles } = {}) {
  const directory = stateDir ?? mkdtempSync(join(tmpdir(), 'salon-test-'));
  const settings = { server: {}, rooms: {}, media: {}, ...config };
  settings.server = { listen: '127.0.0.1', port: 0, 'state-dir': directory, 'admin-token': ADMIN_TOKEN,
                      ...config.server };
  /* Who is cut off is gone at once, but in the tests of coming back. */
  settings.rooms = { 'resume-grace-s': 0, ...config.rooms };
  /* With libnice there is no such port. */
  settings.media = { ...(config.media?.ice !== 'full' && { 'ice-port': 0 }), ...config.media };
  const path = join(directory, 'test.conf');
  writeFileSync(path, keyFile(settings));
  const limit = maxFiles ? ['prlimit', `--nofile=${maxFiles}`] : [];
  return await runServer(t, [...limit, serverPath(), '--config', path, ...args], env, directory, stateDir === undefined);
}

/* As whoever reads the README starts it: without options, on the ports that everybody knows, with its state in
 * `stateDir`, which is where `env` has it. */
export async function startDefaultServer(t, { env, stateDir }) {
  return await runServer(t, [serverPath()], env, stateDir, false);
}
