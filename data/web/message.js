/* SPDX-License-Identifier: LGPL-2.1-or-later */
import { language } from './language.js';
import { setLabel, text } from './strings.js';

const LINK = /\bhttps?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]']/g;
/** What a quotation holds; more than a line is cut off by the style anyway. */
const QUOTED_LENGTH = 200;

/** One message of the chat, as it stands in the log. */
export class Message {
  element = document.getElementById('message-template').content.firstElementChild.cloneNode(true);
  /** Null until the server has it. */
  #id = null;
  /** Null once it is deleted. */
  #message;
  /** How many messages answer it, or one that does. */
  #replies = 0;
  #handlers;

  /**
   * @param {{id: ?string, from: string, name: string, message: string, time: Date, reply_to: ?string}} what
   * @param {{onEdit, onDelete, onReply, onThread, onJump}} handlers - called with this message
   */
  constructor({ id, from, name, message, time, reply_to: replyTo }, isOwn, handlers) {
    Object.assign(this, { from, name, replyTo, isOwn });
    this.#message = message;
    this.#handlers = handlers;
    this.element.classList.toggle('own', isOwn);
    this.element.dataset.participant = from;
    showTime(this.#find('time'), time);
    this.#find('.text').append(...withLinks(message));
    this.#find('.quote').addEventListener('click', () => handlers.onJump(this));
    this.#find('.replies').addEventListener('click', () => handlers.onThread(this));
    this.showTexts();
    if (id) {
      this.id = id;
    }
  }

  get id() {
    return this.#id;
  }

  /** From here on one can do something with it. */
  set id(id) {
    this.#id = id;
    this.element.dataset.id = id;
    this.element.append(this.#actions());
  }

  get message() {
    return this.#message;
  }

  /** It was edited, or deleted (null). */
  change(message) {
    this.#message = message;
    this.element.querySelectorAll('.note').forEach((each) => each.remove());
    this.#find('.text').replaceChildren(...withLinks(message ?? ''));
    this.#find('.text').hidden = message === null;
    this.#addNote(message === null ? 'chatDeleted' : 'chatEdited');
    if (message === null) {
      this.#find('.actions')?.remove();
    }
  }

  fail() {
    this.element.classList.add('failed');
    this.#addNote('chatFailed');
  }

  /** Shows what it answers. @param {?Message} parent - null: that is not here any more */
  quote(parent) {
    const quote = this.#find('.quote');
    quote.hidden = false;
    quote.disabled = !parent;
    quote.firstElementChild.textContent = parent?.message ? parent.name : '';
    const key = parent ? 'chatDeleted' : 'chatGone';
    quote.lastElementChild.textContent = parent?.message?.slice(0, QUOTED_LENGTH) ?? text(key);
    // Where a thread is shown by itself, all of it answers its first message.
    quote.classList.toggle('of-first', parent?.id === this.thread);
  }

  addReply() {
    this.#replies++;
    this.showTexts();
  }

  /** After a change of the language, for what fillStrings() does not know. */
  showTexts() {
    this.#find('.author').textContent = this.isOwn ? text('chatYou') : this.name;
    this.#find('.replies').hidden = this.#replies === 0;
    this.#find('.replies').textContent = text('chatReplies', { count: this.#replies });
  }

  /** Brings it before the eyes, and the keyboard to it. */
  reveal() {
    this.element.scrollIntoView({ block: 'nearest' });
    this.element.focus({ preventScroll: true });
    this.element.classList.remove('flash');
    requestAnimationFrame(() => this.element.classList.add('flash'));
  }

  #find(selector) {
    return this.element.querySelector(selector);
  }

  #addNote(key) {
    this.#find('.replies').before(note(key));
  }

  /** What can be done to it: by everybody, by its author, by the host. Who that is, changes: CSS hides. */
  #actions() {
    const { onEdit, onDelete, onReply, onThread } = this.#handlers;
    const actions = document.createElement('div');
    actions.className = 'actions';
    actions.append(action('chatReply', 'reply', () => onReply(this)));
    if (this.replyTo) {
      actions.append(action('threadOpen', 'thread', () => onThread(this)));
    }
    if (this.isOwn) {
      actions.append(action('chatEdit', 'edit', () => onEdit(this)));
    }
    actions.append(action('chatDelete', 'delete', () => onDelete(this)));
    return actions;
  }
}

/** A line that nobody said, by its key in STRINGS. */
export function note(key) {
  const element = document.createElement('p');
  element.className = 'note';
  element.dataset.text = key;
  element.textContent = text(key);
  return element;
}

function action(label, icon, onClick) {
  const button = document.getElementById('action-template').content.firstElementChild.cloneNode(true);
  button.dataset.label = label;
  button.dataset.action = icon;
  setLabel(button, text(label));
  button.querySelector('use').setAttribute('href', `#icon-${icon}`);
  button.addEventListener('click', onClick);
  return button;
}

function showTime(element, time) {
  element.dateTime = time.toISOString();
  const isToday = time.toDateString() === new Date().toDateString();
  element.textContent = time.toLocaleString(language(), {
    ...(!isToday && { day: 'numeric', month: 'short' }),
    hour: '2-digit',
    minute: '2-digit',
  });
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
