import { describe, expect, test } from 'vitest';
import { commandsOf, missingLine, plainWords } from './doc-commands.ts';

describe('commands of a page', () => {
  test('come from console and sh blocks, with what is shown and how they end', () => {
    const page = [
      'Text with `$ no command`.',
      '```console',
      '$ meshquake run a \\',
      '    --seed 2',
      'first line',
      '…',
      '[exit 4]',
      '$ cat b',
      '```',
      '```yaml',
      '$ not: this',
      '```',
      '```sh',
      '# a comment',
      'ls c',
      '```',
    ].join('\n');
    expect(commandsOf(page)).toEqual([
      { line: 3, command: 'meshquake run a --seed 2', shown: ['first line', '…'], exitCode: 4 },
      { line: 8, command: 'cat b', shown: [], exitCode: 0 },
      { line: 15, command: 'ls c', shown: [], exitCode: 0 },
    ]);
  });
});

describe('words', () => {
  test('of a command without a shell', () => {
    expect(plainWords('meshquake run x --set \'a.b=1 2\' --out "o p"')).toEqual([
      'meshquake',
      'run',
      'x',
      '--set',
      'a.b=1 2',
      '--out',
      'o p',
    ]);
  });

  test.each([
    'a | b',
    'a > b',
    'a $HOME',
    'a *.yaml',
    'a "b $c"',
    'a && b',
    "a 'open",
  ])('%s needs one', (command) => {
    expect(plainWords(command)).toBeNull();
  });
});

describe('shown lines', () => {
  test('must come in their order, with gaps only between them', () => {
    const actual = ['one 1.5 x', 'two', 'three  '];
    expect(missingLine(['one … x', '…', 'three'], actual)).toBeNull();
    expect(missingLine(['two', 'one … x'], actual)).toBe('one … x');
    expect(missingLine(['one 1?5 x'], actual)).toBe('one 1?5 x');
  });
});
