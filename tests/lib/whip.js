/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A client of WHIP (RFC 9725): one request instead of a WebSocket. */

import { defer } from './cleanup.js';
import { Publisher, SOURCES } from './peer.js';

export const SDP = { 'content-type': 'application/sdp' };
export const FRAGMENT = { 'content-type': 'application/trickle-ice-sdpfrag' };

const AS_CAMERAS_DO = SOURCES.filter(({ source }) => source === 'microphone' || source === 'camera');

export function whipPath(room, name) {
  return `/whip/${encodeURIComponent(room)}${name === undefined ? '' : `?name=${encodeURIComponent(name)}`}`;
}

/* What a client tells later (RFC 8840). */
export function fragmentOf({ ufrag, password }, candidates = []) {
  return [`a=ice-ufrag:${ufrag}`, `a=ice-pwd:${password}`, 'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'a=mid:0',
          ...candidates.map((candidate) => `a=${candidate}`), ''].join('\r\n');
}

export class Whip {
  #token;

  static async create(t, server, name, { dialect = 'chromium', simulcast } = {}) {
    const client = new Whip(server, name);
    client.publisher = await Publisher.create(null, { label: name, dialect, simulcast, sources: AS_CAMERAS_DO });
    defer(t, () => client.publisher.close());
    return client;
  }

  constructor(server, name) {
    this.server = server;
    this.name = name;
  }

  get offer() {
    return this.publisher.offer.sdp;
  }

  /* Offers; the answer is not taken yet. Returns the response. */
  async post(room, { headers = {}, ...options } = {}) {
    this.#token = options.token;
    const response = await this.server.http('POST', whipPath(room, this.name),
      { body: this.offer, headers: { ...SDP, ...headers }, ...options });
    this.resource = response.headers.get('location');
    this.answer = response.body;
    return response;
  }

  async connect() {
    const { transport } = this.publisher;
    const candidates = [];
    await transport.gather((candidate) => candidates.push(candidate));
    await this.patch(fragmentOf(transport, candidates), { token: this.#token });
    await this.publisher.accept(this.answer);
  }

  startMedia() {
    this.publisher.tracks.forEach(({ media }) => media.start());
  }

  async patch(body, { headers = {}, ...options } = {}) {
    return await this.server.http('PATCH', this.resource, { body, headers: { ...FRAGMENT, ...headers }, ...options });
  }

  async delete(options) {
    return await this.server.http('DELETE', this.resource, options);
  }
}
