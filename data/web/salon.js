/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * Salon's client library: enters a room, sends what this person shows and says, and tells of the others.
 *
 *     import { Salon } from 'https://salon.example/static/salon.js';
 *
 *     const salon = new Salon({ room: 'kitchen', name: 'Ada', microphone: true, camera: true });
 *     salon.addEventListener('track-subscribed', ({ detail }) => {
 *       const element = document.createElement(detail.track.kind);
 *       element.srcObject = new MediaStream([detail.mediaStreamTrack]);
 *       document.body.append(element);
 *       element.play();
 *     });
 *     await salon.join();
 *     await salon.chat('Hello!');
 *     await salon.setCamera(false);
 *     salon.leave();
 *
 * Events are CustomEvents; what `detail` holds:
 *
 * | event                                                                     | detail                              |
 * |---------------------------------------------------------------------------|-------------------------------------|
 * | `participant-joined`, `participant-left`                                  | `{participant}`                     |
 * | `track-published`, `track-unpublished`, `track-muted`, `track-unmuted`    | `{track}`                           |
 * | `track-subscribed`: from now on the media comes out of this track         | `{track, mediaStreamTrack}`         |
 * | `track-unsubscribed`                                                      | `{track}`                           |
 * | `local-track`: one's own device went on, off, or was taken away           | `{source, on, mediaStreamTrack}`    |
 * | `chat`: somebody else said something                                      | `{id, from, name, message, timestamp}` |
 * | `room`: the room changed, e.g. its host                                   | `{room}`                            |
 * | `bye`: the server is about to end the connection                          | `{reason, message}`                 |
 * | `media-state`: of one peer connection                                     | `{target, state}`                   |
 * | `error`: something failed that nobody was waiting for                     | `{error, source?}`                  |
 * | `closed`: the end, once; nothing of this object can be used afterwards    | `{reason, message}`                 |
 *
 * `participant`, `track` and `room` are those of the protocol (protocol.schema.json). Reasons of `closed`: those of the
 * protocol's bye, and `connection_lost`.
 */

import { SalonError, SalonRpc } from './salon-rpc.js';
import { Publisher, SOURCES, Subscribers } from './salon-media.js';

export { SalonError, SOURCES };

const DEVICE_CONSTRAINTS = {
  microphone: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  camera: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } },
};
const SCREEN_CONSTRAINTS = { video: { frameRate: { ideal: 15, max: 30 } }, audio: true };

/**
 * Opens microphone, camera or both, as Salon likes them, with one question to the person.
 * @param {{microphone?: true|string, camera?: true|string}} wanted - true, or a deviceId of `enumerateDevices`
 * @returns {Promise<{microphone?: MediaStreamTrack, camera?: MediaStreamTrack}>} rejected with the DOMException of
 *   getUserMedia; NotSupportedError where the browser gives no devices at all, as on insecure origins
 */
export async function openDevices(wanted) {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new DOMException('Devices are not available on an insecure origin.', 'NotSupportedError');
  }
  const constraints = {};
  for (const [source, device] of Object.entries(wanted)) {
    const deviceId = device === true ? {} : { deviceId: { ideal: device } };
    constraints[SOURCES[source].kind] = { ...DEVICE_CONSTRAINTS[source], ...deviceId };
  }
  const stream = await navigator.mediaDevices.getUserMedia(constraints);
  const tracks = { microphone: stream.getAudioTracks()[0], camera: stream.getVideoTracks()[0] };
  return Object.fromEntries(Object.keys(wanted).map((source) => [source, tracks[source]]));
}

/** `https://host/r/kitchen` is the server `https://host` and the room `kitchen`. */
function parseRoomUrl(text) {
  const url = new URL(text, globalThis.location?.href);
  const match = /^\/r\/([^/]+)\/?$/.exec(url.pathname);
  if (!match) {
    throw new SalonError('invalid_params', 'This is not the link of a room.');
  }
  return { server: url.origin, room: decodeURIComponent(match[1]) };
}

/** One person's presence in one room: made, joined, left, and then done with. */
export class Salon extends EventTarget {
  /** @type {?object} The room, once joined. */
  room = null;
  /** @type {?string} One's own participant id, once joined. */
  id = null;
  /** @type {Map<string, object>} Everybody, oneself included, by id. */
  participants = new Map();
  /** @type {Map<string, {track: object, mediaStreamTrack: MediaStreamTrack}>} What we receive, by track id. */
  subscriptions = new Map();
  /** @type {'new'|'joining'|'joined'|'closed'} */
  state = 'new';

  #options;
  #rpc = null;
  #iceServers = [];
  #subscribers = null;
  #publisher = null;
  #publisherReady = null;
  #local = new Map(Object.keys(SOURCES).map((source) => [source, { media: null, published: null, isOn: false }]));
  #lastChange = new Map();
  #earlyNotifications = [];
  #onPageHide = () => this.leave();

  /**
   * @param {string|object} options - the link of a room, or:
   * @param {string} [options.server] - its origin; that of this page when left out
   * @param {string} options.room - slug or id; made by the server when there is none and it allows that
   * @param {string} [options.name] - what the others see
   * @param {boolean|MediaStreamTrack} [options.microphone] - on from the start; a track becomes ours to stop
   * @param {boolean|MediaStreamTrack} [options.camera] - likewise
   */
  constructor(options) {
    super();
    this.#options = typeof options === 'string' ? parseRoomUrl(options) : { ...options };
  }

  /** `new Salon(options)` and `join()` in one, for those who look at `participants` and `subscriptions` afterwards. */
  static async join(options) {
    const salon = new Salon(options);
    await salon.join();
    return salon;
  }

  /**
   * Enters the room. Devices asked for are published right after: their failure is an `error` event, for the room is
   * good without them too.
   */
  async join() {
    if (this.state !== 'new') {
      throw new SalonError('already_joined', 'A Salon object joins once.');
    }
    this.state = 'joining';
    try {
      this.#rpc = await SalonRpc.open(this.#socketUrl(), {
        onNotification: (method, params) => this.#onNotification(method, params),
        onClose: (error) => this.#end(error.reason, error.message),
      });
      if (this.state === 'closed') {
        this.#rpc.close();
        throw new SalonError('closed', 'The room was left.');
      }
      const { room, name } = this.#options;
      this.#enter(await this.#rpc.request('join', { sid: room, ...(name && { name }) }));
    } catch (error) {
      this.#end(error.reason ?? 'internal', error.message);
      throw error;
    }
    this.#publishFromStart();
  }

  /** Says something to everybody else. @returns {Promise<{id: string, timestamp: string}>} */
  chat(message) {
    return this.#request('chat', { message });
  }

  /** @param {boolean|MediaStreamTrack} on - off keeps the device open, silent, so that "on" is immediate */
  setMicrophone(on) {
    return this.#change('microphone', () => (on ? this.#turnOnDevice('microphone', on) : this.#silence()));
  }

  /** @param {boolean|MediaStreamTrack} on - off releases the device: its light goes out */
  setCamera(on) {
    return this.#change('camera', () => (on ? this.#turnOnDevice('camera', on) : this.#turnOff('camera')));
  }

  /** @param {boolean|MediaStream} on - true asks the person what to show, and must come from their click */
  setScreen(on) {
    return this.#change('screen', () => (on ? this.#turnOnScreen(on) : this.#turnOffScreen()));
  }

  /** Whether the others get this source of ours now. */
  isOn(source) {
    return this.#local.get(source).isOn;
  }

  /** @returns {?MediaStreamTrack} one's own, e.g. for the picture of oneself */
  localTrack(source) {
    return this.#local.get(source).media;
  }

  /** For statistics: the RTCPeerConnections by target. @returns {Map<number, RTCPeerConnection>} */
  get peerConnections() {
    const connections = this.#subscribers?.peerConnections ?? new Map();
    return this.#publisher ? new Map([[0, this.#publisher.pc], ...connections]) : connections;
  }

  /** Leaves at once: devices stop, connections close. Does no harm twice. */
  leave() {
    this.#rpc?.notify('leave');
    this.#end('left', 'The room was left.');
  }

  #socketUrl() {
    const url = new URL('/ws', this.#options.server ?? globalThis.location.origin);
    url.protocol = url.protocol.replace('http', 'ws');
    return url;
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #request(method, params) {
    if (this.state !== 'joined') {
      return Promise.reject(new SalonError('not_joined', 'The room was not joined, or is left.'));
    }
    return this.#rpc.request(method, params);
  }

  #enter({ participant, room, participants, ice_servers: iceServers }) {
    this.id = participant;
    this.room = room;
    this.#iceServers = iceServers;
    participants.forEach((each) => this.participants.set(each.id, each));
    this.#subscribers = new Subscribers({
      ...this.#connectionOptions(),
      onSubscribed: (track, mediaStreamTrack) => {
        this.subscriptions.set(track.id, { track, mediaStreamTrack });
        this.#emit('track-subscribed', { track, mediaStreamTrack });
      },
      onUnsubscribed: (track) => {
        this.subscriptions.delete(track.id);
        this.#emit('track-unsubscribed', { track });
      },
    });
    this.state = 'joined';
    globalThis.addEventListener?.('pagehide', this.#onPageHide);
    this.#earlyNotifications.splice(0).forEach(([method, params]) => this.#onNotification(method, params));
  }

  #connectionOptions() {
    return {
      rpc: this.#rpc,
      iceServers: this.#iceServers,
      onState: (target, state) => {
        this.#emit('media-state', { target, state });
        if (state === 'failed') {
          this.#rpc.notify('leave');
          this.#end('media_failed', 'Sound and picture cannot reach the server.');
        }
      },
    };
  }

  #publishFromStart() {
    for (const source of ['microphone', 'camera']) {
      const wanted = this.#options[source];
      if (wanted) {
        this.#change(source, () => this.#turnOnDevice(source, wanted)).catch((error) =>
          this.#emit('error', { error, source }),
        );
      }
    }
  }

  #end(reason, message) {
    if (this.state === 'closed') {
      return;
    }
    this.state = 'closed';
    globalThis.removeEventListener?.('pagehide', this.#onPageHide);
    this.#local.forEach((local) => local.media?.stop());
    for (const source of ['microphone', 'camera']) {
      this.#options[source]?.stop?.();
    }
    this.#publisher?.close();
    this.#publisher = null;
    this.#subscribers?.close();
    this.#rpc?.close();
    this.#emit('closed', { reason, message });
  }

  /* What the server tells. */

  #onNotification(method, params) {
    if (this.state !== 'joined') {
      this.#earlyNotifications.push([method, params]);
      return;
    }
    switch (method) {
      case 'offer':
        this.#subscribers
          .negotiate(params.target, params.sdp)
          .catch((error) => this.state === 'joined' && this.#emit('error', { error }));
        break;
      case 'trickle':
        this.#onTrickle(params);
        break;
      case 'slot':
        this.#subscribers.setSlot(params.target, params.mid, params.track);
        break;
      case 'participant':
        this.#onParticipant(params);
        break;
      case 'track':
        this.#onTrack(params);
        break;
      case 'room':
        this.#onRoom(params.room);
        break;
      case 'chat':
        this.#emit('chat', params);
        break;
      case 'bye':
        this.#emit('bye', params);
        this.#end(params.reason, params.message);
        break;
    }
  }

  #onTrickle({ target, candidate }) {
    if (target === 0) {
      this.#publisher?.addCandidate(candidate);
    } else {
      this.#subscribers.addCandidate(target, candidate);
    }
  }

  #onParticipant({ event, participant }) {
    if (event === 'joined') {
      this.participants.set(participant.id, participant);
    } else {
      this.participants.delete(participant.id);
    }
    this.#emit(`participant-${event}`, { participant });
  }

  #onTrack({ event, track }) {
    const participant = this.participants.get(track.participant);
    if (participant) {
      participant.tracks = participant.tracks.filter((each) => each.id !== track.id);
      if (event !== 'unpublished') {
        participant.tracks.push(track);
      }
    }
    this.#emit(`track-${event}`, { track });
  }

  #onRoom(room) {
    this.room = room;
    this.participants.forEach((each) => (each.is_host = each.id === room.host));
    this.#emit('room', { room });
  }

  /* What we send. */

  /** Changes of one source come one after the other, however fast somebody clicks. */
  #change(source, change) {
    const run = (this.#lastChange.get(source) ?? Promise.resolve()).then(() => {
      if (this.state !== 'joined') {
        throw new SalonError('not_joined', 'The room was not joined, or is left.');
      }
      return change();
    });
    this.#lastChange.set(
      source,
      run.catch(() => {}),
    );
    return run;
  }

  /** The publisher connection is made when the first device goes on: who only listens has none. */
  #connectPublisher() {
    this.#publisherReady ??= (async () => {
      const publisher = new Publisher(this.#connectionOptions());
      this.#publisher = publisher; // Already now: the server's candidates may come before its answer.
      try {
        await publisher.connect();
      } catch (error) {
        publisher.close();
        this.#publisher = this.#publisherReady = null;
        throw error;
      }
    })();
    return this.#publisherReady;
  }

  async #turnOnDevice(source, wanted) {
    const local = this.#local.get(source);
    if (wanted !== true) {
      await this.#send(source, wanted);
    } else if (local.media?.readyState !== 'live') {
      await this.#send(source, (await openDevices({ [source]: true }))[source]);
    } else if (!local.isOn) {
      await this.#send(source, local.media);
    }
  }

  async #turnOnScreen(wanted) {
    const stream = wanted === true ? await navigator.mediaDevices.getDisplayMedia(SCREEN_CONSTRAINTS) : wanted;
    await this.#turnOffScreen(); // A second share replaces the first.
    const [video] = stream.getVideoTracks();
    const [audio] = stream.getAudioTracks();
    video.contentHint = 'detail'; // Text is to be sharp rather than smooth.
    await this.#send('screen', video);
    if (audio) {
      await this.#send('screen_audio', audio);
    }
  }

  /** Puts `media` on the source's m-line and lets the server forward it; on failure nothing stays open. */
  async #send(source, media) {
    const local = this.#local.get(source);
    if (local.media !== media) {
      local.media?.stop();
    }
    local.media = media;
    media.onended = () => this.#onMediaEnded(source, media);
    try {
      this.#assertJoined();
      await this.#connectPublisher();
      this.#assertJoined();
      media.enabled = true;
      await this.#publisher.replaceTrack(source, media);
      await this.#setForwarded(source, true);
      this.#assertJoined();
    } catch (error) {
      media.stop();
      local.media = null;
      if (local.isOn) {
        this.#setOn(source, false);
      }
      throw error;
    }
    this.#setOn(source, true);
  }

  #assertJoined() {
    if (this.state !== 'joined') {
      throw new SalonError('not_joined', 'The room was left meanwhile.');
    }
  }

  /** The device was unplugged, or the share ended by the browser's own button. */
  #onMediaEnded(source, media) {
    if (this.#local.get(source).media !== media || this.state !== 'joined') {
      return;
    }
    const turnOff = source === 'screen' ? () => this.#turnOffScreen() : () => this.#turnOff(source);
    this.#change(source, turnOff).catch((error) => this.#emit('error', { error, source }));
  }

  async #silence() {
    const local = this.#local.get('microphone');
    if (local.isOn) {
      local.media.enabled = false;
      this.#setOn('microphone', false);
      await this.#setForwarded('microphone', false);
    }
  }

  /** The device first: off must mean off even when the server is away. */
  async #turnOff(source) {
    const local = this.#local.get(source);
    if (!local.media) {
      return;
    }
    local.media.stop();
    local.media = null;
    this.#setOn(source, false);
    await this.#setForwarded(source, false);
    await this.#publisher?.replaceTrack(source, null);
  }

  async #turnOffScreen() {
    await Promise.all(['screen', 'screen_audio'].map((source) => this.#turnOff(source)));
  }

  #setOn(source, on) {
    const local = this.#local.get(source);
    local.isOn = on;
    this.#emit('local-track', { source, on, mediaStreamTrack: local.media });
  }

  /** A screen comes and goes as a track; microphone and camera stay published and are muted. */
  async #setForwarded(source, forwarded) {
    const local = this.#local.get(source);
    const own = this.participants.get(this.id);
    if (forwarded && !local.published) {
      const { track } = await this.#request('publish', { mid: this.#publisher.mid(source), source });
      local.published = track;
      own.tracks = [...own.tracks, track];
    } else if (local.published && !forwarded && source.startsWith('screen')) {
      const { id } = local.published;
      local.published = null;
      own.tracks = own.tracks.filter((track) => track.id !== id);
      await this.#request('unpublish', { track: id });
    } else if (local.published && local.published.muted === forwarded) {
      await this.#request('mute', { track: local.published.id, muted: !forwarded });
      local.published.muted = !forwarded;
    }
  }
}
