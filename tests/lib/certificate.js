/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A certificate that nobody has signed but itself. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defer } from './cleanup.js';

/* Paths of PEM files, which go with `t`: { certificate, key }. */
export function makeCertificate(t, address = '127.0.0.1') {
  const folder = mkdtempSync(join(tmpdir(), 'salon-tls-'));
  defer(t, () => rmSync(folder, { recursive: true }));
  const [certificate, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
                           '-subj', '/CN=localhost', '-addext', `subjectAltName=IP:${address}`, '-keyout', key, '-out', certificate],
               { stdio: 'pipe' });
  return { certificate, key };
}
