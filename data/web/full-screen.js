/* SPDX-License-Identifier: LGPL-2.1-or-later */
import { setLabel, text } from './strings.js';

/**
 * Makes `button` show `element` on the full screen, and back. What it says follows the browser, which has ways of its
 * own to leave: Esc, a gesture, another window.
 * @param {AbortSignal} signal - ends that
 * @returns {function()} what the button does
 */
export function bindFullScreen(button, element, signal) {
  const isOn = () => document.fullscreenElement === element;
  const toggle = () => (isOn() ? document.exitFullscreen() : element.requestFullscreen()).catch(() => {});
  const show = () => {
    button.setAttribute('aria-pressed', isOn());
    button.dataset.label = isOn() ? 'fullScreenOff' : 'fullScreen';
    setLabel(button, text(button.dataset.label));
    button.querySelector('use').setAttribute('href', isOn() ? '#icon-full-screen-off' : '#icon-full-screen');
  };
  button.hidden = !document.fullscreenEnabled;
  button.addEventListener('click', toggle, { signal });
  document.addEventListener('fullscreenchange', show, { signal });
  show();
  return toggle;
}
