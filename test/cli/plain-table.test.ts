import { expect, it } from 'vitest';
import { plainTable, shortened, shortNumber } from '../../src/cli/plain-table.ts';

it.each([
  [0, '0'],
  [1, '1'],
  [0.12345, '0.1235'],
  [0.999_99, '0.99999'],
  [-0.999_999_6, '-0.9999996'],
  [123.456, '123.5'],
  [999.99, '1000'],
  [12_345.6, '12346'],
])('%d is written as %s', (value, text) => {
  expect(shortNumber(value)).toBe(text);
});

it('what is cut out of a text stands in the middle', () => {
  expect(shortened('orders->payments', 20)).toBe('orders->payments');
  expect(shortened('orders->payments amplification', 11)).toBe('order…ation');
});

it('columns are aligned, and nothing stands at the end of a line', () => {
  const lines = plainTable(
    ['a', 'bb'],
    ['left', 'right'],
    [
      ['xxx', '1'],
      ['y', '222'],
    ],
  );
  expect(lines).toBe('  a     bb\n  xxx    1\n  y    222');
});
