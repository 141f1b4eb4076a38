/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pipelines in files: in README.md, in pipelines/README.md, and at the heads of the files. */

import assert from 'node:assert/strict';
import { until } from '../../lib/until.js';

/* rest: of a command with salon-launch, as a regular expression. */
function launching(rest, check) {
  return { line: new RegExp(`^(?:build/src/tools/)?salon-launch --room=demo ${rest}$`), check };
}

function publishing(rest, name) {
  return launching(rest, async (line) => {
    line.start();
    await Promise.all(['video', 'audio'].map((kind) => line.comesFrom('demo', name, kind)));
  });
}

/* Somebody is there to be seen: a file's own block has nobody else. */
function viewing(rest, nSinks) {
  return launching(rest, async (line) => {
    await line.publishes('demo', 'Ann');
    await line.shows(nSinks);
  });
}

export default [
  publishing('pipelines/test-publisher\\.launch', 'test-publisher'),
  publishing('--name=Pattern pipelines/test-publisher\\.launch', 'Pattern'),
  publishing('--name=Snow pipelines/test-publisher\\.launch pattern=snow wave=pink-noise', 'Snow'),
  launching('pipelines/test-publisher\\.launch pattern=smpte width=640 height=360', async (line) => {
    const first = await line.enters('demo');
    const count = first.participants.length;
    const second = line.start();
    await second.prints(/^connected publisher$/m);
    await until('there is one more', async () => (await line.enters('demo')).participants.length > count);
    await second.leaves();
  }),
  viewing('pipelines/test-viewer\\.launch', 2),
  viewing('--name=Viewer pipelines/test-viewer\\.launch', 2),
  viewing('pipelines/test-viewer\\.launch video-sink="fpsdisplaysink text-overlay=true" audio-sink=fakesink', 1),
  {
    line: /^gst-launch-1\.0 \$\(build\/src\/tools\/salon-launch --print pipelines\/slot-switch\.launch active=snow\)$/,
    check: (line) => line.shows(1),
  },
  {
    line: /^GST_PLUGIN_PATH=build\/src\/plugin gst-launch-1\.0 -v \$\(build\/src\/tools\/salon-launch --print pipelines\/slot-switch\.launch\)$/,
    check: async (line) => {
      const program = await line.shows(1);
      await program.prints(/SalonSlot:slot\.GstPad:src: caps = .*payload=\(int\)100/);
    },
  },
  {
    line: /^GST_PLUGIN_PATH=build\/src\/plugin gst-inspect-1\.0 salonslot$/,
    check: async (line) => assert.match(await line.ends(), /sink_%u/),
  },
];
