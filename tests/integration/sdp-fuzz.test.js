/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Browsers' offers and an answer, mutated at random but always alike: whatever comes of it, the process lives, a good
 * offer is then answered, and the others' call goes on. SALON_FUZZ_SEED and SALON_FUZZ_ROUNDS look further. */

import assert from 'node:assert/strict';
import * as runner from 'node:test';
import { Attacker, HonestCall, join, readOffer, split } from '../lib/attacker.js';
import { startServer } from '../lib/server.js';
import { Whep } from '../lib/whip.js';

const { test } = runner;
const SEED = Number(process.env.SALON_FUZZ_SEED ?? 20221031);
const ROUNDS = Number(process.env.SALON_FUZZ_ROUNDS ?? (process.env.SALON_TEST_SANITIZED ? 10 : 150));
/* Each takes a connection of its own. */
const PLAYERS = Math.ceil(ROUNDS / 3);
const server = await startServer(runner);
const call = await HonestCall.start(runner, server);

/* Mulberry32: integers below `limit`. */
function generator(seed) {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) % limit;
  };
}

const WORDS = ['0', '-1', '1', '127', '128', '65536', '4294967296', 'a=', 'm=audio 9 UDP/TLS/RTP/SAVPF 111', ' ', ':', ';',
               '/', '%s', 'é', 'BUNDLE', 'sendrecv', 'inactive', 'actpass', 'apt=96', 'x'.repeat(300), '\u0001',
               '\u{1F600}', '', 'sha-256', '*'];
const NUMBERS = [0, -1, 1, 2, 3, 15, 63, 96, 127, 128, 255, 65535, 65536, 2147483648, 4294967295, 4294967296];

const pick = (random, list) => list[random(list.length)];

/* Each takes the lines and alters them in place; `other` is another description to take lines from. */
const MUTATIONS = [
  (lines, random) => lines.splice(random(lines.length), 1),
  (lines, random) => lines.splice(random(lines.length), 0, pick(random, lines)),
  (lines, random) => lines.push(...lines.splice(random(lines.length), 1 + random(5))),
  (lines, random, other) => lines.splice(random(lines.length), 0, pick(random, other)),
  (lines, random, other) => lines.splice(random(lines.length), 1, pick(random, other)),
  (lines, random) => {
    const [a, b] = [random(lines.length), random(lines.length)];
    [lines[a], lines[b]] = [lines[b], lines[a]];
  },
  (lines, random) => alterLine(lines, random, (line) => line.replace(/\d+/, pick(random, NUMBERS))),
  (lines, random) => alterLine(lines, random, (line) => line.replace(/\d+(?=\D*$)/, pick(random, NUMBERS))),
  (lines, random) => alterLine(lines, random, (line) => line.slice(0, random(line.length + 1))),
  (lines, random) => alterLine(lines, random, (line) => {
    const at = random(line.length + 1);
    return line.slice(0, at) + pick(random, WORDS) + line.slice(at + random(3));
  }),
  (lines, random) => alterLine(lines, random, (line) => {
    const words = line.split(' ');
    words.splice(random(words.length), 1, pick(random, WORDS));
    return words.join(' ');
  }),
];

function alterLine(lines, random, alter) {
  const at = random(lines.length);
  lines[at] = alter(lines[at]);
}

function mutate(sdp, random, other) {
  const lines = split(sdp).flat();
  const others = split(other).flat();
  for (let count = 1 + random(4); count > 0; count--)
    pick(random, MUTATIONS)(lines, random, others);
  return join(lines);
}

/* As the page makes it: the camera, the first picture, in simulcast. */
function inSimulcast(offer) {
  const lines = ['a=mid:1', 'a=rid:q send', 'a=rid:h send', 'a=rid:f send', 'a=simulcast:send q;h;f'];
  assert.ok(offer.includes('a=mid:1\r\n'));
  return offer.replace('a=mid:1\r\n', `${lines.join('\r\n')}\r\n`);
}

const OFFERS = { chromium: inSimulcast(readOffer('chromium')), firefox: readOffer('firefox') };
const otherOf = (browser) => OFFERS[browser === 'chromium' ? 'firefox' : 'chromium'];
const OUTCOMES = new Set(['answered', 'media_error', 'invalid_params']);

for (const [browser, good] of Object.entries(OFFERS)) {
  test(`${ROUNDS} first offers made of ${browser}'s, seed ${SEED}`, async (t) => {
    const random = generator(SEED);
    for (let round = 0; round < ROUNDS; round++) {
      const attacker = await Attacker.enter(t, server);
      const outcome = await attacker.offer(mutate(good, random, otherOf(browser)));
      assert.ok(OUTCOMES.has(outcome), `round ${round}: ${outcome}`);
      if (outcome !== 'answered')
        assert.equal(await attacker.offer(good), 'answered', `round ${round}: a good offer after it`);
      await attacker.leave();
    }
    await call.goesOn();
  });

  test(`${ROUNDS} further offers made of ${browser}'s, seed ${SEED}`, async (t) => {
    const random = generator(SEED + 1);
    let attacker;
    for (let round = 0; round < ROUNDS; round++) {
      if (round % 10 === 0) {
        await attacker?.leave();
        attacker = await Attacker.enter(t, server);
        assert.equal(await attacker.offer(good), 'answered');
      }
      const outcome = await attacker.offer(mutate(good, random, otherOf(browser)));
      assert.ok(OUTCOMES.has(outcome), `round ${round}: ${outcome}`);
    }
    await call.goesOn();
  });
}

test(`${PLAYERS} offers of a player's, seed ${SEED}`, async (t) => {
  const random = generator(SEED + 3);
  const { offer: good } = await Whep.create(t, server);
  for (let round = 0; round < PLAYERS; round++) {
    const whep = await Whep.create(t, server);
    whep.offer = mutate(good, random, OFFERS.chromium);
    const { status } = await whep.post('fuzzed');
    assert.ok([201, 400].includes(status), `round ${round}: ${status}`);
    if (status === 201)
      assert.equal((await whep.delete()).status, 200, `round ${round}`);
    await whep.subscriber.close();
  }
  await call.goesOn();
});

test(`${ROUNDS} answers made of an honest one, seed ${SEED}`, async (t) => {
  const random = generator(SEED + 2);
  let attacker;
  for (let round = 0; round < ROUNDS; round++) {
    attacker ??= await Attacker.enter(t, server, { NoPublish: true });
    const honest = await attacker.honestAnswer();
    const outcome = await attacker.answer(mutate(honest, random, OFFERS.chromium));
    assert.ok(OUTCOMES.has(outcome), `round ${round}: ${outcome}`);
    if (outcome === 'answered' || round % 10 === 9) {
      if (outcome !== 'answered')
        assert.equal(await attacker.answer(honest), 'answered', `round ${round}: the honest answer after it`);
      await attacker.leave();
      attacker = undefined;
    }
  }
  await call.goesOn();
});
