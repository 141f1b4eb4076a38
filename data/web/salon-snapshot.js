/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * What happened to the others while we were away, as the events we would have had: `[type, detail]` each.
 * @param {Map<string, object>} before - the participants as we knew them, by id
 * @param {Map<string, object>} after - as they are
 */
export function changesOfOthers(before, after) {
  const gone = [...before.values()].filter(({ id }) => !after.has(id));
  const events = gone.map((participant) => ['participant-left', { participant }]);
  for (const participant of after.values()) {
    const known = before.get(participant.id);
    if (known) {
      events.push(...changesOfOne(known, participant));
    } else {
      events.push(['participant-joined', { participant }]);
    }
  }
  return events;
}

function changesOfOne(before, after) {
  const isSame = before.name === after.name && before.connection === after.connection;
  const events = isSame ? [] : [['participant-updated', { participant: after }]];
  const known = new Map(before.tracks.map((track) => [track.id, track]));
  for (const track of after.tracks) {
    const old = known.get(track.id);
    known.delete(track.id);
    if (!old) {
      events.push(['track-published', { track }]);
    } else if (old.muted !== track.muted) {
      events.push([track.muted ? 'track-muted' : 'track-unmuted', { track }]);
    } else if (JSON.stringify(old) !== JSON.stringify(track)) {
      events.push(['track-updated', { track }]);
    }
  }
  return [...events, ...[...known.values()].map((track) => ['track-unpublished', { track }])];
}
