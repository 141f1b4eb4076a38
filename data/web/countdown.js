/* SPDX-License-Identifier: LGPL-2.1-or-later */
import { language } from './language.js';
import { text } from './strings.js';

const MINUTE_S = 60;
const HOUR_S = 60 * MINUTE_S;
/** When it is said aloud how long there is left, latest first. */
const ANNOUNCED_S = [MINUTE_S, 5 * MINUTE_S];
/** From here on the larger unit would say too little. */
const UNITS = [
  { unit: 'day', seconds: 24 * HOUR_S, from: 48 * HOUR_S },
  { unit: 'hour', seconds: HOUR_S, from: 2 * HOUR_S },
  { unit: 'minute', seconds: MINUTE_S, from: MINUTE_S },
  { unit: 'second', seconds: 1, from: 0 },
];

function duration(seconds, unitDisplay) {
  const { unit, seconds: size } = UNITS.find(({ from }) => seconds >= from);
  return new Intl.NumberFormat(language(), { style: 'unit', unit, unitDisplay }).format(Math.round(seconds / size));
}

/** How far the server's clock, by which rooms close, is ahead of ours: people's clocks are wrong by minutes. */
async function clockAheadMs() {
  try {
    const before = Date.now();
    const { headers } = await fetch('/healthz', { cache: 'no-store' });
    const server = Date.parse(headers.get('date')) + 500; // It is cut to whole seconds.
    return Number.isNaN(server) ? 0 : server - (before + Date.now()) / 2;
  } catch {
    return 0;
  }
}

/** How long a timed room has left: small, in the corner, until it matters. */
export class Countdown {
  #element = document.getElementById('expiry');
  #announce;
  #endsAt;
  #lastAnnounced = Infinity;

  /**
   * @param {?string} expiresAt - a timestamp of the protocol; null: never
   * @param {function(string)} announce - for what is to be heard too
   * @param {AbortSignal} signal - aborted at the end of the call
   */
  constructor(expiresAt, announce, signal) {
    this.#announce = announce;
    this.#element.hidden = true;
    if (expiresAt) {
      this.#endsAt = Date.parse(expiresAt);
      this.#start(signal);
    }
  }

  async #start(signal) {
    this.#endsAt -= await clockAheadMs();
    if (signal.aborted) {
      return;
    }
    const timer = setInterval(() => this.#tick(), 1_000);
    signal.addEventListener('abort', () => clearInterval(timer));
    document.addEventListener('language', () => this.#tick(), { signal });
    this.#tick();
  }

  #tick() {
    const seconds = Math.max(0, Math.ceil((this.#endsAt - Date.now()) / 1_000));
    document.getElementById('expiry-time').textContent = duration(seconds, 'short');
    this.#element.title = text('closesIn', { time: duration(seconds, 'long') });
    this.#element.setAttribute('aria-label', this.#element.title);
    this.#element.classList.toggle('soon', seconds <= ANNOUNCED_S.at(-1));
    this.#element.hidden = false;
    const passed = ANNOUNCED_S.find((limit) => seconds <= limit) ?? Infinity;
    if (passed < this.#lastAnnounced) {
      this.#lastAnnounced = passed;
      this.#announce(this.#element.title);
    }
  }
}
