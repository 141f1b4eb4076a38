/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* README.md, Jobs. */

import assert from 'node:assert/strict';
import { getJob, untilJob, untilState } from '../../lib/jobs.js';
import { checkHttp } from '../../lib/schema.js';

/* The token that the server made up, as salonctl finds it. */
async function adminToken(line) {
  return (await line.ends('cat ~/.local/state/salon/admin-token')).trim();
}

async function jobOf(line, id = line.notes.id) {
  return await getJob(line.server, id, await adminToken(line));
}

export default [
  {
    line: /^salonctl room create studio$/,
    check: async (line) => {
      const output = await line.ends();
      assert.match(output, /^Link: http:\S+\/r\/studio$/m);
      [, line.notes.owner] = output.match(/^Owner token, shown this once: (\S+)$/m);
    },
  },
  {
    line: /^salonctl job start --room studio --launch 'videotestsrc /,
    check: async (line) => {
      [, line.notes.short] = (await line.ends()).match(/^Started ([0-9a-f]{8});/);
      const { jobs } = await line.answers('salonctl --json jobs --room studio');
      line.notes.id = jobs.find(({ id }) => id.startsWith(line.notes.short)).id;
      await untilJob(line.server, line.notes.id, 'has pictures', ({ buffers }) => buffers >= 10, await adminToken(line));
    },
  },
  {
    line: /^salonctl jobs$/,
    check: async (line) => assert.match(await line.ends(), new RegExp(`^${line.notes.short}  running  studio  -  `, 'm')),
  },
  {
    line: /^salonctl job set 0d4fb6f2 'title\.text=/,
    check: async (line) => {
      await line.fill({ '0d4fb6f2': line.notes.short }).ends();
      assert.equal((await jobOf(line)).state, 'running');
    },
  },
  {
    line: /^salonctl job stop 0d4fb6f2$/,
    check: async (line) => {
      const output = await line.fill({ '0d4fb6f2': line.notes.short }).ends();
      const [, folder] = output.match(/^Files: (.*)$/m);
      assert.equal((await jobOf(line)).state, 'stopped');
      assert.ok(await line.counts(`${folder}/output/picture.webm`, 'matroskademux ! vp8dec') >= 10);
    },
  },
  {
    line: /^curl 'localhost:8080\/pipelines\?room=studio'/,
    check: async (line) => {
      const answer = await line.fill({ OWNER_TOKEN: line.notes.owner }).answers();
      checkHttp('pipelinesResponse', answer);
      assert.ok(answer.pipelines.some(({ name }) => name === 'test-pattern'));
    },
  },
  {
    line: /^curl 'localhost:8080\/jobs\?room=studio'/,
    check: async (line) => {
      const answer = await line.fill({ OWNER_TOKEN: line.notes.owner }).answers();
      checkHttp('jobsResponse', answer);
      assert.deepEqual(answer.jobs.map(({ id }) => id), [line.notes.id]);
    },
  },
  {
    line: /^curl localhost:8080\/jobs .*"pipeline": "record-to-file"/s,
    check: async (line) => {
      await line.publishes('studio', 'Ann');
      const { job } = await line.fill({ OWNER_TOKEN: line.notes.owner }).answers();
      line.notes.recorder = job.id;
      await untilJob(line.server, job.id, 'has written', ({ output_bytes: bytes }) => bytes > 20000, await adminToken(line));
    },
  },
  {
    line: /^curl -X PATCH localhost:8080\/jobs\/ID .*"stop": true/,
    check: async (line) => {
      await line.fill({ OWNER_TOKEN: line.notes.owner, 'jobs/ID': `jobs/${line.notes.recorder}` }).answers();
      const { folder } = await untilState(line.server, line.notes.recorder, 'stopped', await adminToken(line));
      assert.ok(await line.counts(`${folder}/output/001-Ann.webm`, 'matroskademux name=d d.video_0 ! vp8dec') >= 10);
    },
  },
  {
    line: /^curl localhost:8080\/jobs\/ID\/files -H/,
    check: async (line) => {
      const answer = await line.fill({ OWNER_TOKEN: line.notes.owner, 'jobs/ID': `jobs/${line.notes.id}` }).answers();
      checkHttp('filesResponse', answer);
      assert.deepEqual(answer.files.map(({ name }) => name), ['picture.webm']);
    },
  },
  {
    line: /^curl -O localhost:8080\/jobs\/ID\/files\/picture\.webm -H/,
    check: async (line) => {
      await line.fill({ OWNER_TOKEN: line.notes.owner, 'jobs/ID': `jobs/${line.notes.id}` }).ends();
      assert.ok(await line.counts('picture.webm', 'matroskademux ! vp8dec') >= 10);
    },
  },
  {
    line: /^curl -X POST localhost:8080\/jobs\/ID\/link /,
    check: async (line) => {
      const { url } = await line.fill({ OWNER_TOKEN: line.notes.owner, 'jobs/ID': `jobs/${line.notes.id}` }).answers();
      assert.equal((await fetch(`${url}picture.webm`, { method: 'HEAD' })).status, 200);
    },
  },
  {
    line: /^salonctl pipelines$/,
    check: async (line) => assert.match(await line.ends(), /^test-pattern\n {4}A participant that is always there/m),
  },
];
