/**
 * Linkerd's defaults, as `defaults.ts` has those of Envoy and istiod.
 *
 * Source: config-other-meshes.md §1.1 to 1.7; linkerd2-proxy and linkerd2, edge of August 2026.
 */
import type { LoadBalancerConfig } from './config.ts';
import { given, NO_LIMITS } from './defaults.ts';

export const LINKERD = {
  product: 'linkerd-edge-26.8',
  cluster: {
    lb: given<LoadBalancerConfig>(
      { kind: 'peak-ewma', defaultRttMs: 30, decayMs: 10_000 },
      '',
      'policy-controller, outbound; load(p2c, peak EWMA)',
    ),
    circuitBreakers: given(
      { default: NO_LIMITS, high: NO_LIMITS },
      '',
      'no limits of connections or requests',
    ),
    panicThresholdPercent: given(0, '%', 'no panic'),
    idleTimeoutMs: given(3_000, 'ms', 'HTTP/1 pool idle timeout'),
    maxRequestsPerConnection: given(0, '0 = unlimited', 'no limit'),
    maxConnectionDurationMs: given(0, 'ms, 0 = off', 'no limit'),
    updateMergeWindowMs: given(0, 'ms, 0 = each at once', 'discovery updates are not merged'),
    bufferLimitBytes: given(65_536, 'bytes', 'retry: replay buffer'),
    answersFailures: given(true, '', 'http/endpoint: errors become 502 and 504'),
  },
  outbound: {
    connectTimeoutMs: given(1_000, 'ms', 'LINKERD2_PROXY_OUTBOUND_CONNECT_TIMEOUT'),
    queue: given({ capacity: 10_000, failfastMs: 3_000 }, '', 'HTTP balancer queue'),
  },
  inbound: {
    connectTimeoutMs: given(100, 'ms', 'LINKERD2_PROXY_INBOUND_CONNECT_TIMEOUT, as installed'),
    queue: given({ capacity: 10_000, failfastMs: 1_000 }, '', 'inbound HTTP queue'),
  },
  failureAccrual: {
    maxFailures: given(7, 'failures', 'failure-accrual-consecutive-max-failures'),
    minPenaltyMs: given(1_000, 'ms', 'failure-accrual-consecutive-min-penalty'),
    maxPenaltyMs: given(60_000, 'ms', 'failure-accrual-consecutive-max-penalty'),
    jitterRatio: given(0.5, '', 'failure-accrual-consecutive-jitter-ratio'),
  },
  successRate: {
    threshold: given(0.8, '', 'failure-accrual-success-rate-threshold'),
    windowMs: given(10_000, 'ms', 'failure-accrual-success-rate-window'),
    minRequests: given(5, 'requests', 'failure-accrual-success-rate-min-requests'),
  },
  penalty: {
    penaltyMs: given(5_000, 'ms', 'load-biaser-penalty'),
    maxRetryAfterMs: given(300_000, 'ms', 'load-biaser-max-retry-after'),
  },
  route: {
    timeoutMs: given(0, 'ms, 0 = no limit', 'no request timeout'),
  },
  retry: {
    limit: given(1, 'retries', 'retry.linkerd.io/limit'),
    backoffBaseMs: given(25, 'ms', 'retry backoff'),
    backoffMaxMs: given(250, 'ms', 'retry backoff'),
    jitterRatio: given(1, '', 'retry backoff'),
  },
} as const;
