/** `meshquake import`: what it writes runs at once. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesBelow, ROOT } from '../architecture/source-tree.ts';
import { istio } from '../importers/mesh-helpers.ts';
import { cli, folderWith } from './cli-under-test.ts';

const GATEWAY = istio('Gateway', '{}');
const RULES = `${istio('DestinationRule', '{host: pay, trafficPolicy: {outlierDetection: {}}}')}${istio('VirtualService', '{hosts: [pay], http: [{route: [{destination: {host: pay}}], timeout: 1s}]}')}`;
const IMPORT = ['import', 'istio', 'k8s', '--out', 'new/shop.yaml'];

describe('import istio', () => {
  it('writes a scenario that names the folder, and runs', async () => {
    const folder = folderWith({ 'k8s/rules.yaml': RULES });
    const { exitCode, stdout, stderr } = await cli(IMPORT, folder);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^wrote new\/shop.yaml: \d+ lines to fill in\n/);
    const text = readFileSync(join(folder, 'new/shop.yaml'), 'utf8');
    expect(text).toContain('mesh: ["../k8s"]');
    const run = await cli(['run', 'new/shop.yaml', '--out', 'r', '--json'], folder);
    expect(run.exitCode).toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({ verdict: 'pass' });
  });

  it('writes the same again', async () => {
    const folder = folderWith({ 'k8s/rules.yaml': RULES });
    await cli(IMPORT, folder);
    const first = readFileSync(join(folder, 'new/shop.yaml'), 'utf8');
    expect((await cli([...IMPORT, '--force'], folder)).exitCode).toBe(0);
    expect(readFileSync(join(folder, 'new/shop.yaml'), 'utf8')).toBe(first);
  });

  it('overwrites nothing unasked', async () => {
    const folder = folderWith({ 'k8s/rules.yaml': RULES, 'new/shop.yaml': 'mine' });
    const { exitCode, stderr } = await cli(IMPORT, folder);
    expect(exitCode).toBe(64);
    expect(stderr).toContain('new/shop.yaml: there already; --force overwrites');
    expect(readFileSync(join(folder, 'new/shop.yaml'), 'utf8')).toBe('mine');
  });

  it('refuses what is not modelled, and says how to go on', async () => {
    const folder = folderWith({ 'k8s/rules.yaml': RULES, 'k8s/way-in.yaml': GATEWAY });
    const { exitCode, stdout, stderr } = await cli(IMPORT, folder);
    expect([exitCode, stdout]).toEqual([65, '']);
    expect(stderr).toContain('k8s/way-in.yaml:3:7: error MQ-IMPORT-003');
    expect(stderr).toContain('fix: leave it out with --allow-unmodelled MQ-IMPORT-003');
    expect(existsSync(join(folder, 'new'))).toBe(false);
  });

  it('leaves out what it may, in a copy, and lists it', async () => {
    const folder = folderWith({ 'k8s/rules.yaml': RULES, 'k8s/sub/way-in.yaml': GATEWAY });
    const argv = [...IMPORT, '--allow-unmodelled', 'MQ-IMPORT-003'];
    const { exitCode, stderr } = await cli(argv, folder);
    expect(exitCode).toBe(0);
    expect(stderr).toContain('left out: k8s/sub/way-in.yaml:3:7: MQ-IMPORT-003: Gateway');
    expect(readdirSync(join(folder, 'new/shop-mesh'))).toEqual(['rules.yaml']);
    const text = readFileSync(join(folder, 'new/shop.yaml'), 'utf8');
    expect(text).toContain('# Left out of the policy: Gateway is not modelled yet (k8s/sub/way-in');
    expect((await cli(['run', 'new/shop.yaml', '--out', 'r'], folder)).exitCode).toBe(0);
  });

  it.each([
    [['--allow-unmodelled', 'MQ-ROUTE-003'], '--allow-unmodelled takes MQ-IMPORT-003 or'],
    [['--strict', '--allow-unmodelled', 'MQ-IMPORT-003'], 'contradict each other'],
    [['--out', 'k8s/scenario.yaml'], 'would be one of its own policy files'],
  ])('%s is a wrong call', async (more, message) => {
    const folder = folderWith({ 'k8s/rules.yaml': RULES });
    const { exitCode, stderr } = await cli([...IMPORT, ...more], folder);
    expect(stderr).toContain(message);
    expect(exitCode).toBe(64);
  });

  it.each([
    ['no such folder', {}, 'MQ-SCENARIO-009'],
    [
      'no service',
      { 'k8s/a.yaml': istio('WorkloadEntry', '{address: 10.0.0.1}') },
      'MQ-IMPORT-011',
    ],
    ['a mistake', { 'k8s/a.yaml': istio('DestinationRule', '{hosts: a}') }, 'MQ-FIELD-002'],
    [
      'a subset that is missing',
      {
        'k8s/a.yaml': istio(
          'VirtualService',
          '{hosts: [a], http: [{route: [{destination: {host: a, subset: x}}]}]}',
        ),
      },
      'MQ-REF',
    ],
  ])('%s ends it with what is wrong', async (_what, files, code) => {
    const folder = folderWith(files as Readonly<Record<string, string>>);
    const { exitCode, stderr } = await cli(IMPORT, folder);
    expect(stderr).toContain(code);
    expect(exitCode).toBe(65);
    expect(existsSync(join(folder, 'new'))).toBe(false);
  });

  it('takes the policy of every scenario of the repository', async () => {
    const folders = new Set(
      filesBelow('scenarios')
        .filter((path) => /\/mesh\/.*\.yaml$/.test(path))
        .map((path) => path.slice(0, path.indexOf('/mesh/') + '/mesh'.length)),
    );
    // Its only resource is a mode of mTLS, which names no service.
    expect(folders.delete('scenarios/overhead/mesh')).toBe(true);
    expect(folders.size).toBeGreaterThan(0);
    for (const mesh of folders) {
      const folder = folderWith({});
      const out = join(folder, 's.yaml');
      const { exitCode, stderr } = await cli(['import', 'istio', mesh, '--out', out], ROOT);
      expect([mesh, exitCode, stderr]).toEqual([mesh, 0, expect.any(String)]);
      const run = await cli(['validate', out], ROOT);
      expect([mesh, run.exitCode]).toEqual([mesh, 0]);
    }
  });
});
