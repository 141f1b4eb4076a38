/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waiting with a deadline: no test ever sleeps and hopes. */

const POLL_MS = 20;
/* How much longer things may take than on a quiet machine with an ordinary build. */
const SLOWNESS = Number(process.env.SALON_TEST_SLOWNESS ?? 1);

/* Calls `probe` until it returns something truthy, and returns that. The thrown error says what was waited for and,
 * when the probe has one to tell, the last value it saw. */
export async function until(what, probe, deadlineMs = 5000) {
  const limitMs = deadlineMs * SLOWNESS;
  const end = performance.now() + limitMs;
  for (;;) {
    const value = await probe();
    if (value)
      return value;
    if (performance.now() > end)
      throw new Error(`waited ${limitMs} ms in vain until ${what} (last: ${JSON.stringify(value)})`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/* The opposite: `probe` must stay falsy for the whole of `durationMs`. */
export async function never(what, probe, durationMs = 500) {
  const end = performance.now() + durationMs;
  while (performance.now() < end) {
    const value = await probe();
    if (value)
      throw new Error(`${what}, which must not happen: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

export async function withDeadline(what, promise, deadlineMs = 5000) {
  const limitMs = deadlineMs * SLOWNESS;
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${limitMs} ms in vain for ${what}`)), limitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
