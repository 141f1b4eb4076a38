/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * This tab's place in a room, kept over a reload and until the tab is closed: the session to come back with, whether
 * one is in the room, and how: `{session, isIn, name, wanted}`.
 */
const keyOf = (room) => `salon-place/${room}`;

export function recallPlace(room) {
  try {
    return JSON.parse(sessionStorage.getItem(keyOf(room))) ?? {};
  } catch {
    return {}; // Storage can be forbidden.
  }
}

export function keepPlace(room, changes) {
  try {
    sessionStorage.setItem(keyOf(room), JSON.stringify({ ...recallPlace(room), ...changes }));
  } catch {
    return; // Then a reload comes back as somebody new.
  }
}

export function isReload() {
  return performance.getEntriesByType('navigation')[0]?.type === 'reload';
}

/** The link that brings others into a room. */
export function roomLink(slug) {
  return `${location.origin}/r/${encodeURIComponent(slug)}`;
}

/** What lets one delete a room that was opened in this browser: it is told once, and kept here. */
export const ownerKey = (slug) => `salon-owner/${slug}`;
