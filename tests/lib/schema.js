/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* data/protocol.schema.json as executable rules: every message a test sends or receives goes through here. */

import { readFileSync } from 'node:fs';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const path = new URL('../../data/protocol.schema.json', import.meta.url);
const schema = JSON.parse(readFileSync(path, 'utf8'));
schema.$id = 'salon';

const ajv = new Ajv2020({ allErrors: false, strict: false });
addFormats(ajv);
ajv.addSchema(schema);

const EMPTY_RESULT = { type: 'object', maxProperties: 0 };
const RESULTS = {
  join: { $ref: 'salon#/$defs/joinResult' },
  offer: { $ref: 'salon#/$defs/offerResult' },
  attach: { $ref: 'salon#/$defs/attachResult' },
  ice_servers: { $ref: 'salon#/$defs/iceServersResult' },
  publish: { $ref: 'salon#/$defs/publishResult' },
  chat: { $ref: 'salon#/$defs/chatResult' },
  recordings: { $ref: 'salon#/$defs/recordingsResult' },
  ping: { const: 'pong' },
};

const compiled = new Map();

function validator(key, rule) {
  if (!compiled.has(key))
    compiled.set(key, ajv.compile(rule));
  return compiled.get(key);
}

function check(what, key, rule, value) {
  const validate = validator(key, rule);
  if (!validate(value)) {
    const shown = JSON.stringify(value).slice(0, 600);
    throw new Error(`${what} breaks the protocol: ${ajv.errorsText(validate.errors)}\n${shown}`);
  }
}

function definition(name) {
  return { $ref: `salon#/$defs/${name}` };
}

/* oneOf reports the failure of every branch; the branch of the message's own method says what is wrong. */
function checkByMethod(what, message, suffix) {
  const method = message.method.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
  const name = `${method}${suffix}`;
  if (schema.$defs[name] && message.params)
    check(`${what} ${message.method}`, name, definition(name), message.params);
}

export function checkClientMessage(message) {
  checkByMethod('request', message, 'Params');
  check('request', 'clientMessage', definition('clientMessage'), message);
}

export function checkNotification(message) {
  checkByMethod('notification', message, message.method === 'trickle' ? 'Params' : 'Notification');
  check('notification', 'notification', definition('notification'), message);
}

export function checkResponse(message, method) {
  check('response', 'response', definition('response'), message);
  if (method && 'result' in message)
    check(`result of ${method}`, `result ${method}`, RESULTS[method] ?? EMPTY_RESULT, message.result);
}

/* name: createRequest, createResponse, getResponse, deleteResponse, listResponse, healthResponse, errorResponse */
export function checkHttp(name, body) {
  check(`HTTP ${name}`, `http ${name}`, { $ref: `salon#/$defs/http/$defs/${name}` }, body);
}

export function checkHttpError(body) {
  checkHttp('errorResponse', body);
}
