/* SPDX-License-Identifier: LGPL-2.1-or-later */
import { language } from './language.js';
import { errorText, setLabel, text } from './strings.js';
import { toast } from './toast.js';

const LINK = /\bhttps?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]']/g;

/** The conversation in writing: a panel beside the call, a sheet over it on a phone. */
export class Chat {
  #salon;
  #panel = document.getElementById('chat');
  #log = document.getElementById('chat-log');
  #input = document.getElementById('chat-input');
  #toggle = document.getElementById('chat-toggle');
  #badge = document.getElementById('chat-badge');
  #unread = 0;
  #lastFrom = null;
  /** The id of the message that the input is changing now. */
  #editing = null;

  /** @param {AbortSignal} signal - aborted at the end of the call */
  constructor(salon, signal) {
    this.#salon = salon;
    const on = (id, type, handler) => document.getElementById(id).addEventListener(type, handler, { signal });
    on('chat-toggle', 'click', () => this.#show(this.#panel.hidden));
    on('chat-close', 'click', () => this.#show(false));
    on('chat', 'keydown', (event) => event.key === 'Escape' && this.#show(false));
    on('chat-form', 'submit', (event) => this.#submit(event));
    on('chat-input', 'keydown', (event) => this.#onKey(event));
    document.addEventListener('language', () => this.#setUnread(this.#unread), { signal });
    this.#log.replaceChildren();
    this.#showHistory(salon.history);
    this.#show(false);
  }

  /** What had been said before one came stands apart. */
  #showHistory(messages) {
    for (const message of messages) {
      this.#append({ ...message, time: new Date(message.timestamp) }).classList.add('earlier');
      if (message.edited) {
        this.change(message);
      }
    }
    this.note(text(messages.length > 0 ? 'chatEarlier' : 'chatEmpty'));
  }

  /** Somebody else said something. */
  receive({ id, from, name, message, timestamp }) {
    this.#append({ id, from, name, message, time: new Date(timestamp) });
    if (this.#panel.hidden) {
      this.#setUnread(this.#unread + 1);
    }
  }

  /** A message was edited, or deleted (null). */
  change({ id, message }) {
    const item = this.#log.querySelector(`[data-id="${id}"]`);
    if (!item) {
      return;
    }
    item.querySelectorAll('.note').forEach((each) => each.remove());
    item.querySelector('p').replaceChildren(...withLinks(message ?? ''));
    item.querySelector('p').hidden = message === null;
    item.append(note(text(message === null ? 'chatDeleted' : 'chatEdited')));
    if (message === null) {
      item.querySelector('.actions')?.remove();
    }
  }

  /** Something happened in the room. */
  note(message) {
    this.#lastFrom = null;
    this.#addToLog(note(message));
  }

  #show(shown) {
    const hadFocus = this.#panel.contains(document.activeElement);
    this.#panel.hidden = !shown;
    this.#toggle.setAttribute('aria-expanded', shown);
    if (shown) {
      this.#log.scrollTop = this.#log.scrollHeight;
      this.#input.focus();
    } else if (hadFocus) {
      this.#toggle.focus();
    }
    this.#setUnread(0);
  }

  #setUnread(count) {
    this.#unread = count;
    this.#badge.hidden = count === 0;
    this.#badge.textContent = count > 99 ? '99+' : count;
    setLabel(this.#toggle, count ? text('chatUnread', { count }) : text('chat'));
  }

  #onKey(event) {
    // While an input method composes, Enter chooses a word.
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.#submit(event);
    } else if (event.key === 'Escape' && this.#editing) {
      event.stopPropagation();
      this.#edit(null, '');
    }
  }

  /** Lets the input change a message; null: write a new one. */
  #edit(id, message) {
    this.#editing = id;
    this.#input.value = message;
    this.#input.placeholder = text(id ? 'chatEditing' : 'chatInput');
    this.#input.focus();
  }

  async #submit(event) {
    event.preventDefault();
    const message = this.#input.value.trim();
    if (!message) {
      return;
    }
    const edited = this.#editing;
    this.#edit(null, '');
    if (edited) {
      await this.#try(this.#salon.editMessage(edited, message));
      return;
    }
    const own = { from: this.#salon.id, name: text('chatYou'), message, time: new Date() };
    const item = this.#append(own);
    const sent = await this.#try(this.#salon.chat(message));
    if (sent) {
      item.dataset.id = sent.id;
      item.append(this.#actions(item));
    } else {
      item.classList.add('failed');
      item.append(note(text('chatFailed')));
    }
  }

  /** The result, or undefined after an error, which is shown. */
  async #try(promise) {
    try {
      return await promise;
    } catch (error) {
      toast(errorText(error), { isError: true });
    }
  }

  /** What can be done to a message: by its author, and to delete it, by the host. Who that is, changes: CSS hides. */
  #actions(item) {
    const actions = document.createElement('div');
    actions.className = 'actions';
    if (item.dataset.participant === this.#salon.id) {
      actions.append(
        action('chatEdit', 'edit', () => this.#edit(item.dataset.id, item.querySelector('p').textContent)),
      );
    }
    actions.append(action('chatDelete', 'delete', () => this.#try(this.#salon.deleteMessage(item.dataset.id))));
    return actions;
  }

  #append({ id, from, name, message, time }) {
    const item = document.createElement('div');
    item.className = from === this.#salon.id ? 'message own' : 'message';
    item.dataset.participant = from;
    if (from !== this.#lastFrom) {
      item.append(byline(name, time));
    }
    this.#lastFrom = from;
    const body = document.createElement('p');
    body.append(...withLinks(message));
    item.append(body);
    if (id) {
      item.dataset.id = id;
      item.append(this.#actions(item));
    } // else: ours, and on its way.
    this.#addToLog(item);
    return item;
  }

  #addToLog(item) {
    const log = this.#log;
    // Who reads further up is left in peace.
    const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
    log.append(item);
    if (isAtEnd) {
      log.scrollTop = log.scrollHeight;
    }
  }
}

function note(message) {
  const element = document.createElement('p');
  element.className = 'note';
  element.textContent = message;
  return element;
}

function action(label, icon, onClick) {
  const button = document.getElementById('action-template').content.firstElementChild.cloneNode(true);
  setLabel(button, text(label));
  button.querySelector('use').setAttribute('href', `#icon-${icon}`);
  button.addEventListener('click', onClick);
  return button;
}

function byline(name, time) {
  const header = document.createElement('header');
  const who = document.createElement('strong');
  who.textContent = name;
  const when = document.createElement('time');
  when.dateTime = time.toISOString();
  const isToday = time.toDateString() === new Date().toDateString();
  when.textContent = time.toLocaleString(language(), {
    ...(!isToday && { day: 'numeric', month: 'short' }),
    hour: '2-digit',
    minute: '2-digit',
  });
  header.append(who, when);
  return header;
}

/** The text as nodes, its links clickable; nothing in it is ever markup. */
function withLinks(message) {
  const nodes = [];
  let end = 0;
  for (const match of message.matchAll(LINK)) {
    const link = document.createElement('a');
    link.href = link.textContent = match[0];
    link.target = '_blank';
    link.rel = 'noopener noreferrer';
    nodes.push(message.slice(end, match.index), link);
    end = match.index + match[0].length;
  }
  return [...nodes, message.slice(end)];
}
