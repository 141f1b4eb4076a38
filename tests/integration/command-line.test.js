/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the programs say to a person at the command line, and in which language. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { defer } from '../lib/cleanup.js';
import { serverPath, startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const LAUNCH = process.env.SALON_LAUNCH ?? join(dirname(serverPath()), 'tools', 'salon-launch');
const ENGLISH = { LC_ALL: 'C', LANGUAGE: '' };
/* A word of --help, and how the server says that it is ready. */
const LANGUAGES = {
  nl: { locale: 'nl_NL.UTF-8', help: /Certificaatketen/, ready: 'Salon is gereed: ', keyFile: /^# Van 0 tot en met 65535\.$/m },
  vi: { locale: 'vi_VN.UTF-8', help: /Chuỗi chứng chỉ/, ready: 'Salon đã sẵn sàng: ', keyFile: /^# Từ 0 đến 65535\.$/m },
  ru: { locale: 'ru_RU.UTF-8', help: /Цепочка сертификатов/, ready: 'Salon готов: ', keyFile: /^# От 0 до 65535\.$/m },
};

function run(program, env, ...args) {
  return spawnSync(program, args, { encoding: 'utf8', timeout: 8000, env: { ...process.env, ...env } });
}

/* Option -> what --help says of it. GLib says --help itself. */
function optionsOf(program, env) {
  const { status, stdout } = run(program, env, '--help');
  assert.equal(status, 0);
  const lines = [...stdout.matchAll(/^ +(?:-\w, )?(--[a-z-]+)(?:=\S+)? +(\S.*)$/gm)];
  return Object.fromEntries(lines.map(([, option, description]) => [option, description])
    .filter(([option]) => !option.startsWith('--help') && !option.startsWith('--gst')));
}

for (const [tag, { locale, help, ready, keyFile }] of Object.entries(LANGUAGES)) {
  const env = { LC_ALL: locale, LANGUAGE: '' };

  test(`${tag}: --help tells every option in it, wherever one's own locale is not installed too`, () => {
    for (const program of [serverPath(), LAUNCH]) {
      const english = optionsOf(program, ENGLISH);
      const translated = optionsOf(program, env);
      assert.ok(Object.keys(english).length >= 5, Object.keys(english).join());
      assert.deepEqual(Object.keys(translated), Object.keys(english));
      for (const [option, description] of Object.entries(english))
        assert.notEqual(translated[option], description, option);
    }
    assert.match(run(serverPath(), env, '--help').stdout, help);
  });

  test(`${tag}: LANGUAGE chooses it as well`, () => {
    assert.match(run(serverPath(), { LC_ALL: 'C.UTF-8', LANGUAGE: `xx:${tag}` }, '--help').stdout, help);
  });

  test(`${tag}: mistakes are told in it, with what is wrong and what would be right`, () => {
    const complaint = run(serverPath(), env, '--port', 'eighty').stderr;
    assert.match(complaint, /^salon-server: --port: .eighty. .*0.*65535/);
    assert.notEqual(complaint, run(serverPath(), ENGLISH, '--port', 'eighty').stderr);
    assert.notEqual(run(LAUNCH, env).stderr, run(LAUNCH, ENGLISH).stderr);
  });

  test(`${tag}: the key file that is printed explains itself in it, and is read`, (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'salon-language-'));
    defer(t, () => rmSync(folder, { recursive: true }));
    const { stdout } = run(serverPath(), env, '--print-config');
    assert.match(stdout, keyFile);
    writeFileSync(join(folder, 'salon.conf'), stdout);
    assert.equal(run(serverPath(), env, '--config', join(folder, 'salon.conf'), '--check-config').status, 0);
    for (const line of stdout.split('\n'))
      assert.ok([...line].length <= 90, line);
  });

  test(`${tag}: the server greets in it; what programs read stays as it is`, async (t) => {
    const server = await startServer(t, { env });
    await until('it greets', () => server.log.includes(`${ready}${server.url}\n`));
    await until('the log says so, in English', () => /^\S+Z notice +Salon \S+ is ready url=/.test(server.errors));
    const { body } = await server.http('GET', '/room/nowhere');
    assert.match(body.error.message, /^[\x20-\x7e]+$/);
  });
}

test('the C locale is English, whatever LANGUAGE says, and any locale of ours is as well', () => {
  const english = run(serverPath(), ENGLISH, '--help').stdout;
  assert.equal(run(serverPath(), { LC_ALL: 'C', LANGUAGE: 'nl' }, '--help').stdout, english);
  for (const locale of ['en_GB.UTF-8', 'xx_XX.UTF-8'])
    assert.match(run(serverPath(), { LC_ALL: locale, LANGUAGE: '' }, '--help').stdout, /Certificate chain/);
});
