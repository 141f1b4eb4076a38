/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Data channels of a room, in browsers, by the client library. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import * as runner from 'node:test';
import { openChromium, openFirefox } from '../lib/browsers.js';
import { Impairment } from '../lib/impairment.js';
import { newRoom } from '../lib/people.js';
import { startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;
const server = await startServer(runner);
const chromium = await openChromium(runner);
const firefox = await openFirefox(runner);

/* In the page: joins, and keeps what happens to every channel. Messages are kept by their beginnings and sizes. */
async function joinRoom({ room, name, dataChannels }) {
  const { Salon } = await import('/static/salon.js');
  const salon = new Salon({ room, name, dataChannels });
  const describe = (data) => (typeof data === 'string'
    ? { text: data.slice(0, 40), size: data.length }
    : { bytes: [...new Uint8Array(data).subarray(0, 4)], size: data.byteLength });
  const keep = (channel) => {
    const kept = { channel, heard: [] };
    window.channels.set(channel.label, kept);
    channel.binaryType = 'arraybuffer';
    channel.addEventListener('message', ({ data }) => kept.heard.push(describe(data)));
  };
  Object.assign(window, { salon, channels: new Map(), refused: [] });
  window.openChannel = async (label, options) => keep(await salon.openDataChannel(label, options));
  salon.addEventListener('data-channel', ({ detail }) => keep(detail.channel));
  salon.addEventListener('data-channel-closed', ({ detail }) => window.refused.push(detail));
  await salon.join();
}

class Someone {
  static async join(t, browser, room, name, dataChannels = true, { url } = server) {
    const someone = new Someone();
    someone.page = await browser.newPage();
    t.after(() => someone.page.close());
    await someone.page.goto(url);
    await someone.page.evaluate(joinRoom, { room, name, dataChannels });
    return someone;
  }

  async opens(label, options) {
    await this.page.evaluate(([what, how]) => window.openChannel(what, how), [label, options]);
  }

  async sends(label, text) {
    await this.page.evaluate(([what, data]) => window.channels.get(what).channel.send(data), [label, text]);
  }

  async sendsBytes(label, size) {
    await this.page.evaluate(([what, count]) =>
      window.channels.get(what).channel.send(new Uint8Array(count).fill(255)), [label, size]);
  }

  async heard(label) {
    return await this.page.evaluate((what) => window.channels.get(what)?.heard, label);
  }

  async hasOpen(label) {
    await until(`"${label}" is open`, () => this.page.evaluate((what) =>
      window.channels.get(what)?.channel.readyState === 'open', label), 15000);
  }

  async seesClosed(label) {
    await until(`"${label}" is closed`, () => this.page.evaluate((what) =>
      window.channels.get(what)?.channel.readyState === 'closed', label), 15000);
  }

  async hears(label, count) {
    return await until(`${count} messages of "${label}"`, async () => {
      const heard = await this.heard(label);
      return heard?.length >= count && heard;
    }, 15000);
  }

  async refusals() {
    return await this.page.evaluate(() => window.refused);
  }

  async leaves() {
    await this.page.evaluate(() => window.salon.leave());
  }
}

for (const [name, first, second] of [['Chromium and Chromium', chromium, chromium], ['Firefox and Chromium', firefox, chromium],
                                     ['Chromium and Firefox', chromium, firefox]]) {
  test(`${name}: text and bytes go both ways, and nobody hears themselves`, { timeout: 60000 }, async (t) => {
    const room = newRoom();
    const ann = await Someone.join(t, first, room, 'Ann');
    const bob = await Someone.join(t, second, room, 'Bob');
    await ann.opens('chat');
    await bob.hasOpen('chat');
    await ann.sends('chat', 'Grüße 🎉');
    assert.deepEqual(await bob.hears('chat', 1), [{ text: 'Grüße 🎉', size: 8 }]);
    await bob.sendsBytes('chat', 3);
    assert.deepEqual(await ann.hears('chat', 1), [{ bytes: [255, 255, 255], size: 3 }]);
    await bob.sends('chat', '');
    await bob.sendsBytes('chat', 65536);
    assert.deepEqual((await ann.hears('chat', 3)).slice(1), [{ text: '', size: 0 },
                                                             { bytes: [255, 255, 255, 255], size: 65536 }]);
    assert.equal((await bob.heard('chat')).length, 1);
  });
}

for (const media of [{ 'send-path': 'webrtcbin' }, { ice: 'full' }]) {
  test(`the same with ${JSON.stringify(media)}`, { timeout: 60000 }, async (t) => {
    const other = await startServer(t, { config: { media } });
    const room = newRoom();
    const ann = await Someone.join(t, chromium, room, 'Ann', true, other);
    const bob = await Someone.join(t, chromium, room, 'Bob', true, other);
    await ann.opens('chat');
    await bob.hasOpen('chat');
    await ann.sends('chat', 'there');
    await bob.hears('chat', 1);
    await bob.sends('chat', 'and back');
    await ann.hears('chat', 1);
  });
}

test('how reliable a channel is, holds for all', { timeout: 30000 }, async (t) => {
  const room = newRoom();
  const ann = await Someone.join(t, chromium, room, 'Ann');
  const bob = await Someone.join(t, firefox, room, 'Bob');
  await ann.opens('lossy', { ordered: false, maxRetransmits: 0, protocol: 'v1' });
  await ann.opens('timed', { maxPacketLifeTime: 300 });
  await bob.hasOpen('lossy');
  await bob.hasOpen('timed');
  const modes = await bob.page.evaluate(() => [...window.channels.values()].map(({ channel }) =>
    [channel.label, channel.ordered, channel.maxRetransmits, channel.maxPacketLifeTime, channel.protocol]));
  assert.deepEqual(modes.sort(), [['lossy', false, 0, null, 'v1'], ['timed', true, null, 300, '']]);
  await ann.sends('lossy', 'there');
  await bob.hears('lossy', 1);
});

test('rooms are apart, and who takes none gets none', { timeout: 30000 }, async (t) => {
  const room = newRoom();
  const ann = await Someone.join(t, chromium, room, 'Ann');
  const bob = await Someone.join(t, chromium, room, 'Bob');
  const cat = await Someone.join(t, chromium, room, 'Cat', false);
  const eve = await Someone.join(t, chromium, newRoom(), 'Eve');
  await eve.opens('talk');
  await ann.opens('talk');
  await bob.hasOpen('talk');
  await ann.sends('talk', 'for this room');
  await bob.hears('talk', 1);
  assert.deepEqual(await eve.heard('talk'), []);
  assert.equal(await cat.heard('talk'), undefined);
  const offered = await cat.page.evaluate(() =>
    window.salon.peerConnections.get(1).remoteDescription.sdp.includes('m=application'));
  assert.equal(offered, false);
  /* What she did not take, she can still open. */
  await cat.opens('talk');
  await bob.sends('talk', 'to all');
  assert.deepEqual(await cat.hears('talk', 1), [{ text: 'to all', size: 6 }]);
});

test('who comes later has the channels of those before', { timeout: 30000 }, async (t) => {
  const room = newRoom();
  const ann = await Someone.join(t, chromium, room, 'Ann');
  await ann.opens('one');
  await ann.opens('two');
  const bob = await Someone.join(t, chromium, room, 'Bob');
  await bob.hasOpen('one');
  await bob.hasOpen('two');
  /* His own, instead of ours. */
  await bob.opens('one');
  await bob.sends('one', 'mine');
  await ann.hears('one', 1);
  await ann.sends('one', 'once');
  assert.deepEqual(await bob.hears('one', 1), [{ text: 'once', size: 4 }]);
});

test('a channel goes with the last who opened it, closing or leaving', { timeout: 60000 }, async (t) => {
  const room = newRoom();
  const [ann, bob, cat] = await Promise.all(['Ann', 'Bob', 'Cat'].map((name) => Someone.join(t, chromium, room, name)));
  await ann.opens('shared');
  await bob.hasOpen('shared');
  await bob.opens('shared');
  await cat.hasOpen('shared');
  await ann.opens('brief');
  await cat.hasOpen('brief');
  await ann.page.evaluate(() => window.channels.get('brief').channel.close());
  await cat.seesClosed('brief');
  await ann.leaves();
  await bob.sends('shared', 'still there');
  await cat.hears('shared', 1);
  await bob.leaves();
  await cat.seesClosed('shared');
  assert.deepEqual(await cat.refusals(), []);
});

test('too many channels are refused, and the client is told', { timeout: 60000 }, async (t) => {
  const room = newRoom();
  const people = [await Someone.join(t, chromium, room, 'Ann'), await Someone.join(t, chromium, room, 'Bob'),
                  await Someone.join(t, chromium, room, 'Cat')];
  for (const [index, person] of people.slice(0, 2).entries()) {
    for (let i = 0; i < 8; i++)
      await person.opens(`${index}-${i}`);
  }
  await people[0].opens('one more');
  await until('Ann is told', async () => (await people[0].refusals()).length === 1);
  assert.deepEqual(await people[0].refusals(), [{ label: null, reason: 'too_many_channels' }]);
  await people[0].seesClosed('one more');
  await people[2].hasOpen('1-7');
  await people[2].opens('the 17th');
  await until('Cat is told', async () => (await people[2].refusals()).length === 1);
  assert.deepEqual(await people[2].refusals(), [{ label: 'the 17th', reason: 'too_many_labels' }]);
  await people[2].opens('ion-sfu');
  await until('Cat is told again', async () => (await people[2].refusals()).length === 2);
  assert.deepEqual((await people[2].refusals())[1], { label: 'ion-sfu', reason: 'reserved_label' });
  await people[2].seesClosed('the 17th');
  await people[0].sends('0-0', 'goes on');
  await people[1].hears('0-0', 1);
});

test('a second channel of a label is refused', { timeout: 30000 }, async (t) => {
  const ann = await Someone.join(t, chromium, newRoom(), 'Ann');
  await ann.opens('twice');
  await ann.opens('twice');
  await ann.seesClosed('twice');
  assert.deepEqual(await ann.refusals(), [{ label: 'twice', reason: 'already_open' }]);
});

test('a message that is too large never leaves the browser', { timeout: 30000 }, async (t) => {
  const room = newRoom();
  const ann = await Someone.join(t, chromium, room, 'Ann');
  const bob = await Someone.join(t, chromium, room, 'Bob');
  await ann.opens('files');
  await bob.hasOpen('files');
  for (const person of [ann, bob])
    await assert.rejects(person.sendsBytes('files', 65537), /TypeError|larger|size/i);
  await ann.sendsBytes('files', 65536);
  await bob.hears('files', 1);
});

test('what the README shows works as it stands there', { timeout: 60000 }, async (t) => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const [, snippet] = readme.match(/### Data channels\n.*?```js\n(.*?)```/s);
  const script = `(async () => {
    const { Salon } = await import('/static/salon.js');
    ${snippet}
  })()`;
  const said = [];
  for (let i = 0; i < 2; i++) {
    const page = await chromium.newPage();
    t.after(() => page.close());
    page.on('console', (message) => said.push(message.text()));
    await page.goto(server.url);
    await page.evaluate(script);
  }
  await until('the first heard the second', () => said.includes('pointer {"x":0.5,"y":0.25}'), 15000);
});

/* In the page: sends kilobytes until so many have left, as fast as the channel takes them. How much waited at most. */
async function flood({ label, kilobytes }) {
  const { channel } = window.channels.get(label);
  const message = new Uint8Array(1024);
  channel.bufferedAmountLowThreshold = 65536;
  let highest = 0;
  for (let sent = 0; sent < kilobytes && channel.readyState === 'open'; sent++) {
    channel.send(message);
    highest = Math.max(highest, channel.bufferedAmount);
    if (channel.bufferedAmount > 262144) {
      await new Promise((resolve) => {
        channel.onbufferedamountlow = channel.onclose = resolve;
      });
    }
  }
  return highest;
}

test('a flood makes its sender wait, and nobody else', { timeout: 120000 }, async (t) => {
  const room = newRoom();
  const [ann, bob, cat] = await Promise.all(['Ann', 'Bob', 'Cat'].map((name) => Someone.join(t, chromium, room, name)));
  await ann.opens('flood');
  await bob.hasOpen('flood');
  await cat.hasOpen('flood');
  await bob.opens('talk');
  await cat.hasOpen('talk');
  await ann.hasOpen('talk');
  /* Twice what two receivers may be sent in the first second, and a second more of it. */
  const count = 8000;
  const flooding = ann.page.evaluate(flood, { label: 'flood', kilobytes: count });
  await bob.hears('flood', 100);
  for (let i = 1; i <= 5; i++) {
    await bob.sends('talk', `${i}`);
    await cat.hears('talk', i);
  }
  assert.ok(await flooding > 200000, 'the sender had to wait');
  for (const person of [bob, cat]) {
    await until('all of it is there', async () => (await person.heard('flood')).length === count, 60000);
    assert.deepEqual(await person.refusals(), []);
  }
  assert.deepEqual(await ann.refusals(), []);
  await until('Ann has heard the talk too', async () => (await ann.heard('talk')).length === 5);
});

test('who takes less than it is sent loses the channel, and nobody else does', { timeout: 120000 }, async (t) => {
  const room = newRoom();
  const link = await Impairment.start(t, { down: { delayMs: 20 } });
  link.leadTo(server.mediaPort);
  const ann = await Someone.join(t, chromium, room, 'Ann');
  const bob = await Someone.join(t, chromium, room, 'Bob');
  const cat = await Someone.join(t, await openChromium(t, { nat: link }), room, 'Cat');
  await ann.opens('files');
  await ann.opens('pointer', { ordered: false, maxRetransmits: 0 });
  for (const person of [bob, cat]) {
    await person.hasOpen('files');
    await person.hasOpen('pointer');
  }
  link.down.set({ rateBps: 200_000 });
  await ann.page.evaluate(flood, { label: 'files', kilobytes: 3000 });
  await until('all of it is with Bob', async () => (await bob.heard('files')).length === 3000, 60000);
  await until('Cat is told', async () => (await cat.refusals()).length === 1, 20000);
  assert.deepEqual(await cat.refusals(), [{ label: 'files', reason: 'too_slow' }]);
  /* What waits for her goes with the channel, or comes; a lossy one is behind it no longer than that. */
  link.down.set({ rateBps: Infinity });
  await cat.seesClosed('files');
  await until('the pointer comes through again', async () => {
    await ann.sends('pointer', 'here');
    return (await cat.heard('pointer')).length > 0;
  }, 20000);
  assert.deepEqual(await bob.refusals(), []);
  await ann.sends('files', 'more');
  await bob.hears('files', 3001);
});
