/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What axe, the accessibility checker, finds wrong in a page. */

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export async function findings(person) {
  await person.page.evaluate(AXE);
  const { passes, violations } = await person.page.evaluate(() => window.axe.run({ resultTypes: ['violations'] }));
  assert.ok(passes.length > 10, 'it looks');
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) =>
    `${html.slice(0, 120)} ${failureSummary.replace(/\s+/g, ' ').slice(0, 200)}`).join('; ')}`);
}
