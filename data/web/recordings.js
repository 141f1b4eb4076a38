/* SPDX-License-Identifier: LGPL-2.1-or-later */
import { language } from './language.js';
import { fillStrings, setLabel, text } from './strings.js';

/** How often the list is asked for while it is open and a recording goes on. */
const REFRESH_MS = 1_000;
const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];

/** That the room is being recorded, for all to see; and for the host a button for it, and a list of what came of it. */
export class Recordings {
  #salon;
  #announce;
  #tryTo;
  #sign = document.getElementById('recording');
  #button = document.getElementById('record');
  #dialog = document.getElementById('recordings');
  #list = document.getElementById('recordings-list');
  #timer = 0;
  #signal;

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
    document.addEventListener('language', () => this.#onLanguage(), { signal });
    this.#button.addEventListener('click', () => this.#toggle(), { signal });
    document.getElementById('recordings-open').addEventListener('click', () => this.#open(), { signal });
    this.#dialog.addEventListener('close', () => clearTimeout(this.#timer), { signal });
    signal.addEventListener('abort', () => clearTimeout(this.#timer));
    this.#list.replaceChildren();
    this.#show();
    if (salon.recordings.isRecording) {
      announce(text('recordingBegan'));
    }
  }

  #onChange(isRecording) {
    this.#show();
    this.#announce(text(isRecording ? 'recordingBegan' : 'recordingEnded'));
    if (this.#dialog.open) {
      this.#refresh();
    }
  }

  #show() {
    const { isRecording } = this.#salon.recordings;
    this.#sign.hidden = !isRecording;
    this.#button.textContent = text(isRecording ? 'recordStop' : 'record');
    this.#button.classList.toggle('danger', isRecording);
  }

  #onLanguage() {
    this.#show();
    if (this.#dialog.open) {
      this.#refresh();
    }
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

  /* The list. */

  #open() {
    document.getElementById('invite').close();
    this.#dialog.showModal();
    this.#refresh();
  }

  async #refresh() {
    clearTimeout(this.#timer);
    await this.#tryTo(this.#fill());
  }

  async #fill() {
    const recordings = await this.#salon.recordings.list();
    if (this.#signal.aborted || !this.#dialog.open) {
      return;
    }
    document.getElementById('recordings-none').hidden = recordings.length > 0;
    const items = new Map([...this.#list.children].map((item) => [item.dataset.id, item]));
    const shown = recordings.map((recording) => this.#update(items.get(recording.id) ?? this.#make(recording), recording));
    [...items.values()].filter((item) => !shown.includes(item)).forEach((item) => item.remove());
    shown.forEach((item, index) => {
      // What is in its place stays: moving it would take the focus from what is in it.
      if (this.#list.children[index] !== item) {
        this.#list.insertBefore(item, this.#list.children[index] ?? null);
      }
    });
    if (recordings.some(({ state }) => state === 'recording')) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#refresh(), REFRESH_MS);
    }
  }

  #make({ id }) {
    const item = document.getElementById('recording-template').content.firstElementChild.cloneNode(true);
    fillStrings(item);
    item.dataset.id = id;
    item.querySelector('.delete').addEventListener('click', () => this.#delete(id));
    return item;
  }

  #update(item, { state, began_at: beganAt, duration_ms: duration, bytes, error, files }) {
    const find = (selector) => item.querySelector(selector);
    find('time').dateTime = beganAt;
    find('time').textContent = new Date(beganAt).toLocaleString(language(), { dateStyle: 'medium', timeStyle: 'short' });
    find('.recording-state').textContent = state === 'finished' ? '' : text(`recordingState_${state}`);
    find('.recording-state').dataset.state = state;
    find('.recording-facts').textContent = [...(duration === null ? [] : [length(duration)]), size(bytes)].join(' · ');
    find('.recording-error').textContent = error ?? '';
    find('.recording-error').hidden = !error;
    find('.delete').hidden = state === 'recording';
    setLabel(find('.delete'), text('recordingDelete'));
    const isSame = (link, { name, bytes: of }) => link?.dataset.name === name && link.dataset.bytes === String(of);
    const links = find('ul');
    // What grows is fetched when it is whole.
    const ready = state === 'recording' ? [] : files;
    if (links.childElementCount !== ready.length || ready.some((file, i) => !isSame(links.children[i].firstChild, file))) {
      links.replaceChildren(...ready.map(fileItem));
    }
    return item;
  }

  async #delete(id) {
    if (confirm(text('recordingDeleteConfirm'))) {
      await this.#tryTo(this.#salon.recordings.delete(id));
      await this.#refresh();
    }
  }
}

/** The browser fetches it, shows how far it is, and goes on with it when it broke off: it may be larger than memory. */
function fileItem({ name, bytes, url }) {
  const item = document.createElement('li');
  const link = document.createElement('a');
  link.href = `${url}?download`;
  link.download = '';
  link.dataset.name = name;
  link.dataset.bytes = bytes;
  link.textContent = text('recordingFile', { name, size: size(bytes) });
  item.append(link);
  return item;
}

/** As 1:02:03. */
function length(ms) {
  const seconds = Math.floor(ms / 1_000);
  const parts = [Math.floor(seconds / 60) % 60, seconds % 60].map((part) => String(part).padStart(2, '0'));
  return [Math.floor(seconds / 3_600), ...parts].join(':');
}

function size(bytes) {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  const style = { style: 'unit', unit: UNITS[power], unitDisplay: 'short', maximumFractionDigits: power > 1 ? 1 : 0 };
  return new Intl.NumberFormat(language(), style).format(bytes / 1_000 ** power);
}
