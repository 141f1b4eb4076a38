/* SPDX-License-Identifier: LGPL-2.1-or-later */

import { pause } from './salon-pause.js';

const BEAT_MS = 250;
/** So many beats in a row, and the next ones are expected: where there is media, something comes every 100 ms. */
const STEADY_BEATS = 4;
const MISSED_BEATS = 2;
/** For a last sign that media lives. */
const LAST_SIGN_MS = 400;

/**
 * Watches whether anything still comes from the server. A browser says "disconnected" after 5 s of silence and more,
 * and of an address that is gone from one moment to the next it says nothing at all: neither its peer connections nor a
 * WebSocket would notice for long.
 */
class Pulse {
  #count;
  #onSilent;
  #last = 0;
  #steady = 0;
  #missed = 0;

  /**
   * @param {function(): Promise<?number>} count - another number whenever something has come; null: not known
   * @param {function()} onSilent - what came all the time comes no more: called once, until it comes all the time again
   * @param {AbortSignal} signal - the end
   */
  constructor(count, onSilent, signal) {
    this.#count = count;
    this.#onSilent = onSilent;
    const timer = setInterval(() => this.#beat(), BEAT_MS);
    signal.addEventListener('abort', () => clearInterval(timer));
  }

  /** Whether what came all the time comes no more. */
  get isSilent() {
    return this.#missed >= MISSED_BEATS;
  }

  /** Whether something has come since the last beat. */
  async isAlive() {
    return (await this.#count()) !== this.#last;
  }

  /** Beats are counted, not milliseconds: timers of a page in the background are late. */
  async #beat() {
    const count = await this.#count();
    const isAlive = count !== this.#last;
    this.#last = count;
    if (count === null) {
      this.#steady = this.#missed = 0;
    } else if (isAlive) {
      this.#steady++;
      this.#missed = 0;
    } else if (this.#steady < STEADY_BEATS) {
      this.#steady = 0;
    } else if (++this.#missed === MISSED_BEATS) {
      this.#steady = 0;
      this.#onSilent();
    }
  }
}

/** Of both directions: whether the way to the server is cut. */
export class Pulses {
  #options;
  #sent;
  #received;
  #isAsking = false;

  /**
   * @param {function(): Promise<?number>} options.countSent - of what is told of what we send: see Pulse
   * @param {function(): Promise<?number>} options.countReceived - of what we are sent
   * @param {function(): boolean} options.isSending - whether something would be told
   * @param {function(): Promise<?boolean>} options.isServerThere - whether it answers by another way; null: never mind
   * @param {function()} options.onCut
   * @param {AbortSignal} options.signal - the end
   */
  constructor(options) {
    this.#options = options;
    const onSilent = () => this.#onSilent();
    this.#sent = new Pulse(options.countSent, onSilent, options.signal);
    this.#received = new Pulse(options.countReceived, onSilent, options.signal);
  }

  /** Waits for a last sign. */
  async isCut() {
    await pause(LAST_SIGN_MS, this.#options.signal);
    return this.#isUnheard || !(await this.#isAnythingComing());
  }

  /** The server is there, but has nothing of what we send. A browser would stay on a dead path for some seconds. */
  get #isUnheard() {
    return this.#sent.isSilent && this.#options.isSending();
  }

  async #isAnythingComing() {
    const signs = await Promise.all([this.#sent.isAlive(), this.#received.isAlive()]);
    return signs.includes(true);
  }

  async #onSilent() {
    if (!this.#isAsking) {
      this.#isAsking = true;
      await this.#ask();
      this.#isAsking = false;
    }
  }

  /** If the server does not answer either, as after a change of address, none of our sockets is of use. */
  async #ask() {
    const isServerThere = await this.#options.isServerThere();
    if (isServerThere) {
      await pause(LAST_SIGN_MS, this.#options.signal);
    }
    const isCut = isServerThere ? this.#isUnheard : !(await this.#isAnythingComing());
    if (isServerThere !== null && isCut) {
      this.#options.onCut();
    }
  }
}
