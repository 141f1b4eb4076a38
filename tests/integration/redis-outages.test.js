/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* R15: Redis restarts, is away, or loses what it knew, in the middle of calls. Nobody is sent away, and afterwards the
 * servers and Redis agree. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { LEASE_MS, REAPED_MS, SETUPS, startNodes } from '../lib/nodes.js';
import { Peer } from '../lib/peer.js';
import { enter, newRoom, reasonOf } from '../lib/people.js';
import { ADMIN_TOKEN } from '../lib/server.js';
import { until } from '../lib/until.js';
import { seeExactly, stayQuiet, Witness } from '../lib/witness.js';

/* Longer than the lease, and than any deadline and back-off: to the servers no different from ten minutes. */
const LONG_MS = 2 * LEASE_MS + 5000;

const death = { away: (redis) => redis.breakDown(), back: (redis) => redis.start() };
const sleep = { away: (redis) => redis.stop(), back: (redis) => redis.cont() };
const OUTAGES = {
  'restarts': { ...death, durationMs: 0 },
  'is dead for 10 s': { ...death, durationMs: 10000 },
  'is dead for longer than any lease': { ...death, durationMs: LONG_MS },
  'hangs for 10 s': { ...sleep, durationMs: 10000 },
  'hangs for longer than any lease': { ...sleep, durationMs: LONG_MS },
  'has lost everything': { ...death, away: (redis) => redis.killAndLoseAll(), durationMs: 1000 },
};

/* They mostly wait: all at once. */
describe('R15 Redis', { concurrency: true }, () => {
  for (const [setup, nServers] of Object.entries(SETUPS)) {
    for (const [what, outage] of Object.entries(OUTAGES))
      it(`R15 Redis ${what}, ${setup}`, (t) => survive(t, nServers, outage));
  }
});

async function survive(t, nServers, { away, back, durationMs }) {
  const nodes = await startNodes(t, nServers, { config: { rooms: { 'resume-grace-s': 60 } } });
  const keys = await nodes.redis.keys();
  const call = await Call.start(t, nodes);
  await away(nodes.redis);
  const isOver = delay(durationMs, true);
  if (durationMs > 0)
    await call.isHeldTogether();
  while (!await Promise.race([isOver, delay(1000, false)]))
    await call.goesOn();
  await back(nodes.redis);
  await call.isRestored();
  if (away !== OUTAGES['has lost everything'].away)
    assert.deepEqual((await nodes.first.http('GET', `/room/${call.lasting}`)).body.room, call.lastingRoom);
  await call.works();
  await nodes.first.http('DELETE', `/room/${call.lasting}`, { token: ADMIN_TOKEN });
  await nodes.areEmpty(keys);
}

/* Everybody is in one room: Ann sends media to Bob, Kim, Lea and Pat only talk, all on the first server; and Zoe, the
 * host, is on the other one, if there is another. A second room is permanent and empty. */
class Call {
  #nSaid = 0;
  /* The names of those who left, in this order. */
  #gone = [];

  static async start(t, nodes) {
    const call = Object.assign(new Call(), { t, nodes, room: newRoom('call'), lasting: newRoom('lasting') });
    call.lastingRoom = (await nodes.first.http('POST', '/room/create', { json: { slug: call.lasting } })).body.room;
    call.zoe = await Witness.enter(t, nodes.other, call.room, 'Zoe');
    call.kim = await Witness.enter(t, nodes.first, call.room, 'Kim');
    call.lea = await Witness.enter(t, nodes.first, call.room, 'Lea');
    call.pat = await Witness.enter(t, nodes.first, call.room, 'Pat');
    call.ann = await Peer.join(t, nodes.first, call.room, 'Ann', { publish: ['microphone'] });
    call.bob = await Peer.join(t, nodes.first, call.room, 'Bob', { publish: null });
    /* Ten times slower than speech: there are many of these calls. */
    call.ann.publisher.track('microphone').media.intervalMs = 200;
    await call.ann.start();
    call.slot = await call.bob.receive(call.ann, 'microphone');
    call.ids = [call.zoe, call.kim, call.lea, call.pat, call.ann, call.bob].map(({ id }) => id);
    await seeExactly([call.zoe, call.kim, call.lea, call.pat], call.ids);
    return call;
  }

  /* Media, and chat among those on one server. */
  async goesOn() {
    const { length } = this.slot.packets;
    await until('media goes on', () => this.slot.packets.length > length + 1);
    await this.#hears(this.kim.client, this.ann.signalling);
    await this.#hears(this.bob.signalling, this.kim.client);
  }

  /* A page that is loaded again finds its place on the server where it was, and who goes has gone, for those on that
   * server at once; a stranger is told clearly. */
  async isHeldTogether() {
    const stranger = reasonOf(enter(this.t, this.nodes.first, newRoom(), 'Stranger'));
    assert.equal(await stranger, 'store_unavailable');
    await this.kim.client.terminate();
    this.kim = await Witness.enter(this.t, this.nodes.first, this.room, 'Kim', { session: this.kim.client.session });
    assert.equal(this.kim.id, this.ids[1]);
    await seeExactly([this.kim], this.ids);
    await this.goesOn();
    await this.#leaves(this.lea, [this.kim, this.pat]);
  }

  /* Everybody is where they were, on each server and in Redis. */
  async isRestored() {
    for (const server of this.nodes.servers)
      await until('the servers have Redis again', async () => (await server.http('GET', `/room/${this.room}`)).status === 200, REAPED_MS);
    await this.nodes.tell(this.room, this.ids.length, REAPED_MS);
    await seeExactly([this.zoe, this.kim, this.pat], this.ids);
    await this.goesOn();
    await stayQuiet([this.zoe, this.kim, this.pat], 3000);
    await this.nodes.tell(this.room, this.ids.length);
    this.#assertLeft(this.zoe.client, this.kim.client, this.pat.client, this.ann.signalling, this.bob.signalling);
    for (const { client, host } of [this.zoe, this.kim, this.pat]) {
      assert.ok(client.isOpen);
      assert.equal(host, this.zoe.id, 'the host is who it was');
    }
  }

  /* Rooms work as ever: who goes has gone everywhere, who comes is seen everywhere, who refreshes stays. */
  async works() {
    for (const leaver of [this.lea, this.pat].filter(({ client }) => client.isOpen))
      await this.#leaves(leaver, [this.zoe, this.kim]);
    const late = await Witness.enter(this.t, this.nodes.other, this.room, 'Late');
    assert.deepEqual([...late.present.keys()].sort(), [...this.ids, late.id].sort());
    this.kim = await Witness.enter(this.t, this.nodes.other, this.room, 'Kim', { session: this.kim.client.session });
    assert.equal(this.kim.id, this.ids[1]);
    await seeExactly([this.zoe, this.kim, late], [...this.ids, late.id]);
    await this.nodes.tell(this.room, this.ids.length + 1);
    await this.#hears(this.zoe.client, this.ann.signalling);
    await this.#hears(this.bob.signalling, late.client);
    this.#assertLeft(this.zoe.client, this.ann.signalling, this.bob.signalling);
    await Promise.all([this.zoe, this.kim, late].map(({ client }) => client.close()));
    await this.ann.leave();
    await this.bob.leave();
    await this.nodes.tell(this.room, null);
  }

  async #leaves(leaver, witnesses) {
    await leaver.client.close();
    this.ids = this.ids.filter((id) => id !== leaver.id);
    this.#gone.push(leaver.name);
    await seeExactly(witnesses, this.ids);
  }

  async #hears(from, to) {
    const text = `message ${++this.#nSaid}`;
    await from.request('chat', { message: text });
    await to.next('chat', ({ message }) => message === text);
  }

  /* They have been told of those who left, and of no others. */
  #assertLeft(...clients) {
    for (const client of clients) {
      const left = client.received('participant', ({ event }) => event === 'left');
      assert.deepEqual(left.map(({ participant: { name } }) => name), this.#gone);
    }
  }
}
