/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of pipelines/ by gst-launch-1.0, and what there is to see and to hear in a room or a file. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { PLUGIN_DIR } from './elements.js';
import { Program } from './program.js';
import { serverPath } from './server.js';

export const PIPELINES = resolve(new URL('../../pipelines', import.meta.url).pathname);
export const SALON_LAUNCH = process.env.SALON_LAUNCH ?? join(dirname(serverPath()), 'tools/salon-launch');
const ENVIRONMENT = { GST_PLUGIN_PATH: PLUGIN_DIR };

/* gst-launch-1.0 with a text; values in it have no blanks. options: others than to tell of messages, and to finish files
 * when it is interrupted. */
export function launchText(t, text, { options = ['-m', '-e'], cwd } = {}) {
  return new Program(t, 'gst-launch-1.0', [...options, ...text.trim().split(/\s+/)], ENVIRONMENT, cwd);
}

/* A file of pipelines/ as its head says to run it by hand, in a room of the server. parameters: an object. */
export function launchFile(t, server, name, parameters, options) {
  const { status, stdout, stderr } = spawnSync(SALON_LAUNCH, ['--print', join(PIPELINES, `${name}.launch`),
    `server=${join(server.stateDir, 'salon.sock')}`,
    ...Object.entries(parameters).map(([key, value]) => `${key}=${value}`)], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return launchText(t, stdout, options);
}

/* Runs a pipeline to its end. */
export function runText(text, cwd) {
  const { status, stderr } = spawnSync('gst-launch-1.0', ['-q', ...text.trim().split(/\s+/)],
    { encoding: 'utf8', env: { ...process.env, ...ENVIRONMENT }, cwd, timeout: 60000 });
  assert.equal(status, 0, stderr);
}

/* What comes after the pads "name.video_0" and "name.audio_0", or such, for picturesOf() and soundOf(). */
export function analyse(videoPad, audioPad) {
  /* One of them may never come. */
  return `${videoPad} ! queue ! videoconvert ! videoanalyse ! fakesink sync=false async=false
    ${audioPad} ! queue ! audioconvert ! level interval=20000000 ! fakesink sync=false async=false`;
}

/* [{ time, luma }]: in seconds of running time, and from 0, black, to 1. */
export function picturesOf(program) {
  return [...program.output.matchAll(/GstVideoAnalyse, .*?running-time=\(guint64\)(\d+).*?luma-average=\(double\)([\d.e-]+)/g)]
    .map(([, time, luma]) => ({ time: Number(time) / 1e9, luma: Number(luma) }));
}

export const isWhite = ({ luma }) => luma > 0.8;

/* [{ time, peak }]: of each 20 ms, in seconds of running time, and decibels. */
export function soundOf(program) {
  return [...program.output.matchAll(/level, .*?running-time=\(guint64\)(\d+).*?peak=\(GValueArray\)< (-?[\d.]+|-inf)/g)]
    .map(([, time, peak]) => ({ time: Number(time) / 1e9, peak: peak === '-inf' ? -Infinity : Number(peak) }));
}

export const isLoud = ({ peak }) => peak > -30;

/* Somebody who watches a room by salonsrc, of which picturesOf() and soundOf() tell. */
export async function watch(t, server, room) {
  const viewer = launchText(t, `salonsrc server=${join(server.stateDir, 'salon.sock')} room=${room} decode=true name=s
    ${analyse('s.video_0', 's.audio_0')}`);
  await viewer.prints(/salon-attached/);
  return viewer;
}
