/* SPDX-License-Identifier: LGPL-2.1-or-later */

/** A picture sent in up to three sizes, so that each of the others gets what fits; the smallest first. */
const SIMULCAST = Object.freeze(
  ['q', 'h', 'f'].map((rid) => ({ rid, scaleResolutionDownBy: 1, scalabilityMode: 'L1T3' })),
);
/**
 * How many sizes a picture of so many pixels is worth, each half of the next, and their bits a second. Chromium sends no
 * more of them, and leaves the last ones out: so that a small camera has the first alone.
 */
const SIZES = [
  { pixels: 960 * 540, bitrates: [150_000, 500_000, 1_700_000] },
  { pixels: 480 * 270, bitrates: [250_000, 1_000_000] },
  { pixels: 0, bitrates: [500_000] },
];

/**
 * What a person can publish, in the order of the publisher connection's m-lines. All four exist from the start, idle
 * or not, so that turning a device on or off never changes the session: it is a `replaceTrack` and a message.
 */
export const SOURCES = Object.freeze({
  microphone: { kind: 'audio' },
  camera: { kind: 'video', sendEncodings: SIMULCAST },
  screen: { kind: 'video', sendEncodings: [{ maxBitrate: 2_500_000 }] },
  screen_audio: { kind: 'audio' },
});

/** A browser says "disconnected" after some 5 s of silence, and "failed" 10 s later at the earliest: that is too late. */
const RESTART_AFTER_MS = 3_000;
const GIVE_UP_AFTER_MS = 8_000;
/** For the server to answer a restart: if it does not, the way to it is cut for the WebSocket too. */
const RESTART_TIMEOUT_MS = 1_500;

/** One RTCPeerConnection to the server, with the care every one of them needs: candidates both ways, and its state. */
class Connection {
  #earlyCandidates = [];
  #hasRemote = false;
  #wasConnected = false;
  /** Whether media did get through on what this connection stands for now. */
  #isReplacement;
  /** While it is interrupted: until the next thing that is tried. */
  #timer = 0;
  #isGivenUp = false;
  #getIceServers;
  #onState;
  #onGivenUp;

  constructor(target, { rpc, getIceServers, isReplacement, onState, onGivenUp, onDataChannel }) {
    this.target = target;
    this.#isReplacement = isReplacement;
    this.rpc = rpc;
    this.#getIceServers = getIceServers;
    this.pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    this.pc.onicecandidate = ({ candidate }) => {
      if (candidate) {
        rpc.notify('trickle', { target, candidate: candidate.toJSON() });
      }
    };
    this.pc.ondatachannel = ({ channel }) => onDataChannel(channel);
    this.#onState = onState;
    this.#onGivenUp = onGivenUp;
    this.pc.onconnectionstatechange = () => this.#followState(this.pc.connectionState);
  }

  /** Negotiated, and media gets through or may again by itself. */
  get isConnected() {
    const { signalingState, connectionState } = this.pc;
    const mayPass = connectionState === 'connected' || connectionState === 'disconnected';
    return signalingState === 'stable' && mayPass && !this.#isGivenUp;
  }

  /** Media got through, and doesn't. */
  get isInterrupted() {
    return (this.#wasConnected || this.#isReplacement) && this.pc.connectionState !== 'connected';
  }

  /** Has the network looked at anew, where that is ours to do. */
  async restart() {}

  /** To be called before candidates are gathered. */
  async useFreshIceServers(timeoutMs) {
    const iceServers = await this.#getIceServers(timeoutMs);
    this.pc.setConfiguration({ ...this.pc.getConfiguration(), iceServers });
  }

  async setRemote(description) {
    await this.pc.setRemoteDescription(description);
    this.#hasRemote = true;
    this.#earlyCandidates.splice(0).forEach((candidate) => this.addCandidate(candidate));
  }

  async addCandidate(candidate) {
    if (!this.#hasRemote) {
      this.#earlyCandidates.push(candidate);
      return;
    }
    try {
      await this.pc.addIceCandidate(candidate);
    } catch (error) {
      console.warn('Salon: a candidate was not accepted', error); // The others may still do.
    }
  }

  close() {
    clearTimeout(this.#timer);
    this.pc.onicecandidate = this.pc.onconnectionstatechange = null;
    this.pc.close();
  }

  #followState(state) {
    if (state === 'connected' || state === 'failed') {
      clearTimeout(this.#timer);
      this.#timer = 0;
    } else if (state === 'disconnected') {
      this.#timer ||= setTimeout(() => this.#onSilent(), RESTART_AFTER_MS);
    } // A restart makes it "connecting": the time goes on.
    this.#wasConnected ||= state === 'connected';
    this.#isGivenUp &&= state !== 'connected';
    this.#onState(this.target, state, this.#wasConnected || this.#isReplacement);
  }

  #onSilent() {
    this.#timer = setTimeout(() => this.#giveUp(), GIVE_UP_AFTER_MS - RESTART_AFTER_MS);
    this.restart().catch(() => this.isInterrupted && this.#giveUp());
  }

  #giveUp() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#isGivenUp = true;
    this.#onGivenUp();
  }
}

/**
 * What to send of a picture in simulcast.
 * @param {number} pixels - of the whole picture
 * @param {number[]} wanted - the layers that anybody has use for
 * @returns {object[]} what is to be of each encoding
 */
function planEncodings(encodings, pixels, wanted) {
  const { bitrates } = SIZES.find((size) => pixels >= size.pixels);
  return encodings.map((_, i) => ({
    active: i < bitrates.length && wanted.includes(i),
    scaleResolutionDownBy: 2 ** Math.max(bitrates.length - 1 - i, 0),
    maxBitrate: bitrates[i] ?? bitrates.at(-1),
  }));
}

/** Target 0: what we send. Negotiated once, again for the first data channel, and for each ICE restart. */
export class Publisher extends Connection {
  #transceivers = new Map();
  /** By source, what the server said. */
  #wantedLayers = new Map();
  /** By source, how large what is sent is. */
  #pixels = new Map();
  #lastChange = Promise.resolve();
  #dataNegotiated = null;

  constructor(options) {
    super(0, options);
    // What belongs together shares a stream, so that the receiver keeps lips and voice in step.
    const person = new MediaStream();
    const screen = new MediaStream();
    for (const [source, { kind, sendEncodings }] of Object.entries(SOURCES)) {
      const transceiver = this.pc.addTransceiver(kind, {
        direction: 'sendonly',
        streams: [source.startsWith('screen') ? screen : person],
        ...(sendEncodings && { sendEncodings }),
      });
      this.#transceivers.set(source, transceiver);
    }
  }

  /** RFC 8445, section 9. */
  async restart() {
    if (this.pc.signalingState === 'stable' && this.rpc.isOpen()) {
      this.pc.restartIce();
      await this.connect(RESTART_TIMEOUT_MS);
    }
  }

  async connect(timeoutMs) {
    await this.useFreshIceServers(timeoutMs);
    await this.pc.setLocalDescription();
    // Nothing is published by the offer itself: `publish` tells us the track's id.
    const params = { desc: this.pc.localDescription.toJSON(), tracks: [] };
    const answer = await this.rpc.request('offer', params, timeoutMs);
    await this.setRemote({ type: answer.type, sdp: answer.sdp });
  }

  /**
   * What has come, in bytes: word of what the server got, ten times a second while something is sent.
   * @returns {Promise<?number>} null: not known, as in Firefox while ICE restarts
   */
  async bytesReceived() {
    const pairs = [...(await this.pc.getStats()).values()].filter(({ type }) => type === 'candidate-pair');
    return pairs.length > 0 ? pairs.reduce((sum, { bytesReceived }) => sum + (bytesReceived ?? 0), 0) : null;
  }

  mid(source) {
    return this.#transceivers.get(source).mid;
  }

  async replaceTrack(source, track) {
    const { width, height } = track?.getSettings?.() ?? {};
    this.#pixels.set(source, width * height || Infinity);
    await this.#applyLayers(source);
    await this.#transceivers.get(source).sender.replaceTrack(track);
  }

  /** The server tells which sizes of an m-line's picture anybody has use for: the others are not made. */
  async setWantedLayers(mid, layers) {
    const [source] = [...this.#transceivers].find(([, transceiver]) => transceiver.mid === mid) ?? [];
    if (source) {
      this.#wantedLayers.set(source, layers);
      await this.#applyLayers(source);
    }
  }

  /** Whether anybody has use for anything of it: otherwise nothing is sent, and nothing is heard of it. */
  isWanted(source) {
    return this.#wantedLayers.get(source)?.length !== 0;
  }

  /** All are wanted again, unless the server says otherwise once more. */
  forgetWantedLayers() {
    const sources = [...this.#wantedLayers.keys()];
    this.#wantedLayers.clear();
    sources.forEach((source) => this.#applyLayers(source).catch(() => {})); // The connection may be closed.
  }

  /** Changes of one sender's parameters come one after the other. */
  #applyLayers(source) {
    const run = this.#lastChange.then(() => this.#plan(source));
    this.#lastChange = run.catch(() => {});
    return run;
  }

  async #plan(source) {
    const { sender } = this.#transceivers.get(source);
    const parameters = sender.getParameters();
    const { encodings } = parameters;
    const wanted = this.#wantedLayers.get(source) ?? encodings.map((_, i) => i);
    const plan =
      encodings.length > 1
        ? planEncodings(encodings, this.#pixels.get(source) ?? Infinity, wanted)
        : [{ active: wanted.includes(0) }];
    if (encodings.some((encoding, i) => Object.keys(plan[i]).some((key) => encoding[key] !== plan[i][key]))) {
      encodings.forEach((encoding, i) => Object.assign(encoding, plan[i]));
      await sender.setParameters(parameters);
    }
  }

  /**
   * @param {Promise} ready - that of the first connect()
   * @returns {Promise<RTCDataChannel>} open, if the server had no reason to close it meanwhile
   */
  async openDataChannel(label, options, ready) {
    const channel = this.pc.createDataChannel(label, options);
    const opened = new Promise((resolve) => (channel.onopen = channel.onclose = resolve));
    await ready;
    if (!this.pc.sctp) {
      await this.#negotiateData(); // There is one m-line for all of them.
    }
    await opened;
    return channel;
  }

  /** Not while ICE is still at work: Firefox may not end it then. */
  #negotiateData() {
    const connected = new Promise((resolve) => {
      const look = () => this.pc.connectionState !== 'new' && this.pc.connectionState !== 'connecting' && resolve();
      this.pc.addEventListener('connectionstatechange', look);
      look();
    });
    this.#dataNegotiated ??= connected.then(() => this.connect()).finally(() => (this.#dataNegotiated = null));
    return this.#dataNegotiated;
  }
}

/**
 * Targets 1 and up: what we receive. The server offers, once: there is no ICE restart. None is needed as long as the
 * browser goes on with its checks; after that, Salon makes all connections anew.
 */
class Subscriber extends Connection {
  #negotiations = Promise.resolve();

  /** Answers an offer, after those before it. */
  negotiate(sdp) {
    const run = this.#negotiations.then(() => this.#answer(sdp));
    this.#negotiations = run.catch(() => {});
    return run;
  }

  async #answer(sdp) {
    await this.useFreshIceServers();
    await this.setRemote({ type: 'offer', sdp });
    await this.pc.setLocalDescription();
    await this.rpc.request('answer', { target: this.target, desc: this.pc.localDescription.toJSON() });
  }

  /** @returns {?MediaStreamTrack} what comes out of m-line `mid`, once it is negotiated */
  receiverTrack(mid) {
    return this.pc.getTransceivers().find((transceiver) => transceiver.mid === mid)?.receiver.track ?? null;
  }
}

/**
 * All subscriber connections and their slots. A slot is an m-line that carries one track at a time; which one, the
 * server says, before or after the m-line exists here. `onSubscribed` and `onUnsubscribed` come in pairs.
 */
export class Subscribers {
  #options;
  #connections = new Map();
  #slots = new Map();
  #earlyCandidates = new Map();

  /** @param {{rpc, getIceServers, isReplacement, onState, onGivenUp, onSubscribed, onUnsubscribed}} options */
  constructor(options) {
    this.#options = options;
  }

  async negotiate(target, sdp) {
    let subscriber = this.#connections.get(target);
    if (!subscriber) {
      subscriber = new Subscriber(target, this.#options);
      this.#connections.set(target, subscriber);
      (this.#earlyCandidates.get(target) ?? []).forEach((candidate) => subscriber.addCandidate(candidate));
      this.#earlyCandidates.delete(target);
    }
    // Slots are resolved as soon as their m-lines exist, not only when the server has read our answer.
    subscriber.pc.onsignalingstatechange = () => this.#resolveSlots(target);
    await subscriber.negotiate(sdp);
    this.#resolveSlots(target);
  }

  setSlot(target, mid, track) {
    const key = `${target}:${mid}`;
    const old = this.#slots.get(key);
    if (old && old.track.id === track?.id) {
      return;
    }
    if (old?.isAnnounced) {
      this.#options.onUnsubscribed(old.track);
    }
    if (track) {
      // It may have moved here before we are told what its old slot carries now.
      const former = [...this.#slots.values()].find((slot) => slot.track.id === track.id);
      if (former) {
        this.setSlot(former.target, former.mid, null);
      }
      this.#slots.set(key, { target, mid, track, isAnnounced: false });
      this.#resolveSlots(target);
    } else {
      this.#slots.delete(key);
    }
  }

  addCandidate(target, candidate) {
    const subscriber = this.#connections.get(target);
    if (subscriber) {
      subscriber.addCandidate(candidate);
    } else {
      this.#earlyCandidates.set(target, [...(this.#earlyCandidates.get(target) ?? []), candidate]);
    }
  }

  /** For statistics: the RTCPeerConnections by target. */
  get peerConnections() {
    return new Map([...this.#connections].map(([target, { pc }]) => [target, pc]));
  }

  /** Whether there are any, and all of them are. */
  get areConnected() {
    const connections = [...this.#connections.values()];
    return connections.length > 0 && connections.every(({ isConnected }) => isConnected);
  }

  get areInterrupted() {
    return [...this.#connections.values()].some(({ isInterrupted }) => isInterrupted);
  }

  /** When the last packet of any track came, in ms of the page's clock; 0: none yet. */
  get lastPacketAt() {
    const receivers = [...this.#connections.values()].flatMap(({ pc }) => pc.getReceivers());
    return Math.max(0, ...receivers.flatMap((receiver) => receiver.getSynchronizationSources().map(({ timestamp }) => timestamp)));
  }

  /** Empties the slots of all other tracks. */
  keepOnly(trackIds) {
    for (const { target, mid, track } of [...this.#slots.values()]) {
      if (!trackIds.has(track.id)) {
        this.setSlot(target, mid, null);
      }
    }
  }

  close() {
    this.#connections.forEach((connection) => connection.close());
    this.#connections.clear();
    this.#slots.clear();
  }

  #resolveSlots(target) {
    const connection = this.#connections.get(target);
    for (const slot of this.#slots.values()) {
      if (slot.target !== target || slot.isAnnounced) {
        continue;
      }
      const mediaStreamTrack = connection?.receiverTrack(slot.mid);
      if (mediaStreamTrack) {
        slot.isAnnounced = true;
        this.#options.onSubscribed(slot.track, mediaStreamTrack);
      }
    }
  }
}
