/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* salonsink and salonsrc with a browser at the other end. */

import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import * as runner from 'node:test';
import { openChromium } from '../lib/browsers.js';
import { newRoom } from '../lib/people.js';
import { Person } from '../lib/person.js';
import { MEDIA_MS, Program } from '../lib/program.js';
import { serverPath, startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;
const PLUGIN_DIR = join(dirname(serverPath()), 'plugin');
const chromium = await openChromium(runner);
const server = await startServer(runner);

function launch(t, description) {
  const words = description.replaceAll('SERVER', `server=${join(server.stateDir, 'salon.sock')}`).trim().split(/\s+/);
  return new Program(t, 'gst-launch-1.0', ['-m', '-v', ...words], { GST_PLUGIN_PATH: PLUGIN_DIR });
}

/* How many buffers, roughly, an `identity silent=false` of this name has seen. */
function countOf(program, name) {
  return program.output.split(`GstIdentity:${name}: last-message = chain`).length - 1;
}

test('a browser sees and hears salonsink, and salonsrc the browser', async (t) => {
  const room = newRoom();
  const ann = await Person.enter(chromium, server, room, 'Ann');
  launch(t, `videotestsrc ! vp8enc deadline=1 ! salonsink SERVER room=${room} name=pattern audiotestsrc ! opusenc ! pattern.`);
  await ann.grows('pattern', 'camera', 'frames');
  await ann.grows('pattern', 'microphone', 'energy');

  const viewer = launch(t, `salonsrc SERVER room=${room} participant=Ann decode=true name=s
    s.video_0 ! queue ! video/x-raw ! identity name=v silent=false ! fakesink sync=false
    s.audio_0 ! queue ! audio/x-raw ! identity name=a silent=false ! fakesink sync=false`);
  await until('pictures and sound of Ann come', () => countOf(viewer, 'v') > 10 && countOf(viewer, 'a') > 10, MEDIA_MS);

  /* Who comes in the middle gets a keyframe of the pattern, and of Ann. */
  const bob = await Person.enter(chromium, server, room, 'Bob');
  await bob.grows('pattern', 'camera', 'frames');
  await ann.page.close();
  await viewer.prints(/event=\(string\)removed, pad=\(string\)video_0/);
  await bob.page.close();
});

test('a program that only takes is told of by name, and has no place among the pictures; the host can send it away', async (t) => {
  const room = newRoom();
  const ann = await Person.enter(chromium, server, room, 'Ann', 'audio=0&video=0');
  const wall = launch(t, `salonsrc SERVER room=${room} name=Wall reconnect=0 ! fakesink`);
  await ann.sees('Not shown: 1', '#unseen summary', MEDIA_MS);
  assert.equal(await ann.page.$$eval('.tile', (tiles) => tiles.length), 1);
  assert.equal(await ann.page.textContent('#people-count'), '1');
  assert.equal(await ann.page.isVisible('#alone'), true);

  await ann.page.click('#unseen summary');
  assert.equal(await ann.page.textContent('.unseen-name'), 'Wall');
  assert.deepEqual([await ann.page.isVisible('#unseen .pin'), await ann.page.isVisible('#unseen .kick')], [false, true]);
  ann.page.once('dialog', (dialog) => dialog.accept());
  await ann.page.click('#unseen .kick');
  await until('it is gone', async () => !await ann.page.isVisible('#unseen'));
  await until('it ends', () => wall.status !== undefined, MEDIA_MS);
  await ann.page.close();
});
