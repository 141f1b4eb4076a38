/* SPDX-License-Identifier: LGPL-2.1-or-later */

const SAMPLE_INTERVAL_MS = 100;
/** Root mean square, full scale 1: above quiet breathing and fans, below quiet speech. */
const SPEAKING_LEVEL = 0.015;
/** Pauses between words are not silence. */
const HOLD_MS = 700;

/** Tells who speaks, by listening to the tracks it is given. Lives as long as the lobby's preview. */
export class Speaking {
  #context = new AudioContext();
  #listeners = new Map();
  #onChange;
  #timer = setInterval(() => this.#sample(), SAMPLE_INTERVAL_MS);

  /** @param {function(string, boolean)} onChange - called with the key and whether it speaks now */
  constructor(onChange) {
    this.#onChange = onChange;
  }

  /** Listens to `track` under `key`; null stops that. The same track again changes nothing. */
  watch(key, track) {
    const old = this.#listeners.get(key);
    if (old?.track === track || (!old && !track)) {
      return;
    }
    if (old) {
      old.node.disconnect();
      this.#listeners.delete(key);
      this.#setSpeaking(key, old, false);
    }
    if (track) {
      const node = this.#context.createMediaStreamSource(new MediaStream([track]));
      const analyser = this.#context.createAnalyser();
      analyser.fftSize = 1024;
      node.connect(analyser);
      this.#listeners.set(key, { track, node, analyser, isSpeaking: false, lastLoud: -Infinity });
    }
  }

  close() {
    clearInterval(this.#timer);
    this.#context.close();
  }

  #sample() {
    const samples = new Float32Array(1024);
    const now = performance.now();
    for (const [key, listener] of this.#listeners) {
      listener.analyser.getFloatTimeDomainData(samples);
      if (level(samples) > SPEAKING_LEVEL) {
        listener.lastLoud = now;
      }
      this.#setSpeaking(key, listener, now - listener.lastLoud < HOLD_MS);
    }
  }

  #setSpeaking(key, listener, isSpeaking) {
    if (listener.isSpeaking !== isSpeaking) {
      listener.isSpeaking = isSpeaking;
      this.#onChange(key, isSpeaking);
    }
  }
}

function level(samples) {
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
}
