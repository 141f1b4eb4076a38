/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Debian's Janus with its VideoRoom, as it comes, but for names of folders and addresses: for the benchmarks. */

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import WebSocket from 'ws';
import { defer } from './cleanup.js';
import { ADDRESS, findPort } from './port.js';
import { until, withDeadline } from './until.js';

const PROGRAM = '/usr/bin/janus';
const LIBRARIES = '/usr/lib/x86_64-linux-gnu/janus';
const START_MS = 15000;
const STOP_MS = 5000;

export const JANUS_ROOM = 1;

export function hasJanus() {
  return existsSync(PROGRAM);
}

/* What a VideoRoom does not need. */
function filesBut(folder, wanted) {
  return readdirSync(join(LIBRARIES, folder)).filter((name) => name.endsWith('.so') && name !== wanted).join(',');
}

function writeConfiguration(folder, port) {
  const files = {
    'janus.jcfg': `general: {
      configs_folder = "${folder}"
      plugins_folder = "${LIBRARIES}/plugins"
      transports_folder = "${LIBRARIES}/transports"
    }
    plugins: { disable = "${filesBut('plugins', 'libjanus_videoroom.so')}" }
    transports: { disable = "${filesBut('transports', 'libjanus_websockets.so')}" }\n`,
    'janus.transport.websockets.jcfg': `general: { ws = true, ws_ip = "${ADDRESS}", ws_port = ${port} }\n`,
    'janus.plugin.videoroom.jcfg':
      `room-${JANUS_ROOM}: { publishers = 100, audiocodec = "opus", videocodec = "vp8" }\n`,
  };
  for (const [name, text] of Object.entries(files))
    writeFileSync(join(folder, name), text);
}

/* Not just whether somebody listens: Janus does so before it has loaded all of its plugins. */
async function answers(host) {
  const socket = new WebSocket(`ws://${host}/`, 'janus-protocol');
  const answer = new Promise((resolve) => {
    socket.on('open', () => socket.send(JSON.stringify({ janus: 'info', transaction: 'start' })));
    socket.on('message', (data) => resolve(JSON.parse(data).janus === 'server_info'));
    socket.on('error', () => resolve(false));
    socket.on('close', () => resolve(false));
  });
  try {
    return await answer;
  } finally {
    socket.terminate();
  }
}

/* { pid, host }: its WebSocket's address and port. `t` stops it at its end. */
export async function startJanus(t) {
  const folder = mkdtempSync(join(tmpdir(), 'salon-janus-'));
  defer(t, () => rmSync(folder, { recursive: true, force: true }));
  const port = await findPort();
  writeConfiguration(folder, port);
  /* Where its core goes, should it crash: this happens when it is told to end. */
  const child = spawn(PROGRAM, ['--configs-folder', folder], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => { log = (log + text).slice(-4000); });
  const exited = new Promise((done) => child.once('close', done));
  const kill = () => child.kill('SIGKILL');
  process.on('exit', kill);
  defer(t, async () => {
    child.kill('SIGTERM');
    await withDeadline('janus to stop', exited, STOP_MS).catch(kill);
    await exited;
    process.off('exit', kill);
  });
  const ended = exited.then((code) => {
    throw new Error(`janus ended with ${code}:\n${log}`);
  });
  const host = `${ADDRESS}:${port}`;
  await Promise.race([ended, until('janus takes clients', () => answers(host), START_MS)]);
  return { pid: child.pid, host };
}
