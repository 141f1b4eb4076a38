/* SPDX-License-Identifier: LGPL-2.1-or-later */

const BEAT_MS = 250;
/** So many beats in a row, and the next ones are expected: where there is media, something comes every 100 ms. */
const STEADY_BEATS = 4;
const MISSED_BEATS = 2;

/**
 * Watches whether anything still comes from the server. A browser says "disconnected" after 5 s of silence and more,
 * and of an address that is gone from one moment to the next it says nothing at all: neither its peer connections nor a
 * WebSocket would notice for long.
 */
export class Pulse {
  #count;
  #onSilent;
  #timer;
  #last = 0;
  #steady = 0;
  #missed = 0;

  /**
   * @param {function(): Promise<?number>} count - another number whenever something has come; null: not known
   * @param {function()} onSilent - what came all the time comes no more: called once, until it comes all the time again
   */
  constructor(count, onSilent) {
    this.#count = count;
    this.#onSilent = onSilent;
    this.#timer = setInterval(() => this.#beat(), BEAT_MS);
  }

  /** Whether what came all the time comes no more. */
  get isSilent() {
    return this.#missed >= MISSED_BEATS;
  }

  /** Whether something has come since the last beat. */
  async isAlive() {
    return (await this.#count()) !== this.#last;
  }

  stop() {
    clearInterval(this.#timer);
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
