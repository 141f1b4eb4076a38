/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An application's own page, of another origin than the server's. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import { build } from 'esbuild';
import { defer } from './cleanup.js';

/* Serves an empty page with `modules` (npm packages of these tests), bundled as their users do it: what they export is
 * window.modules. Returns its URL. */
export async function startOrigin(t, modules) {
  const contents = modules.map((name) => `export * from '${name}';`).join('\n');
  const { outputFiles: [bundle] } = await build({
    stdin: { contents, resolveDir: new URL('..', import.meta.url).pathname },
    bundle: true, write: false, format: 'iife', globalName: 'modules',
  });
  const files = {
    '/': ['text/html', '<!doctype html><title>Application</title><script src="/bundle.js"></script>'],
    '/bundle.js': ['text/javascript', bundle.text],
  };
  const server = createServer(({ url }, response) => {
    const [type, text] = files[url] ?? ['text/plain', ''];
    response.writeHead(files[url] ? 200 : 204, { 'content-type': `${type}; charset=utf-8` }).end(text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  defer(t, () => new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  }));
  return `http://localhost:${server.address().port}`;
}
