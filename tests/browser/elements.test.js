/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* salonsink and salonsrc with a browser at the other end. */

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
