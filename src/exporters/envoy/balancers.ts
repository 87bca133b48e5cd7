/**
 * Balancers: `lb_policy` with its options, or a typed extension where only that can say it.
 *
 * Source: Envoy v3 API, config/cluster/v3 and extensions/load_balancing_policies.
 */
import type { LoadBalancerConfig } from '../../mesh/config/config.ts';
import { ENVOY, LEAST_REQUEST } from '../../mesh/config/defaults.ts';
import type { SlowStartConfig } from '../../mesh/config/load-balancing.ts';
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
} from './message.ts';
import { hashPolicy } from './routes.ts';

const PREFIX = 'load_balancing_policies.';

/** The fields of a cluster that name its balancer. */
export function balancing(lb: LoadBalancerConfig): Message {
  switch (lb.kind) {
    case 'round-robin': {
      const options = given(lb.slowStart, slowStart);
      return { round_robin_lb_config: options };
    }
    case 'random':
      return { lb_policy: 'RANDOM' };
    case 'least-request':
      return leastRequest(lb);
    case 'ring-hash':
    case 'maglev':
      return hashing(lb);
    case 'client-side-weighted-round-robin':
      return clientSideWeighted(lb);
    case 'peak-ewma':
      return {}; // Linkerd's; what comes back is another one, which is named
  }
}

function typedPolicy(name: string, type: string, fields: Message): Message {
  const made = extension(name, PREFIX + type, fields);
  return { load_balancing_policy: { policies: [{ typed_extension_config: made }] } };
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

type Of<K extends LoadBalancerConfig['kind']> = Extract<LoadBalancerConfig, { kind: K }>;

function leastRequest(lb: Of<'least-request'>): Message {
  const bias = lb.activeRequestBias;
  const fields = message({
    choice_count: unless(lb.choiceCount, LEAST_REQUEST.choiceCount),
    active_request_bias:
      bias === LEAST_REQUEST.activeRequestBias
        ? undefined
        : { default_value: bias, runtime_key: 'least_request.active_request_bias' },
    ...given(lb.slowStart, slowStart),
  });
  if (lb.fullScan) {
    const type = 'least_request.v3.LeastRequest';
    return typedPolicy('least-request', type, { ...fields, selection_method: 'FULL_SCAN' });
  }
  const isPlain = Object.keys(fields).length === 0;
  return {
    lb_policy: 'LEAST_REQUEST',
    least_request_lb_config: isPlain ? undefined : fields,
  };
}

function hashing(lb: Of<'ring-hash'> | Of<'maglev'>): Message {
  const isMurmur = lb.kind === 'ring-hash' && lb.hashFunction === 'murmur-hash-2';
  const fields =
    lb.kind === 'maglev'
      ? message({ table_size: unless(lb.tableSize, ENVOY.maglev.tableSize.value) })
      : message({
          minimum_ring_size: unless(lb.minimumRingSize, ENVOY.ringHash.minimumRingSize.value),
          maximum_ring_size: unless(lb.maximumRingSize, ENVOY.ringHash.maximumRingSize.value),
          hash_function: isMurmur ? 'MURMUR_HASH_2' : undefined,
        });
  if (lb.hashPolicy !== undefined) {
    const type = lb.kind === 'maglev' ? 'maglev.v3.Maglev' : 'ring_hash.v3.RingHash';
    const common = message({
      hash_balance_factor: unless(lb.balanceFactorPercent, 0),
      use_hostname_for_hashing: flag(lb.usesHostname),
      hash_policy: filled(lb.hashPolicy.map(hashPolicy)),
    });
    return typedPolicy(lb.kind, type, { ...fields, consistent_hashing_lb_config: common });
  }
  const options = Object.keys(fields).length === 0 ? undefined : fields;
  return lb.kind === 'maglev'
    ? { lb_policy: 'MAGLEV', maglev_lb_config: options }
    : { lb_policy: 'RING_HASH', ring_hash_lb_config: options };
}

function clientSideWeighted(lb: Of<'client-side-weighted-round-robin'>): Message {
  const type = 'client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin';
  return typedPolicy(lb.kind, type, {
    blackout_period: duration(lb.blackoutPeriodMs),
    weight_expiration_period: duration(lb.weightExpirationPeriodMs),
    weight_update_period: duration(lb.weightUpdatePeriodMs),
    error_utilization_penalty: lb.errorUtilizationPenalty,
    metric_names_for_computing_utilization: filled(lb.metricNames),
    ...given(lb.slowStart, slowStart),
  });
}
