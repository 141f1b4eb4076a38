/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Data channels of a room, in browsers, by the client library. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import * as runner from 'node:test';
import { openChromium, openFirefox } from '../lib/browsers.js';
import { newRoom } from '../lib/people.js';
import { startServer } from '../lib/server.js';
import { never, until } from '../lib/until.js';

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
    const kept = { channel, heard: [], isClosed: false };
    window.channels.set(channel.label, kept);
    channel.binaryType = 'arraybuffer';
    channel.addEventListener('message', ({ data }) => kept.heard.push(describe(data)));
    channel.addEventListener('close', () => (kept.isClosed = true));
  };
  Object.assign(window, { salon, channels: new Map(), refused: [] });
  window.openChannel = async (label, options) => keep(await salon.openDataChannel(label, options));
  salon.addEventListener('data-channel', ({ detail }) => keep(detail.channel));
  salon.addEventListener('data-channel-closed', ({ detail }) => window.refused.push(detail));
  await salon.join();
}

class Someone {
  static async join(t, browser, room, name, dataChannels = true) {
    const someone = new Someone();
    someone.page = await browser.newPage();
    t.after(() => someone.page.close());
    await someone.page.goto(server.url);
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
    await until(`"${label}" is closed`, () => this.page.evaluate((what) => window.channels.get(what)?.isClosed, label));
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
