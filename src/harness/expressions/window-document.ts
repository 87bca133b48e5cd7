/**
 * One window of a run as the document that expressions see: lists become maps by name, every name of
 * the scenario is there, and figures without enough samples are left out.
 *
 * A figure that is left out makes an expectation inconclusive instead of wrong. How many samples a
 * figure needs: one for ratios and means; for a quantile q as many as make one of them lie beyond
 * it, 1 / (1 - q). Source: scenario.md §3 (absent counters are 0, absent samples inconclusive).
 */
import type { WindowDocument } from '../../core/measurements.ts';
import type { IdentitySummary, LatencyMs, RecoverySummary } from '../../core/summary.ts';
import type { DocumentNames, Shape } from './document-shape.ts';
import { CLIENT_ROW, EDGE_ROW, FAULT_ROW, SERVICE_ROW, versionName } from './document-shape.ts';

type Row = Readonly<Record<string, unknown>>;
type Rows = Record<string, Row>;

const SAMPLES_FOR_LATENCY: Readonly<Record<keyof LatencyMs, number>> = {
  mean: 1,
  max: 1,
  p50: 2,
  p90: 10,
  p95: 20,
  p99: 100,
  p999: 1000,
};

const NOTHING_HAPPENED: IdentitySummary = {
  certificatesIssued: 0,
  renewalsFailed: 0,
  handshakesFailed: 0,
  requestsDenied: 0,
  failures: [],
};

/** The parts of a document that one window fills. */
export function windowPart(window: WindowDocument, names: DocumentNames): Record<string, unknown> {
  const clients = window.clients.map((client) => {
    const samples = client.succeeded + client.failed;
    return [client.name, sampled(client, samples, ['successRatio'])] as const;
  });
  const edges = window.edges.map((edge) => {
    const ratios = ['successRatio', 'firstTrySuccessRatio', 'amplification'];
    return [`${edge.from}->${edge.to}`, sampled(edge, edge.requests, ratios)] as const;
  });
  const services = window.services.map((service) => {
    const { name, version, served } = service;
    const key = version === '' ? name : versionName(name, version);
    return [key, sampled(service, served, ['wastedWorkRatio', 'cacheHitRatio'])] as const;
  });
  return {
    clients: complete(clients, names.clients, CLIENT_ROW),
    edges: complete(edges, names.edges, EDGE_ROW),
    services: complete(services, names.services, SERVICE_ROW),
    proxies: window.proxies,
    ejections: window.ejections,
    identity: window.identity ?? NOTHING_HAPPENED,
    faults: complete(faultRows(window), names.faults, FAULT_ROW),
    operations: {},
  };
}

/** A fault that struck several times is one row: from its first start to its last end. */
function faultRows(window: WindowDocument): readonly (readonly [string, Row])[] {
  const rows = new Map<string, WindowDocument['faults'][number]>();
  for (const fault of window.faults) {
    const before = rows.get(fault.id);
    if (before === undefined) rows.set(fault.id, fault);
    else {
      const strikes = before.strikes + fault.strikes;
      rows.set(fault.id, { ...before, endS: Math.max(before.endS, fault.endS), strikes });
    }
  }
  return [...rows].map(([id, row]) => [id, { ...row }] as const);
}

/** `recovery` as expressions see it; what was not judged is left out. */
export function recoveryPart(recovery: RecoverySummary, isJudged: boolean): Row {
  if (isJudged) return { ...recovery };
  const { baselineGoodputRps, triggerEndS } = recovery;
  return { baselineGoodputRps, triggerEndS };
}

/** A row without the figures that its samples do not carry. */
function sampled(row: object, samples: number, ratios: readonly string[]): Row {
  const kept: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(row)) {
    const isAbsent = samples < 1 && ratios.includes(field);
    if (isAbsent || (typeof value === 'number' && !Number.isFinite(value))) continue;
    const isTable = typeof value === 'object' && value !== null;
    kept[field] = isTable ? tableOf(field, value, samples) : value;
  }
  return kept;
}

function tableOf(field: string, value: object, samples: number): Row {
  if (field !== 'latencyMs') return { ...value };
  const carried = Object.entries(value).filter(([name, figure]) => {
    const needed = SAMPLES_FOR_LATENCY[name as keyof LatencyMs] ?? 1;
    return samples >= needed && Number.isFinite(figure);
  });
  return Object.fromEntries(carried);
}

/** How many samples a figure needs; for messages. */
export function samplesNeeded(field: string): number {
  return SAMPLES_FOR_LATENCY[field as keyof LatencyMs] ?? 1;
}

/** Rows by name; names without a row get one in which every count is 0 and nothing has samples. */
function complete(
  rows: readonly (readonly [string, Row])[],
  names: readonly string[],
  shape: Shape,
): Rows {
  const byName: Rows = Object.fromEntries(rows);
  for (const name of names) byName[name] ??= emptyRow(shape);
  return byName;
}

function emptyRow(shape: Shape): Row {
  if (shape.kind !== 'row') return {};
  const fields = Object.entries(shape.fields).flatMap(([name, field]): [string, unknown][] => {
    if (field.kind === 'counts') return [[name, {}]];
    if (field.kind === 'row') return [[name, name === 'latencyMs' ? {} : emptyRow(field)]];
    const isFigure = /Ratio$|^amplification$|S$/.test(name);
    return field.kind === 'number' && !isFigure ? [[name, 0]] : [];
  });
  return Object.fromEntries(fields);
}
