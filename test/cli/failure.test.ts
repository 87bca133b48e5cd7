import { describe, expect, it } from 'vitest';
import { quoteArgument, reportFailure } from '../../src/cli/failure.ts';
import { EnvironmentError, InputError, UsageError } from '../../src/core/errors.ts';

function report(error: unknown) {
  let stderr = '';
  const output = { write: () => {}, isTerminal: false, columns: 80 };
  const write = (text: string) => {
    stderr += text;
  };
  const io = {
    stdout: output,
    stderr: { ...output, write },
    readStdin: () => '',
    env: {},
    cwd: '/',
    hasThreads: false,
  };
  const exitCode = reportFailure(error, { io, exitCode: 0, argv: ['run', 'a b', '--seed', '7'] });
  return { exitCode, stderr };
}

describe('a command that throws', () => {
  it('ends with 70 for our own mistakes, and says how to make it happen again', () => {
    const { exitCode, stderr } = report(new TypeError('x is not a function'));
    expect(exitCode).toBe(70);
    expect(stderr).toContain('internal error');
    expect(stderr).toContain('TypeError: x is not a function');
    expect(stderr).toContain("reproduce: meshquake run 'a b' --seed 7");
  });

  it.each([
    [new UsageError('wrong'), 64, 'error: wrong\n'],
    [new EnvironmentError('EACCES', 'cannot write'), 69, 'error: cannot write\n'],
    [new InputError([]), 65, '\n'],
  ])('shows no stack for %s', (error, exitCode, stderr) => {
    expect(report(error)).toEqual({ exitCode, stderr });
  });

  it('shows nothing of the input that a terminal would obey', () => {
    expect(report(new UsageError('a\u001b[2Jb')).stderr).not.toContain('\u001b');
  });
});

describe('an argument in a command to type again', () => {
  it.each([
    ['plain-1.yaml', 'plain-1.yaml'],
    ['a=b', 'a=b'],
    ['', "''"],
    ['a b', "'a b'"],
    ["it's", "'it'\\''s'"],
    ['x > $y', "'x > $y'"],
  ])('%s', (argument, quoted) => {
    expect(quoteArgument(argument)).toBe(quoted);
  });
});
