/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A real TURN server: coturn, as Debian ships it. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createSocket } from 'node:dgram';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificate } from './certificate.js';
import { defer } from './cleanup.js';
import { until } from './until.js';

export const hasTurn = existsSync('/usr/bin/turnserver');

/* An address that is not the loopback one, if there is any: browsers relay from nowhere else. */
export function hostAddress() {
  const all = Object.values(networkInterfaces()).flat().filter(({ family }) => family === 'IPv4');
  return (all.find(({ internal }) => !internal) ?? all[0]).address;
}

async function freePort(address) {
  const socket = createSocket('udp4').bind(0, address);
  await once(socket, 'listening');
  const { port } = socket.address();
  await new Promise((resolve) => socket.close(resolve));
  return port;
}

/* Starts it for `t`: { url, secret, log }. transport: how clients are to come: 'udp', 'tcp' or 'tls'. */
export async function startTurn(t, transport = 'udp') {
  const address = hostAddress();
  const port = await freePort(address);
  const secret = 'the-turn-servers-secret';
  const directory = mkdtempSync(join(tmpdir(), 'salon-turn-'));
  const isTls = transport === 'tls';
  const { certificate, key } = isTls ? makeCertificate(t, address) : {};
  const child = spawn('/usr/bin/turnserver', ['-n', '--no-cli', '--no-dtls', '--fingerprint',
    ...(isTls ? [`--tls-listening-port=${port}`, `--cert=${certificate}`, `--pkey=${key}`, '--no-tcp', '--no-udp'] :
      [`--listening-port=${port}`, '--no-tls', transport === 'tcp' ? '--no-udp' : '--no-tcp']),
    `--listening-ip=${address}`, `--relay-ip=${address}`, '--use-auth-secret',
    `--static-auth-secret=${secret}`, '--realm=salon.test', '--allow-loopback-peers', '--verbose', '--log-file=stdout',
    `--pidfile=${join(directory, 'pid')}`, `--userdb=${join(directory, 'db')}`,
  ], { stdio: ['ignore', 'pipe', 'pipe'], cwd: directory });
  const url = `${isTls ? 'turns' : 'turn'}:${address}:${port}?transport=${isTls ? 'tcp' : transport}`;
  const turn = { url, secret, log: '' };
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => { turn.log += text; });
  defer(t, async () => {
    const exited = child.exitCode === null && once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
    rmSync(directory, { recursive: true, force: true });
  });
  await until('coturn listens', () => {
    assert.equal(child.exitCode, null, turn.log);
    return new RegExp(`${transport} listener opened on ?: ${address}:${port}`, 'i').test(turn.log);
  }, 10000);
  return turn;
}
