/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What somebody who watches gets, between two readings of their page. */

import { readFileSync } from 'node:fs';
import { readTotals } from './pages.js';

/* All cameras here have so many. */
const FRAMES_PER_S = 15;
/* The standard's freeze (webrtc-stats): a picture that stands for three times as long as those before it did, and at
 * least so much longer. Counted here, since browsers tell of a freeze only once it is over; and with the median in
 * place of the mean, for many freezes would make it long, and hide each other. */
const FREEZE_FACTOR = 3;
const FREEZE_MS = 150;
const N_BEFORE = 30;
const N_LEAST = 5;

export const pass = (s) => new Promise((resolve) => setTimeout(resolve, s * 1000));

/* Runs in the page: the pictures shown from `from` on, and some before. */
function readPictures({ from, nBefore }) {
  const index = window.received.findIndex(({ at }) => at >= from);
  const end = index < 0 ? window.received.length : index;
  return window.received.slice(Math.max(0, end - nBefore));
}

/* After pictures that stood for so long. */
function longestStand(standsMs) {
  const sorted = standsMs.slice(-N_BEFORE).sort((a, b) => a - b);
  const usual = sorted.length < N_LEAST ? 1000 / FRAMES_PER_S : sorted[sorted.length >> 1];
  return Math.max(FREEZE_FACTOR * usual, usual + FREEZE_MS);
}

/* Of pictures [{ at }] the share of the time from..to in which one stood for too long. */
export function frozenShare(pictures, from, to) {
  const times = [...pictures.map(({ at }) => at).filter((at) => at < to), to];
  const stands = [];
  let frozenMs = 0;
  for (let i = 1; i < times.length; i++) {
    const standMs = times[i] - times[i - 1];
    if (standMs > longestStand(stands))
      frozenMs += Math.max(0, times[i] - Math.max(times[i - 1], from));
    stands.push(standMs);
  }
  return pictures.length === 0 ? 1 : frozenMs / (to - from);
}

export class Watch {
  static async begin(page) {
    return Object.assign(new Watch(), { page, before: await page.evaluate(readTotals) });
  }

  /* { fps, frozen, concealed, waitMs, bps, pictures }: frozen and concealed are shares, of the time and of the sound;
   * waitMs: for how long a picture waited in the browser for its packets and its turn; pictures: [{ at, width }], at in
   * seconds since begin(), with some before it. */
  async end() {
    const { before } = this;
    const after = await this.page.evaluate(readTotals);
    const all = await this.page.evaluate(readPictures, { from: before.at, nBefore: N_BEFORE });
    const pictures = all.filter(({ at }) => at >= before.at && at < after.at);
    const grown = (key) => after[key] - before[key];
    const seconds = grown('at') / 1000;
    return {
      fps: pictures.length / seconds,
      frozen: frozenShare(all, before.at, after.at),
      concealed: grown('concealed') / Math.max(1, grown('samples')),
      waitMs: grown('waitedS') * 1000 / Math.max(1, grown('shown')),
      bps: grown('bytes') * 8 / seconds,
      pictures: all.map(({ at, width }) => ({ at: (at - before.at) / 1000, width })),
    };
  }
}

/* How busy the machine is, as a share of all its processors. */
export class Machine {
  #before = this.#read();

  #read() {
    const [user, nice, system, idle, wait, irq, softirq, steal] = readFileSync('/proc/stat', 'utf8')
      .split('\n', 1)[0].trim().split(/\s+/).slice(1).map(Number);
    return { busy: user + nice + system + irq + softirq + steal, idle: idle + wait };
  }

  get busyShare() {
    const now = this.#read();
    const [busy, idle] = [now.busy - this.#before.busy, now.idle - this.#before.idle];
    return busy / Math.max(1, busy + idle);
  }
}
