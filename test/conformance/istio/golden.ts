/**
 * What is kept of an answer of istiod: everything about HTTP traffic, one line per object.
 *
 * Left out: the catch-all listeners and hosts (what happens to traffic that no service is for), and
 * filters that carry no policy. Names and values are istiod's own.
 */
import type { Json, JsonMap } from './fields.ts';

export interface Golden {
  /** By object: the reasons for which istiod refuses it; empty = accepted. */
  readonly verdicts: Readonly<Record<string, readonly string[]>>;
  readonly outbound: Readonly<Record<string, Json>>;
  readonly routes: Readonly<Record<string, readonly Json[]>>;
  readonly inbound: Readonly<Record<string, Json>>;
  readonly clusters: Readonly<Record<string, Json>>;
}

interface Verdict {
  readonly object: string;
  readonly schemaErrors: readonly string[];
  readonly webhookErrors: readonly string[];
}

const SILENT_FILTERS =
  /grpc_stats|metadata_exchange|istio\.(alpn|stats)|filters\.http\.(cors|router)/;

export function toGolden(policy: JsonMap, verdicts: readonly Verdict[]): Golden {
  const listeners = Object.entries(map(policy['listeners']));
  return {
    verdicts: verdictsOf(verdicts),
    outbound: Object.fromEntries(listeners.flatMap(([name, item]) => outbound(name, map(item)))),
    routes: Object.fromEntries(
      Object.entries(map(policy['routes'])).map(([name, hosts]) => [name, withoutCatchAll(hosts)]),
    ),
    inbound: inbound(map(map(policy['listeners'])['virtualInbound'])),
    clusters: Object.fromEntries(
      Object.entries(map(policy['clusters'])).map(([name, item]) => [name, cluster(map(item))]),
    ),
  };
}

export function verdictsOf(verdicts: readonly Verdict[]): Golden['verdicts'] {
  return Object.fromEntries(
    verdicts.map((item) => [item.object, [...item.schemaErrors, ...item.webhookErrors]]),
  );
}

/** A line for each object, so that a change is a readable difference. */
export function goldenText(golden: object): string {
  const sections = Object.entries(golden).map(([name, items]) => {
    const lines = Object.entries(items as JsonMap).map(
      ([key, value]) => `    ${JSON.stringify(key)}: ${JSON.stringify(value)}`,
    );
    return `  ${JSON.stringify(name)}: {${lines.length === 0 ? '' : `\n${lines.join(',\n')}\n  `}}`;
  });
  return `{\n${sections.join(',\n')}\n}\n`;
}

function map(value: Json | undefined): JsonMap {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isMap ? (value as JsonMap) : {};
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function withoutCatchAll(hosts: Json): readonly Json[] {
  return list(hosts).filter((host) => map(host)['name'] !== 'allow_any');
}

/** The certificates of automatic mTLS are not what is compared; that it is on, is. */
function cluster(item: JsonMap): Json {
  return map(item['tls'])['auto'] === undefined ? item : { ...item, tls: 'auto' };
}

function outbound(name: string, listener: JsonMap): [string, Json][] {
  if (listener['direction'] !== 'OUTBOUND' || name === 'virtualOutbound') return [];
  const manager = managers(listener)[0];
  return manager === undefined ? [] : [[name, manager]];
}

function managers(listener: JsonMap): Json[] {
  return list(listener['filterChains']).flatMap((chain) => manager(map(chain)) ?? []);
}

function manager(chain: JsonMap): Json | undefined {
  const found = list(chain['filters']).find((filter) =>
    String(map(filter)['name']).endsWith('http_connection_manager'),
  );
  if (found === undefined) return undefined;
  const { httpFilters, streamIdleTimeout = null, rds = null, routeConfig } = map(found);
  const filters = list(httpFilters).filter((filter) => {
    return typeof filter !== 'string' || !SILENT_FILTERS.test(filter);
  });
  const routes = routeConfig === undefined ? {} : { routeConfig };
  return { filters, streamIdleTimeout, rds, ...routes };
}

/** HTTP of each port, and what it asks of connections where that is not both: TLS and plain text. */
function inbound(listener: JsonMap): Record<string, Json> {
  const ports: Record<string, { manager: Json; transports: Set<Json | undefined> }> = {};
  for (const chain of list(listener['filterChains'])) {
    const match = map(map(chain)['match']);
    const port = match['destinationPort'];
    const found = port === undefined ? undefined : manager(map(chain));
    if (found === undefined) continue;
    const entry = (ports[String(port)] ??= { manager: found, transports: new Set() });
    entry.transports.add(match['transportProtocol']);
  }
  return Object.fromEntries(
    Object.entries(ports).map(([port, { manager: found, transports }]) => {
      if (transports.size > 1) return [port, found];
      return [port, { ...map(found), mtls: transports.has('tls') ? 'strict' : 'disable' }];
    }),
  );
}
