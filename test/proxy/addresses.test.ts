import { describe, expect, it } from 'vitest';
import { formatAddress, isLoopback, parseAddress } from '../../src/proxy/addresses.ts';

describe('addresses', () => {
  it.each([
    ['127.0.0.1:80', { host: '127.0.0.1', port: 80 }],
    ['[::1]:8080', { host: '::1', port: 8080 }],
    [':0', { host: '127.0.0.1', port: 0 }],
    ['localhost:1', { host: 'localhost', port: 1 }],
  ])('reads %s', (text, address) => {
    expect(parseAddress(text)).toEqual(address);
  });

  it.each(['80', '127.0.0.1', '127.0.0.1:70000', '::1:80', 'a:b', ''])('refuses %j', (text) => {
    expect(parseAddress(text)).toBeNull();
  });

  it.each([
    ['127.0.0.1', true],
    ['127.9.9.9', true],
    ['::1', true],
    ['localhost', true],
    ['0.0.0.0', false],
    ['::', false],
    ['10.0.0.1', false],
    ['127.evil.example', false],
  ])('knows whether others can reach %s', (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });

  it('writes IPv6 in brackets', () => {
    expect(formatAddress('::1', 80)).toBe('[::1]:80');
  });
});
