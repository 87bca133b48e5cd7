/**
 * Balancers: `lb_policy` with its options, or typed extensions where only those can say it.
 *
 * Source: Envoy v3 API, config/cluster/v3 and extensions/load_balancing_policies.
 */
import type { ClusterConfig, LoadBalancerConfig } from '../../mesh/config/config.ts';
import { ENVOY, LEAST_REQUEST } from '../../mesh/config/defaults.ts';
import type {
  HashingConfig,
  SlowStartConfig,
  SubsetConfig,
  ZoneRoutingConfig,
} from '../../mesh/config/load-balancing.ts';
import {
  duration,
  extension,
  filled,
  flag,
  given,
  type Message,
  message,
  percent,
  unless,
  unlessEmpty,
} from './message.ts';
import { hashPolicy } from './routes.ts';

const PREFIX = 'load_balancing_policies.';

/** The fields of a cluster that say how it balances; `common_lb_config` may be one of them. */
export function balancing(config: ClusterConfig): Message {
  return needsTypes(config) ? typedBalancing(config) : namedBalancing(config);
}

/** What only extensions can say. */
function needsTypes({ lb, subsets, zoneRouting }: ClusterConfig): boolean {
  if (lb.kind === 'peak-ewma') return false;
  if (lb.kind === 'client-side-weighted-round-robin') return true;
  if (lb.kind === 'least-request' && lb.fullScan) return true;
  if (subsets?.allowRedundantKeys === true || subsets?.selectors.length === 0) return true;
  if (zoneRouting !== undefined && hasNewFields(zoneRouting)) return true;
  if (!isHashing(lb)) return false;
  const { balanceFactorPercent: factor, hashPolicy: policies } = lb;
  return policies !== undefined || (factor > 0 && factor < 100);
}

function hasNewFields({ forceLocalMinSize, basis }: ZoneRoutingConfig): boolean {
  return forceLocalMinSize !== null || basis !== 'hosts';
}

function namedBalancing(config: ClusterConfig): Message {
  const { lb, subsets: groups } = config;
  return {
    ...named(lb),
    lb_subset_config: given(groups, subsets),
    common_lb_config: unlessEmpty({
      ...commonLb(config),
      ...locality(config),
      consistent_hashing_lb_config: isHashing(lb) ? unlessEmpty(consistency(lb)) : undefined,
    }),
  };
}

function named(lb: LoadBalancerConfig): Message {
  const options = unlessEmpty(optionsOf(lb));
  switch (lb.kind) {
    case 'round-robin':
      return { round_robin_lb_config: options };
    case 'random':
      return { lb_policy: 'RANDOM' };
    case 'least-request':
      return { lb_policy: 'LEAST_REQUEST', least_request_lb_config: options };
    case 'ring-hash':
      return { lb_policy: 'RING_HASH', ring_hash_lb_config: options };
    case 'peak-ewma':
      return {}; // Linkerd's; what comes back is another one, which is named
    default:
      return { lb_policy: 'MAGLEV', maglev_lb_config: options };
  }
}

const TYPES = {
  'round-robin': 'round_robin.v3.RoundRobin',
  random: 'random.v3.Random',
  'least-request': 'least_request.v3.LeastRequest',
  'ring-hash': 'ring_hash.v3.RingHash',
  maglev: 'maglev.v3.Maglev',
  'peak-ewma': '',
  'client-side-weighted-round-robin':
    'client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin',
} as const;

function typedBalancing(config: ClusterConfig): Message {
  const { lb, subsets: groups } = config;
  const picking = policies(lb.kind, TYPES[lb.kind], { ...optionsOf(lb), ...typedLocality(config) });
  const isClientSide = lb.kind === 'client-side-weighted-round-robin';
  const inner =
    isClientSide && isLocalityWeighted(config)
      ? policies('localities', 'wrr_locality.v3.WrrLocality', { endpoint_picking_policy: picking })
      : picking;
  const all = (config: SubsetConfig) =>
    policies('subsets', 'subset.v3.Subset', {
      ...subsets(config),
      allow_redundant_keys: flag(config.allowRedundantKeys),
      subset_lb_policy: inner,
    });
  return {
    load_balancing_policy: groups === undefined ? inner : all(groups),
    common_lb_config: unlessEmpty(commonLb(config)),
  };
}

function policies(name: string, type: string, fields: Message): Message {
  return { policies: [{ typed_extension_config: extension(name, PREFIX + type, fields) }] };
}

function typedLocality(config: ClusterConfig): Message {
  const { lb } = config;
  if (lb.kind === 'client-side-weighted-round-robin') return {};
  if (!isHashing(lb)) return { locality_lb_config: unlessEmpty(locality(config)) };
  return {
    locality_weighted_lb_config: isLocalityWeighted(config) ? {} : undefined,
    consistent_hashing_lb_config: unlessEmpty(consistency(lb)),
  };
}

/** One of two alternatives. */
function locality(config: ClusterConfig): Message {
  if (isLocalityWeighted(config)) return { locality_weighted_lb_config: {} };
  const zone = given(config.zoneRouting, zoneRouting);
  const fields = unlessEmpty({ ...zone, fail_traffic_on_panic: flag(config.failsOnPanic) });
  return { zone_aware_lb_config: fields };
}

function zoneRouting(config: ZoneRoutingConfig): Message {
  const { enabledPercent, minClusterSize } = ENVOY.zoneRouting;
  return {
    routing_enabled: given(unless(config.enabledPercent, enabledPercent.value), percent),
    min_cluster_size: unless(config.minClusterSize, minClusterSize.value),
    force_local_zone: given(config.forceLocalMinSize, (size) => ({ min_size: size })),
    locality_basis: config.basis === 'weight' ? 'HEALTHY_HOSTS_WEIGHT' : undefined,
  };
}

function isLocalityWeighted({ endpoints }: ClusterConfig): boolean {
  return endpoints.members.some(({ localityWeight }) => localityWeight !== undefined);
}

/** The rest of `common_lb_config`, which goes with both forms. */
function commonLb(config: ClusterConfig): Message {
  const { panicThresholdPercent, updateMergeWindowMs } = ENVOY.cluster;
  const { panicThresholdPercent: threshold, updateMergeWindowMs: windowMs } = config;
  return {
    healthy_panic_threshold: given(unless(threshold, panicThresholdPercent.value), percent),
    update_merge_window: duration(unless(windowMs, updateMergeWindowMs.value)),
    ignore_new_hosts_until_first_hc: flag(config.excludesUnchecked),
    close_connections_on_host_set_change: flag(config.drainsOnSetChange),
  };
}

function slowStart({ windowMs, aggression, minWeightPercent }: SlowStartConfig): Message {
  const runtime = { default_value: aggression, runtime_key: 'slow_start.aggression' };
  return {
    slow_start_config: message({
      slow_start_window: duration(windowMs),
      aggression: aggression === ENVOY.slowStart.aggression.value ? undefined : runtime,
      min_weight_percent: percent(minWeightPercent),
    }),
  };
}

/** The fields of a balancer's own message. */
function optionsOf(lb: LoadBalancerConfig): Message {
  switch (lb.kind) {
    case 'random':
    case 'peak-ewma':
      return {};
    case 'round-robin':
      return { ...given(lb.slowStart, slowStart) };
    case 'least-request':
      return leastRequest(lb);
    case 'ring-hash':
      return {
        minimum_ring_size: unless(lb.minimumRingSize, ENVOY.ringHash.minimumRingSize.value),
        maximum_ring_size: unless(lb.maximumRingSize, ENVOY.ringHash.maximumRingSize.value),
        hash_function: lb.hashFunction === 'murmur-hash-2' ? 'MURMUR_HASH_2' : undefined,
      };
    case 'maglev':
      return { table_size: unless(lb.tableSize, ENVOY.maglev.tableSize.value) };
    case 'client-side-weighted-round-robin':
      return clientSideWeighted(lb);
  }
}

type Of<K extends LoadBalancerConfig['kind']> = Extract<LoadBalancerConfig, { kind: K }>;

function isHashing(lb: LoadBalancerConfig): lb is Of<'ring-hash'> | Of<'maglev'> {
  return lb.kind === 'ring-hash' || lb.kind === 'maglev';
}

function leastRequest(lb: Of<'least-request'>): Message {
  const bias = lb.activeRequestBias;
  return {
    choice_count: unless(lb.choiceCount, LEAST_REQUEST.choiceCount),
    active_request_bias:
      bias === LEAST_REQUEST.activeRequestBias
        ? undefined
        : { default_value: bias, runtime_key: 'least_request.active_request_bias' },
    selection_method: lb.fullScan ? 'FULL_SCAN' : undefined,
    ...given(lb.slowStart, slowStart),
  };
}

function consistency(lb: HashingConfig): Message {
  return {
    hash_balance_factor: unless(lb.balanceFactorPercent, 0),
    use_hostname_for_hashing: flag(lb.usesHostname),
    hash_policy: filled(lb.hashPolicy?.map(hashPolicy)),
  };
}

function clientSideWeighted(lb: Of<'client-side-weighted-round-robin'>): Message {
  return {
    blackout_period: duration(lb.blackoutPeriodMs),
    weight_expiration_period: duration(lb.weightExpirationPeriodMs),
    weight_update_period: duration(lb.weightUpdatePeriodMs),
    error_utilization_penalty: lb.errorUtilizationPenalty,
    metric_names_for_computing_utilization: filled(lb.metricNames),
    ...given(lb.slowStart, slowStart),
  };
}

function subsets(config: SubsetConfig): Message {
  const word = (text: string) => text.toUpperCase().replaceAll('-', '_');
  const isEmpty = Object.keys(config.defaultSubset).length === 0;
  return message({
    fallback_policy: word(config.fallback),
    default_subset: isEmpty ? undefined : config.defaultSubset,
    subset_selectors: filled(
      config.selectors.map((selector) =>
        message({
          keys: selector.keys,
          single_host_per_subset: flag(selector.isSingleHost),
          fallback_policy: selector.fallback === 'inherit' ? undefined : word(selector.fallback),
          fallback_keys_subset: filled(selector.fallbackKeys),
        }),
      ),
    ),
    list_as_any: flag(config.listAsAny),
    panic_mode_any: flag(config.panicModeAny),
    locality_weight_aware: flag(config.localities !== undefined),
    scale_locality_weight: flag(config.localities === 'scaled'),
    metadata_fallback_policy: config.usesFallbackList ? 'FALLBACK_LIST' : undefined,
  });
}
