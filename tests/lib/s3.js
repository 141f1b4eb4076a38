/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A store that speaks Amazon's S3, and checks signatures. What it does not check, that the content is what was signed,
 * is checked here. */

import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import S3rver from '@20minutes/s3rver';
import { defer } from './cleanup.js';

/* The store's only key. */
export const ACCESS_KEY = 'S3RVER';
export const SECRET_KEY = 'S3RVER';
export const BUCKET = 'recordings';

function refuse(response, status, code) {
  response.writeHead(status, { 'content-type': 'application/xml', connection: 'close' });
  response.end(`<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>No.</Message></Error>`);
}

function isSigned(body, headers) {
  return createHash('sha256').update(body).digest('hex') === headers['x-amz-content-sha256'];
}

class Store {
  #server;
  #handle;
  #refusal = () => null;
  #directory = mkdtempSync(join(tmpdir(), 'salon-s3-'));
  headBytes; /* what it says that each object has, which is another then; undefined: the truth */
  requests = []; /* that came: { method, path, query, status: once answered } */

  async open(options) {
    const store = new S3rver({ silent: true, serviceEndpoint: 'localhost', directory: this.#directory,
                               configureBuckets: [{ name: BUCKET }], ...options });
    await store.configureBuckets();
    this.#handle = store.callback();
    await this.listen();
  }

  async listen() {
    this.#server = createServer((request, response) => this.#onRequest(request, response));
    await new Promise((resolve) => this.#server.listen(this.port ?? 0, '127.0.0.1', resolve));
    this.port = this.#server.address().port;
  }

  /* From now on nobody answers, and what is under way breaks. */
  async goAway() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  close() {
    this.#server.closeAllConnections();
    this.#server.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /* probe: of a request: null, or [status, code] with which to refuse it. */
  refuseWhen(probe) {
    this.#refusal = probe;
  }

  get endpoint() {
    return `http://127.0.0.1:${this.port}`;
  }

  /* How many requests of this kind were answered well. */
  count(method, pattern) {
    return this.requests.filter((request) => request.method === method && request.status < 300
      && pattern.test(`${request.path}?${request.query}`)).length;
  }

  /* The content of an object; undefined: there is none. */
  async read(key) {
    const path = `/${BUCKET}/${key.split('/').map(encodeURIComponent).join('/')}`;
    const response = await fetch(this.endpoint + path);
    return response.ok ? Buffer.from(await response.arrayBuffer()) : undefined;
  }

  has(key) {
    return existsSync(join(this.#directory, BUCKET, `${key}._S3rver_object`));
  }

  #onRequest(request, response) {
    const { pathname, search } = new URL(request.url, this.endpoint);
    const noted = { method: request.method, path: decodeURIComponent(pathname), query: search.slice(1) };
    const chunks = [];
    this.requests.push(noted);
    response.on('finish', () => { noted.status = response.statusCode; });
    request.on('data', (chunk) => chunks.push(chunk)).on('end', () => {
      const body = Buffer.concat(chunks);
      const refusal = this.#refusal(noted);
      if (refusal)
        refuse(response, ...refusal);
      else if (request.headers.authorization && !isSigned(body, request.headers))
        refuse(response, 400, 'XAmzContentSHA256Mismatch');
      else if (request.method === 'HEAD' && this.headBytes !== undefined)
        response.writeHead(200, { 'content-length': this.headBytes, etag: '"another"' }).end();
      else
        this.#pass(request, response, body);
    });
  }

  /* As the store would have read it by itself. */
  #pass(request, response, body) {
    const again = new PassThrough();
    for (const name of ['method', 'url', 'headers', 'rawHeaders', 'httpVersion', 'httpVersionMajor', 'httpVersionMinor', 'socket'])
      again[name] = request[name];
    again.end(body);
    this.#handle(again, response);
  }
}

/* options: more of S3rver's. */
export async function startStore(t, options) {
  const store = new Store();
  await store.open(options);
  defer(t, () => store.close());
  return store;
}
