/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Chromium (by Playwright) and Firefox (by Puppeteer, over WebDriver BiDi), as Debian ships them, with devices that
 * are not there: a camera and a microphone that the browsers make up. */

import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';
import { defer } from './cleanup.js';
import { childrenOf } from './server.js';

const CHROMIUM_ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--use-fake-device-for-media-stream=fps=15',
  '--autoplay-policy=no-user-gesture-required',
  /* A machine without a network has only its loopback address to talk through. */
  '--allow-loopback-in-peer-connection',
  '--disable-features=WebRtcHideLocalIpsWithMdns',
];

const FIREFOX_PREFS = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.autoplay.default': 0,
  'media.autoplay.blocking_policy': 0,
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  'media.peerconnection.ice.loopback': true,
  /* It downloads H264 from the internet otherwise. */
  'media.gmp-manager.updateEnabled': false,
};

/* Runs in every page of a browser that may only use relays. */
function relayOnly() {
  const Original = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Original {
    constructor(configuration) {
      super({ ...configuration, iceTransportPolicy: 'relay' });
    }
  };
}

/* Runs in every page of a browser behind a NAT in front of the server: the server's candidates lead there. Remembers
 * the port they named. */
function throughNat({ address, port }) {
  const { addIceCandidate } = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.addIceCandidate = function (candidate) {
    const words = candidate?.candidate?.split(' ') ?? [];
    if (words.length < 8)
      return addIceCandidate.call(this, candidate);
    window.mediaPort = Number(words[5]);
    words.splice(4, 2, address, String(port));
    return addIceCandidate.call(this, { ...candidate, candidate: words.join(' ') });
  };
}

/* Runs in every page before its own scripts: pictures small enough for a machine with two cores, a screen to share that
 * needs no desktop, and a count of the session descriptions this page was given. */
function prepare(cameraSize = { width: 320, height: 240 }) {
  window.sdpCount = 0;
  /* What an ICE restart takes. */
  const OriginalWebSocket = window.WebSocket;
  window.WebSocket = class extends OriginalWebSocket {
    constructor(...args) {
      super(...args);
      window.lastWebSocket = this;
    }
  };
  const { setRemoteDescription } = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.setRemoteDescription = function (...args) {
    window.sdpCount++;
    return setRemoteDescription.apply(this, args);
  };
  const { mediaDevices } = navigator;
  if (!mediaDevices)
    return;
  const getUserMedia = mediaDevices.getUserMedia.bind(mediaDevices);
  mediaDevices.getUserMedia = (constraints) => getUserMedia({
    ...constraints, ...(constraints.video && { video: { ...cameraSize, frameRate: 15 } }),
  });
  mediaDevices.getDisplayMedia = async () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
    const pen = canvas.getContext('2d');
    setInterval(() => {
      pen.fillStyle = `hsl(${Math.random() * 360} 80% 50%)`;
      pen.fillRect(0, 0, canvas.width, canvas.height);
    }, 200);
    return canvas.captureStream(5);
  };
}

/* A process and all below it. */
function familyOf(pid) {
  return [pid, ...childrenOf(pid).flatMap((child) => familyOf(child.pid))];
}

/* Both return { newPage (options), kill () }; a page has what the two libraries share: goto, evaluate, click, type,
 * keyboard, on, close. */
export async function openChromium(t, { isGranting = true, isRelayOnly = false, isTrusting = false, nat, wrap,
                                      secureOrigin, cameraSize } = {}) {
  const args = [...CHROMIUM_ARGS, ...(isGranting ? ['--use-fake-ui-for-media-stream'] : []),
                ...(isTrusting ? ['--ignore-certificate-errors'] : []),
                ...(secureOrigin ? [`--unsafely-treat-insecure-origin-as-secure=${secureOrigin}`] : [])];
  const executablePath = wrap?.('/usr/bin/chromium') ?? '/usr/bin/chromium';
  const browser = await chromium.launch({ executablePath, args });
  defer(t, () => browser.close());
  return {
    /* Without good-bye. */
    async kill() {
      const session = await browser.newBrowserCDPSession();
      const { processInfo } = await session.send('SystemInfo.getProcessInfo');
      processInfo.forEach(({ id }) => process.kill(id, 'SIGKILL'));
    },
    /* cameraSize, nat: of this page alone. */
    async newPage({ cameraSize: ownCameraSize = cameraSize, nat: ownNat = nat, ...options } = {}) {
      /* A context each: pages of one context share their storage, and people do not. */
      const context = await browser.newContext({ viewport: { width: 800, height: 600 }, ...options });
      await context.addInitScript(prepare, ownCameraSize);
      if (isRelayOnly)
        await context.addInitScript(relayOnly);
      if (ownNat)
        await context.addInitScript(throughNat, { address: ownNat.address, port: ownNat.port });
      return await context.newPage();
    },
  };
}

export async function openFirefox(t, { isRelayOnly = false, cameraSize } = {}) {
  const browser = await puppeteer.launch({
    browser: 'firefox', executablePath: '/usr/bin/firefox-esr', headless: true, extraPrefsFirefox: FIREFOX_PREFS,
  });
  defer(t, () => browser.close());
  return {
    async kill() {
      familyOf(browser.process().pid).forEach((pid) => process.kill(pid, 'SIGKILL'));
    },
    async newPage() {
      const page = await browser.newPage();
      await page.evaluateOnNewDocument(prepare, cameraSize);
      if (isRelayOnly)
        await page.evaluateOnNewDocument(relayOnly);
      return page;
    },
  };
}
