/**
 * How many subjects, which do not touch each other, become one conformance case.
 */
import { stringify } from 'yaml';
import type { Case, Check, RequestSpec } from '../case-file.ts';
import { CLUSTER_COUNTERS, LISTENER_COUNTERS, LOG_FIELDS, PER_REQUEST } from './checks.ts';
import {
  extension,
  type Frame,
  type Message,
  requestsIn,
  type Subject,
  type SubjectCluster,
  type SubjectStep,
  UPSTREAMS,
} from './subject.ts';

const SETTLE_MS = 120;
const LOG_FORMAT = [
  'REQ(X-CASE-REQ)',
  'RESPONSE_CODE',
  'RESPONSE_FLAGS',
  'RESPONSE_CODE_DETAILS',
  'UPSTREAM_REQUEST_ATTEMPT_COUNT',
  ...LOG_FIELDS,
]
  .map((name) => `%${name}%`)
  .join('\t');

/** The case in which several subjects take their turns, and the checks of each. */
export interface Composed {
  readonly found: Case;
  /** Indexed as the subjects: first check, and the one behind the last. */
  readonly checks: readonly (readonly [from: number, to: number])[];
  /** Counters of the listener, which all subjects share: the last check. */
  readonly shared: number;
}

export function compose(id: string, frame: Frame, subjects: readonly Subject[]): Composed {
  const compare: Check[] = [];
  const checks: (readonly [number, number])[] = [];
  const client: SubjectStep[] = [];
  let count = 0;
  subjects.forEach((subject, index) => {
    const first = count + 1;
    for (const step of subject.steps) {
      client.push(ownStep(step, index));
      count += requestsIn(step);
    }
    const reqs = `${first}-${count}`;
    const from = compare.length;
    for (const check of PER_REQUEST) compare.push({ ...check, reqs });
    for (const letter of Object.keys(subject.clusters)) {
      const prefix = `cluster.${own(letter, index)}.`;
      compare.push({ what: 'counters', names: CLUSTER_COUNTERS.map((name) => prefix + name) });
    }
    for (const check of subject.checks ?? []) compare.push(ownCheck(check, reqs, index));
    checks.push([from, compare.length]);
  });
  const names = LISTENER_COUNTERS.map((name) => `http.in.${name}`);
  const shared = compare.push({ what: 'counters', names }) - 1;
  const found: Case = {
    id,
    title: 'drawn by the differential test',
    spec: 'differential',
    bootstrap: bootstrapText(frame, subjects),
    upstreams: UPSTREAMS,
    client,
    compare,
    certs: false,
    files: {},
    expectsStartFailure: false,
    settleMs: SETTLE_MS,
  };
  return { found, checks, shared };
}

/** As a file that the runner of cases reads. */
export function caseText({ id, title, spec, bootstrap, upstreams, client, compare }: Case): string {
  return stringify(
    { id, title, spec, upstreams, client, compare, settle_ms: SETTLE_MS, bootstrap },
    { lineWidth: 0, aliasDuplicateObjects: false },
  );
}

// Names

function own(letter: string, index: number): string {
  return `s${index}${letter}`;
}

/** Texts that are a name of the subject's own. */
function named<T>(value: T, index: number): T {
  return JSON.parse(
    JSON.stringify(value).replace(/"@(?!type")(\w+)"/g, (_all, name) => `"${own(name, index)}"`),
  );
}

function ownStep(step: SubjectStep, index: number): SubjectStep {
  if ('req' in step) return { req: hosted(step.req, index) };
  return { batch: step.batch.map((item) => hosted(item, index)) };
}

function hosted(request: RequestSpec, index: number): RequestSpec {
  const { raw, headers = {}, ...rest } = named(request, index);
  if (request.stats !== undefined) return named(request, index);
  const host = `s${index}.test`;
  if (raw !== undefined) return { ...rest, raw: raw.replaceAll('@host', host) };
  const pairs = Array.isArray(headers) ? headers : Object.entries(headers);
  const renamed = pairs.map(([name, value]) =>
    name === 'host' ? [name, String(value).replaceAll('@host', host)] : [name, value],
  );
  const given = renamed.some(([name]) => name === 'host') ? [] : [['host', host]];
  return { ...rest, headers: [...given, ...renamed] as unknown as NonNullable<typeof headers> };
}

function ownCheck(check: Check, reqs: string, index: number): Check {
  const { names, at, ...rest } = check;
  const ownName = (name: string) =>
    name.replace(/^@(\w+)\./, (_, a) => `cluster.${own(a, index)}.`);
  const label = at === undefined ? {} : { at: named(at, index) };
  return names === undefined ? { ...rest, reqs } : { ...rest, ...label, names: names.map(ownName) };
}

// The bootstrap

function bootstrapText(frame: Frame, subjects: readonly Subject[]): string {
  const hosts = subjects.map((subject, index) => ({
    name: `s${index}`,
    domains: [`s${index}.test`],
    ...named(subject.virtualHost, index),
  }));
  const clusters = subjects.flatMap((subject, index) =>
    Object.entries(named(subject.clusters, index)).map(([letter, cluster]) =>
      clusterOf(own(letter, index), cluster),
    ),
  );
  const manager = extension('filters.network.http_connection_manager.v3.HttpConnectionManager', {
    stat_prefix: 'in',
    codec_type: 'HTTP1',
    access_log: [
      {
        name: 'file',
        typed_config: extension('access_loggers.file.v3.FileAccessLog', {
          path: '{{access_log}}',
          log_format: { text_format_source: { inline_string: `${LOG_FORMAT}\n` } },
        }),
      },
    ],
    ...frame.manager,
    http_filters: [
      httpFilter('access', 'rbac.v3.RBAC'),
      httpFilter('limit', 'local_ratelimit.v3.LocalRateLimit', { stat_prefix: 'limit' }),
      httpFilter('fault', 'fault.v3.HTTPFault'),
      httpFilter('router', 'router.v3.Router', frame.router),
    ],
    route_config: {
      name: 'routes',
      validate_clusters: false,
      ...frame.routes,
      virtual_hosts: hosts,
    },
  });
  const bootstrap = {
    admin: { address: address('{{admin}}') },
    static_resources: {
      listeners: [
        {
          name: 'listener',
          address: address('{{listener}}'),
          filter_chains: [{ filters: [{ name: 'manager', typed_config: manager }] }],
        },
      ],
      clusters,
    },
  };
  return stringify(bootstrap, {
    lineWidth: 0,
    version: '1.1',
    aliasDuplicateObjects: false,
  }).replace(/"(\{\{[\w.]+\}\})"/g, '$1');
}

function httpFilter(name: string, type: string, config: Message = {}): Message {
  return { name, typed_config: extension(`filters.http.${type}`, config) };
}

function address(port: string): Message {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}

function clusterOf(name: string, { message, groups, policy }: SubjectCluster): Message {
  const endpoints = groups.map(({ priority, hosts, fields }) => ({
    priority,
    ...fields,
    lb_endpoints: hosts.map(({ upstream, fields: ownFields }) => ({
      endpoint: { address: address(`{{up.${upstream}.port}}`) },
      ...ownFields,
    })),
  }));
  return {
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    ...message,
    load_assignment: {
      cluster_name: name,
      endpoints,
      ...(policy === undefined ? {} : { policy }),
    },
  };
}
