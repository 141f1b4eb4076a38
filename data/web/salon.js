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
 * | `state`: see `state` below                                                | `{state}`                           |
 * | `participant-joined`, `participant-left`, `participant-updated`           | `{participant}`                     |
 * | `track-published`, `track-unpublished`, `track-muted`, `track-unmuted`    | `{track}`                           |
 * | `track-subscribed`: from now on the media comes out of this track         | `{track, mediaStreamTrack}`         |
 * | `track-unsubscribed`                                                      | `{track}`                           |
 * | `track-updated`: its layers, what a picture can be had in, changed        | `{track}`                           |
 * | `track-layer`: which of them we are sent from now on; null: none          | `{track, layer}`                    |
 * | `track-transcode`: this browser can't play it, and what becomes of it     | the protocol's                      |
 * | `local-track`: one's own device went on, off, or was taken away           | `{source, on, mediaStreamTrack}`    |
 * | `muted-by`: the host has turned one's own device off; `track.squelched`: keeps it off | `{track, by, wasOn}` |
 * | `speakers`: others speak, or another leads: see `speakers`                | `{leader, speakers}`                |
 * | `chat`: something was said; `history`: before we came                     | the protocol's, and `history`       |
 * | `chat-changed`: a message was edited, or deleted (null)                   | `{id, message}`                     |
 * | `room`: the room changed, e.g. its host                                   | `{room}`                            |
 * | `waiting`: the host has to let us in, or has: see `isWaiting`             | `{isWaiting}`                       |
 * | `waiting-list`: for the host, who waits to be let in: see `waiting`       | `{waiting}`                         |
 * | `recording`: the room begins to be recorded, or is no more: see `recordings` | `{isRecording}`                  |
 * | `stats`: how well one receives, after `watchStats()`                      | the protocol's                      |
 * | `bye`: the server is about to end the connection                          | `{reason, message}`                 |
 * | `reconnected`: after a break; `resumed`: with all media as it was         | `{resumed}`                         |
 * | `media-state`: of one peer connection; see `isMediaInterrupted`           | `{target, state}`                   |
 * | `data-channel`: somebody opened one, and this is ours to hear and answer  | `{channel}`                         |
 * | `data-channel-closed`: the server closed one of ours, and this is why     | `{label, reason}`                   |
 * | `error`: something failed that nobody was waiting for                     | `{error, source?}`                  |
 * | `closed`: the end, once; nothing of this object can be used afterwards    | `{reason, message}`                 |
 *
 * `participant`, `track` and `room` are those of the protocol (protocol.schema.json). Reasons of `closed`: `left`, those
 * of the protocol's bye, `connection_lost`, and those of a join that was refused.
 *
 * A WebSocket that breaks is not the end: media goes on, and Salon comes back for as long as the server keeps our place
 * and a little longer. Then events tell what changed meanwhile, and only that. If the server has lost our media, it is
 * built anew, and what was on is published again. So it is as soon as nothing of it gets through any more. Whoever waits
 * for the host knocks again. Bringing a page back after a reload is the page's part: it keeps `session` and gives it to
 * the next Salon object.
 *
 * When the page goes, it just goes: a reload cannot be told apart from a closed tab. The browser tells the server (close
 * code 1001), who keeps the place for some seconds. A leave sent then would let nobody wait for a closed tab, but would also
 * cost whoever reloads their place in a full or locked room, their being host, and, alone, the room with its chat.
 */

import { SalonChat } from './salon-chat.js';
import { openDevices, openScreen } from './salon-devices.js';
import { Figures } from './salon-figures.js';
import { createRoom, deleteRoom, parseRoomUrl } from './salon-http.js';
import { SalonIceServers } from './salon-ice-servers.js';
import { Publisher, SOURCES, Subscribers } from './salon-media.js';
import { pause } from './salon-pause.js';
import { Pulses } from './salon-pulse.js';
import { SalonRecordings } from './salon-recordings.js';
import { SalonError, SalonRpc } from './salon-rpc.js';
import { changesOfOthers } from './salon-snapshot.js';

export { createRoom, deleteRoom, openDevices, SalonError, SOURCES };

/** Waits between attempts to come back double from the first to the longest, give or take half. */
const FIRST_RETRY_MS = 300;
const LONGEST_RETRY_MS = 5_000;
/** Where no media comes from the server: for its answer on the WebSocket. */
const SILENCE_PING_MS = 600;
const SOON_MS = 50;
/** Tried for this much longer than the server keeps our place: the room may have one all the same. */
const RETRY_BEYOND_GRACE_S = 15;
/** For the host to let us in. Longer than the server gives them: it should be the one who says that it is over. */
const ADMISSION_TIMEOUT_MS = 11 * 60_000;
/** One person's presence in one room: made, joined, left, and then done with. */
export class Salon extends EventTarget {
  /** @type {?object} The room, once joined. */
  room = null;
  /** @type {?string} One's own participant id, once joined. */
  id = null;
  /** @type {Map<string, object>} Everybody, oneself included, by id. */
  participants = new Map();
  /** @type {Map<string, {track: object, mediaStreamTrack: MediaStreamTrack, layer: ?object}>} What we receive, by track id. */
  subscriptions = new Map();
  /** @type {Map<string, object>} Of what this browser can't play as it is published, by track id: see `track-transcode`. */
  transcodes = new Map();
  /** @type {'new'|'joining'|'joined'|'reconnecting'|'closed'} */
  state = 'new';
  /** @type {?string} A secret that lets the next Salon object take over this place in the room. */
  session = null;
  /** @type {object[]} What had been said when we came, oldest first. */
  history = [];
  /** @type {boolean} While we are joining, or coming back: whether the host has to let us in first. */
  isWaiting = false;
  /** @type {{participant: string, level: number}[]} Who speaks, loudest first, oneself included; levels in dBov. */
  speakers = [];
  /** @type {?string} The id of who leads, or led last while all are silent. */
  leader = null;
  /** @type {?number} How many cameras and screens we are sent at once: screens, `pinned`, and who led last; null: all. */
  maxVideo = null;
  /** @type {Set<string>} The ids of those whom we want to see, whoever speaks: see `pin`. */
  pinned = new Set();
  /** @type {{id: string, name: string}[]} For the host: who waits to be let in, longest first. Empty for others. */
  waiting = [];

  /** @type {SalonRecordings} Whether the room is being recorded; and, for the host, recording it. */
  recordings = new SalonRecordings({
    request: (method, params) => this.#request(method, params),
    server: () => this.#options.server ?? globalThis.location.origin,
    room: () => this.room.id,
    onChange: (isRecording) => this.#emit('recording', { isRecording }),
  });

  #options;
  #rpc = null;
  /** By track id. */
  #trackSettings = new Map();
  #iceServers = new SalonIceServers(async (timeoutMs) => (await this.#request('ice_servers', {}, timeoutMs)).ice_servers);
  #subscribers = null;
  #publisher = null;
  #publisherReady = null;
  #local = new Map(Object.keys(SOURCES).map((source) => [source, { media: null, published: null, isOn: false }]));
  #lastChange = new Map();
  #earlyNotifications = [];
  #chat = new SalonChat({
    onMessage: (message, history) => this.#emit('chat', { ...message, history }),
    onChange: (change) => this.#emit('chat-changed', change),
  });
  /** The ids we have had: after too long a break, one comes back as somebody new. */
  #ownIds = new Set();
  #graceS = 0;
  #mustRebuild = false;
  #pulses = null;
  /** Whether we came back because nothing came any more, by any way. */
  #isSilent = false;
  /** Whether the connections before these were interrupted, and none of these is there yet. */
  #isMending = false;
  /** Whether the server has said, on this connection, that the host has to let us in. */
  #hasKnocked = false;
  #ended = new AbortController();
  /** What connections speak through; it outlives any one WebSocket. */
  #signalling = {
    request: (...args) => this.#request(...args),
    notify: (method, params) => this.#rpc?.notify(method, params),
    isOpen: () => this.state === 'joined',
  };
  /** What the server tells while we are in the room. */
  #handlers = new Map(
    Object.entries({
      offer: ({ target, sdp }) =>
        this.#subscribers
          .negotiate(target, sdp)
          .catch((error) => this.state === 'joined' && this.#emit('error', { error })),
      trickle: (params) => this.#onTrickle(params),
      slot: ({ target, mid, track }) => this.#subscribers.setSlot(target, mid, track),
      layer: (params) => this.#onLayer(params),
      transcode: (params) => {
        this.transcodes[params.state === 'original' ? 'delete' : 'set'](params.track, params);
        this.#emit('track-transcode', params);
      },
      layers_wanted: ({ mid, layers }) =>
        this.#publisher?.setWantedLayers(mid, layers).catch((error) => this.#emit('error', { error })),
      participant: (params) => this.#onParticipant(params),
      track: (params) => this.#onTrack(params),
      speakers: (params) => this.#onSpeakers(params),
      room: ({ room }) => this.#onRoom(room),
      chat: (message) => this.#chat.take(message, false),
      chat_changed: (change) => this.#chat.change(change),
      stats: (params) => {
        this.#emit('stats', params);
        this.#figures.answer(params.tracks).catch(() => {}); // The connections may be closed meanwhile.
      },
      data_channel: (params) => this.#emit('data-channel-closed', params),
      waiting_list: ({ waiting }) => this.#setWaitingList(waiting),
      recording: ({ recording }) => this.recordings.set(recording),
    }),
  );
  #figures = new Figures({
    rpc: this.#signalling,
    connections: () => this.peerConnections,
    ownTracks: () => this.participants.get(this.id)?.tracks ?? [],
    signal: this.#ended.signal,
  });

  /**
   * @param {string|object} options - the link of a room, or:
   * @param {string} [options.server] - its origin; that of this page when left out
   * @param {string} options.room - slug or id; made by the server when there is none and it allows that
   * @param {string} [options.name] - what the others see
   * @param {boolean|MediaStreamTrack} [options.microphone] - on from the start; a track becomes ours to stop
   * @param {boolean|MediaStreamTrack} [options.camera] - likewise
   * @param {number} [options.maxVideo] - cameras and screens to be sent at once; left out: as many as the server sends
   * @param {boolean} [options.dataChannels] - whether we take those that others open
   * @param {string} [options.session] - that of an earlier Salon object, which ends with the reason `replaced`
   */
  constructor(options) {
    super();
    this.#options = typeof options === 'string' ? parseRoomUrl(options) : { ...options };
    this.session = this.#options.session ?? null;
  }

  /** `new Salon(options)` and `join()` in one, for those who look at `participants` and `subscriptions` afterwards. */
  static async join(options) {
    const salon = new Salon(options);
    await salon.join();
    return salon;
  }

  /**
   * Enters the room, which takes as long as the host wants where there is a waiting room: `leave()` gives up. Devices
   * asked for are published right after: their failure is an `error` event, for the room is good without them too.
   */
  async join() {
    if (this.state !== 'new') {
      throw new SalonError('already_joined', 'A Salon object joins once.');
    }
    this.#setState('joining');
    try {
      this.#enter(await this.#connect().catch((error) => this.#knockAgain(error)));
    } catch (error) {
      this.#end(error.reason ?? 'internal', error.message);
      throw error;
    }
    this.#publishFromStart();
  }

  /**
   * Says something to everybody else; during a break, after it.
   * @param {string} [replyTo] - the id of the message this one answers
   * @returns {Promise<{id: string, timestamp: string}>}
   */
  async chat(message, replyTo) {
    const params = { message, ...(replyTo && { reply_to: replyTo }) };
    for (;;) {
      await this.#untilJoined();
      try {
        const { id, timestamp } = this.#chat.takeReplay(message) ?? (await this.#request('chat', params));
        this.#chat.know(id, message);
        return { id, timestamp };
      } catch (error) {
        if (!this.#isBroken()) {
          throw error;
        } // else: whether it got through, the next join tells.
      }
    }
  }

  /** Changes what one has said. */
  async editMessage(id, message) {
    await this.#request('chat_edit', { id, message });
    this.#chat.change({ id, message });
  }

  /** Takes back what one has said; the host, what anybody has. */
  async deleteMessage(id) {
    await this.#request('chat_delete', { id });
    this.#chat.change({ id, message: null });
  }

  /** Wants to see somebody, whoever speaks, or no more; where `maxVideo` is too few for all. */
  async pin(participantId, pinned = true) {
    await this.#request('pin', { participant: participantId, pinned });
    this.pinned[pinned ? 'add' : 'delete'](participantId);
    this.#emit('speakers', { leader: this.leader, speakers: this.speakers });
  }

  /** The host turns somebody's device off, who can turn it on again; with `squelched`, not before the host says so. */
  async muteOther(trackId, squelched = false) {
    await this.#request('mute', { track: trackId, muted: true, squelched });
  }

  /** The host throws somebody out. */
  async kick(participantId) {
    await this.#request('kick', { participant: participantId });
  }

  /** The host lets nobody new in, or in again. */
  async setLocked(locked) {
    await this.#request('lock', { locked });
  }

  /** The host makes whoever is new wait, or lets everybody in again, those who wait included. */
  async setWaitingRoom(enabled) {
    await this.#request('set_waiting_room', { enabled });
  }

  /** The host lets one of `waiting` in, or sends them away. */
  async admit(id, admitted = true) {
    await this.#request('admit', { id, admitted });
  }

  /** From now on `stats` events tell every so many seconds how well one receives (the protocol's stats); 0: no more. */
  async watchStats(intervalS = 1) {
    await this.#figures.watch(intervalS);
  }

  /** The host ends the call for everybody. */
  async closeRoom() {
    await this.#request('close');
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

  /**
   * What we have use for of somebody else's track: bounds, each of which can be left out. The server sends what is within
   * them, and asks the publisher for no more than anybody has use for. They hold until the track is unpublished.
   * @param {{quality?: 'off'|'low'|'medium'|'high', width?: number, height?: number, frame_rate?: number}} settings -
   *   width and height: the pixels that it is shown with
   */
  setTrackSettings(trackId, settings) {
    this.#trackSettings.set(trackId, settings);
    this.#sendTrackSettings(trackId);
  }

  /**
   * Opens a data channel to everybody who takes them: each has one of this label, and all hear what one of them sends.
   * It goes with our connections: after `reconnected` with `resumed` false, open it again.
   * @param {RTCDataChannelInit} [options] - how reliable it is, for all
   * @returns {Promise<RTCDataChannel>}
   */
  async openDataChannel(label, options) {
    await this.#untilJoined();
    this.#assertPresent();
    const ready = this.#connectPublisher();
    return this.#publisher.openDataChannel(label, options, ready);
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

  /** Whether sound and picture did get through, in both directions or one, and don't. */
  get isMediaInterrupted() {
    return (this.#publisher?.isInterrupted ?? false) || (this.#subscribers?.areInterrupted ?? false);
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

  #setState(state) {
    this.state = state;
    this.#emit('state', { state });
  }

  #request(method, params, timeoutMs) {
    if (this.#isBroken()) {
      return Promise.reject(new SalonError('connection_lost', 'The connection to the server was lost.'));
    }
    if (this.state !== 'joined') {
      return Promise.reject(new SalonError('not_joined', 'The room was not joined, or is left.'));
    }
    return this.#rpc.request(method, params, timeoutMs);
  }

  /** A function, so that what happened during an `await` is seen. */
  #isBroken() {
    return this.state === 'reconnecting';
  }

  async #untilJoined() {
    while (this.#isBroken()) {
      await new Promise((resolve) => this.addEventListener('state', resolve, { once: true }));
    }
  }

  /* Coming and coming back. */

  /** Opens a WebSocket and joins by it. @returns {Promise<object>} the protocol's joinResult */
  async #connect() {
    this.#earlyNotifications = [];
    this.#assertOpen();
    const rpc = await SalonRpc.open(this.#socketUrl(), {
      onNotification: (method, params) => this.#rpc === rpc && this.#onNotification(method, params),
      onClose: () => this.state === 'joined' && this.#comeBack(),
    });
    this.#rpc = rpc;
    const { room, name, maxVideo, dataChannels } = this.#options;
    const { session } = this;
    try {
      this.#assertOpen();
      const resume = { session, resume: await this.#canResume() };
      const wanted = { ...(dataChannels && { data_channels: true }), config: { max_video: maxVideo } };
      return await rpc.request('join', { sid: room, ...(name && { name }), ...wanted, ...(session && resume) });
    } catch (error) {
      rpc.abandon();
      throw error;
    }
  }

  #assertOpen() {
    if (this.state === 'closed') {
      throw new SalonError('closed', 'The room was left.');
    }
  }

  /** The WebSocket broke, or all media did: tries to be in the room again until it is no use any more. */
  async #comeBack(firstWait = FIRST_RETRY_MS) {
    this.#setState('reconnecting'); // First, so that requests under way fail as interrupted ones.
    this.#rpc.abandon();
    try {
      this.#enter(await this.#connectAgain(firstWait));
    } catch (error) {
      this.#end(error.isPassing ? 'connection_lost' : (error.reason ?? 'internal'), error.message);
    }
  }

  /** A connection that breaks while one waits for the host costs nothing but the place in the row. */
  #knockAgain(error) {
    if (!this.isWaiting || !error.isPassing) {
      throw error;
    }
    return this.#connectAgain();
  }

  /** #connect(), after a while, and again for as long as it may help. */
  async #connectAgain(firstWait = FIRST_RETRY_MS) {
    const retryForMs = (this.#graceS + RETRY_BEYOND_GRACE_S) * 1_000;
    let giveUp = performance.now() + retryForMs;
    for (let wait = firstWait; ; wait = Math.min(wait * 2, LONGEST_RETRY_MS)) {
      await pause(wait * (0.5 + Math.random()), this.#ended.signal);
      this.#hasKnocked = false;
      try {
        return await this.#connect();
      } catch (error) {
        if (this.#hasKnocked) {
          giveUp = performance.now() + retryForMs; // We got through, and waited: that is a break of its own.
          wait = FIRST_RETRY_MS / 2;
        }
        if (!error.isPassing || performance.now() > giveUp) {
          throw error;
        }
      }
    }
  }

  /** Whether our side of all media is there. What was being negotiated as the WebSocket broke is better made anew. */
  async #canResume() {
    if (this.#isSilent) {
      this.#isSilent = await this.#pulses.isCut();
    }
    const areSubscribersConnected = this.#subscribers?.areConnected ?? false;
    const areConnected = areSubscribersConnected && (this.#publisher?.isConnected ?? true);
    return !this.#mustRebuild && !this.#isSilent && areConnected;
  }

  /** @returns {Promise<?boolean>} whether the server answers soon; null: by now there is another WebSocket */
  async #isServerThere() {
    const rpc = this.#rpc;
    const hasAnswer = await this.#request('ping', {}, SILENCE_PING_MS).then(
      () => true,
      () => false,
    );
    return this.#rpc === rpc ? hasAnswer : null;
  }

  /** Media is cut off, whatever the browser says. */
  #onCut() {
    if (this.state === 'joined') {
      this.#isSilent = true;
      this.#comeBack(SOON_MS);
    }
  }

  /** In the room, for the first time or again; `join` is the protocol's joinResult. */
  #enter(join) {
    const isFirst = this.state === 'joining';
    const isResumed = join.resumed === true;
    const events = isFirst ? [] : this.#changesSince(join);
    this.session = join.session ?? null;
    this.#graceS = join.grace_s ?? 0;
    this.#iceServers.set(join.ice_servers);
    this.id = join.participant;
    this.#ownIds.add(this.id);
    this.room = join.room;
    this.participants = new Map(join.participants.map((each) => [each.id, each]));
    this.maxVideo = join.max_video ?? null;
    this.transcodes.clear(); // All that holds is told again.
    const mutedMeanwhile = this.#adoptOwnTracks();
    if (isResumed) {
      this.#publisher?.forgetWantedLayers();
    } else {
      this.#renewConnections();
    }
    if (isFirst) {
      this.#pulses = new Pulses({
        countSent: async () => (await this.#publisher?.bytesReceived()) ?? null,
        countReceived: async () => this.#subscribers.lastPacketAt,
        isSending: () => [...this.#local].some(([source, { isOn }]) => isOn && this.#publisher?.isWanted(source)),
        isServerThere: () => this.#isServerThere(),
        onCut: () => this.#onCut(),
        signal: this.#ended.signal,
      });
    }
    this.#setState('joined');
    this.#setWaiting(false);
    this.#setWaitingList(join.waiting ?? []);
    this.#subscribers.keepOnly(new Set(join.participants.flatMap(({ tracks }) => tracks.map(({ id }) => id))));
    events.forEach(([type, detail]) => this.#emit(type, detail));
    this.#onSpeakers(join.speaking ?? { leader: null, speakers: [] });
    this.recordings.set(join.recording ?? false);
    this.#enterChat(join.chat ?? [], isFirst);
    this.#earlyNotifications.splice(0).forEach(([method, params]) => this.#onNotification(method, params));
    if (!isFirst) {
      this.#emit('reconnected', { resumed: isResumed });
      mutedMeanwhile.forEach((track) => this.#onMutedBy(track, this.room.host));
      this.#trackSettings.forEach((_, id) => this.#sendTrackSettings(id));
      this.#publishAgain();
      this.pinned.forEach((id) => this.pin(id).catch(() => this.pinned.delete(id)));
      this.#figures.resume().catch((error) => this.#emit('error', { error }));
    }
  }

  /** Events for what is different from what we knew. Of oneself, nobody is told. */
  #changesSince({ participant, participants, room }) {
    const isOther = ({ id }) => id !== this.id && id !== participant;
    const byId = (list) => new Map([...list].filter(isOther).map((each) => [each.id, each]));
    const events = changesOfOthers(byId(this.participants.values()), byId(participants));
    return JSON.stringify(room) === JSON.stringify(this.room) ? events : [...events, ['room', { room }]];
  }

  #enterChat(messages, isFirst) {
    this.history = isFirst ? messages : this.history;
    this.#chat.enter(messages, isFirst, this.#ownIds);
  }

  /** @returns {object[]} those that the host has turned off while we were away */
  #adoptOwnTracks() {
    const muted = [];
    for (const [source, local] of this.#local) {
      const track = this.#ownTrack(source);
      if (local.isOn && local.published?.muted === false && track?.muted) {
        muted.push(track);
      }
      local.published = track;
    }
    return muted;
  }

  #ownTrack(source) {
    return this.participants.get(this.id)?.tracks.find((track) => track.source === source) ?? null;
  }

  /** Away with the peer connections there were, if any; what we send has a new one when it is needed. */
  #renewConnections() {
    this.#isMending = this.isMediaInterrupted || this.#isSilent;
    this.#publisher?.close();
    this.#publisher = this.#publisherReady = null;
    this.#mustRebuild = this.#isSilent = false;
    this.#subscribers?.keepOnly(new Set());
    this.#subscribers?.close();
    this.#subscribers = new Subscribers({
      ...this.#connectionOptions(),
      onSubscribed: (track, mediaStreamTrack) => {
        this.subscriptions.set(track.id, { track, mediaStreamTrack });
        this.#sendTrackSettings(track.id);
        this.#emit('track-subscribed', { track, mediaStreamTrack });
      },
      onUnsubscribed: (track) => {
        this.subscriptions.delete(track.id);
        this.#emit('track-unsubscribed', { track });
      },
    });
  }

  /** As a notification: a track that is gone meanwhile needs none. After a break, with the connections made anew. */
  #sendTrackSettings(track) {
    if (this.state === 'joined' && this.#trackSettings.has(track)) {
      this.#rpc.notify('track_settings', { track, ...this.#trackSettings.get(track) });
    }
  }

  /** Brings the server in line with what is on here, after a break. */
  #publishAgain() {
    for (const [source, local] of this.#local) {
      this.#change(source, () => (local.isOn ? this.#deliver(source) : this.#setForwarded(source, false))).catch(
        (error) => {
          if (this.state === 'joined') {
            this.#drop(source);
            this.#emit('error', { error, source });
          }
        },
      );
    }
  }

  #connectionOptions() {
    return {
      rpc: this.#signalling,
      getIceServers: (timeoutMs) => this.#iceServers.get(timeoutMs),
      isReplacement: this.#isMending,
      onState: (target, state, wasConnected) => {
        this.#isMending &&= state !== 'connected';
        this.#emit('media-state', { target, state });
        if (state === 'failed') {
          this.#onMediaFailed(wasConnected);
        }
      },
      onGivenUp: () => this.state === 'joined' && this.#comeBack(),
      onDataChannel: (channel) => this.#emit('data-channel', { channel }),
    };
  }

  /** What worked once may work again, as when one walks out of the Wi-Fi; what never did is not tried for ever. */
  #onMediaFailed(wasConnected) {
    this.#mustRebuild = true;
    if (this.state !== 'joined') {
      return;
    }
    if (wasConnected) {
      this.#comeBack();
    } else {
      this.#rpc.notify('leave');
      this.#end('media_failed', 'Sound and picture cannot reach the server.');
    }
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
    this.#setState('closed');
    this.#setWaiting(false);
    this.#ended.abort();
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
    if (method === 'bye') {
      this.#onBye(params);
      return;
    }
    if (method === 'waiting') {
      this.#hasKnocked = true;
      this.#rpc.postpone('join', ADMISSION_TIMEOUT_MS);
      this.#setWaiting(true);
      return;
    }
    if (this.state !== 'joined') {
      this.#earlyNotifications.push([method, params]);
      return;
    }
    this.#handlers.get(method)?.(params);
  }

  /** To whoever is joining it is the answer. */
  #onBye({ reason, message }) {
    this.#emit('bye', { reason, message });
    if (this.state === 'joined') {
      this.#end(reason, message);
    } else {
      this.#rpc.abandon(new SalonError(reason, message));
    }
  }

  #setWaiting(isWaiting) {
    if (isWaiting !== this.isWaiting) {
      this.isWaiting = isWaiting;
      this.#emit('waiting', { isWaiting });
    }
  }

  #setWaitingList(waiting) {
    if (waiting.length > 0 || this.waiting.length > 0) {
      this.waiting = waiting;
      this.#emit('waiting-list', { waiting });
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
    if (event === 'left') {
      this.pinned.delete(participant.id);
      this.participants.delete(participant.id);
      participant.tracks.forEach(({ id }) => this.#trackSettings.delete(id));
    } else {
      this.participants.set(participant.id, participant);
    }
    this.#emit(`participant-${event}`, { participant });
  }

  #onSpeakers({ leader, speakers }) {
    this.leader = leader;
    this.speakers = speakers;
    this.#emit('speakers', { leader, speakers });
  }

  #onTrack({ event, track, by }) {
    const participant = this.participants.get(track.participant);
    if (participant) {
      participant.tracks = participant.tracks.filter((each) => each.id !== track.id);
      if (event !== 'unpublished') {
        participant.tracks.push(track);
      }
    }
    if (event === 'unpublished') {
      this.#trackSettings.delete(track.id);
      this.transcodes.delete(track.id);
    } else if (this.subscriptions.has(track.id)) {
      this.subscriptions.get(track.id).track = track;
    }
    this.#emit(`track-${event}`, { track });
    if (track.participant === this.id) {
      this.#onMutedBy(track, by);
    }
  }

  /** The host has turned something of ours off, or lets us turn it on again. The device goes off here too. */
  #onMutedBy(track, by) {
    const { source } = track;
    const local = this.#local.get(source);
    const wasOn = local.isOn;
    const isSame = local.published?.squelched === track.squelched;
    const turnOff = { microphone: () => this.#silence(), screen: () => this.#turnOffScreen() };
    local.published = track;
    this.#change(source, turnOff[source] ?? (() => this.#turnOff(source))).catch((error) =>
      this.#emit('error', { error, source }),
    );
    if (wasOn || !isSame) {
      this.#emit('muted-by', { track, by, wasOn });
    }
  }

  #onLayer({ track: id, layer }) {
    const subscription = this.subscriptions.get(id);
    if (subscription) {
      subscription.layer = layer;
      this.#emit('track-layer', { track: subscription.track, layer });
    }
  }

  #onRoom(room) {
    this.room = room;
    this.participants.forEach((each) => (each.is_host = each.id === room.host));
    this.#emit('room', { room });
    if (room.host !== this.id) {
      this.#setWaitingList([]);
    }
  }

  /* What we send. */

  /** Changes of one source come one after the other, however fast somebody clicks. */
  #change(source, change) {
    const run = (this.#lastChange.get(source) ?? Promise.resolve()).then(() => {
      this.#assertPresent();
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
        if (this.#publisher === publisher) {
          this.#publisher = this.#publisherReady = null;
          this.#mustRebuild = true; // The server may have one to this that is closed here.
        }
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
    const stream = wanted === true ? await openScreen() : wanted;
    await this.#turnOffScreen(); // A second share replaces the first.
    const [video] = stream.getVideoTracks();
    const [audio] = stream.getAudioTracks();
    video.contentHint = 'detail'; // Text is to be sharp rather than smooth.
    await this.#send('screen', video);
    if (audio) {
      await this.#send('screen_audio', audio);
    }
  }

  /** Makes `media` what the source sends; on failure nothing stays open. */
  async #send(source, media) {
    const local = this.#local.get(source);
    if (local.media !== media) {
      local.media?.stop();
    }
    local.media = media;
    media.onended = () => this.#onMediaEnded(source, media);
    try {
      await this.#deliver(source);
      this.#assertPresent();
    } catch (error) {
      media.stop();
      this.#drop(source);
      throw error;
    }
    this.#setOn(source, true);
  }

  /** Puts the source's media on its m-line and lets the server forward it. During a break, #publishAgain() does that. */
  async #deliver(source) {
    const { media } = this.#local.get(source);
    try {
      this.#assertPresent();
      media.enabled = true;
      await this.#connectPublisher();
      this.#assertPresent();
      await this.#publisher.replaceTrack(source, media);
      await this.#setForwarded(source, true);
    } catch (error) {
      if (!this.#isBroken()) {
        throw error;
      }
    }
  }

  /** Nothing of this source is ours any more. */
  #drop(source) {
    const local = this.#local.get(source);
    local.media?.stop();
    local.media = null;
    if (local.isOn) {
      this.#setOn(source, false);
    }
  }

  #assertPresent() {
    if (this.state !== 'joined' && !this.#isBroken()) {
      throw new SalonError('not_joined', 'The room was not joined, or is left.');
    }
  }

  /** The device was unplugged, or the share ended by the browser's own button. */
  #onMediaEnded(source, media) {
    if (this.#local.get(source).media !== media || this.state === 'closed') {
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

  /** Tells the server, which during a break #publishAgain() does. */
  async #setForwarded(source, forwarded) {
    try {
      await this.#tellForwarded(source, forwarded);
    } catch (error) {
      if (!this.#isBroken()) {
        throw error;
      }
    }
  }

  /** A screen comes and goes as a track; microphone and camera stay published and are muted. */
  async #tellForwarded(source, forwarded) {
    const local = this.#local.get(source);
    const own = this.participants.get(this.id);
    if (forwarded && !local.published) {
      const { track } = await this.#request('publish', { mid: this.#publisher.mid(source), source });
      local.published = track;
      own.tracks = [...own.tracks, track];
    } else if (local.published && !forwarded && source.startsWith('screen')) {
      const { id } = local.published;
      await this.#request('unpublish', { track: id });
      local.published = null;
      own.tracks = own.tracks.filter((track) => track.id !== id);
    } else if (local.published && local.published.muted === forwarded) {
      await this.#request('mute', { track: local.published.id, muted: !forwarded });
      local.published.muted = !forwarded;
    }
  }
}
