/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sound with redundancy (RED, RFC 2198): it goes to whom it helps, and others hear as well as ever. */

import assert from 'node:assert/strict';
import * as runner from 'node:test';
import { openChromium, openFirefox } from '../lib/browsers.js';
import { Impairment } from '../lib/impairment.js';
import { newRoom } from '../lib/people.js';
import { Person } from '../lib/person.js';
import { startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;
const LOSS = 0.15;
/* 50 packets a second: 30 of these are lost. */
const MEASURE_S = 4;

/* Runs in every page of somebody whose browser knows no RED: it is not there in what it reads. */
function withoutRed() {
  const { setRemoteDescription } = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.setRemoteDescription = function ({ type, sdp }) {
    const [, red] = /^a=rtpmap:(\d+) red\/48000\/2\r\n/m.exec(sdp) ?? [];
    const without = sdp.replace(new RegExp(`^a=(rtpmap|fmtp|rtcp-fb):${red} .*\r\n`, 'gm'), '')
      .replace(new RegExp(`^(m=audio .*) ${red}(?= |\r)`, 'gm'), '$1');
    return setRemoteDescription.call(this, { type, sdp: without });
  };
}

/* Runs in the page: what came of somebody's sound, in samples, and in packets. (Chromium calls the codec Opus: it takes
 * RED apart before it looks.) */
async function readSound(participant) {
  const { mediaStreamTrack } = [...window.salon.subscriptions.values()].find(({ track }) =>
    track.participant === participant);
  const report = [...(await window.salon.peerConnections.get(1).getStats()).values()].find(({ type, trackIdentifier }) =>
    type === 'inbound-rtp' && trackIdentifier === mediaStreamTrack.id);
  return { received: report.totalSamplesReceived, concealed: report.concealedSamples, bytes: report.bytesReceived,
           packets: report.packetsReceived };
}

const SAMPLES_PER_S = 48_000;

/* The part of somebody's sound that was made up, and how large a packet was. */
async function listen(person, { id }) {
  const before = await person.page.evaluate(readSound, id);
  const after = await until(`${person.name} has listened`, async () => {
    const now = await person.page.evaluate(readSound, id);
    return now.received - before.received >= MEASURE_S * SAMPLES_PER_S && now;
  }, 30_000);
  const grown = (key) => after[key] - before[key];
  return { concealed: grown('concealed') / grown('received'), packetBytes: grown('bytes') / grown('packets') };
}

async function enterWithoutRed(browser, server, room, name) {
  const person = new Person(await browser.newPage(), name);
  await person.page.addInitScript(withoutRed);
  await person.open(server, room, `name=${name}&join=1&audio=0&video=0`);
  await person.joined();
  return person;
}

test('who loses packets hears what was repeated; who knows no RED hears the sound alone', { timeout: 120_000 }, async (t) => {
  const server = await startServer(t);
  const room = newRoom();
  const link = await Impairment.start(t, { seed: 5 });
  link.leadTo(server.mediaPort);
  const far = await openChromium(t, { nat: link });
  const ann = await Person.enter(await openChromium(t), server, room, 'Ann', 'video=0');
  const bob = await Person.enter(far, server, room, 'Bob', 'audio=0&video=0');
  const eve = await enterWithoutRed(far, server, room, 'Eve');
  const fay = await Person.enter(await openFirefox(t), server, room, 'Fay', 'video=0');

  for (const person of [bob, eve, fay])
    await person.grows('Ann', 'microphone', 'energy');
  /* Firefox sends none. */
  await ann.grows('Fay', 'microphone', 'energy');

  link.down.set({ loss: LOSS });
  const [withRed, without] = await Promise.all([listen(bob, ann), listen(eve, ann)]);
  const tell = ({ concealed, packetBytes }) => `${(concealed * 100).toFixed(1)} % (${packetBytes.toFixed()} bytes a packet)`;
  t.diagnostic(`at ${LOSS * 100} % loss, of the sound is made up: ${tell(withRed)} with RED, ${tell(without)} without`);
  assert.ok(withRed.packetBytes > 1.5 * without.packetBytes, 'who knows RED gets each piece twice, others once');
  assert.ok(without.concealed > LOSS / 3, 'without RED, loss is heard');
  assert.ok(withRed.concealed < without.concealed / 1.5, 'with it, most of it is not');
});
