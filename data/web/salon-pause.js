/* SPDX-License-Identifier: LGPL-2.1-or-later */

/** Waits for `ms`; shorter when the network is said to be back, or at `signal`. */
export function pause(ms, signal) {
  return new Promise((resolve) => {
    const woken = new AbortController();
    const wake = () => {
      clearTimeout(timer);
      woken.abort();
      resolve();
    };
    const timer = setTimeout(wake, ms);
    globalThis.addEventListener?.('online', wake, { signal: woken.signal });
    signal.addEventListener('abort', wake, { signal: woken.signal });
  });
}
