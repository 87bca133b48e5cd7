import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecordKind } from '../../../src/core/records.ts';
import { OneProxy, type ProxySketch } from './one-proxy.ts';

/** Two hosts, 100 ms a try, back-off of 0 ms. */
function hedging(numRetries: number, more: ProxySketch = {}): OneProxy {
  return new OneProxy({
    endpoints: 2,
    forward: { hedgesOnPerTryTimeout: true, timeoutMs: 1_000, ...more.forward },
    retry: {
      retryOn: ['5xx'],
      numRetries,
      perTryTimeoutMs: 100,
      backoffBaseMs: 1,
      backoffMaxMs: 1,
    },
    thresholds: { ...more.thresholds },
  });
}

/** How attempts that were set aside, and the latest ones, were recorded as ended. */
function ends(proxy: OneProxy): string[] {
  return proxy.ports.records
    .filter(({ kind }) => kind === RecordKind.attemptEnded || kind === RecordKind.hedgeEnded)
    .map(({ kind, b, c }) => (kind === RecordKind.hedgeEnded ? `try ${b}: ${c}` : `latest: ${c}`));
}

describe('a slow attempt under hedging', () => {
  it('goes on beside the next one, and the first good answer ends the other', () => {
    const proxy = hedging(1);
    proxy.request();
    proxy.advance(101);
    expect(proxy.ports.openStreams.size).toBe(2);
    const [first] = [...proxy.ports.openStreams.keys()];
    proxy.answer(200, first);
    expect(proxy.outcome).toBe('200 - via_upstream');
    expect(proxy.ports.openStreams.size).toBe(0);
    expect(ends(proxy)).toEqual(['latest: -5', 'latest: 200']);
    expect(proxy.clusterStat('circuit_breakers.default.rq_retry_open')).toBe(0);
  });

  it('is recorded by its number when it ends beside a later one', () => {
    const proxy = hedging(1);
    proxy.request();
    proxy.advance(101);
    const [first] = [...proxy.ports.openStreams.keys()];
    proxy.resetUpstream(first!);
    expect(proxy.ports.log).toHaveLength(0);
    proxy.answer(200);
    expect(proxy.outcome).toBe('200 - via_upstream');
    expect(ends(proxy)).toEqual(['try 1: -4', 'latest: 200']);
  });

  it('ends with all others when the client goes away', () => {
    const proxy = hedging(3);
    const request = proxy.request();
    proxy.advance(250);
    expect(proxy.ports.openStreams.size).toBe(3);
    proxy.engine.onRequestReset(request, 2);
    proxy.settle();
    expect(proxy.ports.openStreams.size).toBe(0);
    expect(proxy.clusterStat('upstream_rq_active')).toBe(0);
  });

  it('never leaves a stream, a timer or a count behind, whatever answers when', () => {
    const event = fc.record({
      afterMs: fc.integer({ min: 0, max: 130 }),
      which: fc.nat(3),
      what: fc.constantFrom('good', 'bad', 'reset', 'nothing'),
    });
    const property = fc.property(
      fc.integer({ min: 0, max: 3 }),
      fc.array(event, { maxLength: 10 }),
      (numRetries, events) => {
        const proxy = hedging(numRetries);
        proxy.request();
        for (const { afterMs, which, what } of events) {
          proxy.advance(afterMs);
          const streams = [...proxy.ports.openStreams.keys()];
          const stream = streams[which % Math.max(1, streams.length)];
          if (stream === undefined || what === 'nothing') continue;
          if (what === 'reset') proxy.resetUpstream(stream);
          else proxy.answer(what === 'good' ? 200 : 503, stream);
        }
        proxy.advance(1_100);
        expect(proxy.ports.log).toHaveLength(1);
        expect(proxy.ports.openStreams.size).toBe(0);
        const started = proxy.ports.records.filter(
          ({ kind }) => kind === RecordKind.attemptStarted,
        );
        expect(ends(proxy)).toHaveLength(started.length);
        expect(started.length).toBeLessThanOrEqual(1 + numRetries);
        let active = 0;
        proxy.engine.visitHosts((_cluster, _endpoint, gauges) => {
          active += gauges.rqActive;
        });
        expect(active).toBe(0);
      },
    );
    fc.assert(property, { numRuns: 200 });
  });
});
