/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Applications of salonsink and salonsrc that do more than gst-launch-1.0: they change their pipelines while they play. */

import assert from 'node:assert/strict';
import * as runner from 'node:test';
import { WAYS, apply, buffersOf, test } from '../lib/elements.js';
import { Peer } from '../lib/peer.js';
import { newRoom } from '../lib/people.js';
import { MEDIA_MS } from '../lib/program.js';
import { startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const server = await startServer(runner);

/* The widths of the pictures that went through the identity `v`. */
const widthsOf = ({ output }) => [...output.matchAll(/GstIdentity:v\.GstPad:src: caps = .*?width=\(int\)(\d+)/g)].map(([, width]) => Number(width));
const countOf = (program) => buffersOf(program, 'v').length;

for (const [way, at] of Object.entries(WAYS)) {
  test(`a pad says how large its picture is shown, and whether at all, ${way}`, async (t) => {
    const room = newRoom();
    const ann = await Peer.join(t, server, room, 'Ann', { publish: ['camera'], simulcast: true });
    await ann.start();
    const viewer = apply(t, server, `salonsrc ${at} room=${room} name=s width=320 height=180 s.video_0 !
      identity name=v silent=false ! fakesink sync=false`);
    const shows = (width) => until(`pictures ${width} wide come`, () => widthsOf(viewer).at(-1) === width, MEDIA_MS);
    await shows(320);
    viewer.tell('get s.video_0 display-name');
    await viewer.prints(/display-name is Ann\n/);
    viewer.tell('set s.video_0 width 640');
    await shows(640);
    viewer.tell('set s.video_0 paused true');
    await ann.signalling.next('layers_wanted', ({ layers }) => layers.length === 0, MEDIA_MS);
    const count = countOf(viewer);
    viewer.tell('set s.video_0 paused false');
    await until('it goes on', () => countOf(viewer) > count + 5, MEDIA_MS);
    assert.deepEqual([...new Set(widthsOf(viewer))], [320, 640]);
  });
}
