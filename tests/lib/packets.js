/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RTP and RTCP that no honest client sends, byte by byte, in the forms that Transport.sendRtp and sendRtcp take. */

export function words(...values) {
  const buffer = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => buffer.writeUInt32BE(value >>> 0, 4 * i));
  return buffer;
}

/* An RTP header. extension: the whole of it, profile and length included. */
export function rtpHeader({ ssrc, sequence = 0, type = 96, timestamp = 0, version = 2, padding = false, csrcs = [],
                            extension = Buffer.alloc(0), marker = false }) {
  const first = (version << 6) | (padding ? 0x20 : 0) | (extension.length ? 0x10 : 0) | csrcs.length;
  const buffer = Buffer.concat([Buffer.from([first, (marker ? 0x80 : 0) | type, (sequence >> 8) & 0xff, sequence & 0xff]),
                                words(timestamp, ssrc, ...csrcs), extension]);
  return { ssrc, sequenceNumber: sequence & 0xffff, serializeSize: buffer.length, serialize: () => buffer };
}

/* One-byte header extensions (RFC 8285, section 4.2): [id, data] each. */
export function oneByteExtension(...elements) {
  const body = Buffer.concat(elements.map(([id, data]) => Buffer.concat([Buffer.from([(id << 4) | (data.length - 1)]), data])));
  const padded = Buffer.concat([body, Buffer.alloc((4 - (body.length % 4)) % 4)]);
  return Buffer.concat([Buffer.from([0xbe, 0xde, 0, padded.length / 4]), padded]);
}

/* An RTCP packet; body: whole words. count: what stands in the five bits of the first byte. */
export function rtcp(type, count, body) {
  const buffer = Buffer.concat([Buffer.from([0x80 | count, type, 0, 0]), body]);
  buffer.writeUInt16BE(body.length / 4, 2);
  return { serialize: () => buffer };
}

export function rawRtcp(buffer) {
  return { serialize: () => buffer };
}

/* Transport-wide feedback that reports about `count` packets, all lost, in as few bytes as can be. */
export function bloatedReport(mediaSsrc, count, reportNumber) {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(count, 2);
  head[7] = reportNumber & 0xff;
  const chunks = Buffer.alloc(2 * Math.ceil(count / 8191), 0x1f);
  for (let at = 1; at < chunks.length; at += 2)
    chunks[at] = 0xff;
  const padding = Buffer.alloc((4 - (chunks.length % 4)) % 4);
  return rtcp(205, 15, Buffer.concat([words(1, mediaSsrc), head, chunks, padding]));
}
