/* SPDX-License-Identifier: LGPL-2.1-or-later */

/** Longest wait for an answer of the server. */
const REQUEST_TIMEOUT_MS = 10_000;
/** A dead network closes no socket by itself: we ask, and believe silence, in time for the server to keep our place. */
const PING_INTERVAL_MS = 5_000;
const PING_TIMEOUT_MS = 5_000;

/** Close codes: the server takes NORMAL for a goodbye; after BROKEN it keeps our place for a while. */
const CLOSE_NORMAL = 1000;
const CLOSE_BROKEN = 4000;

/** Refusals that asking again may change. */
const PASSING_REASONS = new Set([
  'unreachable',
  'timeout',
  'connection_lost',
  'internal',
  'store_unavailable',
  'shutting_down',
  'too_many_requests',
]);

/**
 * What went wrong, for programs in `reason` and for people in `message`. The reasons are those of the protocol and
 * ours: `timeout`, `connection_lost`, `unreachable`, `closed`.
 */
export class SalonError extends Error {
  constructor(reason, message, code = 0) {
    super(message);
    this.name = 'SalonError';
    this.reason = reason;
    this.code = code;
  }

  /** Whether it may be otherwise when one tries again. */
  get isPassing() {
    return PASSING_REASONS.has(this.reason);
  }
}

/** JSON-RPC over one WebSocket: requests with a deadline, notifications in order, and the news of its end, once. */
export class SalonRpc {
  #socket;
  #pending = new Map();
  #lastId = 0;
  #pingTimer = 0;
  #onNotification;
  #onClose;

  /** @param {WebSocket} socket - an open one */
  constructor(socket, { onNotification, onClose }) {
    this.#socket = socket;
    this.#onNotification = onNotification;
    this.#onClose = onClose;
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onclose = () => this.#end(new SalonError('connection_lost', 'The connection to the server was lost.'));
    this.#pingTimer = setInterval(() => this.#ping(), PING_INTERVAL_MS);
  }

  /**
   * @param {string|URL} url - ws: or wss:
   * @param {{onNotification: function(string, object), onClose: function(SalonError)}} handlers
   * @returns {Promise<SalonRpc>} rejected with the reason `unreachable`
   */
  static open(url, handlers) {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url);
      const fail = () => {
        clearTimeout(timer);
        socket.onopen = socket.onclose = null;
        socket.close();
        reject(new SalonError('unreachable', 'The server cannot be reached.'));
      };
      const timer = setTimeout(fail, REQUEST_TIMEOUT_MS);
      socket.onclose = fail;
      socket.onopen = () => {
        clearTimeout(timer);
        resolve(new SalonRpc(socket, handlers));
      };
    });
  }

  /** @returns {Promise<any>} the result; rejected with a SalonError */
  request(method, params = {}, timeoutMs = REQUEST_TIMEOUT_MS) {
    return new Promise((resolve, reject) => {
      if (this.#socket.readyState !== WebSocket.OPEN) {
        const error = new SalonError('connection_lost', 'There is no connection to the server.');
        this.#end(error); // Its close event has not come yet, but who looks at us now should know.
        reject(error);
        return;
      }
      const id = ++this.#lastId;
      this.#pending.set(id, { method, resolve, reject, timer: this.#startDeadline(id, timeoutMs) });
      this.#socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    });
  }

  /** The answer to `method`, asked for already, may take `timeoutMs` from now: a person has to give it. */
  postpone(method, timeoutMs) {
    for (const [id, request] of this.#pending) {
      if (request.method === method) {
        clearTimeout(request.timer);
        request.timer = this.#startDeadline(id, timeoutMs);
      }
    }
  }

  /** Tells the server something and expects no answer. */
  notify(method, params = {}) {
    if (this.#socket.readyState === WebSocket.OPEN) {
      this.#socket.send(JSON.stringify({ jsonrpc: '2.0', method, params }));
    }
  }

  /** Ends for good, quietly: what was sent still goes out, onClose is not called. */
  close() {
    this.#onClose = () => {};
    this.#end(new SalonError('closed', 'The room was left.'), CLOSE_NORMAL);
  }

  /** Likewise, to come back by another one. What is under way fails with `error`. */
  abandon(error = new SalonError('connection_lost', 'The connection to the server was given up.')) {
    this.#onClose = () => {};
    this.#end(error);
  }

  #startDeadline(id, timeoutMs) {
    return setTimeout(() => {
      const { method, reject } = this.#pending.get(id);
      this.#pending.delete(id);
      reject(new SalonError('timeout', `The server did not answer "${method}" in time.`));
    }, timeoutMs);
  }

  #receive(data) {
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      console.warn('Salon: the server sent something that is not JSON');
      return;
    }
    if (message.method) {
      this.#onNotification(message.method, message.params ?? {});
      return;
    }
    const request = this.#pending.get(message.id);
    if (!request) {
      return; // An answer after its deadline.
    }
    this.#pending.delete(message.id);
    clearTimeout(request.timer);
    if (message.error) {
      const { code, message: text, data: details } = message.error;
      request.reject(new SalonError(details?.reason ?? 'internal', text, code));
    } else {
      request.resolve(message.result);
    }
  }

  async #ping() {
    try {
      await this.request('ping', {}, PING_TIMEOUT_MS);
    } catch (error) {
      if (error.reason === 'timeout') {
        this.#end(new SalonError('connection_lost', 'The server stopped answering.'));
      }
    }
  }

  #end(error, closeCode = CLOSE_BROKEN) {
    clearInterval(this.#pingTimer);
    this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close(closeCode);
    for (const request of this.#pending.values()) {
      clearTimeout(request.timer);
      request.reject(error);
    }
    this.#pending.clear();
    const onClose = this.#onClose;
    this.#onClose = () => {};
    onClose(error);
  }
}
