import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../src/core/diagnostics.ts';
import { EnvironmentError, ExitCode, InputError, UsageError } from '../../src/core/errors.ts';

const PLACE = { file: 'f.yaml', line: 1, column: 1 };
const WARNING: Diagnostic = { severity: 'warning', code: 'MQ-DOC-009', message: 'empty', ...PLACE };
const ERROR: Diagnostic = { severity: 'error', code: 'MQ-DOC-001', message: 'broken', ...PLACE };

describe('errors that end a command', () => {
  it('each have their exit code', () => {
    expect(new UsageError('x').exitCode).toBe(64);
    expect(new InputError([ERROR]).exitCode).toBe(65);
    expect(new EnvironmentError('EADDRINUSE', 'port 80 is in use').exitCode).toBe(69);
    expect(ExitCode.internal).toBe(70);
  });

  it('bad input carries its diagnostics and renders them', () => {
    const error = new InputError([WARNING, ERROR], new Map([['f.yaml', 'x: [']]));
    expect(error.message).toBe('MQ-DOC-001: broken');
    expect(error.name).toBe('InputError');
    expect(error.render()).toContain('f.yaml:1:1: warning MQ-DOC-009: empty\n    1 | x: [');
  });

  it('the environment keeps the cause', () => {
    const cause = new Error('listen EADDRINUSE');
    const error = new EnvironmentError('EADDRINUSE', 'port 80 is in use', { cause });
    expect([error.code, error.cause]).toEqual(['EADDRINUSE', cause]);
  });
});
