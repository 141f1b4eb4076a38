/* SPDX-License-Identifier: LGPL-2.1-or-later */

/** Plays what is heard in a call: one audio element for each track. */
export class Sounds {
  #elements = new Map();
  #container = document.getElementById('sounds');
  #hear = document.getElementById('hear');
  #speaker;

  /**
   * @param {Salon} salon - `sync` brings the sound in line with what it receives
   * @param {string} speaker - the id of a device; '' for the browser's choice
   */
  constructor(salon, speaker, signal) {
    this.salon = salon;
    this.#speaker = speaker;
    this.#hear.addEventListener('click', () => this.#playAll(), { signal });
  }

  sync() {
    const audible = [...this.salon.subscriptions.values()].filter(({ track }) => track.kind === 'audio');
    const ids = new Set(audible.map(({ track }) => track.id));
    for (const [id, element] of this.#elements) {
      if (!ids.has(id)) {
        this.#remove(id, element);
      }
    }
    for (const { track, mediaStreamTrack } of audible) {
      if (!this.#elements.has(track.id)) {
        this.#add(track, mediaStreamTrack);
      }
    }
  }

  get speaker() {
    return this.#speaker;
  }

  /** Lets all sound come out there, now and later; rejected with a DOMException when it cannot. */
  async setSpeaker(deviceId) {
    this.#speaker = deviceId;
    await Promise.all([...this.#elements.values()].map((element) => element.setSinkId(deviceId)));
  }

  close() {
    this.#elements.forEach((element, id) => this.#remove(id, element));
    this.#hear.hidden = true;
  }

  #add(track, mediaStreamTrack) {
    const element = document.createElement('audio');
    element.dataset.participant = track.participant;
    element.dataset.source = track.source;
    element.srcObject = new MediaStream([mediaStreamTrack]);
    this.#elements.set(track.id, element);
    this.#container.append(element);
    if (this.#speaker) {
      element.setSinkId?.(this.#speaker).catch(() => {}); // Unplugged since: the browser's choice, then.
    }
    this.#play(element);
  }

  #remove(id, element) {
    element.srcObject = null;
    element.remove();
    this.#elements.delete(id);
  }

  #playAll() {
    this.#hear.hidden = true;
    this.#elements.forEach((element) => this.#play(element));
  }

  async #play(element) {
    try {
      await element.play();
    } catch (error) {
      // Browsers play no sound on a page nobody has touched yet.
      if (error.name === 'NotAllowedError') {
        this.#hear.hidden = false;
      }
    }
  }
}
