/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines that lose packets, by chance, as many each way, and take their time: of who watches, or of who publishes. All
 * servers are measured at once, so that what else happens on the machine happens to all; each with several calls at
 * once, whose lines lose other packets, the same ones for all servers; and with one whose line is perfect: what that
 * lacks, the network is not the reason of. */

import { Machine, pass, Watch } from './calls.js';
import { watch, WatchedLink } from './servers.js';

/* For what the network was before to be over; in a hurry, less. */
const SETTLE_S = 4;


/* -- the calls: each { page, link }, of who watches and of the line that is made worse -- */

/* One publishes, and several watch, each behind a line of their own. */
class ManyViewers {
  static async start(server, { publishers }) {
    return Object.assign(new ManyViewers(), { server, published: await server.publish(publishers) });
  }

  async add(t, { viewers }, seed) {
    const link = await WatchedLink.start(t, { seed });
    return { page: await watch(this.server, viewers, link, this.published), link };
  }
}

/* Several publish, each behind a line of their own, and each has somebody who watches, whose line is perfect. */
class ManyPublishers {
  static async start(server) {
    return Object.assign(new ManyPublishers(), { server });
  }

  async add(t, { publishers, viewers }, seed) {
    const link = await WatchedLink.start(t, { seed });
    const published = await this.server.publish(publishers, link);
    return { page: await watch(this.server, viewers, await WatchedLink.start(t), published), link };
  }
}

const SIDES = { viewer: ManyViewers, publisher: ManyPublishers };

/* Those of all servers in turns: while a call begins, the machine is busy, and who hears it remembers that for a while.
 * Returns: { name: calls }. */
async function callAll(t, servers, browsers, side, n) {
  const sides = await Promise.all(servers.map((server) => SIDES[side].start(server, browsers)));
  const calls = Object.fromEntries(servers.map(({ name }) => [name, []]));
  for (let i = 0; i < n; i++) {
    for (const each of sides)
      calls[each.server.name].push(await each.add(t, browsers, i + 1));
  }
  return calls;
}

/* -- measuring -- */

async function measureCalls(calls, seconds) {
  const watches = await Promise.all(calls.map(({ page }) => Watch.begin(page)));
  await pass(seconds);
  return await Promise.all(watches.map((each) => each.end()));
}

/* side: whose line it is; n: calls for each server, besides the one with a perfect line. Yields a row after the other:
 * { loss, rttMs, busy, servers: { name: { samples, control } } }. */
export async function* measureLosses(t, servers, browsers, { side, losses, rttsMs, seconds, warmUpS, n }) {
  const calls = await callAll(t, servers, browsers, side, n + 1);
  await pass(warmUpS);
  for (const rttMs of rttsMs) {
    for (const loss of losses) {
      for (const { link } of Object.values(calls).flatMap((each) => each.slice(1))) {
        for (const direction of [link.up, link.down])
          direction.set({ loss, delayMs: rttMs / 2 });
      }
      await pass(Math.min(SETTLE_S, seconds));
      const machine = new Machine();
      const measured = await Promise.all(Object.values(calls).map((each) => measureCalls(each, seconds)));
      const { busyShare: busy } = machine;
      const byName = Object.keys(calls).map((name, i) => {
        const [control, ...samples] = measured[i];
        return [name, { control, samples }];
      });
      yield { loss, rttMs, busy, servers: Object.fromEntries(byName) };
    }
  }
}
