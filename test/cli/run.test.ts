import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Summary } from '../../src/core/summary.ts';
import { cli, folderWith, QUICK, TWO_VARIANTS } from './cli-under-test.ts';

/** Without what the clock on the wall decides. */
function timeless(text: string): string {
  return text.replace(/"(wallS|\w+PerWallS)": [\d.]+/g, '"$1": 0');
}

describe('run', () => {
  it('prints one JSON document on standard output, everything else on standard error', async () => {
    const folder = folderWith({ 'quick/scenario.yaml': QUICK });
    const { exitCode, stdout, stderr } = await cli(['run', 'quick', '--json'], folder);
    expect(exitCode).toBe(0);
    const summary = JSON.parse(stdout) as Summary;
    expect(Object.keys(summary)).toEqual([
      'meshquake',
      'format',
      'scenario',
      'seed',
      'digest',
      'verdict',
      'exitCode',
      'run',
      'clients',
      'edges',
      'services',
      'proxies',
      'ejections',
      'faults',
      'operations',
      'expect',
      'recovery',
      'limits',
    ]);
    expect(summary).toMatchObject({
      format: 1,
      seed: '1',
      verdict: 'pass',
      exitCode: 0,
      scenario: { name: 'quick', path: 'quick/scenario.yaml', variant: '' },
      run: { virtualS: 6 },
      clients: [{ name: 'shoppers', succeeded: summary.clients[0]?.offered, successRatio: 1 }],
      expect: [{ ok: true, windowS: [0, 6] }],
    });
    const lines = stderr.trim().split('\n');
    expect(lines[0]).toMatch(/^meshquake \d\S+ {2}seed 1 {2}scenario quick [0-9a-f]{12}$/);
    expect(lines.at(-1)).toBe('verdict  pass  reproduce: meshquake run quick --seed 1');
  });

  it('is repeatable: the same bytes in the same place', async () => {
    const folder = folderWith({ 'quick/scenario.yaml': QUICK });
    const first = await cli(['run', 'quick', '--json', '--seed', 'x y'], folder);
    const second = await cli(['run', 'quick', '--json', '--seed', 'x y'], folder);
    expect(timeless(second.stdout)).toBe(timeless(first.stdout));
    expect(
      readdirSync(join(folder, 'reports/quick')).filter((name) => name !== 'latest'),
    ).toHaveLength(1);
    expect(first.stderr).toContain("reproduce: meshquake run quick --seed 'x y'");
    const other = await cli(['run', 'quick', '--json', '--seed', 'z'], folder);
    expect((JSON.parse(other.stdout) as Summary).digest).not.toBe(
      (JSON.parse(first.stdout) as Summary).digest,
    );
  });

  it('writes a folder of files and points "latest" at it', async () => {
    const folder = folderWith({ 'quick/scenario.yaml': QUICK });
    const { stdout } = await cli(['run', 'quick'], folder);
    const latest = join(folder, 'reports/quick/latest');
    expect(readlinkSync(latest)).toMatch(/^[0-9a-f]{12}-1$/);
    expect(readdirSync(latest).sort()).toEqual([
      'manifest.json',
      'replay.json',
      'report.html',
      'summary.json',
      'summary.txt',
      'timeline.json',
    ]);
    const manifest = JSON.parse(readFileSync(join(latest, 'manifest.json'), 'utf8'));
    expect(manifest).toMatchObject({
      format: 1,
      seeds: '1',
      reproduce: 'meshquake run quick --seed 1',
    });
    expect(stdout).toContain(`report   reports/quick/${readlinkSync(latest)}/report.html`);
    expect(readdirSync(join(folder, 'reports/quick'))).toHaveLength(2); // nothing half-written
  });

  it('stays within 80 columns, without colour where there is no terminal', async () => {
    const folder = folderWith({ 's/scenario.yaml': TWO_VARIANTS });
    const { stdout } = await cli(['run', 's', '--variant', 'all'], folder);
    const long = stdout.split('\n').filter((line) => line.length > 80 && !/reproduce/.test(line));
    expect(long).toEqual([]);
    expect(stdout).not.toContain('\u001b');
    const colored = await cli(['run', 's', '--variant', 'all'], folder, { isTerminal: true });
    expect(colored.stdout).toContain('\u001b[');
    const env = { NO_COLOR: '1' };
    const plain = await cli(['run', 's', '--variant', 'all'], folder, { isTerminal: true, env });
    expect(plain.stdout).not.toContain('\u001b');
  });

  it('compares all variants, and fails when one does not end as declared', async () => {
    const folder = folderWith({ 's/scenario.yaml': TWO_VARIANTS });
    const { exitCode, stdout } = await cli(['run', 's', '--variant', 'all'], folder);
    expect(stdout).toMatch(/good .* pass ✓/);
    expect(stdout).toMatch(/wrong .* pass ✗ not fail/);
    expect(stdout).toContain('verdict  1 of 2 variants as declared');
    expect(exitCode).toBe(1);
    const document = await cli(['run', 's', '--variant', 'all', '--json', '--quiet'], folder);
    const parsed = JSON.parse(document.stdout);
    expect(Object.keys(parsed)).toEqual([
      'meshquake',
      'format',
      'scenario',
      'exitCode',
      'variants',
    ]);
    expect(parsed).toMatchObject({
      exitCode: 1,
      scenario: { variant: 'all' },
      variants: [
        { name: 'good', declared: 'pass', asDeclared: true },
        { name: 'wrong', declared: 'fail', asDeclared: false },
      ],
    });
    expect(document.stderr).toBe('');
  });

  it('runs the first variant unless told otherwise', async () => {
    const folder = folderWith({ 's/scenario.yaml': TWO_VARIANTS });
    const variantOf = async (...more: string[]) => {
      const { stdout } = await cli(['run', 's', '--json', ...more], folder);
      return (JSON.parse(stdout) as Summary).scenario.variant;
    };
    expect(await variantOf()).toBe('good');
    expect(await variantOf('--variant', 'wrong')).toBe('wrong');
  });

  it('runs many seeds and spreads their figures', async () => {
    const folder = folderWith({ 's/scenario.yaml': QUICK });
    const { exitCode, stdout } = await cli(['run', 's', '--seeds', '3..6', '--json'], folder);
    const document = JSON.parse(stdout);
    expect(Object.keys(document)).toEqual([
      'meshquake',
      'format',
      'scenario',
      'verdict',
      'exitCode',
      'runs',
      'across',
    ]);
    expect(document.runs.map((run: Summary) => run.seed)).toEqual(['3', '4', '5', '6']);
    expect(document.across['clients.shoppers.successRatio']).toEqual({
      min: 1,
      median: 1,
      max: 1,
      ci95: [1, 1],
    });
    expect(exitCode).toBe(0);
    const text = await cli(['run', 's', '--seeds', '2'], folder);
    expect(text.stdout).toMatch(/2 × pass/);
  });

  it('takes seeds and folder from the environment, the command line first', async () => {
    const folder = folderWith({ 's/scenario.yaml': QUICK });
    const env = { MESHQUAKE_SEED: 'env', MESHQUAKE_OUT: 'out' };
    const fromEnv = await cli(['run', 's', '--json'], folder, { env });
    expect((JSON.parse(fromEnv.stdout) as Summary).seed).toBe('env');
    expect(existsSync(join(folder, 'out/summary.json'))).toBe(true);
    const fromCli = await cli(['run', 's', '--json', '--seeds', '2'], folder, { env });
    expect(JSON.parse(fromCli.stdout).runs).toHaveLength(2);
  });

  it('reads a scenario from standard input', async () => {
    const { exitCode, stdout } = await cli(['run', '-', '--json'], folderWith({}), {
      stdin: QUICK,
    });
    expect((JSON.parse(stdout) as Summary).scenario).toMatchObject({
      name: 'stdin',
      path: '<stdin>',
    });
    expect(exitCode).toBe(0);
  });

  it('applies --set, --duration and --data-plane, and says so in the command to reproduce', async () => {
    const folder = folderWith({ 's/scenario.yaml': QUICK });
    const changes = ['--set', 'clients.shoppers.open.constant=40rps', '--duration', '3s'];
    const { stdout, stderr } = await cli(
      ['run', 's', '--json', ...changes, '--data-plane', 'none'],
      folder,
    );
    const summary = JSON.parse(stdout) as Summary;
    expect(summary.run.virtualS).toBe(3);
    expect(summary.clients[0]?.offered).toBeGreaterThan(110);
    expect(stderr).toContain(
      'meshquake run s --seed 1 --set clients.shoppers.open.constant=40rps --data-plane none --duration 3s',
    );
  });

  it.each([
    ['clients.shoppers.offered > 0', 0],
    ['clients.shoppers.offered > 1000000', 99],
    ['clients.shopers.offered > 0', 65],
  ])('holds the threshold %s against the run: exit %i', async (threshold, code) => {
    const folder = folderWith({ 's/scenario.yaml': QUICK });
    const { exitCode, stderr } = await cli(
      ['run', 's', '--json', '--threshold', threshold],
      folder,
    );
    expect(exitCode).toBe(code);
    if (code === 65)
      expect(stderr).toContain('<command line>:--threshold:1:9: error MQ-SCENARIO-007');
  });

  it('exits with 1 when an expectation does not hold, and says what was seen', async () => {
    const folder = folderWith({ 's/scenario.yaml': QUICK.replace('== 1', '< 1') });
    const { exitCode, stdout } = await cli(['run', 's'], folder);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/✗ clients.shoppers.successRatio < 1: .*1 \(0s to 6s\)/);
  });

  it('never writes over files that are not its own', async () => {
    const folder = folderWith({ 's/scenario.yaml': QUICK, 'mine/precious.txt': 'x' });
    const { exitCode, stdout, stderr } = await cli(['run', 's', '--out', 'mine'], folder);
    expect(exitCode).toBe(69);
    expect(stdout).toBe(''); // said before anything ran
    expect(stderr).toContain('holds files that no run has written');
    expect(readdirSync(join(folder, 'mine'))).toEqual(['precious.txt']);
  });

  it('says before it runs that a folder cannot be made', async () => {
    const folder = folderWith({ 's/scenario.yaml': QUICK, file: 'x' });
    const { exitCode, stdout, stderr } = await cli(['run', 's', '--out', 'file/in/it'], folder);
    expect(exitCode).toBe(69);
    expect(stdout).toBe('');
    expect(stderr).toContain('file is not a folder');
  });

  it('replaces what an earlier run has written', async () => {
    const folder = folderWith({ 's/scenario.yaml': QUICK });
    await cli(['run', 's', '--out', 'out'], folder);
    writeFileSync(join(folder, 'out/old.txt'), '');
    const { exitCode } = await cli(['run', 's', '--out', 'out', '--seed', '2'], folder);
    expect(exitCode).toBe(0);
    expect(existsSync(join(folder, 'out/old.txt'))).toBe(false);
  });

  it('shows progress on a terminal only, and takes it away again', async () => {
    const folder = folderWith({ 's/scenario.yaml': QUICK });
    const { stderr } = await cli(['run', 's', '--seeds', '3'], folder, { isTerminal: true });
    expect(stderr === '' || stderr.endsWith('\r\u001b[K')).toBe(true);
    const { stderr: silent } = await cli(['run', 's', '--seeds', '3'], folder);
    expect(silent).toBe('');
  });
});
