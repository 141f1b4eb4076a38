/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every codec that Salon forwards, from a browser to another. */

import assert from 'node:assert/strict';
import * as runner from 'node:test';
import { openChromium } from '../lib/browsers.js';
import { newRoom } from '../lib/people.js';
import { Person } from '../lib/person.js';
import { startServer } from '../lib/server.js';

const { test } = runner;
const chromium = await openChromium(runner);

for (const codec of ['VP8', 'VP9', 'H264', 'AV1']) {
  test(`${codec} is forwarded both ways`, async (t) => {
    const server = await startServer(t, { config: { media: { 'video-codecs': codec } } });
    const room = newRoom();
    const ann = await Person.enter(chromium, server, room, 'Ann');
    const bob = await Person.enter(chromium, server, room, 'Bob');
    await ann.grows('Bob', 'camera', 'frames');
    await bob.grows('Ann', 'camera', 'frames');
    assert.equal((await ann.from('Bob', 'camera')).codec, `video/${codec}`);
    assert.match((await ann.from('Bob', 'microphone')).codec, /^audio\/opus$/i);
    await ann.page.close();
    await bob.page.close();
  });
}
