/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a server holds while nobody uses it, and what it must be back at when everybody has gone. */

import assert from 'node:assert/strict';
import { until } from './until.js';

export function total(counts) {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/* The counts once they hold still: threads of the last ones to leave end a moment later. */
export async function steady(server) {
  let last;
  let since = 0;
  return await until('the server has settled', () => {
    const now = { threads: server.threadCount, descriptors: server.descriptors };
    if (JSON.stringify(now) !== JSON.stringify(last))
      since = performance.now();
    last = now;
    return performance.now() - since > 1000 ? { ...now, resident: server.residentKiB } : undefined;
  }, 30000);
}

/* base: of steady() */
export async function backAtBase(server, base) {
  await until('threads and descriptors are back at the base', () =>
    server.threadCount <= base.threads && total(server.descriptors) <= total(base.descriptors), 30000).catch(() => {
    assert.deepEqual({ threads: server.threadCount, ...server.descriptors }, { threads: base.threads, ...base.descriptors });
  });
}

/* Environment in which a server can list its GStreamer objects. */
export const TRACING = {
  GST_TRACERS: 'leaks(filters="GstElement,GstPad,GstPromise")', GST_LEAKS_TRACER_SIG: '1',
  GST_DEBUG: 'GST_TRACER:7', GST_DEBUG_NO_COLOR: '1',
};

/* The tracer's record of one object; its first lines only describe the format. */
export const LIVE_OBJECT = /object-alive, type-name=\(string\)(?!%s)([^,]+).*description=\(string\)([^,]*)/g;

/* What lives in the server now, as the tracer lists it on SIGUSR1: "type description". */
export async function liveObjects(server) {
  const mark = server.log.length;
  let length = mark;
  let since = performance.now();
  server.signal('SIGUSR1');
  await until('the list is complete', () => {
    if (server.log.length !== length)
      since = performance.now();
    length = server.log.length;
    return performance.now() - since > 500;
  });
  return [...server.log.slice(mark).matchAll(LIVE_OBJECT)].map(([, type, description]) => `${type} ${description}`);
}

/* Waits until the tracer has nothing to list. */
export async function noLiveObjects(server) {
  const after = await until('nothing is left over', async () => {
    const objects = await liveObjects(server);
    return objects.length === 0 ? objects : undefined;
  }, 10000).catch(async () => await liveObjects(server));
  assert.deepEqual(after.slice(0, 10), [], `${after.length} objects are alive after the last one left`);
}
