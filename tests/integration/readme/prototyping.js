/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* README.md, Prototyping; pipelines/README.md. */

import assert from 'node:assert/strict';

export default [
  {
    line: /^gst-launch-1\.0 videotestsrc ! vp8enc deadline=1 ! salonsink room=demo name=pattern$/,
    check: async (line) => {
      line.start();
      await line.comesFrom('demo', 'pattern');
    },
  },
  {
    line: /^gst-launch-1\.0 videotestsrc ! salonsink room=demo name=s audiotestsrc ! s\.$/,
    check: async (line) => {
      line.start();
      await Promise.all(['video', 'audio'].map((kind) => line.comesFrom('demo', 's', kind)));
    },
  },
  {
    line: /^gst-launch-1\.0 -e salonsrc room=demo participant=Ann kind=video ! matroskamux ! filesink location=ann\.mkv$/,
    check: async (line) => {
      const ann = await line.publishes('demo', 'Ann');
      const recorder = line.start();
      await line.grows('ann.mkv', 20000);
      await recorder.interrupt();
      assert.ok(await line.counts('ann.mkv', 'matroskademux ! vp8dec') >= 10);
      await ann.interrupt();
    },
  },
  {
    line: /^gst-launch-1\.0 salonsrc room=demo decode=true .* autovideosink s\.audio_0 ! queue ! autoaudiosink$/,
    check: (line) => line.shows(2),
  },
  {
    line: /^gst-inspect-1\.0 salonsink$/,
    check: async (line) => assert.match(await line.ends(), /Salon[^]*\n {2}room +: /),
  },
  {
    line: /^gst-inspect-1\.0 salonsrc$/,
    check: async (line) => assert.match(await line.ends(), /Salon[^]*\n {2}participant +: /),
  },
];
