/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* data/log.schema.json as executable rules: what a server with log-format=json says. */

import { readFileSync } from 'node:fs';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const schema = JSON.parse(readFileSync(new URL('../../data/log.schema.json', import.meta.url), 'utf8'));
const ajv = addFormats(new Ajv2020({ strict: false }));
const validate = ajv.compile(schema);

export const EVENTS = schema.$defs.event.oneOf.map((event) => event.const);

/* The entries of a log, each checked. A line that is still being written is left out, and so is what the machine that
 * runs the test, and no test, is the reason of. */
export function readLog(text) {
  return text.split('\n').slice(0, -1).map((line) => {
    const entry = JSON.parse(line);
    if (!validate(entry))
      throw new Error(`an entry breaks the rules: ${ajv.errorsText(validate.errors)}\n${line}`);
    return entry;
  }).filter(({ event }) => event !== 'small_buffers');
}
