/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* People who only talk signalling: no media, no waiting for it. */

import { defer } from './cleanup.js';
import { SignallingClient } from './signalling.js';

let lastRoom = 0;

/* A room name no other test uses, also when tests share a Redis. */
export function newRoom(prefix = 'room') {
  return `${prefix}-${process.pid}-${++lastRoom}`;
}

export async function connect(t, server, options) {
  const client = await SignallingClient.connect(server, options);
  defer(t, () => client.close());
  return client;
}

/* Joins as one who only talks; the join's result stands on the client. params: more of the join's. */
export async function joinRoom(client, room, name, params = {}) {
  const result = await client.request('join', { sid: room, name, config: { NoPublish: true, NoSubscribe: true }, ...params });
  return Object.assign(client, { id: result.participant, room: result.room, participants: result.participants,
                                 session: result.session, chat: result.chat, isRecorded: result.recording });
}

/* Connects and joins. */
export async function enter(t, server, room, name, params) {
  return await joinRoom(await connect(t, server), room, name, params);
}

export async function reasonOf(promise) {
  try {
    await promise;
    return 'no error';
  } catch (error) {
    return error.reason ?? error.message;
  }
}
