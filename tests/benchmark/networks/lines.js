/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines that are too narrow for what is published: one that becomes narrow, and wide again; and one that two share.
 * What is published is a camera of 1280 x 720 in three sizes. Servers are measured one after the other: to make three
 * pictures of one, 15 times a second, takes much of a processor. */

import { Machine, pass, Watch } from './calls.js';
import { watch, WatchedLink } from './servers.js';

export const CAMERA = { width: 1280, height: 720 };
export const WIDE_BPS = 3_000_000;
export const NARROW_BPS = 500_000;
/* Room for two in the middle size, not in the largest. */
export const SHARED_BPS = 1_000_000;
const LINE = { up: { delayMs: 25 }, down: { delayMs: 25, rateBps: WIDE_BPS } };
/* Who sends has found out how wide the line is; in a hurry, it has not. */
const SETTLE_S = 20;
const SHARE_SETTLE_S = 25;
/* What is before the line becomes narrow. */
const BEFORE_S = 5;
const SAMPLE_S = 0.1;
/* A line whose queue is longer, is sent too much. */
const LONG_QUEUE_MS = 250;
/* It might have come to rest by chance. */
const REST_S = 2;
/* So much of what was before is as before. */
const PART = 0.8;

/* -- a line that is looked at -- */

/* Every SAMPLE_S: { at, rateBps, bps, queueMs, overflowed }, at in seconds since the first. */
class LineLog {
  samples = [];
  #timer;

  constructor(link) {
    this.#began = performance.now();
    this.#last = { at: 0, bytes: link.down.counts.deliveredBytes };
    this.#timer = setInterval(() => this.#take(link.down), SAMPLE_S * 1000);
  }

  #began;
  #last;

  get now() {
    return (performance.now() - this.#began) / 1000;
  }

  stop() {
    clearInterval(this.#timer);
  }

  #take({ counts, rules, queuedBytes }) {
    const at = this.now;
    this.samples.push({ at, rateBps: rules.rateBps, queueMs: queuedBytes * 8000 / rules.rateBps,
                        bps: (counts.deliveredBytes - this.#last.bytes) * 8 / (at - this.#last.at),
                        overflowed: counts.overflowed });
    this.#last = { at, bytes: counts.deliveredBytes };
  }
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

/* What was sent, lost and sent again between two calls. */
function counter(links) {
  const read = () => ({ packets: links[0].down.counts.packets, lost: links[0].down.counts.overflowed,
                        resent: links.reduce((sum, { resent }) => sum + resent, 0) });
  const before = read();
  return () => Object.fromEntries(Object.entries(read()).map(([key, value]) => [key, value - before[key]]));
}

/* -- one that becomes narrow, and wide again -- */

/* When, after `from`, more was sent than the line takes for the last time, in seconds; undefined: until the end. */
export function timeToFit(samples, from, to) {
  const phase = samples.filter(({ at }) => at > from && at <= to);
  const overfull = phase.filter(({ queueMs, overflowed }, i) =>
    queueMs > LONG_QUEUE_MS || (i > 0 && overflowed > phase[i - 1].overflowed));
  const last = overfull.at(-1)?.at ?? from;
  return last > to - REST_S ? undefined : last - from;
}

/* When pictures are as many and as large as before: [{ at, width }], at in seconds since the line is wide. */
export function timeToRecover(pictures, before, seconds) {
  for (let from = 0; from + 1 <= seconds; from += SAMPLE_S) {
    const second = pictures.filter(({ at, width }) => at >= from && at < from + 1 && width >= before.width);
    if (second.length >= PART * before.fps)
      return from;
  }
  return undefined;
}

/* Returns: { busy, before, narrow, wide, samples }. */
export async function measureDrop(t, server, { publishers, viewers }, { seconds }) {
  const published = await server.publish(publishers, undefined, { isSimulcast: true });
  const link = await WatchedLink.start(t, LINE);
  const page = await watch(server, viewers, link, published);
  await pass(Math.min(SETTLE_S, seconds));
  const machine = new Machine();
  const log = new LineLog(link);
  const phase = async (duration) => {
    const [from, count, begun] = [log.now, counter([link]), await Watch.begin(page)];
    await pass(duration);
    return { from, to: log.now, ...await begun.end(), ...count() };
  };
  const before = await phase(Math.min(BEFORE_S, seconds));
  link.down.set({ rateBps: NARROW_BPS });
  const narrow = await phase(seconds);
  link.down.set({ rateBps: WIDE_BPS });
  const wide = await phase(seconds);
  log.stop();
  before.width = Math.max(0, ...before.pictures.map(({ width }) => width));
  narrow.width = narrow.pictures.at(-1)?.width ?? 0;
  narrow.fitsAfterS = timeToFit(log.samples, narrow.from, narrow.to);
  /* Once it fits, if it ever does. */
  narrow.queueMs = median(log.samples.filter(({ at }) => at > (narrow.from + narrow.to) / 2 && at < narrow.to)
    .map(({ queueMs }) => queueMs));
  wide.recoversAfterS = timeToRecover(wide.pictures, before, seconds);
  await Promise.all([page, published.page].map((each) => each.close()));
  return { busy: machine.busyShare, before, narrow, wide, samples: log.samples };
}

/* -- one that two share -- */

/* Jain's index: 1 when all have the same, 1/n when one has all. */
export function fairness(rates) {
  const sum = rates.reduce((all, each) => all + each, 0);
  return sum * sum / (rates.length * rates.reduce((all, each) => all + each * each, 0));
}

/* Returns: { busy, viewers: [...], lost, packets, resent, queueMs, fairness }. */
export async function measureShare(t, server, { publishers, viewers }, { seconds }) {
  const published = await server.publish(publishers, undefined, { isSimulcast: true });
  const link = await WatchedLink.start(t, { ...LINE, down: { ...LINE.down, rateBps: SHARED_BPS } });
  const links = [link, await WatchedLink.start(t, { behind: link })];
  const pages = [];
  for (const each of links)
    pages.push(await watch(server, viewers, each, published));
  await pass(Math.min(SHARE_SETTLE_S, seconds));
  const [machine, log, count] = [new Machine(), new LineLog(link), counter(links)];
  const watches = await Promise.all(pages.map((page) => Watch.begin(page)));
  await pass(seconds);
  const measured = await Promise.all(watches.map((each) => each.end()));
  log.stop();
  await Promise.all([...pages, published.page].map((each) => each.close()));
  return { busy: machine.busyShare, viewers: measured, ...count(), fairness: fairness(measured.map(({ bps }) => bps)),
           queueMs: median(log.samples.map(({ queueMs }) => queueMs)) };
}
