import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { againstBaseline, type BaselineSide, gateMargin } from '../../src/experiments/baseline.ts';
import { cli, folderWith, TWO_VARIANTS } from './cli-under-test.ts';

const SLOWER = ['--set', 'services.payments.serviceTime={ exponential: 20ms }'];

/** A folder with a scenario and the baseline of a run of it. */
async function withBaseline(...argv: readonly string[]) {
  const cwd = folderWith({ 's/scenario.yaml': TWO_VARIANTS });
  const { stdout } = await cli(['run', 's', '--json', '--quiet', ...argv], cwd);
  writeFileSync(join(cwd, 'good.json'), stdout);
  const run = (...more: readonly string[]) =>
    cli(['run', 's', '--baseline', 'good.json', ...argv, ...more], cwd);
  return { cwd, run };
}

describe('run --baseline', () => {
  it.each([
    [[]],
    [['--seeds', '3']],
    [['--variant', 'all', '--seed', '5']],
  ])('finds nothing in the same runs again: %s', async (argv) => {
    const { run } = await withBaseline(...argv);
    const { stdout } = await run();
    expect(stdout).toMatch(/\nagainst good\.json: \d+ figures, 0 worse, 0 better\n/);
    expect(stdout).not.toContain('worse than the baseline');
  });

  it('ends with 5 and says what got worse, by how much, and how much was allowed', async () => {
    const { run, cwd } = await withBaseline();
    const { exitCode, stdout } = await run(...SLOWER, '--out', 'out');
    expect(exitCode).toBe(5);
    expect(stdout).toMatch(
      /^ {2}shoppers latencyMs\.p99 +[\d.]+ +[\d.]+ +\+[\d.]+ +± [\d.]+ +✗ worse$/m,
    );
    expect(stdout).toContain('verdict  pass, worse than the baseline  reproduce: meshquake run s');
    for (const line of stdout.split('\n').filter((text) => !text.includes('reproduce:'))) {
      expect(line.length).toBeLessThanOrEqual(80);
    }
    const document = JSON.parse(readFileSync(join(cwd, 'out', 'summary.json'), 'utf8'));
    expect(document).toMatchObject({
      verdict: 'pass',
      exitCode: 5,
      baseline: { path: 'good.json', verdict: 'worse', metrics: expect.any(Array) },
    });
  });

  it('looks at the figures and margins that are asked for', async () => {
    const { run } = await withBaseline();
    const metric = ['--metric', 'edges["orders->payments"].amplification'];
    expect((await run(...SLOWER, ...metric)).exitCode).toBe(0);
    expect((await run(...SLOWER, '--margin', '10000')).exitCode).toBe(0);
    expect((await run(...SLOWER, '--metric', 'latencyMs.mean', '--margin', '10%')).exitCode).toBe(
      5,
    );
  });

  it('leaves a run that does not pass its own exit code', async () => {
    const { run } = await withBaseline();
    const { exitCode, stdout } = await run(
      '--set',
      'services.payments.errors=[{status: 500, ratio: 50%}]',
    );
    expect(exitCode).toBe(1);
    expect(stdout).toContain('✗ worse');
  });

  it('makes the document of --json carry the findings', async () => {
    const { run } = await withBaseline();
    const { stdout } = await run('--json', '--quiet');
    const { exitCode, baseline } = JSON.parse(stdout);
    expect({ exitCode, verdict: baseline.verdict }).toEqual({ exitCode: 0, verdict: 'not-worse' });
  });

  it.each([
    [['--seed', '2'], 64, 'good.json was made with seed 1, this run has seed 2'],
    [['--variant', 'wrong'], 64, 'good.json has no variant "wrong"\n  there are: good'],
    [['--metric', 'latencyMs.p98'], 64, 'no run has a figure "latencyMs.p98"'],
    [['--margin', 'much'], 64, '--margin is "much"'],
    [['--baseline', 'nowhere.json'], 69, 'cannot read the baseline'],
    [['--baseline', 'broken.json'], 65, 'broken.json:2:'],
    [['--baseline', 'other.json'], 65, 'other.json:1:1: error MQ-BASELINE-001'],
    [['--baseline', 'foreign.json'], 64, 'foreign.json is a summary of "t", this is "s"'],
  ])('%s is refused', async (argv, code, message) => {
    const { run, cwd } = await withBaseline();
    const good = JSON.parse(readFileSync(join(cwd, 'good.json'), 'utf8'));
    writeFileSync(join(cwd, 'broken.json'), '{\n  "format": [1');
    writeFileSync(join(cwd, 'other.json'), '{ "format": 1 }');
    writeFileSync(
      join(cwd, 'foreign.json'),
      JSON.stringify({ ...good, scenario: { ...good.scenario, name: 't' } }),
    );
    const { exitCode, stderr } = await run(...argv);
    expect(stderr).toContain(message);
    expect(exitCode).toBe(code);
  });

  it('is needed for --margin and --metric', async () => {
    const cwd = folderWith({ 's/scenario.yaml': TWO_VARIANTS });
    const { exitCode, stderr } = await cli(['run', 's', '--margin', '5%'], cwd);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 64,
      stderr: 'error: --margin and --metric go with --baseline\n',
    });
  });
});

describe('a figure', () => {
  const side = (figures: Record<string, number>): BaselineSide => {
    return { variant: '', seeds: ['1'], verdicts: ['pass'], figures };
  };
  const judge = (name: string, before: number, now: number) =>
    againstBaseline(side({ [name]: before }), side({ [name]: now }), {
      metrics: [],
      margin: gateMargin,
    }).rows[0]?.verdict;

  it.each([
    ['clients.c.successRatio', 0.999, 0.9945, 'same'],
    ['clients.c.successRatio', 0.999, 0.993, 'worse'],
    ['clients.c.successRatio', 0.9, 0.95, 'better'],
    ['clients.c.latencyMs.p99', 100, 104, 'same'],
    ['clients.c.latencyMs.p99', 100, 106, 'worse'],
    ['clients.c.latencyMs.p99', 100, 94, 'better'],
    ['clients.c.goodputRps', 100, 94, 'worse'],
    ['edges["a->b"].amplification', 1, 1.06, 'worse'],
    ['recovery.recoveredAtS', 60, 64, 'worse'],
  ] as const)('%s from %s to %s is %s', (name, before, now, verdict) => {
    expect(judge(name, before, now)).toBe(verdict);
  });

  it('that one side lacks is named, not judged', () => {
    const before = side({ 'edges["a->b"].amplification': 1 });
    const now = side({ 'edges["a->c"].amplification': 1 });
    const { rows, notCompared } = againstBaseline(before, now, { metrics: [], margin: gateMargin });
    expect(rows).toEqual([]);
    expect(notCompared).toEqual([
      'edges["a->c"].amplification: not in the baseline',
      'edges["a->b"].amplification: only in the baseline',
    ]);
  });
});
