/**
 * What an expression may name: the fields of the summary document, and the clients, edges, services
 * and faults of one scenario. The field lists follow `core/summary.ts`; the compiler checks that.
 * Source: surface.md §0, scenario.md §3.
 */
import type {
  ClientSummary,
  EdgeSummary,
  EjectionSummary,
  FaultSummary,
  HandshakeFailureSummary,
  IdentitySummary,
  LatencyMs,
  OperationSummary,
  ProxiesSummary,
  RecoverySummary,
  ServiceSummary,
} from '../../core/summary.ts';
import type { CallStep } from '../../workload/call-step.ts';
import type { Scenario } from '../scenario.ts';

/** The type of a place in the document. */
export type Shape =
  | { readonly kind: 'number' | 'text' | 'truth' | 'any' }
  /** Fixed fields. */
  | { readonly kind: 'row'; readonly fields: Readonly<Record<string, Shape>> }
  /** Rows by the names that the scenario gives them. */
  | {
      readonly kind: 'named';
      readonly what: string;
      readonly names: readonly string[];
      readonly row: Shape;
    }
  /** Numbers by any key; absent ones are 0. */
  | { readonly kind: 'counts' }
  | { readonly kind: 'list'; readonly item: Shape };

/** Names that a scenario gives. */
export interface DocumentNames {
  readonly clients: readonly string[];
  /** `a->b` */
  readonly edges: readonly string[];
  /** `payments`, `payments@version=v2` */
  readonly services: readonly string[];
  readonly faults: readonly string[];
}

const NUMBER: Shape = { kind: 'number' };
const TEXT: Shape = { kind: 'text' };
const TRUTH: Shape = { kind: 'truth' };
const COUNTS: Shape = { kind: 'counts' };
export const ANY: Shape = { kind: 'any' };

function row<T extends object>(fields: Readonly<Record<keyof T & string, Shape>>): Shape {
  return { kind: 'row', fields };
}

const LATENCY = row<LatencyMs>({
  mean: NUMBER,
  p50: NUMBER,
  p90: NUMBER,
  p95: NUMBER,
  p99: NUMBER,
  p999: NUMBER,
  max: NUMBER,
});

export const CLIENT_ROW = row<ClientSummary>({
  name: TEXT,
  offered: NUMBER,
  succeeded: NUMBER,
  failed: NUMBER,
  goodputRps: NUMBER,
  successRatio: NUMBER,
  latencyMs: LATENCY,
  byCode: COUNTS,
  byFlag: COUNTS,
});

export const EDGE_ROW = row<EdgeSummary>({
  from: TEXT,
  to: TEXT,
  requests: NUMBER,
  attempts: NUMBER,
  amplification: NUMBER,
  successRatio: NUMBER,
  firstTrySuccessRatio: NUMBER,
  retries: NUMBER,
  retriesRefused: row<EdgeSummary['retriesRefused']>({
    budget: NUMBER,
    breaker: NUMBER,
    max: NUMBER,
  }),
  latencyMs: LATENCY,
  byFlag: COUNTS,
});

export const SERVICE_ROW = row<ServiceSummary>({
  name: TEXT,
  version: TEXT,
  instances: NUMBER,
  served: NUMBER,
  wastedWorkRatio: NUMBER,
  cpuUtilisation: NUMBER,
  workerUtilisation: NUMBER,
  queueMax: NUMBER,
  cacheHitRatio: NUMBER,
  ready: row<ServiceSummary['ready']>({ min: NUMBER, max: NUMBER }),
});

const PROXIES = row<ProxiesSummary>({
  addedLatencyMs: row<ProxiesSummary['addedLatencyMs']>({ p50: NUMBER, p99: NUMBER }),
  cpuCores: NUMBER,
  memoryMiB: NUMBER,
});

const EJECTION = row<EjectionSummary>({
  atS: NUMBER,
  proxy: TEXT,
  cluster: TEXT,
  endpoint: TEXT,
  detector: TEXT,
  untilS: NUMBER,
  refusedBy: TEXT,
});

const IDENTITY = row<IdentitySummary>({
  certificatesIssued: NUMBER,
  renewalsFailed: NUMBER,
  handshakesFailed: NUMBER,
  requestsDenied: NUMBER,
  failures: {
    kind: 'list',
    item: row<HandshakeFailureSummary>({
      from: TEXT,
      to: TEXT,
      seenBy: TEXT,
      reason: TEXT,
      count: NUMBER,
      firstS: NUMBER,
      lastS: NUMBER,
    }),
  },
});

export const FAULT_ROW = row<FaultSummary>({
  id: TEXT,
  kind: TEXT,
  startS: NUMBER,
  endS: NUMBER,
  strikes: NUMBER,
});

const OPERATION_ROW = row<OperationSummary>({
  id: TEXT,
  action: TEXT,
  startS: NUMBER,
  endS: NUMBER,
});

const RECOVERY = row<RecoverySummary>({
  baselineGoodputRps: NUMBER,
  triggerEndS: NUMBER,
  recoveredAtS: NUMBER,
  metastable: TRUTH,
});

/** The whole document. */
export function documentShape(names: DocumentNames): Readonly<Record<string, Shape>> {
  const window = windowShape(names);
  const whole: Shape = { kind: 'row', fields: window };
  return { ...window, recovery: RECOVERY, baseline: whole, previous: whole };
}

function windowShape(names: DocumentNames): Readonly<Record<string, Shape>> {
  return {
    clients: { kind: 'named', what: 'client', names: names.clients, row: CLIENT_ROW },
    edges: { kind: 'named', what: 'edge', names: names.edges, row: EDGE_ROW },
    services: { kind: 'named', what: 'service', names: names.services, row: SERVICE_ROW },
    proxies: PROXIES,
    ejections: { kind: 'list', item: EJECTION },
    identity: IDENTITY,
    faults: { kind: 'named', what: 'fault', names: names.faults, row: FAULT_ROW },
    operations: { kind: 'named', what: 'operation', names: [], row: OPERATION_ROW },
  };
}

/** What a scenario's expressions may name. */
export function namesOf(scenario: Scenario): DocumentNames {
  const edges = new Set(scenario.clients.map((client) => `${client.name}->${client.to}`));
  for (const service of scenario.services) {
    for (const version of service.versions) {
      for (const to of calledBy(version.calls)) edges.add(`${service.name}->${to}`);
    }
  }
  const services = scenario.services.flatMap((service) => [
    service.name,
    ...service.versions
      .filter((version) => version.version !== '')
      .map((version) => versionName(service.name, version.version)),
  ]);
  return {
    clients: scenario.clients.map((client) => client.name),
    edges: [...edges],
    services,
    faults: scenario.faults.map((fault) => fault.id),
  };
}

/** How the row of one version is addressed. */
export function versionName(service: string, version: string): string {
  return `${service}@version=${version}`;
}

function calledBy(steps: readonly CallStep[]): readonly string[] {
  return steps.flatMap((step) => (step.kind === 'call' ? [step.to] : calledBy(step.steps)));
}
