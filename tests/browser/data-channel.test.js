/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Browsers exchange a data channel with webrtcbin behind our ICE agent, on one UDP or TCP port, or through a TURN server
 * (data-channel.c). */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import * as runner from 'node:test';
import { createInterface } from 'node:readline';
import { openChromium, openFirefox } from '../lib/browsers.js';
import { defer } from '../lib/cleanup.js';
import { hasTurn, startTurn } from '../lib/turn.js';

const { test } = runner;

function startOther(t, transport) {
  const other = spawn(process.env.SALON_DATA_CHANNEL, [transport], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(other, 'exit');
  defer(t, () => other.kill());
  return { other, ended, lines: createInterface(other.stdout) };
}

/* In the page: takes the offer, and keeps what the channel says. */
async function answer({ offer, configuration }) {
  window.peer = new RTCPeerConnection(configuration);
  window.heard = new Promise((resolve) => {
    window.peer.ondatachannel = ({ channel }) => {
      channel.onmessage = ({ data }) => resolve(data);
      if (channel.readyState === 'open')
        channel.send('hello');
      else
        channel.onopen = () => channel.send('hello');
    };
  });
  await window.peer.setRemoteDescription({ type: 'offer', sdp: offer });
  await window.peer.setLocalDescription();
  return window.peer.localDescription.sdp;
}

/* By this transport of ours. configuration: the browser's RTCConfiguration. Returns the kind of candidate it chose. */
async function exchange(t, browser, transport, configuration = {}) {
  const { other, ended, lines } = startOther(t, transport);
  const [line] = await once(lines, 'line');
  const page = await browser.newPage();
  const sdp = await page.evaluate(answer, { offer: JSON.parse(line).offer, configuration });
  other.stdin.write(`${JSON.stringify({ answer: sdp })}\n`);
  assert.equal(await page.evaluate(() => window.heard), `hello by ${transport}`);
  const type = await page.evaluate(async () => {
    const stats = [...(await window.peer.getStats()).values()];
    const selected = stats.find((entry) => entry.type === 'transport')?.selectedCandidatePairId;
    const pair = stats.find((entry) => entry.type === 'candidate-pair' && (entry.selected || entry.id === selected));
    return stats.find(({ id }) => id === pair.localCandidateId).candidateType;
  });
  await page.close();
  other.stdin.end();
  assert.deepEqual(await ended, [0, null]);
  return type;
}

/* draft-uberti-behave-turn-rest-00: what Salon tells its clients. */
function turnConfiguration({ url, secret }) {
  const username = String(Math.floor(Date.now() / 1000) + 600);
  const credential = createHmac('sha1', secret).update(username).digest('base64');
  return { iceServers: [{ urls: url, username, credential }], iceTransportPolicy: 'relay' };
}

for (const [name, open] of [['Chromium', openChromium], ['Firefox', openFirefox]]) {
  test(`${name} speaks over a data channel, by UDP and by TCP`, { timeout: 60000 }, async (t) => {
    const browser = await open(t);
    for (const transport of ['udp', 'tcp'])
      await exchange(t, browser, transport);
  });

  test(`${name} speaks over a data channel through a TURN server alone`, {
    timeout: 60000, skip: !hasTurn && 'no coturn',
  }, async (t) => {
    const turn = await startTurn(t);
    assert.equal(await exchange(t, await open(t), 'udp', turnConfiguration(turn)), 'relay');
  });
}
