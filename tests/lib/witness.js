/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Somebody who sits in a room while others come and go, believes every word of the server, and keeps books: nobody
 * joins who is there, and nobody leaves who is not. */

import assert from 'node:assert/strict';
import { enter } from './people.js';
import { never, until } from './until.js';

export class Witness {
  /* Contradictions. */
  problems = [];
  /* id -> name, oneself included. */
  present = new Map();
  /* "left <id>" -> when it was last told. */
  times = new Map();

  static async enter(t, server, room, name, params) {
    return new Witness(await enter(t, server, room, name, params), name);
  }

  /* One in each of these servers. */
  static async enterAll(t, servers, room) {
    const witnesses = [];
    for (const [index, server] of servers.entries())
      witnesses.push(await Witness.enter(t, server, room, `Witness ${index}`));
    return witnesses;
  }

  /* client: of enter(), just joined */
  constructor(client, name) {
    this.client = client;
    this.name = name;
    this.id = client.id;
    this.host = client.room.host;
    for (const { id, name } of client.participants)
      this.present.set(id, name);
    client.on('participant', (told) => this.#told(told));
    client.on('room', ({ room }) => { this.host = room.host; });
  }

  /* How often anything was told about who is there. */
  get toldCount() {
    return this.client.received('participant').length;
  }

  /* What was told of somebody: ["joined", "left", ...]. */
  eventsOf(id) {
    return this.client.received('participant', ({ participant }) => participant.id === id).map(({ event }) => event);
  }

  sees(ids) {
    return this.present.size === ids.length && ids.every((id) => this.present.has(id));
  }

  assertTold(id, events) {
    assert.deepEqual(this.eventsOf(id), events, `what ${this.name} was told of ${id}`);
  }

  assertConsistent() {
    assert.deepEqual(this.problems, []);
  }

  #told({ event, participant: { id, name } }) {
    this.times.set(`${event} ${id}`, performance.now());
    const isKnown = this.present.has(id);
    if (isKnown === (event === 'joined'))
      this.problems.push(`${this.name} was told "${event}" of ${name} (${id}), who ${isKnown ? 'was there' : 'was not'}`);
    if (event === 'left')
      this.present.delete(id);
    else
      this.present.set(id, name);
  }
}

/* Waits until all see exactly these people. */
export async function seeExactly(witnesses, ids, deadlineMs = 5000) {
  for (const witness of witnesses) {
    await until(`${witness.name} sees ${ids}`, () => witness.sees(ids), deadlineMs).catch((error) => {
      throw new Error(`${error.message}; it sees ${[...witness.present.keys()]}`, { cause: error });
    });
  }
}

/* For so long nobody is told of any coming or going, and no book contradicts itself. */
export async function stayQuiet(witnesses, durationMs = 1000) {
  const before = witnesses.map(({ toldCount }) => toldCount);
  await never('somebody comes or goes', () => witnesses.find(({ toldCount }, index) => toldCount !== before[index])
    ?.client.received('participant').at(-1), durationMs);
  witnesses.forEach((witness) => witness.assertConsistent());
}
