/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Clients of WHIP (RFC 9725) and WHEP: one request instead of a WebSocket. */

import { defer } from './cleanup.js';
import { Publisher, SOURCES, Subscriber } from './peer.js';
import { writeReceivingOffer } from './sdp.js';

export const SDP = { 'content-type': 'application/sdp' };
export const FRAGMENT = { 'content-type': 'application/trickle-ice-sdpfrag' };

const AS_CAMERAS_DO = SOURCES.filter(({ source }) => source === 'microphone' || source === 'camera');

/* kind: 'whip' or 'whep'. query: { name, participant }. */
export function pathOf(kind, room, query = {}) {
  const fields = Object.entries(query).filter(([, value]) => value !== undefined);
  return `/${kind}/${encodeURIComponent(room)}${fields.length > 0 ? `?${new URLSearchParams(fields)}` : ''}`;
}

/* What a client tells later (RFC 8840). */
export function fragmentOf({ ufrag, password }, candidates = []) {
  return [`a=ice-ufrag:${ufrag}`, `a=ice-pwd:${password}`, 'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'a=mid:0',
          ...candidates.map((candidate) => `a=${candidate}`), ''].join('\r\n');
}

/* One session; `transport` and `offer` are the subclass's. */
class Client {
  #kind;
  #token;

  constructor(kind, server, query) {
    this.#kind = kind;
    this.server = server;
    this.query = query;
  }

  /* Offers; the answer is not taken yet. Returns the response. */
  async post(room, { headers = {}, ...options } = {}) {
    this.#token = options.token;
    const response = await this.server.http('POST', pathOf(this.#kind, room, this.query),
      { body: this.offer, headers: { ...SDP, ...headers }, ...options });
    this.resource = response.headers.get('location');
    this.answer = response.body;
    return response;
  }

  async trickle() {
    const candidates = [];
    await this.transport.gather((candidate) => candidates.push(candidate));
    return await this.patch(fragmentOf(this.transport, candidates), { token: this.#token });
  }

  async patch(body, { headers = {}, ...options } = {}) {
    return await this.server.http('PATCH', this.resource, { body, headers: { ...FRAGMENT, ...headers }, ...options });
  }

  async delete(options) {
    return await this.server.http('DELETE', this.resource, options);
  }

  /* Leaves, if it is still there. */
  async leave() {
    if (this.resource && this.server.isRunning)
      await this.delete({ token: this.#token });
  }
}

export class Whip extends Client {
  static async create(t, server, name, { dialect = 'chromium', simulcast } = {}) {
    const client = new Whip('whip', server, { name });
    client.publisher = await Publisher.create(null, { label: name, dialect, simulcast, sources: AS_CAMERAS_DO });
    defer(t, () => client.publisher.close());
    defer(t, () => client.leave());
    return client;
  }

  get transport() {
    return this.publisher.transport;
  }

  get offer() {
    return this.publisher.offer.sdp;
  }

  async connect() {
    await this.trickle();
    await this.publisher.accept(this.answer);
  }

  startMedia() {
    this.publisher.tracks.forEach(({ media }) => media.start());
  }
}

export class Whep extends Client {
  static async create(t, server, query, { dialect = 'chromium', kinds = ['audio', 'video'] } = {}) {
    const client = new Whep('whep', server, query);
    client.subscriber = await Subscriber.create(1);
    client.offer = writeReceivingOffer(kinds, client.transport, dialect);
    defer(t, () => client.subscriber.close());
    defer(t, () => client.leave());
    return client;
  }

  get transport() {
    return this.subscriber.transport;
  }

  async connect() {
    await this.trickle();
    this.subscriber.take(this.answer);
    await this.subscriber.connect();
  }

  slot(kind) {
    return this.subscriber.slots.find((slot) => slot.kind === kind);
  }
}
