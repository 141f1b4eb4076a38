/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Browsers exchange a data channel with webrtcbin behind our ICE agent, on one UDP or TCP port (data-channel.c). */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as runner from 'node:test';
import { createInterface } from 'node:readline';
import { openChromium, openFirefox } from '../lib/browsers.js';
import { defer } from '../lib/cleanup.js';

const { test } = runner;

function startOther(t, transport) {
  const other = spawn(process.env.SALON_DATA_CHANNEL, [transport], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(other, 'exit');
  defer(t, () => other.kill());
  return { other, ended, lines: createInterface(other.stdout) };
}

/* In the page: takes the offer, and keeps what the channel says. */
async function answer(offer) {
  window.peer = new RTCPeerConnection();
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

for (const [name, open] of [['Chromium', openChromium], ['Firefox', openFirefox]]) {
  test(`${name} speaks over a data channel, by UDP and by TCP`, { timeout: 60000 }, async (t) => {
    const browser = await open(t);
    for (const transport of ['udp', 'tcp']) {
      const { other, ended, lines } = startOther(t, transport);
      const [line] = await once(lines, 'line');
      const page = await browser.newPage();
      const sdp = await page.evaluate(answer, JSON.parse(line).offer);
      other.stdin.write(`${JSON.stringify({ answer: sdp })}\n`);
      assert.equal(await page.evaluate(() => window.heard), `hello by ${transport}`);
      await page.close();
      other.stdin.end();
      assert.deepEqual(await ended, [0, null]);
    }
  });
}
