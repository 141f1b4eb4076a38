/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One participant without a browser: signalling, a publisher connection and the subscriber connections, with synthetic
 * media going out and every RTP packet that comes in kept for the test to look at. */

import {
  GenericNack, PictureLossIndication, ReceiverEstimatedMaxBitrate, RtcpPayloadSpecificFeedback, RtcpReceiverInfo, RtcpRrPacket, RtcpSenderInfo,
  RtcpSourceDescriptionPacket, RtcpSrPacket, RtcpTransportLayerFeedback, RtpHeader, ntpTime,
} from 'werift';
import { defer } from './cleanup.js';
import { parseSdp, writeAnswer, writeOffer } from './sdp.js';
import { SignallingClient } from './signalling.js';
import { AudioSource, VideoSource, readStamp, readVp8 } from './source.js';
import { TransportFeedback } from './transport-feedback.js';
import { Transport } from './transport.js';
import { until } from './until.js';

const REPORT_INTERVAL_MS = 500;
const FEEDBACK_INTERVAL_MS = 50;
/* The page's m-lines, in its order. */
export const SOURCES = [
  { source: 'microphone', kind: 'audio' },
  { source: 'camera', kind: 'video' },
  { source: 'screen', kind: 'video' },
  { source: 'screen_audio', kind: 'audio' },
];

/* The camera's in simulcast, as the page sends them. */
const LAYERS = [
  { rid: 'q', size: { width: 320, height: 180 } },
  { rid: 'h', size: { width: 640, height: 360 } },
  { rid: 'f', size: { width: 1280, height: 720 } },
];

const randomSsrc = () => 1 + Math.floor(Math.random() * 0xfffffffe);

function trickle(signalling, target, transport, mid) {
  return transport.gather((candidate) => {
    if (signalling.isOpen)
      signalling.notify('trickle', { target, candidate: { candidate, sdpMid: mid, sdpMLineIndex: 0 } });
  });
}

/* The connection on which this peer sends (target 0). */
export class Publisher {
  #transport;
  #signalling;
  #dialect;
  #rtxSequence = Math.floor(Math.random() * 0x10000);
  #reports;
  tracks;
  keyframeRequests = [];
  nacked = [];
  bounds = []; /* in bit/s, on all that is sent, as they came */

  static async create(signalling, { label, dialect, nat, simulcast, sources = SOURCES }) {
    const transport = await Transport.create({ isControlling: true, nat });
    return new Publisher(signalling, transport, label, dialect, simulcast, sources);
  }

  constructor(signalling, transport, label, dialect, simulcast, sources) {
    this.#signalling = signalling;
    this.#transport = transport;
    this.#dialect = dialect;
    this.tracks = sources.map(({ source, kind }, index) => this.#createTrack(source, kind, index, label));
    if (simulcast)
      this.#splitTrack(this.track('camera'), label);
    transport.onRtcp = (packet) => this.#onRtcp(packet);
  }

  get offer() {
    return { type: 'offer', sdp: writeOffer(this.tracks, this.#transport, this.#dialect) };
  }

  get transport() {
    return this.#transport;
  }

  /* Gathers towards the server; candidates may precede the answer. */
  gather() {
    return trickle(this.#signalling, 0, this.#transport, this.tracks[0].mid);
  }

  async accept(answer) {
    const remote = parseSdp(answer);
    for (const [index, track] of this.tracks.entries())
      this.#adopt(track, remote.media[index]);
    remote.candidates.forEach((candidate) => this.#transport.addRemoteCandidate(candidate));
    await this.#transport.connect(remote, remote.setup === 'active' ? 'server' : 'client');
    this.#reports = setInterval(() => this.#report(), REPORT_INTERVAL_MS);
  }

  track(source) {
    return this.tracks.find((track) => track.source === source);
  }

  async close() {
    clearInterval(this.#reports);
    this.tracks.forEach(({ media }) => media.stop());
    await this.#transport.close();
  }

  #createTrack(source, kind, index, label) {
    const track = { source, kind, mid: String(index), ssrc: randomSsrc(), msid: `salon ${source}`, octets: 0, packets: 0,
                    isLost: () => false, resend: (send) => send(), rtxSsrc: kind === 'video' ? randomSsrc() : undefined };
    const Media = kind === 'video' ? VideoSource : AudioSource;
    track.media = new Media(`${label}/${source}`, (fields, payload) => this.#send(track, fields, payload));
    return track;
  }

  /* A stream for each layer, in place of the one. */
  #splitTrack(track, label) {
    track.layers = LAYERS.map(({ rid, size }) => {
      const layer = { ...track, rid, ssrc: randomSsrc(), rtxSsrc: randomSsrc() };
      layer.media = new VideoSource(`${label}/camera/${rid}`, (fields, payload) => this.#send(layer, fields, payload));
      layer.media.size = size;
      return layer;
    });
    track.media = { start: () => track.layers.forEach(({ media }) => media.start()),
                    stop: () => track.layers.forEach(({ media }) => media.stop()) };
  }

  get #streams() {
    return this.tracks.flatMap((track) => track.layers ?? [track]);
  }

  /* The answer decides which payload types are spoken. */
  #adopt(track, section) {
    track.layers?.forEach((layer) => this.#adopt(layer, section));
    const codec = section.codecs.find(({ name }) => /^(opus|vp8)$/i.test(name));
    const rtx = section.codecs.find(({ name, fmtp }) => /^rtx$/i.test(name) && fmtp === `apt=${codec?.type}`);
    const red = section.codecs.find(({ name }) => /^red$/i.test(name));
    if (red)
      track.media.redundantType = codec.type;
    Object.assign(track, { payloadType: red?.type ?? codec?.type, rtxPayloadType: rtx?.type, section,
                           midExtension: section.extensions.find(({ uri }) => uri.endsWith('sdes:mid'))?.id,
                           ridExtension: section.extensions.find(({ uri }) => uri.endsWith('sdes:rtp-stream-id'))?.id,
                           repairedRidExtension: section.extensions.find(({ uri }) =>
                             uri.endsWith('sdes:repaired-rtp-stream-id'))?.id,
                           levelExtension: section.extensions.find(({ uri }) => uri.endsWith('ssrc-audio-level'))?.id });
  }

  #send(track, fields, payload) {
    track.packets++;
    track.octets += payload.length;
    if (!track.isLost(fields.sequenceNumber))
      this.#write(track, { ...fields, payloadType: track.payloadType, ssrc: track.ssrc }, payload);
  }

  #write(track, { extensions = [], ...fields }, payload) {
    const mid = track.midExtension === undefined ? [] : [{ id: track.midExtension, payload: Buffer.from(track.mid) }];
    const ridId = fields.ssrc === track.rtxSsrc ? track.repairedRidExtension : track.ridExtension;
    const rid = track.rid && ridId !== undefined ? [{ id: ridId, payload: Buffer.from(track.rid) }] : [];
    const { level } = track.media;
    const loudness = track.levelExtension === undefined || level === undefined ? []
      : [{ id: track.levelExtension, payload: Buffer.from([-level]) }];
    const header = new RtpHeader({ ...fields, version: 2, extensions: [...mid, ...rid, ...loudness, ...extensions] });
    header.extension = header.extensions.length > 0;
    this.#transport.sendRtp(header, payload);
  }

  #onRtcp(packet) {
    const { feedback } = packet;
    if (feedback instanceof PictureLossIndication) {
      const track = this.#streams.find(({ ssrc }) => ssrc === feedback.mediaSsrc);
      this.keyframeRequests.push({ ssrc: feedback.mediaSsrc, at: performance.now() });
      track?.media.requestKeyframe?.();
    } else if (feedback instanceof GenericNack) {
      this.nacked.push(...feedback.lost);
      const track = this.#streams.find(({ ssrc }) => ssrc === feedback.mediaSourceSsrc);
      feedback.lost.forEach((sequence) => track?.resend(() => this.#retransmit(track, sequence)));
    } else if (feedback instanceof ReceiverEstimatedMaxBitrate) {
      this.bounds.push(Number(feedback.bitrate));
    }
  }

  /* RFC 4588: the lost packet on the RTX stream, its own number in front of the payload. */
  #retransmit(track, sequenceNumber) {
    const lost = track.media.packet(sequenceNumber);
    if (!lost || track.rtxPayloadType === undefined)
      return;
    const original = Buffer.alloc(2);
    original.writeUInt16BE(sequenceNumber);
    this.#rtxSequence = (this.#rtxSequence + 1) & 0xffff;
    this.#write(track, { ...lost.fields, sequenceNumber: this.#rtxSequence, ssrc: track.rtxSsrc,
                         payloadType: track.rtxPayloadType }, Buffer.concat([original, lost.payload]));
  }

  #report() {
    for (const { ssrc, media, packets, octets } of this.#streams.filter((track) => track.packets > 0)) {
      const senderInfo = new RtcpSenderInfo({ ntpTimestamp: ntpTime(), rtpTimestamp: media.timestamp,
                                              packetCount: packets, octetCount: octets });
      this.#transport.sendRtcp(new RtcpSrPacket({ ssrc, senderInfo }));
    }
  }
}

/* What arrived on one slot. */
export class Slot {
  packets = [];
  retransmitted = [];

  constructor(section, target) {
    this.mid = section.mid;
    this.kind = section.kind;
    this.target = target;
    this.ssrc = section.fid?.[0] ?? section.ssrcs[0];
    this.rtxSsrc = section.fid?.[1];
    this.clockRate = section.kind === 'video' ? 90000 : 48000;
    this.codecs = new Map(section.codecs.map((codec) => [codec.type, codec.name.toLowerCase()]));
  }

  get last() {
    return this.packets.at(-1);
  }

  get labels() {
    return new Set(this.packets.map(({ label }) => label));
  }

  /* Packets of media with this label since `from` (an index). */
  carrying(label, from = 0) {
    return this.packets.slice(from).filter((packet) => packet.label === label);
  }
}

function describe({ header, payload }, slot) {
  const codec = slot.codecs.get(header.payloadType);
  return { sequence: header.sequenceNumber, timestamp: header.timestamp, ssrc: header.ssrc, marker: header.marker,
           payloadType: header.payloadType, codec, at: performance.now(), length: payload.length, payload,
           extensions: header.extensions, ...readStamp(payload), ...(codec === 'vp8' ? readVp8(payload) : {}) };
}

/* One connection on which this peer receives (target 1 and up). */
export class Subscriber {
  #transport;
  #dialect;
  #reports;
  #feedback;
  #feedbackTimer;
  #rtcpSsrc = randomSsrc();
  slots = [];
  strayPackets = [];
  /* Each with the time `at` which it came. */
  senderReports = [];
  /* SSRC -> the name (CNAME) that RTCP tells with it. */
  names = new Map();
  /* Simulates loss on the way here: (slot, packet) => true drops. */
  isLost = () => false;

  static async create(target, { nat, dialect, feedback } = {}) {
    return new Subscriber(target, await Transport.create({ isControlling: false, nat }), dialect, feedback);
  }

  constructor(target, transport, dialect, givesFeedback) {
    this.target = target;
    this.#dialect = dialect;
    this.#feedback = givesFeedback ? new TransportFeedback(this.#rtcpSsrc) : undefined;
    this.#transport = transport;
    transport.onRtp = (packet) => this.#onRtp(packet);
    transport.onRtcp = (packet) => this.#onRtcp(packet);
  }

  get transport() {
    return this.#transport;
  }

  /* Returns the answer; the connection then comes up by itself. */
  answer(sdp) {
    return writeAnswer(this.take(sdp), this.#transport, this.#dialect);
  }

  /* The server's description: its offer or, of WHEP, its answer. */
  take(sdp) {
    this.offer = parseSdp(sdp);
    this.offer.media.slice(this.slots.length).forEach((section) => this.slots.push(new Slot(section, this.target)));
    this.offer.candidates.forEach((candidate) => this.#transport.addRemoteCandidate(candidate));
    return this.offer;
  }

  async connect() {
    await this.#transport.connect(this.offer, 'client');
    this.#reports = setInterval(() => this.#report(), REPORT_INTERVAL_MS);
    if (this.#feedback)
      this.#feedbackTimer = setInterval(() => this.#giveFeedback(), FEEDBACK_INTERVAL_MS);
  }

  gather(signalling) {
    return trickle(signalling, this.target, this.#transport, this.slots[0].mid);
  }

  slot(mid) {
    return this.slots.find((slot) => slot.mid === mid);
  }

  sendPli(slot) {
    this.#transport.sendRtcp(new RtcpPayloadSpecificFeedback({
      feedback: new PictureLossIndication({ senderSsrc: this.#rtcpSsrc, mediaSsrc: slot.ssrc }),
    }));
  }

  sendNack(slot, sequences) {
    this.#transport.sendRtcp(new RtcpTransportLayerFeedback({
      feedback: new GenericNack({ senderSsrc: this.#rtcpSsrc, mediaSourceSsrc: slot.ssrc, lost: sequences }),
    }));
  }

  async close() {
    clearInterval(this.#reports);
    clearInterval(this.#feedbackTimer);
    await this.#transport.close();
  }

  #noteArrival({ header }) {
    const id = this.offer.media[0].extensions.find(({ uri }) => uri.endsWith('transport-wide-cc-extensions-01'))?.id;
    const number = header.extensions.find((extension) => extension.id === id);
    if (number)
      this.#feedback.take(number.payload.readUInt16BE(0));
  }

  #giveFeedback() {
    const feedback = this.#feedback.next();
    if (feedback)
      this.#transport.sendRtcp(feedback);
  }

  #onRtp(packet) {
    const { ssrc } = packet.header;
    if (this.#feedback)
      this.#noteArrival(packet);
    const slot = this.slots.find((candidate) => candidate.ssrc === ssrc || candidate.rtxSsrc === ssrc);
    if (!slot)
      this.strayPackets.push(packet.header);
    else if (slot.rtxSsrc === ssrc)
      slot.retransmitted.push({ ...describe({ header: packet.header, payload: packet.payload.subarray(2) }, slot),
                                sequence: packet.payload.readUInt16BE(0), rtxSequence: packet.header.sequenceNumber });
    else if (!this.isLost(slot, packet))
      slot.packets.push(describe(packet, slot));
  }

  #onRtcp(packet) {
    if (packet instanceof RtcpSrPacket)
      this.senderReports.push(Object.assign(packet, { at: performance.now() }));
    else if (packet instanceof RtcpSourceDescriptionPacket)
      packet.chunks.forEach(({ source, items }) => this.names.set(source, items.find(({ type }) => type === 1)?.text));
  }

  #report() {
    const reports = this.slots.filter(({ last }) => last).map(({ ssrc, last }) => new RtcpReceiverInfo({
      ssrc, fractionLost: 0, packetsLost: 0, highestSequence: last.sequence, jitter: 0, lsr: 0, dlsr: 0,
    }));
    this.#transport.sendRtcp(new RtcpRrPacket({ ssrc: this.#rtcpSsrc, reports }));
  }
}

export class Peer {
  #options;
  #isClosing = false;
  #earlyCandidates = new Map();
  name;
  publisher;
  subscribers = new Map();
  /* "target/mid" -> the track the server says the slot carries, or null. */
  slotTracks = new Map();
  tracks = new Map();
  errors = [];

  /* Connects and joins. t: a test's context, which closes the peer at its end.
   *   publish: sources to publish at once ([]: a publisher connection without tracks; null: none at all)
   *   muted: of those, what starts muted
   *   dialect: 'chromium', 'firefox', or 'redundant': Chromium's with RED
   *   feedback: tells, transport-wide, what comes and when, as browsers do
   *   simulcast: the camera's in three layers, q, h and f
   *   late: joins without an offer and publishes afterwards, as the page does
   *   alterOffer, alterAnswer: SDP -> SDP, for what goes to the server
   *   subscribe: false answers no offer
   *   nat: a UdpRelay, through which all its media goes
   *   session: of an earlier join: comes back, with new connections
   *   config: of the join
   *   mayFail: connections that fail are no error, since the test is about that */
  static async join(t, server, room, name, options = {}) {
    const peer = new Peer(await SignallingClient.connect(server), name, options);
    defer(t, () => peer.close());
    await peer.join(room);
    return peer;
  }

  constructor(signalling, name, options) {
    this.signalling = signalling;
    this.name = name;
    this.#options = { publish: ['microphone', 'camera'], muted: [], dialect: 'chromium', late: false, alterOffer: (sdp) => sdp,
                      alterAnswer: (sdp) => sdp, subscribe: true, mayFail: false, ...options };
    this.#listen();
  }

  #listen() {
    this.signalling.on('trickle', ({ target, candidate }) => this.#onTrickle(target, candidate));
    this.signalling.on('slot', ({ target, mid, track }) => this.slotTracks.set(`${target}/${mid}`, track));
    if (this.#options.subscribe)
      this.signalling.on('offer', (offer) => this.#onOffer(offer).catch((error) => this.#failed(error)));
  }

  async join(room) {
    const { publish, late } = this.#options;
    if (publish !== null)
      this.publisher = await Publisher.create(this.signalling, { label: this.name, ...this.#options });
    const { session, config } = this.#options;
    const params = { sid: room, name: this.name, session, config };
    if (this.publisher && !late)
      Object.assign(params, { offer: this.#offer(), tracks: publish.map((source) => this.#trackSource(source)) });
    const result = await this.signalling.request('join', params, 15000);
    this.id = result.participant;
    this.room = result.room;
    this.participants = result.participants;
    this.session = result.session;
    this.maxVideo = result.max_video;
    for (const track of result.participants.find(({ id }) => id === this.id).tracks)
      this.tracks.set(track.source, track);
    this.publishing = this.#connectPublisher(late && this.publisher ? await this.#publishLate() : result.sdp);
    this.publishing.catch(() => {});
  }

  /* Starts the media of what is published. */
  async start(...sources) {
    await this.publishing;
    for (const source of sources.length ? sources : this.tracks.keys())
      this.publisher.track(source).media.start();
  }

  /* Says how loud the microphone is from now on, as talk goes: up to `loudest` dBov. hush: it is on, and silent. */
  talk(loudest = -20) {
    this.publisher.track('microphone').media.loudest = loudest;
  }

  hush() {
    this.talk(-Infinity);
  }

  async publish(source) {
    const { track } = await this.signalling.request('publish', { mid: this.publisher.track(source).mid, source });
    this.tracks.set(source, track);
    await this.start(source);
  }

  async unpublish(source) {
    this.publisher.track(source).media.stop();
    await this.signalling.request('unpublish', { track: this.tracks.get(source).id });
    this.tracks.delete(source);
  }

  async mute(source, muted) {
    await this.signalling.request('mute', { track: this.tracks.get(source).id, muted });
  }

  get slots() {
    return [...this.subscribers.values()].flatMap(({ slots }) => slots);
  }

  /* The slot that carries this track now, if any. */
  slotOf(trackId) {
    const [key] = [...this.slotTracks].find(([, track]) => track?.id === trackId) ?? [];
    if (key === undefined)
      return undefined;
    const [target, mid] = [Number(key.slice(0, key.indexOf('/'))), key.slice(key.indexOf('/') + 1)];
    return this.subscribers.get(target)?.slot(mid);
  }

  /* Waits until media of `other`'s source comes in on a slot announced to carry it; returns the slot. */
  async receive(other, source, deadlineMs = 10000) {
    const label = `${other.name}/${source}`;
    return await until(`${this.name} receives ${label}`, () => {
      this.throwErrors();
      const slot = this.slotOf(other.tracks.get(source)?.id);
      return slot?.last?.label === label ? slot : undefined;
    }, deadlineMs);
  }

  throwErrors() {
    if (this.errors.length)
      throw this.errors[0];
  }

  #failed(error) {
    if (!this.#isClosing && !this.#options.mayFail)
      this.errors.push(error);
  }

  async leave() {
    this.#isClosing = true;
    await this.signalling.request('leave');
    await this.close();
  }

  async close() {
    this.#isClosing = true;
    await this.signalling.close();
    await this.closeMedia();
    this.throwErrors();
  }

  /* The WebSocket breaks, and nothing else. */
  async loseSocket() {
    await this.signalling.terminate();
  }

  /* A new WebSocket for the old connections. Returns the join's result. */
  async resume(server) {
    this.signalling = await SignallingClient.connect(server);
    this.#listen();
    return await this.signalling.request('join', { sid: this.room.slug, name: this.name, session: this.session, resume: true });
  }

  /* As a browser that crashes: the WebSocket is cut and the media just stops. */
  async drop() {
    this.#isClosing = true;
    await this.signalling.terminate();
    await this.closeMedia();
  }

  /* All connections fall silent, as when the network is gone; signalling goes on. */
  async silence() {
    const connections = [this.publisher, ...this.subscribers.values()].filter(Boolean);
    await Promise.all(connections.map(({ transport }) => transport.silence()));
  }

  async closeMedia() {
    this.#isClosing = true;
    await Promise.all([this.publisher?.close(), ...[...this.subscribers.values()].map((subscriber) => subscriber.close())]);
  }

  #offer() {
    const { type, sdp } = this.publisher.offer;
    return { type, sdp: this.#options.alterOffer(sdp) };
  }

  #trackSource(source) {
    return { mid: this.publisher.track(source).mid, source, muted: this.#options.muted.includes(source) };
  }

  async #publishLate() {
    const answer = await this.signalling.request('offer', { desc: this.#offer(), tracks: [] }, 15000);
    for (const source of this.#options.publish) {
      const { track } = await this.signalling.request('publish', this.#trackSource(source));
      this.tracks.set(source, track);
    }
    return answer.sdp;
  }

  async #connectPublisher(answer) {
    if (!this.publisher)
      return;
    this.publisher.gather();
    await this.publisher.accept(answer);
  }

  #onTrickle(target, { candidate }) {
    const transport = target === 0 ? this.publisher?.transport : this.subscribers.get(target)?.transport;
    if (!transport)
      this.#early(target).push(candidate);
    else if (candidate)
      transport.addRemoteCandidate(candidate);
  }

  #early(target) {
    if (!this.#earlyCandidates.has(target))
      this.#earlyCandidates.set(target, []);
    return this.#earlyCandidates.get(target);
  }

  async #onOffer({ target, sdp }) {
    const isNew = !this.subscribers.has(target);
    const subscriber = this.subscribers.get(target) ?? await Subscriber.create(target, this.#options);
    this.subscribers.set(target, subscriber);
    if (this.#isClosing)
      return await subscriber.close();
    const answer = subscriber.answer(sdp);
    this.#early(target).splice(0).filter(Boolean).forEach((text) => subscriber.transport.addRemoteCandidate(text));
    await this.signalling.request('answer', { target, desc: { type: 'answer', sdp: this.#options.alterAnswer(answer) } });
    if (isNew && !this.#isClosing) {
      subscriber.gather(this.signalling);
      await subscriber.connect();
    }
  }
}


