/* SPDX-License-Identifier: LGPL-2.1-or-later */

import { askHttp } from './salon-http.js';

/** The recordings of a room: whether one is being made, for everybody; the host makes them, and who made one has it. */
export class SalonRecordings {
  /** @type {boolean} Whether the room is being recorded. */
  isRecording = false;
  #request;
  #server;
  #room;
  #onChange;

  /**
   * @param {function(string, object): Promise<object>} options.request - of the room's WebSocket
   * @param {function(): string} options.server - its origin
   * @param {function(): string} options.room - its id
   * @param {function(boolean)} options.onChange - called when a recording begins, or ends
   */
  constructor({ request, server, room, onChange }) {
    this.#request = request;
    this.#server = server;
    this.#room = room;
    this.#onChange = onChange;
  }

  /** What the server tells of it, by the answer to a join, or later. */
  set(isRecording) {
    if (this.isRecording !== isRecording) {
      this.isRecording = isRecording;
      this.#onChange(isRecording);
    }
  }

  /** The host begins to record the room. */
  async begin() {
    await this.#request('record', { recording: true });
  }

  /** The host lets it finish. */
  async stop() {
    await this.#request('record', { recording: false });
  }

  /**
   * What oneself has recorded in this room; with the room's owner token, all that there is of it. The newest first.
   * @param {?string} [ownerToken] - from createRoom()
   * @returns {Promise<object[]>} the protocol's, with a `url` of each file: for whoever has it, and for some hours
   */
  async list(ownerToken = null) {
    const { recordings } = ownerToken
      ? await this.#ask('GET', `?room=${encodeURIComponent(this.#room())}`, ownerToken)
      : await this.#request('recordings', {});
    return recordings.map(({ link, files, ...recording }) => ({
      ...recording,
      files: files.map((file) => ({ ...file, url: this.#urlOf(link, file.name) })),
    }));
  }

  /** Deletes one of these, with its files. */
  async delete(id, ownerToken = null) {
    await (ownerToken ? this.#ask('DELETE', `/${id}`, ownerToken) : this.#request('recording_delete', { id }));
  }

  #ask(method, rest, token) {
    return askHttp(method, `/recordings${rest}`, this.#server(), { headers: { authorization: `Bearer ${token}` } });
  }

  #urlOf(link, name) {
    const path = name.split('/').map(encodeURIComponent).join('/');
    return new URL(`/files/${link}/${path}`, this.#server()).href;
  }
}
