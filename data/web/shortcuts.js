/* SPDX-License-Identifier: LGPL-2.1-or-later */
import { recall, remember } from './devices.js';
import { text } from './strings.js';

/** Each key is a click on a button. */
const KEYS = [
  { key: 'm', button: 'mic', label: 'microphone' },
  { key: 'v', button: 'camera', label: 'camera' },
  { key: 's', button: 'screen', label: 'screen' },
  { key: 'c', button: 'chat-toggle', label: 'chat' },
  { key: 'f', button: 'full-screen', label: 'fullScreen' },
  { key: 'n', button: 'reception-toggle', label: 'reception' },
  { key: 'i', button: 'invite-open', label: 'invite' },
  { key: '?', button: 'settings-open', label: 'settings' },
];
const STORAGE_KEY = 'salon-shortcuts';

/** They can be turned off: who controls the page by speech, or types by chance, would press them unawares. */
export function areShortcutsOn() {
  return recall(STORAGE_KEY) !== 'off';
}

export function setShortcutsOn(on) {
  remember(STORAGE_KEY, on ? 'on' : 'off');
}

/** Lets the keys work until `signal`. */
export function bindShortcuts(signal) {
  document.addEventListener('keydown', onKey, { signal });
  KEYS.forEach(({ key, button }) => document.getElementById(button).setAttribute('aria-keyshortcuts', key));
}

function onKey(event) {
  const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.repeat && !event.isComposing;
  if (!isPlain || !areShortcutsOn() || isTyping(event.target) || document.querySelector('dialog[open]')) {
    return;
  }
  const entry = KEYS.find(({ key }) => key === letter(event));
  const button = entry && document.getElementById(entry.button);
  if (button && !button.hidden) {
    event.preventDefault();
    button.click();
  }
}

/** Where the keyboard's letters are not Latin ones, those printed beside them, by the key's place. */
function letter({ key, code }) {
  return /^[ -~]$/.test(key) ? key.toLowerCase() : code.replace(/^Key/, '').toLowerCase();
}

function isTyping(element) {
  return element.closest?.('input, textarea, select, [contenteditable]') != null;
}

/** The keys and what they do, as the entries of a description list. */
export function shortcutList() {
  return KEYS.flatMap(({ key, label }) => {
    const term = document.createElement('dt');
    const cap = document.createElement('kbd');
    cap.textContent = key.toUpperCase();
    term.append(cap);
    const description = document.createElement('dd');
    description.textContent = text(label);
    return [term, description];
  });
}
