/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What somebody on a bad network gets of a call, on Salon and on Janus beside it, as tables. See README.md.
 *
 *   node tests/benchmark/networks.js                                   everything: about 25 minutes
 *   node tests/benchmark/networks.js --tables viewer --losses 5,10 --rtts 300 --calls 5
 *   node tests/benchmark/networks.js --tables drop --servers salon --rounds 1
 *   node tests/benchmark/networks.js --markdown tables.md --picture tables.svg --json tables.json
 *
 * A server is the SALON_SERVER of the environment, or the one that was built. */

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { openChromium } from '../lib/browsers.js';
import { hasJanus } from '../lib/janus.js';
import { CAMERA, measureDrop, measureShare } from './networks/lines.js';
import { measureLosses } from './networks/losses.js';
import { draw } from './networks/picture.js';
import { reportDrops, reportLosses, reportShares, showLoss } from './networks/report.js';
import { SERVERS } from './networks/servers.js';

const OPTIONS = {
  tables: { type: 'string', default: 'viewer,publisher,drop,share' },
  servers: { type: 'string', default: 'salon,janus' },
  losses: { type: 'string', default: '0,1,5,10,20' }, /* % */
  rtts: { type: 'string', default: '20,100,300' }, /* ms */
  seconds: { type: 'string' }, /* that each is measured; left out: as the tables need it */
  calls: { type: 'string', default: '3' }, /* of each server at once, on lines that lose */
  rounds: { type: 'string', default: '3' }, /* of narrow lines */
  markdown: { type: 'string' },
  picture: { type: 'string' },
  json: { type: 'string' },
};
const LOSS_S = 15;
/* Of those who measure for as long as is right: browsers' buffers are long, where a call began on a busy machine. */
const WARM_UP_S = 15;
const DROP_S = 25;
const SHARE_S = 20;

/* What is opened is closed at the end, whatever comes. */
class Scope {
  static #open = new Set();
  #closers = [];

  after(close) {
    this.#closers.push(close);
  }

  async close() {
    while (this.#closers.length > 0)
      await this.#closers.pop()();
  }

  static async run(work) {
    const scope = new Scope();
    Scope.#open.add(scope);
    try {
      return await work(scope);
    } finally {
      await scope.close();
      Scope.#open.delete(scope);
    }
  }

  static async closeAll() {
    await Promise.all([...Scope.#open].map((scope) => scope.close()));
  }
}

function readList(text, allowed, what) {
  const names = text.split(',');
  const stray = names.find((name) => !allowed.includes(name));
  if (stray !== undefined)
    throw new Error(`no such ${what}: ${stray}`);
  return names;
}

function readNumber(text, what, least) {
  const value = Number(text);
  if (text === '' || !(value >= least))
    throw new Error(`${what}: ${text}`);
  return value;
}

function readOptions() {
  const { values } = parseArgs({ options: OPTIONS });
  const options = {
    tables: readList(values.tables, Object.keys(TABLES), 'table'),
    servers: readList(values.servers, Object.keys(SERVERS), 'server'),
    losses: values.losses.split(',').map((text) => readNumber(text, 'loss', 0) / 100),
    rttsMs: values.rtts.split(',').map((text) => readNumber(text, 'round trip', 0)),
    seconds: values.seconds === undefined ? undefined : readNumber(values.seconds, 'seconds', 1),
    calls: readNumber(values.calls, 'calls', 1),
    rounds: readNumber(values.rounds, 'rounds', 1),
  };
  if (options.servers.includes('janus') && !hasJanus())
    throw new Error('there is no janus; apt-get install janus, or --servers salon');
  return { ...options, files: values };
}

const tell = (text) => process.stderr.write(`${text}\n`);

/* -- the tables -- */

async function measureLossTable(side, options) {
  return await Scope.run(async (t) => {
    const servers = [];
    for (const name of options.servers)
      servers.push(await SERVERS[name].start(t));
    const browsers = { publishers: await openChromium(t), viewers: await openChromium(t) };
    const rows = [];
    const settings = { ...options, side, seconds: options.seconds ?? LOSS_S, n: options.calls,
                       warmUpS: options.seconds === undefined ? WARM_UP_S : 0 };
    for await (const row of measureLosses(t, servers, browsers, settings)) {
      rows.push(row);
      tell(`${side}: ${showLoss(row.loss)}, ${row.rttMs} ms; the machine is ${Math.round(row.busy * 100)} % busy`);
    }
    return rows;
  });
}

/* In turns, A B, B A: so what else happens on the machine happens to all. Each time with a server and browsers anew. */
async function measureRounds(table, measure, seconds, options) {
  const rounds = Object.fromEntries(options.servers.map((name) => [name, []]));
  for (let round = 0; round < options.rounds; round++) {
    const inTurn = round % 2 === 0 ? options.servers : [...options.servers].reverse();
    for (const name of inTurn) {
      rounds[name].push(await Scope.run(async (t) => {
        const server = await SERVERS[name].start(t);
        const browsers = { publishers: await openChromium(t, { cameraSize: CAMERA }), viewers: await openChromium(t) };
        return await measure(t, server, browsers, { seconds: options.seconds ?? seconds });
      }));
      const { busy } = rounds[name].at(-1);
      tell(`${table}: ${name}, round ${round + 1}; the machine was ${Math.round(busy * 100)} % busy`);
    }
  }
  return rounds;
}

const TABLES = {
  viewer: { title: 'The line of who watches loses packets', report: reportLosses,
            measure: (options) => measureLossTable('viewer', options) },
  publisher: { title: 'The line of who publishes loses packets', report: reportLosses,
               measure: (options) => measureLossTable('publisher', options) },
  drop: { title: 'A line of 3 Mbit/s becomes one of 500 kbit/s, and again one of 3 Mbit/s', report: reportDrops,
          measure: (options) => measureRounds('drop', measureDrop, DROP_S, options) },
  share: { title: 'Two share a line of 1 Mbit/s', report: reportShares,
           measure: (options) => measureRounds('share', measureShare, SHARE_S, options) },
};

async function main() {
  const options = readOptions();
  const results = {};
  const parts = [];
  for (const name of options.tables) {
    const { title, measure, report } = TABLES[name];
    results[name] = await measure(options);
    parts.push(`### ${title}\n\n${report(results[name])}\n`);
    console.log(parts.at(-1));
  }
  const { markdown, picture, json } = options.files;
  if (markdown)
    writeFileSync(markdown, parts.join('\n'));
  if (picture)
    writeFileSync(picture, draw(results, options.servers));
  if (json)
    writeFileSync(json, JSON.stringify(results));
}

for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => Scope.closeAll().finally(() => process.exit(1)));
try {
  await main();
  process.exit(0);
} catch (error) {
  tell(error.stack);
  process.exit(1);
}
