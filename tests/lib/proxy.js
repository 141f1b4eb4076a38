/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A network that breaks, slows down and swallows on demand: between a client and the server, or between the server and
 * Redis. It carries TCP, e.g. the page and its WebSocket; media goes its own way, over UDP, and does not notice. */

import { connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { defer } from './cleanup.js';

/* 'http://host:port/', 'redis://host:port' or 'unix:///path' */
function dial(address) {
  const { protocol, hostname, port, pathname } = new URL(address);
  return protocol === 'unix:' ? connect(decodeURIComponent(pathname)) : connect(Number(port), hostname);
}

class Proxy {
  #links = new Set();
  #isCut = false;

  /* How long each byte is under way, in each direction. */
  delayMs = 0;

  constructor(server) {
    this.server = server;
  }

  /* Breaks every connection, and lets no new one through until mend(). */
  cut() {
    this.#isCut = true;
    for (const { near, far } of this.#links) {
      near.destroy();
      far.destroy();
    }
  }

  mend() {
    this.#isCut = false;
  }

  /* Breaks every connection on the client's side only: the server goes on believing in it, as when a cable is pulled.
   * New ones pass. */
  strand() {
    for (const link of this.#links) {
      link.isDead = true;
      link.near.destroy();
    }
  }

  /* Swallows everything: both sides go on believing, as behind a router that forgot them. New ones pass. */
  blackHole() {
    for (const link of this.#links)
      link.isDead = true;
  }

  accept(near) {
    if (this.#isCut) {
      near.destroy();
      return;
    }
    const link = { near, far: dial(this.server.url), isDead: false };
    this.#links.add(link);
    this.#carry(link, near, link.far);
    this.#carry(link, link.far, near);
    link.far.on('close', () => this.#links.delete(link));
  }

  /* In order, whatever the delay was when a byte set out. */
  #carry(link, from, to) {
    let last = Promise.resolve();
    const pass = (deliver) => {
      const arrivalMs = performance.now() + this.delayMs;
      last = last.then(async () => {
        const restMs = arrivalMs - performance.now();
        if (restMs > 0)
          await delay(restMs);
        if (!link.isDead && !to.destroyed)
          deliver();
      });
    };
    from.on('data', (data) => pass(() => to.write(data)));
    from.on('end', () => pass(() => to.end()));
    from.on('error', () => {});
    from.on('close', (isBroken) => pass(() => (isBroken ? to.destroy() : to.destroySoon())));
  }
}

/* `url` is the way to the server (anything with a URL); `server` may be changed to another one. */
export async function startProxy(t, server) {
  const proxy = new Proxy(server);
  const listener = createServer((near) => proxy.accept(near));
  await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address();
  proxy.url = `http://127.0.0.1:${port}/`;
  proxy.redisUrl = `redis://127.0.0.1:${port}/0`;
  defer(t, () => {
    proxy.cut();
    listener.close();
  });
  return proxy;
}
