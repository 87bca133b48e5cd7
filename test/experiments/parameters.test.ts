import { describe, expect, it } from 'vitest';
import { gridOf, numbersOf, parseParameter, plainValue } from '../../src/experiments/parameters.ts';

describe('parameters', () => {
  it.each([
    ['a.b=1,2,4', ['1', '2', '4']],
    ['a.b=one', ['one']],
    ['a.b=100rps..500rps/5', ['100rps', '200rps', '300rps', '400rps', '500rps']],
    ['a.b=0..1ms/3', ['0ms', '0.5ms', '1ms']],
    ['a.b=10/m..20/m/2', ['10/m', '20/m']],
    ['a.b=0.1..0.3/3', ['0.1', '0.2', '0.3']],
    [
      'a.b={ exponential: 5ms, max: 9ms },[1, 2],"x,y"',
      ['{ exponential: 5ms, max: 9ms }', '[1, 2]', '"x,y"'],
    ],
    ['mesh.K/n.spec.http[0].x=1', ['1']],
  ])('%s', (text, values) => {
    expect(parseParameter(text).values).toEqual(values);
  });

  it.each([
    ['a.b', 'give key=a,b,c or key=lo..hi/steps'],
    ['=1', 'give key=a,b,c'],
    ['a=', 'give key=a,b,c'],
    ['a=1,,2', 'empty value'],
    ['a=1,2,1', 'the value 1 twice'],
    ['a=5..1/3', 'lo below hi'],
    ['a=1..5', 'two steps or more'],
    ['a=1..5/1', 'two steps or more'],
    ['a=1ms..5s/3', 'the same unit'],
    ['a=1..5/5000', 'at most 1000'],
  ])('%s is refused', (text, words) => {
    expect(() => parseParameter(text)).toThrow(words);
  });
});

it('the last parameter of a grid changes fastest', () => {
  const grid = gridOf([parseParameter('a=1,2'), parseParameter('b=x,y,z')]);
  expect(grid.map((point) => point.join(''))).toEqual(['1x', '1y', '1z', '2x', '2y', '2z']);
});

it('values are numbers where they are nothing else', () => {
  expect(['3', '-0.5', '10ms', '1e3', 'v1'].map(plainValue)).toEqual([
    3,
    -0.5,
    '10ms',
    '1e3',
    'v1',
  ]);
  expect(numbersOf(['10ms', '20ms'])).toEqual({ numbers: [10, 20], unit: 'ms' });
  expect(numbersOf(['10ms', '1s'])).toBeNull();
  expect(numbersOf(['a', 'b'])).toBeNull();
});
