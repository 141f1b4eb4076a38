/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * The page: lobby, call, end. Query parameters for kiosks and tests: `name`, `room`, `join=1` joins at once,
 * `audio=0` and `video=0` leave the devices alone.
 */
import { Call, roomLink } from './call.js';
import * as devices from './devices.js';
import { Lobby } from './lobby.js';
import { Salon } from './salon.js';
import { errorText, fillStrings, text } from './strings.js';
import { toast } from './toast.js';

const RETRY_DELAYS_MS = [1_000, 2_000, 4_000, 8_000, 8_000, 8_000];
const END_TITLES = {
  left: 'endedLeft',
  shutting_down: 'endedShutdown',
  room_deleted: 'endedDeleted',
  media_failed: 'endedMedia',
  connection_lost: 'endedLost',
};
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
  const salon = new Salon({ room, name, ...tracks });
  await salon.join();
  window.salon = salon;
  history.replaceState(null, '', new URL(roomLink(salon.room.slug)).pathname + keptQuery());
  document.title = `${salon.room.slug} · Salon`;
  show('call');
  const call = new Call(salon);
  salon.addEventListener('closed', ({ detail }) => onClosed(salon, call, detail));
}

/** A kiosk that is reloaded joins again as it did before. */
function keptQuery() {
  query.delete('room');
  return query.size ? `?${query}` : '';
}

function onClosed(salon, call, { reason, message }) {
  settings.wanted = { microphone: salon.isOn('microphone'), camera: salon.isOn('camera') };
  call.close();
  if (RETRY_REASONS.has(reason)) {
    showEnd(text(END_TITLES[reason] ?? 'endedError'), text('reconnecting'));
    retryAfter(RETRY_DELAYS_MS);
  } else {
    showEnd(text(END_TITLES[reason] ?? 'endedError'), reason in END_TITLES ? '' : message);
  }
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

function start() {
  fillStrings(document);
  document.getElementById('rejoin').addEventListener('click', onRejoinClick);
  const lobby = new Lobby(
    {
      room: roomOfPath() || (query.get('room') ?? ''),
      name: query.get('name') ?? devices.recall('salon-name'),
      wanted: { microphone: query.get('audio') !== '0', camera: query.get('video') !== '0' },
    },
    async ({ room, name, wanted, tracks }) => {
      settings = { room, name, wanted };
      try {
        await enter(tracks);
      } catch (error) {
        toast(errorText(error), { isError: true });
      }
    },
  );
  show('lobby');
  if (query.get('join') === '1') {
    lobby.join();
  } else {
    lobby.open();
  }
}

start();
