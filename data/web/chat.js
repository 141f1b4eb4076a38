/* SPDX-License-Identifier: LGPL-2.1-or-later */
import { Message, note } from './message.js';
import { errorText, setLabel, text } from './strings.js';
import { toast } from './toast.js';

/** How close to its end the log is when new messages scroll it: who reads further up is left in peace. */
const NEAR_END_PX = 80;

/** The conversation in writing: a panel beside the call, a sheet over it on a phone. */
export class Chat {
  #salon;
  #panel = document.getElementById('chat');
  #log = document.getElementById('chat-log');
  #input = document.getElementById('chat-input');
  #toggle = document.getElementById('chat-toggle');
  #unread = 0;
  #lastFrom = null;
  /** All that is in the log, and has an id, by that. */
  #messages = new Map();
  /** What the input is about: a message that it edits, or answers. */
  #about = { edited: null, answered: null };
  /** The id that begins the thread which is shown by itself. */
  #thread = null;
  #unreadElsewhere = 0;

  /** @param {AbortSignal} signal - aborted at the end of the call */
  constructor(salon, signal) {
    this.#salon = salon;
    const on = (id, type, handler) => document.getElementById(id).addEventListener(type, handler, { signal });
    on('chat-toggle', 'click', () => this.#show(this.#panel.hidden));
    on('chat-close', 'click', () => this.#show(false));
    on('thread-close', 'click', () => this.#showThread(null));
    on('chat-about-close', 'click', () => this.#setAbout({}));
    on('chat', 'keydown', (event) => event.key === 'Escape' && this.#goBack(event));
    on('chat-log', 'keydown', (event) => this.#onLogKey(event));
    on('chat-form', 'submit', (event) => this.#submit(event));
    on('chat-input', 'keydown', (event) => this.#onInputKey(event));
    document.addEventListener('language', () => this.#showTexts(), { signal });
    this.#log.replaceChildren();
    this.#show(false);
    this.#setAbout({});
    this.#showThread(null);
    this.#showHistory(salon.history);
  }

  /** What had been said before one came stands apart. */
  #showHistory(messages) {
    for (const message of messages) {
      this.#append({ ...message, time: new Date(message.timestamp) }).element.classList.add('earlier');
      if (message.edited) {
        this.change(message);
      }
    }
    this.#addToLog(note(messages.length > 0 ? 'chatEarlier' : 'chatEmpty'));
  }

  /** Somebody else said something. */
  receive(message) {
    if (this.#messages.has(message.id)) {
      return;
    }
    const { thread } = this.#append({ ...message, time: new Date(message.timestamp) });
    if (this.#panel.hidden) {
      this.#setUnread(this.#unread + 1);
    } else if (this.#thread && thread !== this.#thread) {
      this.#setUnreadElsewhere(this.#unreadElsewhere + 1);
    }
  }

  /** A message was edited, or deleted (null). What quotes it, follows. */
  change({ id, message }) {
    const changed = this.#messages.get(id);
    if (!changed) {
      return;
    }
    changed.change(message);
    [...this.#messages.values()].filter(({ replyTo }) => replyTo === id).forEach((reply) => reply.quote(changed));
    const { edited, answered } = this.#about;
    if (message === null && (edited ?? answered) === changed) {
      this.#setAbout({});
    }
  }

  /** Something happened in the room. */
  note(message) {
    this.#lastFrom = null;
    const element = document.createElement('p');
    element.className = 'note';
    element.textContent = message;
    this.#addToLog(element);
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
    showBadge('chat-badge', count);
    setLabel(this.#toggle, count ? text('chatUnread', { count }) : text('chat'));
  }

  #setUnreadElsewhere(count) {
    this.#unreadElsewhere = count;
    showBadge('thread-badge', count);
    const label = text('threadClose');
    setLabel(document.getElementById('thread-close'), count ? `${label}, ${text('chatUnread', { count })}` : label);
  }

  #showTexts() {
    this.#setUnread(this.#unread);
    this.#setUnreadElsewhere(this.#unreadElsewhere);
    this.#showAbout();
    this.#showThreadTexts();
    this.#messages.forEach((message) => this.#quoteParent(message).showTexts());
  }

  /* Threads. */

  /** Shows one thread by itself; null: all that was said. */
  #showThread(thread) {
    const first = this.#messages.get(this.#thread);
    this.#thread = thread;
    this.#log.setAttribute('aria-live', 'off'); // What comes to the fore again is no news.
    this.#panel.classList.toggle('in-thread', thread !== null);
    this.#messages.forEach((message) => this.#showInThread(message));
    document.getElementById('thread-close').hidden = thread === null;
    this.#showThreadTexts();
    this.#setUnreadElsewhere(0);
    requestAnimationFrame(() => this.#log.setAttribute('aria-live', 'polite'));
    this.#log.scrollTop = this.#log.scrollHeight;
    if (thread === null && first) {
      first.reveal();
    } else if (!this.#panel.hidden) {
      this.#input.focus();
    }
  }

  #showThreadTexts() {
    document.getElementById('chat-title').textContent = text(this.#thread ? 'thread' : 'chatTitle');
    this.#input.placeholder = text(this.#thread ? 'threadInput' : 'chatInput');
    this.#input.setAttribute('aria-label', this.#input.placeholder);
  }

  #showInThread({ element, thread }) {
    element.hidden = this.#thread !== null && thread !== this.#thread;
  }

  /** Whom the next message answers: in a thread, its beginning if nothing else is chosen. */
  #replyTo() {
    return this.#about.answered?.id ?? this.#thread ?? undefined;
  }

  #quoteParent(message) {
    if (message.replyTo) {
      message.quote(this.#messages.get(message.replyTo) ?? null);
    }
    return message;
  }

  /* What the keyboard does. */

  /** Esc goes back by one step. */
  #goBack(event) {
    event.stopPropagation();
    if (this.#about.edited || this.#about.answered) {
      this.#setAbout({});
    } else if (this.#thread) {
      this.#showThread(null);
    } else {
      this.#show(false);
    }
  }

  #onInputKey(event) {
    // While an input method composes, Enter chooses a word.
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.#submit(event);
    } else if (event.key === 'ArrowUp' && this.#input.value === '') {
      this.#focusMessage(-1);
      event.preventDefault();
    }
  }

  /** The arrows go from message to message; what can be done to one is behind Tab. */
  #onLogKey(event) {
    const steps = { ArrowUp: -1, ArrowDown: 1, Home: -Infinity, End: Infinity };
    if (event.key in steps && this.#focusMessage(steps[event.key])) {
      event.preventDefault();
    }
  }

  /** @returns {boolean} whether there is anything to go to; below the last message that is the input */
  #focusMessage(step) {
    const shown = [...this.#log.querySelectorAll('.message:not([hidden])')];
    const current = document.activeElement.closest('.message');
    const index = Math.max(0, (current ? shown.indexOf(current) : shown.length) + step);
    const next = shown[index] ?? (step === Infinity ? shown.at(-1) : this.#input);
    next?.focus();
    return shown.length > 0;
  }

  /* What one writes. */

  /** Lets the input edit a message, or answer one; or neither. */
  #setAbout({ edited = null, answered = null }) {
    if (edited || this.#about.edited) {
      this.#input.value = edited?.message ?? '';
    }
    this.#about = { edited, answered };
    this.#showAbout();
    if (!this.#panel.hidden) {
      this.#input.focus();
    }
  }

  #showAbout() {
    const { edited, answered } = this.#about;
    this.#keepAtEnd(() => (document.getElementById('chat-about').hidden = !edited && !answered));
    document.getElementById('chat-about-title').textContent = answered
      ? text('chatReplyTo', { name: answered.name })
      : text('chatEditing');
    document.getElementById('chat-about-text').textContent = (edited ?? answered)?.message ?? '';
  }

  async #submit(event) {
    event.preventDefault();
    const message = this.#input.value.trim();
    if (!message) {
      return;
    }
    const { edited } = this.#about;
    const replyTo = this.#replyTo();
    this.#input.value = '';
    this.#setAbout({});
    await (edited ? this.#try(this.#salon.editMessage(edited.id, message)) : this.#say(message, replyTo));
  }

  async #say(message, replyTo) {
    const { id: from, participants } = this.#salon;
    const { name } = participants.get(from);
    const own = this.#append({ from, name, message, time: new Date(), reply_to: replyTo });
    const sent = await this.#try(this.#salon.chat(message, replyTo));
    if (sent) {
      own.id = sent.id;
      this.#enlist(own);
    } else {
      own.fail();
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

  /* What stands in the log. */

  /** @param {object} what - as for a Message; without id: ours, and on its way */
  #append(what) {
    const message = new Message(what, what.from === this.#salon.id, {
      onEdit: (edited) => this.#setAbout({ edited }),
      onDelete: ({ id }) => this.#try(this.#salon.deleteMessage(id)),
      onReply: (answered) => this.#setAbout({ answered }),
      onThread: ({ thread }) => this.#showThread(thread),
      onJump: ({ replyTo }) => this.#messages.get(replyTo)?.reveal(),
    });
    this.#log.querySelector('[data-text="chatEmpty"]')?.remove();
    message.element.classList.toggle('follows', what.from === this.#lastFrom);
    this.#lastFrom = what.from;
    message.thread = this.#messages.get(message.replyTo)?.thread ?? message.replyTo ?? null;
    if (message.id) {
      this.#enlist(message);
    }
    this.#showInThread(this.#quoteParent(message));
    this.#addToLog(message.element);
    return message;
  }

  /** A message that answers none begins a thread; the first one of that knows how many followed. */
  #enlist(message) {
    this.#messages.set(message.id, message);
    message.thread ??= message.id;
    if (message.replyTo) {
      this.#messages.get(message.thread)?.addReply();
    }
    this.#showInThread(message);
  }

  #addToLog(element) {
    this.#keepAtEnd(() => this.#log.append(element));
  }

  /** Whoever sees the end of the log sees it after the change too. */
  #keepAtEnd(change) {
    const log = this.#log;
    const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END_PX;
    change();
    if (isAtEnd) {
      log.scrollTop = log.scrollHeight;
    }
  }
}

function showBadge(id, count) {
  const badge = document.getElementById(id);
  badge.hidden = count === 0;
  badge.textContent = count > 99 ? '99+' : count;
}
