/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A participant in a process of its own, so that it can be stopped as a whole, as a sleeping phone is. It sends camera
 * and microphone, and resumes when its WebSocket breaks. */

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { defer } from './cleanup.js';
import { Peer } from './peer.js';
import { until, withDeadline } from './until.js';

export class ChildPeer {
  #child;
  tracks = new Map();
  /* One per broken WebSocket: the answer to the join that resumed, or the reason of its refusal. */
  comebacks = [];

  static async join(t, server, room, name) {
    const peer = new ChildPeer(name, fork(fileURLToPath(import.meta.url), [server.url, room, name]));
    defer(t, () => peer.end());
    await until(`${name} is in the room`, () => peer.id, 20000);
    return peer;
  }

  constructor(name, child) {
    this.name = name;
    this.#child = child;
    child.on('message', ({ joined, comeback }) => {
      if (joined) {
        this.id = joined.id;
        this.tracks = new Map(joined.tracks.map((track) => [track.source, track]));
      } else {
        this.comebacks.push(comeback);
      }
    });
  }

  stop() {
    this.#child.kill('SIGSTOP');
  }

  goOn() {
    this.#child.kill('SIGCONT');
  }

  async end() {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await withDeadline(`${this.name}'s process to end`, ended);
  }
}

async function comeBack(peer, server) {
  await peer.signalling.closed;
  const comeback = await peer.resume(server).then(({ participant, resumed }) => ({ participant, resumed }), ({ message }) => message);
  process.send({ comeback });
  comeBack(peer, server);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [url, room, name] = process.argv.slice(2);
  const peer = await Peer.join({ after () {} }, { url }, room, name);
  await peer.start();
  await until('the connection to receive on is up', () => peer.subscribers.get(1)?.transport.isConnected, 20000);
  comeBack(peer, { url });
  process.send({ joined: { id: peer.id, tracks: [...peer.tracks.values()] } });
}
