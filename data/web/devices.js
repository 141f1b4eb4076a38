/* SPDX-License-Identifier: LGPL-2.1-or-later */
import { openDevices } from './salon-devices.js';
import { text } from './strings.js';

/** Answers that asking for one device alone would not change. */
const FINAL_ERRORS = new Set(['NotAllowedError', 'SecurityError', 'NotSupportedError']);

const KINDS = { microphone: 'audioinput', camera: 'videoinput', speaker: 'audiooutput' };

const storageKey = (source) => `salon-${source}`;

/** Opens the microphone or camera this person chose last. @returns {Promise<MediaStreamTrack>} */
export async function open(source) {
  return (await openChosen([source]))[source];
}

/**
 * Opens several with one question, and, when one is missing or busy, at least the other. What did not open is told to
 * `onError(sources, error)` and missing from the result.
 * @returns {Promise<{microphone?: MediaStreamTrack, camera?: MediaStreamTrack}>}
 */
export async function openAll(sources, onError) {
  if (sources.length === 0) {
    return {};
  }
  try {
    return await openChosen(sources);
  } catch (error) {
    if (sources.length === 1 || FINAL_ERRORS.has(error.name)) {
      onError(sources, error);
      return {};
    }
  }
  const tracks = {};
  for (const source of sources) {
    Object.assign(tracks, await openAll([source], onError));
  }
  return tracks;
}

async function openChosen(sources) {
  const wish = (select) => Object.fromEntries(sources.map((source) => [source, select(source)]));
  try {
    return await openDevices(wish((source) => chosen(source) || true));
  } catch (error) {
    if (error.name !== 'OverconstrainedError') {
      throw error;
    }
    return openDevices(wish(() => true)); // What was chosen is not plugged in.
  }
}

export function choose(source, deviceId) {
  remember(storageKey(source), deviceId);
}

/** @returns {string} the id of what was chosen last; '' for the browser's choice */
export function chosen(source) {
  return recall(storageKey(source));
}

/** The devices there are, once the person has allowed to see them. No speakers where they cannot be chosen. */
async function list(source) {
  if (source === 'speaker' && !('setSinkId' in HTMLMediaElement.prototype)) {
    return [];
  }
  const kind = KINDS[source];
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  return devices.filter((device) => device.kind === kind && device.label);
}

/** Offers the devices there are, `current` selected; hides the label when there are none. Returns how many. */
export async function fillPicker(select, source, current) {
  const devices = await list(source);
  select.replaceChildren(
    ...devices.map(({ label, deviceId }) => new Option(label, deviceId, false, deviceId === current)),
  );
  select.closest('label').hidden = devices.length === 0;
  return devices.length;
}

/** Whether opening would ask no question. Browsers that won't say count as no. */
export async function isAllowed(source) {
  try {
    return (await navigator.permissions.query({ name: source })).state === 'granted';
  } catch {
    return false;
  }
}

/** What to tell a person whose devices did not open, and what still works. */
export function errorText(sources, error) {
  const device = sources.length > 1 ? 'Both' : sources[0] === 'camera' ? 'Camera' : 'Microphone';
  switch (error.name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return text(`denied${device}`);
    case 'NotFoundError':
    case 'OverconstrainedError':
      return text(`missing${device}`);
    case 'NotReadableError':
    case 'AbortError':
      return text(`busy${device}`);
    case 'NotSupportedError':
      return text('insecure');
    default:
      return text('deviceFailed', { message: error.message });
  }
}

/* Storage can be forbidden; then we just don't remember. */

export function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    return;
  }
}

export function recall(key) {
  try {
    return localStorage.getItem(key) ?? '';
  } catch {
    return '';
  }
}
