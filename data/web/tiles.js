/* SPDX-License-Identifier: LGPL-2.1-or-later */
import { bindFullScreen } from './full-screen.js';
import { ANY_SHAPE, keepLaidOut } from './layout.js';
import { ShownSize } from './shown-size.js';
import { fillStrings, setLabel, text } from './strings.js';

/** What is said of a picture that is not converted for now; the other reasons stay as they are. */
const REFUSALS = { too_many: 'pictureTooMany', failed: 'pictureFailed' };

/** Whether it is a program that takes, such as a recorder: nobody to be looked at. */
export function isWatcher({ unattended: isUnattended = false, tracks }) {
  return isUnattended && tracks.length === 0;
}

/** One picture: a person's camera (or initials), or a screen. */
class Tile {
  #video;
  #track = null;
  #trackId = null;
  #shownSize = null;
  #removed = new AbortController();

  /**
   * @param {Object<string, function>} actions - by the class of the button
   * @param {function(string, object)} onShownSize - told of a track's id and the size of its picture
   */
  constructor({ participantId, source, isOwn }, actions, onShownSize) {
    const template = document.getElementById('tile-template');
    this.element = template.content.firstElementChild.cloneNode(true);
    fillStrings(this.element);
    this.element.dataset.participant = participantId;
    this.element.dataset.source = source;
    this.element.classList.toggle('own', isOwn);
    this.#video = this.element.querySelector('video');
    this.#video.muted = true; // Sound has elements of its own; a silent picture may always play.
    // The last picture of whoever had this slot before is never shown: only what arrives from now on.
    this.#video.addEventListener('loadeddata', () => this.element.classList.add('has-video'));
    if (!isOwn) {
      const tell = (size) => this.#trackId && onShownSize(this.#trackId, size);
      this.#shownSize = new ShownSize(this.element, this.#video, tell);
    }
    for (const [name, act] of Object.entries(actions)) {
      this.element.querySelector(`.${name}`).addEventListener('click', act);
    }
    if (source === 'screen') {
      const toggle = bindFullScreen(this.element.querySelector('.full-screen'), this.element, this.#removed.signal);
      this.element.addEventListener('dblclick', toggle);
    }
  }

  update({ name, label, isMuted, isHost, note = '', isKickable, devices = {}, canPin, isPinned, track, trackId = null }) {
    this.#showButton('kick', isKickable, text('kick', { name }));
    this.#showMuting('microphone', devices.microphone, text('muteMicrophone', { name }), text('keepMicrophoneOff', { name }));
    this.#showMuting('camera', devices.camera, text('muteCamera', { name }), text('keepCameraOff', { name }));
    this.#showButton('pin', canPin, text(isPinned ? 'unpin' : 'pin', { name }));
    this.element.classList.toggle('pinned', Boolean(isPinned));
    this.element.querySelector('.pin').setAttribute('aria-pressed', Boolean(isPinned));
    const avatar = this.element.querySelector('.avatar');
    avatar.textContent = initials(name);
    this.element.style.setProperty('--hue', hue(name));
    this.element.querySelector('.tile-name').textContent = label;
    this.element.querySelector('.muted-badge').toggleAttribute('hidden', !isMuted);
    this.element.querySelector('.host-badge').hidden = !isHost;
    this.#showNote(note);
    const description = [label, isHost && text('host'), isMuted && text('muted'), note];
    this.element.setAttribute('aria-label', description.filter(Boolean).join(', '));
    this.#setTrack(track);
    this.#setTrackId(trackId);
  }

  /** Why there is no picture, or why it stands still. */
  #showNote(note) {
    const element = this.element.querySelector('.tile-note');
    element.textContent = note;
    element.hidden = !note;
  }

  setSpeaking(isSpeaking) {
    this.element.classList.toggle('speaking', isSpeaking);
    this.element.querySelector('.speaking-badge').toggleAttribute('hidden', !isSpeaking);
  }

  #showButton(name, isShown, label) {
    showButton(this.element.querySelector(`.${name}`), isShown, label);
  }

  /** What is on can be turned off, and what is off kept off: the same place, and the keyboard's focus stays on it. */
  #showMuting(source, device, muteLabel, keepLabel) {
    const mute = this.element.querySelector(`.mute-${source}`);
    const keep = this.element.querySelector(`.keep-${source}-off`);
    const hadFocus = [mute, keep].includes(document.activeElement);
    this.#showButton(`mute-${source}`, device?.muted === false, muteLabel);
    this.#showButton(`keep-${source}-off`, device?.muted, keepLabel);
    keep.setAttribute('aria-pressed', device?.squelched === true);
    if (hadFocus) {
      (mute.hidden ? keep : mute).focus();
    }
  }

  remove() {
    this.#removed.abort();
    this.#shownSize?.close();
    this.#setTrack(null);
    this.element.remove();
  }

  #setTrackId(trackId) {
    if (trackId !== this.#trackId) {
      this.#trackId = trackId;
      this.#shownSize?.repeat();
    }
  }

  #setTrack(track) {
    if (track === this.#track) {
      return;
    }
    this.#track = track;
    this.element.classList.remove('has-video');
    this.#video.srcObject = track ? new MediaStream([track]) : null;
    if (track) {
      this.#video.play().catch(() => {}); // Interrupted by the next change: that one plays.
    }
  }
}

/** The pictures of a call. What is shown follows from the Salon object alone: `sync` brings it up to date. */
export class Tiles {
  #salon;
  #tiles = new Map();
  #grid = document.getElementById('grid');
  #stage = document.getElementById('stage');
  #stopLayout;
  #actions;
  #unseen;
  /** Ids of those with a place of their own, where there is none for everybody. */
  #seen = new Set();
  #lastFront = 0;

  /**
   * @param {Object<string, function(string)>} actions - by the class of the button, called with the id of a participant:
   *   `pin` wants to see them, whoever speaks, or no more; the others are the host's
   */
  constructor(salon, actions) {
    this.#salon = salon;
    this.#actions = actions;
    this.#unseen = new Unseen(actions);
    const stops = [keepLaidOut(this.#grid), keepLaidOut(this.#stage, ANY_SHAPE)];
    this.#stopLayout = () => stops.forEach((stop) => stop());
  }

  sync() {
    this.#seen = this.#chooseSeen();
    const wanted = new Map(this.#describe().map((each) => [each.key, each]));
    const gone = [...this.#tiles].filter(([key]) => !wanted.has(key));
    gone.forEach(([key]) => this.#tiles.delete(key));
    for (const [key, description] of wanted) {
      if (!this.#tiles.has(key)) {
        this.#add(key, description, gone);
      }
      this.#tiles.get(key).update(description);
    }
    gone.forEach(([, tile]) => tile.remove());
    this.#stage.parentElement.classList.toggle('has-stage', this.#stage.childElementCount > 0);
    const unseen = this.#others().filter(({ id }) => !this.#seen.has(id));
    this.#unseen.show(unseen, this.#salon.room.host === this.#salon.id);
    this.showSpeakers();
  }

  /** Marks who speaks. Who leads, and is not in view, comes to the front; nobody else moves. */
  showSpeakers() {
    const { leader, speakers } = this.#salon;
    const speaking = new Set(speakers.map(({ participant }) => participant));
    for (const id of this.#salon.participants.keys()) {
      this.#tiles.get(`${id}/camera`)?.setSpeaking(speaking.has(id));
    }
    this.#unseen.showSpeaking(speaking);
    const tile = this.#tiles.get(`${leader}/camera`)?.element;
    if (tile && !tile.matches('.own') && !this.#isInView(tile)) {
      tile.style.order = --this.#lastFront;
    }
  }

  #isInView(tile) {
    const { top, left, bottom, right } = this.#grid.getBoundingClientRect();
    const own = tile.getBoundingClientRect();
    return own.top >= top - 1 && own.left >= left - 1 && own.bottom <= bottom + 1 && own.right <= right + 1;
  }

  #others() {
    return [...this.#salon.participants.values()].filter(({ id }) => id !== this.#salon.id);
  }

  /**
   * Ids of those who have a tile: everybody but watchers, unless there are more pictures than we are sent. Then those
   * whom we get, and until the last of them has come, whom we had.
   */
  #chooseSeen() {
    const { maxVideo, subscriptions } = this.#salon;
    const others = this.#others().filter((each) => !isWatcher(each));
    const isOn = (source) => (track) => track.source === source && !track.muted;
    const nScreens = others.filter(({ tracks }) => tracks.some(isOn('screen'))).length;
    const withCamera = others.filter(({ tracks }) => tracks.some(isOn('camera')));
    if (maxVideo === null || nScreens + withCamera.length <= maxVideo) {
      return new Set(others.map(({ id }) => id));
    }
    const received = withCamera.filter(({ tracks }) => subscriptions.has(tracks.find(isOn('camera')).id));
    const kept = withCamera.filter((each) => this.#seen.has(each.id) && !received.includes(each));
    const nFree = Math.max(maxVideo - nScreens - received.length, 0);
    return new Set([...received, ...kept.slice(0, nFree)].map(({ id }) => id));
  }

  close() {
    this.#stopLayout();
    this.#tiles.forEach((tile) => tile.remove());
    this.#tiles.clear();
    this.#stage.parentElement.classList.remove('has-stage');
    this.#unseen.show([], false);
  }

  /** @param {Array} gone - tiles that are about to go: a camera takes the place of one, so that no other has to move */
  #add(key, description, gone) {
    const { participantId } = description;
    const actions = Object.fromEntries(Object.entries(this.#actions).map(([name, act]) => [name, () => act(participantId)]));
    const tile = new Tile(description, actions, (trackId, size) => this.#salon.setTrackSettings(trackId, size));
    const former = gone.find(([, { element }]) => element.parentElement === this.#grid && !element.matches('.own'))?.[1];
    this.#tiles.set(key, tile);
    if (description.source === 'camera' && !description.isOwn && former) {
      tile.element.style.order = former.element.style.order;
      former.element.replaceWith(tile.element);
    } else if (description.source === 'screen' && !description.isOwn) {
      this.#stage.append(tile.element);
    } else if (description.isOwn) {
      this.#grid.append(tile.element);
    } else {
      // Oneself stays last, without moving: a video element that moves stops playing.
      this.#grid.insertBefore(tile.element, this.#grid.querySelector('.own'));
    }
  }

  #describe() {
    return [...this.#salon.participants.values()].flatMap((participant) =>
      participant.id === this.#salon.id ? this.#describeOwn(participant) : this.#describeOther(participant),
    );
  }

  #describeOwn({ id, name, is_host: isHost }) {
    const salon = this.#salon;
    const own = (source, rest) => ({
      key: `${id}/${source}`,
      participantId: id,
      source,
      isOwn: true,
      name,
      track: salon.isOn(source) ? salon.localTrack(source) : null,
      ...rest,
    });
    const camera = own('camera', { label: text('you', { name }), isMuted: !salon.isOn('microphone'), isHost });
    const screen = own('screen', { label: text('yourScreen'), isMuted: false, isHost: false });
    return screen.track ? [camera, screen] : [camera];
  }

  #describeOther({ id, name, is_host: isHost, connection, tracks }) {
    const find = (source) => tracks.find((track) => track.source === source);
    const other = (source, rest) => {
      const track = find(source);
      const received = track && !track.muted ? this.#salon.subscriptions.get(track.id) : null;
      const note = connection === 'silent' ? text('silent') : track && !track.muted ? this.#noteOn(track) : '';
      const base = { key: `${id}/${source}`, participantId: id, source, isOwn: false, name, note };
      return { ...base, track: received?.mediaStreamTrack ?? null, trackId: received?.track.id, ...rest };
    };
    const isOn = (source) => find(source)?.muted === false;
    const isKickable = this.#salon.room.host === this.#salon.id;
    const devices = isKickable ? { microphone: find('microphone'), camera: find('camera') } : {};
    const mine = { isKickable, devices, canPin: this.#salon.maxVideo !== null, isPinned: this.#salon.pinned.has(id) };
    const camera = other('camera', { label: name, isMuted: !isOn('microphone'), isHost, ...mine });
    const screen = other('screen', { label: text('screenOf', { name }), isMuted: false, isHost: false });
    return [...(this.#seen.has(id) ? [camera] : []), ...(find('screen') ? [screen] : [])];
  }

  /** What this browser can't play comes converted, later, or not at all. */
  #noteOn({ id }) {
    const { state, reason } = this.#salon.transcodes.get(id) ?? {};
    return { starting: text('pictureStarting'), refused: text(REFUSALS[reason] ?? 'pictureUnplayable') }[state] ?? '';
  }
}

/**
 * The list of those who have no tile: who they are, who of them speaks, and a button each to see them. Of a watcher there
 * is nothing to see; the host can ask it to leave.
 */
class Unseen {
  #element = document.getElementById('unseen');
  #rows = new Map();
  #actions;

  constructor(actions) {
    this.#actions = actions;
  }

  show(people, isHost) {
    const ids = new Set(people.map(({ id }) => id));
    for (const [id, row] of this.#rows) {
      if (!ids.has(id)) {
        row.remove();
        this.#rows.delete(id);
      }
    }
    people.forEach((person) => this.#update(person, isHost));
    this.#element.hidden = people.length === 0;
    this.#element.querySelector('summary').textContent = text('unseen', { count: people.length });
  }

  showSpeaking(ids) {
    this.#rows.forEach((row, id) => row.querySelector('.speaking-badge').toggleAttribute('hidden', !ids.has(id)));
  }

  #update(person, isHost) {
    const { id, name } = person;
    if (!this.#rows.has(id)) {
      const row = document.getElementById('unseen-template').content.firstElementChild.cloneNode(true);
      fillStrings(row);
      row.querySelector('.pin').addEventListener('click', () => this.#actions.pin(id));
      row.querySelector('.kick').addEventListener('click', () => this.#actions.kick(id));
      this.#element.querySelector('ul').append(row);
      this.#rows.set(id, row);
    }
    const row = this.#rows.get(id);
    row.dataset.participant = id;
    row.querySelector('.unseen-name').textContent = name;
    showButton(row.querySelector('.pin'), !isWatcher(person), text('pin', { name }));
    showButton(row.querySelector('.kick'), isWatcher(person) && isHost, text('kick', { name }));
  }
}

function showButton(button, isShown, label) {
  button.hidden = !isShown;
  setLabel(button, label);
}

function initials(name) {
  const words = name.trim().split(/\s+/);
  const letters = [words[0], ...words.slice(1).slice(-1)].map((word) => [...word][0] ?? '');
  return letters.join('').toLocaleUpperCase();
}

/** The same name has the same colour for everybody. */
function hue(name) {
  const hash = [...name].reduce((sum, letter) => Math.imul(sum ^ letter.codePointAt(0), 0x01000193), 0x811c9dc5);
  return (hash >>> 8) % 360;
}
