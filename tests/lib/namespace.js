/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A network namespace with two links to this machine, as a telephone has Wi-Fi and mobile: what a browser in it sees of
 * them being there or not is what a real one sees. Needs root and iproute2. */

import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defer } from './cleanup.js';

const LINKS = ['wifi', 'mobile'];

function ip(...args) {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

export const canUseNamespaces = (() => {
  const name = `salon-probe-${process.pid}`;
  try {
    ip('netns', 'add', name);
    ip('netns', 'del', name);
    return true;
  } catch {
    return false;
  }
})();

/* A /24 for each link, which no other run on this machine has. */
function subnet(link) {
  return `10.${200 + (process.pid >> 8) % 50}.${(process.pid % 128) * 2 + LINKS.indexOf(link)}`;
}

export class Namespace {
  static links = LINKS;

  static create(t) {
    const namespace = new Namespace();
    defer(t, () => namespace.#remove());
    ip('netns', 'add', namespace.name);
    namespace.inside('link', 'set', 'lo', 'up');
    LINKS.forEach((link) => namespace.#plug(link));
    return namespace;
  }

  name = `salon-${process.pid}`;
  #directory = mkdtempSync(join(tmpdir(), 'salon-netns-'));

  /* `ip` in there. */
  inside(...args) {
    return ip('-n', this.name, ...args);
  }

  /* The path of a program that runs `path` in there. */
  wrap(path) {
    const script = join(this.#directory, 'run');
    writeFileSync(script, `#!/bin/sh\nexec ip netns exec ${this.name} ${path} "$@"\n`);
    chmodSync(script, 0o755);
    return script;
  }

  /* As whoever manages networks does: an address that nothing carries is taken away. */
  unplug(link) {
    this.inside('link', 'set', link, 'down');
    this.inside('addr', 'flush', 'dev', link);
  }

  plugIn(link) {
    this.inside('addr', 'add', `${subnet(link)}.2/24`, 'dev', link);
    this.inside('link', 'set', link, 'up');
    this.#route(link);
  }

  /* As when the lease ends and another begins: from one moment to the next, the link has another address. */
  readdress(link) {
    this.inside('addr', 'del', `${subnet(link)}.2/24`, 'dev', link);
    this.inside('addr', 'add', `${subnet(link)}.3/24`, 'dev', link);
    this.#route(link);
  }

  /* No UDP leaves any more, as behind some firewalls; what tries to is told nothing. */
  blockUdp() {
    this.inside('rule', 'add', 'priority', '1', 'ipproto', 'udp', 'blackhole');
  }

  /* Which link has this address. */
  linkOf(address) {
    return LINKS.find((link) => address.startsWith(`${subnet(link)}.`));
  }

  #outside(link) {
    return `s${process.pid}-${link[0]}`;
  }

  #plug(link) {
    ip('link', 'add', this.#outside(link), 'type', 'veth', 'peer', 'name', link, 'netns', this.name);
    /* A second after a link is up it would have an IPv6 address, and a browser that loads a page then gives up: "network
     * changed". */
    ip('link', 'set', this.#outside(link), 'addrgenmode', 'none');
    this.inside('link', 'set', link, 'addrgenmode', 'none');
    ip('addr', 'add', `${subnet(link)}.1/24`, 'dev', this.#outside(link));
    ip('link', 'set', this.#outside(link), 'up');
    this.plugIn(link);
  }

  #route(link) {
    this.inside('route', 'add', 'default', 'via', `${subnet(link)}.1`, 'dev', link, 'metric', String(10 + LINKS.indexOf(link)));
  }

  #remove() {
    /* Its ends outside would go with it, but only some time after. */
    LINKS.forEach((link) => ip('link', 'del', this.#outside(link)));
    ip('netns', 'del', this.name);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
