/**
 * Hand-made runs for tests of the report: a retry storm that one variant survives and one does not.
 *
 * The numbers come from formulas and a small generator, not from the simulator, so the report can
 * be tested without it. Shapes are those of a real run: warm state, 30 s of trouble, aftermath.
 */
import type { LatencyMs, Summary } from '../../src/core/summary.ts';
import type { EdgeTimeline, ServiceTimeline, Timeline } from '../../src/core/timeline.ts';
import type { ReportModel, ReportRun } from '../../src/report/model.ts';

const DURATION_S = 480;
const TRIGGER = { startS: 60, endS: 90 };
const OFFERED_RPS = 360;

/** What differs between the variants. */
export interface StormOptions {
  readonly variant: string;
  readonly offeredRps: number;
  readonly verdict: 'pass' | 'not-recovered';
  readonly declared: string | null;
  /** Seconds after the trigger until all is well; Infinity = never. */
  readonly healS: number;
  /** Attempts per request and tier while in trouble. */
  readonly factor: number;
}

export const STORM: StormOptions = {
  variant: 'as-it-happened',
  offeredRps: OFFERED_RPS,
  verdict: 'not-recovered',
  declared: 'not-recovered',
  healS: Number.POSITIVE_INFINITY,
  factor: 3.9,
};

export const BUDGET: StormOptions = {
  variant: 'retry-budget',
  offeredRps: OFFERED_RPS,
  verdict: 'pass',
  declared: 'pass',
  healS: 14,
  factor: 1.19,
};

export function stormModel(...variants: readonly StormOptions[]): ReportModel {
  const chosen = variants.length === 0 ? [STORM, BUDGET] : variants;
  return {
    title: 'A retry storm that outlives its trigger',
    description:
      'payments is slowed eightfold for 30 s. Two tiers of well-meant retries turn that into a ' +
      'load that payments can never serve again, long after the cause has gone.',
    source: 'https://sigops.org/s/conferences/hotos/2021/papers/hotos21-s11-bronson.pdf',
    scenario: { name: 'retry-storm', path: 'scenarios/retry-storm' },
    reproduce: 'meshquake run scenarios/retry-storm --variant all --seed 7f3a',
    version: '0.1.0',
    setting: [
      { label: 'Data plane', value: 'sidecar' },
      { label: 'Overhead profile', value: 'istio-1.24' },
    ],
    runs: chosen.map(stormRun),
  };
}

export function stormRun(options: StormOptions): ReportRun {
  const timeline = stormTimeline(options);
  return {
    variant: options.variant,
    declared: options.declared,
    asDeclared: options.declared === options.verdict,
    summary: stormSummary(options, timeline),
    timeline,
  };
}

/** 0 = well, 1 = in full trouble, in between while it builds up or drains. */
function trouble(second: number, healS: number): number {
  if (second < TRIGGER.startS) return 0;
  if (second < TRIGGER.endS) return Math.min(1, (second - TRIGGER.startS + 1) / 6);
  if (second < TRIGGER.endS + healS) {
    return Number.isFinite(healS) ? 1 - (second - TRIGGER.endS) / healS : 1;
  }
  return 0;
}

/** Repeatable noise in -1..1. */
function noiseFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2_147_483_648 - 1;
  };
}

function stormTimeline(options: StormOptions): Timeline {
  const noise = noiseFrom(7919);
  const seconds = Array.from({ length: DURATION_S }, (_, second) => second);
  const level = seconds.map((second) => trouble(second, options.healS));
  const offered = seconds.map(() => Math.round(options.offeredRps * (1 + noise() / 12)));
  const goodput = level.map((bad, second) => (offered[second] ?? 0) * (1 - 0.97 * bad));
  const edge = (from: string, to: string, requests: readonly number[], isRetried: boolean) =>
    edgeTimeline(from, to, requests, level, isRetried ? options.factor : 1);
  const first = edge('shoppers', 'front', offered, false);
  const second = edge('front', 'orders', first.attemptsRps, true);
  const third = edge('orders', 'payments', second.attemptsRps, true);
  return {
    edgesS: Array.from({ length: DURATION_S + 1 }, (_, second) => second),
    clients: [
      {
        name: 'shoppers',
        offeredRps: offered,
        goodputRps: goodput,
        failedRps: goodput.map((rate, second) => (offered[second] ?? 0) - rate),
        latencyMsP50: level.map((bad) => 15 + 2400 * bad + noise()),
        latencyMsP90: level.map((bad) => 34 + 6000 * bad + 4 * noise()),
        latencyMsP99: level.map((bad) => 71 + 9800 * bad + 12 * noise()),
      },
    ],
    edges: [first, second, third],
    services: [
      serviceTimeline('front', level, 0.02, 0.6, 0, noise),
      serviceTimeline('orders', level, 0.05, 0.9, 2, noise),
      serviceTimeline('payments', level, 0.45, 1, 3190, noise),
    ],
  };
}

function edgeTimeline(
  from: string,
  to: string,
  requests: readonly number[],
  level: readonly number[],
  factor: number,
): EdgeTimeline {
  const attempts = requests.map((rate, second) => rate * (1 + (factor - 1) * (level[second] ?? 0)));
  return {
    from,
    to,
    requestsRps: requests,
    attemptsRps: attempts,
    retriesRps: attempts.map((rate, second) => rate - (requests[second] ?? 0)),
    failedRps: requests.map((rate, second) => rate * 0.97 * (level[second] ?? 0)),
    latencyMsP50: level.map((bad) => 11 + 480 * bad),
    latencyMsP99: level.map((bad) => (bad > 0.9 ? null : 55 + 445 * bad)),
  };
}

function serviceTimeline(
  name: string,
  level: readonly number[],
  quiet: number,
  busy: number,
  queue: number,
  noise: () => number,
): ServiceTimeline {
  return {
    name,
    version: '',
    queueLength: level.map((bad) => Math.max(0, queue * bad + 0.4 * noise())),
    workerUtilisation: level.map((bad) =>
      Math.min(1, quiet + (busy - quiet) * bad + quiet * 0.1 * noise()),
    ),
    ejected: level.map((bad) => (name === 'payments' && bad > 0.5 ? 1 : 0)),
  };
}

function sum(values: readonly number[]): number {
  return Math.round(values.reduce((total, value) => total + value, 0));
}

function latency(scale: number): LatencyMs {
  return {
    mean: 20 * scale,
    p50: 15 * scale,
    p90: 34 * scale,
    p95: 45 * scale,
    p99: 71 * scale,
    p999: 120 * scale,
    max: 180 * scale,
  };
}

function stormSummary(options: StormOptions, timeline: Timeline): Summary {
  const isWell = options.verdict === 'pass';
  const [client] = timeline.clients;
  const offered = sum(client?.offeredRps ?? []);
  const succeeded = sum(client?.goodputRps ?? []);
  return {
    meshquake: '0.1.0',
    format: 1,
    scenario: {
      name: 'retry-storm',
      path: 'scenarios/retry-storm',
      hash: isWell ? 'b3c41d907ee2' : '5f0a92c1d3b7',
      variant: options.variant,
    },
    seed: '7f3a',
    digest: isWell ? '0d9c6a5b1e2f48877766554433221100' : 'a1b2c3d4e5f60718293a4b5c6d7e8f90',
    verdict: options.verdict,
    exitCode: isWell ? 0 : 4,
    run: {
      virtualS: DURATION_S,
      wallS: 2.4,
      events: isWell ? 4_120_331 : 31_555_870,
      eventsPerWallS: 9_000_000,
      requestsPerWallS: 72_000,
    },
    clients: [
      {
        name: 'shoppers',
        offered,
        succeeded,
        failed: offered - succeeded,
        goodputRps: succeeded / DURATION_S,
        successRatio: succeeded / offered,
        latencyMs: latency(isWell ? 1.4 : 120),
        byCode: { '200': succeeded, '503': 900, '504': offered - succeeded - 900 },
        byFlag: isWell ? { UT: 4100, UO: 900 } : { UT: offered - succeeded - 900, URX: 900 },
      },
    ],
    edges: timeline.edges.map((edge) => ({
      from: edge.from,
      to: edge.to,
      requests: sum(edge.requestsRps),
      attempts: sum(edge.attemptsRps),
      amplification: sum(edge.attemptsRps) / sum(edge.requestsRps),
      successRatio: 1 - sum(edge.failedRps) / sum(edge.requestsRps),
      firstTrySuccessRatio: 0.96 * (1 - sum(edge.failedRps) / sum(edge.requestsRps)),
      retries: sum(edge.retriesRps),
      retriesRefused: { budget: isWell ? 30_411 : 0, breaker: 0, max: isWell ? 12 : 91_023 },
      latencyMs: latency(1),
      byFlag: { UT: 10 },
    })),
    services: timeline.services.map((service) => ({
      name: service.name,
      version: service.version,
      instances: 4,
      served: 181_000,
      wastedWorkRatio: isWell ? 0.04 : 0.91,
      cpuUtilisation: 0.5,
      workerUtilisation: sum(service.workerUtilisation) / DURATION_S,
      queueMax: Math.max(...service.queueLength.map(Math.ceil)),
      cacheHitRatio: 0,
      ready: { min: 4, max: 4 },
    })),
    proxies: { addedLatencyMs: { p50: 0.6, p99: 2.1 }, cpuCores: 1.2, memoryMiB: 480 },
    ejections: isWell
      ? []
      : [
          {
            atS: 63.2,
            proxy: 'orders-1',
            cluster: 'payments',
            endpoint: '10.0.2.3:80',
            detector: 'consecutive-5xx',
            untilS: 93.2,
            refusedBy: null,
          },
          {
            atS: 63.9,
            proxy: 'orders-1',
            cluster: 'payments',
            endpoint: '10.0.2.4:80',
            detector: 'consecutive-5xx',
            untilS: null,
            refusedBy: 'max-ejection-percent',
          },
        ],
    faults: [{ id: 'slow', kind: 'proc.slow', ...TRIGGER, strikes: 4 }],
    operations: [],
    expect: [
      {
        text: 'clients.shoppers.successRatio >= 0.999',
        ok: true,
        observed: '1',
        windowS: [0, 60],
      },
      {
        text: 'clients.shoppers.successRatio >= 0.99 within 60s after slow',
        ok: isWell,
        observed: isWell ? '0.9991' : '0.03',
        windowS: [90, 150],
      },
      {
        text: 'edges["orders->payments"].amplification < 1.2',
        ok: true,
        observed: '1.0004',
        windowS: [0, 60],
      },
      {
        text: 'recovery.metastable == false',
        ok: isWell,
        observed: String(!isWell),
        windowS: [0, DURATION_S],
      },
    ],
    recovery: {
      baselineGoodputRps: 359.2,
      triggerEndS: TRIGGER.endS,
      recoveredAtS: isWell ? TRIGGER.endS + options.healS : null,
      metastable: !isWell,
    },
    limits: ['The network between zones is not limited in bandwidth.'],
  };
}
