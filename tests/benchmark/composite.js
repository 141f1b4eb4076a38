/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What it costs to mix a room: processor time of pipelines/composite.launch, encoding included, with nine cameras of 30
 * pictures a second in one of 1280x720; in hundredths of one processor, of which it may take one.
 *
 * Each camera is sent as 640x360, the layer that fits a ninth of the picture, as of cameras in simulcast; and, as of
 * those that come in one size, as 1280x720.
 *
 * On a machine that has other things to do there are fewer pictures than 30 a second, and the figure means less.
 *
 *   meson test -C build --benchmark --verbose composite-cost */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as runner from 'node:test';
import { buffersOf, launch } from '../lib/elements.js';
import { newRoom } from '../lib/people.js';
import { shares } from '../lib/processor.js';
import { MEDIA_MS, Program } from '../lib/program.js';
import { startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const N_CAMERAS = 9;
const SALON_LAUNCH = process.env.SALON_LAUNCH;
const FILE = resolve(import.meta.dirname, '../../pipelines/composite.launch');

const server = await startServer(runner);

/* One encoder, whose picture all of them send. */
function publish(t, room, width, height) {
  const sinks = Array.from({ length: N_CAMERAS }, (_, i) => `all. ! queue ! salonsink SERVER room=${room} name=p${i}`);
  const sounds = Array.from({ length: N_CAMERAS }, (_, i) => `voices. ! queue ! p${i}.`);
  return launch(t, server, `videotestsrc is-live=true pattern=ball motion=sweep ! video/x-raw,width=${width},height=${height},framerate=30/1 !
    timeoverlay ! vp8enc deadline=1 cpu-used=16 keyframe-max-dist=60 target-bitrate=${width * height * 1.5} ! tee name=all
    audiotestsrc is-live=true wave=pink-noise volume=0.05 ! opusenc ! tee name=voices ${sinks.join(' ')} ${sounds.join(' ')}`);
}

for (const [width, height] of [[640, 360], [1280, 720]]) {
  runner.test(`mixing nine cameras that are sent as ${width}x${height}`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'salon-mix-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const room = newRoom();
    const cameras = publish(t, room, width, height);
    await until('all have come', () => cameras.output.match(/salon-attached/g)?.length === N_CAMERAS, MEDIA_MS);
    const print = new Program(t, SALON_LAUNCH, ['--print', FILE, `room=${room}`, `location=${join(folder, 'mix.webm')}`,
      `server=${join(server.stateDir, 'salon.sock')}`]);
    assert.equal(await print.exits(), 0, print.errors);
    const mixer = launch(t, server, print.output, { options: ['-m', '-e'] });
    await until('all are seen and heard', () => mixer.output.match(/event=\(string\)added/g)?.length === 2 * N_CAMERAS, MEDIA_MS);
    const [mixing] = await shares([mixer.pid]);
    assert.equal(await mixer.interrupt(), 0, mixer.errors);
    const player = launch(t, server, `filesrc location=${join(folder, 'mix.webm')} ! matroskademux ! video/x-vp8 !
      identity name=v silent=false ! fakesink`, { options: ['-v'] });
    assert.equal(await player.exits(), 0, player.errors);
    const pictures = buffersOf(player, 'v');
    const rate = (pictures.length - 1) / (pictures.at(-1).time - pictures[0].time);
    t.diagnostic(`${mixing.toFixed(0)} % of a processor to mix and encode ${rate.toFixed(1)} pictures a second`);
  });
}
