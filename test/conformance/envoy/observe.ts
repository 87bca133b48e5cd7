/**
 * What a case observed, check by check, in the form in which it is compared.
 */
import { networkInterfaces } from 'node:os';
import type { Case, Check } from './case-file.ts';
import { headerOf, type Pairs } from './http-text.ts';
import type { Attempt } from './scripted-answer.ts';
import type { Result, ScriptedClient } from './scripted-client.ts';
import type { CaseBook, ScriptedUpstream } from './scripted-upstream.ts';

/** Everything that was seen while a case ran. */
export interface Seen {
  readonly client: ScriptedClient;
  readonly upstreams: ReadonlyMap<string, ScriptedUpstream>;
  readonly book: CaseBook;
  /** By request number; 0 = lines without one. */
  readonly log: ReadonlyMap<number, readonly (readonly string[])[]>;
  readonly started: boolean;
}

/** Stands for "never" where a number is compared. */
const NEVER = 1e9;

type Reading = (request: number, check: Check, seen: Seen) => unknown;

const attemptsOf = (seen: Seen, request: number): readonly Attempt[] =>
  seen.book.attempts.get(request) ?? [];
const resultOf = (seen: Seen, request: number): Result => seen.client.results.get(request)!;
const logOf = (seen: Seen, request: number, field: number) =>
  seen.log.get(request)?.[0]?.[field] ?? null;
const textOf = (value: unknown): string => JSON.stringify(value);

/** One value per request. */
const PER_REQUEST: Readonly<Record<string, Reading>> = {
  status: (r, _c, seen) => resultOf(seen, r).status,
  errors: (r, _c, seen) => resultOf(seen, r).err,
  body: (r, _c, seen) => resultOf(seen, r).body,
  interim: (r, _c, seen) => resultOf(seen, r).interim,
  closed_after_ms: (r, _c, seen) => resultOf(seen, r).closedAfterMs ?? null,
  t_ms: (r, _c, seen) => resultOf(seen, r).totalMs ?? NEVER,
  first_ms: (r, _c, seen) => resultOf(seen, r).firstMs ?? NEVER,
  resp_header: (r, c, seen) => headerOf(resultOf(seen, r).headers, c.name!),
  resp_header_masked: (r, c, seen) =>
    (headerOf(resultOf(seen, r).headers, c.name!) ?? '-').replace(/[0-9a-f]{8,}/g, 'H'),
  host: (r, _c, seen) => headerOf(resultOf(seen, r).headers, 'x-host') ?? '-',
  hosts: (r, _c, seen) => attemptsOf(seen, r).map(({ host }) => host),
  first_host: (r, _c, seen) => attemptsOf(seen, r)[0]?.host ?? '-',
  n_attempts: (r, _c, seen) => attemptsOf(seen, r).length,
  attempt_header: (r, c, seen) => attemptsOf(seen, r).map((a) => headerOf(a.headers, c.name!)),
  attempt_headers: (r, _c, seen) => attemptsOf(seen, r).map((a) => steady(a.headers)),
  resp_headers: (r, _c, seen) => steady(resultOf(seen, r).headers),
  attempt_header_num: (r, c, seen) => {
    const attempt = attemptsOf(seen, r)[c.attempt! - 1];
    return attempt === undefined ? -1 : Number(headerOf(attempt.headers, c.name!) ?? -1);
  },
  distinct_hosts: (r, _c, seen) => new Set(attemptsOf(seen, r).map(({ host }) => host)).size,
  attempt_path: (r, _c, seen) => attemptsOf(seen, r).map(({ path }) => path),
  attempt_body: (r, _c, seen) => attemptsOf(seen, r).map(({ body }) => body),
  attempt_body_len: (r, _c, seen) => attemptsOf(seen, r).map(({ body }) => body?.length ?? null),
  attempt_at_ms: (r, c, seen) => {
    const attempt = attemptsOf(seen, r)[c.attempt! - 1];
    return attempt === undefined ? NEVER : attempt.atMs - resultOf(seen, r).sentMs;
  },
  log_status: (r, _c, seen) => logOf(seen, r, 0),
  flags: (r, _c, seen) => logOf(seen, r, 1),
  details: (r, _c, seen) => logOf(seen, r, 2),
  log_attempts: (r, _c, seen) => logOf(seen, r, 3),
  log_field: (r, c, seen) => logOf(seen, r, c.idx!),
};

/** Headers of which each run has others: times, ports, identities, and who answered. */
const UNSTEADY =
  'date x-request-id x-envoy-upstream-service-time x-envoy-expected-rq-timeout-ms x-forwarded-port x-ratelimit-reset x-host set-cookie'.split(
    ' ',
  );

const LOOPBACK = '127.0.0.1';
/** Envoy says of clients on the loopback that they come from the machine's first address. */
const OWN_ADDRESSES = new Set(
  Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address)),
);

function asLoopback(addresses: string): string {
  const isOwn = addresses.split(',').some((part) => OWN_ADDRESSES.has(part.trim()));
  if (!isOwn) return addresses;
  return addresses.replace(/[\d.]+/g, (part) => (OWN_ADDRESSES.has(part) ? LOOPBACK : part));
}

/** All others: values by name. */
function steady(headers: Pairs): Readonly<Record<string, readonly string[]>> {
  const steadyOnes = headers.filter(([name]) => !UNSTEADY.includes(name.toLowerCase()));
  const values: Record<string, string[]> = {};
  for (const [name, value] of steadyOnes) {
    (values[name.toLowerCase()] ??= []).push(asLoopback(value));
  }
  return values;
}

/** One value for the whole case. */
const WHOLE: Readonly<Record<string, (check: Check, seen: Seen, requests: number[]) => unknown>> = {
  arrival_order: (_c, seen, requests) =>
    requests
      .flatMap((r) => attemptsOf(seen, r).map((a) => [a.atMs, r] as const))
      .sort((a, b) => a[0] - b[0] || a[1] - b[1])
      .map(([, r]) => r),
  gap_ms: (c, seen, requests) =>
    requests.flatMap((r) => {
      const attempts = attemptsOf(seen, r);
      const at = c.attempt! - 1;
      return attempts.length > at ? [attempts[at]!.atMs - attempts[at - 1]!.atMs] : [];
    }),
  unmatched_log: (_c, seen) => (seen.log.get(0) ?? []).map((line) => line.slice(0, 3)),
  counters: (c, seen) => {
    const snapshot = seen.client.snapshots.get(c.at ?? 'final');
    return Object.fromEntries((c.names ?? []).map((name) => [name, snapshot?.get(name) ?? 0]));
  },
  counter: (c, seen) => [seen.client.snapshots.get(c.at ?? 'final')?.get(c.name!) ?? 0],
  host_stat: (c, seen) =>
    Object.fromEntries(
      (c.of ?? []).map((host) => {
        const counts = seen.upstreams.get(host)?.counts as Record<string, number> | undefined;
        return [host, counts?.[c.name!] ?? 0];
      }),
    ),
  path_count: (c, seen) => {
    const times = seen.upstreams.get(c.host!)?.pathTimes.get(c.path!) ?? [];
    const [from, to] = [c.from_ms ?? -NEVER, c.to_ms ?? NEVER];
    return [times.filter((ms) => ms >= from && ms <= to).length];
  },
  path_gaps: (c, seen) => {
    const times = seen.upstreams.get(c.host!)?.pathTimes.get(c.path!) ?? [];
    const gaps = times.slice(1).map((ms, i) => ms - times[i]!);
    return gaps.slice(c.skip ?? 0, c.take);
  },
  watch_values: (c, seen) => watchOf(c, seen).map(([, value]) => value),
  watch_gap_ms: (c, seen) => {
    const watch = watchOf(c, seen);
    const [from, to] = [watch[c.from!], watch[c.to!]];
    return [from === undefined || to === undefined ? NEVER : to[0] - from[0]];
  },
  watch_at_ms: (c, seen) => [watchOf(c, seen)[c.idx!]?.[0] ?? NEVER],
  started: (_c, seen) => seen.started,
};

function watchOf(check: Check, seen: Seen): readonly (readonly [number, number])[] {
  return seen.client.watches.get(check.label!) ?? [];
}

/** @throws Error when a check asks for something that does not exist */
export function observe(check: Check, seen: Seen): unknown {
  return reduce(check, valuesOf(check, seen));
}

function valuesOf(check: Check, seen: Seen): unknown {
  const requests = requestsOf(check, seen);
  const reading = PER_REQUEST[check.what];
  if (reading !== undefined) return requests.map((request) => reading(request, check, seen));
  const whole = WHOLE[check.what];
  if (whole === undefined) throw new Error(`a check asks for "${check.what}", which is unknown`);
  return whole(check, seen, requests);
}

function requestsOf(check: Check, seen: Seen): number[] {
  const known = [...seen.client.results.keys()].sort((a, b) => a - b);
  if (check.reqs === undefined) return known;
  return String(check.reqs)
    .split(',')
    .flatMap((part) => {
      const [first, last] = part.split('-');
      const from = Number(first);
      const to = Number(last ?? first);
      return Array.from({ length: to - from + 1 }, (_, i) => from + i);
    })
    .filter((request) => seen.client.results.has(request));
}

function reduce(check: Check, observed: unknown): unknown {
  const mode = check.mode ?? 'exact';
  if (mode === 'exact') return observed;
  const values = observed as unknown[];
  switch (mode) {
    case 'multiset':
      return [...values].sort(byText);
    case 'rotation':
      return leastRotation(values);
    case 'relabel':
      return relabelled(values, new Map());
    case 'set':
      return [...new Set(values.map((v) => (Array.isArray(v) ? textOf(v) : v)))].sort(byPlainText);
    case 'range': {
      const numbers = values.map((value) => (value as number | null) ?? NEVER);
      if (numbers.length === 0) return [null, null];
      return [tenths(Math.min(...numbers)), tenths(Math.max(...numbers))];
    }
    case 'stats':
      return statsOf(values as number[]);
    case 'dist':
      return sharesOf(values);
    default:
      throw new Error(`a check has the mode "${mode}", which is unknown`);
  }
}

function byText(a: unknown, b: unknown): number {
  return byPlainText(textOf(a), textOf(b));
}

function byPlainText(a: unknown, b: unknown): number {
  const [left, right] = [String(a), String(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

function leastRotation(values: unknown[]): unknown {
  if (values.length === 0) return values;
  const rotations = values.map((_, i) => [...values.slice(i), ...values.slice(0, i)]);
  return rotations.reduce((least, one) => (textOf(one) < textOf(least) ? one : least));
}

function relabelled(values: readonly unknown[], names: Map<unknown, string>): unknown[] {
  return values.map((value) => {
    if (Array.isArray(value)) return relabelled(value, names);
    if (value === '-' || value === null) return value;
    let name = names.get(value);
    if (name === undefined) names.set(value, (name = String.fromCharCode(65 + names.size)));
    return name;
  });
}

function statsOf(values: readonly number[]): Record<string, number> {
  const sorted = [...values].sort((a, b) => a - b);
  if (sorted.length === 0) return { n: 0 };
  const sum = sorted.reduce((total, value) => total + value, 0);
  return {
    n: sorted.length,
    min: tenths(sorted[0]!),
    mean: tenths(sum / sorted.length),
    p99: tenths(sorted[Math.floor(sorted.length * 0.99)]!),
    max: tenths(sorted.at(-1)!),
  };
}

interface Shares {
  readonly n: number;
  readonly frac: Readonly<Record<string, number>>;
}

function sharesOf(values: readonly unknown[]): Shares {
  const counts = new Map<string, number>();
  for (const value of values) {
    const name = Array.isArray(value) ? textOf(value) : String(value);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const sorted = [...counts].sort((a, b) => byPlainText(a[0], b[0]));
  const frac = sorted.map(([name, count]) => [
    name,
    Math.round((count / values.length) * 1e4) / 1e4,
  ]);
  return { n: values.length, frac: Object.fromEntries(frac) };
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Whether an observation is as good as the recorded one. */
export function agrees(check: Check, observed: unknown, golden: unknown): boolean {
  if (check.mode === 'range') {
    const [least, most] = observed as [number | null, number];
    return least !== null && least >= check.lo! && most <= check.hi!;
  }
  if (check.mode === 'stats') {
    const stats = observed as Record<string, number>;
    return Object.entries(check.bounds ?? {}).every(([key, [from, to]]) => {
      const value = stats[key] ?? -1;
      return value >= from && value <= to;
    });
  }
  if (check.mode === 'dist') {
    const expected = check.expect ?? (golden as Shares).frac ?? (golden as Record<string, number>);
    const seen = (observed as Shares).frac;
    const tolerance = check.tol ?? 0.02;
    return [...Object.keys(expected), ...Object.keys(seen)].every(
      (key) => Math.abs((seen[key] ?? 0) - (expected[key] ?? 0)) <= tolerance,
    );
  }
  return textOf(sortedKeys(observed)) === textOf(sortedKeys(golden));
}

/** Objects compare by content. */
function sortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedKeys);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => byPlainText(a, b))
      .map(([key, item]) => [key, sortedKeys(item)]),
  );
}

/** For messages: what a check is about. */
export function nameOf(check: Check, index: number): string {
  const about = check.name ?? check.reqs ?? check.label ?? '';
  return `${index}:${check.what}${about === '' ? '' : `:${about}`}`;
}

/** Access-log lines by request number. */
export function readLog(text: string): Map<number, string[][]> {
  const log = new Map<number, string[][]>();
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [id = '', ...fields] = line.split('\t');
    const request = /^\d+$/.test(id) ? Number(id) : 0;
    log.set(request, [...(log.get(request) ?? []), fields]);
  }
  return log;
}

export type { Case };
