/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One server, or several on one Redis: a test that takes both says so in its name, and is written once. */

import assert from 'node:assert/strict';
import { startRedis } from './redis.js';
import { ADMIN_TOKEN, startServer } from './server.js';
import { until } from './until.js';

export const SETUPS = { 'on one server': 1, 'across two servers': 2 };
/* A server that is silent for so long is dead to the others, who act a second later (salon-store.h). */
export const LEASE_MS = 10000;
export const REAPED_MS = LEASE_MS + 1000;

class Nodes {
  constructor(redis, servers) {
    this.redis = redis;
    this.servers = servers;
  }

  /* The index-th of whatever is spread over the servers goes here. */
  at(index) {
    return this.servers[index % this.servers.length];
  }

  get first() {
    return this.at(0);
  }

  /* Another server than the first, if there is one. */
  get other() {
    return this.at(1);
  }

  get running() {
    return this.servers.filter(({ isRunning }) => isRunning);
  }

  /* Every server knows this room, with so many members; null: no server knows it. */
  async tell(room, nMembers, deadlineMs = 5000) {
    for (const server of this.running) {
      await until(`${server.url} tells ${nMembers} members of ${room}`, async () => {
        const { status, body } = await server.http('GET', `/room/${encodeURIComponent(room)}`);
        return (status === 404 ? null : body.n_members) === nMembers;
      }, deadlineMs);
    }
  }

  /* Nobody is in a room, as each server tells it, and Redis holds what it held at first (`keys`, of redis.keys()). */
  async areEmpty(keys, deadlineMs = 10000) {
    for (const server of this.running) {
      await until(`${server.url} tells of no room`, async () =>
        (await server.http('GET', '/rooms', { token: ADMIN_TOKEN })).body.rooms.length === 0, deadlineMs);
    }
    const leftOver = async () => (await this.redis.keys()).filter((key) => !keys.includes(key));
    await until('Redis has forgotten them', async () => (await leftOver()).length === 0, deadlineMs).catch(async () =>
      assert.deepEqual(await leftOver(), [], 'keys that are left over'));
  }
}

/* count: of servers. config, env: of each. redisUrls: how they reach Redis, if not directly. */
export async function startNodes(t, count, { config = {}, env = {}, redisUrls } = {}) {
  const redis = await startRedis(t, { onSocket: true });
  const urls = redisUrls ? await redisUrls(redis) : [];
  const servers = [];
  for (let index = 0; index < count; index++)
    servers.push(await startServer(t, { env, config: { ...config, store: { 'redis-url': urls[index] ?? redis.url } } }));
  return new Nodes(redis, servers);
}

/* startNodes() of every setup: [setup, nodes]. All before the first test(): node:test takes a file for done, and stops
 * what it started, when the tests it knows are done and the file still awaits. */
export async function startSetups(t, options) {
  const setups = [];
  for (const [setup, count] of Object.entries(SETUPS))
    setups.push([setup, await startNodes(t, count, options)]);
  return setups;
}
