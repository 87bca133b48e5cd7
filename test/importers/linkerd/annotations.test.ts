import { describe, expect, it } from 'vitest';
import { Diagnostics } from '../../../src/core/diagnostics.ts';
import { importMesh } from '../../../src/importers/index.ts';

/** What a Service with such annotations says, and what is said of it. */
function read(annotations: Readonly<Record<string, string>>) {
  const diagnostics = new Diagnostics();
  const lines = Object.entries(annotations).map(([key, value]) => `    ${key}: "${value}"`);
  const text = [
    'apiVersion: v1',
    'kind: Service',
    'metadata:',
    '  name: payments',
    ...(lines.length === 0 ? [] : ['  annotations:', ...lines]),
    'spec: { ports: [{ name: http, port: 80 }] }',
  ].join('\n');
  const resources = importMesh([{ path: 'payments.yaml', text }], diagnostics);
  const said = diagnostics.sorted().map(({ code, message }) => `${code} ${message}`);
  return { linkerd: resources.services[0]?.linkerd, said };
}

const BALANCER = 'balancer.linkerd.io/failure-accrual';
const RATE = 'balancer.alpha.linkerd.io/failure-accrual-success-rate';

describe('annotations of Linkerd', () => {
  it('are nothing where there are none', () => {
    expect(read({})).toEqual({ linkerd: undefined, said: [] });
    expect(read({ 'example.com/team': 'x' }).linkerd).toBeUndefined();
  });

  it('name a breaker, whose numbers have defaults', () => {
    expect(read({ [BALANCER]: 'consecutive' }).linkerd?.failureAccrual?.value).toEqual({
      maxFailures: 7,
      minPenaltyMs: 1_000,
      maxPenaltyMs: 60_000,
      jitterRatio: 0.5,
    });
    const unified = {
      [BALANCER]: 'unified',
      [`${BALANCER}-consecutive-max-failures`]: '0',
      [`${BALANCER}-consecutive-max-penalty`]: '5m',
      [`${RATE}-threshold`]: '0.95',
      [`${RATE}-window`]: '500ms',
    };
    expect(read(unified).linkerd?.failureAccrual?.value).toEqual({
      maxFailures: 0,
      minPenaltyMs: 1_000,
      maxPenaltyMs: 300_000,
      jitterRatio: 0.5,
      successRate: { threshold: 0.95, windowMs: 500, minRequests: 5 },
    });
  });

  it.each([
    [{ [BALANCER]: 'sometimes' }, 'neither "consecutive" nor "unified"'],
    [
      { [BALANCER]: 'consecutive', [`${BALANCER}-consecutive-min-penalty`]: '1m30s' },
      'not a whole number',
    ],
    [
      { [BALANCER]: 'consecutive', [`${BALANCER}-consecutive-min-penalty`]: '2m' },
      'is longer than the longest penalty',
    ],
    [
      { [BALANCER]: 'consecutive', [`${BALANCER}-consecutive-max-penalty`]: '0' },
      'is 0, so hosts have no breaker',
    ],
    [
      { [BALANCER]: 'consecutive', [`${BALANCER}-consecutive-jitter-ratio`]: '101' },
      'not a number from 0 to 100',
    ],
    [{ [BALANCER]: 'unified', [`${RATE}-window`]: '5ms' }, 'is shorter than 10ms'],
  ])('leave no breaker when one is wrong: %j', (annotations, message) => {
    const { linkerd, said } = read(annotations);
    expect(linkerd?.failureAccrual).toBeUndefined();
    expect(said.some((line) => line.startsWith('MQ-LINKERD-001'))).toBe(true);
    expect(said.join('\n')).toContain(message);
  });

  it('say what is retried, how often and how long a try may take', () => {
    const given = {
      'retry.linkerd.io/http': 'gateway-error,429,500-501',
      'retry.linkerd.io/grpc': 'unavailable',
      'retry.linkerd.io/limit': '3',
      'retry.linkerd.io/timeout': '400ms',
    };
    expect(read(given).linkerd?.retry?.value).toEqual({
      conditions: ['gateway-error', 'unavailable'],
      statuses: [429, 500, 501],
      limit: 3,
      timeoutMs: 400,
    });
    expect(read({ 'retry.linkerd.io/http': '5xx' }).linkerd?.retry?.value.limit).toBe(1);
    expect(read({ 'retry.linkerd.io/limit': '0' }).linkerd?.retry).toBeUndefined();
    expect(read({ 'retry.linkerd.io/http': '5xx, 429' }).linkerd?.retry).toBeUndefined();
    expect(read({ 'retry.linkerd.io/http': '500-499' }).said.join()).toContain(
      'nothing is retried',
    );
  });

  it('set timeouts, of which 0 is refused and that of responses is not modelled', () => {
    const { linkerd } = read({
      'timeout.linkerd.io/request': '2s',
      'timeout.linkerd.io/idle': '1m',
    });
    expect(linkerd?.requestTimeoutMs?.value).toBe(2_000);
    expect(linkerd?.idleTimeoutMs?.value).toBe(60_000);
    expect(read({ 'timeout.linkerd.io/request': '0' }).said.join()).toContain('MQ-LINKERD-003');
    expect(read({ 'timeout.linkerd.io/response': '1s' }).said.join()).toContain('MQ-LINKERD-002');
  });

  it('penalise failures where that is asked for', () => {
    const key = 'balancer.alpha.linkerd.io/penalize-failures';
    expect(read({ [key]: 'true' }).linkerd?.penalty?.value).toEqual({
      penaltyMs: 5_000,
      maxRetryAfterMs: 300_000,
    });
    expect(read({ [key]: 'f' }).linkerd?.penalty).toBeUndefined();
    expect(read({ [key]: 'yes' }).said.join()).toContain('no truth value');
  });
});
