/* SPDX-License-Identifier: LGPL-2.1-or-later */
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

  /** @param {AbortSignal} signal - aborted at the end of the call */
  constructor(salon, signal) {
    this.#salon = salon;
    const on = (id, type, handler) => document.getElementById(id).addEventListener(type, handler, { signal });
    on('chat-toggle', 'click', () => this.#show(this.#panel.hidden));
    on('chat-close', 'click', () => this.#show(false));
    on('chat', 'keydown', (event) => event.key === 'Escape' && this.#show(false));
    on('chat-form', 'submit', (event) => this.#submit(event));
    on('chat-input', 'keydown', (event) => this.#onKey(event));
    this.#log.replaceChildren(note(text('chatEmpty')));
    this.#show(false);
  }

  /** Somebody else said something. */
  receive({ from, name, message, timestamp }) {
    this.#append({ from, name, message, time: new Date(timestamp) });
    if (this.#panel.hidden) {
      this.#setUnread(this.#unread + 1);
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
    }
  }

  async #submit(event) {
    event.preventDefault();
    const message = this.#input.value.trim();
    if (!message) {
      return;
    }
    this.#input.value = '';
    const own = { from: this.#salon.id, name: text('chatYou'), message, time: new Date() };
    const item = this.#append(own);
    try {
      await this.#salon.chat(message);
    } catch (error) {
      item.classList.add('failed');
      item.append(note(text('chatFailed')));
      toast(errorText(error), { isError: true });
    }
  }

  #append({ from, name, message, time }) {
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

function byline(name, time) {
  const header = document.createElement('header');
  const who = document.createElement('strong');
  who.textContent = name;
  const when = document.createElement('time');
  when.dateTime = time.toISOString();
  when.textContent = time.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
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
