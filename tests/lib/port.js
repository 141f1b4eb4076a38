/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A free TCP port of this machine; if somebody takes it before the program that it is for, that ends and says so. */

import { once } from 'node:events';
import { createServer } from 'node:net';

export const ADDRESS = '127.0.0.1';

export async function findPort() {
  const server = createServer().listen(0, ADDRESS);
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
