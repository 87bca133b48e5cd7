/**
 * Makes the certificates of a case as files, with the program `openssl`.
 */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AUTHORITIES, LEAVES, type LeafPlan } from '../certificates.ts';

const DAY_MS = 86_400_000;
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
const run = promisify(execFile);

/** `<name>.crt` and `<name>.key` of every authority and leaf. */
export async function makeCertificateFiles(folder: string): Promise<void> {
  for (const name of AUTHORITIES) {
    const files = ['-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.crt`)];
    await run('openssl', [
      'req',
      '-x509',
      ...KEY,
      '-days',
      '3650',
      '-subj',
      `/CN=${name}`,
      ...files,
    ]);
  }
  for (const plan of LEAVES) await makeLeaf(folder, plan, Date.now());
}

async function makeLeaf(folder: string, plan: LeafPlan, nowMs: number): Promise<void> {
  const file = (ending: string) => join(folder, `${plan.name}.${ending}`);
  const request = ['-keyout', file('key'), '-out', file('csr')];
  await run('openssl', ['req', ...KEY, '-subj', `/CN=${plan.name}`, ...request]);
  await writeFile(
    file('ext'),
    `subjectAltName=${plan.names}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth,clientAuth\n`,
  );
  await writeFile(
    file('cnf'),
    `[ca]\ndefault_ca=d\n[d]\ndatabase=${file('idx')}\nnew_certs_dir=${folder}\ndefault_md=sha256\npolicy=p\nrand_serial=yes\nunique_subject=no\n[p]\ncommonName=supplied\n`,
  );
  await writeFile(file('idx'), '');
  const issuer = join(folder, plan.issuer);
  await run('openssl', [
    ...['ca', '-batch', '-config', file('cnf'), '-in', file('csr'), '-out', file('crt')],
    ...['-keyfile', `${issuer}.key`, '-cert', `${issuer}.crt`, '-extfile', file('ext'), '-notext'],
    ...['-startdate', timeText(nowMs + plan.fromDays * DAY_MS)],
    ...['-enddate', timeText(nowMs + plan.toDays * DAY_MS)],
  ]);
}

/** `20260101000000Z` */
function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace(/\D/g, '')}Z`;
}
