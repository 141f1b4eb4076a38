/* SPDX-License-Identifier: LGPL-2.1-or-later */
import { askHttp } from './salon-http.js';
import { text } from './strings.js';

/** How often it is asked for: a recording may begin while one is in the lobby. */
const REFRESH_MS = 5_000;
/** From the last key to the question: what is half typed is no room. */
const TYPING_MS = 300;

/** Says in the lobby that the room is being recorded: whoever is about to join should know. */
export class RecordingNotice {
  #element = document.getElementById('join-recording');
  #lobby = document.getElementById('lobby');
  #room = document.getElementById('room');
  #isRecorded = false;
  #timer = 0;

  constructor() {
    document.addEventListener('visibilitychange', () => this.#timer && this.start());
    document.addEventListener('language', () => this.#show());
  }

  /** Asks soon, and again for as long as the lobby is shown. */
  start() {
    this.#askAfter(TYPING_MS);
  }

  #askAfter(delayMs) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), delayMs);
  }

  async #ask() {
    if (this.#lobby.hidden) {
      this.#timer = 0;
      this.#isRecorded = false;
    } else {
      this.#askAfter(REFRESH_MS);
      const timer = this.#timer;
      const isRecorded = document.hidden ? this.#isRecorded : await this.#fetch();
      if (this.#timer !== timer) {
        return; // It is asked anew, maybe of another room.
      }
      this.#isRecorded = isRecorded;
    }
    this.#show();
  }

  /** What cannot be told now is told in the room. */
  async #fetch() {
    const room = this.#room.value.trim();
    const path = `/room/${encodeURIComponent(room)}/recording`;
    return room !== '' && (await askHttp('GET', path).catch(() => ({ recording: false }))).recording;
  }

  #show() {
    const line = this.#isRecorded ? text('recordingBegan') : '';
    if (this.#element.textContent !== line) {
      this.#element.textContent = line; // Else it would be read out each time.
    }
  }
}
