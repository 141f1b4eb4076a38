/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The servers that are compared, each with the same two things to do: publish and watch, from a page of a browser, by
 * way of a link. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import { defer } from '../../lib/cleanup.js';
import { Impairment } from '../../lib/impairment.js';
import { JANUS_ROOM, startJanus } from '../../lib/janus.js';
import { newRoom } from '../../lib/people.js';
import { startServer } from '../../lib/server.js';
import { until } from '../../lib/until.js';
import * as pages from './pages.js';

const COME_MS = 30000;

/* The same for both; Salon's library chooses its own, which these are: of a picture of 1280 x 720, and of 320 x 240. */
const LAYERS = [{ rid: 'h', maxBitrate: 1_700_000 }, { rid: 'm', maxBitrate: 500_000, scaleResolutionDownBy: 2 },
                { rid: 'l', maxBitrate: 150_000, scaleResolutionDownBy: 4 }];
const ONE_LAYER = [{ maxBitrate: 500_000 }];

/* Counts what goes down a second time: of a payload type for that, or with a number that already went. */
export class WatchedLink extends Impairment {
  #rtxTypes = new Set();
  #numbers = new Map();
  resent = 0;

  expectRtx(types) {
    this.#rtxTypes = new Set(types);
  }

  carryDown(length, deliver, packet) {
    if (length >= 12 && packet[0] >> 6 === 2 && !(packet[1] >= 192 && packet[1] < 224))
      this.resent += this.#isResent(packet);
    super.carryDown(length, deliver, packet);
  }

  #isResent(packet) {
    const [ssrc, number] = [packet.readUInt32BE(8), packet.readUInt16BE(2)];
    const seen = this.#numbers.get(ssrc) ?? this.#numbers.set(ssrc, new Uint8Array(0x10000)).get(ssrc);
    const isKnown = seen[number] === 1;
    seen[number] = 1;
    /* Half of them are forgotten, so that the next round of numbers is new. */
    seen[(number + 0x8000) & 0xffff] = 0;
    return isKnown || this.#rtxTypes.has(packet[1] & 0x7f);
  }
}

/* Where the pages come from that callers are in: another origin than the servers', as with somebody's own application.
 * Returns: its URL. */
async function servePage(t) {
  const server = createServer((request, response) =>
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>caller</title>'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  defer(t, () => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${server.address().port}/`;
}

async function openPage(browser, url, options) {
  const page = await browser.newPage(options);
  await page.goto(url);
  return page;
}

class Salon {
  static async start(t) {
    const pageUrl = await servePage(t);
    const server = await startServer(t, { config: { server: { 'allowed-origins': new URL(pageUrl).origin } } });
    return Object.assign(new Salon(), { name: 'salon', pageUrl, server, url: server.url });
  }

  /* Returns: what to watch. link: (nullable) */
  async publish(browser, link) {
    link?.leadTo(this.server.mediaPort);
    const page = await openPage(browser, this.pageUrl, { nat: link });
    const room = newRoom();
    await page.evaluate(pages.publishToSalon, { server: this.url, room });
    return { room, page };
  }

  /* Returns: the page of somebody who watches. */
  async watch(browser, link, { room }) {
    link.leadTo(this.server.mediaPort);
    const page = await openPage(browser, this.pageUrl, { nat: link });
    await page.evaluate(pages.prepareToWatch);
    await page.evaluate(pages.watchOnSalon, { server: this.url, room });
    return page;
  }
}

/* Each connection has a port of its own at Janus, told in its description: the link leads there, and the description to
 * the link. */
async function exposeLink(page, link) {
  await page.exposeFunction('throughLink', (sdp) => {
    const [, address, port] = sdp.match(/^a=candidate:\S+ 1 udp \d+ (\d+\.\S+) (\d+) typ host/im) ?? [];
    if (!port)
      throw new Error(`no candidate in ${sdp}`);
    link?.leadTo(Number(port), address);
    const shown = link ?? { address, port };
    let isFirst = true;
    return sdp.replace(/^a=candidate:.*\r\n/gm, () => {
      const line = isFirst ? `a=candidate:1 1 udp 2015363327 ${shown.address} ${shown.port} typ host\r\n` : '';
      isFirst = false;
      return line;
    });
  });
}

class Janus {
  static async start(t) {
    return Object.assign(new Janus(), { name: 'janus', pageUrl: await servePage(t), ...await startJanus(t) });
  }

  async #open(browser, link) {
    const page = await openPage(browser, this.pageUrl);
    await exposeLink(page, link);
    await page.evaluate(pages.prepareForJanus);
    return page;
  }

  async publish(browser, link, { isSimulcast } = {}) {
    const page = await this.#open(browser, link);
    const encodings = isSimulcast ? LAYERS : ONE_LAYER;
    const feed = await page.evaluate(pages.publishToJanus, { host: this.host, room: JANUS_ROOM, encodings });
    /* It can be watched once its connection is there. */
    await until('Janus has the publisher', () =>
      page.evaluate(() => window.published.connectionState === 'connected'), COME_MS);
    return { feed, page };
  }

  async watch(browser, link, { feed }) {
    const page = await this.#open(browser, link);
    await page.evaluate(pages.prepareToWatch);
    await page.evaluate(pages.watchOnJanus, { host: this.host, room: JANUS_ROOM, feed });
    return page;
  }
}

export const SERVERS = { salon: Salon, janus: Janus };

/* Somebody who watches, with the link they watch through, which plays sound and pictures when this returns. */
export async function watch(server, browser, link, published) {
  const page = await server.watch(browser, link, published);
  await until(`${server.name} sends pictures`, () => page.evaluate(() => window.received.length > 0), COME_MS);
  await until(`${server.name} sends sound`, async () => (await page.evaluate(pages.readTotals)).samples > 0, COME_MS);
  if (link instanceof WatchedLink)
    link.expectRtx(await page.evaluate(pages.readRtxTypes));
  return page;
}
