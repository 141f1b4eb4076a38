/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many raw TCP connections at once, each of which says whatever it likes, and reads or not. */

import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { defer } from './cleanup.js';
import { until, withDeadline } from './until.js';

/* As many handshakes at once as the listener's queue takes. */
const BATCH = 100;

/* A client's frame (RFC 6455, section 5.2), masked with zeros. */
export function frame(opcode, payload = Buffer.alloc(0), { fin = true, length = payload.length } = {}) {
  const head = [(fin ? 0x80 : 0) | opcode];
  if (length < 126)
    head.push(0x80 | length);
  else if (length < 65536)
    head.push(0x80 | 126, length >> 8, length & 0xff);
  else
    head.push(0x80 | 127, 0, 0, 0, 0, (length >>> 24) & 0xff, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff);
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), payload]);
}

export const OPCODE = { continuation: 0, text: 1, ping: 9, pong: 10 };

export function request(method, path, headers = {}) {
  return `${[`${method} ${path} HTTP/1.1`, 'Host: localhost', ...Object.entries(headers).map(([k, v]) => `${k}: ${v}`)].join('\r\n')}\r\n\r\n`;
}

const UPGRADE = { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Version': 13 };

class Member {
  isClosed = false;

  constructor(socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.once('close', () => { this.isClosed = true; });
  }

  write(data) {
    if (!this.isClosed)
      this.socket.write(data);
  }

  /* Reads the answer, and nothing after it. */
  async upgrade(headers = {}) {
    const key = randomBytes(16).toString('base64');
    this.write(request('GET', '/ws', { ...UPGRADE, 'Sec-WebSocket-Key': key, ...headers }));
    const [head] = await withDeadline('the upgrade', once(this.socket, 'data'), 20000);
    this.socket.pause();
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    if (!head.includes(accept))
      throw new Error(`no upgrade: ${head.toString().slice(0, 200)}`);
  }

  /* Reads and forgets. */
  drain() {
    this.socket.resume();
  }
}

export class Crowd {
  static async connect(t, server, size) {
    const { hostname, port } = new URL(server.url);
    const members = [];
    defer(t, () => members.forEach(({ socket }) => socket.destroy()));
    while (members.length < size) {
      const sockets = Array.from({ length: Math.min(BATCH, size - members.length) }, () => connect(Number(port), hostname));
      members.push(...sockets.map((socket) => new Member(socket)));
      await Promise.all(sockets.map((socket) => withDeadline('a TCP connection', once(socket, 'connect'), 20000)));
    }
    return new Crowd(members);
  }

  constructor(members) {
    this.members = members;
  }

  get size() {
    return this.members.length;
  }

  get nOpen() {
    return this.members.filter(({ isClosed }) => !isClosed).length;
  }

  /* All of them, a batch at a time. */
  async each(act) {
    for (let at = 0; at < this.size; at += BATCH)
      await Promise.all(this.members.slice(at, at + BATCH).map((member, i) => act(member, at + i)));
  }

  async upgrade() {
    await this.each((member) => member.upgrade());
  }

  drain() {
    this.members.forEach((member) => member.drain());
  }

  /* Calls `act` with each again and again, until the server has hung up on all. */
  async untilRefused(what, act, deadlineMs) {
    await until(what, async () => {
      await this.each(async (member) => member.isClosed || act(member));
      return this.nOpen === 0;
    }, deadlineMs);
  }

  async close() {
    const closing = this.members.filter(({ isClosed }) => !isClosed).map(({ socket }) => once(socket, 'close'));
    this.members.forEach(({ socket }) => socket.destroy());
    await Promise.all(closing);
  }
}
