import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { epochMsOf, parseHttpDate } from '../../src/core/calendar.ts';

describe('dates', () => {
  test.prop([
    fc.date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59Z'),
      noInvalidDate: true,
    }),
  ])('are milliseconds as the platform counts them', (date) => {
    const seconds = new Date(Math.floor(date.getTime() / 1000) * 1000);
    const ms = epochMsOf(
      seconds.getUTCFullYear(),
      seconds.getUTCMonth() + 1,
      seconds.getUTCDate(),
      seconds.getUTCHours(),
      seconds.getUTCMinutes(),
      seconds.getUTCSeconds(),
    );
    expect(ms).toBe(seconds.getTime());
    expect(parseHttpDate(seconds.toUTCString())).toBe(seconds.getTime());
  });

  it.each(['', 'soon', 'Sun, 06 Foo 1994 08:49:37 GMT', '784111777'])('"%s" is none', (text) => {
    expect(parseHttpDate(text)).toBe(-1);
  });
});
