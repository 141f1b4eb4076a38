/* SPDX-License-Identifier: LGPL-2.1-or-later */
import { bindFullScreen } from './full-screen.js';
import { ANY_SHAPE, keepLaidOut } from './layout.js';
import { ShownSize } from './shown-size.js';
import { fillStrings, setLabel, text } from './strings.js';

/** One picture: a person's camera (or initials), or a screen. */
class Tile {
  #video;
  #track = null;
  #trackId = null;
  #shownSize = null;
  #removed = new AbortController();

  constructor({ participantId, source, isOwn }, { onKick, onShownSize }) {
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
    this.element.querySelector('.kick').addEventListener('click', onKick);
    if (!isOwn) {
      const tell = (size) => this.#trackId && onShownSize(this.#trackId, size);
      this.#shownSize = new ShownSize(this.element, this.#video, tell);
    }
    if (source === 'screen') {
      const toggle = bindFullScreen(this.element.querySelector('.full-screen'), this.element, this.#removed.signal);
      this.element.addEventListener('dblclick', toggle);
    }
  }

  update({ name, label, isMuted, isHost, isSilent = false, isKickable, track, trackId = null }) {
    const kick = this.element.querySelector('.kick');
    kick.hidden = !isKickable;
    setLabel(kick, text('kick', { name }));
    const avatar = this.element.querySelector('.avatar');
    avatar.textContent = initials(name);
    this.element.style.setProperty('--hue', hue(name));
    this.element.querySelector('.tile-name').textContent = label;
    this.element.querySelector('.muted-badge').toggleAttribute('hidden', !isMuted);
    this.element.querySelector('.host-badge').hidden = !isHost;
    this.element.querySelector('.silent-note').hidden = !isSilent;
    const description = [label, isHost && text('host'), isMuted && text('muted'), isSilent && text('silent')];
    this.element.setAttribute('aria-label', description.filter(Boolean).join(', '));
    this.#setTrack(track);
    this.#setTrackId(trackId);
  }

  setSpeaking(isSpeaking) {
    this.element.classList.toggle('speaking', isSpeaking);
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
  #onKick;

  /** @param {function(string)} onKick - called with the id of the participant whom the host wants out */
  constructor(salon, onKick) {
    this.#salon = salon;
    this.#onKick = onKick;
    const stops = [keepLaidOut(this.#grid), keepLaidOut(this.#stage, ANY_SHAPE)];
    this.#stopLayout = () => stops.forEach((stop) => stop());
  }

  sync() {
    const wanted = new Map(this.#describe().map((each) => [each.key, each]));
    for (const [key, tile] of this.#tiles) {
      if (!wanted.has(key)) {
        tile.remove();
        this.#tiles.delete(key);
      }
    }
    for (const [key, description] of wanted) {
      if (!this.#tiles.has(key)) {
        this.#add(key, description);
      }
      this.#tiles.get(key).update(description);
    }
    this.#stage.parentElement.classList.toggle('has-stage', this.#stage.childElementCount > 0);
  }

  setSpeaking(participantId, isSpeaking) {
    this.#tiles.get(`${participantId}/camera`)?.setSpeaking(isSpeaking);
  }

  close() {
    this.#stopLayout();
    this.#tiles.forEach((tile) => tile.remove());
    this.#tiles.clear();
    this.#stage.parentElement.classList.remove('has-stage');
  }

  #add(key, description) {
    const tile = new Tile(description, {
      onKick: () => this.#onKick(description.participantId),
      onShownSize: (trackId, size) => this.#salon.setTrackSettings(trackId, size),
    });
    this.#tiles.set(key, tile);
    if (description.source === 'screen' && !description.isOwn) {
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
      const isSilent = connection === 'silent';
      const base = { key: `${id}/${source}`, participantId: id, source, isOwn: false, name, isSilent };
      return { ...base, track: received?.mediaStreamTrack ?? null, trackId: received?.track.id, ...rest };
    };
    const isKickable = this.#salon.room.host === this.#salon.id;
    const isMuted = find('microphone')?.muted ?? true;
    const camera = other('camera', { label: name, isMuted, isHost, isKickable });
    const screen = other('screen', { label: text('screenOf', { name }), isMuted: false, isHost: false });
    return find('screen') ? [camera, screen] : [camera];
  }
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
