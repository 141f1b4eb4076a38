/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One of several servers stops, dies, or sleeps past its lease and wakes up with an old view: the others see its members
 * go, once, and nobody is in a room that is not what Redis says. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNodes, REAPED_MS } from '../lib/nodes.js';
import { Peer } from '../lib/peer.js';
import { connect, enter, joinRoom, newRoom } from '../lib/people.js';
import { Round } from '../lib/rounds.js';
import { until, withDeadline } from '../lib/until.js';
import { seeExactly, stayQuiet, Witness } from '../lib/witness.js';

/* A reaping may be noticed, told and fetched a little later on a busy machine. */
const SLACK_MS = 1500;
const N_ROOMS = 10;

test('R7 SIGTERM, across two servers: the others see its members leave, and it ends in time', async (t) => {
  const nodes = await startNodes(t, 2, { config: { rooms: { 'resume-grace-s': 30 } } });
  const keys = await nodes.redis.keys();
  const rooms = await Promise.all(Array.from({ length: 3 }, () => peopleOn(t, nodes, [0, 1, 1])));
  const caller = await Peer.join(t, nodes.first, rooms[0].name, 'Caller');
  await caller.start();
  const [stopped, other] = nodes.servers;
  const asked = performance.now();
  await stopped.stop();
  assert.ok(performance.now() - asked < 10000);
  for (const { witnesses: [gone, ...staying], name } of rooms) {
    assert.equal((await gone.client.next('bye')).reason, 'shutting_down');
    await seeExactly(staying, staying.map(({ id }) => id), 2000);
    staying.forEach((witness) => witness.assertTold(gone.id, ['left']));
    await hostIsOneOf(staying);
    await nodes.tell(name, 2);
  }
  await stayQuiet(rooms.flatMap(({ witnesses }) => witnesses.slice(1)));
  await leaveAll(rooms.flatMap(({ witnesses }) => witnesses));
  await nodes.areEmpty(keys);
  assert.ok(other.isRunning);
});

test('R8 SIGKILL, among three servers: its members are taken out once, within the lease', async (t) => {
  const nodes = await startNodes(t, 3);
  const keys = await nodes.redis.keys();
  const rooms = await Promise.all(Array.from({ length: N_ROOMS }, () => peopleOn(t, nodes, [0, 0, 1, 2])));
  const alone = await enter(t, nodes.first, newRoom(), 'Alone');
  await nodes.servers[0].kill();
  const died = performance.now();
  for (const { witnesses, name } of rooms) {
    const [gone, alsoGone, ...staying] = witnesses;
    await seeExactly(staying, staying.map(({ id }) => id), REAPED_MS + SLACK_MS);
    for (const witness of staying)
      [gone, alsoGone].forEach(({ id }) => witness.assertTold(id, ['left']));
    await hostIsOneOf(staying);
    await nodes.tell(name, 2);
  }
  t.diagnostic(`seen after ${Math.round(performance.now() - died)} ms`);
  await nodes.tell(alone.room.slug, null);
  await stayQuiet(rooms.flatMap(({ witnesses }) => witnesses.slice(2)), 2000);
  await leaveAll(rooms.flatMap(({ witnesses }) => witnesses));
  await nodes.areEmpty(keys);
});

test('R10 creation, across two servers: the one that made the room is killed, and the room goes on', async (t) => {
  const nodes = await startNodes(t, 2);
  const keys = await nodes.redis.keys();
  const rooms = Array.from({ length: N_ROOMS }, () => newRoom());
  const round = new Round(0);
  /* Twenty who all want to make it, half of them where the end comes from: when some of those are in, and others on their
   * way. */
  let nDoomedInside = 0;
  const joins = rooms.flatMap((room) => Array.from({ length: 20 }, async (_, index) => {
    await round.jitter(1000);
    const isDoomed = index % 2 === 0;
    const witness = await Witness.enter(t, nodes.at(index), room, `Creator ${index}`).catch((error) => {
      if (!isDoomed)
        throw error;
    });
    nDoomedInside += isDoomed && witness !== undefined;
    return { room, witness, isDoomed };
  }));
  await until('a third of the doomed are in', () => nDoomedInside >= N_ROOMS * 10 / 3);
  await nodes.first.kill();
  const survivors = (await Promise.all(joins)).filter(({ isDoomed }) => !isDoomed);
  const everybody = [];
  for (const room of rooms) {
    const inside = survivors.filter((one) => one.room === room).map(({ witness }) => witness);
    assert.equal(inside.length, 10);
    assert.equal(new Set(inside.map(({ client }) => client.room.id)).size, 1, 'one room');
    /* Nothing that the dead one held stops the others meanwhile. */
    inside.push(await Witness.enter(t, nodes.other, room, 'Late'));
    await seeExactly(inside, inside.map(({ id }) => id), REAPED_MS + SLACK_MS);
    await hostIsOneOf(inside);
    await nodes.tell(room, inside.length);
    inside.forEach((witness) => witness.assertConsistent());
    everybody.push(...inside);
  }
  await leaveAll(everybody);
  await nodes.areEmpty(keys);
});

test('R9 a node returns with a stale view, across two servers: it is fenced, and takes only its own back', async (t) => {
  const nodes = await startNodes(t, 2, { config: { rooms: { 'resume-grace-s': 30 } } });
  const keys = await nodes.redis.keys();
  const [sleeper, other] = nodes.servers;
  /* The first of each is the host, on the server that will sleep. */
  const shared = await peopleOn(t, nodes, [0, 0, 0, 1]);
  const renamed = await peopleOn(t, nodes, [0, 0]);
  const deserted = await peopleOn(t, nodes, [0]);
  const [host, roamer, silent, staying] = shared.witnesses;
  const doors = await Promise.all(Array.from({ length: 10 }, () => connect(t, sleeper)));

  sleeper.signal('SIGSTOP');
  /* One does not wait for what comes, and is elsewhere before the lease runs out. */
  const roamed = await Witness.enter(t, other, shared.name, roamer.name, { session: roamer.client.session });
  assert.equal(roamed.id, roamer.id);
  await seeExactly([staying, roamed], [staying.id, roamed.id], REAPED_MS + SLACK_MS);
  await hostIsOneOf([staying, roamed]);
  for (const { name } of [renamed, deserted])
    assert.equal((await other.http('GET', `/room/${name}`)).status, 404);
  /* Somebody takes the name of a room that went; of those who sleep one asks to be let go, and one plays the host. */
  const newcomer = await Witness.enter(t, other, renamed.name, 'Newcomer');
  silent.client.notify('leave');
  host.client.notify('lock', { locked: true });
  const comers = doors.map((client, index) => joinRoom(client, shared.name, `Comer ${index}`)
    .then((joined) => new Witness(joined, `Comer ${index}`), (error) => assert.equal(error.reason, 'store_unavailable')));
  sleeper.signal('SIGCONT');

  await withDeadline('the old session to be told', roamer.client.closed);
  for (const { client } of renamed.witnesses)
    await withDeadline('those of the room that went to be told', client.closed);
  const came = (await Promise.all(comers)).filter(Boolean);
  const inside = () => [host, roamed, staying, ...came].filter(({ client }) => client.isOpen);
  await until('all who are inside see the same', () => {
    const ids = inside().map(({ id }) => id);
    return inside().every((witness) => witness.sees(ids));
  }, 15000).catch((error) => {
    const seen = inside().map(({ name, present }) => `${name} sees ${[...present.values()]}`);
    throw new Error(`${error.message}: ${seen.join('; ')}`, { cause: error });
  });
  assert.ok(inside().includes(roamed), 'who came back elsewhere is left there');
  await nodes.tell(shared.name, inside().length);
  await nodes.tell(renamed.name, 1);
  await nodes.tell(deserted.name, deserted.witnesses[0].client.isOpen ? 1 : null);
  for (const server of nodes.servers) {
    const { body } = await server.http('GET', `/room/${renamed.name}`);
    assert.equal(body.room.id, newcomer.client.room.id, 'the name is the newcomer\'s');
    assert.equal((await server.http('GET', `/room/${shared.name}`)).body.room.locked, false, 'a host of old locks nothing');
  }
  await stayQuiet([...inside(), newcomer], 2000);
  staying.assertTold(roamed.id, []);
  staying.assertTold(silent.id, ['left']);
  came.forEach(({ id }) => staying.assertTold(id, ['joined']));
  staying.assertTold(host.id, host.client.isOpen ? ['left', 'joined'] : ['left']);

  /* Fenced, it is a server like any other again. */
  const visitor = await Witness.enter(t, sleeper, shared.name, 'Visitor');
  await seeExactly([...inside(), visitor], [...inside(), visitor].map(({ id }) => id));
  await leaveAll([...shared.witnesses, ...deserted.witnesses, ...came, roamed, newcomer, visitor]);
  await nodes.areEmpty(keys);
});

/* on: the server of each. Returns a new room of that name with witnesses who all see each other. */
async function peopleOn(t, nodes, on) {
  const name = newRoom();
  const witnesses = [];
  for (const [index, server] of on.entries())
    witnesses.push(await Witness.enter(t, nodes.at(server), name, `${name}-${index}@${server}`));
  await seeExactly(witnesses, witnesses.map(({ id }) => id));
  return { name, witnesses };
}

async function hostIsOneOf(witnesses) {
  await until('there is a host among them', () => witnesses.some(({ id }) => id === witnesses[0].host));
  await until('all know the same host', () => new Set(witnesses.map(({ host }) => host)).size === 1);
}

async function leaveAll(witnesses) {
  await Promise.all(witnesses.filter(({ client }) => client.isOpen).map(({ client }) => client.close()));
}
