/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A network between browser and server that breaks on demand. It carries TCP, the page and its WebSocket; media goes
 * its own way, over UDP, and does not notice. */

import { connect, createServer } from 'node:net';
import { defer } from './cleanup.js';

class Proxy {
  #links = new Set();
  #isCut = false;

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

  /* Breaks every connection on the browser's side only: the server goes on believing in it, as when a cable is pulled.
   * New ones pass. */
  strand() {
    for (const { near, far } of this.#links) {
      near.unpipe(far);
      far.unpipe(near);
      near.destroy();
    }
  }

  /* Swallows everything: both sides go on believing, as behind a router that forgot them. New ones pass. */
  blackHole() {
    for (const { near, far } of this.#links) {
      near.unpipe(far);
      far.unpipe(near);
      near.resume();
      far.resume();
    }
  }

  accept(near) {
    if (this.#isCut) {
      near.destroy();
      return;
    }
    const { hostname, port } = new URL(this.server.url);
    const link = { near, far: connect(Number(port), hostname) };
    this.#links.add(link);
    near.pipe(link.far);
    link.far.pipe(near);
    near.on('error', () => {});
    link.far.on('error', () => near.destroy());
    link.far.on('close', () => {
      this.#links.delete(link);
      near.destroy();
    });
  }
}

/* `url` is the way to the server; `server` may be changed to another one. */
export async function startProxy(t, server) {
  const proxy = new Proxy(server);
  const listener = createServer((near) => proxy.accept(near));
  await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
  proxy.url = `http://127.0.0.1:${listener.address().port}/`;
  defer(t, () => {
    proxy.cut();
    listener.close();
  });
  return proxy;
}
