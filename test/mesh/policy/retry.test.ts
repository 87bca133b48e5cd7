import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { ResetReason } from '../../../src/core/engine.ts';
import { HttpHead } from '../../../src/core/head.ts';
import { envoyRetryPolicy } from '../../../src/mesh/config/complete.ts';
import {
  areGrpcConditions,
  areHttpConditions,
  askedWaitMs,
  compileRetryRules,
  RetryCondition,
  type RetryRules,
  retriesAtOnce,
  retriesReset,
  retriesResponse,
  withRetryHeaders,
} from '../../../src/mesh/policy/retry.ts';
import { compileHeaderMatch } from '../../../src/mesh/route/match.ts';

type Headers = Record<string, string>;

function rulesOn(retryOn: string, retriableStatusCodes: number[] = []): RetryRules {
  return compileRetryRules(envoyRetryPolicy({ retryOn: retryOn.split(','), retriableStatusCodes }));
}

function answer(status: number, headers: Headers = {}): HttpHead {
  return new HttpHead({ status, headers: Object.entries(headers) });
}

function asking(headers: Headers): HttpHead {
  return new HttpHead({ method: 'GET', path: '/', headers: Object.entries(headers) });
}

describe('a response is retried', () => {
  test.each<[string, number, boolean]>([
    ['5xx', 500, true],
    ['5xx', 599, true],
    ['5xx', 499, false],
    ['5xx', 600, false],
    ['5xx', 200, false],
    ['gateway-error', 500, false],
    ['gateway-error', 501, false],
    ['gateway-error', 502, true],
    ['gateway-error', 503, true],
    ['gateway-error', 504, true],
    ['gateway-error', 505, false],
    ['retriable-4xx', 409, true],
    ['retriable-4xx', 408, false],
    ['5xx', 409, false],
    ['retriable-4xx', 429, false],
    ['reset', 503, false],
    ['reset-before-request', 503, false],
    ['connect-failure', 503, false],
    ['refused-stream', 503, false],
    ['retriable-status-codes', 503, false],
    ['connect-failure,gateway-error', 503, true],
    ['no-such-condition', 503, false],
    ['5XX', 503, false],
    ['', 503, false],
  ])('under %s with status %d: %s', (retryOn, status, retried) => {
    expect(retriesResponse(rulesOn(retryOn), answer(status))).toBe(retried);
  });

  it('for the listed status codes, and only if that condition is on', () => {
    expect(retriesResponse(rulesOn('retriable-status-codes', [404, 500]), answer(404))).toBe(true);
    expect(retriesResponse(rulesOn('retriable-status-codes', [404, 500]), answer(403))).toBe(false);
    expect(retriesResponse(rulesOn('reset', [404]), answer(404))).toBe(false);
  });

  test.each<[string, string, boolean]>([
    ['cancelled', '1', true],
    ['deadline-exceeded', '4', true],
    ['resource-exhausted', '8', true],
    ['internal', '13', true],
    ['unavailable', '14', true],
    ['unavailable', '13', false],
    ['unavailable', '0', false],
    ['cancelled,unavailable', '14', true],
    ['5xx', '14', false],
  ])('under %s with grpc-status %s among the headers: %s', (retryOn, status, retried) => {
    const head = answer(200, { 'grpc-status': status });
    expect(retriesResponse(rulesOn(retryOn), head)).toBe(retried);
  });

  it('not for a gRPC status that comes later, in trailers', () => {
    expect(retriesResponse(rulesOn('unavailable'), answer(200))).toBe(false);
  });
});

describe('a response marked as rate limited', () => {
  const marked = { 'x-envoy-ratelimited': 'true' };

  it('is never retried without envoy-ratelimited, whatever else holds', () => {
    const rules = rulesOn('5xx,gateway-error,retriable-status-codes,unavailable', [429]);
    expect(retriesResponse(rules, answer(503, marked))).toBe(false);
    expect(retriesResponse(rules, answer(429, marked))).toBe(false);
    expect(retriesResponse(rules, answer(200, { ...marked, 'grpc-status': '14' }))).toBe(false);
  });

  it('is always retried with it', () => {
    expect(retriesResponse(rulesOn('envoy-ratelimited'), answer(429, marked))).toBe(true);
    expect(retriesResponse(rulesOn('5xx,envoy-ratelimited'), answer(503, marked))).toBe(true);
  });

  it('is what envoy-ratelimited needs: the status alone does not do', () => {
    expect(retriesResponse(rulesOn('envoy-ratelimited'), answer(429))).toBe(false);
  });
});

describe('a retry without back-off', () => {
  it('follows 425 Too Early, if that code is listed', () => {
    expect(retriesAtOnce(rulesOn('retriable-status-codes', [425]), answer(425))).toBe(true);
    expect(retriesAtOnce(rulesOn('retriable-status-codes', [503]), answer(425))).toBe(false);
    expect(retriesAtOnce(rulesOn('retriable-status-codes', [503]), answer(503))).toBe(false);
    expect(retriesAtOnce(rulesOn('retriable-status-codes', [425, 503]), answer(503))).toBe(false);
  });
});

describe('a reset is retried', () => {
  const connectFailures = new Set<ResetReason>([
    ResetReason.localConnectionFailure,
    ResetReason.remoteConnectionFailure,
    ResetReason.connectionTimeout,
  ]);
  const reasons = Object.values(ResetReason);
  const others = reasons.filter((reason) => reason !== ResetReason.overflow);

  it('never when a circuit breaker caused it', () => {
    const all = rulesOn('5xx,gateway-error,reset,reset-before-request,connect-failure');
    expect(retriesReset(all, ResetReason.overflow, false)).toBe(false);
  });

  test.each(['reset', '5xx', 'gateway-error'])('under %s for any other reason', (retryOn) => {
    for (const reason of others) expect(retriesReset(rulesOn(retryOn), reason, true)).toBe(true);
  });

  it('under reset-before-request only while no byte was sent upstream', () => {
    for (const reason of others) {
      expect(retriesReset(rulesOn('reset-before-request'), reason, false)).toBe(true);
      expect(retriesReset(rulesOn('reset-before-request'), reason, true)).toBe(false);
    }
  });

  it('under connect-failure only when no connection came up, so not after a per-try timeout', () => {
    for (const reason of others) {
      const retried = retriesReset(rulesOn('connect-failure'), reason, true);
      expect(retried).toBe(connectFailures.has(reason));
    }
  });

  it('under refused-stream only when the upstream refused it', () => {
    for (const reason of others) {
      const retried = retriesReset(rulesOn('refused-stream'), reason, true);
      expect(retried).toBe(reason === ResetReason.remoteRefusedStream);
    }
  });

  it('not under conditions about responses', () => {
    const rules = rulesOn('retriable-4xx,retriable-status-codes,unavailable', [503, 504]);
    for (const reason of reasons) expect(retriesReset(rules, reason, false)).toBe(false);
  });
});

describe('retry rules', () => {
  it('keep the numbers of the policy, with a back-off of at least 1 ms', () => {
    const rules = compileRetryRules(
      envoyRetryPolicy({ numRetries: 7, backoffBaseMs: 0, backoffMaxMs: 5 }),
    );
    expect(rules).toMatchObject({ numRetries: 7, backoffBaseMs: 1, backoffMaxMs: 5 });
    expect(rules).toMatchObject({ hostSelectionMaxAttempts: 1, avoidsPreviousHosts: false });
  });

  it('know from the predicates whether to avoid hosts already tried', () => {
    const policy = envoyRetryPolicy({ hostPredicates: ['previous-hosts'] });
    expect(compileRetryRules(policy).avoidsPreviousHosts).toBe(true);
  });

  it('never lose a retry by adding a condition, unless the response is rate limited', () => {
    const token = fc.constantFrom('5xx', 'gateway-error', 'reset', 'connect-failure', 'cancelled');
    fc.assert(
      fc.property(
        fc.array(token),
        token,
        fc.constantFrom(200, 409, 500, 502, 503, 504),
        fc.constantFrom(...Object.values(ResetReason)),
        fc.boolean(),
        (some, more, status, reason, sent) => {
          const fewer = rulesOn(some.join(','));
          const wider = rulesOn([...some, more].join(','));
          const head = answer(status, { 'grpc-status': '1' });
          if (retriesResponse(fewer, head)) expect(retriesResponse(wider, head)).toBe(true);
          if (retriesReset(fewer, reason, sent)) {
            expect(retriesReset(wider, reason, sent)).toBe(true);
          }
        },
      ),
    );
  });
});

describe('a retry policy', () => {
  it('without extras asks for nothing more', () => {
    expect(compileRetryRules(envoyRetryPolicy())).toMatchObject({
      headerNames: [],
      headerMatches: [],
      requestMatches: [],
      rateLimited: null,
      priorityUpdateFrequency: 0,
      avoidsPreviousHosts: false,
      omitsCanaries: false,
      omitsHosts: null,
      refreshesCluster: false,
      jitterRatio: null,
      leavesLastTry: false,
    });
  });

  it('passes its extras on', () => {
    const rateLimitedBackoff = { headers: [], maxIntervalMs: 5 };
    const rules = compileRetryRules(
      envoyRetryPolicy({
        hostSelectionMaxAttempts: 5,
        hostPredicates: ['omit-canary-hosts'],
        omittedHostMetadata: { zone: 'a' },
        previousPriorities: { updateFrequency: 2 },
        rateLimitedBackoff,
        refreshesCluster: true,
        jitterRatio: 0.5,
        leavesLastTry: true,
      }),
    );
    expect(rules).toMatchObject({
      hostSelectionMaxAttempts: 5,
      avoidsPreviousHosts: false,
      omitsCanaries: true,
      omitsHosts: { zone: 'a' },
      priorityUpdateFrequency: 2,
      refreshesCluster: true,
      jitterRatio: 0.5,
      leavesLastTry: true,
    });
    expect(rules.rateLimited).toBe(rateLimitedBackoff);
  });

  const present = (name: string) => {
    return { name, value: { kind: 'present' }, invert: false, treatMissingAsEmpty: false } as const;
  };
  const withMatches = (retryOn: string) =>
    compileRetryRules(
      envoyRetryPolicy({
        retryOn: [retryOn],
        retriableHeaders: [present('x-a'), present('x-b')],
        retriableRequestHeaders: [present('x-c')],
      }),
      compileHeaderMatch,
    );

  it('may name responses by their headers, any of which does', () => {
    const rules = withMatches('retriable-headers');
    expect(retriesResponse(rules, answer(200, { 'x-b': '' }))).toBe(true);
    expect(retriesResponse(rules, answer(200, { 'x-c': '' }))).toBe(false);
    expect(retriesResponse(withMatches('reset'), answer(200, { 'x-b': '' }))).toBe(false);
  });

  it('may name requests by their headers', () => {
    const [matches] = withMatches('5xx').requestMatches;
    expect(matches?.(asking({ 'x-c': '' }))).toBe(true);
    expect(matches?.(asking({ 'x-a': '' }))).toBe(false);
  });

  it('with header matches needs a compiler', () => {
    const policy = envoyRetryPolicy({ retriableHeaders: [present('x-a')] });
    expect(() => compileRetryRules(policy)).toThrow('need a compiler');
  });
});

describe('the wait that a response asks for', () => {
  const rules = compileRetryRules(
    envoyRetryPolicy({
      rateLimitedBackoff: {
        headers: [
          { name: 'retry-after', format: 'seconds' },
          { name: 'x-reset', format: 'unix-time' },
        ],
        maxIntervalMs: 300_000,
      },
    }),
  );
  const NOW = 1_000.75;

  test.each<[Headers, number]>([
    [{}, 0],
    [{ 'retry-after': '1' }, 1_000],
    [{ 'retry-after': '0' }, 0],
    [{ 'retry-after': '300' }, 300_000],
    [{ 'retry-after': '301' }, 0],
    [{ 'retry-after': '-1' }, 0],
    [{ 'retry-after': 'soon' }, 0],
    [{ 'x-reset': '1030' }, 30_000],
    [{ 'x-reset': '1000' }, 0],
    [{ 'x-reset': '999' }, 0],
    [{ 'x-reset': '30' }, 0],
    [{ 'retry-after': '2', 'x-reset': '1030' }, 2_000],
    [{ 'retry-after': '0', 'x-reset': '1030' }, 30_000],
    [{ 'retry-after': '301', 'x-reset': '1030' }, 30_000],
    [{ 'retry-after': 'soon', 'x-reset': '1030' }, 30_000],
  ])('in %j is %d ms', (headers, waitMs) => {
    expect(askedWaitMs(rules, answer(503, headers), NOW)).toBe(waitMs);
  });

  it('does not count where the policy does not listen', () => {
    expect(askedWaitMs(rulesOn('5xx'), answer(503, { 'retry-after': '1' }), NOW)).toBe(0);
  });
});

describe('the words of a list of conditions', () => {
  test.each<[string, boolean, boolean]>([
    ['5xx,gateway-error,reset,reset-before-request', true, false],
    ['connect-failure, retriable-4xx,refused-stream', true, false],
    ['retriable-status-codes,retriable-headers,envoy-ratelimited', true, false],
    ['http3-post-connect-failure', true, false],
    ['cancelled,deadline-exceeded,internal', false, true],
    ['resource-exhausted, unavailable', false, true],
    ['5xx,unavailable', false, false],
    ['nonsense', false, false],
    ['', true, true],
  ])('%j are of HTTP: %s, of gRPC: %s', (text, http, grpc) => {
    expect([areHttpConditions(text), areGrpcConditions(text)]).toEqual([http, grpc]);
  });
});

describe('control headers', () => {
  const rules = rulesOn('connect-failure');
  const conditionsOf = (headers: Record<string, string>) =>
    withRetryHeaders(null, asking(headers))?.conditions;

  it('change nothing when absent: the very same rules come back', () => {
    expect(withRetryHeaders(rules, asking({}))).toBe(rules);
    expect(withRetryHeaders(null, asking({}))).toBeNull();
  });

  it('add conditions to those of the route', () => {
    const head = asking({ 'x-envoy-retry-on': '5xx, reset,nonsense' });
    expect(withRetryHeaders(rules, head)?.conditions).toBe(
      RetryCondition.connectFailure | RetryCondition.status5xx | RetryCondition.reset,
    );
  });

  it('keep HTTP and gRPC conditions apart', () => {
    expect(conditionsOf({ 'x-envoy-retry-on': 'unavailable' })).toBe(0);
    expect(conditionsOf({ 'x-envoy-retry-grpc-on': '5xx' })).toBe(0);
    const head = asking({ 'x-envoy-retry-grpc-on': 'unavailable' });
    expect(withRetryHeaders(null, head)?.conditions).toBe(RetryCondition.unavailable);
  });

  it('start from one retry and 25 to 250 ms where the route has no policy', () => {
    const made = withRetryHeaders(null, asking({ 'x-envoy-retry-on': '5xx' }));
    expect(made).toMatchObject({ numRetries: 1, backoffBaseMs: 25, backoffMaxMs: 250 });
  });

  it('replace the number of retries, once there is something to retry', () => {
    const head = asking({ 'x-envoy-max-retries': '4' });
    expect(withRetryHeaders(rules, head)?.numRetries).toBe(4);
    expect(withRetryHeaders(null, head)).toBeNull();
  });

  test.each(['many', '-1', '1.5', ''])('ignore x-envoy-max-retries: %j', (value) => {
    expect(withRetryHeaders(rules, asking({ 'x-envoy-max-retries': value }))).toBe(rules);
  });

  it('keep 32 bits of a number of retries', () => {
    const numberOf = (text: string) =>
      withRetryHeaders(rules, asking({ 'x-envoy-max-retries': text }))?.numRetries;
    expect(numberOf('4294967295')).toBe(4_294_967_295);
    expect(numberOf('4294967296')).toBe(0);
    expect(numberOf('4294967299')).toBe(3);
  });

  it('keep what they do not speak of', () => {
    const head = asking({ 'x-envoy-retry-on': '5xx' });
    const base = compileRetryRules(envoyRetryPolicy({ numRetries: 7 }));
    expect(withRetryHeaders(base, head)).toMatchObject({ numRetries: 7, statusCodes: [] });
  });

  it('that ask for nothing known leave the route’s rules to hedging', () => {
    const unconditional = rulesOn('nonsense');
    expect(withRetryHeaders(unconditional, asking({}))).toBeNull();
    const asks = asking({ 'x-envoy-retry-on': 'nonsense' });
    expect(withRetryHeaders(unconditional, asks)).toBe(unconditional);
    const asksGrpc = asking({ 'x-envoy-retry-grpc-on': 'nonsense' });
    expect(withRetryHeaders(unconditional, asksGrpc)).toBe(unconditional);
  });

  it('can turn retries off', () => {
    const head = asking({ 'x-envoy-max-retries': '0' });
    expect(withRetryHeaders(rules, head)?.numRetries).toBe(0);
  });

  it('append status codes and skip what is none', () => {
    const base = rulesOn('retriable-status-codes', [503]);
    const head = asking({ 'x-envoy-retriable-status-codes': '404, x,,500,0' });
    expect(withRetryHeaders(base, head)?.statusCodes).toEqual([503, 404, 500, 0]);
  });

  it('name response headers whose presence asks for a retry', () => {
    const made = withRetryHeaders(
      null,
      asking({
        'x-envoy-retry-on': 'retriable-headers',
        'x-envoy-retriable-header-names': 'X-Upstream-Retry, x-again',
      }),
    );
    expect(made?.headerNames).toEqual(['x-upstream-retry', 'x-again']);
    if (made === null) return;
    expect(retriesResponse(made, answer(200, { 'x-again': '' }))).toBe(true);
    expect(retriesResponse(made, answer(200))).toBe(false);
  });

  it('may bring one code and one name', () => {
    const head = asking({
      'x-envoy-retriable-status-codes': '404',
      'x-envoy-retriable-header-names': 'x-again',
    });
    expect(withRetryHeaders(rules, head)).toMatchObject({
      statusCodes: [404],
      headerNames: ['x-again'],
    });
  });

  it('leave the shared rules of the route untouched', () => {
    const before = JSON.stringify(rules);
    withRetryHeaders(rules, asking({ 'x-envoy-retry-on': '5xx', 'x-envoy-max-retries': '9' }));
    expect(JSON.stringify(rules)).toBe(before);
  });
});
