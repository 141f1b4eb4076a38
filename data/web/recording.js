/* SPDX-License-Identifier: LGPL-2.1-or-later */
import * as devices from './devices.js';
import { ownerKey } from './place.js';
import { text } from './strings.js';

/** That the room is being recorded, for all to see; for the host a button for it, and the way to what came of it. */
export class Recording {
  #salon;
  #announce;
  #tryTo;
  #signal;
  #sign = document.getElementById('recording');
  #button = document.getElementById('record');
  #open = document.getElementById('recordings-open');
  #list = null;

  /**
   * @param {function(string)} announce - for what all have to hear
   * @param {function(Promise)} tryTo - says what fails
   * @param {AbortSignal} signal - aborted at the end of the call
   */
  constructor(salon, announce, tryTo, signal) {
    this.#salon = salon;
    this.#announce = announce;
    this.#tryTo = tryTo;
    this.#signal = signal;
    salon.addEventListener('recording', ({ detail }) => this.#onChange(detail.isRecording), { signal });
    salon.addEventListener('room', () => this.#show(), { signal });
    document.addEventListener('language', () => this.#show(), { signal });
    this.#button.addEventListener('click', () => this.#toggle(), { signal });
    this.#open.addEventListener('click', () => tryTo(this.#openList()), { signal });
    this.#open.hidden = !devices.recall(ownerKey(salon.room.slug));
    this.#show();
    if (salon.recordings.isRecording) {
      announce(text('recordingBegan'));
    }
  }

  #onChange(isRecording) {
    this.#show();
    this.#announce(text(isRecording ? 'recordingBegan' : 'recordingEnded'));
  }

  #show() {
    const { id, room, recordings } = this.#salon;
    const { isRecording } = recordings;
    if (room.host === id) {
      this.#open.hidden = false; // And so it stays: what one has recorded, one has.
    }
    this.#sign.hidden = !isRecording;
    this.#button.textContent = text(isRecording ? 'recordStop' : 'record');
    this.#button.classList.toggle('danger', isRecording);
  }

  async #toggle() {
    const { recordings } = this.#salon;
    if (this.#button.getAttribute('aria-busy') === 'true') {
      return;
    }
    this.#button.setAttribute('aria-busy', 'true');
    await this.#tryTo(recordings.isRecording ? recordings.stop() : recordings.begin());
    this.#button.removeAttribute('aria-busy');
  }

  /** Most never open it: it comes when it is wanted. */
  async #openList() {
    const { RecordingList } = await import('./recordings.js');
    if (this.#signal.aborted) {
      return;
    }
    this.#list ??= new RecordingList(this.#salon, this.#tryTo, this.#signal);
    document.getElementById('invite').close();
    this.#list.open();
  }
}
