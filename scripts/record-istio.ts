/**
 * Asks istiod's own code about the cases of `test/conformance/istio` and writes its answers down.
 *
 * `ISTIO_ORACLE=/path/to/the/program npx tsx scripts/record-istio.ts [CASE…]`. The program answers
 * what istiod would send to one proxy (`policy`) and what its webhook says about each object
 * (`validate`). Tests need the recorded answers only.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  caseNames,
  goldenPath,
  HERE,
  type IstioCase,
  readCase,
} from '../test/conformance/istio/case.ts';
import { goldenText, toGolden, verdictsOf } from '../test/conformance/istio/golden.ts';

const oracle = process.env['ISTIO_ORACLE'];
if (oracle === undefined) {
  process.stderr.write('ISTIO_ORACLE must be the path of the program that answers\n');
  process.exit(64);
}

function ask(program: string, ...args: readonly string[]) {
  const options = { encoding: 'utf8', maxBuffer: 1 << 28 } as const;
  return JSON.parse(execFileSync(program, args, options));
}

function proxyArgs({ proxy }: IstioCase): string[] {
  const labels = Object.entries(proxy.labels).map(([key, value]) => `${key}=${value}`);
  const [namespace] = proxy.pod === '' ? [proxy.namespace] : proxy.pod.split('/');
  const args = ['--namespace', namespace ?? 'default', '--injected=false'];
  if (proxy.pod === '') args.push('--ip', proxy.ip);
  else args.push('--pod', proxy.pod);
  if (labels.length > 0) args.push('--proxy-labels', labels.join(','));
  if (proxy.locality !== '') args.push('--locality', proxy.locality);
  return args;
}

function answer(program: string, item: IstioCase): string {
  const verdicts = ask(program, 'validate', ...item.files);
  const policy = ask(program, 'policy', ...proxyArgs(item), ...item.files);
  return goldenText(toGolden(policy, verdicts));
}

function write(name: string, text: string): void {
  const path = goldenPath(name);
  const isNew = !existsSync(path);
  writeFileSync(path, text);
  process.stdout.write(`${isNew ? 'new ' : ''}${name}\n`);
}

const wanted = process.argv.slice(2);
const isWanted = (name: string): boolean => wanted.length === 0 || wanted.includes(name);
for (const name of caseNames().filter(isWanted)) write(name, answer(oracle, readCase(name)));
for (const name of caseNames('verdicts').filter(isWanted)) {
  const verdicts = verdictsOf(ask(oracle, 'validate', ...readCase(name, 'verdicts').files));
  write(name, goldenText({ verdicts }));
}
const known = new Set([...caseNames(), ...caseNames('verdicts')].map((name) => goldenPath(name)));
for (const file of readdirSync(join(HERE, 'goldens'))) {
  const path = join(HERE, 'goldens', file);
  if (!known.has(path)) rmSync(path);
}
