import { describe, expect, it } from 'vitest';
import {
  type Diagnostic,
  Diagnostics,
  renderDiagnostic,
  renderDiagnostics,
} from '../../src/core/diagnostics.ts';
import { ERROR_CODES, errorCode } from '../../src/core/error-codes.ts';

const ESCAPE = '\u001b';

function aDiagnostic(partial: Partial<Diagnostic> = {}): Diagnostic {
  const place = { file: 'f.yaml', line: 1, column: 1 };
  return { severity: 'error', code: 'MQ-DOC-001', message: 'm', ...place, ...partial };
}

describe('rendering', () => {
  it('has the fixed format', () => {
    const source = [
      'routes:',
      '  - { cluster: v1, weight: 50 }',
      '  - { cluster: v2, weight: 45 }',
    ];
    const diagnostic = aDiagnostic({
      code: 'MQ-ROUTE-003',
      file: 'scenarios/x/scenario.yaml',
      line: 3,
      column: 28,
      endColumn: 30,
      message: 'weights of route "checkout" add up to 95, expected 100',
      why: 'a missing 5 % would have no destination',
      fix: 'set one weight so the sum is 100',
    });
    expect(renderDiagnostic(diagnostic, source.join('\n'))).toBe(
      [
        'scenarios/x/scenario.yaml:3:28: error MQ-ROUTE-003: weights of route "checkout" add up to 95, expected 100',
        '    2 |   - { cluster: v1, weight: 50 }',
        '    3 |   - { cluster: v2, weight: 45 }',
        '      |                            ^^',
        '  why: a missing 5 % would have no destination',
        '  fix: set one weight so the sum is 100',
        '  see: docs/errors.md#mq-route-003',
      ].join('\n'),
    );
  });

  it('leaves out what it does not know', () => {
    expect(renderDiagnostic(aDiagnostic(), '')).toBe(
      'f.yaml:1:1: error MQ-DOC-001: m\n  see: docs/errors.md#mq-doc-001',
    );
    expect(renderDiagnostic(aDiagnostic({ line: 99 }), 'only one line')).not.toContain('|');
  });

  it('does not show a blank line before', () => {
    const text = renderDiagnostic(aDiagnostic({ line: 2 }), '\nhere');
    expect(text).toContain('    2 | here\n      | ^');
    expect(text).not.toContain(' 1 |');
  });

  it('aligns line numbers of different lengths', () => {
    const source = Array.from({ length: 10 }, (_, index) => `line ${index + 1}`).join('\n');
    const lines = renderDiagnostic(aDiagnostic({ line: 10, column: 6 }), source).split('\n');
    expect(lines.slice(1, 4)).toEqual(['     9 | line 9', '    10 | line 10', '       |      ^']);
  });

  it('marks the end of a line and of the text', () => {
    expect(renderDiagnostic(aDiagnostic({ column: 4 }), 'abc')).toContain(
      '    1 | abc\n      |    ^',
    );
  });

  it('survives columns and ends beyond the line', () => {
    const text = renderDiagnostic(aDiagnostic({ column: 500, endColumn: 900 }), 'abc');
    expect(text).toContain('      |    ^\n');
  });

  it('clips long lines around the column', () => {
    const source = `${'a'.repeat(5000)}HERE${'b'.repeat(5000)}`;
    const lines = renderDiagnostic(aDiagnostic({ column: 5001, endColumn: 5005 }), source).split(
      '\n',
    );
    const [, line = '', carets = ''] = lines;
    expect(line.length).toBeLessThan(120);
    expect(line).toContain('…');
    expect(carets.indexOf('^')).toBe(line.indexOf('HERE'));
    expect(carets.trimEnd().endsWith('^^^^')).toBe(true);
  });

  it('clips at both ends of a long line', () => {
    const source = 'x'.repeat(1000);
    const first = renderDiagnostic(aDiagnostic({ column: 1 }), source).split('\n')[1] ?? '';
    const last = renderDiagnostic(aDiagnostic({ column: 1000 }), source).split('\n')[1] ?? '';
    expect([first.includes('| …'), first.endsWith('…')]).toEqual([false, true]);
    expect([last.includes('| …'), last.endsWith('…')]).toEqual([true, false]);
  });

  it('never sends control characters of the input to the terminal', () => {
    const nasty = `a${ESCAPE}[31mred\u0007\u009b2J\u202egnp\r`;
    const diagnostic = aDiagnostic({
      file: `f${ESCAPE}.yaml`,
      column: 3,
      message: nasty,
      why: nasty,
      fix: nasty,
    });
    const text = renderDiagnostic(diagnostic, `${nasty}\n`);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    expect(text).toContain('a␛[31mred␇');
  });

  it('keeps carets under the text when there are tabs and wide characters', () => {
    const lines = renderDiagnostic(aDiagnostic({ column: 3, endColumn: 5 }), '\t漢ab').split('\n');
    expect(lines[1]).toBe('    1 |  漢ab');
    expect(lines[2]).toBe('      |    ^^');
  });

  it('shows half of a surrogate pair as a mark', () => {
    expect(renderDiagnostic(aDiagnostic({ message: 'a\ud83d' }), '')).toContain('a\ufffd');
    expect(renderDiagnostic(aDiagnostic({ message: '😀' }), '')).toContain('😀');
  });
});

describe('many diagnostics', () => {
  it('are sorted by file, line and column', () => {
    const diagnostics = new Diagnostics();
    diagnostics.add(aDiagnostic({ file: 'b', line: 1 }));
    diagnostics.add(aDiagnostic({ file: 'a', line: 10 }));
    diagnostics.add(aDiagnostic({ file: 'a', line: 9, column: 7 }));
    diagnostics.add(aDiagnostic({ file: 'a', line: 9, column: 3 }));
    expect(diagnostics.sorted().map((item) => `${item.file}${item.line}:${item.column}`)).toEqual([
      'a9:3',
      'a9:7',
      'a10:1',
      'b1:1',
    ]);
  });

  it('keeps equal ones once', () => {
    const diagnostics = new Diagnostics();
    for (let times = 0; times < 3; times += 1) diagnostics.add(aDiagnostic());
    expect(diagnostics.size).toBe(1);
  });

  it('knows whether there are errors', () => {
    const diagnostics = new Diagnostics();
    diagnostics.warning('MQ-DOC-001', { file: 'f', line: 1, column: 1 }, 'w');
    expect(diagnostics.hasErrors).toBe(false);
    diagnostics.error('MQ-DOC-001', { file: 'f', line: 1, column: 1 }, 'e');
    expect([diagnostics.hasErrors, diagnostics.count('error'), diagnostics.count('info')]).toEqual([
      true,
      1,
      0,
    ]);
  });

  it('takes why and fix from the table of codes unless told better', () => {
    const diagnostics = new Diagnostics();
    const at = { file: 'f', line: 1, column: 1 };
    diagnostics.error('MQ-DOC-002', at, 'one');
    diagnostics.error('MQ-DOC-002', at, 'two', { fix: 'rename it' });
    const [one, two] = diagnostics.sorted();
    expect(one).toMatchObject({ fix: 'remove one of them' });
    expect(two).toMatchObject({ why: one?.why, fix: 'rename it' });
    expect(one).not.toHaveProperty('title');
  });

  it('shows twenty and counts the rest', () => {
    const items = Array.from({ length: 33 }, (_, index) => aDiagnostic({ line: index + 1 }));
    const text = renderDiagnostics(items, new Map());
    expect(text.split('\n\n')).toHaveLength(21);
    expect(text.endsWith('\n\n… and 13 more')).toBe(true);
  });

  it('shows errors before warnings when not all fit, in the order of positions', () => {
    const items = [
      aDiagnostic({ line: 1, severity: 'info' }),
      aDiagnostic({ line: 2, severity: 'warning' }),
      aDiagnostic({ line: 3 }),
    ];
    const shown = renderDiagnostics(items, new Map(), 2);
    expect(shown.split('\n\n').map((block) => block.slice(0, 18))).toEqual([
      'f.yaml:2:1: warnin',
      'f.yaml:3:1: error ',
      '… and 1 more',
    ]);
  });
});

describe('codes', () => {
  it('have the form MQ-AREA-NNN and a title', () => {
    for (const [code, { title }] of Object.entries(ERROR_CODES)) {
      expect(code).toMatch(/^MQ-[A-Z]+-\d{3}$/);
      expect(title).not.toBe('');
      expect(title).not.toMatch(/\.$/);
    }
  });

  it('that do not exist are our mistake', () => {
    expect(() => errorCode('MQ-NONE-999')).toThrow('MQ-NONE-999');
  });
});
