/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Imported before anything else by a test that is about well-known ports: then its file is run once more, in a network
 * namespace where every port is free, and nobody else to be reached. There is loopback, and a link to nowhere, since
 * libnice takes no loopback. Needs iproute2, and root or a kernel that lets everybody have namespaces. */

import { spawnSync } from 'node:child_process';

const MARK = 'SALON_TEST_HAS_OWN_NETWORK';

const UP = 'ip link set lo up && ip link add salon0 type veth peer name salon1 && ip addr add 192.0.2.1/24 dev salon0 '
  + '&& ip link set salon1 up && ip link set salon0 up';

function findUnshare() {
  const ways = [['--net'], ['--net', '--map-root-user']];
  return ways.find((options) => spawnSync('unshare', [...options, 'sh', '-c', UP]).status === 0);
}

const options = process.env[MARK] ? undefined : findUnshare();
if (options) {
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const { status } = spawnSync('unshare', [...options, 'sh', '-c', `${UP} && exec "$@"`, 'sh', ...again],
    { stdio: 'inherit', env: { ...process.env, [MARK]: 'yes' } });
  process.exit(status ?? 1);
}

export const hasOwnNetwork = Boolean(process.env[MARK]);
