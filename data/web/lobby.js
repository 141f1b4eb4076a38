/* SPDX-License-Identifier: LGPL-2.1-or-later */
import * as devices from './devices.js';
import { ownerKey } from './place.js';
import { RoomOptions } from './room-options.js';
import { createRoom } from './salon-http.js';
import { Speaking } from './speaking.js';
import { errorText, text } from './strings.js';
import { toast } from './toast.js';
import { showToggle } from './toggle.js';

const SOURCES = ['microphone', 'camera'];
const FIRST = 'amber brave calm clear dear early fair gentle golden happy kind light lucky mild noble quiet'.split(' ');
const SECOND = 'aster birch brook cedar clover finch heron iris lark maple otter plum robin sparrow willow wren'.split(
  ' ',
);
/** Without letters and digits that look alike. */
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789';

/** A name nobody guesses (8 bits of words, 30 of letters) and everybody can read out. */
function randomRoom() {
  const random = crypto.getRandomValues(new Uint32Array(8));
  const letters = [...random.slice(2)].map((number) => ALPHABET[number % ALPHABET.length]).join('');
  return `${FIRST[random[0] % FIRST.length]}-${SECOND[random[1] % SECOND.length]}-${letters}`;
}

/** Before the call: name, room, and a look at oneself. */
export class Lobby {
  #wanted = { microphone: true, camera: true };
  #tracks = {};
  #isPreviewing = false;
  #invitation;
  #speaking = null;
  #onJoin;
  #options;
  #notice = null;
  /** The last room that was opened from here: to join it after all, it need not be opened again. */
  #created = null;
  #opened = Promise.resolve();
  /** Ends the wait for the host; null: there is none. */
  #onCancel = null;
  #elements = Object.fromEntries(
    [
      ...['name', 'room', 'join', 'random', 'join-error', 'preview', 'preview-video', 'preview-text', 'preview-start'],
      'pickers',
    ].map((id) => [id, document.getElementById(id)]),
  );

  /**
   * @param {{room: string, name: string, wanted: {microphone: boolean, camera: boolean}}} start
   * @param {function({room, name})} onJoin - its promise ends the wait; a rejection's message is shown
   */
  constructor(start, onJoin) {
    this.#onJoin = onJoin;
    this.#wanted = { ...start.wanted };
    const { name, room } = this.#elements;
    name.value = start.name;
    room.value = start.room;
    room.addEventListener('input', () => this.#watchRecording());
    this.#invitation = start.room;
    document.getElementById('join-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.join();
    });
    this.#elements.random.addEventListener('click', () => this.#joinRandom());
    this.#options = new RoomOptions(() => this.#showTexts());
    document.getElementById('waiting-cancel').addEventListener('click', () => this.#onCancel?.());
    this.#bindPreview();
    document.addEventListener('language', () => this.#showTexts());
    this.#showTexts();
  }

  /** Shows one's own camera right away where that asks no question. */
  async open() {
    this.#watchRecording();
    if (matchMedia('(hover: hover)').matches) {
      // Not on a phone: there, it would bring up the keyboard over the page.
      (this.#elements.name.value ? this.#elements.join : this.#elements.name).focus();
    }
    const allowed = await Promise.all(SOURCES.map((source) => !this.#wanted[source] || devices.isAllowed(source)));
    if (allowed.every(Boolean)) {
      await this.#startPreview();
    }
  }

  /** What the form's button does: without a room, any new one will do. */
  async join() {
    const room = this.#elements.room.value.trim();
    await (room ? this.#join(room, this.#elements.join, 'joining') : this.#joinRandom());
  }

  #joinRandom() {
    return this.#join(randomRoom(), this.#elements.random, 'randomOpening');
  }

  /** Meanwhile `button` says what is under way, and nothing else can be started. */
  async #join(room, button, busyText) {
    const { name, join, random } = this.#elements;
    if (join.disabled) {
      return;
    }
    this.showError(null);
    join.disabled = random.disabled = true;
    button.setAttribute('aria-busy', 'true');
    button.textContent = text(busyText);
    devices.remember('salon-name', name.value.trim());
    try {
      await this.#openMissing();
      await this.#create(room);
      await this.#onJoin({ room, name: name.value.trim() || text('guest') });
    } catch (error) {
      this.showError(error);
      this.#watchRecording();
    } finally {
      join.disabled = random.disabled = false;
      button.removeAttribute('aria-busy');
      this.#showTexts();
      this.#focusAfterWait();
    }
  }

  /** Joining makes a room of itself, but a plain one. */
  async #create(slug) {
    if (this.#isCreating && slug !== this.#created) {
      const { room, owner_token: ownerToken } = await createRoom({ slug, ...this.#options.values });
      this.#created = slug;
      if (room.lifetime === 'permanent') {
        devices.remember(ownerKey(room.slug), ownerToken); // The others go by themselves.
      }
    }
  }

  get #isCreating() {
    return this.#options.areGiven && !this.#invitation;
  }

  /** Stands at the button until the next attempt, unlike a toast; but not if it was the person who gave up. */
  showError(error) {
    this.#elements['join-error'].textContent = error && error.reason !== 'closed' ? errorText(error) : '';
  }

  /**
   * While the host has not let one in, one looks at oneself as before.
   * @param {?function()} onCancel - called when the person gives up; null: the wait is over
   */
  showWaiting(onCancel) {
    const isWaiting = onCancel !== null;
    const wasWaiting = this.#onCancel !== null;
    this.#onCancel = onCancel;
    this.showError(null);
    this.#watchRecording();
    document.getElementById('waiting').hidden = !isWaiting;
    document.getElementById('join-form').hidden = isWaiting;
    if (isWaiting && !wasWaiting) {
      document.getElementById('waiting-title').focus();
    }
    this.#focusAfterWait();
  }

  /** Who has waited in vain goes on from the way in, as soon as that works again. */
  #focusAfterWait() {
    const waiting = document.getElementById('waiting');
    if (waiting.hidden && (waiting.contains(document.activeElement) || document.activeElement === document.body)) {
      this.#elements.join.focus();
    }
  }

  /** Comes with the first room that is named. */
  async #watchRecording() {
    if (this.#elements.room.value) {
      this.#notice ??= import('./recording-notice.js').then(({ RecordingNotice }) => new RecordingNotice());
      await this.#notice.then((notice) => notice.start()).catch(() => (this.#notice = null));
    }
  }

  /** For somebody who comes back: the room and the devices they had. */
  prepare({ room, wanted }) {
    this.#elements.room.value = room;
    this.#wanted = { ...wanted };
    this.#update();
  }

  /**
   * Opens what is wanted and not open yet, and hands it over. Nothing is open here any more.
   * @returns {Promise<{wanted: object, tracks: {microphone?: MediaStreamTrack, camera?: MediaStreamTrack}}>}
   */
  async takeTracks() {
    await this.#openMissing();
    const tracks = this.#tracks;
    this.#tracks = {};
    this.#isPreviewing = false;
    this.#speaking?.close();
    this.#speaking = null;
    this.#update();
    return { wanted: { ...this.#wanted }, tracks };
  }

  #showTexts() {
    const invitation = this.#invitation;
    document.getElementById('tagline').textContent = text(invitation ? 'inviteTagline' : 'tagline');
    const invitedTo = document.getElementById('invited-to');
    invitedTo.textContent = invitation;
    invitedTo.hidden = !invitation;
    document.getElementById('room-field').hidden = Boolean(invitation);
    this.#elements.random.hidden = Boolean(invitation);
    this.#elements.join.textContent = text(this.#isCreating ? 'create' : 'join');
    this.#elements.random.textContent = text('random');
    this.#update();
  }

  #bindPreview() {
    for (const source of SOURCES) {
      document.getElementById(`preview-${source}`).addEventListener('click', () => this.#toggle(source));
      document.getElementById(`${source}-picker`).addEventListener('change', (event) => {
        devices.choose(source, event.target.value);
        this.#reopen(source);
      });
    }
    this.#elements['preview-start'].addEventListener('click', () => this.#startPreview());
  }

  async #startPreview() {
    this.#isPreviewing = true;
    const button = document.getElementById('preview-microphone');
    this.#speaking = new Speaking((_, isSpeaking) => button.classList.toggle('speaking', isSpeaking));
    await this.#openMissing();
    this.#update();
    this.#fillPickers();
  }

  async #toggle(source) {
    this.#wanted[source] = !this.#wanted[source];
    if (!this.#wanted[source]) {
      this.#stop(source);
    } else if (this.#isPreviewing) {
      await this.#openMissing();
    }
    this.#update();
  }

  async #reopen(source) {
    this.#stop(source);
    await this.#openMissing();
    this.#update();
  }

  #stop(source) {
    this.#tracks[source]?.stop();
    delete this.#tracks[source];
  }

  /** Opens what is wanted and not open; what fails is said, and no longer wanted. One question at a time. */
  #openMissing() {
    this.#opened = this.#opened.then(() => this.#openNow());
    return this.#opened;
  }

  async #openNow() {
    const missing = SOURCES.filter((source) => this.#wanted[source] && !this.#tracks[source]);
    const opened = await devices.openAll(missing, (sources, error) => {
      sources.forEach((source) => (this.#wanted[source] = false));
      toast(devices.errorText(sources, error), { isError: true });
    });
    for (const [source, track] of Object.entries(opened)) {
      if (this.#wanted[source]) {
        this.#tracks[source] = track;
      } else {
        track.stop(); // Turned off again while the browser asked.
      }
    }
  }

  async #fillPickers() {
    const counts = await Promise.all(
      SOURCES.map((source) => {
        const current = this.#tracks[source]?.getSettings().deviceId;
        return devices.fillPicker(document.getElementById(`${source}-picker`), source, current);
      }),
    );
    this.#elements.pickers.hidden = counts.every((count) => count < 2);
  }

  #update() {
    for (const source of SOURCES) {
      showToggle(document.getElementById(`preview-${source}`), source, this.#wanted[source]);
    }
    const video = this.#elements['preview-video'];
    const { camera, microphone } = this.#tracks;
    this.#speaking?.watch('own', microphone ?? null);
    if (video.srcObject?.getTracks()[0] !== camera) {
      video.srcObject = camera ? new MediaStream([camera]) : null;
    }
    this.#elements.preview.classList.toggle('has-video', Boolean(camera));
    const canOpen = Boolean(navigator.mediaDevices);
    const isOffered = canOpen && !this.#isPreviewing && (this.#wanted.camera || this.#wanted.microphone);
    this.#elements['preview-start'].hidden = !isOffered;
    this.#elements['preview-text'].textContent = text(
      !canOpen ? 'insecure' : this.#isPreviewing || !this.#wanted.camera ? 'previewOff' : 'previewHint',
    );
  }
}
