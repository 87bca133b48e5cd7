/** The documentation about continuous integration does what it says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from '../architecture/source-tree.ts';
import { cli, folderWith, TWO_VARIANTS } from '../cli/cli-under-test.ts';
import { runDocCommands } from '../helpers/doc-commands.ts';

test('the commands of docs/walkthroughs/ci.md', async () => {
  await runDocCommands('docs/walkthroughs/ci.md', { files: ['scenarios/bad-canary'] });
}, 300_000);

interface Workflow {
  readonly jobs: Readonly<Record<string, { readonly steps: readonly { readonly run?: string }[] }>>;
}

describe('the workflow of docs/ci.md', () => {
  const page = readFileSync(join(ROOT, 'docs/ci.md'), 'utf8');
  const [, text = ''] = /```yaml\n(.*?)```/s.exec(page) ?? [];
  const steps = Object.values((parse(text) as Workflow).jobs).flatMap((job) => job.steps);
  const ours = steps.flatMap(({ run }) => (run?.startsWith('npx meshquake ') ? [run] : []));

  test('has a step for each gate', () => {
    expect(ours.map((run) => run.split(' ')[2])).toEqual(['validate', 'test', 'run']);
  });

  test('passes on a repository as it describes, and fails when something got worse', async () => {
    const good = TWO_VARIANTS.replace('verdict: fail', 'verdict: pass');
    const cwd = folderWith({ 'scenarios/checkout/scenario.yaml': good, 'baselines/.keep': '' });
    const makeIt = /^npx meshquake (run .*) > (\S+)$/m.exec(page);
    const made = await cli((makeIt?.[1] ?? '').split(' '), cwd);
    const { writeFileSync } = await import('node:fs');
    writeFileSync(join(cwd, makeIt?.[2] ?? ''), made.stdout);
    const codes = async () => {
      const ended: number[] = [];
      for (const run of ours) ended.push((await cli(argumentsOf(run), cwd)).exitCode);
      return ended;
    };
    expect(await codes()).toEqual([0, 0, 0]);
    expect(readFileSync(join(cwd, 'reports/junit.xml'), 'utf8')).toContain('tests="1"');
    const slower = good.replace('exponential: 5ms', 'exponential: 25ms');
    writeFileSync(join(cwd, 'scenarios/checkout/scenario.yaml'), slower);
    expect(await codes()).toEqual([0, 0, 5]);
  });
});

/** What the shell and the runner would put in. */
function argumentsOf(run: string): readonly string[] {
  const filled = run
    .replaceAll('${{ matrix.shard }}', '1')
    .replace('scenarios/*/', 'scenarios/checkout/');
  return filled.split(' ').slice(2);
}
