/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What streams are sent to, and brought from: nginx with its RTMP module, as Debian ships them, an RTSP server, and an X
 * display. */

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { ADDRESS, findPort } from './port.js';
import { Program } from './program.js';
import { serverPath } from './server.js';
import { until } from './until.js';

const NGINX = '/usr/sbin/nginx';
const RTMP_MODULE = '/usr/lib/nginx/modules/ngx_rtmp_module.so';
const RTSP_SERVER = join(dirname(serverPath()), '../tests/integration/rtsp-server');
const START_MS = 15000;

export const hasNginx = existsSync(RTMP_MODULE);
export const hasRtspServer = existsSync(RTSP_SERVER);

async function isListening(port) {
  const socket = connect(port, ADDRESS);
  try {
    return await new Promise((resolve) => socket.once('connect', () => resolve(true)).once('error', () => resolve(false)));
  } finally {
    socket.destroy();
  }
}

/* Starts it for `t`: { url, program }. What is published at url/KEY is recorded as folder/KEY.flv, and can be played.
 * port: of one that was there before. */
export async function startNginx(t, folder, port) {
  const own = port ?? await findPort();
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'nginx.conf'), `load_module ${RTMP_MODULE};
    daemon off; master_process off; pid ${folder}/pid; error_log stderr notice;
    events {}
    rtmp { access_log off; server { listen ${ADDRESS}:${own}; application live {
      live on; wait_key on; record all; record_path ${folder}; record_unique off;
    } } }\n`);
  const program = new Program(t, NGINX, ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')]);
  await until('nginx listens', async () => {
    assert.equal(program.status, undefined, program.errors);
    return await isListening(own);
  }, START_MS);
  return { url: `rtmp://${ADDRESS}:${own}/live`, port: own, program };
}

/* Starts it for `t`: { host, program }; see rtsp-server.c. */
export async function startRtspServer(t, path) {
  const program = new Program(t, RTSP_SERVER, [path]);
  await program.prints(/^\d+\n/);
  return { host: `${ADDRESS}:${program.output.trim()}`, program };
}

/* An X display that nobody sits at, and that is white. */
export async function startDisplay(t) {
  const xvfb = new Program(t, 'Xvfb', ['-displayfd', '1', '-screen', '0', '320x240x24', '-wr', '-nolisten', 'tcp']);
  await xvfb.prints(/^\d+\n/);
  return `:${xvfb.output.trim()}`;
}
