/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is taken out of a room by hand, to be kept, mixed, or given back: pipelines/README.md, and the heads of the
 * files. */

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { untilManifest } from '../../lib/recording.js';
import { until } from '../../lib/until.js';

/* rest: after the file's name, as a regular expression. */
function launching(options, file, rest, check) {
  return { line: new RegExp(
    `^GST_PLUGIN_PATH=build/src/plugin gst-launch-1\\.0 ${options}\\$\\(salon-launch --print pipelines/${file}\\.launch ${rest}\\)$`), check };
}

/* A folder with recordings of Ann, who sends this source and sound, is begun and ended: a file for each of `expected`,
 * its name without the number, what has the picture or sound in it, and what decodes that. */
async function records(line, folder, source, expected) {
  rmSync(line.path(folder), { recursive: true, force: true });
  await line.publishes('demo', 'Ann', source);
  const recorder = line.start();
  await untilManifest(line.path(folder), 'has something of each', ({ files }) => files.length >= expected.length
    && files.every(({ tracks }) => tracks.every(({ duration_ms: ms }) => ms > 1000)));
  await recorder.interrupt();
  const { files } = await untilManifest(line.path(folder), 'is complete', ({ state }) => state === 'complete');
  for (const [name, demuxer, decoder] of expected) {
    const found = files.find(({ file }) => file.replace(/^\d+-/, '') === name);
    assert.ok(found, `${name} is not among ${files.map(({ file }) => file)}`);
    assert.ok(await line.counts(`${folder}/${found.file}`, `${demuxer} ! ${decoder}`) >= 10);
  }
}

const CAMERA = ['Ann-camera.webm', 'matroskademux', 'vp8dec'];
const MICROPHONE = ['Ann-microphone.webm', 'matroskademux', 'opusdec'];
const TOGETHER = ['Ann.webm', 'matroskademux name=d d.video_0', 'vp8dec'];

export default [
  {
    line: /^gst-launch-1\.0 -e salonrecorder room=demo location=demo$/,
    check: (line) => records(line, 'demo', 'camera', [CAMERA, MICROPHONE]),
  },
  {
    /* VP8 has no place in MP4. */
    line: /^gst-launch-1\.0 -e salonrecorder room=demo location=ann participant=Ann per=participant format=mp4$/,
    check: (line) => records(line, 'ann', 'camera', [TOGETHER]),
  },
  launching('-e ', 'record-tracks', 'room=demo location=demo', (line) => records(line, 'demo', 'camera', [CAMERA, MICROPHONE])),
  launching('-e ', 'record-to-file', 'participant=Ann location=ann', (line) => records(line, 'ann', 'camera', [TOGETHER])),
  launching('-e ', 'record-track', 'participant=Ann source=screen location=screen', (line) =>
    records(line, 'screen', 'screen', [['Ann-screen.webm', 'matroskademux', 'vp8dec']])),
  {
    line: /^gst-launch-1\.0 saloncomposite room=demo name=room room\.video ! autovideosink room\.audio ! autoaudiosink$/,
    check: (line) => line.shows(2),
  },
  launching('-e ', 'composite', 'room=demo layout=speaker', async (line) => {
    await line.publishes('demo', 'Ann');
    const recorder = line.start();
    await line.grows('composite.webm', 40000);
    assert.equal(await recorder.interrupt(), 0, recorder.errors);
    for (const [track, decoder] of [['video_0', 'vp8dec'], ['audio_0', 'opusdec']])
      assert.ok(await line.counts('composite.webm', `matroskademux name=d d.${track} ! ${decoder}`) >= 10);
  }),
  launching('-e ', 'audio-mix', 'room=demo', async (line) => {
    await line.publishes('demo', 'Ann');
    const recorder = line.start();
    await line.grows('room.ogg', 5000);
    assert.equal(await recorder.interrupt(), 0, recorder.errors);
    assert.ok(await line.counts('room.ogg', 'oggdemux ! opusdec') >= 10);
  }),
  launching('', 'overlay', 'participant=Ann effect=agingtv', async (line) => {
    await line.publishes('demo', 'Ann');
    line.start();
    await line.comesFrom('demo', 'Overlay');
  }),
  launching('', 'transcode', 'track=ID', async (line) => {
    const ann = await line.publishes('demo', 'Ann');
    const told = line.shell('GST_PLUGIN_PATH=build/src/plugin gst-launch-1.0 -m salonsrc room=demo kind=video ! fakesink');
    await told.prints(/salon-track, /);
    const encoder = line.fill({ ID: told.output.match(/ track=\(string\)([\w-]+)/)[1] }).start({ GST_DEBUG: 'videoencoder:6' });
    await until('pictures are encoded in H264', () => {
      assert.equal(encoder.status, undefined, encoder.errors);
      return (encoder.errors.match(/x264enc.* finish frame/g) ?? []).length >= 5;
    }, 30000);
    await ann.interrupt();
    assert.notEqual(await encoder.exits(), 0);
    assert.match(encoder.errors, /not published any more/);
  }),
];
