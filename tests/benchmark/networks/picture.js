/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was measured, as a picture: in the style of bench-picture.c. */

import { median, showLoss } from './report.js';

const WIDTH = 960;
const LEFT = 20;
const RIGHT = 940;
const TOP = 50;
const PANEL_HEIGHT = 200;
const CHART_TOP = 40;
const CHART_HEIGHT = 120;
const COLOURS = ['#d9693f', '#7d3560'];

const STYLE = `  <style>
    text { fill: #2b1b27; text-anchor: middle; }
    .small { font-size: 11px; fill: #5d4d58; }
    .title { font-weight: 600; }
    .left { text-anchor: start; }
    .right { text-anchor: end; }
    .base { stroke: #4a3b46; stroke-width: 1.5; }
    .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
    .room { fill: none; stroke: #4a3b46; stroke-dasharray: 5 4; }
  </style>`;

function legend(names) {
  return names.flatMap((name, i) => [
    `  <rect x="${LEFT + 130 * i}" y="14" width="14" height="14" rx="2" fill="${COLOURS[i]}"/>`,
    `  <text class="left" x="${LEFT + 20 + 130 * i}" y="26">${name}</text>`,
  ]);
}

function frame(title, top) {
  const bottom = top + CHART_TOP + CHART_HEIGHT;
  return [`  <text class="title left" x="${LEFT}" y="${top + 20}">${title}</text>`,
          `  <path class="base" d="M${LEFT} ${bottom} H${RIGHT}"/>`];
}

/* groups: [{ title, values }], a value for each server. */
function bars(title, groups, digits) {
  return (top) => {
    const bottom = top + CHART_TOP + CHART_HEIGHT;
    const greatest = Math.max(1, ...groups.flatMap(({ values }) => values));
    const width = (RIGHT - LEFT) / groups.length;
    return [...frame(title, top), ...groups.flatMap((group, g) => {
      const bar = width * 0.8 / group.values.length;
      const left = LEFT + g * width + width * 0.1;
      return [...group.values.flatMap((value, i) => {
        const height = Math.round(value / greatest * CHART_HEIGHT);
        const x = left + i * bar;
        return [
          `  <rect x="${x.toFixed(0)}" y="${bottom - height}" width="${(bar - 2).toFixed(0)}" height="${height}" ` +
            `rx="2" fill="${COLOURS[i]}"/>`,
          `  <text class="small" x="${(x + bar / 2).toFixed(0)}" y="${bottom - height - 4}">` +
            `${value.toFixed(digits)}</text>`,
        ];
      }), `  <text class="small" x="${(left + width * 0.4).toFixed(0)}" y="${bottom + 16}">${group.title}</text>`];
    })];
  };
}

/* lines: [[{ x, y }]], one for each server; room: likewise, what there is room for; marks: [{ x, text }]. */
function curves(title, lines, { room, marks = [] }) {
  return (top) => {
    const bottom = top + CHART_TOP + CHART_HEIGHT;
    const all = [...lines, ...(room ? [room] : [])].flat();
    const [greatestX, greatestY] = [Math.max(...all.map(({ x }) => x)), Math.max(...all.map(({ y }) => y), 1)];
    const across = (x) => (LEFT + x / greatestX * (RIGHT - LEFT)).toFixed(1);
    const path = (points) => points.map(({ x, y }, i) =>
      `${i === 0 ? 'M' : 'L'}${across(x)} ${(bottom - y / greatestY * CHART_HEIGHT).toFixed(1)}`).join(' ');
    return [
      ...frame(title, top),
      `  <text class="small right" x="${RIGHT}" y="${top + 20}">the top: ${greatestY.toFixed(0)}</text>`,
      ...(room ? [`  <path class="room" d="${path(room)}"/>`] : []),
      ...lines.map((points, i) => `  <path class="line" stroke="${COLOURS[i]}" d="${path(points)}"/>`),
      ...marks.map(({ x, text }) => `  <text class="small left" x="${across(x)}" y="${bottom + 16}">${text}</text>`),
    ];
  };
}

/* Of each half second, the mean. */
function smooth(samples, key, scale = 1) {
  const halves = new Map();
  for (const sample of samples) {
    const half = Math.floor(sample.at * 2) / 2;
    halves.set(half, [...(halves.get(half) ?? []), sample[key] / scale]);
  }
  return [...halves].map(([x, values]) => ({ x, y: values.reduce((sum, each) => sum + each, 0) / values.length }));
}

function lossPanels(rows, names, whose) {
  const groups = (key, scale) => rows.map(({ loss, rttMs, servers }) => ({
    title: `${showLoss(loss)}, ${rttMs}`,
    values: names.map((name) => median(servers[name].samples.map((each) => each[key])) * scale),
  }));
  const title = `Time in which the picture is frozen, %, by ${whose} loss and round trip in ms`;
  return [bars(title, groups('frozen', 100), 0)];
}

function dropPanels(rounds, names) {
  const firsts = names.map((name) => rounds[name][0]);
  const { narrow, wide } = firsts[0];
  const marks = [{ x: 0, text: '3 Mbit/s' }, { x: narrow.from, text: '500 kbit/s' },
                 { x: wide.from, text: '3 Mbit/s' }];
  const room = firsts[0].samples.map(({ at, rateBps }) => ({ x: at, y: Math.min(rateBps / 1000, 3000) }));
  return [
    curves('What arrives of a line that becomes narrow and wide again, kbit/s; dashed: what it has room for',
           firsts.map(({ samples }) => smooth(samples, 'bps', 1000)), { room, marks }),
    curves('How long a packet waits for its turn on that line, ms: who would wait for a second is dropped',
           firsts.map(({ samples }) => smooth(samples, 'queueMs')), { marks }),
  ];
}

/* results: { viewer, publisher: rows; drop: rounds }, of which some may be missing. Returns: SVG. */
export function draw(results, names) {
  const panels = [
    ...(results.viewer ? lossPanels(results.viewer, names, "the viewer's") : []),
    ...(results.publisher ? lossPanels(results.publisher, names, "the publisher's") : []),
    ...(results.drop ? dropPanels(results.drop, names) : []),
  ];
  const height = TOP + panels.length * PANEL_HEIGHT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" ` +
      'font-size="14">',
    STYLE,
    `  <rect width="${WIDTH}" height="${height}" rx="14" fill="#fffdf9"/>`,
    ...legend(names),
    ...panels.flatMap((panel, i) => panel(TOP + i * PANEL_HEIGHT)),
    '</svg>',
    '',
  ].join('\n');
}
