/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recording a room from the page: by the host, for all to see, and what one gets of it. */

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as runner from 'node:test';
import { findings } from '../lib/axe.js';
import { openChromium, openFirefox } from '../lib/browsers.js';
import { defer } from '../lib/cleanup.js';
import { killJobs, refused, startJob, untilState } from '../lib/jobs.js';
import { newRoom } from '../lib/people.js';
import { Person } from '../lib/person.js';
import { startProxy } from '../lib/proxy.js';
import { startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;
const QUIET = 'audio=0&video=0';
const JOB_MS = 30000;
/* So long that the list would be asked for in between. */
const CUT_MS = 2500;

/* What stands for a recorder is a test picture. */
const folder = mkdtempSync(join(tmpdir(), 'salon-rec-'));
defer(runner, () => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, 'record.launch'), `kind recording
videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=15/1 ! vp8enc deadline=1 ! webmmux ! filesink location=film.webm
`);
writeFileSync(join(folder, 'short.launch'), `kind recording
videotestsrc num-buffers=5 ! video/x-raw,width=160,height=120 ! vp8enc deadline=1 ! webmmux ! filesink location=film.webm
`);
const stateDir = mkdtempSync(join(folder, 's-'));
defer(runner, () => killJobs(stateDir));
const server = await startServer(runner, { stateDir,
                                           config: { jobs: { 'pipelines-dir': folder, 'recording-pipeline': 'record' },
                                                     rooms: { 'resume-grace-s': 15 } } });
const chromium = await openChromium(runner);
const firefox = await openFirefox(runner);

/* In either browser. */
const isVisible = (person, selector) => person.page.evaluate((wanted) =>
  document.querySelector(wanted).getClientRects().length > 0, selector);
const isShown = (person) => isVisible(person, '#recording');
const lastToast = (person) => person.page.evaluate(() => document.querySelector('#toast')?.lastElementChild?.textContent);

async function record(person) {
  await person.page.click('#invite-open');
  await person.page.click('#record');
}

test('the host records; all see it, who comes later too; then it is fetched, and deleted', async () => {
  const room = newRoom();
  const ann = await Person.enter(chromium, server, room, 'Ann', QUIET);
  const bob = await Person.enter(firefox, server, room, 'Bob', QUIET);
  assert.deepEqual([await isShown(ann), await isShown(bob)], [false, false]);
  await bob.page.click('#invite-open');
  assert.equal(await isVisible(bob, '#record'), false, 'the host alone records');
  await bob.page.keyboard.press('Escape');

  await record(ann);
  for (const person of [ann, bob]) {
    await until(`${person.name} sees it`, () => isShown(person), JOB_MS);
    assert.equal(await lastToast(person), 'This room is being recorded');
  }
  assert.equal(await ann.page.textContent('#record'), 'Stop recording');
  const cas = await Person.enter(chromium, server, room, 'Cas', QUIET, { viewport: { width: 390, height: 844 } });
  assert.equal(await isShown(cas), true);
  assert.equal(await lastToast(cas), 'This room is being recorded');
  const phone = await cas.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(phone[0] <= phone[1], `it fits a phone: ${phone}`);

  await ann.page.click('#recordings-open');
  const facts = () => ann.page.textContent('.recording-facts');
  await until('it grows', async () => await ann.page.isVisible('.recording-facts') && /0:00:0[1-9] · \d+\skB/.test(await facts()), JOB_MS);
  assert.equal(await ann.page.textContent('.recording-state'), 'It is being recorded');
  assert.equal(await ann.page.isVisible('.recorded .delete'), false);
  assert.deepEqual(await findings(ann), []);

  await ann.page.click('#recordings .close');
  await record(ann);
  for (const person of [ann, bob, cas])
    await until(`${person.name} sees that it is over`, async () => !await isShown(person), JOB_MS);
  assert.equal(await lastToast(bob), 'This room is not being recorded any more');

  await ann.page.click('#recordings-open');
  await until('it is there to be fetched', () => ann.page.isVisible('.recorded li a'));
  assert.match(await ann.page.textContent('.recorded li a'), /^film\.webm, \d+\skB$/);
  assert.deepEqual(await findings(ann), []);
  const [download] = await Promise.all([ann.page.waitForEvent('download'), ann.page.click('.recorded li a')]);
  assert.equal(download.suggestedFilename(), 'film.webm');
  const film = readFileSync(await download.path());
  assert.equal(film.readUInt32BE(0), 0x1a45dfa3, 'it is a WebM file');

  ann.page.once('dialog', (dialog) => dialog.accept());
  await ann.page.click('.recorded .delete');
  await until('it is gone', () => ann.page.isVisible('#recordings-none'));
  assert.equal(await ann.page.isVisible('.recorded'), false);
  assert.deepEqual([ann, bob, cas].flatMap(({ problems }) => problems), []);
});

test('who is about to join is told before, whenever it begins, and by whichever way in', async () => {
  const room = newRoom();
  const invited = new Person(await chromium.newPage({ locale: 'nl', viewport: { width: 390, height: 844 } }), 'Bob');
  const answer = invited.page.waitForResponse((response) => response.url().endsWith(`/room/${room}/recording`) && response.ok());
  await invited.open(server, room, QUIET);
  const typing = new Person(await chromium.newPage(), 'Cas');
  await typing.page.goto(`${server.url}?${QUIET}`);
  await typing.page.fill('#room', room);
  const line = (person) => person.page.textContent('#join-recording');
  await answer;
  assert.equal(await line(invited), '');

  const ann = await Person.enter(chromium, server, room, 'Ann', QUIET);
  await record(ann);
  await until('it is recorded', () => isShown(ann), JOB_MS);
  await until('Bob is told', async () => await line(invited) === 'Deze kamer wordt opgenomen', 10000);
  await until('Cas is told', async () => await line(typing) === 'This room is being recorded', 10000);
  assert.equal(await invited.page.getAttribute('#join-recording', 'role'), 'status');
  for (const person of [invited, typing])
    assert.deepEqual(await findings(person), []);
  await typing.page.fill('#room', newRoom());
  await until('of another room it is not said', async () => await line(typing) === '');

  await invited.page.click('#join');
  await invited.joined();
  assert.deepEqual([ann, invited, typing].flatMap(({ problems }) => problems), []);
});

test('the list goes on after a break of the connection', async (t) => {
  const proxy = await startProxy(t, server);
  const ann = await Person.enter(chromium, proxy, newRoom(), 'Ann', QUIET);
  await record(ann);
  await ann.page.click('#recordings-open');
  const facts = () => ann.page.textContent('.recording-facts');
  await until('it grows', async () => await ann.page.isVisible('.recording-facts') && /0:00:0[1-9]/.test(await facts()), JOB_MS);
  await ann.page.evaluate(() => {
    window.errors = [];
    new MutationObserver(() => document.querySelectorAll('#toast .error').forEach(({ textContent }) => window.errors.push(textContent)))
      .observe(document.querySelector('#toast'), { childList: true });
    window.wasLost = new Promise((resolve) => window.salon.addEventListener('state', resolve, { once: true }));
  });
  proxy.cut();
  await ann.page.evaluate(() => window.wasLost);
  const before = await facts();
  await new Promise((resolve) => setTimeout(resolve, CUT_MS));
  proxy.mend();
  await until('the way back is found', () => ann.page.evaluate(() => window.salon.state === 'joined'), 20000);
  await until('it goes on', async () => await facts() !== before);
  /* A question may have been under way. */
  assert.ok(await ann.page.evaluate(() => window.errors.length) <= 1, 'the break is not told each second');
  await ann.page.click('#recordings .close');
  await record(ann);
  await until('it is over', async () => !await isShown(ann), JOB_MS);
});

test('who opened a room that stays has all that is recorded of it', async () => {
  const room = newRoom();
  const { body } = await server.http('POST', '/room/create', { json: { slug: room } });
  const token = body.owner_token;
  const { id } = await startJob(server, { room, pipeline: 'short' }, token);
  await untilState(server, id, 'finished');
  const bob = await Person.enter(chromium, server, room, 'Bob', QUIET);
  await bob.page.click('#invite-open');
  await bob.page.click('#recordings-open');
  await until('the host alone has nothing', () => bob.page.isVisible('#recordings-none'));

  const ann = new Person(await chromium.newPage(), 'Ann');
  const key = `salon-owner/${room}`;
  await ann.page.addInitScript(([name, value]) => localStorage.getItem(name) ?? localStorage.setItem(name, value), [key, token]);
  await ann.open(server, room, `name=Ann&join=1&${QUIET}`);
  await ann.joined();
  await ann.page.click('#invite-open');
  assert.equal(await ann.page.isVisible('#record'), false);
  await ann.page.click('#recordings-open');
  await until('it is there', () => ann.page.isVisible('.recorded li a'));
  ann.page.once('dialog', (dialog) => dialog.accept());
  await ann.page.click('.recorded .delete');
  await until('it is gone', () => ann.page.isVisible('#recordings-none'));
  await refused(server, 404, 'job_not_found', 'GET', `/recordings/${id}`, { token });
  assert.deepEqual([ann, bob].flatMap(({ problems }) => problems), []);
});
