/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A reporter for Node's test runner: plain TAP (version 12), with what went wrong in comments. The runner's own TAP
 * nests YAML that Meson 1.0 cannot read. A suite is not counted, its tests are. */

import { inspect } from 'node:util';

function comment(text) {
  return text.trimEnd().split('\n').map((line) => `# ${line}\n`).join('');
}

function result({ name, skip, todo, details }, number, isOk) {
  const directive = skip !== undefined ? ` # SKIP ${skip}` : todo !== undefined ? ` # TODO ${todo}` : '';
  const seconds = ((details?.duration_ms ?? 0) / 1000).toFixed(1);
  return `${isOk ? 'ok' : 'not ok'} ${number} - ${name.replace(/[\\#]/g, ' ')} (${seconds} s)${directive}\n`;
}

/* A suite, unless it failed by itself. */
function standsForItsTests({ details }) {
  return details?.type === 'suite' && (details.error === undefined || details.error.failureType === 'subtestsFailed');
}

export default async function* tap(source) {
  let count = 0;
  for await (const { type, data } of source) {
    if (type === 'test:dequeue') {
      yield `# running: ${data.name}\n`;
    } else if (type === 'test:diagnostic' && !/^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) /.test(data.message)) {
      yield comment(data.message);
    } else if ((type === 'test:pass' || type === 'test:fail') && !standsForItsTests(data)) {
      yield result(data, ++count, type === 'test:pass');
      if (type === 'test:fail')
        yield comment(inspect(data.details.error.cause ?? data.details.error));
    }
  }
  yield `1..${count}\n`;
}
