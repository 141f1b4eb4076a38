/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a browser tells of the packets that came: transport-wide feedback
 * (draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1). */

const TICKS_PER_MS = 4;
const REFERENCE_TICKS = 64 * TICKS_PER_MS;
const SMALL = 1;
const LARGE = 2;

export class TransportFeedback {
  #senderSsrc;
  /* Numbers, unwrapped -> when they came, in ticks. */
  #arrived = new Map();
  #first;
  #last = 0;
  #count = 0;

  constructor(senderSsrc) {
    this.#senderSsrc = senderSsrc;
  }

  take(number) {
    const unwrapped = this.#last + (((number - this.#last) << 16) >> 16);
    this.#last = Math.max(this.#last, unwrapped);
    this.#first ??= unwrapped;
    /* What comes later than it was told of, is not told again. */
    if (unwrapped >= this.#first)
      this.#arrived.set(unwrapped, Math.round(performance.now() * TICKS_PER_MS));
  }

  /* One RTCP packet about all since the last one, or nothing. */
  next() {
    if (this.#arrived.size === 0)
      return undefined;
    const numbers = Array.from({ length: this.#last + 1 - this.#first }, (_, i) => this.#first + i);
    const ticks = numbers.map((number) => this.#arrived.get(number));
    const feedback = this.#write(numbers[0], ticks);
    this.#first = this.#last + 1;
    this.#arrived.clear();
    return { serialize: () => feedback };
  }

  #write(first, ticks) {
    const reference = Math.floor(ticks.find((tick) => tick !== undefined) / REFERENCE_TICKS);
    const head = Buffer.alloc(20);
    let before = reference * REFERENCE_TICKS;
    const deltas = ticks.filter((tick) => tick !== undefined).map((tick) => {
      const delta = tick - before;
      before = tick;
      return delta;
    });
    const sizes = deltas.map((delta) => (delta >= 0 && delta < 0x100 ? SMALL : LARGE));
    head.writeUInt32BE(this.#senderSsrc, 4);
    head.writeUInt16BE(first & 0xffff, 12);
    head.writeUInt16BE(ticks.length, 14);
    head.writeUInt32BE(reference << 8 | this.#count++ & 0xff, 16);
    const body = Buffer.concat([head, TransportFeedback.#writeChunks(ticks, sizes),
                                ...deltas.map((delta, i) => TransportFeedback.#writeDelta(delta, sizes[i]))]);
    const feedback = Buffer.concat([body, Buffer.alloc((4 - body.length % 4) % 4)]);
    feedback.set([0x80 | 15, 205], 0);
    feedback.writeUInt16BE(feedback.length / 4 - 1, 2);
    return feedback;
  }

  /* Two bits a packet, seven a chunk. */
  static #writeChunks(ticks, sizes) {
    const rest = [...sizes];
    const symbols = ticks.map((tick) => (tick === undefined ? 0 : rest.shift()));
    const chunks = Buffer.alloc(2 * Math.ceil(symbols.length / 7));
    for (let i = 0; i < chunks.length / 2; i++) {
      const seven = symbols.slice(7 * i, 7 * i + 7);
      chunks.writeUInt16BE(seven.reduce((bits, symbol, k) => bits | symbol << (12 - 2 * k), 0xc000), 2 * i);
    }
    return chunks;
  }

  static #writeDelta(delta, size) {
    const bytes = Buffer.alloc(size);
    if (size === SMALL)
      bytes.writeUInt8(delta);
    else
      bytes.writeInt16BE(Math.max(-0x8000, Math.min(delta, 0x7fff)));
    return bytes;
  }
}
