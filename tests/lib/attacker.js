/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Somebody who joins in order to harm, and the call of two honest people that must not notice. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect, newRoom, reasonOf } from './people.js';
import { Peer } from './peer.js';
import { parseSdp, writeAnswer } from './sdp.js';
import { until } from './until.js';

/* What a real browser offered: microphone, camera, screen and its sound. */
export function readOffer(browser) {
  const path = new URL(`../unit/data/${browser}-offer.sdp`, import.meta.url);
  return readFileSync(path, 'utf8').trimEnd().split(/\r?\n/).join('\r\n').concat('\r\n');
}

/* An SDP as [session, m-line, m-line, ...], each a list of lines. */
export function split(sdp) {
  return sdp.split(/\r\n(?=m=)/).map((section) => section.split('\r\n').filter(Boolean));
}

export function join(sections) {
  return `${sections.flat().join('\r\n')}\r\n`;
}

/* Alters the lines of one section (0: the session's) or, with index null, of all m-lines. */
export function edit(sdp, index, change) {
  return join(split(sdp).map((lines, i) => ((index === null ? i > 0 : i === index) ? change(lines) : lines)));
}

/* An m-line for data channels, by the transport of the first. */
export function dataChannels(sdp, mid = 'data') {
  const transport = split(sdp)[1].filter((line) => /^a=(ice-ufrag|ice-pwd|fingerprint|setup):/.test(line));
  return ['m=application 9 UDP/DTLS/SCTP webrtc-datachannel', 'c=IN IP4 0.0.0.0', ...transport, `a=mid:${mid}`,
          'a=sctp-port:5000'];
}

/* An offer's transport, with data channels and nothing else: as clients of ion-sfu begin. */
export function dataAlone(sdp) {
  return edit(join([split(sdp)[0], dataChannels(sdp)]), 0,
    (lines) => lines.map((line) => line.replace(/^(a=group:BUNDLE).*/, '$1 data')));
}

/* As many m-lines as `indices` names, each a copy of that one of the offer's, with mids 0, 1, ... */
export function arrange(sdp, indices) {
  const [session, ...media] = split(sdp);
  const sections = indices.map((from, mid) => media[from].map((line) => (line.startsWith('a=mid:') ? `a=mid:${mid}` : line))
    .filter((line) => !line.startsWith('a=ssrc')));
  return join([session.map((line) => (line.startsWith('a=group:')
    ? `a=group:BUNDLE ${indices.map((_, mid) => mid).join(' ')}` : line)), ...sections]);
}

/* A transport that nobody will ever reach. */
export const NOWHERE = {
  ufrag: 'AbUz', password: 'MAhxK7Yhb1lsugsBcjzT4iWR',
  fingerprint: Array(32).fill('CC').join(':'),
};

export class Attacker {
  /* Joins a room of its own. config: of the join */
  static async enter(t, server, config = { NoSubscribe: true }) {
    const attacker = new Attacker(await connect(t, server));
    attacker.joined = await attacker.signalling.request('join', { sid: newRoom('lair'), name: 'Eve', config });
    return attacker;
  }

  constructor(signalling) {
    this.signalling = signalling;
    signalling.on('trickle', () => {});
  }

  /* 'answered', or the reason of the refusal. */
  async offer(sdp) {
    return await this.#outcome('offer', { desc: { type: 'offer', sdp }, tracks: [] });
  }

  async answer(sdp, target = 1) {
    return await this.#outcome('answer', { desc: { type: 'answer', sdp }, target });
  }

  /* The answer an honest client would give to the server's offer. */
  async honestAnswer() {
    this.serverOffer ??= (await this.signalling.next('offer', undefined, 20000)).sdp;
    return writeAnswer(parseSdp(this.serverOffer), NOWHERE);
  }

  async leave() {
    await this.signalling.close();
  }

  /* Past the schema's check, which honest clients keep to. */
  async #outcome(method, params) {
    const id = `${method}-${Math.random()}`;
    const reply = await this.signalling.raw(JSON.stringify({ id, method, params }), id, 15000);
    return reply.error ? reply.error.data.reason : 'answered';
  }
}

/* Ann sends, Bob receives, for as long as the file's tests run. */
export class HonestCall {
  static async start(t, server) {
    const call = new HonestCall();
    const room = newRoom('call');
    call.room = room;
    call.server = server;
    call.pid = server.pid;
    call.ann = await Peer.join(t, server, room, 'Ann');
    call.bob = await Peer.join(t, server, room, 'Bob', { publish: null });
    await call.ann.start();
    call.slots = [await call.bob.receive(call.ann, 'camera'), await call.bob.receive(call.ann, 'microphone')];
    return call;
  }

  /* The same process is there, its log is clean, and media goes on arriving. */
  async goesOn() {
    assert.ok(this.server.isRunning && this.server.pid === this.pid, `the server died:\n${this.server.logTail}`);
    for (const slot of this.slots) {
      const before = slot.packets.length;
      await until('media goes on', () => slot.packets.length > before + 5, 5000).catch((error) => {
        throw new Error(`${error.message}\n${this.server.logTail}`);
      });
      slot.packets.splice(0, slot.packets.length - 10);
    }
    this.server.assertCleanLog();
  }
}

export { reasonOf };
