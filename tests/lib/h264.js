/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* H264 from RTP (RFC 6184) to pictures. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const START_CODE = Buffer.from([0, 0, 0, 1]);
const IDR = 5;
const STAP_A = 24;
const FU_A = 28;

const typeOf = (payload) => payload[0] & 0x1f;

/* Of an aggregate: each unit with its size before it. */
function unpack(payload) {
  const units = [];
  for (let at = 1; at + 2 < payload.length;) {
    const size = payload.readUInt16BE(at);
    units.push(payload.subarray(at + 2, at + 2 + size));
    at += 2 + size;
  }
  return units;
}

/* The beginnings of NAL units in a packet: a fragment that goes on begins none. */
function unitsOf(payload) {
  if (typeOf(payload) === STAP_A)
    return unpack(payload);
  if (typeOf(payload) !== FU_A)
    return [payload];
  return payload[1] & 0x80 ? [Buffer.concat([Buffer.from([payload[0] & 0xe0 | payload[1] & 0x1f]), payload.subarray(2)])] : [];
}

export function beginsKeyframe({ payload }) {
  return unitsOf(payload).some((unit) => typeOf(unit) === IDR);
}

function toByteStream(packets) {
  return Buffer.concat(packets.flatMap(({ payload }) => {
    const units = unitsOf(payload);
    return units.length > 0 ? units.flatMap((unit) => [START_CODE, unit]) : [payload.subarray(2)];
  }));
}

/* How often a pixel changes in these packets' pictures, of this size: { pictures, changes }. */
export function decode(folder, packets, { width, height }) {
  const [stream, pictures] = ['stream.h264', 'pictures.gray'].map((name) => join(folder, name));
  writeFileSync(stream, toByteStream(packets));
  const { status, stderr } = spawnSync('gst-launch-1.0', ['filesrc', `location=${stream}`, '!', 'h264parse', '!', 'avdec_h264',
    '!', 'videoconvert', '!', 'video/x-raw,format=GRAY8', '!', 'filesink', `location=${pictures}`],
    { encoding: 'utf8', timeout: 30000 });
  assert.equal(status, 0, stderr);
  const data = readFileSync(pictures);
  const size = width * height;
  assert.equal(data.length % size, 0, `pictures of ${width} x ${height}`);
  let changes = 0;
  for (let at = size; at < data.length; at++)
    changes += Math.abs(data[at] - data[at - size]) > 100;
  return { pictures: data.length / size, changes };
}
