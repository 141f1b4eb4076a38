/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What it costs to record one track as it is, on the server's machine: processor time of salonrecorder,
 * and what the server takes more than without it, in hundredths of one processor.
 *
 *   meson test -C build --benchmark --verbose record-cost */

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as runner from 'node:test';
import { newRoom } from '../lib/people.js';
import { WINDOW_MS, shares } from '../lib/processor.js';
import { Program } from '../lib/program.js';
import { untilManifest } from '../lib/recording.js';
import { serverPath, startServer } from '../lib/server.js';

runner.test('recording one track as it is', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'salon-record-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const server = await startServer(t);
  const room = newRoom();
  const socket = join(server.stateDir, 'salon.sock');
  const env = { GST_PLUGIN_PATH: join(dirname(serverPath()), 'plugin') };
  const launch = (text) => new Program(t, 'gst-launch-1.0', ['-m', ...text.trim().split(/\s+/)], env);

  /* Noise, which no encoder makes less of. */
  const publisher = launch(`videotestsrc is-live=true pattern=snow ! video/x-raw,width=192,height=144,framerate=30/1 !
    vp8enc deadline=1 cpu-used=16 end-usage=cbr target-bitrate=1500000 ! salonsink server=${socket} room=${room}`);
  await publisher.prints(/salon-attached/);
  const [alone] = await shares([server.pid]);
  const recorder = launch(`salonrecorder server=${socket} room=${room} location=${folder}`);
  const { files: [{ file }] } = await untilManifest(folder, 'grows', ({ files }) => files[0]?.size_bytes > 100000);
  const path = join(folder, file);
  const size = statSync(path).size;
  const [full, client] = await shares([server.pid, recorder.pid]);
  const rate = (statSync(path).size - size) * 8 / WINDOW_MS / 1000;
  t.diagnostic(`${rate.toFixed(2)} Mbit/s: ${client.toFixed(2)} % of a processor to record, ${(full - alone).toFixed(2)} % more in the server`);
});
