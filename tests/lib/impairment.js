/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A bad network between clients and the media port: slow, narrow, and losing packets, each direction by itself. All who
 * pass share it, as people behind one line do. The kernel's own (netem) needs a module and root.
 *
 *   const link = await Impairment.start(t, { seed: 7, down: { rateBps: 500_000, delayMs: 50 } });
 *   link.leadTo(server.mediaPort);
 *   const browser = await openChromium(t, { nat: link });            or Peer.join (..., { nat: link })
 *   link.down.set({ loss: 0.1, lossBurst: 4 });                       the rest stays as it is
 *   link.down.counts                                                  { packets, bytes, lost, overflowed, ... }
 *   await Impairment.start(t, { behind: link })                       another way in, to another port, behind the same
 */

import { UdpRelay } from './udp-relay.js';

/* What a fresh link does: nothing. */
const PERFECT = {
  /* How long a packet is under way, besides what the rate takes; and up to how much longer, evenly distributed. Packets
   * stay in order. */
  delayMs: 0,
  jitterMs: 0,
  /* The share that is lost; and how many are lost in a row, on average (Gilbert's model). Fewer than by pure chance are
   * not to be had, so 1 is pure chance. */
  loss: 0,
  lossBurst: 1,
  /* Bits a second; and how many bytes may wait for their turn. What finds no place is dropped (drop-tail). */
  rateBps: Infinity,
  queueBytes: 60_000,
};
/* Node's timers know whole milliseconds: what is due within half of one is due. */
const TICK_MS = 0.5;
/* IPv4 and UDP, on the line with each packet. */
const HEADER_BYTES = 28;

/* Mulberry32: from one seed always the same numbers, 0 to 1. */
function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000;
  };
}

/* One direction. A packet waits in the queue, takes its time on the line, is under way, and arrives. */
export class Direction {
  #rules = { ...PERFECT };
  #random;
  #isLosing = false;
  /* [{ size, jitter, deliver }]: the first is on the line. */
  #queue = [];
  #queuedBytes = 0;
  /* When the first of the queue has left it, by the rate when its turn came. */
  #departureMs = 0;
  /* [{ arrivalMs, size, deliver }]: none arrives before the first. */
  #underWay = [];
  #timer;
  counts = { packets: 0, bytes: 0, lost: 0, overflowed: 0, delivered: 0, deliveredBytes: 0 };

  constructor(seed, rules) {
    this.#random = randomFrom(seed);
    this.set(rules);
  }

  /* Changes what is named. It holds from the next packet on, the rate from the next in the queue. */
  set(rules) {
    for (const key of Object.keys(rules)) {
      if (!(key in PERFECT))
        throw new Error(`a link has no ${key}`);
    }
    Object.assign(this.#rules, rules);
  }

  get rules() {
    return { ...this.#rules };
  }

  get queuedBytes() {
    return this.#queuedBytes;
  }

  carry(length, deliver) {
    const size = length + HEADER_BYTES;
    /* Two numbers for each packet, whatever becomes of it: the fate of the nth hangs on the seed alone. */
    const isLost = this.#isNextLost(this.#random());
    const jitter = this.#random();
    this.counts.packets++;
    this.counts.bytes += size;
    if (isLost) {
      this.counts.lost++;
    } else if (this.#rules.rateBps !== Infinity && this.#queuedBytes + size > this.#rules.queueBytes) {
      this.counts.overflowed++;
    } else {
      this.#queue.push({ size, jitter, deliver });
      this.#queuedBytes += size;
      if (this.#queue.length === 1)
        this.#beginAt(Math.max(performance.now(), this.#departureMs));
      this.#turn();
    }
  }

  close() {
    clearTimeout(this.#timer);
    this.#queue = [];
    this.#underWay = [];
  }

  #isNextLost(number) {
    const { loss, lossBurst } = this.#rules;
    if (loss >= 1)
      return true;
    /* By chance alone, a burst is this long. */
    const burst = Math.max(lossBurst, 1 / (1 - loss));
    const probability = this.#isLosing ? 1 - 1 / burst : loss / (burst * (1 - loss));
    this.#isLosing = number < probability;
    return this.#isLosing;
  }

  #beginAt(ms) {
    this.#departureMs = ms + this.#queue[0].size * 8000 / this.#rules.rateBps;
  }

  /* Moves on what is due, by the times it was due at: a late timer delays nothing that comes after. */
  #turn() {
    const due = performance.now() + TICK_MS;
    while (this.#queue.length > 0 && this.#departureMs <= due)
      this.#depart();
    while (this.#underWay.length > 0 && this.#underWay[0].arrivalMs <= due) {
      const { size, deliver } = this.#underWay.shift();
      this.counts.delivered++;
      this.counts.deliveredBytes += size;
      deliver();
    }
    const nextMs = Math.min(this.#queue.length > 0 ? this.#departureMs : Infinity,
                            this.#underWay[0]?.arrivalMs ?? Infinity);
    clearTimeout(this.#timer);
    if (nextMs !== Infinity)
      this.#timer = setTimeout(() => this.#turn(), nextMs - performance.now());
  }

  #depart() {
    const { size, jitter, deliver } = this.#queue.shift();
    const { delayMs, jitterMs } = this.#rules;
    this.#queuedBytes -= size;
    this.#underWay.push({ arrivalMs: this.#departureMs + delayMs + jitter * jitterMs, size, deliver });
    if (this.#queue.length > 0)
      this.#beginAt(this.#departureMs);
  }
}

export class Impairment extends UdpRelay {
  /* up: to the server; down: to the clients. behind: one whose directions these are. */
  constructor({ seed = 1, up = {}, down = {}, behind } = {}) {
    super();
    this.up = behind?.up ?? new Direction(2 * seed, up);
    this.down = behind?.down ?? new Direction(2 * seed + 1, down);
  }

  carryUp(length, deliver) {
    this.up.carry(length, deliver);
  }

  carryDown(length, deliver) {
    this.down.carry(length, deliver);
  }

  close() {
    this.up.close();
    this.down.close();
    super.close();
  }
}
