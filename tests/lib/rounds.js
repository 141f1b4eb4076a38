/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A race is run many times, several at once, each round with dice of its own: the seed that is printed repeats them. */

import { setTimeout as delay } from 'node:timers/promises';
import { newRoom } from './people.js';

const SEED = Number(process.env.SALON_TEST_SEED ?? Math.floor(Math.random() * 2 ** 32));
const IS_SLOW = process.env.SALON_TEST_SANITIZED !== undefined;
/* Enough to keep the servers busy, few enough that an event is not late because Node is. */
const AT_ONCE = IS_SLOW ? 8 : 25;

/* As many rounds as there is time for in each run of the tests, and a tenth of them where everything is slow. */
export function roundCount(count) {
  return Math.ceil(count * (IS_SLOW ? 0.1 : 0.6));
}

/* mulberry32: small, and good enough to shuffle with. */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

export class Round {
  #random;
  room = newRoom('race');
  /* What was drawn, for the message of a failure. */
  notes = [];

  constructor(index) {
    this.index = index;
    this.#random = generator(SEED + index * 7919);
  }

  note(text) {
    this.notes.push(text);
  }

  below(limit) {
    return Math.floor(this.#random() * limit);
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  shuffle(list) {
    return list.map((item) => [this.#random(), item]).sort(([a], [b]) => a - b).map(([, item]) => item);
  }

  async jitter(maxMs = 50) {
    await delay(this.#random() * maxMs);
  }
}

/* Plays `count` rounds, some at once. The first that fails ends it, after those under way. */
export async function playRounds(t, count, play, { atOnce = AT_ONCE } = {}) {
  const failures = [];
  let nPlayed = 0;
  const player = async () => {
    while (nPlayed < count && failures.length === 0) {
      const round = new Round(nPlayed++);
      await play(round).catch((error) => failures.push(new Error(
        `round ${round.index} (${round.notes.join(', ')}): ${error.message}; SALON_TEST_SEED=${SEED}`, { cause: error })));
    }
  };
  t.diagnostic(`${count} rounds, SALON_TEST_SEED=${SEED}`);
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, player));
  if (failures.length > 0)
    throw failures[0];
}
