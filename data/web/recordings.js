/* SPDX-License-Identifier: LGPL-2.1-or-later */
import * as devices from './devices.js';
import { language } from './language.js';
import { ownerKey } from './place.js';
import { fillStrings, setLabel, text } from './strings.js';

/** How often the list is asked for while it is open and a recording goes on. */
const REFRESH_MS = 1_000;
const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];

/** What one has recorded in this room: how it grows, to be fetched, and deleted. */
export class RecordingList {
  #salon;
  #tryTo;
  #signal;
  #dialog = document.getElementById('recordings');
  #list = document.getElementById('recordings-list');
  #timer = 0;

  /**
   * @param {function(Promise)} tryTo - says what fails
   * @param {AbortSignal} signal - aborted at the end of the call
   */
  constructor(salon, tryTo, signal) {
    this.#salon = salon;
    this.#tryTo = tryTo;
    this.#signal = signal;
    const refresh = () => this.#dialog.open && this.#refresh();
    salon.addEventListener('recording', refresh, { signal });
    document.addEventListener('language', refresh, { signal });
    this.#dialog.addEventListener('close', () => clearTimeout(this.#timer), { signal });
    signal.addEventListener('abort', () => clearTimeout(this.#timer));
    this.#list.replaceChildren();
  }

  /** Whoever has opened a room that stays, has all that is recorded of it. */
  get #ownerToken() {
    return devices.recall(ownerKey(this.#salon.room.slug));
  }

  open() {
    this.#dialog.showModal();
    this.#refresh();
  }

  async #refresh() {
    clearTimeout(this.#timer);
    await this.#tryTo(this.#fill());
    this.#refreshLater();
  }

  #refreshLater() {
    clearTimeout(this.#timer);
    if (!this.#dialog.open || this.#signal.aborted || !this.#salon.recordings.isRecording) {
      return;
    }
    // While the connection is lost, nobody is asked; that it is, is said elsewhere.
    const next = () => (this.#salon.state === 'joined' ? this.#refresh() : this.#refreshLater());
    this.#timer = setTimeout(next, REFRESH_MS);
  }

  /** What an owner's token was for may be another room by now. */
  async #ask() {
    const { recordings } = this.#salon;
    try {
      return await recordings.list(this.#ownerToken);
    } catch (error) {
      if (error.reason !== 'unauthorized') {
        throw error;
      }
      devices.remember(ownerKey(this.#salon.room.slug), '');
      return recordings.list();
    }
  }

  async #fill() {
    const recordings = await this.#ask();
    if (this.#signal.aborted || !this.#dialog.open) {
      return;
    }
    document.getElementById('recordings-none').hidden = recordings.length > 0;
    const items = new Map([...this.#list.children].map((item) => [item.dataset.id, item]));
    const shown = recordings.map((each) => this.#update(items.get(each.id) ?? this.#make(each), each));
    [...items.values()].filter((item) => !shown.includes(item)).forEach((item) => item.remove());
    shown.forEach((item, index) => {
      // What is in its place stays: moving it would take the focus from what is in it.
      if (this.#list.children[index] !== item) {
        this.#list.insertBefore(item, this.#list.children[index] ?? null);
      }
    });
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
    const format = { dateStyle: 'medium', timeStyle: 'short' };
    find('time').textContent = new Date(beganAt).toLocaleString(language(), format);
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
    // What lines them up is for an editor's program (GET /recordings).
    const ready = state === 'recording' ? [] : files.filter(({ name }) => name !== 'recording.json');
    const isNew = (file, index) => !isSame(links.children[index].firstChild, file);
    if (links.childElementCount !== ready.length || ready.some(isNew)) {
      links.replaceChildren(...ready.map(fileItem));
    }
    return item;
  }

  async #delete(id) {
    if (confirm(text('recordingDeleteConfirm'))) {
      await this.#tryTo(this.#salon.recordings.delete(id, this.#ownerToken));
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
  // A number and its unit stay on one line.
  return new Intl.NumberFormat(language(), style).format(bytes / 1_000 ** power).replaceAll(' ', '\u00a0');
}
