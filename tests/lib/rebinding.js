/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A NAT between a client and the media port, which forgets whose port is whose: from one packet to the next, the client
 * comes from another. */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { defer } from './cleanup.js';

const ADDRESS = '127.0.0.1';

async function bound() {
  const socket = createSocket('udp4').bind(0, ADDRESS);
  await once(socket, 'listening');
  return socket;
}

export class RebindingNat {
  #inside;
  /* The client's address and port -> the socket that stands for them outside. */
  #outside = new Map();
  #serverPort;
  /* Whether nothing passes, either way. */
  isBlocked = false;

  static async start(t) {
    const nat = new RebindingNat();
    nat.#inside = await bound();
    nat.#inside.on('message', (data, from) => nat.#forward(data, from));
    defer(t, () => nat.#close());
    return nat;
  }

  get address() {
    return ADDRESS;
  }

  get port() {
    return this.#inside.address().port;
  }

  /* Where the media port is. */
  leadTo(serverPort) {
    this.#serverPort = serverPort;
  }

  /* From here on, everybody comes from another port, and nothing comes back through the old ones. */
  rebind() {
    this.#outside.forEach((socket) => socket.close());
    this.#outside.clear();
  }

  /* A client on this machine comes from any of its addresses. */
  #forward(data, { address, port }) {
    const client = `${address}:${port}`;
    let socket = this.#outside.get(client);
    if (!socket) {
      socket = createSocket('udp4');
      socket.on('message', (answer) => {
        if (!this.isBlocked)
          this.#inside.send(answer, port, address);
      });
      this.#outside.set(client, socket);
    }
    if (!this.isBlocked)
      socket.send(data, this.#serverPort, ADDRESS);
  }

  #close() {
    this.rebind();
    this.#inside.close();
  }
}
