/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* R15: Redis restarts, is away, or loses what it knew, in the middle of calls. Nobody is sent away, and afterwards the
 * servers and Redis agree. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { LEASE_MS, REAPED_MS, SETUPS, startNodes } from '../lib/nodes.js';
import { Peer } from '../lib/peer.js';
import { enter, newRoom, reasonOf } from '../lib/people.js';
import { until } from '../lib/until.js';
import { seeExactly, stayQuiet, Witness } from '../lib/witness.js';

/* Longer than the lease, and than any deadline and back-off: to the servers no different from ten minutes. */
const LONG_MS = 2 * LEASE_MS + 5000;

/* away: what happens to Redis; back: how it returns. */
const OUTAGES = {
  'Redis restarts': { durationMs: 0, away: (redis) => redis.kill(), back: (redis) => redis.start() },
  'Redis is dead for 10 s': { durationMs: 10000, away: (redis) => redis.kill(), back: (redis) => redis.start() },
  'Redis is dead for longer than every lease': { durationMs: LONG_MS, away: (redis) => redis.kill(), back: (redis) => redis.start() },
  'Redis hangs for 10 s': { durationMs: 10000, away: (redis) => redis.stop(), back: (redis) => redis.cont() },
  'Redis hangs for longer than every lease': { durationMs: LONG_MS, away: (redis) => redis.stop(), back: (redis) => redis.cont() },
  'Redis restarts and has lost everything': { durationMs: 1000, away: (redis) => redis.killAndLoseAll(), back: (redis) => redis.start() },
};

/* They mostly wait, so all at once. */
describe('R15', { concurrency: true }, () => {
  for (const [setup, nServers] of Object.entries(SETUPS)) {
    for (const [name, outage] of Object.entries(OUTAGES)) {
      it(`R15 ${name}, ${setup}`, async (t) => {
        const nodes = await startNodes(t, nServers, { config: { rooms: { 'resume-grace-s': 60 } } });
        const keys = await nodes.redis.keys();
        const call = await Call.start(t, nodes);
        await outage.away(nodes.redis);
        const end = performance.now() + outage.durationMs;
        if (outage.durationMs > 0)
          await call.whileAway();
        while (performance.now() < end) {
          await delay(Math.min(1000, Math.max(0, end - performance.now())));
          await call.goesOn();
        }
        await outage.back(nodes.redis);
        await call.afterwards(outage);
        await call.end();
        await nodes.areEmpty(keys, 20000);
      });
    }
  }
});

/* On the first server Ann sends media to Bob, Kim and Pat only talk; on the last one (the same if it is alone) there is Zoe. All are
 * in one room; another is permanent, and empty. */
class Call {
  static async start(t, nodes) {
    const call = new Call();
    Object.assign(call, { t, nodes, room: newRoom(), lasting: newRoom(), nSaid: 0 });
    const { body } = await nodes.first.http('POST', '/room/create', { json: { slug: call.lasting } });
    call.ownerToken = body.owner_token;
    call.zoe = await Witness.enter(t, nodes.other, call.room, 'Zoe');
    call.kim = await Witness.enter(t, nodes.first, call.room, 'Kim');
    call.pat = await Witness.enter(t, nodes.first, call.room, 'Pat');
    call.ann = await Peer.join(t, nodes.first, call.room, 'Ann', { publish: ['microphone'] });
    call.bob = await Peer.join(t, nodes.first, call.room, 'Bob', { publish: null });
    /* Ten times as slow as people talk: there are many of these calls. */
    call.ann.publisher.track('microphone').media.intervalMs = 200;
    await call.ann.start();
    call.slot = await call.bob.receive(call.ann, 'microphone');
    call.ids = [call.zoe, call.kim, call.pat, call.ann, call.bob].map(({ id }) => id);
    await seeExactly([call.zoe, call.kim, call.pat], call.ids);
    return call;
  }

  get witnesses() {
    return [this.zoe, this.kim, this.pat];
  }

  /* Media, and chat on the first server. */
  async goesOn() {
    const { length } = this.slot.packets;
    await until('media goes on', () => this.slot.packets.length > length + 1, 3000);
    await this.hears(this.kim.client, this.ann.signalling);
    this.witnesses.forEach(({ client }) => assert.deepEqual(client.received('participant', ({ event }) => event === 'left'), []));
  }

  async hears(from, to, deadlineMs) {
    const message = `message ${++this.nSaid}`;
    await from.request('chat', { message });
    await to.next('chat', (chat) => chat.message === message, deadlineMs);
  }

  /* A page that is loaded again finds its place on the server it was on; a stranger is told clearly. */
  async whileAway() {
    const asked = performance.now();
    const stranger = await reasonOf(enter(this.t, this.nodes.first, newRoom(), 'Stranger'));
    assert.equal(stranger, 'store_unavailable');
    assert.ok(performance.now() - asked < 5000);
    await this.kim.client.terminate();
    const again = await Witness.enter(this.t, this.nodes.first, this.room, 'Kim', { session: this.kim.client.session });
    assert.equal(again.id, this.kim.id);
    this.kim = again;
    await seeExactly([this.kim], this.ids);
    await this.goesOn();
  }

  /* Who leaves as soon as Redis is back has left everywhere, and who comes is seen everywhere; nobody else moved. */
  async afterwards(outage) {
    await until('the servers work', async () =>
      (await this.nodes.first.http('GET', `/room/${this.room}`)).status === 200, REAPED_MS);
    await this.nodes.tell(this.room, this.ids.length, REAPED_MS);
    await this.pat.client.close();
    this.ids = this.ids.filter((id) => id !== this.pat.id);
    await seeExactly([this.zoe, this.kim], this.ids, REAPED_MS);
    const late = await Witness.enter(this.t, this.nodes.other, this.room, 'Late');
    assert.deepEqual([...late.present.keys()].sort(), [...this.ids, late.id].sort());
    await seeExactly([this.zoe, this.kim, late], [...this.ids, late.id]);
    await this.nodes.tell(this.room, this.ids.length + 1);
    await this.hears(this.kim.client, this.zoe.client);
    await this.hears(late.client, this.ann.signalling);
    assert.ok(this.zoe.host === this.zoe.id && this.kim.host === this.zoe.id, 'the host is who it was');
    await late.client.close();
    await this.nodes.tell(this.room, this.ids.length);
    /* As long as a wrong reaping could still come. */
    await seeExactly([this.zoe, this.kim], this.ids);
    await stayQuiet([this.zoe, this.kim], outage.durationMs >= LEASE_MS ? 3000 : 1000);
    for (const witness of [this.zoe, this.kim]) {
      const left = witness.client.received('participant', ({ event }) => event === 'left').map(({ participant: { name } }) => name);
      assert.deepEqual(left, witness === this.kim || left.length === 2 ? ['Pat', 'Late'] : left);
      assert.deepEqual(new Set(left), new Set(['Pat', 'Late']));
    }
    await this.goesOn2();
  }
}
