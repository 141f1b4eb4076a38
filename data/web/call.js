/* SPDX-License-Identifier: LGPL-2.1-or-later */
import { Chat } from './chat.js';
import * as devices from './devices.js';
import { Sounds } from './sounds.js';
import { Speaking } from './speaking.js';
import { errorText, text } from './strings.js';
import { Tiles } from './tiles.js';
import { toast } from './toast.js';
import { showToggle } from './toggle.js';

const STATE_EVENTS = [
  'participant-joined',
  'participant-left',
  'track-published',
  'track-unpublished',
  'track-muted',
  'track-unmuted',
  'track-subscribed',
  'track-unsubscribed',
  'local-track',
  'room',
];
const BUTTONS = { microphone: 'mic', camera: 'camera', screen: 'screen' };

/** The link that brings others into a room. */
export function roomLink(slug) {
  return `${location.origin}/r/${encodeURIComponent(slug)}`;
}

/** What is on the screen while one is in a room: from a joined Salon to its end. */
export class Call {
  #salon;
  #tiles;
  #sounds;
  #speaking;
  #chat;
  #abort = new AbortController();

  constructor(salon) {
    this.#salon = salon;
    const { signal } = this.#abort;
    this.#tiles = new Tiles(salon);
    this.#sounds = new Sounds(salon, signal);
    this.#chat = new Chat(salon, signal);
    this.#speaking = new Speaking((id, isSpeaking) => this.#tiles.setSpeaking(id, isSpeaking));
    // Who came by a link that joins at once has touched nothing yet; browsers let nothing listen before.
    document.addEventListener('pointerdown', () => this.#speaking.resume(), { signal });
    this.#listen(signal);
    this.#bindControls(signal);
    document.getElementById('room-name').textContent = salon.room.slug;
    document.getElementById('link').value = roomLink(salon.room.slug);
    this.#sync();
  }

  close() {
    this.#abort.abort();
    this.#tiles.close();
    this.#sounds.close();
    this.#speaking.close();
  }

  /* From the room to the page. */

  #listen(signal) {
    const on = (type, handler) => this.#salon.addEventListener(type, ({ detail }) => handler(detail), { signal });
    STATE_EVENTS.forEach((type) => on(type, () => this.#sync()));
    on('participant-joined', ({ participant }) => this.#announce(text('joined', participant)));
    on('participant-left', ({ participant }) => this.#announce(text('left', participant)));
    on('chat', (message) => this.#chat.receive(message));
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
    this.#syncSpeaking();
    for (const [source, id] of Object.entries(BUTTONS)) {
      showToggle(document.getElementById(id), source, salon.isOn(source));
    }
    const count = salon.participants.size;
    document.getElementById('people-count').textContent = count;
    document.getElementById('people').title = text('people', { count });
    document.getElementById('alone').hidden = count > 1;
  }

  #syncSpeaking() {
    const salon = this.#salon;
    for (const { track, mediaStreamTrack } of salon.subscriptions.values()) {
      if (track.source === 'microphone') {
        this.#speaking.watch(track.participant, mediaStreamTrack);
      }
    }
    this.#speaking.watch(salon.id, salon.isOn('microphone') ? salon.localTrack('microphone') : null);
    this.#speaking.keepOnly(new Set(salon.participants.keys()));
  }

  #announce(message) {
    this.#chat.note(message);
    toast(message);
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
    document.getElementById('screen').hidden = !navigator.mediaDevices?.getDisplayMedia;
  }

  /** The device chosen before the call; null where an open one only has to be heard again. */
  async #reopen(source) {
    return this.#salon.localTrack(source) ? null : devices.open(source);
  }

  /** One change at a time for each button; what fails is said and changes nothing. */
  async #toggle(source, change, decide) {
    const button = document.getElementById(BUTTONS[source]);
    if (button.getAttribute('aria-busy') === 'true') {
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
