/* SPDX-License-Identifier: LGPL-2.1-or-later */
import { chime } from './chime.js';
import { fillStrings, setLabel, text } from './strings.js';
import { toast } from './toast.js';

/** The host's view of the door: who waits to be let in. */
export class Admission {
  #salon;
  #tryTo;
  #panel = document.getElementById('admission');
  #list = document.getElementById('admission-list');
  #all = document.getElementById('admit-all');
  #items = new Map();

  /**
   * @param {function(Promise)} tryTo - says what fails
   * @param {AbortSignal} signal - aborted at the end of the call
   */
  constructor(salon, tryTo, signal) {
    this.#salon = salon;
    this.#tryTo = tryTo;
    this.#list.replaceChildren();
    this.#panel.open = true;
    salon.addEventListener('waiting-list', () => this.#sync(), { signal });
    document.addEventListener('language', () => this.#showTexts(), { signal });
    this.#all.addEventListener('click', () => salon.waiting.forEach(({ id }) => this.#admit(id, true)), { signal });
    this.#sync();
  }

  #sync() {
    const { waiting } = this.#salon;
    const isWaiting = (id) => waiting.some((each) => each.id === id);
    [...this.#items.keys()].filter((id) => !isWaiting(id)).forEach((id) => this.#remove(id));
    const arrived = waiting.filter(({ id }) => !this.#items.has(id));
    arrived.forEach((person) => this.#add(person));
    this.#panel.hidden = waiting.length === 0;
    this.#all.hidden = waiting.length < 2;
    this.#showTexts();
    if (arrived.length > 0) {
      this.#announce(arrived);
    }
  }

  #showTexts() {
    const { waiting } = this.#salon;
    document.getElementById('admission-title').textContent = text('waitingCount', { count: waiting.length });
    waiting.forEach(({ id, name }) =>
      setLabel(this.#items.get(id).querySelector('.send-away'), text('sendAway', { name })),
    );
  }

  /** For eyes the list does it, if it is unfolded. */
  #announce([{ name }, ...others]) {
    const { length: count } = this.#salon.waiting;
    const news = others.length > 0 ? text('waitingCount', { count }) : text('waitingOne', { name });
    document.getElementById('admission-news').textContent = this.#panel.open ? news : '';
    if (!this.#panel.open) {
      toast(news);
    }
    chime();
  }

  #add({ id, name }) {
    const item = document.getElementById('waiting-person-template').content.firstElementChild.cloneNode(true);
    fillStrings(item);
    const shownName = item.querySelector('.waiting-name');
    shownName.textContent = name;
    shownName.id = `waiting-${id}`;
    const admit = item.querySelector('.admit');
    admit.setAttribute('aria-describedby', shownName.id);
    admit.addEventListener('click', () => this.#admit(id, true));
    item.querySelector('.send-away').addEventListener('click', () => this.#admit(id, false));
    this.#items.set(id, item);
    this.#list.append(item);
  }

  /** Whoever lets people in by keyboard stays at the door: the focus goes to the next one. */
  #remove(id) {
    const item = this.#items.get(id);
    const hadFocus = item.contains(document.activeElement);
    const next = item.nextElementSibling ?? item.previousElementSibling;
    item.remove();
    this.#items.delete(id);
    if (hadFocus) {
      (next?.querySelector('.admit') ?? document.getElementById('room-name')).focus();
    }
  }

  /** Whoever went away meanwhile needs no answer any more. */
  async #admit(id, isAdmitted) {
    const buttons = this.#items.get(id).querySelectorAll('button');
    buttons.forEach((button) => button.setAttribute('aria-busy', 'true'));
    await this.#tryTo(
      this.#salon.admit(id, isAdmitted).catch((error) => {
        if (error.reason !== 'unknown_participant') {
          throw error;
        }
      }),
    );
    buttons.forEach((button) => button.removeAttribute('aria-busy'));
  }
}
