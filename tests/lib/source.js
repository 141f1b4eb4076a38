/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Synthetic media: RTP that is valid down to the codec's descriptor, with a payload that says whose it is. */

const VIDEO_INTERVAL_MS = 33;
const AUDIO_INTERVAL_MS = 20;
const PACKETS_PER_FRAME = 2;
const FILL_BYTES = 120;
/* What a sender keeps to retransmit from. */
const HISTORY_PACKETS = 512;

const random = (limit) => Math.floor(Math.random() * limit);

function stamp(label, frame, fillBytes = FILL_BYTES) {
  return Buffer.from(`<${label} ${frame}>`.padEnd(fillBytes, '.'), 'latin1');
}

/* Whose payload it is: { label, frame }, or nothing for a payload of another making. */
export function readStamp(payload) {
  const found = payload.toString('latin1').match(/<(\S+) (\d+)>/);
  return found ? { label: found[1], frame: Number(found[2]) } : undefined;
}

/* RFC 7741, section 4.2: X, S; I with a 15-bit picture id, L, T: the layer, and Y where it needs the base layer alone. */
function vp8Descriptor(isStart, pictureId, tl0PicIdx, temporal = 0, isSync = true) {
  return Buffer.from([0x80 | (isStart ? 0x10 : 0), 0xe0, 0x80 | (pictureId >> 8), pictureId & 0xff, tl0PicIdx,
                      temporal << 6 | (isSync ? 0x20 : 0)]);
}

/* RFC 6386, section 9.1: the frame tag, and a keyframe's start code and size. */
function vp8Header(isKeyframe, { width, height }) {
  const size = [width & 0xff, width >> 8, height & 0xff, height >> 8];
  return Buffer.from(isKeyframe ? [0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, ...size] : [0x11, 0x02, 0x00]);
}

/* { isStart, isKeyframe, pictureId, tl0PicIdx, temporal } of a VP8 payload as this file and browsers write it. */
export function readVp8(payload) {
  if (payload.length < 2 || !(payload[0] & 0x80))
    return { isStart: (payload[0] & 0x1f) === 0x10, isKeyframe: false };
  const flags = payload[1];
  let at = 2;
  const result = { isStart: (payload[0] & 0x1f) === 0x10 };
  if (flags & 0x80) {
    const isLong = payload[at] & 0x80;
    result.pictureId = isLong ? ((payload[at] & 0x7f) << 8) | payload[at + 1] : payload[at];
    at += isLong ? 2 : 1;
  }
  if (flags & 0x40)
    result.tl0PicIdx = payload[at++];
  if (flags & 0x30)
    result.temporal = payload[at++] >> 6;
  result.isKeyframe = result.isStart && (payload[at] & 1) === 0;
  return result;
}

class Source {
  sequence = random(0x10000);
  timestamp = random(2 ** 31);
  frame = 0;
  #timer;
  #history = new Map();

  /* `send` ({ sequenceNumber, timestamp, marker, extensions }, payload) puts one packet on the wire. */
  constructor(label, send) {
    this.label = label;
    this.send = send;
  }

  start() {
    this.#timer ??= setInterval(() => this.tick(), this.intervalMs);
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /* What was sent under this number, to send again. */
  packet(sequenceNumber) {
    return this.#history.get(sequenceNumber);
  }

  emit(marker, payload, extensions) {
    const fields = { sequenceNumber: this.sequence, timestamp: this.timestamp, marker, extensions };
    this.#history.set(this.sequence, { fields, payload });
    this.#history.delete((this.sequence - HISTORY_PACKETS) & 0xffff);
    this.sequence = (this.sequence + 1) & 0xffff;
    this.send(fields, payload);
  }
}

export class VideoSource extends Source {
  intervalMs = VIDEO_INTERVAL_MS;
  keyframesSent = 0;
  size = { width: 320, height: 240 };
  /* The temporal layers of its pictures, round after round; true where one needs the base layer alone. */
  pattern = [[0, true]];
  #pictureId = random(0x8000);
  #tl0PicIdx = random(0x100);
  #wantsKeyframe = true;
  #turn = 0;

  requestKeyframe() {
    this.#wantsKeyframe = true;
  }

  tick() {
    const isKeyframe = this.#wantsKeyframe;
    this.#turn = isKeyframe ? 0 : this.#turn + 1;
    const [temporal, isSync] = this.pattern[this.#turn % this.pattern.length];
    this.#tl0PicIdx = (this.#tl0PicIdx + (temporal === 0)) & 0xff;
    this.#wantsKeyframe = false;
    this.keyframesSent += isKeyframe;
    for (let index = 0; index < PACKETS_PER_FRAME; index++) {
      const isStart = index === 0;
      const parts = [vp8Descriptor(isStart, this.#pictureId, this.#tl0PicIdx, temporal, isSync), stamp(this.label, this.frame)];
      if (isStart)
        parts.splice(1, 0, vp8Header(isKeyframe, this.size));
      this.emit(index === PACKETS_PER_FRAME - 1, Buffer.concat(parts));
    }
    this.frame++;
    this.#pictureId = (this.#pictureId + 1) & 0x7fff;
    this.timestamp = (this.timestamp + VIDEO_INTERVAL_MS * 90) >>> 0;
  }
}

/* Syllables of 200 to 300 ms and a pause between words: what a frame of 100 ms is quieter than the loudest, in dB. */
const SYLLABLES = [4, 0, 9, 2, 6, 1, 12, 0, 3, 8, 1, 30, 50];
const PACKETS_PER_SYLLABLE = 5;
const SILENCE_DBOV = -127;

export class AudioSource extends Source {
  intervalMs = AUDIO_INTERVAL_MS;
  /* In dBov; undefined: no levels are told, -Infinity: it is silent. */
  loudest;
  fillBytes;
  /* What its payload type is within RED (RFC 2198); undefined: it is sent as it is. */
  redundantType;
  #before;

  /* Of this packet (RFC 6464). */
  get level() {
    const dip = SYLLABLES[Math.floor(this.frame / PACKETS_PER_SYLLABLE) % SYLLABLES.length];
    return this.loudest === undefined ? undefined : Math.max(this.loudest - dip, SILENCE_DBOV);
  }

  tick() {
    /* 0x78: an Opus table of contents (RFC 6716, section 3.1) of one 20 ms CELT frame. */
    const opus = Buffer.concat([Buffer.from([0x78]), stamp(this.label, this.frame, this.fillBytes)]);
    this.emit(false, this.redundantType === undefined ? opus : this.#repeatBefore(opus));
    this.frame++;
    this.timestamp = (this.timestamp + AUDIO_INTERVAL_MS * 48) >>> 0;
  }

  /* RFC 2198, section 3: of what is repeated, its type, age and length; then both. */
  #repeatBefore(opus) {
    const header = Buffer.alloc(this.#before ? 5 : 1, this.redundantType);
    if (this.#before)
      header.writeUInt32BE((0x80 | this.redundantType) * 2 ** 24 + (AUDIO_INTERVAL_MS * 48 << 10) + this.#before.length);
    const payload = Buffer.concat([header, this.#before ?? Buffer.alloc(0), opus]);
    this.#before = opus;
    return payload;
  }
}
