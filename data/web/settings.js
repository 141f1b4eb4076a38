/* SPDX-License-Identifier: LGPL-2.1-or-later */
import * as devices from './devices.js';
import { areShortcutsOn, setShortcutsOn, shortcutList } from './shortcuts.js';

const SOURCES = ['microphone', 'camera', 'speaker'];

/** The dialog in which one changes devices and language during a call, and reads which keys there are. */
export class Settings {
  #dialog = document.getElementById('settings');
  #inUse;

  /**
   * @param {function(string): string} inUse - the id of the device that `microphone`, `camera` or `speaker` uses now
   * @param {function(string, string)} onChosen - called with source and device id
   * @param {AbortSignal} signal - aborted at the end of the call
   */
  constructor(inUse, onChosen, signal) {
    this.#inUse = inUse;
    document.getElementById('settings-open').addEventListener('click', () => this.#open(), { signal });
    for (const source of SOURCES) {
      picker(source).addEventListener('change', ({ target }) => onChosen(source, target.value), { signal });
    }
    const shortcuts = document.getElementById('shortcuts-on');
    shortcuts.checked = areShortcutsOn();
    shortcuts.addEventListener('change', () => setShortcutsOn(shortcuts.checked), { signal });
    navigator.mediaDevices?.addEventListener('devicechange', () => this.#fillPickers(), { signal });
    document.addEventListener('language', () => this.#fillShortcuts(), { signal });
    this.#fillShortcuts();
  }

  async #open() {
    this.#dialog.showModal();
    await this.#fillPickers();
  }

  async #fillPickers() {
    const counts = await Promise.all(
      SOURCES.map((source) => devices.fillPicker(picker(source), source, this.#inUse(source))),
    );
    document.getElementById('settings-devices').hidden = counts.every((count) => count === 0);
  }

  #fillShortcuts() {
    document.getElementById('shortcut-list').replaceChildren(...shortcutList());
  }
}

function picker(source) {
  return document.getElementById(`settings-${source}`);
}
