import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SECOND } from '../../src/core/time.ts';
import { parseEpochMs, parseTimeRef, resolveTime } from '../../src/harness/time-ref.ts';

describe('times of a run', () => {
  const end = 480 * SECOND;

  it.each([
    ['60s', { anchor: null, offsetNs: 60 * SECOND }],
    ['end', { anchor: null, offsetNs: end }],
    ['slow.start', { anchor: { id: 'slow', edge: 'start' }, offsetNs: 0 }],
    ['slow-db.end + 10s', { anchor: { id: 'slow-db', edge: 'end' }, offsetNs: 10 * SECOND }],
    ['slow.end-1m30s', { anchor: { id: 'slow', edge: 'end' }, offsetNs: -90 * SECOND }],
  ])('%s is read', (text, time) => {
    expect(parseTimeRef(text, end)).toEqual({ ok: true, time });
  });

  it.each([
    '',
    '60',
    'slow',
    'slow.middle',
    'slow.end + 10',
    'slow.end +',
    '-5s',
  ])('"%s" is refused', (text) => {
    expect(parseTimeRef(text, end).ok).toBe(false);
  });

  it('hang on the first start and the last end of a fault', () => {
    const spanOf = (id: string) => (id === 'slow' ? { startNs: 10, endNs: 90 } : null);
    const at = (id: string, edge: 'start' | 'end') => ({ anchor: { id, edge }, offsetNs: 5 });
    expect(resolveTime(at('slow', 'start'), spanOf)).toBe(15);
    expect(resolveTime(at('slow', 'end'), spanOf)).toBe(95);
    expect(resolveTime(at('never', 'end'), spanOf)).toBeNull();
  });
});

describe('the epoch', () => {
  it('agrees with the platform on every instant', () => {
    const instants = fc.date({
      min: new Date(0),
      max: new Date('2200-01-01'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(instants, (date) => {
        expect(parseEpochMs(date.toISOString())).toBe(date.getTime());
      }),
    );
  });

  it('may be a plain date', () => {
    expect(parseEpochMs('2024-02-29')).toBe(Date.UTC(2024, 1, 29));
  });

  it.each([
    '2025-02-29',
    '2025-13-01',
    'yesterday',
    '2025-01-01T25:00:00Z',
    '2025-01-01T00:00:00',
  ])('"%s" is refused', (text) => {
    expect(parseEpochMs(text)).toBeNull();
  });
});
