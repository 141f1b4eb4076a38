/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cameras that are sent in three sizes, and received in the one that fits. */

import assert from 'node:assert/strict';
import * as runner from 'node:test';
import { openChromium, openFirefox } from '../lib/browsers.js';
import { newRoom } from '../lib/people.js';
import { Person } from '../lib/person.js';
import { startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;
/* Three layers of it are of use; at the 15 pictures a second of all cameras here, it is little to encode. */
const cameraSize = { width: 1280, height: 720 };
const chromium = await openChromium(runner, { cameraSize });

/* Runs in the page: what is sent of the camera, the smallest layer first: { rid, frames }. */
async function readSent() {
  const reports = [...(await window.salon.peerConnections.get(0).getStats()).values()];
  return ['q', 'h', 'f'].map((rid) => {
    const report = reports.find((each) => each.type === 'outbound-rtp' && each.rid === rid);
    return { rid, frames: report?.framesEncoded ?? 0 };
  });
}

/* Those of which more and more is sent. */
async function layersSent(person) {
  const before = await person.page.evaluate(readSent);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const after = await person.page.evaluate(readSent);
  return after.filter(({ frames }, i) => frames > before[i].frames).map(({ rid }) => rid).join('');
}

/* Not by the page, which goes by the size of the tile. */
async function ask(person, settings) {
  await person.page.evaluate((wanted) => {
    const [id] = [...window.salon.subscriptions].find(([, { track }]) => track.source === 'camera');
    window.salon.setTrackSettings(id, wanted);
  }, settings);
}

async function seesWidth(person, name, isRight, what, deadlineMs = 15000) {
  return await until(`${person.name} sees ${name} ${what}`, async () => {
    const { width } = await person.from(name, 'camera') ?? {};
    return width && isRight(width) ? width : null;
  }, deadlineMs);
}

async function isSending(person, layers, deadlineMs = 10000) {
  await until(`${person.name} sends ${layers || 'nothing'}`, async () => await layersSent(person) === layers, deadlineMs);
}

/* No picture was lost on the way from one layer to another: the receiver never had to ask for a keyframe, and played on. */
async function readTrouble(person) {
  return await person.page.evaluate(async () => {
    const reports = [...(await window.salon.peerConnections.get(1).getStats()).values()];
    const report = reports.find(({ type, kind }) => type === 'inbound-rtp' && kind === 'video');
    return { freezes: report.freezeCount, requests: report.pliCount };
  });
}

test('who asks for low gets a small picture, for high a large one, and what nobody wants rests at the source', async (t) => {
  const server = await startServer(t);
  const room = newRoom();
  const ann = await Person.enter(chromium, server, room, 'Ann', 'audio=0');
  await ann.page.waitForFunction(() => window.salon.isOn('camera'));
  await isSending(ann, '');
  const bob = await Person.enter(chromium, server, room, 'Bob', 'audio=0&video=0');
  await seesWidth(bob, 'Ann', () => true, 'at all');

  await ask(bob, { quality: 'high' });
  await seesWidth(bob, 'Ann', (width) => width === 1280, 'large');
  await isSending(ann, 'qhf');
  const { requests } = await readTrouble(bob);
  await ask(bob, { quality: 'low' });
  await seesWidth(bob, 'Ann', (width) => width === 320, 'small');
  await isSending(ann, 'q');

  await ask(bob, { quality: 'medium' });
  await seesWidth(bob, 'Ann', (width) => width === 640, 'larger');
  await isSending(ann, 'qh');
  assert.equal((await readTrouble(bob)).requests, requests);

  await ask(bob, { quality: 'off' });
  await isSending(ann, '');
  await ask(bob, {});
  await bob.grows('Ann', 'camera', 'frames');
  assert.deepEqual([...ann.problems, ...bob.problems], []);
});
