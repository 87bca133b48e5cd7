/**
 * A conformance case: a bootstrap, scripted upstreams, a scripted client, and what to compare.
 *
 * Read from `cases/<id>.yaml`; every key is checked, and mistakes are reported with their position.
 */
import { Diagnostics } from '../../../src/core/diagnostics.ts';
import { InputError } from '../../../src/core/errors.ts';
import { parseDocuments } from '../../../src/importers/document.ts';
import type { SourceNode } from '../../../src/importers/source-node.ts';
import type { ErrorCode } from './http2/frames.ts';

type HeaderValue = string | number | readonly (string | number)[];

/** What an HTTP/2 upstream says of a connection. */
export interface Announcement {
  /** Of resets and GOAWAYs; absent = `internal_error` and `no_error`. */
  readonly code?: ErrorCode;
  /** Which streams it still serves: all, those up to this one, or those before it. */
  readonly goaway?: 'all' | 'this' | 'before';
  /** Takes this many streams at once from now on. */
  readonly max_streams?: number;
}

/** What an upstream does with one request. Times in ms. */
export interface Behaviour extends Announcement {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, HeaderValue>>;
  /** Value = wall clock in seconds, plus this. */
  readonly rel_headers?: Readonly<Record<string, number>>;
  readonly body?: string | number;
  readonly body_times?: number;
  readonly trailers?: Readonly<Record<string, string>>;
  readonly interim?: readonly number[];
  readonly delay_ms?: number;
  readonly hang?: boolean;
  readonly reset?: 'before' | 'after_headers' | 'mid_body';
  readonly close?: 'before' | 'after_headers' | 'mid_body';
  readonly then_ms?: number;
  readonly body_hang?: boolean;
  readonly slow_body?: { readonly chunks: number; readonly gap_ms: number };
  /** Answers without reading the request's body. */
  readonly early?: boolean;
  readonly conn_close?: boolean;
  readonly close_after?: boolean;
  readonly raw?: string;
  readonly raw_hold?: boolean;
  readonly accept_continue?: boolean;
}

export interface Script {
  readonly script?: readonly Behaviour[];
  readonly default?: Behaviour;
}

export interface UpstreamTls {
  readonly cert: string;
  readonly client_ca?: string;
  readonly max_version?: string;
}

export interface Http2Spec {
  readonly max_concurrent_streams?: number;
}

export interface UpstreamSpec extends Script {
  readonly paths?: Readonly<Record<string, Script>>;
  /** Nothing listens. */
  readonly refuse?: boolean;
  /** Connection attempts hang. */
  readonly blackhole?: boolean;
  readonly on_accept?: 'close' | 'reset' | 'plain';
  readonly tls?: UpstreamTls;
  /** Speaks HTTP/2 from the first byte on, in place of HTTP/1. */
  readonly http2?: Http2Spec;
}

export interface ClientTls {
  readonly cert?: string;
  readonly max_version?: string;
}

/** One request of the client, or `n` of them. */
export interface RequestSpec {
  readonly method?: string;
  readonly path?: string;
  readonly headers?:
    | Readonly<Record<string, HeaderValue>>
    | readonly (readonly [string, HeaderValue])[];
  readonly body?: string | number;
  readonly body_times?: number;
  /** Slow upload: pieces, each with the wait before it. */
  readonly chunks?: readonly (readonly [number, string])[];
  /** Bytes that are announced and never sent. */
  readonly missing?: number;
  readonly n?: number;
  readonly conc?: number;
  readonly gap_ms?: number;
  readonly keep?: boolean;
  /** Behaviours of this request's attempts 1, 2, … on whichever host gets them. */
  readonly plan?: readonly Behaviour[];
  readonly raw?: string;
  readonly abort_after_ms?: number;
  readonly timeout_ms?: number;
  /** A named connection that is kept. */
  readonly conn?: string;
  readonly wait_close_ms?: number;
  readonly linger_ms?: number;
  readonly continue_body?: string;
  readonly rst?: boolean;
  readonly tls?: ClientTls;
  readonly listener2?: boolean;
  /** In a batch: when it starts. */
  readonly at_ms?: number;
  /** In a batch: a snapshot in place of a request. */
  readonly stats?: string;
}

export interface WatchSpec {
  readonly stat: string;
  readonly for_ms: number;
  readonly every_ms?: number;
  readonly label: string;
}

export interface SetSpec extends Script {
  readonly host: string;
  readonly paths?: Readonly<Record<string, Script>>;
  readonly listen?: boolean;
  readonly drop_conns?: boolean;
  /** Said on each of its connections. */
  readonly announce?: Announcement;
}

export type ClientStep =
  | { readonly req: RequestSpec }
  | { readonly batch: readonly RequestSpec[] }
  | { readonly sleep_ms: number }
  | { readonly at_ms: number }
  | { readonly stats: string }
  | { readonly watch: WatchSpec }
  | { readonly set: SetSpec }
  | { readonly file: { readonly name: string; readonly text: string } };

/** One comparison; which keys it has depends on `what` and `mode`. */
export interface Check {
  readonly what: string;
  readonly mode?: string;
  readonly reqs?: string | number;
  readonly name?: string;
  readonly names?: readonly string[];
  readonly at?: string;
  readonly of?: readonly string[];
  readonly attempt?: number;
  readonly lo?: number;
  readonly hi?: number;
  readonly tol?: number;
  readonly bounds?: Readonly<Record<string, readonly [number, number]>>;
  readonly expect?: Readonly<Record<string, number>>;
  readonly label?: string;
  readonly from?: number;
  readonly to?: number;
  readonly idx?: number;
  readonly host?: string;
  readonly path?: string;
  readonly from_ms?: number;
  readonly to_ms?: number;
  readonly skip?: number;
  readonly take?: number;
}

export interface Case {
  readonly id: string;
  readonly title: string;
  readonly spec: string;
  readonly bootstrap: string;
  readonly upstreams: Readonly<Record<string, UpstreamSpec>>;
  readonly client: readonly ClientStep[];
  readonly compare: readonly Check[];
  readonly certs: boolean;
  readonly files: Readonly<Record<string, string>>;
  readonly expectsStartFailure: boolean;
  readonly settleMs: number;
}

/** As it stands in the file. */
interface RawCase extends Pick<Case, 'id' | 'bootstrap'>, Partial<Omit<Case, 'id' | 'bootstrap'>> {
  readonly expect_start_failure?: boolean;
  readonly settle_ms?: number;
}

const CASE_KEYS =
  'id title spec bootstrap upstreams client compare certs files expect_start_failure settle_ms case_timeout_s'.split(
    ' ',
  );
const BEHAVIOUR_KEYS =
  'status headers rel_headers body body_times trailers interim delay_ms hang reset close then_ms body_hang slow_body early conn_close close_after raw raw_hold accept_continue code goaway max_streams'.split(
    ' ',
  );
const SCRIPT_KEYS = ['script', 'default'];
const UPSTREAM_KEYS = [...SCRIPT_KEYS, 'paths', 'refuse', 'blackhole', 'on_accept', 'tls', 'http2'];
const REQUEST_KEYS =
  'method path headers body body_times chunks missing n conc gap_ms keep plan raw abort_after_ms timeout_ms conn wait_close_ms linger_ms continue_body rst tls listener2 at_ms stats'.split(
    ' ',
  );
const STEP_KEYS = ['req', 'batch', 'sleep_ms', 'at_ms', 'stats', 'watch', 'set', 'file'];
const CHECK_KEYS =
  'what mode reqs name names at of attempt lo hi tol bounds expect claim label from to idx host path from_ms to_ms skip take'.split(
    ' ',
  );

/** @throws InputError when the file is not a case */
export function readCase(file: string, text: string): Case {
  const diagnostics = new Diagnostics();
  const [root] = parseDocuments(file, text, diagnostics);
  if (root?.expectMap()) checkCase(root);
  if (root === undefined || diagnostics.hasErrors) {
    throw new InputError(diagnostics.sorted(), new Map([[file, text]]));
  }
  const plain = root.toPlain() as unknown as RawCase;
  return {
    id: plain.id,
    title: String(plain.title ?? ''),
    spec: String(plain.spec ?? ''),
    bootstrap: plain.bootstrap,
    upstreams: plain.upstreams ?? {},
    client: plain.client ?? [],
    compare: plain.compare ?? [],
    certs: plain.certs === true,
    files: plain.files ?? {},
    expectsStartFailure: plain.expect_start_failure === true,
    settleMs: plain.settle_ms ?? 60,
  };
}

function checkCase(root: SourceNode): void {
  root.checkKeys(CASE_KEYS);
  for (const key of ['id', 'bootstrap', 'compare']) {
    if (!root.has(key)) root.error('MQ-FIELD-003', `a case needs "${key}"`);
  }
  root.get('bootstrap')?.string();
  for (const [, upstream] of root.get('upstreams')?.entries() ?? []) checkUpstream(upstream);
  for (const step of root.get('client')?.items() ?? []) checkStep(step);
  for (const check of root.get('compare')?.items() ?? []) {
    if (check.expectMap()) check.checkKeys(CHECK_KEYS);
    if (!check.has('what')) check.error('MQ-FIELD-003', 'a check needs "what"');
  }
}

function checkUpstream(node: SourceNode): void {
  node.checkKeys(UPSTREAM_KEYS);
  node.get('http2')?.checkKeys(['max_concurrent_streams']);
  checkScript(node);
  for (const [, path] of node.get('paths')?.entries() ?? []) {
    path.checkKeys(SCRIPT_KEYS);
    checkScript(path);
  }
}

function checkScript(node: SourceNode): void {
  for (const item of node.get('script')?.items() ?? []) item.checkKeys(BEHAVIOUR_KEYS);
  node.get('default')?.checkKeys(BEHAVIOUR_KEYS);
}

function checkStep(step: SourceNode): void {
  if (!step.expectMap()) return;
  step.checkKeys(STEP_KEYS);
  if (step.entries().length !== 1) step.error('MQ-FIELD-010', 'a step is exactly one thing');
  const request = step.get('req');
  if (request !== undefined) checkRequest(request);
  for (const item of step.get('batch')?.items() ?? []) checkRequest(item);
  const set = step.get('set');
  if (set === undefined) return;
  set.checkKeys(['host', 'paths', 'listen', 'drop_conns', 'announce', ...SCRIPT_KEYS]);
  checkScript(set);
  set.get('announce')?.checkKeys(['code', 'goaway', 'max_streams']);
}

function checkRequest(node: SourceNode): void {
  node.checkKeys(REQUEST_KEYS);
  for (const item of node.get('plan')?.items() ?? []) item.checkKeys(BEHAVIOUR_KEYS);
}
