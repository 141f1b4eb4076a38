/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* README.md, Administrators. */

import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../../lib/readme.js';
import { checkHttp } from '../../lib/schema.js';

export default [
  {
    line: /^build\/src\/salon-server --config salon\.conf --check-config$/,
    check: async (line) => {
      copyFileSync(join(REPOSITORY, 'data/salon.conf'), line.path('salon.conf'));
      await line.ends();
    },
  },
  {
    line: /^curl -X POST localhost:8080\/room\/create -d '\{"slug": "studio", "max_members": 8\}'$/,
    check: async (line) => {
      const answer = await line.answers();
      checkHttp('createResponse', answer);
      assert.equal(answer.room.max_members, 8);
      line.notes.owner = answer.owner_token;
    },
  },
  {
    line: /^curl localhost:8080\/room\/studio$/,
    check: async (line) => assert.equal((await line.answers()).room.slug, 'studio'),
  },
  {
    line: /^curl -X DELETE localhost:8080\/room\/studio /,
    check: async (line) => assert.deepEqual(await line.fill({ OWNER_TOKEN: line.notes.owner }).answers(), {}),
  },
  {
    line: /^curl localhost:8080\/rooms /,
    check: async (line) => {
      const answer = await line.answers();
      checkHttp('listResponse', answer);
      assert.ok(!answer.rooms.some(({ room }) => room.slug === 'studio'));
    },
  },
  {
    line: /^curl -X POST localhost:8080\/room\/create \\\n.*"exam"/,
    check: async (line) => {
      const { room } = await line.answers();
      assert.equal(room.lifetime, 'timed');
      assert.equal(room.waiting_room, true);
    },
  },
];
