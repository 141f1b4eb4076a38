/* SPDX-License-Identifier: LGPL-2.1-or-later */

/** How often it is looked whether what we send is less than it was to be; what is so twice in a row, is told. */
const LOOK_MS = 2_000;

/** What the server tells, while we ask, of how well we receive; and what only we know of that, and of what we send. */
export class Figures {
  #rpc;
  #connections;
  #ownTracks;
  #intervalS = 0;
  /** By target and mid: what is needed to tell what happened since. */
  #last = new Map();
  /** By the id of one's own track: why it is less, as looked at last, and as told. */
  #seen = new Map();
  #told = new Map();

  /**
   * @param {function(): Map<number, RTCPeerConnection>} options.connections - by target
   * @param {function(): object[]} options.ownTracks
   * @param {AbortSignal} options.signal - the end
   */
  constructor({ rpc, connections, ownTracks, signal }) {
    this.#rpc = rpc;
    this.#connections = connections;
    this.#ownTracks = ownTracks;
    const timer = setInterval(() => this.#tellLimits().catch(() => {}), LOOK_MS); // A closed connection has none.
    signal.addEventListener('abort', () => clearInterval(timer));
  }

  async watch(intervalS) {
    this.#intervalS = intervalS;
    await this.#rpc.request('watch_stats', { interval_s: intervalS });
  }

  /** Whoever watches goes on, after a break: each session has to ask, and to be told. */
  async resume() {
    this.#seen.clear();
    this.#told.clear();
    if (this.#intervalS > 0) {
      await this.watch(this.#intervalS);
    }
  }

  /** @param {object[]} tracks - of the stats that have just come: the next ones have what is told now */
  async answer(tracks) {
    const received = [];
    for (const [target, connection] of this.#connections()) {
      const mids = new Set(tracks.filter((track) => track.target === target).map(({ mid }) => mid));
      const reports = mids.size > 0 ? [...(await connection.getStats()).values()] : [];
      received.push(
        ...reports
          .filter(({ type, mid }) => type === 'inbound-rtp' && mids.has(mid))
          .map((report) => ({ target, mid: report.mid, ...this.#read(`${target}/${report.mid}`, report) })),
      );
    }
    this.#rpc.notify('reception', { tracks: received });
  }

  /** Not every browser knows all of it. */
  #read(key, report) {
    const last = this.#last.get(key) ?? {};
    this.#last.set(key, report);
    const grown = (name) => report[name] - (last[name] ?? 0);
    const ratio = (part, whole) => (grown(whole) > 0 ? grown(part) / grown(whole) : undefined);
    return known({
      freezes: report.freezeCount,
      frozen_ms: report.totalFreezesDuration * 1000,
      frames_per_second: report.framesPerSecond,
      concealed: ratio('concealedSamples', 'totalSamplesReceived'),
      jitter_buffer_ms: ratio('jitterBufferDelay', 'jitterBufferEmittedCount') * 1000,
    });
  }

  async #tellLimits() {
    const reports = [...((await this.#connections().get(0)?.getStats()) ?? new Map()).values()];
    for (const { id, mid, kind } of this.#ownTracks()) {
      const reasons = reports
        .filter((report) => report.type === 'outbound-rtp' && report.mid === mid && report.active !== false)
        .map(({ qualityLimitationReason }) => qualityLimitationReason);
      if (kind === 'video' && reasons.some(Boolean)) {
        this.#tellLimit(id, ['cpu', 'bandwidth'].find((reason) => reasons.includes(reason)) ?? 'none');
      }
    }
  }

  #tellLimit(track, reason) {
    const isSteady = this.#seen.get(track) === reason;
    this.#seen.set(track, reason);
    if (isSteady && (this.#told.get(track) ?? 'none') !== reason && this.#rpc.isOpen()) {
      this.#told.set(track, reason);
      this.#rpc.notify('limited', { track, reason });
    }
  }
}

/** Rounding may bring a part of something above all of it. */
function known(figures) {
  const finite = Object.entries(figures).filter(([, value]) => Number.isFinite(value));
  return Object.fromEntries(finite.map(([name, value]) => [name, name === 'concealed' ? clamp(value) : Math.max(value, 0)]));
}

const clamp = (part) => Math.min(Math.max(part, 0), 1);
