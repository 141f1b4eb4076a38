/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* README.md, Rooms as text. The room is that of the chapter before. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { until } from '../../lib/until.js';

export default [
  {
    line: /^salonctl room graph studio \| dot -Tsvg > studio\.svg$/,
    check: async (line) => {
      await line.publishes('studio', 'Ann');
      await line.ends();
      const svg = readFileSync(line.path('studio.svg'), 'utf8');
      assert.match(svg, /<svg[^]*>Ann<[^]*>tee<[^]*<\/svg>/);
    },
  },
  {
    line: /^salonctl room lines studio$/,
    check: async (line) => {
      await line.publishes('studio', 'Ann');
      let lines;
      await until('the codecs are known', async () => {
        lines = (await line.ends()).match(/^(export|gst-launch-1.0 salonsrc) .*/gm);
        return lines.length === 3;
      }, 10000);
      for (const view of lines.slice(1)) {
        line.command = `${lines[0]}\n${view}`;
        await line.shows(1);
      }
    },
  },
];
