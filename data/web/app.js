/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * The page: lobby, call, end. Query parameters for kiosks and tests: `name`, `room`, `join=1` joins at once,
 * `audio=0` and `video=0` leave the devices alone.
 */
import { chime } from './chime.js';
import * as devices from './devices.js';
import { startLanguage } from './language.js';
import { Lobby } from './lobby.js';
import { isReload, keepPlace, recallPlace, roomLink } from './place.js';
import { SalonError } from './salon-rpc.js';
import { errorText, STRINGS, text } from './strings.js';

const RETRY_DELAYS_MS = [1_000, 2_000, 4_000, 8_000, 8_000, 8_000];
const END_TITLES = {
  left: 'endedLeft',
  replaced: 'endedReplaced',
  kicked: 'endedKicked',
  shutting_down: 'endedShutdown',
  room_deleted: 'endedDeleted',
  room_closed: 'endedClosed',
  room_expired: 'endedExpired',
  media_failed: 'endedMedia',
  connection_lost: 'endedLost',
};
/** What more there is to say of them. */
const END_TEXTS = { replaced: 'endedReplacedText', media_failed: 'endedMediaText' };
/** After these the room is likely to be back soon. */
const RETRY_REASONS = new Set(['connection_lost', 'shutting_down']);

const query = new URLSearchParams(location.search);
/** What the person last joined with, to join again: `{room, name, wanted}`. */
let settings = null;
let retryTimer = 0;
let lobby = null;

function show(view) {
  for (const id of ['lobby', 'call', 'ended']) {
    document.getElementById(id).hidden = id !== view;
  }
}

/** Room links carry the name percent-encoded; one that is encoded wrongly names no room. */
function roomOfPath() {
  const match = /^\/r\/([^/]+)\/?$/.exec(location.pathname);
  try {
    return match ? decodeURIComponent(match[1]) : '';
  } catch {
    return '';
  }
}

/** What one needs in a room, the library included, comes while one is in the lobby. */
async function loadCall() {
  try {
    const [{ Call }, { Salon }] = await Promise.all([import('./call.js'), import('./salon.js')]);
    return { Call, Salon };
  } catch {
    throw new SalonError('unreachable', 'The page could not be loaded to its end.');
  }
}

/** Enters the room of `settings`; rejected with a SalonError. */
async function enter() {
  const { room, name } = settings;
  const { Call, Salon } = await loadCall();
  const salon = new Salon({ room, name, session: recallPlace(room).session });
  salon.addEventListener('waiting', ({ detail }) => showWaiting(salon, detail.isWaiting));
  await salon.join();
  window.salon = salon;
  const { slug } = salon.room;
  history.replaceState(null, '', new URL(roomLink(slug)).pathname + keptQuery());
  document.title = `${slug} · Salon`;
  show('call');
  const call = new Call(salon);
  salon.addEventListener('local-track', () => keepPlace(slug, { wanted: whatIsOn(salon) }));
  salon.addEventListener('reconnected', () => keepPlace(slug, { session: salon.session }));
  salon.addEventListener('closed', ({ detail }) => onClosed(salon, call, detail));
  keepPlace(slug, { session: salon.session, isIn: true, name, wanted: settings.wanted });
  await turnOnDevices(salon, call);
}

/** What was on in the lobby goes on in the call; that may take a person's permission. */
async function turnOnDevices(salon, call) {
  const { wanted, tracks } = await lobby.takeTracks();
  if (salon.state === 'closed') {
    Object.values(tracks).forEach((track) => track.stop());
    return;
  }
  settings.wanted = wanted;
  keepPlace(salon.room.slug, { wanted });
  call.turnOn(tracks);
}

/** Before one is in, the lobby says that one waits; later, the call does. */
function showWaiting(salon, isWaiting) {
  if (isWaiting && salon.state === 'joining') {
    show('lobby');
    lobby.showWaiting(() => salon.leave());
  } else if (!isWaiting) {
    lobby.showWaiting(null);
    if (salon.state === 'joined') {
      chime(); // The door opens for one who may be looking elsewhere by now.
    }
  }
}

function whatIsOn(salon) {
  return { microphone: salon.isOn('microphone'), camera: salon.isOn('camera') };
}

/** A kiosk that is reloaded joins again as it did before. */
function keptQuery() {
  query.delete('room');
  return query.size ? `?${query}` : '';
}

function onClosed(salon, call, { reason, message }) {
  settings.wanted = whatIsOn(salon);
  keepPlace(salon.room.slug, { isIn: false });
  call.close();
  if (RETRY_REASONS.has(reason)) {
    showEnd(text(END_TITLES[reason]), text('reconnecting'));
    retryAfter(RETRY_DELAYS_MS);
  } else if (reason === 'room_closed' && salon.room.host === salon.id) {
    showEnd(text('endedClosedByYou'), '');
  } else {
    showEnd(text(END_TITLES[reason] ?? 'endedError'), endText(reason, message));
  }
}

function endText(reason, message) {
  if (reason in END_TEXTS) {
    return text(END_TEXTS[reason]);
  }
  if (reason in END_TITLES) {
    return '';
  }
  return `error_${reason}` in STRINGS ? errorText({ reason, message }) : message;
}

function showEnd(title, details) {
  document.getElementById('ended-title').textContent = title;
  document.getElementById('ended-text').textContent = details;
  show('ended');
  document.getElementById('ended-title').focus();
}

/** Tries again after each of `delays`, give or take half, until it works or the person does something else. */
function retryAfter([delay, ...later]) {
  if (delay === undefined) {
    return;
  }
  const retry = async () => (await rejoin()) || retryAfter(later);
  retryTimer = setTimeout(retry, delay * (0.5 + Math.random()));
}

/** @returns {Promise<boolean>} whether one is somewhere else by now; if not, the page says why */
async function rejoin() {
  const button = document.getElementById('rejoin');
  button.disabled = true;
  lobby.prepare(settings);
  try {
    await enter();
  } catch (error) {
    lobby.showError(error); // Who had to wait for the host and was not let in, is there.
    document.getElementById('ended-text').textContent = errorText(error);
  } finally {
    button.disabled = false;
  }
  return document.getElementById('ended').hidden;
}

function onRejoinClick() {
  clearTimeout(retryTimer);
  rejoin();
}

/** How this person enters: by the page's address; after a reload in the midst of a call, as they were. */
function startSettings() {
  const room = roomOfPath() || (query.get('room') ?? '');
  const place = isReload() && room ? recallPlace(room) : {};
  return {
    isBack: place.isIn === true,
    room,
    name: query.get('name') ?? place.name ?? devices.recall('salon-name'),
    wanted: (place.isIn && place.wanted) || {
      microphone: query.get('audio') !== '0',
      camera: query.get('video') !== '0',
    },
  };
}

async function start() {
  document.getElementById('rejoin').addEventListener('click', onRejoinClick);
  await startLanguage();
  const { isBack, ...beginning } = startSettings();
  lobby = new Lobby(beginning, ({ room, name }) => {
    settings = { room, name, wanted: beginning.wanted };
    return enter();
  });
  show('lobby');
  if (isBack || query.get('join') === '1') {
    lobby.join();
  } else {
    lobby.open();
    loadCall().catch(() => {}); // It is tried again when it is needed.
  }
}

start();
