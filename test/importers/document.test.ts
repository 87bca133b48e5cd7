import { describe, expect, it } from 'vitest';
import { Diagnostics, renderDiagnostics } from '../../src/core/diagnostics.ts';
import { parseDocuments, type SourceNode } from '../../src/importers/document.ts';

function parse(text: string, options: Parameters<typeof parseDocuments>[3] = {}) {
  const diagnostics = new Diagnostics();
  const documents = parseDocuments('f.yaml', text, diagnostics, options);
  const found = diagnostics
    .sorted()
    .map((item) => `${item.line}:${item.column} ${item.code} ${item.message}`);
  return { documents, diagnostics, found };
}

function only(text: string, options: Parameters<typeof parseDocuments>[3] = {}): SourceNode {
  const { documents, found } = parse(text, options);
  expect(found).toEqual([]);
  expect(documents).toHaveLength(1);
  return documents[0] as SourceNode;
}

/** Milliseconds of real time; bounds are generous because machines are shared. */
function timed(step: () => void): number {
  const start = performance.now();
  step();
  return performance.now() - start;
}

describe('reading documents', () => {
  it('keeps line and column of keys and values', () => {
    const root = only('a:\n  bee: [1, "two"]\n');
    const bee = root.at(['a', 'bee']);
    expect(bee?.keyPosition).toEqual({ file: 'f.yaml', line: 2, column: 3, endColumn: 6 });
    expect(bee?.position).toEqual({ file: 'f.yaml', line: 2, column: 8, endColumn: 18 });
    expect(root.at(['a', 'bee', 1])?.position).toMatchObject({ line: 2, column: 12 });
    expect(root.at(['a', 'bee', 1])?.path).toBe('a.bee[1]');
  });

  it('gives an empty value the position of its key', () => {
    expect(only('a: 1\nb:\n').get('b')?.position).toMatchObject({ line: 2, column: 1 });
  });

  it('finds the deepest node on the way to a path that does not exist', () => {
    const root = only('a: {b: 1}');
    const { node, depth } = root.nearest(['a', 'x', 'y']);
    expect([node.path, depth]).toEqual(['a', 1]);
    expect(root.at(['a', 'x'])).toBeUndefined();
  });

  it('splits several documents and skips the empty ones', () => {
    const { documents, found } = parse('a: 1\n---\n# nothing\n---\nb: 2\n---\n');
    expect(documents.map((node) => node.toPlain())).toEqual([{ a: 1 }, { b: 2 }]);
    expect(found).toEqual([]);
  });

  it('reads JSON, also with tabs', () => {
    expect(only('{\n\t"a": [1, {"b": null}]\n}').toPlain()).toEqual({ a: [1, { b: null }] });
  });

  it('reads YAML 1.2 unless told otherwise', () => {
    expect(only('a: yes\nb: 010\nc: 0o10\nd: on').toPlain()).toEqual({
      a: 'yes',
      b: 10,
      c: 8,
      d: 'on',
    });
  });

  it('reads YAML 1.1 as Kubernetes does, without times and base 60', () => {
    const text = 'a: yes\nb: 010\nc: Off\nd: 2001-01-01\ne: 1:30\nf: 1_000\ny: n\n"no": "no"';
    const { documents, found } = parse(text, { yaml11: true });
    expect(found).toEqual(['7:1 MQ-DOC-010 the unquoted key y is the truth value true here']);
    expect(documents[0]?.toPlain()).toEqual({
      a: true,
      b: 8,
      c: false,
      d: '2001-01-01',
      e: '1:30',
      f: 1000,
      true: false,
      no: 'no',
    });
  });

  it.each([
    ['.', '.'],
    ['e12', 'e12'],
    ['.e3', '.e3'],
    ['1.5', 1.5],
    ['.5', 0.5],
    ['1.', 1],
    ['1e3', 1000],
    ['1_000.5', 1000.5],
    ['0o17', 15],
    ['-0o17', -15],
    ['017', 15],
    ['08', 8],
    ['0x1F', 31],
    ['0b11', 3],
    ['.inf', Number.POSITIVE_INFINITY],
    ['1.2.3', '1.2.3'],
    ['12:30', '12:30'],
    ['~', null],
  ])('reads the scalar %s of YAML 1.1 as Go does', (text, value) => {
    expect(only(`v: [${text}]`, { yaml11: true }).toPlain()).toEqual({ v: [value] });
  });

  it('expands aliases and merge keys, own keys first', () => {
    const text = 'base: &b {x: 1, y: 2}\nuse: {<<: *b, y: 3}\nsame: *b\n';
    expect(only(text).toPlain()).toEqual({
      base: { x: 1, y: 2 },
      use: { y: 3, x: 1 },
      same: { x: 1, y: 2 },
    });
  });

  it('lets an anchor be given again', () => {
    expect(only('a: &x 1\nb: *x\nc: &x 2\nd: *x').toPlain()).toEqual({ a: 1, b: 1, c: 2, d: 2 });
  });

  it('keeps a key named __proto__ as data', () => {
    const plain = only('__proto__: {polluted: 1}').toPlain();
    expect(Object.keys(plain as object)).toEqual(['__proto__']);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

describe('defects of the text', () => {
  it.each([
    ['a: "x\nb: 1', '2:5 MQ-DOC-001 missing closing "quote'],
    ['a: b: c', '1:4 MQ-DOC-001 nested mappings are not allowed in compact mappings'],
    ['a: 1\na: 2', '2:1 MQ-DOC-002 duplicate key "a", first given in line 1'],
    ['a: x\0y', '1:5 MQ-DOC-003 the file holds a NUL byte, so it is not a text file'],
    ['a\n\ufffd', '2:1 MQ-DOC-003 the file holds bytes that are not UTF-8'],
    ['[a]: 1', '1:1 MQ-DOC-007 a key must be plain text'],
    ['a: *nowhere', '1:4 MQ-DOC-008 alias "*nowhere" has no anchor before it'],
    ['a: &x [*x]', '1:8 MQ-DOC-008 alias "*x" stands inside its own anchor'],
    ['a: !secret b', '1:4 MQ-DOC-008 unresolved tag: !secret'],
    ['<<: 3', '1:5 MQ-DOC-008 a merge key "<<" takes maps only'],
    ['', '1:1 MQ-DOC-009 the file is empty'],
    ['# only a comment\n', '1:1 MQ-DOC-009 the file is empty'],
  ])('reports %j', (text, expected) => {
    const { found } = parse(text);
    expect(found[0]).toContain(expected);
  });

  it('still reads the other documents of a file', () => {
    const { documents, found } = parse('a: [\n---\nb: 1\n');
    expect(documents.map((node) => node.toPlain())).toEqual([{ b: 1 }]);
    expect(found.length).toBeGreaterThan(0);
  });

  it('calls an empty file a warning where that is wanted', () => {
    const { diagnostics } = parse('', { empty: 'warning' });
    expect(diagnostics.hasErrors).toBe(false);
    expect(diagnostics.size).toBe(1);
  });

  it('reports a handful of syntax errors, not a hundred thousand', () => {
    expect(parse('}\n'.repeat(2_000)).found.length).toBeLessThanOrEqual(5);
  });
});

describe('texts built to exhaust a reader', () => {
  const bomb = (levels: number) => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < levels; level += 1) {
      const alias = `*a${level - 1}`;
      lines.push(`a${level}: &a${level} [${Array.from({ length: 9 }, () => alias).join(', ')}]`);
    }
    return lines.join('\n');
  };

  it('refuses an alias bomb at the alias', () => {
    const ms = timed(() => {
      const { documents, found } = parse(bomb(12));
      expect(documents).toEqual([]);
      expect(found).toHaveLength(1);
      expect(found[0]).toContain('MQ-DOC-005 aliases stand for more than 100000 values');
    });
    expect(ms).toBeLessThan(15_000);
  });

  it.each([
    ['flow lists', '['.repeat(100_000)],
    ['flow maps', '{a: '.repeat(50_000)],
    ['compact lists', '- '.repeat(50_000)],
    ['complex keys', '? '.repeat(50_000)],
    ['block maps', Array.from({ length: 3000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
  ])('refuses deep nesting of %s at once', (_name, text) => {
    const ms = timed(() => {
      const { found } = parse(text);
      expect(found).toHaveLength(1);
      expect(found[0]).toContain('MQ-DOC-006 the structure is more than 100 levels deep here');
    });
    expect(ms).toBeLessThan(10_000);
  });

  it('refuses depth that is made of aliases', () => {
    const lines = ['a0: &a0 [x]'];
    for (let i = 1; i < 500; i += 1) lines.push(`a${i}: &a${i} [*a${i - 1}]`);
    expect(parse(lines.join('\n')).found[0]).toContain('MQ-DOC-006');
  });

  it('accepts depth that people write', () => {
    const text = `${'{a: '.repeat(60)}1${'}'.repeat(60)}`;
    expect(parse(text).found).toEqual([]);
  });

  it('refuses a file above the limit without reading it', () => {
    const ms = timed(() => {
      const { found } = parse('x'.repeat(10_000_001));
      expect(found).toEqual(['1:1 MQ-DOC-004 the file has 10.0 MB, at most 10 MB are read']);
    });
    expect(ms).toBeLessThan(5000);
  });

  it('is not slow on a long list of aliases or keys', () => {
    const aliases = `a: &a 1\nb: [${Array.from({ length: 2_000 }, () => '*a').join(', ')}]`;
    const keys = Array.from({ length: 2_000 }, (_, i) => `k${i}: 1`).join('\n');
    expect(timed(() => only(aliases)) + timed(() => only(keys))).toBeLessThan(15_000);
  });
});

describe('typed readers', () => {
  const read = (text: string, reader: (node: SourceNode) => unknown, yaml11 = false) => {
    const { documents, diagnostics } = parse(text, { yaml11 });
    const node = documents[0]?.get('v') as SourceNode;
    const value = reader(node);
    return { value, messages: diagnostics.sorted().map((item) => `${item.code} ${item.message}`) };
  };

  it.each([
    ['v: x', (node: SourceNode) => node.string(), 'x'],
    ['v: 1.5', (node: SourceNode) => node.number(), 1.5],
    ['v: 7', (node: SourceNode) => node.integer(0, 9), 7],
    ['v: true', (node: SourceNode) => node.boolean(), true],
    ['v: b', (node: SourceNode) => node.oneOf(['a', 'b']), 'b'],
    ['v: 250ms', (node: SourceNode) => node.durationNs(), 250_000_000],
    ['v: 12/m', (node: SourceNode) => node.rateRps(), 0.2],
    ['v: 5%', (node: SourceNode) => node.ratio(), 0.05],
    ['v: 4KiB', (node: SourceNode) => node.sizeBytes(), 4096],
    ['v: 8Mbit/s', (node: SourceNode) => node.bandwidthBytesPerSecond(), 1_000_000],
  ])('reads %s', (text, reader, expected) => {
    expect(read(text, reader)).toEqual({ value: expected, messages: [] });
  });

  it.each([
    ['v: 5', 'string', 'MQ-FIELD-001 v must be text, found the number 5'],
    ['v: [1]', 'string', 'MQ-FIELD-001 v must be text, found a list'],
    ['v:', 'string', 'MQ-FIELD-001 v must be text, found nothing'],
    ['v: "5"', 'number', 'MQ-FIELD-001 v must be a number, found the text "5"'],
    ['v: 1.5', 'integer', 'MQ-FIELD-001 v must be a whole number, found the number 1.5'],
    ['v: "true"', 'boolean', 'MQ-FIELD-001 v must be true or false, found the text "true"'],
    ['v: 30', 'durationNs', 'MQ-FIELD-006 v: 30 has no unit; write a duration like 250us'],
    ['v: 5', 'ratio', 'MQ-FIELD-006 v: 5 is above 1'],
    ['v: a', 'expectMap', 'MQ-FIELD-001 v must be a map, found the text "a"'],
    ['v: {}', 'expectList', 'MQ-FIELD-001 v must be a list, found a map'],
  ] as const)('reports %s read as %s', (text, reader, message) => {
    const { messages } = read(text, (node) => node[reader]());
    expect(messages).toHaveLength(1);
    expect(messages[0]).toContain(message);
  });

  it('reports numbers out of range', () => {
    expect(read('v: 12', (node) => node.integer(0, 9)).messages).toEqual([
      'MQ-FIELD-005 v is 12, expected 0 to 9',
    ]);
  });

  it('suggests the nearest word and field', () => {
    expect(read('v: RANDON', (node) => node.oneOf(['RANDOM', 'ROUND_ROBIN'])).messages).toEqual([
      'MQ-FIELD-004 v is "RANDON", expected one of RANDOM, ROUND_ROBIN; did you mean "RANDOM"?',
    ]);
    expect(read('v: {retires: 1}', (node) => node.checkKeys(['retries'])).messages).toEqual([
      'MQ-FIELD-002 unknown field "retires" in v; did you mean "retries"?',
    ]);
  });

  it('says what to quote when YAML 1.1 made a boolean of a word', () => {
    const text = 'spec:\n  exact: yes\n';
    const { documents, diagnostics } = parse(text, { yaml11: true });
    documents[0]?.at(['spec', 'exact'])?.string();
    expect(renderDiagnostics(diagnostics.sorted(), new Map([['f.yaml', text]]))).toBe(
      [
        'f.yaml:2:10: error MQ-FIELD-001: spec.exact must be text, found the truth value yes',
        '    1 | spec:',
        '    2 |   exact: yes',
        '      |          ^^^',
        '  fix: write it in quotes: "yes"',
        '  see: docs/errors.md#mq-field-001',
      ].join('\n'),
    );
  });
});
