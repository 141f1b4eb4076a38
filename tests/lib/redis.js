/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A redis-server of the test's own, on TCP with a password, as an operator would run one. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defer } from './cleanup.js';
import { until } from './until.js';

export async function freePort() {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

async function accepts(port) {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

export async function startRedis(t, { password = 'a secret/with:signs@' } = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'salon-redis-'));
  const port = await freePort();
  const child = spawn('redis-server', ['--port', port, '--bind', '127.0.0.1', '--dir', directory,
    '--requirepass', password, '--save', '', '--appendonly', 'no'], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  const kill = () => child.kill('SIGKILL');
  process.on('exit', kill);
  defer(t, async () => {
    kill();
    await ended;
    process.off('exit', kill);
    rmSync(directory, { recursive: true, force: true });
  });
  await until('redis-server accepts', () => accepts(port));
  return { port, pid: child.pid, url: `redis://:${encodeURIComponent(password)}@127.0.0.1:${port}/3` };
}
