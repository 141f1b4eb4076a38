/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was measured, as tables of Markdown. */

/* Of more, others have taken what the calls needed. */
const MAX_BUSY = 0.85;
/* Where nothing is lost, nothing freezes. */
const MAX_CONTROL_FROZEN = 0.02;

const sort = (values) => [...values].sort((a, b) => a - b);

export function median(values) {
  const sorted = sort(values);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/* The median, and where they differ, from the least to the greatest. Those that never were are undefined. */
export function summarise(values, format, never = 'never') {
  const show = (value) => (value === Infinity ? never : format(value));
  const sorted = sort(values.map((value) => value ?? Infinity));
  const [least, greatest] = [show(sorted[0]), show(sorted.at(-1))];
  /* There is nothing between a number and never. */
  const middle = show(sorted.includes(Infinity) ? sorted[sorted.length >> 1] : median(sorted));
  return least === greatest ? middle : `${middle} (${least} to ${greatest})`;
}

export const number = (digits) => (value) => value.toFixed(digits);
export const percent = (value) => (value * 100).toFixed(1);
export const showLoss = (share) => `${Number((share * 100).toFixed(2))} %`;
export const seconds = (value) => `${value.toFixed(1)} s`;

/* Whether it says more about the machine than about the network. busy: a share; controls: of calls on perfect lines. */
export function isDoubtful(busy, controls = []) {
  return busy > MAX_BUSY || controls.some(({ frozen }) => frozen > MAX_CONTROL_FROZEN);
}

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---:')), ...rows.map(line)].join('\n');
}

/* -- losses -- */

const LOSS_FIGURES = [
  ['frames/s', 'fps', number(1)],
  ['frozen, %', 'frozen', percent],
  ['concealed, %', 'concealed', percent],
  ['picture waits, ms', 'waitMs', number(0)],
];

/* rows: as measureLosses() yields them. */
export function reportLosses(rows) {
  const names = Object.keys(rows[0].servers);
  const head = ['Loss', 'RTT', ...LOSS_FIGURES.flatMap(([title]) => names.map((name) => `${name}: ${title}`))];
  return table(head, rows.map(({ loss, rttMs, busy, servers }) => {
    const doubt = isDoubtful(busy, Object.values(servers).map(({ control }) => control)) ? ' ?' : '';
    const cells = LOSS_FIGURES.flatMap(([, key, format]) =>
      names.map((name) => summarise(servers[name].samples.map((each) => each[key]), format)));
    return [`${showLoss(loss)}${doubt}`, `${rttMs} ms`, ...cells];
  }));
}

/* -- lines that are too narrow -- */

/* What a row tells: title, what it is of a round, and how it is written. */
const DROP_ROWS = [
  ['3 Mbit/s: received, kbit/s', ({ before }) => before.bps / 1000, number(0)],
  ['3 Mbit/s: frames/s', ({ before }) => before.fps, number(1)],
  ['500 kbit/s: more was sent than fits, for', ({ narrow }) => narrow.fitsAfterS, seconds, 'all the time'],
  ['500 kbit/s: packets that found no place, %', ({ narrow }) => narrow.lost / narrow.packets, percent],
  ['500 kbit/s: packets sent again', ({ narrow }) => narrow.resent, number(0)],
  ['500 kbit/s: frames/s', ({ narrow }) => narrow.fps, number(1)],
  ['500 kbit/s: frozen, %', ({ narrow }) => narrow.frozen, percent],
  ['500 kbit/s: concealed, %', ({ narrow }) => narrow.concealed, percent],
  ['500 kbit/s: wait in the queue, later half, ms', ({ narrow }) => narrow.queueMs, number(0)],
  ['3 Mbit/s again: pictures as before, after', ({ wide }) => wide.recoversAfterS, seconds],
  ['3 Mbit/s again: frozen, %', ({ wide }) => wide.frozen, percent],
];
const SHARE_ROWS = [
  ['One receives, kbit/s', ({ viewers }) => viewers[0].bps / 1000, number(0)],
  ['The other, kbit/s', ({ viewers }) => viewers[1].bps / 1000, number(0)],
  ['Fairness (Jain; 1: the same)', ({ fairness }) => fairness, number(3)],
  ['Frames/s, the worse of both', ({ viewers }) => Math.min(...viewers.map(({ fps }) => fps)), number(1)],
  ['Frozen, %, the worse of both', ({ viewers }) => Math.max(...viewers.map(({ frozen }) => frozen)), percent],
  ['Concealed, %, the worse of both', ({ viewers }) => Math.max(...viewers.map((each) => each.concealed)), percent],
  ['Packets that found no place, %', ({ lost, packets }) => lost / packets, percent],
  ['Packets sent again', ({ resent }) => resent, number(0)],
  ['Wait in the queue, ms', ({ queueMs }) => queueMs, number(0)],
];

/* rounds: { name: [what was measured] } */
function reportRounds(rowKinds, rounds) {
  const names = Object.keys(rounds);
  const head = names.map((name) => (rounds[name].some(({ busy }) => isDoubtful(busy)) ? `${name} ?` : name));
  return table(['', ...head], rowKinds.map(([title, get, format, never]) =>
    [title, ...names.map((name) => summarise(rounds[name].map(get), format, never))]));
}

export const reportDrops = (rounds) => reportRounds(DROP_ROWS, rounds);
export const reportShares = (rounds) => reportRounds(SHARE_ROWS, rounds);
