/* SPDX-License-Identifier: LGPL-2.1-or-later */

/** More than the server tells of again. */
const KNOWN_MESSAGES = 200;

/** What was said, over all breaks of the connection: what is told twice is news once. */
export class SalonChat {
  #known = new Map();
  #ownReplays = [];
  #onMessage;
  #onChange;

  /**
   * @param {function(object, boolean)} options.onMessage - the protocol's, and whether it was said before we came
   * @param {function({id: string, message: ?string})} options.onChange - it was edited, or deleted (null)
   */
  constructor({ onMessage, onChange }) {
    this.#onMessage = onMessage;
    this.#onChange = onChange;
  }

  /** Takes what was said before we came, the first time, or while we were away. @param {Set<string>} ownIds - all we had */
  enter(messages, isFirst, ownIds) {
    const unknown = messages.filter(({ id }) => !this.#known.has(id));
    if (!isFirst) {
      this.#takeChanges(new Map(messages.map(({ id, message }) => [id, message])));
      // Ours among them are those whose answer the break has swallowed: takeReplay() looks for them.
      this.#ownReplays = unknown.filter(({ from }) => ownIds.has(from));
    }
    unknown.filter((message) => !this.#ownReplays.includes(message)).forEach((each) => this.take(each, isFirst));
  }

  take(message, history) {
    if (!this.#known.has(message.id)) {
      this.know(message.id, message.message);
      this.#onMessage(message, history);
    }
  }

  /** We said it: what is told of it is no news. */
  know(id, message) {
    this.#known.set(id, message);
    if (this.#known.size > KNOWN_MESSAGES) {
      this.#known.delete(this.#known.keys().next().value);
    }
  }

  /** @returns {?object} what became of a message of ours whose answer never came, if it got through */
  takeReplay(message) {
    const index = this.#ownReplays.findIndex((replay) => replay.message === message);
    return index < 0 ? null : this.#ownReplays.splice(index, 1)[0];
  }

  change({ id, message }) {
    if (message === null) {
      this.#known.delete(id);
    } else if (this.#known.has(id)) {
      this.#known.set(id, message);
    }
    this.#onChange({ id, message });
  }

  /** Messages that are not told of any more were deleted; those before the first that is, are just too old. */
  #takeChanges(told) {
    let isWithin = false;
    for (const [id, message] of [...this.#known]) {
      isWithin ||= told.has(id);
      if (isWithin && told.get(id) !== message) {
        this.change({ id, message: told.get(id) ?? null });
      }
    }
  }
}
