/* SPDX-License-Identifier: LGPL-2.1-or-later */
import { language } from './language.js';
import { text } from './strings.js';

/**
 * A panel over the call that tells how well one receives: how much fits, and of each track what comes and why not
 * more. Nothing is asked of the server while it is closed.
 */
export class Reception {
  #salon;
  #onError;
  #panel = document.getElementById('reception');
  #button = document.getElementById('reception-toggle');
  #last = new Map();

  /** @param {function(Error)} onError - for what the server refuses */
  constructor(salon, onError, signal) {
    this.#salon = salon;
    this.#onError = onError;
    this.#button.addEventListener('click', () => this.#show(this.#panel.hidden), { signal });
    salon.addEventListener('stats', ({ detail }) => this.#fill(detail), { signal });
    signal.addEventListener('abort', () => this.#close());
    this.#close();
  }

  #close() {
    this.#panel.hidden = true;
    this.#button.setAttribute('aria-expanded', false);
    this.#last.clear();
    this.#panel.querySelector('tbody').replaceChildren();
    this.#panel.querySelector('.reception-room').textContent = text('receptionUnknown');
  }

  async #show(isShown) {
    this.#close();
    this.#panel.hidden = !isShown;
    this.#button.setAttribute('aria-expanded', isShown);
    try {
      await this.#salon.watchStats(isShown ? 1 : 0);
    } catch (error) {
      this.#onError(error);
    }
  }

  #fill({ connections, tracks }) {
    if (this.#panel.hidden) {
      return;
    }
    /* All connections share one estimate, as they share the way. */
    const [{ estimate_bps: rate, rtt_ms: rtt } = {}] = connections;
    this.#panel.querySelector('.reception-room').textContent =
      rate === undefined
        ? text('receptionUnknown')
        : text('receptionRoom', { rate: kilobits(rate), rtt: rtt === null ? '–' : milliseconds(rtt) });
    this.#panel.querySelector('tbody').replaceChildren(...tracks.map((track) => this.#row(track)));
  }

  #row(stats) {
    const { track } = this.#salon.subscriptions.get(stats.track) ?? {};
    const { name } = this.#salon.participants.get(track?.participant) ?? { name: '' };
    const row = document.createElement('tr');
    const head = document.createElement('th');
    head.scope = 'row';
    head.textContent = text(`reception_${track?.kind ?? 'video'}`, { name });
    row.append(head, ...[
      kilobits(this.#rate(stats)),
      percent(stats.lost),
      broken(track, stats.received),
      size(track, stats.layer),
      text(`reason_${stats.reason}`),
    ].map(cell));
    return row;
  }

  /** In bit/s, since it was told last. */
  #rate({ target, mid, bytes }) {
    const key = `${target}/${mid}`;
    const now = performance.now();
    const last = this.#last.get(key) ?? { bytes, at: now };
    this.#last.set(key, { bytes, at: now });
    return now > last.at ? ((bytes - last.bytes) * 8_000) / (now - last.at) : 0;
  }
}

function cell(content) {
  const element = document.createElement('td');
  element.textContent = content;
  return element;
}

const format = (number, options) => new Intl.NumberFormat(language(), options).format(number);
const kilobits = (bps) =>
  format(bps / 1000, { style: 'unit', unit: 'kilobit-per-second', maximumFractionDigits: 0 });
const milliseconds = (ms) => format(ms, { style: 'unit', unit: 'millisecond', maximumFractionDigits: 0 });
const seconds = (s) => format(s, { style: 'unit', unit: 'second', maximumFractionDigits: 1 });
const percent = (part) => format(part, { style: 'percent', maximumFractionDigits: 1 });

/** As far as the browser knows. */
function broken(track, received) {
  const { concealed, frozen_ms: frozen } = received ?? {};
  if (track?.kind === 'audio') {
    return concealed === undefined ? '' : percent(concealed);
  }
  return frozen === undefined ? '' : seconds(frozen / 1000);
}

/** Of the layer that is sent, where the server knows it. */
function size(track, layer) {
  const { width, height } = (layer && track?.layers?.find(({ spatial }) => spatial === layer.spatial)) ?? {};
  return width ? `${width} × ${height}` : '';
}
