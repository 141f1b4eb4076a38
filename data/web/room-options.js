/* SPDX-License-Identifier: LGPL-2.1-or-later */

const element = (id) => document.getElementById(id);

/** What can be said about a room that is to be opened. Closed, nothing is: then joining makes a plain one. */
export class RoomOptions {
  #details = element('options');

  /** @param {function()} onToggle - called when it is opened or closed */
  constructor(onToggle) {
    this.#details.addEventListener('toggle', () => {
      this.#sync();
      onToggle();
    });
    element('lifetime').addEventListener('change', () => this.#sync());
    this.#sync();
  }

  get areGiven() {
    return this.#details.open;
  }

  /** As a createRequest of the protocol. */
  get values() {
    const lifetime = element('lifetime').value;
    const maxMembers = element('max-members').valueAsNumber;
    return {
      lifetime,
      waiting_room: element('new-waiting-room').checked,
      ...(maxMembers && { max_members: maxMembers }),
      ...(lifetime === 'timed' && {
        max_age: element('max-age').valueAsNumber * 60,
        block_factor: Number(element('block-factor').value),
      }),
    };
  }

  /** What cannot be seen is not checked either: the browser would refuse to send the form, and could not show why. */
  #sync() {
    const isTimed = element('lifetime').value === 'timed';
    element('options-fields').disabled = !this.areGiven;
    element('timed-fields').hidden = element('max-age').disabled = !isTimed;
  }
}
