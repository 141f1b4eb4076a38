/* SPDX-License-Identifier: LGPL-2.1-or-later */

const NOTES_HZ = [659, 880];
const NOTE_S = 0.16;
const VOLUME = 0.12;

/** Two soft notes for somebody who may be looking elsewhere: at the host's door, and as it opens. */
export function chime() {
  const context = new AudioContext();
  NOTES_HZ.forEach((frequency, index) => {
    const start = context.currentTime + index * NOTE_S;
    const end = start + NOTE_S * 3;
    const gain = new GainNode(context, { gain: 0 });
    gain.gain.setValueAtTime(VOLUME, start);
    gain.gain.exponentialRampToValueAtTime(0.001, end);
    const note = new OscillatorNode(context, { frequency });
    note.connect(gain).connect(context.destination);
    note.start(start);
    note.stop(end);
    note.onended = () => index === NOTES_HZ.length - 1 && context.close();
  });
}
