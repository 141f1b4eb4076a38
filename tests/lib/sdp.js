/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* As much SDP (RFC 8866, RFC 9429) as a browser of these tests speaks. */

const EXTENSIONS = {
  audioLevel: 'urn:ietf:params:rtp-hdrext:ssrc-audio-level',
  mid: 'urn:ietf:params:rtp-hdrext:sdes:mid',
  twcc: 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  sendTime: 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
  rid: 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
  repairedRid: 'urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id',
};

/* Payload types and extension ids as the two browsers choose them: the server must map one to the other. */
export const DIALECTS = {
  chromium: {
    codecs: {
      audio: [{ type: 111, name: 'opus', rate: '48000/2', fmtp: 'minptime=10;useinbandfec=1', feedback: ['transport-cc'] }],
      video: [
        { type: 96, name: 'VP8', rate: '90000', feedback: ['transport-cc', 'ccm fir', 'nack', 'nack pli'] },
        { type: 97, name: 'rtx', rate: '90000', fmtp: 'apt=96', feedback: [] },
        { type: 98, name: 'VP9', rate: '90000', fmtp: 'profile-id=0', feedback: ['transport-cc', 'ccm fir', 'nack', 'nack pli'] },
        { type: 99, name: 'rtx', rate: '90000', fmtp: 'apt=98', feedback: [] },
        { type: 103, name: 'H264', rate: '90000', fmtp: 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
          feedback: ['transport-cc', 'ccm fir', 'nack', 'nack pli'] },
        { type: 104, name: 'rtx', rate: '90000', fmtp: 'apt=103', feedback: [] },
      ],
    },
    extensions: { audio: { audioLevel: 1, twcc: 3, mid: 4 }, video: { sendTime: 2, twcc: 3, mid: 4 } },
  },
  firefox: {
    codecs: {
      audio: [{ type: 109, name: 'opus', rate: '48000/2', fmtp: 'maxplaybackrate=48000;stereo=1;useinbandfec=1', feedback: [] }],
      video: [
        { type: 120, name: 'VP8', rate: '90000', fmtp: 'max-fs=12288;max-fr=60', feedback: ['nack', 'nack pli', 'ccm fir', 'transport-cc'] },
        { type: 124, name: 'rtx', rate: '90000', fmtp: 'apt=120', feedback: [] },
        { type: 126, name: 'H264', rate: '90000', fmtp: 'profile-level-id=42e01f;level-asymmetry-allowed=1;packetization-mode=1',
          feedback: ['nack', 'nack pli', 'ccm fir', 'transport-cc'] },
        { type: 127, name: 'rtx', rate: '90000', fmtp: 'apt=126', feedback: [] },
      ],
    },
    extensions: { audio: { audioLevel: 1, mid: 3 }, video: { mid: 3, sendTime: 4, twcc: 7 } },
  },
};

/* Chromium's, with redundancy (RFC 2198), which it has; other tests look at Opus. */
DIALECTS.redundant = {
  ...DIALECTS.chromium,
  codecs: { ...DIALECTS.chromium.codecs,
            audio: [...DIALECTS.chromium.codecs.audio,
                    { type: 63, name: 'red', rate: '48000/2', fmtp: '111/111', feedback: [] }] },
};

/* Those of one codec alone: of the pictures and what repeats them. */
for (const name of ['H264', 'VP8', 'VP9']) {
  const { audio, video } = DIALECTS.chromium.codecs;
  const { type } = video.find((codec) => codec.name === name);
  DIALECTS[`${name} alone`] = {
    ...DIALECTS.chromium, pictures: [name.toLowerCase()],
    codecs: { audio, video: video.filter((codec) => codec.type === type || codec.fmtp === `apt=${type}`) },
  };
}

const SIMULCAST_IDS = { rid: 10, repairedRid: 11 };

function attribute(lines, name) {
  const prefix = `a=${name}:`;
  return lines.find((line) => line.startsWith(prefix))?.slice(prefix.length);
}

function attributes(lines, name) {
  const prefix = `a=${name}:`;
  return lines.filter((line) => line.startsWith(prefix)).map((line) => line.slice(prefix.length));
}

function parseCodecs(lines) {
  const codecs = attributes(lines, 'rtpmap').map((map) => {
    const [type, encoding] = map.split(' ');
    const [name, ...rate] = encoding.split('/');
    return { type: Number(type), name, rate: rate.join('/'), fmtp: undefined, feedback: [] };
  });
  const byType = new Map(codecs.map((codec) => [codec.type, codec]));
  for (const fmtp of attributes(lines, 'fmtp'))
    Object.assign(byType.get(Number(fmtp.split(' ')[0])) ?? {}, { fmtp: fmtp.slice(fmtp.indexOf(' ') + 1) });
  for (const feedback of attributes(lines, 'rtcp-fb'))
    byType.get(Number(feedback.split(' ')[0]))?.feedback.push(feedback.slice(feedback.indexOf(' ') + 1));
  return codecs;
}

function parseMedia(lines, session) {
  const [kind, port] = lines[0].slice(2).split(' ');
  const find = (name) => attribute(lines, name) ?? attribute(session, name);
  const fid = attributes(lines, 'ssrc-group').find((group) => group.startsWith('FID'))?.split(' ').slice(1).map(Number);
  return {
    kind, port: Number(port), mid: attribute(lines, 'mid'), lines,
    direction: lines.find((line) => /^a=(sendrecv|sendonly|recvonly|inactive)$/.test(line))?.slice(2) ?? 'sendrecv',
    codecs: parseCodecs(lines),
    extensions: attributes(lines, 'extmap').map((map) => {
      const [id, uri] = map.split(' ');
      return { id: Number(id.split('/')[0]), uri };
    }),
    ssrcs: [...new Set(attributes(lines, 'ssrc').map((line) => Number(line.split(' ')[0])))],
    fid, stream: (attribute(lines, 'msid') ?? lines.join('\n').match(/^a=ssrc:\d+ msid:(.*)$/m)?.[1])?.split(' ')[0],
    ufrag: find('ice-ufrag'), password: find('ice-pwd'), setup: find('setup'),
    fingerprint: find('fingerprint')?.split(' ')[1],
    candidates: attributes(lines, 'candidate').map((text) => `candidate:${text}`),
  };
}

export function parseSdp(sdp) {
  const sections = sdp.split(/\r\n(?=m=)/).map((section) => section.split('\r\n').filter(Boolean));
  const session = sections.shift();
  const media = sections.map((lines) => parseMedia(lines, session));
  const { ufrag, password, setup, fingerprint } = media[0] ?? {};
  return { media, ufrag, password, setup, fingerprint, isLite: session.includes('a=ice-lite'),
           candidates: media.flatMap((section) => section.candidates) };
}

function mediaLines({ kind, codecs, mid, direction, extensions, transport, setup, extra = [] }) {
  return [
    `m=${kind} 9 UDP/TLS/RTP/SAVPF ${codecs.map(({ type }) => type).join(' ')}`,
    'c=IN IP4 0.0.0.0', 'a=rtcp:9 IN IP4 0.0.0.0',
    `a=ice-ufrag:${transport.ufrag}`, `a=ice-pwd:${transport.password}`, 'a=ice-options:trickle',
    `a=fingerprint:sha-256 ${transport.fingerprint}`, `a=setup:${setup}`,
    `a=mid:${mid}`, `a=${direction}`, 'a=rtcp-mux', 'a=rtcp-rsize',
    ...extensions.map(({ id, uri }) => `a=extmap:${id} ${uri}`),
    ...codecs.flatMap(({ type, name, rate, fmtp, feedback }) => [
      `a=rtpmap:${type} ${name}/${rate}`,
      ...feedback.map((kindOfFeedback) => `a=rtcp-fb:${type} ${kindOfFeedback}`),
      ...(fmtp ? [`a=fmtp:${type} ${fmtp}`] : []),
    ]),
    ...extra,
  ];
}

function session(mids, sections) {
  const head = ['v=0', 'o=- 4611731400430051336 2 IN IP4 127.0.0.1', 's=-', 't=0 0',
                `a=group:BUNDLE ${mids.join(' ')}`, 'a=extmap-allow-mixed', 'a=msid-semantic: WMS *'];
  return `${[...head, ...sections.flat()].join('\r\n')}\r\n`;
}

function ssrcLines({ ssrc, rtxSsrc, msid }) {
  const ssrcs = rtxSsrc === undefined ? [ssrc] : [ssrc, rtxSsrc];
  return [`a=msid:${msid}`, ...(rtxSsrc === undefined ? [] : [`a=ssrc-group:FID ${ssrc} ${rtxSsrc}`]),
          ...ssrcs.flatMap((id) => [`a=ssrc:${id} cname:salon-test`, `a=ssrc:${id} msid:${msid}`])];
}

/* In simulcast browsers announce no SSRCs. */
function layerLines({ layers, msid }) {
  const rids = layers.map(({ rid }) => rid);
  return [`a=msid:${msid}`, ...rids.map((rid) => `a=rid:${rid} send`), `a=simulcast:send ${rids.join(';')}`];
}

/* tracks: [{ mid, kind, ssrc, rtxSsrc, msid, layers: [{ rid }] }], one m-line each, all sending. */
export function writeOffer(tracks, transport, dialect) {
  const { codecs, extensions } = DIALECTS[dialect];
  const sections = tracks.map((track) => mediaLines({
    kind: track.kind, mid: track.mid, codecs: codecs[track.kind], direction: 'sendonly', transport, setup: 'actpass',
    extensions: Object.entries({ ...extensions[track.kind], ...(track.layers && SIMULCAST_IDS) })
      .map(([name, id]) => ({ id, uri: EXTENSIONS[name] })),
    extra: track.layers ? layerLines(track) : ssrcLines(track),
  }));
  return session(tracks.map(({ mid }) => mid), sections);
}

/* An offer to receive one m-line of each of `kinds`, as players make it. */
export function writeReceivingOffer(kinds, transport, dialect) {
  const { codecs, extensions } = DIALECTS[dialect];
  const sections = kinds.map((kind, index) => mediaLines({
    kind, mid: String(index), codecs: codecs[kind], direction: 'recvonly', transport, setup: 'actpass',
    extensions: Object.entries(extensions[kind]).map(([name, id]) => ({ id, uri: EXTENSIONS[name] })),
  }));
  return session(kinds.map((_, index) => String(index)), sections);
}

function acceptableCodecs(codecs, dialect) {
  const pictures = DIALECTS[dialect]?.pictures ?? ['vp8', 'vp9', 'h264'];
  const known = new Set(['opus', ...pictures, ...(dialect === 'redundant' ? ['red'] : [])]);
  const accepted = codecs.filter(({ name }) => known.has(name.toLowerCase()));
  const types = new Set(accepted.map(({ type }) => String(type)));
  const isRetransmission = ({ name, fmtp }) => name.toLowerCase() === 'rtx' && types.has(fmtp?.match(/apt=(\d+)/)?.[1]);
  return codecs.filter((codec) => accepted.includes(codec) || isRetransmission(codec));
}

/* Accepts all of a server's offer, receiving only, as the DTLS client. */
export function writeAnswer(offer, transport, dialect) {
  const known = new Set(Object.values(EXTENSIONS));
  const sections = offer.media.map(({ kind, mid, codecs, extensions }) => mediaLines({
    kind, mid, codecs: acceptableCodecs(codecs, dialect), direction: 'recvonly', transport, setup: 'active',
    extensions: extensions.filter(({ uri }) => known.has(uri)),
  }));
  return session(offer.media.map(({ mid }) => mid), sections);
}

/* The same SDP with another certificate's fingerprint: one hex digit altered. */
export function alterFingerprint(sdp) {
  return sdp.replace(/(a=fingerprint:sha-256 )([0-9A-F])/g, (_, prefix, digit) => prefix + (digit === 'A' ? 'B' : 'A'));
}
