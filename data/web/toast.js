/* SPDX-License-Identifier: LGPL-2.1-or-later */

const VISIBLE_MS = 6_000;
const MAX_TOASTS = 3;

/** Shows a short message for a while. It is also read aloud: at once if it is an error, else when there is a pause. */
export function toast(message, { isError = false } = {}) {
  const region = document.getElementById('toast');
  // An open dialog hides all that is not inside it.
  (document.querySelector('dialog[open]') ?? document.body).append(region);
  if (region.lastElementChild?.textContent === message) {
    region.lastElementChild.remove(); // Said again, not twice.
  }
  const item = document.createElement('p');
  item.className = isError ? 'toast error' : 'toast';
  item.setAttribute('role', isError ? 'alert' : 'status');
  item.textContent = message;
  item.addEventListener('click', () => item.remove());
  region.append(item);
  if (region.childElementCount > MAX_TOASTS) {
    region.firstElementChild.remove();
  }
  // Longer text takes longer to read.
  setTimeout(() => item.remove(), VISIBLE_MS + message.length * 40);
}
