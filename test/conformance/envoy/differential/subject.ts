/**
 * One drawn configuration: a virtual host with clusters of its own and what its clients do.
 *
 * Names that start with `@` are the subject's own (`@a` → `s3a`), in every text that is nothing else;
 * in raw requests `@host` stands for its domain.
 */
import type { Check, ClientStep, RequestSpec, UpstreamSpec } from '../case-file.ts';

/** A message of Envoy's API, as JSON. */
export type Message = Readonly<Record<string, unknown>>;

/** A request, or several of them and snapshots, each at its time. */
export type SubjectStep = Extract<ClientStep, { req: unknown } | { batch: unknown }>;

export interface Subject {
  /** Without name and domains. */
  readonly virtualHost: Message;
  /** By letter; without names. Endpoints name upstreams. */
  readonly clusters: Readonly<Record<string, SubjectCluster>>;
  /** One after the other. */
  readonly steps: readonly SubjectStep[];
  /** Beside those of every subject; counters are named `@a.upstream_rq_total`. */
  readonly checks?: readonly Check[];
  /** Whether attempts of one request may reach the upstreams in any order. */
  readonly isUnordered?: boolean;
}

export interface SubjectCluster {
  readonly message: Message;
  readonly groups: readonly EndpointGroup[];
  /** `ClusterLoadAssignment.Policy`. */
  readonly policy?: Message;
}

export interface EndpointGroup {
  readonly priority: number;
  /** Of the group itself. */
  readonly fields?: Message;
  readonly hosts: readonly { readonly upstream: Upstream; readonly fields: Message }[];
}

/** `r0` refuses connections. */
export type Upstream = 'a0' | 'a1' | 'a2' | 'a3' | 'r0';

/** What all subjects of a case share: the connection manager. */
export interface Frame {
  readonly manager: Message;
  /** Of the route table. */
  readonly routes: Message;
  /** Of the router filter. */
  readonly router: Message;
}

const TYPE = 'type.googleapis.com/';

/** A message that says its type: `config.rbac.v3.Action`. */
export function typed(type: string, config: Message): Message {
  return { '@type': `${TYPE}envoy.${type}`, ...config };
}

/** A message of an extension that says its type: `filters.http.rbac.v3.RBAC`. */
export function extension(type: string, config: Message = {}): Message {
  return typed(`extensions.${type}`, config);
}

/** What requests of health checks are answered, by path. */
const CHECKED = {
  '/check/200': { default: { status: 200 } },
  '/check/503': { default: { status: 503 } },
  '/check/404': { default: { status: 404 } },
  '/check/429': { default: { status: 429 } },
  '/check/degraded': { default: { status: 200, headers: { 'x-envoy-degraded': '1' } } },
} as const;
const GOOD = { '/check/some': { default: { status: 200 } } } as const;
const BAD = { '/check/some': { default: { status: 503 } } } as const;

export const UPSTREAMS: Readonly<Record<Upstream, UpstreamSpec>> = {
  a0: { paths: { ...CHECKED, ...GOOD } },
  a1: { paths: { ...CHECKED, ...BAD } },
  a2: { paths: { ...CHECKED, ...GOOD } },
  a3: { paths: { ...CHECKED, ...BAD } },
  r0: { refuse: true },
};

/** How many numbers a step takes. */
export function requestsIn(step: SubjectStep): number {
  const countOf = ({ n = 1, stats }: RequestSpec) => (stats === undefined ? n : 0);
  if ('req' in step) return countOf(step.req);
  return step.batch.reduce((sum, item) => sum + countOf(item), 0);
}
