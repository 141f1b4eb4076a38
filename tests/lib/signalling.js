/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One WebSocket to /ws. Whatever goes over it is checked against the protocol's schema; a server message that breaks
 * it is thrown from the socket's handler, which fails the running test wherever it waits. */

import { WebSocket } from 'ws';
import { checkClientMessage, checkNotification, checkResponse } from './schema.js';
import { withDeadline } from './until.js';

const SDP_METHODS = new Set(['offer', 'answer']);

export class SignallingError extends Error {
  constructor(method, error) {
    super(`${method}: ${error.message} (${error.data.reason})`);
    this.code = error.code;
    this.reason = error.data.reason;
  }
}

export class SignallingClient {
  #socket;
  #lastId = 0;
  #pending = new Map();
  #arrived = [];
  #waiting = [];
  #handlers = new Map();

  /* Every message in order of sending and arrival: { sent, message }. */
  history = [];
  /* Called after each of them. */
  onMessage = () => {};
  /* Resolves with { code, reason }. */
  closed;

  /* socket: the path of a Unix socket to go through. */
  static async connect(server, { headers = {}, socket: path, origin = path ? undefined : new URL(server.url).origin } = {}) {
    const url = path ? `ws+unix:${path}:/ws` : new URL('/ws', server.url);
    if (!path)
      url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    /* ws may forget its timer for a close that never ends, which then keeps the process alive. */
    const socket = new WebSocket(url, { origin, headers, perMessageDeflate: false, ca: server.certificate, closeTimeout: 2000 });
    const client = new SignallingClient(socket);
    await withDeadline('the WebSocket', new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    }));
    return client;
  }

  constructor(socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => {
      socket.once('close', (code, reason) => {
        const error = new Error(`the WebSocket was closed (${code} ${reason})`);
        for (const { reject } of [...this.#pending.values(), ...this.#waiting])
          reject(error);
        this.#pending.clear();
        this.#waiting = [];
        resolve({ code, reason: String(reason) });
      });
    });
    socket.on('error', () => {});
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
  }

  /* Sends a request and returns its result; throws a SignallingError when the server refuses. */
  async request(method, params, deadlineMs = 5000) {
    const id = ++this.#lastId;
    const message = params === undefined ? { id, method } : { id, method, params };
    checkClientMessage(message);
    this.#sent(message);
    const response = await this.#exchange(id, method, JSON.stringify(message), deadlineMs);
    if (response.error)
      throw new SignallingError(method, response.error);
    return response.result;
  }

  notify(method, params) {
    const message = { method, params };
    checkClientMessage(message);
    this.#sent(message);
    this.#socket.send(JSON.stringify(message));
  }

  /* For messages that are wrong on purpose: sends any text and returns the response to `id` (null: to an unreadable
   * one). */
  async raw(text, id = null, deadlineMs = 5000) {
    return await this.#exchange(id, null, text, deadlineMs);
  }

  sendRaw(data, options) {
    this.#socket.send(data, options);
  }

  /* Takes the oldest notification of this method that satisfies `predicate`, waiting for it if need be. Others keep
   * their place. */
  async next(method, predicate = () => true, deadlineMs = 5000) {
    const fits = (message) => message.method === method && predicate(message.params);
    const index = this.#arrived.findIndex(fits);
    if (index >= 0)
      return this.#arrived.splice(index, 1)[0].params;
    const waiter = {};
    const found = new Promise((resolve, reject) => Object.assign(waiter, { fits, resolve, reject }));
    this.#waiting.push(waiter);
    try {
      return (await withDeadline(`a notification "${method}"`, found, deadlineMs)).params;
    } finally {
      this.#waiting = this.#waiting.filter((other) => other !== waiter);
    }
  }

  /* A method handled here never reaches `next`. */
  on(method, handler) {
    this.#handlers.set(method, handler);
    const mine = this.#arrived.filter((message) => message.method === method);
    this.#arrived = this.#arrived.filter((message) => message.method !== method);
    for (const message of mine)
      handler(message.params);
  }

  received(method, predicate = () => true) {
    return this.history.filter(({ sent, message }) => !sent && message.method === method
                                && predicate(message.params)).map(({ message }) => message.params);
  }

  /* Offers and answers, in both directions. */
  get sdpCount() {
    return this.history.filter(({ message }) => SDP_METHODS.has(message.method)).length;
  }

  get isOpen() {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  pause() {
    this.#socket.pause();
  }

  resume() {
    this.#socket.resume();
  }

  /* code: 1000 is a good-bye, 1001 a page that goes away. */
  async close(code) {
    this.#socket.close(code);
    await withDeadline('the WebSocket to close', this.closed).catch (() => this.#socket.terminate());
  }

  /* Cuts the TCP connection, as a crashed browser would. */
  async terminate() {
    this.#socket.terminate();
    await this.closed;
  }

  #sent(message) {
    this.history.push({ sent: true, message });
    this.onMessage();
  }

  async #exchange(id, method, text, deadlineMs) {
    const answered = new Promise((resolve, reject) => this.#pending.set(id, { method, resolve, reject }));
    this.#socket.send(text);
    try {
      return await withDeadline(`the response to ${method ?? text.slice(0, 80)}`, answered, deadlineMs);
    } finally {
      this.#pending.delete(id);
    }
  }

  #receive(data, isBinary) {
    if (isBinary)
      throw new Error('the server sent a binary frame');
    const message = JSON.parse(data);
    this.history.push({ sent: false, message });
    this.onMessage();
    if ('method' in message)
      this.#notified(message);
    else
      this.#responded(message);
  }

  #notified(message) {
    checkNotification(message);
    const handler = this.#handlers.get(message.method);
    if (handler)
      return handler(message.params);
    const waiter = this.#waiting.find((candidate) => candidate.fits(message));
    if (!waiter)
      return this.#arrived.push(message);
    this.#waiting = this.#waiting.filter((other) => other !== waiter);
    return waiter.resolve(message);
  }

  #responded(message) {
    const request = this.#pending.get(message.id);
    checkResponse(message, request?.method);
    if (!request)
      throw new Error(`a response to no request: ${JSON.stringify(message).slice(0, 300)}`);
    request.resolve(message);
  }
}
