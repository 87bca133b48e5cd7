import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filterCases, parseShard, shardOf } from '../../../src/cli/suite/discover.ts';
import { cli, folderWith, QUICK } from '../cli-under-test.ts';

const SUITE = {
  'scenarios/a/scenario.yaml': `${QUICK}variants:
  good: { verdict: pass }
  wrong: { verdict: fail }
  own: { verdict: fail, expect: [clients.shoppers.offered > 1000] }
`,
  'scenarios/deep/b/scenario.yaml': QUICK,
};
const BROKEN = { 'scenarios/c/scenario.yaml': QUICK.replace('6s', '6') };

interface SuiteDocument {
  readonly exitCode: number;
  readonly counts: Record<string, number>;
  readonly cases: readonly {
    readonly name: string;
    readonly status: string;
    readonly reasons: readonly string[];
    readonly reproduce: string;
    readonly runs: readonly { readonly seed: string; readonly digest: string }[];
  }[];
}

async function suite(files: Readonly<Record<string, string>>, ...argv: readonly string[]) {
  const cwd = folderWith(files);
  const { exitCode, stdout, stderr } = await cli(['test', ...argv, '--reporter', 'json'], cwd);
  expect(stderr).toBe('');
  const document = JSON.parse(stdout) as SuiteDocument;
  expect(document.exitCode).toBe(exitCode);
  const statuses = document.cases.map(({ name, status }) => `${name} ${status}`);
  return { exitCode, statuses, document, cwd };
}

describe('test', () => {
  it('runs every variant below a folder and passes what ends as declared', async () => {
    const { exitCode, statuses, document } = await suite(SUITE);
    expect(statuses).toEqual(['a/good passed', 'a/wrong failed', 'a/own failed', 'b passed']);
    expect(exitCode).toBe(1);
    const [, wrong, own] = document.cases;
    expect(wrong?.reasons).toEqual(['ended as pass, the file declares fail']);
    expect(own?.reasons.at(-1)).toContain('clients.shoppers.offered > 1000 (clients.');
    expect(wrong?.reproduce).toBe('meshquake run scenarios/a --variant wrong --seed 1');
  });

  it('the command of a case makes the same run', async () => {
    const { document, cwd } = await suite(SUITE, '--filter', 'good', '--seed', '7');
    const [good] = document.cases;
    const argv = (good?.reproduce ?? '').split(' ').slice(1);
    const { stdout } = await cli([...argv, '--json'], cwd);
    expect(JSON.parse(stdout)).toMatchObject({ seed: '7', digest: good?.runs[0]?.digest });
  });

  it('passes with 0 when all pass, over several seeds', async () => {
    const { exitCode, document } = await suite(SUITE, 'scenarios/deep', '--seeds', '2..3');
    expect(exitCode).toBe(0);
    expect(document.cases[0]?.runs.map(({ seed }) => seed)).toEqual(['2', '3']);
  });

  it('ends with 65 when a scenario has errors, and runs the others', async () => {
    const { exitCode, statuses, document } = await suite(
      { ...SUITE, ...BROKEN },
      '--filter',
      'good',
      '--filter',
      'c',
    );
    expect(statuses).toEqual(['a/good passed', 'scenarios/c broken']);
    expect(exitCode).toBe(65);
    expect(document.cases[1]?.reasons[0]).toMatch(/^scenarios\/c\/scenario.yaml:3:11: error MQ-/);
  });

  it('with --bail ends at the first that does not pass', async () => {
    const { statuses } = await suite(SUITE, '--bail');
    expect(statuses).toEqual(['a/good passed', 'a/wrong failed', 'a/own not-run', 'b not-run']);
  });

  it('shards hold every case once', async () => {
    const parts = await Promise.all(['1/2', '2/2'].map((text) => suite(SUITE, '--shard', text)));
    const names = parts.flatMap(({ document }) => document.cases.map(({ name }) => name));
    expect(names.sort()).toEqual(['a/good', 'a/own', 'a/wrong', 'b']);
  });

  it('tells several reporters, one of them on standard output', async () => {
    const cwd = folderWith(SUITE);
    const argv = ['--reporter', 'pretty', '--reporter', 'junit=out/junit.xml'];
    const { stdout } = await cli(['test', '--filter', 'b', ...argv], cwd);
    expect(stdout).toContain('✓ b  pass');
    expect(stdout).toMatch(/\nverdict {2}pass {2}reproduce: meshquake test --filter b --seed 1\n$/);
    expect(readFileSync(join(cwd, 'out/junit.xml'), 'utf8')).toContain('<testcase name="b"');
  });

  it.each([
    [['--filter', 'x'], 64, 'no case matches --filter\n  there are: a/good, '],
    [['--shard', '3/2'], 64, '--shard is "3/2"; give part/parts'],
    [['--reporter', 'pretyt'], 64, 'no reporter "pretyt"; did you mean "pretty"?'],
    [['--reporter', 'tap', '--reporter', 'json'], 64, 'write json=FILE'],
    [['--seed', '1', '--seeds', '2'], 64, 'exclude each other'],
    [['--reporter', 'tap=scenarios'], 69, 'cannot write to'],
    [['nowhere'], 65, 'no such file or folder'],
    [['empty'], 65, 'there is no scenario in this folder or below'],
  ])('%s is refused', async (argv, code, message) => {
    const cwd = folderWith({ ...SUITE, 'empty/README.md': '' });
    const { exitCode, stderr } = await cli(['test', ...argv], cwd);
    expect(stderr).toContain(message);
    expect(exitCode).toBe(code);
    expect(existsSync(join(cwd, 'reports'))).toBe(false);
  });
});

describe('cases', () => {
  const cases = ['a/one', 'a/two', 'b/one'].map((name) => ({ name }));
  const names = (texts: readonly string[]) => filterCases(cases, texts).map(({ name }) => name);

  it('are filtered by any part of their name', () => {
    expect(names(['one'])).toEqual(['a/one', 'b/one']);
    expect(names(['a/*o'])).toEqual(['a/one', 'a/two']);
    expect(names(['two', 'b/'])).toEqual(['a/two', 'b/one']);
    expect(names([])).toHaveLength(3);
    expect(() => names(['a.one'])).toThrow('no case matches');
  });

  it('fall to shards in turn', () => {
    expect(shardOf([1, 2, 3, 4, 5], parseShard('2/3'))).toEqual([2, 5]);
    expect(shardOf([1], parseShard('2/3'))).toEqual([]);
  });
});
