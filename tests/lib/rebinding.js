/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A NAT between a client and the media port, which forgets whose port is whose: from one packet to the next, the client
 * comes from another. */

import { UdpRelay } from './udp-relay.js';

export class RebindingNat extends UdpRelay {
  /* Whether nothing passes, either way. */
  isBlocked = false;

  rebind() {
    this.forgetPorts();
  }

  carryUp(length, deliver) {
    if (!this.isBlocked)
      deliver();
  }

  carryDown(length, deliver) {
    this.carryUp(length, deliver);
  }
}
