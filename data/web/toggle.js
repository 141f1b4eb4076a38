/* SPDX-License-Identifier: LGPL-2.1-or-later */
import { text } from './strings.js';

const ICONS = {
  microphone: { on: 'microphone', off: 'microphone-off' },
  camera: { on: 'camera', off: 'camera-off' },
  screen: { on: 'screen', off: 'screen' },
};

/** Shows on a button whether a device is on. Its name stays, `aria-pressed` and the tooltip tell the state. */
export function showToggle(button, source, isOn) {
  button.setAttribute('aria-label', text(source));
  button.setAttribute('aria-pressed', isOn);
  button.title = text(`${source}${isOn ? 'Off' : 'On'}`);
  button.querySelector('use').setAttribute('href', `#icon-${ICONS[source][isOn ? 'on' : 'off']}`);
}
