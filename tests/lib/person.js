/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Somebody in front of a browser who uses the page as people do, and what they can see and hear. */

import { until } from './until.js';

/* Runs in the page: what comes in of everybody else, by track. */
async function readReceived() {
  const reports = [];
  for (const [target, connection] of window.salon.peerConnections) {
    if (target > 0)
      reports.push(...(await connection.getStats()).values());
  }
  return [...window.salon.subscriptions.values()].map(({ track, mediaStreamTrack }) => {
    const report = reports.find(({ type, trackIdentifier }) =>
      type === 'inbound-rtp' && trackIdentifier === mediaStreamTrack.id) ?? {};
    return { participant: track.participant, name: window.salon.participants.get(track.participant)?.name,
             source: track.source, frames: report.framesDecoded ?? 0, bytes: report.bytesReceived ?? 0,
             energy: report.totalAudioEnergy ?? 0, width: report.frameWidth,
             codec: reports.find(({ id }) => id === report.codecId)?.mimeType };
  });
}

/* Runs in the page: how each connection goes: { target, protocol, localType, relayProtocol, remoteType, remotePort, rtt }. */
async function readPaths() {
  const paths = [];
  for (const [target, connection] of window.salon.peerConnections) {
    const reports = [...(await connection.getStats()).values()];
    const transport = reports.find(({ type }) => type === 'transport');
    /* Firefox has no transport report, and says which pair is selected. */
    const pair = reports.find(({ type, id, selected }) =>
      type === 'candidate-pair' && (id === transport?.selectedCandidatePairId || selected));
    const local = reports.find(({ id }) => id === pair?.localCandidateId);
    const remote = reports.find(({ id }) => id === pair?.remoteCandidateId);
    if (local && remote) {
      paths.push({ target, protocol: local.protocol, localType: local.candidateType,
                   relayProtocol: local.relayProtocol, remoteType: remote.candidateType,
                   remotePort: remote.port, local: local.address, rtt: pair.currentRoundTripTime });
    }
  }
  return paths;
}

export class Person {
  problems = [];

  constructor(page, name) {
    this.page = page;
    this.name = name;
    page.on('pageerror', (error) => this.problems.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error')
        this.problems.push(message.text());
    });
  }

  /* Opens the page of the room and is in it. query: 'audio=0&video=0' and the like. */
  static async enter(browser, server, room, name, query = '', options = {}) {
    const person = new Person(await browser.newPage(options), name);
    await person.open(server, room, `name=${encodeURIComponent(name)}&join=1${query && `&${query}`}`);
    await person.joined();
    return person;
  }

  async open(server, room, query = '') {
    await this.page.goto(new URL(`/r/${encodeURIComponent(room)}${query && `?${query}`}`, server.url).href);
  }

  async joined() {
    this.id = await until(`${this.name} is in the room`, () =>
      this.page.evaluate(() => window.salon?.state === 'joined' && window.salon.id), 20000);
  }

  /* One entry per incoming track: { name, source, frames, bytes, energy, width, codec }. */
  async received() {
    return await this.page.evaluate(readReceived);
  }

  /* One entry per connected connection. */
  async paths() {
    return await this.page.evaluate(readPaths);
  }

  async from(name, source) {
    return (await this.received()).find((entry) => entry.name === name && entry.source === source);
  }

  /* Waits until `key` ('frames', 'bytes', 'energy') of somebody's track grows beyond what it is now. */
  async grows(name, source, key, deadlineMs = 15000) {
    const before = (await this.from(name, source))?.[key] ?? 0;
    await until(`${this.name} gets more ${key} of ${name}'s ${source}`, async () =>
      ((await this.from(name, source))?.[key] ?? 0) > before, deadlineMs);
  }

  async sees(text, selector = 'body', deadlineMs = 5000) {
    await until(`${this.name} sees "${text}" in ${selector}`, () => this.page.evaluate(([where, what]) =>
      document.querySelector(where)?.textContent.includes(what), [selector, text]), deadlineMs);
  }

  async says(text) {
    const isOpen = await this.page.evaluate(() => !document.querySelector('#chat').hidden);
    if (!isOpen)
      await this.page.click('#chat-toggle');
    await this.page.type('#chat-input', text);
    await this.page.keyboard.press('Enter');
  }

  async hasTile(id) {
    return await this.page.evaluate((participant) =>
      document.querySelector(`.tile[data-participant="${participant}"]`) !== null, id);
  }

  /* Tiles whose video element really shows a picture now. */
  async picturesShown() {
    return await this.page.evaluate(() => [...document.querySelectorAll('.tile video')].filter((video) =>
      video.videoWidth > 0 && !video.paused && video.checkVisibility()).length);
  }

  async sdpCount() {
    return await this.page.evaluate(() => window.sdpCount);
  }
}
