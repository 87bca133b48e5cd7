import { expect, it } from 'vitest';
import { connectFailureText } from '../../src/core/connect-failure-text.ts';

it('words what the system says as Envoy does, and what it does not know not at all', () => {
  expect(connectFailureText('ECONNREFUSED')).toBe('delayed connect error: Connection refused');
  expect(connectFailureText('ETIMEDOUT')).toBe('delayed connect error: Connection timed out');
  expect(connectFailureText('EWHATEVER')).toBe('');
});
