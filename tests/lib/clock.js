/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A page's own time (in Chromium), which can be let pass faster than the network's. */

import { until } from './until.js';

/* To be called before the page is opened. Returns `pass (ms)`: lets time pass, no faster than the server answers the
 * page's pings; a server that seems to be silent would be given up. */
export async function takeClock(page) {
  let pending = 0;
  page.on('websocket', (socket) => {
    socket.on('framesent', ({ payload }) => { pending += String(payload).includes('"ping"') ? 1 : 0; });
    socket.on('framereceived', ({ payload }) => { pending -= String(payload).includes('"pong"') ? 1 : 0; });
    socket.on('close', () => { pending = 0; });
  });
  const isAnswered = () => until('the pings are answered', () => pending === 0);
  await page.clock.install();
  return async (ms) => {
    await isAnswered();
    await page.clock.fastForward(ms);
    await page.evaluate(() => true); // What was sent has been noticed here, by now.
    await isAnswered();
  };
}
