/* SPDX-License-Identifier: LGPL-2.1-or-later */
import { Admission } from './admission.js';
import { Chat } from './chat.js';
import { Countdown } from './countdown.js';
import * as devices from './devices.js';
import { bindFullScreen } from './full-screen.js';
import { ownerKey, roomLink } from './place.js';
import { Reception } from './reception.js';
import { Recording } from './recording.js';
import { deleteRoom } from './salon-http.js';
import { Settings } from './settings.js';
import { bindShortcuts } from './shortcuts.js';
import { Sounds } from './sounds.js';
import { errorText, text } from './strings.js';
import { Tiles, isWatcher } from './tiles.js';
import { toast } from './toast.js';
import { showToggle } from './toggle.js';

const STATE_EVENTS = [
  'participant-joined',
  'participant-left',
  'participant-updated',
  'track-published',
  'track-unpublished',
  'track-muted',
  'track-unmuted',
  'track-subscribed',
  'track-unsubscribed',
  'track-transcode',
  'local-track',
  'room',
];
const BUTTONS = { microphone: 'mic', camera: 'camera', screen: 'screen' };

/** What is on the screen while one is in a room: from a joined Salon to its end. */
export class Call {
  #salon;
  #tiles;
  #sounds;
  #chat;
  /** Devices chosen while theirs was silent: the next "on" opens them. */
  #rechosen = new Set();
  #abort = new AbortController();

  constructor(salon) {
    this.#salon = salon;
    const { signal } = this.#abort;
    this.#tiles = new Tiles(salon, {
      kick: (id) => this.#kick(id),
      pin: (id) => this.#try(salon.pin(id, !salon.pinned.has(id))),
      'mute-microphone': (id) => this.#muteOther(id, 'microphone'),
      'mute-camera': (id) => this.#muteOther(id, 'camera'),
      'keep-microphone-off': (id) => this.#keepOff(id, 'microphone'),
      'keep-camera-off': (id) => this.#keepOff(id, 'camera'),
    });
    this.#sounds = new Sounds(salon, devices.chosen('speaker'), signal);
    this.#chat = new Chat(salon, signal);
    this.#listen(signal);
    this.#bindControls(signal);
    this.#bindDialogs(signal);
    this.#bindHostControls(signal);
    this.#bindOwnerControls(signal);
    new Admission(salon, (promise) => this.#try(promise), signal);
    new Reception(salon, (error) => this.#showError(error), signal);
    new Recording(salon, (message) => this.#announce(message), (promise) => this.#try(promise), signal);
    new Countdown(salon.room.expires_at ?? null, (message) => this.#announce(message), signal);
    bindFullScreen(document.getElementById('full-screen'), document.documentElement, signal);
    bindShortcuts(signal);
    document.getElementById('room-name').textContent = salon.room.slug;
    this.#showLink(roomLink(salon.room.slug));
    this.#showConnection();
    this.#sync();
    document.getElementById('room-name').focus();
  }

  /** Lets the others see and hear what the lobby has opened. */
  turnOn({ microphone, camera }) {
    if (microphone) {
      this.#toggle('microphone', (track) => this.#salon.setMicrophone(track), () => microphone);
    }
    if (camera) {
      this.#toggle('camera', (track) => this.#salon.setCamera(track), () => camera);
    }
  }

  close() {
    this.#abort.abort();
    this.#tiles.close();
    this.#sounds.close();
    document.querySelectorAll('dialog[open]').forEach((dialog) => dialog.close());
    document.getElementById('connection').textContent = '';
  }

  /* From the room to the page. */

  #listen(signal) {
    const on = (type, handler) => this.#salon.addEventListener(type, ({ detail }) => handler(detail), { signal });
    STATE_EVENTS.forEach((type) => on(type, () => this.#sync()));
    on('participant-joined', ({ participant }) => this.#announce(text('joined', participant)));
    on('participant-left', ({ participant }) => this.#announce(text('left', participant)));
    on('speakers', () => this.#tiles.sync());
    on('muted-by', ({ track, by, wasOn }) => this.#showMutedBy(track, by, wasOn));
    on('chat', (message) => this.#chat.receive(message));
    on('chat-changed', (change) => this.#chat.change(change));
    on('state', () => this.#showConnection());
    on('waiting', () => this.#showConnection());
    on('media-state', () => this.#showConnection());
    on('waiting-list', () => this.#showAlone());
    on('reconnected', () => toast(text('connectionBack')));
    document.addEventListener(
      'language',
      () => {
        this.#showConnection();
        this.#sync();
      },
      { signal },
    );
    on('error', ({ error, source }) => this.#showError(error, source));
    let host = this.#salon.room.host;
    on('room', ({ room }) => {
      if (room.host === this.#salon.id && room.host !== host) {
        this.#announce(text('youAreHost'));
      }
      host = room.host;
    });
  }

  /** Brings everything in line with the Salon object. Cheap enough to do on every change. */
  #sync() {
    const salon = this.#salon;
    this.#tiles.sync();
    this.#sounds.sync();
    for (const [source, id] of Object.entries(BUTTONS)) {
      showToggle(document.getElementById(id), source, salon.isOn(source));
    }
    const count = this.#countPeople();
    document.getElementById('people-count').textContent = count;
    const people = document.getElementById('people');
    people.title = text('people', { count });
    people.setAttribute('aria-label', people.title);
    this.#showAlone();
    this.#syncRoom(salon.room);
  }

  /** Who is alone, may want to invite somebody; unless they are at the door already. */
  #showAlone() {
    document.getElementById('alone').hidden = this.#countPeople() > 1 || this.#salon.waiting.length > 0;
  }

  #countPeople() {
    return [...this.#salon.participants.values()].filter((each) => !isWatcher(each)).length;
  }

  #syncRoom({ host, locked, waiting_room: isWaitingRoom = false }) {
    const isHost = host === this.#salon.id;
    document.getElementById('call').classList.toggle('is-host', isHost);
    document.getElementById('locked').toggleAttribute('hidden', !locked);
    document.getElementById('is-waiting-room').toggleAttribute('hidden', !isWaitingRoom);
    document.getElementById('host-only').hidden = !isHost;
    document.getElementById('lock').checked = locked;
    document.getElementById('waiting-room').checked = isWaitingRoom;
  }

  #showConnection() {
    const { state, isWaiting, isMediaInterrupted } = this.#salon;
    const isAway = state === 'reconnecting';
    const lost = isAway ? (isWaiting ? 'waitingTitle' : 'connectionLost') : isMediaInterrupted && 'mediaInterrupted';
    document.getElementById('connection').textContent = lost ? text(lost) : '';
  }

  #showLink(link) {
    document.querySelectorAll('input.link').forEach((input) => (input.value = link));
    document.querySelectorAll('img.qr').forEach((image) => (image.src = `${new URL(link).pathname}/qr.svg`));
  }

  #announce(message) {
    this.#chat.note(message);
    toast(message);
  }

  #showMutedBy({ source, squelched: isSquelched }, by, wasOn) {
    const name = this.#salon.participants.get(by)?.name ?? text('host');
    const happened = isSquelched ? 'keptOff' : wasOn ? 'mutedBy' : 'freed';
    const device = { microphone: 'Microphone', camera: 'Camera' }[source];
    this.#announce(text(device ? `${happened}${device}` : 'mutedByScreen', { name }));
  }

  #showError(error, source) {
    const isDevice = error instanceof DOMException && source in { microphone: 0, camera: 0 };
    toast(isDevice ? devices.errorText([source], error) : errorText(error), { isError: true });
  }

  /* From the page to the room. */

  #bindControls(signal) {
    const on = (id, handler) => document.getElementById(id).addEventListener('click', handler, { signal });
    const salon = this.#salon;
    const device = (source) => async () => (salon.isOn(source) ? false : ((await this.#reopen(source)) ?? true));
    on('mic', () => this.#toggle('microphone', (on) => salon.setMicrophone(on), device('microphone')));
    on('camera', () => this.#toggle('camera', (on) => salon.setCamera(on), device('camera')));
    on('screen', () =>
      this.#toggle(
        'screen',
        (on) => salon.setScreen(on),
        () => !salon.isOn('screen'),
      ),
    );
    on('leave', () => salon.leave());
    on('copy-link', () => this.#copyLink());
    on('alone-copy', () => this.#copyLink());
    on('invite-copy', () => this.#copyLink());
    document.getElementById('screen').hidden = !navigator.mediaDevices?.getDisplayMedia;
  }

  #bindDialogs(signal) {
    const invite = document.getElementById('invite');
    document.getElementById('invite-open').addEventListener('click', () => invite.showModal(), { signal });
    for (const dialog of document.querySelectorAll('dialog')) {
      // The backdrop is the dialog itself; what is inside has elements of its own.
      dialog.addEventListener('click', ({ target }) => target === dialog && dialog.close(), { signal });
      dialog.querySelector('.close').addEventListener('click', () => dialog.close(), { signal });
    }
    const inUse = (source) =>
      source === 'speaker'
        ? this.#sounds.speaker || 'default'
        : (this.#salon.localTrack(source)?.getSettings().deviceId ?? devices.chosen(source));
    new Settings(inUse, (source, deviceId) => this.#useDevice(source, deviceId), signal);
  }

  #bindHostControls(signal) {
    const salon = this.#salon;
    /** A box shows what the room is, not what was wished. */
    const bind = (id, change) =>
      document.getElementById(id).addEventListener(
        'change',
        async ({ target }) => {
          await this.#try(change(target.checked));
          this.#syncRoom(salon.room);
        },
        { signal },
      );
    bind('lock', (isLocked) => salon.setLocked(isLocked));
    bind('waiting-room', (isEnabled) => salon.setWaitingRoom(isEnabled));
    const endCall = () => confirm(text('endCallConfirm')) && this.#try(salon.closeRoom());
    document.getElementById('end-call').addEventListener('click', endCall, { signal });
  }

  /** Whoever has opened a room that stays, can make it go, host or not. */
  #bindOwnerControls(signal) {
    const { slug } = this.#salon.room;
    const token = devices.recall(ownerKey(slug));
    const button = document.getElementById('delete-room');
    button.hidden = !token;
    const click = () => confirm(text('deleteRoomConfirm')) && this.#try(deleteRoom(slug, token));
    button.addEventListener('click', click, { signal });
  }

  async #kick(participantId) {
    const { name } = this.#salon.participants.get(participantId);
    if (confirm(text('kickConfirm', { name }))) {
      await this.#try(this.#salon.kick(participantId));
    }
  }

  async #muteOther(participantId, source) {
    const track = this.#findTrack(participantId, source);
    if (track) {
      await this.#try(this.#salon.muteOther(track.id));
    }
  }

  /** Or no more. */
  async #keepOff(participantId, source) {
    const track = this.#findTrack(participantId, source);
    if (track) {
      await this.#try(this.#salon.muteOther(track.id, !track.squelched));
    }
  }

  #findTrack(participantId, source) {
    return this.#salon.participants.get(participantId).tracks.find((each) => each.source === source);
  }

  /** What fails is said. */
  async #try(promise) {
    try {
      await promise;
    } catch (error) {
      this.#showError(error);
    }
  }

  async #useDevice(source, deviceId) {
    const salon = this.#salon;
    devices.choose(source, deviceId);
    if (source === 'speaker') {
      await this.#sounds
        .setSpeaker(deviceId)
        .catch(({ message }) => toast(text('deviceFailed', { message }), { isError: true }));
    } else if (!salon.isOn(source)) {
      this.#rechosen.add(source);
    } else {
      const change = source === 'camera' ? (on) => salon.setCamera(on) : (on) => salon.setMicrophone(on);
      await this.#toggle(source, change, () => devices.open(source));
    }
  }

  /** The device this person chose; null where the open one only has to be heard again. */
  async #reopen(source) {
    const isRechosen = this.#rechosen.delete(source);
    return this.#salon.localTrack(source) && !isRechosen ? null : devices.open(source);
  }

  /** One change at a time for each button; what fails is said and changes nothing. */
  async #toggle(source, change, decide) {
    const button = document.getElementById(BUTTONS[source]);
    if (button.getAttribute('aria-busy') === 'true') {
      return;
    }
    const { id, room } = this.#salon;
    const own = this.#findTrack(id, source);
    if (own?.squelched) {
      this.#showMutedBy(own, room.host);
      return;
    }
    button.setAttribute('aria-busy', 'true');
    try {
      await change(await decide());
    } catch (error) {
      this.#showToggleError(source, error);
    } finally {
      button.removeAttribute('aria-busy');
    }
  }

  #showToggleError(source, error) {
    if (source !== 'screen') {
      this.#showError(error, source);
    } else if (error.name !== 'NotAllowedError') {
      toast(text('screenFailed', { message: error.message }), { isError: true });
    } // else: they thought better of it.
  }

  async #copyLink() {
    const link = roomLink(this.#salon.room.slug);
    try {
      await navigator.clipboard.writeText(link);
      toast(text('linkCopied'));
    } catch {
      toast(text('linkIs', { link })); // No clipboard on insecure origins: let them copy by hand.
    }
  }
}
