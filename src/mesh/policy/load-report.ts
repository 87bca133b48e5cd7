/**
 * Load reports of upstreams: how busy a host says it is, in a header of its responses.
 *
 * Trailers are not looked at: a codec of HTTP/1 drops them, as Envoy's does by default.
 * Text and JSON are read; the binary form is not. A report that says nothing usable is ignored, as
 * in Envoy, because it comes from the upstream and not from anybody's configuration.
 * Source: policy-engine.md §7.11; ORCA load reports (xds.data.orca.v3.OrcaLoadReport); Envoy,
 * ORCA parser and weight manager.
 */
import type { Head } from '../../core/engine.ts';

/** What a balancer makes of a report. */
export interface LoadReportRules {
  /** Weight of errors per request in the utilisation; 0 = they do not count. */
  readonly errorUtilizationPenalty: number;
  /** Reported metrics whose largest, if above 0, is the utilisation. */
  readonly metricNames: readonly string[];
}

const HEADER = 'endpoint-load-metrics';
const TEXT = 'TEXT ';
const JSON_FORM = 'JSON ';
const UINT32_MAX = 4_294_967_295;

type Metrics = ReadonlyMap<string, number>;

/** @returns the weight that the report amounts to, 0..2^32 − 1; -1 = there is none */
export function reportedWeight(head: Head, rules: LoadReportRules): number {
  const text = head.get(HEADER);
  const metrics = text === undefined ? null : readMetrics(text);
  if (metrics === null) return -1;
  const rps = metrics.get('rps_fractional') ?? 0;
  const utilization = utilizationOf(metrics, rules.metricNames);
  if (rps <= 0 || utilization <= 0) return -1;
  const errors = ((metrics.get('eps') ?? 0) / rps) * rules.errorUtilizationPenalty;
  return Math.min(Math.trunc(rps / (utilization + errors)), UINT32_MAX);
}

function utilizationOf(metrics: Metrics, names: readonly string[]): number {
  const named = Math.max(0, ...names.map((name) => metrics.get(name) ?? 0));
  if (named > 0) return named;
  const application = metrics.get('application_utilization') ?? 0;
  return application > 0 ? application : (metrics.get('cpu_utilization') ?? 0);
}

function readMetrics(text: string): Metrics | null {
  if (text.startsWith(TEXT)) return readText(text.slice(TEXT.length));
  return text.startsWith(JSON_FORM) ? readJson(text.slice(JSON_FORM.length)) : null;
}

/** `cpu_utilization=0.3,named_metrics.queue=7` */
function readText(text: string): Metrics | null {
  const metrics = new Map<string, number>();
  for (const pair of text.split(',')) {
    const [name = '', value = ''] = pair.split('=').map((part) => part.trim());
    const number = Number(value);
    if (name === '' || value === '' || !Number.isFinite(number) || metrics.has(name)) return null;
    metrics.set(name, number);
  }
  return metrics;
}

/** Both spellings of a field are understood, and maps become `named_metrics.queue`. */
function readJson(text: string): Metrics | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof parsed !== 'object' || parsed === null) return null;
  const metrics = new Map<string, number>();
  for (const [key, value] of Object.entries(parsed)) {
    const name = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    if (typeof value === 'number') metrics.set(name, value);
    else if (typeof value !== 'object' || value === null) return null;
    else addMap(metrics, name, value);
  }
  return metrics;
}

function addMap(metrics: Map<string, number>, name: string, map: object): void {
  for (const [key, value] of Object.entries(map)) {
    if (typeof value === 'number') metrics.set(`${name}.${key}`, value);
  }
}
