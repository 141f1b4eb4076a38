/* SPDX-License-Identifier: LGPL-2.1-or-later */

import { SalonError } from './salon-rpc.js';

/**
 * Makes a room of a kind that joining does not make. Its host is whoever joins it first.
 * @param {{slug?: string, lifetime?: string, max_members?: number, max_age?: number, block_factor?: number,
 *   waiting_room?: boolean}} options - the protocol's createRequest
 * @param {string} [server] - its origin; that of this page when left out
 * @returns {Promise<{room: object, url: string, owner_token: string}>} rejected with a SalonError
 */
export function createRoom(options, server) {
  return askHttp('POST', '/room/create', server, {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(options),
  });
}

/**
 * Deletes a room: everybody in it gets `bye` with the reason `room_deleted`.
 * @param {string} room - slug or id
 * @param {string} ownerToken - from createRoom()
 */
export async function deleteRoom(room, ownerToken, server) {
  const headers = { authorization: `Bearer ${ownerToken}` };
  await askHttp('DELETE', `/room/${encodeURIComponent(room)}`, server, { headers });
}

/** @returns {Promise<object>} the answer; rejected with a SalonError */
export async function askHttp(method, path, server = globalThis.location.origin, request = {}) {
  const answer = await fetch(new URL(path, server), { method, ...request })
    .then((response) => response.json())
    .catch(() => {
      throw new SalonError('unreachable', 'The server cannot be reached.');
    });
  if (answer.error) {
    const { code, message, data } = answer.error;
    throw new SalonError(data?.reason ?? 'internal', message, code);
  }
  return answer;
}

/** `https://host/r/kitchen` is the server `https://host` and the room `kitchen`. */
export function parseRoomUrl(text) {
  const url = new URL(text, globalThis.location?.href);
  const match = /^\/r\/([^/]+)\/?$/.exec(url.pathname);
  if (!match) {
    throw new SalonError('invalid_params', 'This is not the link of a room.');
  }
  return { server: url.origin, room: decodeURIComponent(match[1]) };
}
