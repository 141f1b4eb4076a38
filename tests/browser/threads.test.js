/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers in the chat, and the threads they make. */

import assert from 'node:assert/strict';
import * as runner from 'node:test';
import { openChromium, openFirefox } from '../lib/browsers.js';
import { enter, newRoom } from '../lib/people.js';
import { Person } from '../lib/person.js';
import { startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;
const server = await startServer(runner);
const chromium = await openChromium(runner);
const QUIET = 'audio=0&video=0';

/* What of the chat can be seen now, from top to bottom: [{ text, quote, replies }]. */
async function shown(person) {
  return await person.page.evaluate(() => {
    const visible = (element) => (element?.checkVisibility() ? element.textContent : null);
    return [...document.querySelectorAll('#chat-log .message')].filter((each) => each.checkVisibility())
      .map((each) => ({
        text: visible(each.querySelector('.text')),
        quote: visible(each.querySelector('.quote')),
        replies: visible(each.querySelector('.replies')),
      }));
  });
}

async function texts(person) {
  return (await shown(person)).map(({ text }) => text);
}

/* Presses a button of the message that says `text`, as one does by keyboard: to the message, to the button, Enter. */
async function act(person, text, action) {
  await person.sees(text, '#chat-log');
  await person.page.evaluate(([what, name]) => {
    const message = [...document.querySelectorAll('.message')].find((each) =>
      each.querySelector('.text').textContent === what);
    message.focus();
    message.querySelector(`[data-action="${name}"]`).focus();
  }, [text, action]);
  assert.equal(await person.page.evaluate(() => document.activeElement.dataset.action), action, 'it can have the focus');
  await person.page.keyboard.press('Enter');
}

async function writes(person, text) {
  await person.page.type('#chat-input', text);
  await person.page.keyboard.press('Enter');
}

async function answers(person, question, answer) {
  await act(person, question, 'reply');
  assert.equal(await person.page.evaluate(() => document.activeElement.id), 'chat-input');
  await writes(person, answer);
}

async function twoPeople(browser = chromium) {
  const room = newRoom();
  const ann = await Person.enter(browser, server, room, 'Ann', QUIET);
  const bob = await Person.enter(chromium, server, room, 'Bob', QUIET);
  await bob.page.click('#chat-toggle');
  return { room, ann, bob };
}

for (const [name, open] of [['Chromium', openChromium], ['Firefox', openFirefox]]) {
  test(`an answer quotes what it answers, and leads there; a thread is shown by itself, in ${name}`, async (t) => {
    const { ann, bob } = await twoPeople(await open(t));
    await ann.says('Tea?');
    await ann.says('By the way');
    await answers(bob, 'Tea?', 'Gladly');
    await answers(ann, 'Gladly', 'At four');
    await bob.sees('At four', '#chat-log');
    assert.deepEqual(await shown(bob), [
      { text: 'Tea?', quote: null, replies: 'Replies: 2' },
      { text: 'By the way', quote: null, replies: null },
      { text: 'Gladly', quote: 'AnnTea?', replies: null },
      { text: 'At four', quote: 'BobGladly', replies: null },
    ]);

    await bob.page.click('.message:has(.text) .quote:not([hidden])');
    await until('the focus is on what was quoted', () => bob.page.evaluate(() =>
      document.activeElement.querySelector?.('.text')?.textContent === 'Tea?'));

    await bob.page.click('.replies:not([hidden])');
    assert.deepEqual(await texts(bob), ['Tea?', 'Gladly', 'At four']);
    assert.equal(await bob.page.textContent('#chat-title'), 'Thread');
    await writes(bob, 'See you');
    await ann.says('Something else');
    await until('what is said elsewhere is counted', async () =>
      await bob.page.textContent('#thread-badge') === '1' && await bob.page.isVisible('#thread-badge'));
    assert.deepEqual(await texts(bob), ['Tea?', 'Gladly', 'At four', 'See you']);
    await bob.page.keyboard.press('Escape');
    assert.deepEqual(await texts(bob), ['Tea?', 'By the way', 'Gladly', 'At four', 'See you', 'Something else']);
    assert.equal((await shown(ann))[4].quote, 'AnnTea?', 'what is written in a thread belongs to it');
    assert.equal((await shown(ann))[0].replies, 'Replies: 3');
    assert.deepEqual([...ann.problems, ...bob.problems], []);
  });
}

test('by keyboard: from the input up to the messages, through them, and back; Esc goes back by a step', async () => {
  const { ann } = await twoPeople();
  for (const text of ['one', 'two', 'three'])
    await ann.says(text);
  const { keyboard } = ann.page;
  const focused = () => ann.page.evaluate(() =>
    document.activeElement.querySelector?.('.text')?.textContent ?? document.activeElement.id);
  const path = [];
  for (const key of ['ArrowUp', 'ArrowUp', 'Home', 'ArrowUp', 'End', 'ArrowDown']) {
    await keyboard.press(key);
    path.push(await focused());
  }
  assert.deepEqual(path, ['three', 'two', 'one', 'one', 'three', 'chat-input']);
  await keyboard.press('ArrowUp');
  await keyboard.press('Tab');
  assert.equal(await ann.page.evaluate(() => document.activeElement.dataset.action), 'reply');
  await keyboard.press('Enter');
  assert.equal(await ann.page.isVisible('#chat-about'), true);
  assert.match(await ann.page.textContent('#chat-about'), /Reply to Ann.*three/s);
  await keyboard.press('Escape');
  assert.equal(await ann.page.isVisible('#chat-about'), false);
  assert.equal(await ann.page.isVisible('#chat'), true);
  await writes(ann, 'answers nobody');
  assert.equal((await shown(ann)).at(-1).quote, null);
  await keyboard.press('Escape');
  assert.equal(await ann.page.isVisible('#chat'), false);
});

test('what is edited or deleted is so in quotations too', async () => {
  const { ann, bob } = await twoPeople();
  await ann.says('helo');
  await answers(bob, 'helo', 'hi');
  await ann.sees('hi', '#chat-log');
  await act(ann, 'helo', 'edit');
  assert.equal(await ann.page.inputValue('#chat-input'), 'helo');
  await ann.page.fill('#chat-input', 'hello');
  await ann.page.keyboard.press('Enter');
  await until('the quotation follows', async () => (await shown(bob)).at(-1).quote === 'Annhello');
  await act(bob, 'hello', 'reply');
  await act(ann, 'hello', 'delete');
  await until('nothing is left of it', async () => (await shown(bob)).at(-1).quote === 'Deleted');
  assert.equal(await bob.page.isVisible('#chat-about'), false, 'nor of what was being answered');
  assert.equal((await bob.page.content()).includes('hello'), false);
});

test('an answer to what is not there any more says so, and its thread can be read', async (t) => {
  const room = newRoom();
  const tom = await enter(t, server, room, 'Tom');
  const { id: gone } = await tom.request('chat', { message: 'soon gone' });
  await tom.request('chat', { message: 'first answer', reply_to: gone });
  await tom.request('chat', { message: 'aside' });
  await tom.request('chat', { message: 'second answer', reply_to: gone });
  await tom.request('chat_delete', { id: gone });
  const ann = await Person.enter(chromium, server, room, 'Ann', QUIET);
  await ann.page.click('#chat-toggle');
  assert.deepEqual(await shown(ann), [
    { text: 'first answer', quote: 'This message is not here any more', replies: null },
    { text: 'aside', quote: null, replies: null },
    { text: 'second answer', quote: 'This message is not here any more', replies: null },
  ]);
  await act(ann, 'first answer', 'thread');
  assert.deepEqual(await texts(ann), ['first answer', 'second answer']);
  await ann.page.click('#thread-close');
  assert.equal((await texts(ann)).length, 3);
});

test('who comes later reads answers and threads as those who were there', async () => {
  const { room, ann, bob } = await twoPeople();
  await ann.says('Tea?');
  await answers(bob, 'Tea?', 'Gladly');
  await ann.sees('Gladly', '#chat-log');
  const eve = await Person.enter(chromium, server, room, 'Eve', QUIET);
  await eve.page.click('#chat-toggle');
  assert.deepEqual(await shown(eve), [
    { text: 'Tea?', quote: null, replies: 'Replies: 1' },
    { text: 'Gladly', quote: 'AnnTea?', replies: null },
  ]);
});
