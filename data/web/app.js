/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * The page: lobby, call, end. Query parameters for kiosks and tests: `name`, `room`, `join=1` joins at once,
 * `audio=0` and `video=0` leave the devices alone.
 */
import { Call, roomLink } from './call.js';
import * as devices from './devices.js';
import { startLanguage } from './language.js';
import { Lobby } from './lobby.js';
import { isReload, keepPlace, recallPlace } from './place.js';
import { Salon } from './salon.js';
import { errorText, STRINGS, text } from './strings.js';
import { toast } from './toast.js';

const RETRY_DELAYS_MS = [1_000, 2_000, 4_000, 8_000, 8_000, 8_000];
const END_TITLES = {
  left: 'endedLeft',
  replaced: 'endedReplaced',
  kicked: 'endedKicked',
  shutting_down: 'endedShutdown',
  room_deleted: 'endedDeleted',
  media_failed: 'endedMedia',
  connection_lost: 'endedLost',
};
/** What more there is to say of them. */
const END_TEXTS = { replaced: 'endedReplacedText', media_failed: 'endedMediaText' };
/** After these the room is likely to be back soon. */
const RETRY_REASONS = new Set(['connection_lost', 'shutting_down', 'too_slow']);

const query = new URLSearchParams(location.search);
/** What the person last joined with, to join again. */
let settings = null;
let retryTimer = 0;

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

/** Enters the room of `settings`; rejected with a SalonError. */
async function enter(tracks) {
  const { room, name } = settings;
  const salon = new Salon({ room, name, session: recallPlace(room).session, ...tracks });
  await salon.join();
  window.salon = salon;
  history.replaceState(null, '', new URL(roomLink(salon.room.slug)).pathname + keptQuery());
  document.title = `${salon.room.slug} · Salon`;
  show('call');
  const call = new Call(salon);
  salon.addEventListener('local-track', () => keepPlace(salon.room.slug, { wanted: whatIsOn(salon) }));
  salon.addEventListener('reconnected', () => keepPlace(salon.room.slug, { session: salon.session }));
  salon.addEventListener('closed', ({ detail }) => onClosed(salon, call, detail));
  keepPlace(salon.room.slug, { session: salon.session, isIn: true, name, wanted: settings.wanted });
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
    showEnd(text(END_TITLES[reason] ?? 'endedError'), text('reconnecting'));
    retryAfter(RETRY_DELAYS_MS);
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

/** Tries again after each of `delays`, until it works or the person does something else. */
function retryAfter([delay, ...later]) {
  if (delay === undefined) {
    return;
  }
  retryTimer = setTimeout(async () => {
    if (!(await rejoin())) {
      retryAfter(later);
    }
  }, delay);
}

/** @returns {Promise<boolean>} whether one is in the room again; if not, the page says why */
async function rejoin() {
  const button = document.getElementById('rejoin');
  button.disabled = true;
  try {
    const wanted = Object.keys(settings.wanted).filter((source) => settings.wanted[source]);
    const showError = (sources, error) => toast(devices.errorText(sources, error), { isError: true });
    await enter(await devices.openAll(wanted, showError));
    return true;
  } catch (error) {
    document.getElementById('ended-text').textContent = errorText(error);
    return false;
  } finally {
    button.disabled = false;
  }
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
  const lobby = new Lobby(beginning, ({ room, name, wanted, tracks }) => {
    settings = { room, name, wanted };
    return enter(tracks);
  });
  show('lobby');
  if (isBack || query.get('join') === '1') {
    lobby.join();
  } else {
    lobby.open();
  }
}

start();
