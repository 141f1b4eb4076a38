/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program that a test runs as a person would, and what it says. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { until, withDeadline } from './until.js';

/* A picture takes a connection, a keyframe and a decoder to come. */
export const MEDIA_MS = 30000;

/* A program that `t` ends with. */
export class Program {
  #child;
  #exited;
  output = '';
  errors = '';

  constructor(t, command, args, env = {}, cwd = undefined) {
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env }, cwd });
    this.#child.stdout.setEncoding('utf8').on('data', (text) => { this.output += text; });
    this.#child.stderr.setEncoding('utf8').on('data', (text) => { this.errors += text; });
    /* Whoever waits for the program is told that it has ended. */
    this.#child.stdin.on('error', () => {});
    this.#exited = new Promise((resolveExit) => this.#child.once('close', (code, signal) => {
      this.status = code ?? signal;
      resolveExit(this.status);
    }));
    t.after(async () => {
      this.#child.kill('SIGKILL');
      await this.#exited;
    });
  }

  async exits(deadlineMs = MEDIA_MS) {
    try {
      return await withDeadline('the program to end', this.#exited, deadlineMs);
    } catch (error) {
      throw new Error(`${error.message}\n${this.output}${this.errors}`);
    }
  }

  get pid() {
    return this.#child.pid;
  }

  /* On its stdin. */
  tell(line) {
    this.#child.stdin.write(`${line}\n`);
  }

  signal(name) {
    this.#child.kill(name);
  }

  /* Ctrl-C. */
  async interrupt() {
    this.#child.kill('SIGINT');
    return await this.exits();
  }

  /* Ctrl-C, and nothing to complain of. */
  async leaves() {
    assert.equal(await this.interrupt(), 0, this.errors);
    assert.equal(this.errors, '');
  }

  async prints(pattern) {
    await until(`it prints ${pattern}`, () => {
      if (pattern.test(this.output))
        return true;
      assert.equal(this.status, undefined, `it ended:\n${this.output}${this.errors}`);
      return false;
    }, MEDIA_MS).catch((error) => { throw new Error(`${error.message}\n${this.output}${this.errors}`); });
  }
}
