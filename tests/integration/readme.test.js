/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What README.md, pipelines/README.md and the heads of pipelines/*.launch tell people to type, typed: each command as it
 * stands, in a shell, in order, with the server as it starts by itself. What it must do is said in readme/*.js: a command
 * that nothing is said of fails, and so does what is said of a command that is in no text.
 *
 * What differs from a person's machine: the network is the test's own, the home and the folder are empty, but for links
 * to the build, the data and the pipelines; salonctl and salon-launch are found without their folder; what stands for
 * something else is filled in (OWNER_TOKEN, ID); each command has a terminal of its own; and windows and loudspeakers
 * are sinks that take all and show nothing. */

import { hasOwnNetwork } from '../lib/own-network.js';
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as runner from 'node:test';
import { defer } from '../lib/cleanup.js';
import { killJobs } from '../lib/jobs.js';
import { BUILD, Line, REPOSITORY, readChapters } from '../lib/readme.js';
import { startDefaultServer } from '../lib/server.js';

const { test } = runner;

/* { line: RegExp, check: async (Line) => {} } */
const CHECKS_DIR = new URL('readme/', import.meta.url);
const checks = [];
for (const file of readdirSync(CHECKS_DIR).sort())
  checks.push(...(await import(new URL(file, CHECKS_DIR))).default);

const chapters = readChapters();
const commands = chapters.flatMap(({ blocks }) => blocks.flat());
const isExport = (command) => /^export \w+=\S+$/.test(command);

function checkOf(command) {
  const found = checks.filter(({ line }) => line.test(command));
  assert.equal(found.length, 1, `${found.length === 0 ? 'nothing says' : 'it is said twice'} what this must do, in ${
    'tests/integration/readme/'}: ${command}`);
  return found[0].check;
}

/* A home and a checkout, and a server that was started without a word. */
async function makePlace() {
  const home = mkdtempSync(join(tmpdir(), 'salon-readme-'));
  const stateDir = join(home, '.local/state/salon');
  const folder = join(home, 'checkout');
  defer(runner, () => rmSync(home, { recursive: true, force: true }));
  defer(runner, () => existsSync(stateDir) && killJobs(stateDir));
  mkdirSync(folder);
  symlinkSync(BUILD, join(folder, 'build'));
  for (const name of ['data', 'pipelines'])
    symlinkSync(join(REPOSITORY, name), join(folder, name));
  const env = { HOME: home, PATH: `${BUILD}/src/tools:${process.env.PATH}`, XDG_STATE_HOME: '', XDG_CONFIG_HOME: '' };
  return { folder, env, server: await startDefaultServer(runner, { env, stateDir }) };
}

async function runBlock(t, at, block, exports, notes) {
  for (const command of block) {
    if (isExport(command)) {
      exports.push(command);
      continue;
    }
    const start = performance.now();
    await checkOf(command)(new Line(t, at, command, exports, notes)).catch((error) => {
      error.message = `${command}\n${error.message}`;
      throw error;
    });
    t.diagnostic(`${((performance.now() - start) / 1000).toFixed(1)} s: ${command.split('\n')[0]}`);
  }
}

const skip = process.env.SALON_TEST_SANITIZED ? 'gst-launch-1.0 cannot load a plugin with a sanitizer'
  : !hasOwnNetwork && 'this machine lets nobody make a network namespace';
const place = skip ? undefined : await makePlace();
test('it is said of each command what it must do, and of nothing else', () => {
  assert.ok(commands.length > 20, `${commands.length} commands found`);
  for (const command of commands.filter((text) => !isExport(text)))
    checkOf(command);
  for (const { line } of checks)
    assert.ok(commands.some((command) => line.test(command)), `no text has ${line} any more`);
});

/* A chapter goes on with the rooms of those before it. */
const notes = {};
for (const { title, blocks } of chapters) {
  test(title, { skip }, async (t) => {
    const exports = [];
    for (const block of blocks)
      await t.test(block[0], (inner) => runBlock(inner, place, block, exports, notes));
  });
}
