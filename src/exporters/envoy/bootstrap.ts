/**
 * The configuration of one proxy → an Envoy bootstrap that says the same.
 *
 * What Envoy does by default is not written out. Reading the text again gives the same configuration;
 * whatever has no counterpart does not come back, and `differences.ts` names it.
 * Source: Envoy v3 API, config/bootstrap/v3.
 */
import { stringify } from 'yaml';
import type { AccessLogPlan } from '../../importers/envoy/access-logs.ts';
import type { FilterConfig, ListenerConfig, MeshConfig } from '../../mesh/config/config.ts';
import type { EdgeConfig } from '../../mesh/config/edge.ts';
import { cluster, locality } from './clusters.ts';
import { listener } from './listeners.ts';
import { flag, given, type Message, message, socketAddress } from './message.ts';
import { overloadManager } from './overload.ts';

export interface BootstrapOptions {
  /** null = none. */
  readonly admin: { readonly host: string; readonly port: number } | null;
  /** By the listener's name. */
  readonly accessLogs: ReadonlyMap<string, readonly AccessLogPlan[]>;
}

/** As JSON. */
export function bootstrapOf(config: MeshConfig, { admin, accessLogs }: BootstrapOptions): Message {
  const names = new Set(config.clusters.map(({ name }) => name));
  return message({
    node: message({
      id: namesOf(config)?.node ?? config.proxyName,
      cluster: namesOf(config)?.cluster ?? checkedName(config) ?? 'meshquake',
      locality: given(config.locality, locality),
    }),
    cluster_manager: given(config.localCluster, (name) => ({ local_cluster_name: name })),
    admin: admin === null ? undefined : { address: socketAddress(admin.host, admin.port) },
    static_resources: {
      listeners: apart(config).map((item) =>
        listener(item, accessLogs.get(item.name) ?? [], names),
      ),
      clusters: config.clusters.map(cluster),
    },
    layered_runtime: runtime(config),
    overload_manager: given(config.overload, overloadManager),
  });
}

/** What Envoy takes from its runtime, and every listener shares. */
function runtime({ listeners, clusters }: MeshConfig): Message | undefined {
  const percents = listeners.flatMap(({ router }) => router?.retryPercent ?? []);
  const maintenance = clusters.flatMap(({ name, maintenancePercent }) =>
    maintenancePercent === undefined
      ? []
      : [[`upstream.maintenance_mode.${name}`, maintenancePercent]],
  );
  const countsActive = clusters.some(
    ({ circuitBreakers }) => circuitBreakers.default.countsActiveAsPending === true,
  );
  const checks = clusters.flatMap(({ healthChecks }) => healthChecks ?? []);
  const values = message({
    ...Object.fromEntries(maintenance),
    'envoy.reloadable_features.skip_pending_overflow_count_on_active_rq': countsActive
      ? false
      : undefined,
    'upstream.use_retry': percents[0],
    'envoy.reloadable_features.local_ratelimit_shadow_mode_no_short_circuit': listeners.some(
      shadowStops,
    )
      ? false
      : undefined,
    'health_check.min_interval': checks[0]?.minIntervalMs,
    'health_check.max_interval': checks[0]?.maxIntervalMs,
    'envoy.reloadable_features.grpc_timeout_returns_deadline_exceeded': flag(
      listeners.some(({ grpcTimeoutsAreDeadlines }) => grpcTimeoutsAreDeadlines),
    ),
  });
  if (Object.keys(values).length === 0) return undefined;
  return { layers: [{ name: 'static', static_layer: values }] };
}

/**
 * A mesh redirects connections to its proxies, which know both directions by one address and port;
 * sockets cannot. Where that is so, the inbound listener takes the address of the workload.
 */
function apart({ listeners, clusters }: MeshConfig): readonly ListenerConfig[] {
  const outbound = listeners.filter(({ direction }) => direction === 'outbound');
  return listeners.map((item) => {
    const isTaken = outbound.some(({ address, port }) => {
      return address === item.address && port === item.port;
    });
    if (item.direction === 'outbound' || !isTaken) return item;
    const own = clusters.find(({ name }) => name === `inbound|${item.port}||`);
    const [member] = own?.endpoints.members ?? [];
    if (member === undefined) return item;
    return { ...item, address: member.address.slice(0, member.address.lastIndexOf(':')) };
  });
}

/** As YAML that Envoy reads too: its reader takes a bare `yes` for true. */
export function bootstrapText(config: MeshConfig, options: BootstrapOptions): string {
  const style = { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false } as const;
  return stringify(bootstrapOf(config, options), style);
}

/** What the proxy calls itself where it fills `user-agent` in. */
function namesOf({ listeners }: MeshConfig): EdgeConfig['userAgent'] {
  const named = listeners.find(({ edge }) => edge !== undefined && edge.userAgent !== null);
  return named?.edge?.userAgent ?? null;
}

/** What a filter asks of the node. */
function checkedName({ listeners }: MeshConfig): string | undefined {
  return listeners.flatMap(({ filters }) => filters).find(isHealthFilter)?.config.ownCluster;
}

function isHealthFilter(
  filter: FilterConfig,
): filter is Extract<FilterConfig, { kind: 'health-check' }> {
  return filter.kind === 'health-check';
}

function shadowStops({ filters }: ListenerConfig): boolean {
  return filters.some((filter) => {
    return filter.kind === 'local-rate-limit' && filter.config.shadowStops === true;
  });
}
