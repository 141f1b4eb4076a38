/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands between clients and the media port: each client has a socket of its own towards the server, as behind a
 * NAT. What it does to packets is its subclasses': here they pass. */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { defer } from './cleanup.js';

const ADDRESS = '127.0.0.1';

export class UdpRelay {
  #inside = createSocket('udp4');
  /* The client's address and port -> the socket that stands for them outside. */
  #outside = new Map();
  #server;

  /* args: the constructor's. */
  static async start(t, ...args) {
    const relay = new this(...args);
    relay.#inside.on('message', (data, from) => relay.#forward(data, from));
    relay.#inside.bind(0, ADDRESS);
    await once(relay.#inside, 'listening');
    defer(t, () => relay.close());
    return relay;
  }

  /* Where clients send. */
  get address() {
    return ADDRESS;
  }

  get port() {
    return this.#inside.address().port;
  }

  /* Where the media port is. What comes before this is known is lost. */
  leadTo(port, address = ADDRESS) {
    this.#server = { port, address };
  }

  /* What happens to a packet of this many bytes: `deliver` brings it to the other side, at any time. packet: itself. */
  carryUp(length, deliver, packet) {
    deliver();
  }

  carryDown(length, deliver, packet) {
    deliver();
  }

  /* From here on, everybody comes from another port, and nothing comes back through the old ones. */
  forgetPorts() {
    this.#outside.forEach((socket) => socket.close());
    this.#outside.clear();
  }

  close() {
    this.forgetPorts();
    this.#inside.close();
    this.#inside = undefined;
  }

  /* A client on this machine comes from any of its addresses. */
  #forward(data, { address, port }) {
    const client = `${address}:${port}`;
    const socket = this.#outside.get(client) ?? this.#open(client, address, port);
    this.carryUp(data.length, () => {
      if (this.#outside.get(client) === socket && this.#server)
        socket.send(data, this.#server.port, this.#server.address);
    }, data);
  }

  #open(client, address, port) {
    const socket = createSocket('udp4');
    socket.on('message', (answer) => this.carryDown(answer.length, () => {
      if (this.#outside.get(client) === socket)
        this.#inside.send(answer, port, address);
    }, answer));
    this.#outside.set(client, socket);
    return socket;
  }
}
