/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* node failed.js TESTLOG.json: the names of the tests to run once more, if any. */

import { hasFailed, readLog } from './testlog.js';

/* More are no accident. */
const MAX_PROGRAMS = 3;
/* A race that a sanitizer saw is there, whether or not it is seen again. */
const FOUND = /(Address|Leak|Thread)Sanitizer|runtime error: /;

const failed = readLog(process.argv[2]).filter(hasFailed);
const isAccident = ({ result, stdout, stderr }) => result !== 'MISSING' && !FOUND.test(`${stdout} ${stderr}`);
if (failed.length <= MAX_PROGRAMS && failed.every(isAccident))
  console.log(failed.map(({ name }) => name.split(' / ').at(-1)).join(' '));
