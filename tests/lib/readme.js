/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands that our texts tell people to type, and a person who types them. */

import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, readSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { connect, joinRoom } from './people.js';
import { MEDIA_MS, Program } from './program.js';
import { serverPath } from './server.js';
import { until } from './until.js';

export const REPOSITORY = resolve(new URL('../..', import.meta.url).pathname);
export const BUILD = join(dirname(serverPath()), '..');

/* What a command within a sentence begins with. */
const PROGRAM = String.raw`(?:build/src/[\w/-]+|gst-\w+-1\.0|salonctl|salon-launch|curl)`;

/* Chapters of README.md whose commands start, configure or measure a server, and have tests of their own: command-line,
 * turn, tls, salonctl, uploads, benchmarks. Every other chapter's are run. */
const ELSEWHERE = ['Two commands', 'People', 'Limits, and a reverse proxy in front', 'Codecs and networks', 'Uploads',
  'Measuring'];

/* A command ends with its line, but for what a quote or a backslash holds together. */
function splitCommands(block) {
  return (block.match(/(?:'[^']*'|"(?:\\.|[^"\\])*"|\\[^]|[^'"\\\n])+/g) ?? []).map((text) => text.trim())
    .filter((text) => text !== '' && !text.startsWith('#'));
}

/* The blocks of a chapter, in order: lists of commands. Other languages' than the shell's are left out, and in sentences
 * what has [arguments], or an option alone: that is how to write a command, and no command. */
function blocksOf(text) {
  const indented = '\\n\\n((?: {4}.*\\n)+)';
  const fenced = '\\n```(\\w*)\\n([^]*?)\\n```';
  const inline = `\`(${PROGRAM}(?! -\\w+\`) [^\`[]+)\``;
  const pattern = new RegExp([indented, fenced, inline].join('|'), 'g');
  return [...text.matchAll(pattern)].filter(([, , language]) => language === undefined || language === 'sh')
    .map(([, lines, , block, words]) => splitCommands(lines?.replace(/^ {4}/gm, '') ?? block ?? words.replace(/\s+/g, ' ')));
}

/* [{ title, blocks }] of a page in Markdown. */
function chaptersOf(path) {
  const text = readFileSync(join(REPOSITORY, path), 'utf8');
  return text.split(/^(?=##* .*\n)/m).map((chapter) => ({
    title: chapter.match(/^#+ (.*)/)?.[1] ?? '', blocks: blocksOf(chapter),
  })).filter(({ title, blocks }) => blocks.length > 0 && !ELSEWHERE.includes(title))
    .map(({ title, blocks }) => ({ title: `${path}, ${title}`, blocks }));
}

/* The last indented lines of its first comment: how to run it by hand. */
function chapterOfPipeline(name) {
  const path = `pipelines/${name}`;
  const head = readFileSync(join(REPOSITORY, path), 'utf8').match(/^(?:#.*\n)+/)?.[0] ?? '';
  const block = head.trimEnd().split(/\n#\n/).at(-1).split('\n');
  assert.ok(block.every((line) => line.startsWith('#   ')), `${path}: the comment at its head must end with how to run it`);
  return { title: path, blocks: [splitCommands(block.map((line) => line.slice(4)).join('\n'))] };
}

/* Everything that is to be run: [{ title, blocks: [[command]] }]. */
export function readChapters() {
  const pipelines = readdirSync(join(REPOSITORY, 'pipelines')).filter((name) => name.endsWith('.launch')).sort();
  return [...chaptersOf('README.md'), ...chaptersOf('pipelines/README.md'), ...pipelines.map(chapterOfPipeline)];
}

/* What an `identity silent=false name=count` told of under -v. */
function countBuffers(output) {
  return output.match(/GstIdentity:count: last-message = chain/g)?.length ?? 0;
}

/* The environment in which a pipeline's windows and loudspeakers are sinks that take all and show nothing, and tell of
 * it; and how many buffers each of them was given, also those that came too late on a busy machine. */
export const TALKING_SINKS = { GST_PLUGIN_FEATURE_RANK: 'fakevideosink:MAX,fakeaudiosink:MAX', GST_DEBUG: 'basesink:5',
                               GST_DEBUG_NO_COLOR: '1' };
export function countSinkBuffers(program) {
  const counts = {};
  /* Each has a thread of its own. */
  for (const [, thread] of program.errors.matchAll(/ +\d+ (0x\w+) DEBUG.*chain_unlocked.* got times start/g))
    counts[thread] = (counts[thread] ?? 0) + 1;
  return Object.values(counts);
}

/* One command as somebody types it who has read the lines before. */
export class Line {
  #t;
  #at;

  /* t: the block's, with which the programs end. at: { server, folder, env }. exports: the chapter's so far.
   * notes: what the checks tell each other. */
  constructor(t, at, command, exports, notes) {
    Object.assign(this, { command, exports, notes, server: at.server, folder: at.folder, t });
    this.#t = t;
    this.#at = at;
  }

  /* What stands for something else in the text: { OWNER_TOKEN: 'x' }. */
  fill(values) {
    for (const [name, value] of Object.entries(values)) {
      assert.ok(this.command.includes(name), `it has no ${name}`);
      this.command = this.command.replaceAll(name, value);
    }
    return this;
  }

  /* Types it in a terminal of its own, as one does with what runs until Ctrl-C. */
  start(env = {}) {
    return this.shell(this.command, env);
  }

  /* Anything else, in the same place. */
  shell(command, env = {}) {
    return new Program(this.#t, 'bash', ['-c', [...this.exports, command].join('\n')], { ...this.#at.env, ...env }, this.folder);
  }

  /* Types it, and waits until it ends well. Returns what it printed. */
  async ends(command = this.command) {
    const program = this.shell(command);
    assert.equal(await program.exits(), 0, `${program.output}${program.errors}`);
    return program.output;
  }

  /* The same with what prints JSON. */
  async answers(command = this.command) {
    const output = await this.ends(command);
    try {
      return JSON.parse(output);
    } catch {
      throw new Error(`this is no JSON: ${output}`);
    }
  }

  /* Waits until media of somebody in a room comes to whoever attaches. */
  async comesFrom(room, name, kind = 'video') {
    const viewer = this.shell(`export GST_PLUGIN_PATH=build/src/plugin
      gst-launch-1.0 -v salonsrc room=${room} participant='${name}' kind=${kind} ! identity silent=false name=count ! fakesink sync=false`);
    await until(`${kind} of ${name} comes`, () => {
      assert.equal(viewer.status, undefined, viewer.errors);
      return countBuffers(viewer.output) >= 5;
    }, MEDIA_MS);
    assert.equal(await viewer.interrupt(), 0, viewer.errors);
  }

  /* Somebody in a room, until the block ends: a picture of this source, and sound. Returns once they are there. */
  async publishes(room, name, source = 'camera') {
    const program = this.shell(`export GST_PLUGIN_PATH=build/src/plugin
      gst-launch-1.0 -m videotestsrc is-live=true ! video/x-raw,width=320,height=180,framerate=15/1 ! vp8enc deadline=1 cpu-used=8 \\
        keyframe-max-dist=15 ! salonsink room=${room} name=p display-name='${name}' source=${source} audiotestsrc is-live=true ! opusenc ! p.`);
    await program.prints(/salon-attached/);
    return program;
  }

  /* Joins a room, to see who is there: a client of people.js. */
  async enters(room) {
    return await joinRoom(await connect(this.t, this.server), room, 'Witness');
  }

  /* Waits until somebody of this name is in a room. */
  async isIn(room, name) {
    const client = await this.enters(room);
    await until(`${name} is in ${room}`, () => client.participants.some((other) => other.name === name)
      || client.history.some(({ message }) => message.params?.participant?.name === name), MEDIA_MS);
    client.close();
  }

  /* Types it, and waits until so many of its windows and loudspeakers have been given something. */
  async shows(nSinks) {
    const program = this.start(TALKING_SINKS);
    await until(`${nSinks} sinks show something`, () => {
      assert.equal(program.status, undefined, `it ended:\n${program.output}${program.errors.slice(-2000)}`);
      return countSinkBuffers(program).filter((count) => count >= 5).length >= nSinks;
    }, MEDIA_MS);
    return program;
  }

  path(file) {
    return join(this.folder, file);
  }

  /* Waits until a program has written so much. */
  async grows(file, bytes) {
    await until(`${file} has ${bytes} bytes`, () =>
      (statSync(this.path(file), { throwIfNoEntry: false })?.size ?? 0) >= bytes, MEDIA_MS);
  }

  /* What it begins with. */
  head(file, count) {
    const buffer = Buffer.alloc(count);
    const fd = openSync(this.path(file));
    try {
      return buffer.subarray(0, readSync(fd, buffer));
    } finally {
      closeSync(fd);
    }
  }

  /* Decodes a file to its end, with `decoders` between it and a sink that counts: how many buffers there were. */
  async counts(file, decoders) {
    const output = await this.ends(`gst-launch-1.0 -v filesrc location=${file} ! ${decoders} ! identity silent=false name=count ! fakesink`);
    return countBuffers(output);
  }
}
