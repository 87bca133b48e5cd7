import { describe, expect, it } from 'vitest';
import { cli, folderWith, QUICK } from './cli-under-test.ts';

const BOMB = Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]`);

/** What is wrong, the file's text, and where and what the complaint is. */
const BAD_FILES: readonly (readonly [what: string, text: string, complaint: string])[] = [
  [
    'an unknown key',
    QUICK.replace('workers', 'wokers'),
    '5:15: error MQ-FIELD-002: unknown key "wokers" in services.payments; did you mean "workers"?',
  ],
  [
    'a wrong type',
    QUICK.replace('workers: 4', 'workers: four'),
    '5:24: error MQ-FIELD-001: services.payments.workers must be a number, found "four"',
  ],
  [
    'an unknown service',
    QUICK.replace('[payments]', '[paymnts]'),
    '6:21: error MQ-SCENARIO-002: services.orders.calls[0] names the unknown service "paymnts"; did you mean "payments"?',
  ],
  [
    'a duplicate key',
    `${QUICK}title: Again\n`,
    '11:1: error MQ-DOC-002: duplicate key "title", first given in line 2',
  ],
  [
    'cyclic calls',
    QUICK.replace('workers: 4', 'calls: [orders]'),
    '6:21: error MQ-SCENARIO-003: services.orders.calls[0] closes a cycle of calls: payments → orders → payments',
  ],
  [
    'a negative duration',
    QUICK.replace('6s', '-6s'),
    '3:11: error MQ-FIELD-006: duration: "-6s" is not a duration',
  ],
  [
    'an unknown client in an expectation',
    QUICK.replace('clients.shoppers.s', 'clients.shopers.s'),
    '10:13: error MQ-SCENARIO-007: unknown client "shopers"; did you mean "shoppers"?',
  ],
  ['an empty file', '', '1:1: error MQ-DOC-009: the file is empty'],
  [
    'a binary file',
    `meshquake: 1\n${'\0\u0001\u0002'.repeat(50)}`,
    '2:1: error MQ-DOC-003: the file holds a NUL byte',
  ],
  [
    'a file of 50 MB',
    '#'.repeat(50_000_000),
    '1:1: error MQ-DOC-004: the file has 50.0 MB, at most 10 MB are read',
  ],
  [
    'an alias bomb',
    `meshquake: 1\na0: &a0 [1,1,1,1,1,1,1,1,1]\n${BOMB.join('\n')}\n`,
    'error MQ-DOC-005: aliases stand for more than',
  ],
  ['broken YAML', 'meshquake: 1\nservices: {a: [}\n', '2:16: error MQ-DOC-001: '],
  [
    'policy that cannot be found',
    `${QUICK}mesh: [mesh/]\n`,
    '11:8: error MQ-SCENARIO-009: there is no file or folder "mesh/"',
  ],
];

describe('bad input ends with 65 and a place in the file', () => {
  it.each(BAD_FILES)('%s', async (_what, text, complaint) => {
    const folder = folderWith({ 'scenario.yaml': text });
    const started = performance.now();
    const { exitCode, stdout, stderr } = await cli(['run', '.'], folder);
    expect(stderr).toContain(`scenario.yaml:${complaint.startsWith('error') ? '' : complaint}`);
    expect(stderr).toContain(complaint);
    expect(stderr).not.toMatch(/^\s+at .*[:(]/m);
    expect(stdout).toBe('');
    expect(exitCode).toBe(65);
    expect(performance.now() - started).toBeLessThan(3000);
  });

  it('shows the line, why it matters, and where to read on', async () => {
    const folder = folderWith({ 'scenario.yaml': QUICK.replace('6s', '6') });
    const { stderr } = await cli(['run', 'scenario.yaml'], folder);
    expect(
      stderr,
    ).toBe(`scenario.yaml:3:11: error MQ-FIELD-006: duration: 6 has no unit; write a duration like 250us, 10ms, 1.5s, 8m, 2h or 365d
    2 | title: A quick one
    3 | duration: 6
      |           ^
  why: a bare number could mean seconds or milliseconds
  see: docs/errors.md#mq-field-006
`);
  });

  it('a policy file with a mistake', async () => {
    const folder = folderWith({
      'scenario.yaml': `${QUICK}mesh: [mesh/]\n`,
      'mesh/a.yaml':
        'apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: { name: a }\nspec: { hots: [a] }\n',
    });
    const { exitCode, stderr } = await cli(['run', '.'], folder);
    expect(stderr).toContain('mesh/a.yaml:4:');
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(exitCode).toBe(65);
  });

  it('a folder without a scenario names those below it', async () => {
    const folder = folderWith({ 'scenarios/one/scenario.yaml': QUICK });
    const { exitCode, stderr } = await cli(['run', 'scenarios'], folder);
    expect(stderr).toContain(
      'scenarios:1:1: error MQ-SCENARIO-010: the folder holds no scenario.yaml',
    );
    expect(stderr).toContain('give one of its scenarios: scenarios/one');
    expect(exitCode).toBe(65);
  });

  it.each([
    ['one', 'did you mean scenarios/one?'],
    ['scenarios/onee', 'did you mean scenarios/one?'],
    ['xyz', 'give the path of a scenario'],
  ])('a path that is not there: %s', async (path, hint) => {
    const folder = folderWith({ 'scenarios/one/scenario.yaml': QUICK });
    const { exitCode, stderr } = await cli(['run', path], folder);
    expect(stderr).toContain(`${path}:1:1: error MQ-SCENARIO-010: there is no such file or folder`);
    expect(stderr).toContain(hint);
    expect(exitCode).toBe(65);
  });

  it('a device that never ends', async () => {
    const { exitCode, stderr } = await cli(['run', '/dev/zero'], folderWith({}));
    expect(stderr).toContain('this is not a file');
    expect(exitCode).toBe(65);
  });

  it('control characters of a file do not reach the terminal', async () => {
    const folder = folderWith({ 'scenario.yaml': `meshquake: 1\n"\\u001b[31mred": 1\n` });
    const { stderr } = await cli(['run', '.'], folder);
    expect(stderr).toContain('unknown key');
    expect(stderr).not.toContain('\u001b');
  });
});

describe('a wrong command line ends with 64', () => {
  const wrong: readonly (readonly [argv: readonly string[], complaint: string])[] = [
    [[], 'Usage: meshquake'],
    [['rnu'], "unknown command 'rnu'\n(Did you mean run?)"],
    [['run'], "missing required argument 'scenario'"],
    [['run', '.', '--sed', '1'], "unknown option '--sed'\n(Did you mean one of --seed, --set?)"],
    [['run', '.', 'extra'], 'too many arguments'],
    [['run', '.', '--seed', '1', '--seeds', '3'], '--seed and --seeds exclude each other'],
    [
      ['run', '.', '--seeds', 'many'],
      '--seeds is "many"; give a count like 20 or a range like 5..24',
    ],
    [['run', '.', '--seeds', '9..3'], '--seeds is "9..3"'],
    [['run', '.', '--seeds', '999999999'], 'at most 100000'],
    [['run', '.', '--variant', 'x'], 'the scenario has no variant "x"'],
    [
      ['faults', 'describe', 'proc.slwo'],
      'there is no fault "proc.slwo"; did you mean "proc.slow"?',
    ],
    [['validate', '.', '-o', 'xml'], "argument 'xml' is invalid. Allowed choices are text, json."],
    [['completion', 'csh'], 'Allowed choices are bash, zsh, fish'],
  ];

  it.each(wrong)('%s', async (argv, complaint) => {
    const { exitCode, stderr } = await cli(argv, folderWith({ 'scenario.yaml': QUICK }));
    expect(stderr).toContain(complaint);
    expect(stderr).not.toMatch(/^\s+at .*[:(]/m);
    expect(exitCode).toBe(64);
  });
});
