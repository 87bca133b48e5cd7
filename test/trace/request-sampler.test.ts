import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Flag } from '../../src/core/records.ts';
import {
  parseRequestId,
  RequestSampler,
  requestId,
  SLOWEST_KEPT,
} from '../../src/trace/request-sampler.ts';

const OK = 200 * 256;
const TIMED_OUT = 504 * 256 + Flag.UT;

/** Ends requests 0, 1, … at instants in their order. */
function sampled(latencies: readonly number[], fromNs = 0) {
  const sampler = new RequestSampler(['a'], fromNs);
  latencies.forEach((latencyNs, uid) => {
    sampler.ended(0, uid, true, latencyNs, OK, 1_000_000 + uid);
  });
  return sampler.result(2_000_000).requests;
}

describe('good requests', () => {
  test('the slowest are kept, slowest first, earlier ones first among equals', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 50 })), (latencies) => {
        const wanted = latencies
          .map((latencyNs, uid) => ({ latencyNs, uid }))
          .sort((a, b) => b.latencyNs - a.latencyNs || a.uid - b.uid)
          .slice(0, SLOWEST_KEPT)
          .map(({ uid }) => uid);
        expect(sampled(latencies).map(({ uid }) => uid)).toEqual(wanted);
      }),
    );
  });

  test('those of the warm-up are left out', () => {
    expect(sampled([500_000, 5], 900_000).map(({ uid }) => uid)).toEqual([1]);
  });
});

describe('failed requests', () => {
  function failures(uids: readonly number[]) {
    const sampler = new RequestSampler(['a'], 0);
    uids.forEach((uid, index) => {
      sampler.ended(0, uid, false, 10, TIMED_OUT, 100 + index);
    });
    return sampler.result(1000);
  }

  test('the first is kept, and two more that do not depend on the order of the rest', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 1, max: 1e6 }), { minLength: 3, maxLength: 30 }),
        (uids) => {
          const { requests, failures: kinds } = failures([0, ...uids]);
          expect(requests.map(({ why }) => why)).toEqual(['first-failure', 'failure', 'failure']);
          expect(requests[0]?.uid).toBe(0);
          const others = (list: typeof requests) =>
            list
              .slice(1)
              .map(({ uid }) => uid)
              .sort();
          const turned = failures([0, ...[...uids].reverse()]).requests;
          expect(others(turned)).toEqual(others(requests));
          expect(kinds).toEqual([{ client: 'a', status: 504, flag: 'UT', count: uids.length + 1 }]);
        },
      ),
    );
  });

  test('after closing nothing is looked at, and it says until when', () => {
    const sampler = new RequestSampler(['a'], 0);
    sampler.close(50);
    sampler.ended(0, 1, false, 10, TIMED_OUT, 60);
    sampler.ended(0, 2, true, 10, OK, 60);
    expect(sampler.result(1000)).toEqual({ requests: [], failures: [], untilNs: 50 });
  });
});

test('an id says client and uid', () => {
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), (uid) => {
      expect(parseRequestId(requestId('web-shop', uid))).toEqual({ client: 'web-shop', uid });
    }),
  );
  expect(parseRequestId('shoppers')).toBeNull();
});
