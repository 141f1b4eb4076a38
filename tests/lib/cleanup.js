/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a test opened is closed at its end, the last first, and all of it even if one fails to: a process left behind
 * would keep the runner from ending. */

const stacks = new WeakMap();

async function unwind(stack) {
  const errors = [];
  while (stack.length > 0)
    await Promise.resolve().then(stack.pop()).catch((error) => errors.push(error));
  if (errors.length > 0)
    throw errors[0];
}

/* t: a test's context, or node:test itself for a whole file. */
export function defer(t, close) {
  if (!stacks.has(t)) {
    const stack = [];
    stacks.set(t, stack);
    t.after(() => unwind(stack));
  }
  stacks.get(t).push(close);
}
