/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* README.md, Encoders and players. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { parseSdp } from '../../lib/sdp.js';
import { until } from '../../lib/until.js';
import { Whep, Whip, pathOf } from '../../lib/whip.js';

/* The one that the first line starts stays for the others. */
async function publishFrom(t, line, name) {
  const whip = await Whip.create(t, line.server, name);
  assert.equal((await whip.post('demo')).status, 201);
  await whip.connect();
  whip.startMedia();
  return whip;
}

export default [
  {
    line: /^http:.*\/whip\/demo\?name=OBS$/,
    check: async (line) => {
      assert.equal(line.command, new URL(pathOf('whip', 'demo', { name: 'OBS' }), line.server.url).href.replace('127.0.0.1', 'localhost'));
      await publishFrom(line.t, line, 'OBS');
      await line.isIn('demo', 'OBS');
    },
  },
  {
    line: /^http:.*\/whep\/demo\?participant=OBS&name=Wall$/,
    check: async (line) => {
      const query = { participant: 'OBS', name: 'Wall' };
      assert.equal(line.command, new URL(pathOf('whep', 'demo', query), line.server.url).href.replace('127.0.0.1', 'localhost'));
      const whep = await Whep.create(line.t, line.server, query);
      assert.equal((await whep.post('demo')).status, 201);
      await whep.connect();
      await line.isIn('demo', 'Wall');
      await publishFrom(line.t, line, 'OBS');
      for (const [kind, label] of [['audio', 'OBS/microphone'], ['video', 'OBS/camera']])
        await until(`${kind} of OBS comes`, () => whep.slot(kind).last?.label === label, 10000);
    },
  },
  {
    line: /^curl .*@offer\.sdp/,
    check: async (line) => {
      const whip = await Whip.create(line.t, line.server, 'Curl');
      writeFileSync(line.path('offer.sdp'), whip.offer);
      const answer = parseSdp(await line.ends(`${line.command} -s 'http://localhost:8080/whip/demo?name=Curl'`));
      assert.deepEqual(answer.media.map(({ kind, direction }) => [kind, direction]), [['audio', 'recvonly'], ['video', 'recvonly']]);
      assert.ok(answer.candidates.length > 0);
    },
  },
];
