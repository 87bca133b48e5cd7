/**
 * What annotations of a Kubernetes Service say to Linkerd: breaker, balancer, retries, timeouts.
 *
 * Linkerd reads them as it goes: a group with a wrong value is dropped whole, with a warning, and
 * the Service lives on. What has no counterpart in the engine is refused by name.
 * Source: config-other-meshes.md §1.2, 1.4, 1.6, 1.7; linkerd2, policy-controller indexes.
 */
import type { FailureAccrualConfig } from '../../mesh/config/linkerd.ts';
import { LINKERD } from '../../mesh/config/linkerd-defaults.ts';
import type { LatencyPenalty } from '../../mesh/config/load-balancing.ts';
import type { Placed } from '../mesh-resources.ts';
import type { SourceNode } from '../source-node.ts';

/** undefined = nothing is said of it. */
export interface LinkerdSettings {
  readonly failureAccrual?: Placed<FailureAccrualConfig>;
  readonly penalty?: Placed<LatencyPenalty>;
  readonly retry?: Placed<LinkerdRetry>;
  /** Of a whole exchange, all attempts together. */
  readonly requestTimeoutMs?: Placed<number>;
  readonly idleTimeoutMs?: Placed<number>;
}

export interface LinkerdRetry {
  /** Envoy's words for the conditions that have one. */
  readonly conditions: readonly string[];
  readonly statuses: readonly number[];
  readonly limit: number;
  /** Until a response's head; 0 = none. */
  readonly timeoutMs: number;
}

const STABLE = 'balancer.linkerd.io/';
const ALPHA = 'balancer.alpha.linkerd.io/';
const ACCRUAL = `${STABLE}failure-accrual`;
const CONSECUTIVE = `${ACCRUAL}-consecutive-`;
const RATE = `${ALPHA}failure-accrual-success-rate-`;
const NOT_MODELLED = [
  'timeout.linkerd.io/response',
  `${ALPHA}failure-accrual-honor-retry-after`,
] as const;

/** @param metadata of the Service; undefined where it has none */
export function readLinkerdSettings(metadata: SourceNode | undefined): LinkerdSettings | undefined {
  const node = metadata?.get('annotations');
  const isMeant = node?.entries().some(([key]) => key.includes('linkerd.io/')) === true;
  if (node === undefined || !isMeant) return undefined;
  for (const key of NOT_MODELLED) {
    node.get(key)?.keyError('MQ-LINKERD-002', `annotation "${key}" is not modelled`);
  }
  const found = {
    failureAccrual: readAccrual(node),
    penalty: readPenalty(node),
    retry: readRetry(node),
    requestTimeoutMs: readTimeout(node, 'timeout.linkerd.io/request'),
    idleTimeoutMs: readTimeout(node, 'timeout.linkerd.io/idle'),
  };
  return Object.fromEntries(
    Object.entries(found).filter(([, value]) => value !== undefined),
  ) as LinkerdSettings;
}

/** Reads the values of one group; the first wrong one makes the group void. */
class Group {
  isValid = true;
  private readonly annotations: SourceNode;
  private readonly consequence: string;

  constructor(annotations: SourceNode, consequence: string) {
    this.annotations = annotations;
    this.consequence = consequence;
  }

  has(key: string): boolean {
    return this.annotations.get(key) !== undefined;
  }

  text(key: string): string | undefined {
    const value = this.annotations.get(key)?.value;
    return value === undefined || value === null ? undefined : String(value);
  }

  durationMs(key: string, absent: number): number {
    return this.read(key, absent, parseDurationMs, 'a whole number with ms, s, m, h or d');
  }

  integer(key: string, absent: number, most = 4_294_967_295): number {
    const parse = (text: string) => {
      const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
      return number <= most ? number : Number.NaN;
    };
    return this.read(key, absent, parse, `a whole number up to ${most}`);
  }

  ratio(key: string, absent: number, most: number): number {
    const parse = (text: string) => {
      const number = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
      return number <= most ? number : Number.NaN;
    };
    return this.read(key, absent, parse, `a number from 0 to ${most}`);
  }

  fail(key: string, message: string): void {
    this.isValid = false;
    const node = this.annotations.get(key) ?? this.annotations;
    node.warning('MQ-LINKERD-001', `annotation "${key}" ${message}, so ${this.consequence}`);
  }

  private read(
    key: string,
    absent: number,
    parse: (text: string) => number,
    expected: string,
  ): number {
    const text = this.text(key);
    if (text === undefined) return absent;
    const value = parse(text);
    if (!Number.isNaN(value)) return value;
    this.fail(key, `is "${text}", not ${expected}`);
    return absent;
  }
}

function readAccrual(annotations: SourceNode): Placed<FailureAccrualConfig> | undefined {
  const group = new Group(annotations, 'hosts have no breaker');
  const mode = group.text(ACCRUAL);
  if (mode === undefined) return undefined;
  if (mode !== 'consecutive' && mode !== 'unified') {
    group.fail(ACCRUAL, `is "${mode}", neither "consecutive" nor "unified"`);
    return undefined;
  }
  const { failureAccrual: defaults, successRate } = LINKERD;
  const value: FailureAccrualConfig = {
    maxFailures: group.integer(`${CONSECUTIVE}max-failures`, defaults.maxFailures.value),
    minPenaltyMs: group.durationMs(`${CONSECUTIVE}min-penalty`, defaults.minPenaltyMs.value),
    maxPenaltyMs: group.durationMs(`${CONSECUTIVE}max-penalty`, defaults.maxPenaltyMs.value),
    jitterRatio: group.ratio(`${CONSECUTIVE}jitter-ratio`, defaults.jitterRatio.value, 100),
    ...(mode === 'unified'
      ? {
          successRate: {
            threshold: group.ratio(`${RATE}threshold`, successRate.threshold.value, 1),
            windowMs: group.durationMs(`${RATE}window`, successRate.windowMs.value),
            minRequests: group.integer(
              `${RATE}min-requests`,
              successRate.minRequests.value,
              1_000_000,
            ),
          },
        }
      : {}),
  };
  if (value.maxPenaltyMs === 0) group.fail(`${CONSECUTIVE}max-penalty`, 'is 0');
  else if (value.minPenaltyMs > value.maxPenaltyMs) {
    group.fail(`${CONSECUTIVE}min-penalty`, 'is longer than the longest penalty');
  }
  if (value.successRate !== undefined && value.successRate.windowMs < 10) {
    group.fail(`${RATE}window`, 'is shorter than 10ms');
  }
  return group.isValid ? { value, at: annotations.get(ACCRUAL)!.position } : undefined;
}

function readPenalty(annotations: SourceNode): Placed<LatencyPenalty> | undefined {
  const group = new Group(annotations, 'failures are not penalised');
  const key = `${ALPHA}penalize-failures`;
  const text = group.text(key);
  if (text === undefined) return undefined;
  const isOn = ['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text);
  if (!isOn && !['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text)) {
    group.fail(key, `is "${text}", which is no truth value`);
  }
  const { penalty } = LINKERD;
  const value = {
    penaltyMs: group.durationMs(`${ALPHA}load-biaser-penalty`, penalty.penaltyMs.value),
    maxRetryAfterMs: group.durationMs(
      `${ALPHA}load-biaser-max-retry-after`,
      penalty.maxRetryAfterMs.value,
    ),
  };
  return isOn && group.isValid ? { value, at: annotations.get(key)!.position } : undefined;
}

const HTTP_RETRY = 'retry.linkerd.io/http';
const GRPC_RETRY = 'retry.linkerd.io/grpc';
const GRPC_CONDITIONS = [
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
  'unavailable',
];

function readRetry(annotations: SourceNode): Placed<LinkerdRetry> | undefined {
  const group = new Group(annotations, 'nothing is retried');
  const keys = [HTTP_RETRY, GRPC_RETRY, 'retry.linkerd.io/limit', 'retry.linkerd.io/timeout'];
  const first = keys.find((key) => group.has(key));
  if (first === undefined) return undefined;
  const conditions: string[] = [];
  const statuses: number[] = [];
  for (const word of group.text(HTTP_RETRY)?.split(',') ?? []) {
    const lower = word.toLowerCase();
    const range = /^(\d{3})(?:-(\d{3}))?$/.exec(word);
    const [low, high] = [Number(range?.[1]), Number(range?.[2] ?? range?.[1])];
    if (lower === '5xx' || lower === 'gateway-error') conditions.push(lower);
    else if (range !== null && low >= 100 && low <= high && high <= 599) {
      for (let status = low; status <= high; status++) statuses.push(status);
    } else {
      group.fail(HTTP_RETRY, `has "${word}", neither a condition nor a status nor a range of them`);
    }
  }
  for (const word of group.text(GRPC_RETRY)?.split(',') ?? []) {
    if (GRPC_CONDITIONS.includes(word)) conditions.push(word);
    else group.fail(GRPC_RETRY, `has "${word}", which is none of ${GRPC_CONDITIONS.join(', ')}`);
  }
  const limit = group.integer('retry.linkerd.io/limit', 0, 65_535);
  const timeoutMs = group.durationMs('retry.linkerd.io/timeout', 0);
  // 0 is no limit that was set; neither is a timeout of 0.
  if (conditions.length + statuses.length + limit + timeoutMs === 0) return undefined;
  const value = { conditions, statuses, limit: limit || LINKERD.retry.limit.value, timeoutMs };
  return group.isValid ? { value, at: annotations.get(first)!.position } : undefined;
}

function readTimeout(annotations: SourceNode, key: string): Placed<number> | undefined {
  const group = new Group(annotations, 'there is no such timeout');
  if (!group.has(key)) return undefined;
  const value = group.durationMs(key, 0);
  if (!group.isValid) return undefined;
  const node = annotations.get(key)!;
  if (value === 0) {
    node.error('MQ-LINKERD-003', `annotation "${key}" is 0: every request would time out at once`);
    return undefined;
  }
  return { value, at: node.position };
}

/** `1500ms`, `10s`, `1m`; a bare 0. No fractions and no sums. */
function parseDurationMs(text: string): number {
  if (text === '0') return 0;
  const match = /^(\d+)(ms|s|m|h|d)$/.exec(text);
  if (match === null) return Number.NaN;
  const units: Readonly<Record<string, number>> = {
    ms: 1,
    s: 1_000,
    m: 60_000,
    h: 3_600_000,
    d: 86_400_000,
  };
  return Number(match[1]) * units[match[2]!]!;
}
