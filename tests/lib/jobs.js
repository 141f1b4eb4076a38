/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Jobs of a server, through its HTTP API; and their processes, which outlive it. */

import assert from 'node:assert/strict';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { checkHttp, checkHttpError } from './schema.js';
import { ADMIN_TOKEN } from './server.js';
import { until } from './until.js';

/* A process, a pipeline, and GStreamer's registry, on a busy machine. */
const STATE_MS = 30000;

export async function startJob(server, json, token = ADMIN_TOKEN) {
  checkHttp('startJobRequest', json);
  const { status, body } = await server.http('POST', '/jobs', { json, token });
  assert.equal(status, 201, JSON.stringify(body));
  checkHttp('jobResponse', body);
  return body.job;
}

export async function getJob(server, id, token = ADMIN_TOKEN) {
  const { status, body } = await server.http('GET', `/jobs/${id}`, { token });
  assert.equal(status, 200, JSON.stringify(body));
  checkHttp('jobResponse', body);
  return body.job;
}

export async function changeJob(server, id, json, token = ADMIN_TOKEN) {
  checkHttp('changeJobRequest', json);
  const { status, body } = await server.http('PATCH', `/jobs/${id}`, { json, token });
  assert.equal(status, 200, JSON.stringify(body));
  checkHttp('jobResponse', body);
  return body.job;
}

export async function refused(server, expectedStatus, expectedReason, ...request) {
  const { status, body } = await server.http(...request);
  assert.equal(status, expectedStatus, JSON.stringify(body));
  checkHttpError(body);
  assert.equal(body.error.data.reason, expectedReason);
  return body.error.message;
}

const ENDS = ['finished', 'stopped', 'failed'];

/* Waits until the job is as `probe` has it; one that has ended meanwhile will not be. */
export async function untilJob(server, id, what, probe, token = ADMIN_TOKEN) {
  let job;
  await until(`the job ${what}`, async () => {
    job = await getJob(server, id, token);
    const isSo = probe(job);
    assert.ok(isSo || !ENDS.includes(job.state), `waited until the job ${what}, but: ${JSON.stringify(job)}`);
    return isSo;
  }, STATE_MS);
  return job;
}

export async function untilState(server, id, state, token) {
  return await untilJob(server, id, `is ${state}`, (job) => job.state === state, token);
}

/* The pids of the processes of a job, or of all, below a state folder: { keepers, pipelines }. */
export function jobProcesses(stateDir, id = '') {
  const found = { keepers: [], pipelines: [] };
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (!readlinkSync(`/proc/${pid}/cwd`).startsWith(`${stateDir}/jobs/${id}`))
        continue;
      const [, command] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      if (command === 'keep')
        found.keepers.push(Number(pid));
      else if (command === 'run')
        found.pipelines.push(Number(pid));
    } catch {
      /* It ended while we looked. */
    }
  }
  return found;
}

/* Nothing is left behind, whatever became of the test. */
export async function killJobs(stateDir) {
  const { keepers, pipelines } = jobProcesses(stateDir);
  for (const pid of [...keepers, ...pipelines]) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      /* It ended by itself. */
    }
  }
  await until('the jobs are dead', () => {
    const left = jobProcesses(stateDir);
    return left.keepers.length + left.pipelines.length === 0;
  }, STATE_MS);
}
