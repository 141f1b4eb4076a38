/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pipelines with salonsink and salonsrc, and what they say. */

import * as runner from 'node:test';
import { dirname, join } from 'node:path';
import { Program } from './program.js';
import { serverPath } from './server.js';

export const PLUGIN_DIR = join(dirname(serverPath()), 'plugin');
const APPLICATION = join(dirname(serverPath()), '../tests/integration/application');

export const test = process.env.SALON_TEST_SANITIZED
  ? (name, body) => runner.test(name, { skip: 'gst-launch-1.0 cannot load a plugin with a sanitizer' }, body)
  : runner.test;

/* Where the server is, as words of a pipeline. */
export const WAYS = { 'on the same machine': 'SERVER', 'over WebRTC': 'URL' };

function wordsOf(description, server) {
  return description.replaceAll('SERVER', `server=${join(server.stateDir, 'salon.sock')}`)
    .replaceAll('URL', `server=${server.url}`).trim().split(/\s+/);
}

/* gst-launch-1.0 with a pipeline in which SERVER stands for the server's socket and URL for its address, and what is
 * said on its bus. */
export function launch(t, server, description, { options = ['-m'], env = {} } = {}) {
  return new Program(t, 'gst-launch-1.0', [...options, ...wordsOf(description, server)], { GST_PLUGIN_PATH: PLUGIN_DIR, ...env });
}

/* The same in an application that does more with it while it plays: see application.c. */
export function apply(t, server, description, { env = {} } = {}) {
  return new Program(t, APPLICATION, wordsOf(description, server), { GST_PLUGIN_PATH: PLUGIN_DIR, ...env });
}

/* The times, in seconds, of the buffers that came to the sink of this name, under GST_DEBUG=basesink:5. Of two streams
 * at once: what -v prints when a property changes in two threads may be the one twice, and the other not. */
export function sunkBy(program, name) {
  const line = new RegExp(`<${name}> got times start: (\\d+):(\\d+):([\\d.]+), stop: [\\d:.]+, do_sync`, 'g');
  return [...program.errors.matchAll(line)].map(([, hours, minutes, seconds]) => Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds));
}

/* The times, in seconds, of the buffers that an `identity silent=false` of this name has seen under -v, with their
 * sizes. */
export function buffersOf(program, name) {
  const line = new RegExp(`GstIdentity:${name}: last-message = chain.*\\((\\d+) bytes.*pts: (\\d+):(\\d+):([\\d.]+),.*flags: (\\w+)`, 'g');
  return [...program.output.matchAll(line)].map(([, size, hours, minutes, seconds, flags]) => ({
    size: Number(size), time: Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds), flags: Number.parseInt(flags, 16),
  }));
}
