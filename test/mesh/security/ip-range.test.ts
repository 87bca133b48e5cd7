import { describe, expect, it } from 'vitest';
import { portOf, withoutPort } from '../../../src/core/socket-address.ts';
import { compileIpRange } from '../../../src/mesh/security/ip-range.ts';

describe('an IP range', () => {
  it.each([
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['10.1.2.128/25', '10.1.2.127', false],
    ['10.1.2.128/25', '10.1.2.255', true],
    ['10.1.2.3', '10.1.2.3', true],
    ['10.1.2.3', '10.1.2.4', false],
    ['0.0.0.0/0', '1.2.3.4', true],
    ['0.0.0.0/0', '::1', false],
    ['::/0', '1.2.3.4', false],
    ['2001:db8::/32', '2001:db8:ffff::1', true],
    ['2001:db8::/33', '2001:db8:8000::1', false],
    ['::1', '0:0:0:0:0:0:0:1', true],
    ['::ffff:10.0.0.0/104', '::ffff:10.1.2.3', true],
    ['10.0.0.0/8', 'nonsense', false],
    ['10.0.0.0/8', '10.0.0.256', false],
    ['nonsense', '10.0.0.1', false],
  ])('%s and %s: %s', (range, address, contains) => {
    expect(compileIpRange(range)(address)).toBe(contains);
  });

  it('takes addresses and ports apart', () => {
    expect([withoutPort('10.0.0.1:80'), withoutPort('[::1]:80'), withoutPort('10.0.0.1')]).toEqual([
      '10.0.0.1',
      '::1',
      '10.0.0.1',
    ]);
    expect([portOf('10.0.0.1:80'), portOf('[::1]:443'), portOf('host')]).toEqual([80, 443, NaN]);
  });
});
