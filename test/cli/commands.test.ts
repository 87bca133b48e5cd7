import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { FAULT_KINDS } from '../../src/faults/index.ts';
import { cli, folderWith, QUICK, TWO_VARIANTS } from './cli-under-test.ts';

describe('help', () => {
  it.each([
    [['--help'], ['run', 'validate', 'faults', 'proxy', 'completion']],
    [
      ['run', '--help'],
      ['--seed', '--variant', '--set', '--mesh', 'Examples:', 'Exit codes:'],
    ],
    [['validate', '--help'], ['Examples:']],
    [
      ['faults', '--help'],
      ['list', 'describe'],
    ],
  ])('%s', async (argv, words) => {
    const { exitCode, stdout } = await cli(argv, folderWith({}));
    expect(exitCode).toBe(0);
    for (const word of words) expect(stdout).toContain(word);
  });

  it('prints the version', async () => {
    expect((await cli(['--version'], folderWith({}))).stdout).toMatch(/^\d+\.\d+\.\d+\S*\n$/);
  });
});

describe('validate', () => {
  const FILES = {
    'good/scenario.yaml': TWO_VARIANTS,
    'bad/scenario.yaml': QUICK.replace('6s', '6'),
    'mesh/split.yaml':
      'apiVersion: v1\nkind: Service\nmetadata: { name: a }\nspec: { ports: [{ name: http, port: 80 }] }\n',
  };

  it('accepts scenarios and policy', async () => {
    const { exitCode, stdout, stderr } = await cli(['validate', 'good', 'mesh'], folderWith(FILES));
    expect(stderr).toBe('');
    expect(stdout).toContain('ok  good: a scenario of 2 variants, 0 policy files\n');
    expect(stdout).toContain('ok  mesh: 1 policy file\n');
    expect(exitCode).toBe(0);
  });

  it('reports mistakes of any of them', async () => {
    const { exitCode, stdout, stderr } = await cli(['validate', 'good', 'bad'], folderWith(FILES));
    expect(stdout).toContain('ok  good');
    expect(stdout).not.toContain('ok  bad');
    expect(stderr).toContain('bad/scenario.yaml:3:11: error MQ-FIELD-006');
    expect(stderr).toContain('1 error, 0 warnings');
    expect(exitCode).toBe(65);
  });

  it('prints JSON', async () => {
    const { exitCode, stdout } = await cli(['validate', 'bad', '-o', 'json'], folderWith(FILES));
    expect(JSON.parse(stdout)).toMatchObject({
      format: 1,
      errors: 1,
      diagnostics: [{ code: 'MQ-FIELD-006', file: 'bad/scenario.yaml', line: 3, column: 11 }],
    });
    expect(exitCode).toBe(65);
  });

  it('reports a path that is not there', async () => {
    const { exitCode, stderr } = await cli(['validate', 'nowhere'], folderWith(FILES));
    expect(stderr).toContain('nowhere:1:1: error MQ-SCENARIO-010');
    expect(exitCode).toBe(65);
  });
});

describe('faults', () => {
  it('lists every kind', async () => {
    const { stdout } = await cli(['faults', 'list'], folderWith({}));
    for (const { kind } of FAULT_KINDS) expect(stdout).toContain(kind);
    const { stdout: json } = await cli(['faults', 'list', '-o', 'json'], folderWith({}));
    const rows = FAULT_KINDS.map(({ kind, group, summary }) => ({ kind, group, summary }));
    expect(JSON.parse(json)).toEqual(rows);
  });

  it.each(
    FAULT_KINDS.map((kind) => [kind.kind, kind] as const),
  )('describes %s, whose example is a valid scenario', async (name, kind) => {
    const { stdout } = await cli(['faults', 'describe', name, '--json'], folderWith({}));
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({ kind: name, moves: kind.moves, example: kind.example });
    expect(document.parameters).toHaveLength(kind.parameters.length);
    const keys = ['name', 'unit', 'default', 'range', 'summary', 'source'];
    for (const parameter of document.parameters) expect(Object.keys(parameter)).toEqual(keys);
    // Whatever some kind strikes is there: a caller above, a cache, certificates.
    const more =
      'catalog: { cache: { key: path }, calls: [payments] }\n  front: { calls: [orders] }';
    const scenario = `identity: {}\n${QUICK}`
      .replace('6s', '48h')
      .replace(
        'orders: { calls: [payments] }',
        `${more}\n  orders: { calls: [payments, catalog] }`,
      );
    const text = `${scenario}faults:\n${kind.example.replace(/^/gm, '  ')}\n`;
    const checked = await cli(['validate', '-'], folderWith({}), { stdin: text });
    expect(checked.stderr).toBe('');
    expect(checked.exitCode).toBe(0);
  });
});

describe('completion', () => {
  it('makes a bash script that completes commands and options', async () => {
    const { stdout } = await cli(['completion', 'bash'], folderWith({}));
    const complete = (...words: readonly string[]) => {
      const line = words.map((word) => `'${word}'`).join(' ');
      const script = `${stdout}\nCOMP_WORDS=(meshquake ${line}); COMP_CWORD=${words.length}; _meshquake; echo "\${COMPREPLY[@]}"`;
      return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim();
    };
    expect(complete('va')).toBe('validate');
    expect(complete('run', '--var')).toBe('--variant');
    expect(complete('faults', 'des')).toContain('describe');
  });

  it.each(['zsh', 'fish'])('makes a %s script', async (shell) => {
    const { exitCode, stdout } = await cli(['completion', shell], folderWith({}));
    expect(exitCode).toBe(0);
    expect(stdout).toContain('validate');
  });
});
