/* SPDX-License-Identifier: LGPL-2.1-or-later */

/** How long they are taken for new. Half of the shortest time that a server may give them (turn-ttl-s). */
const FRESH_MS = 5_000;

/** What the server tells of STUN and TURN servers. Credentials of TURN servers end: old ones are asked for anew. */
export class SalonIceServers {
  #ask;
  #servers = [];
  #toldAt = 0;

  /** @param {function(?number): Promise<object[]>} ask - asks the server, within so many milliseconds */
  constructor(ask) {
    this.#ask = ask;
  }

  set(servers) {
    this.#servers = servers;
    this.#toldAt = Date.now();
  }

  /** @returns {Promise<object[]>} as RTCIceServer */
  async get(timeoutMs) {
    if (Date.now() - this.#toldAt > FRESH_MS && this.#servers.some(({ credential }) => credential)) {
      try {
        this.set(await this.#ask(timeoutMs));
      } catch (error) {
        console.warn('Salon: the ICE servers there were are used', error); // No worse than none.
      }
    }
    return this.#servers;
  }
}
