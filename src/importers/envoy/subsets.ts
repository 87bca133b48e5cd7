/**
 * `lb_subset_config` of a cluster.
 *
 * Source: Envoy v3 API, config/cluster/v3 LbSubsetConfig; policy-engine.md §7.10.
 */
import type { SubsetConfig, SubsetSelector } from '../../mesh/config/load-balancing.ts';
import type { Fields } from './fields.ts';
import { metadataOf } from './metadata.ts';

const FALLBACKS = {
  NO_FALLBACK: 'no-fallback',
  ANY_ENDPOINT: 'any-endpoint',
  DEFAULT_SUBSET: 'default-subset',
} as const;
const OWN_FALLBACKS = { NOT_DEFINED: 'inherit', ...FALLBACKS, KEYS_SUBSET: 'keys-subset' } as const;

/** @param isLocalityWeighted whether the balancer inside weighs localities */
export function readSubsets(owner: Fields, isLocalityWeighted: boolean): SubsetConfig | undefined {
  const fields = owner.message('lb_subset_config', 'LbSubsetConfig');
  if (fields === undefined) return undefined;
  const subsets = readSubsetFields(fields, isLocalityWeighted);
  // Without selectors the message counts for nothing, fallback included.
  return subsets.selectors.length === 0 ? undefined : subsets;
}

/** Both forms of the message, which differ in one field. */
export function readSubsetFields(fields: Fields, isLocalityWeighted: boolean): SubsetConfig {
  const defaults = fields.get('default_subset');
  const words = Object.keys(FALLBACKS) as (keyof typeof FALLBACKS)[];
  const isAware = fields.flag('locality_weight_aware');
  const isScaled = fields.flag('scale_locality_weight');
  if (isAware && !isLocalityWeighted) {
    const message = 'locality_weight_aware needs localities of weights';
    fields.get('locality_weight_aware')?.keyError('MQ-ENVOY-003', message, {
      fix: 'set locality_weighted_lb_config too',
    });
  }
  const lists = ['METADATA_NO_FALLBACK', 'FALLBACK_LIST'] as const;
  const usesList = fields.oneOf('metadata_fallback_policy', lists) === 'FALLBACK_LIST';
  const localities = isScaled ? ('scaled' as const) : ('weighted' as const);
  const config = {
    fallback: FALLBACKS[fields.oneOf('fallback_policy', words) ?? 'NO_FALLBACK'],
    defaultSubset: defaults === undefined ? {} : metadataOf(defaults),
    selectors: fields.messages('subset_selectors', 'LbSubsetSelector').map(readSelector),
    listAsAny: fields.flag('list_as_any'),
    panicModeAny: fields.flag('panic_mode_any'),
    allowRedundantKeys: fields.kind === 'Subset' && fields.flag('allow_redundant_keys'),
    ...(isAware ? { localities } : {}),
    ...(usesList ? { usesFallbackList: true } : {}),
  };
  fields.close();
  return config;
}

function readSelector(fields: Fields): SubsetSelector {
  const words = Object.keys(OWN_FALLBACKS) as (keyof typeof OWN_FALLBACKS)[];
  const selector = {
    keys: fields.texts('keys'),
    fallback: OWN_FALLBACKS[fields.oneOf('fallback_policy', words) ?? 'NOT_DEFINED'],
    fallbackKeys: fields.texts('fallback_keys_subset'),
    isSingleHost: fields.flag('single_host_per_subset'),
  };
  fields.close();
  const problem = problemOf(selector);
  if (problem !== null) {
    (fields.get('fallback_keys_subset') ?? fields.node).error('MQ-ENVOY-003', problem);
  }
  return selector;
}

/** null = it has none. */
function problemOf({ keys, fallback, fallbackKeys }: SubsetSelector): string | null {
  if (fallback !== 'keys-subset') {
    return fallbackKeys.length === 0 ? null : 'fallback_keys_subset is for KEYS_SUBSET only';
  }
  if (fallbackKeys.length === 0) return 'KEYS_SUBSET needs fallback_keys_subset';
  const stranger = fallbackKeys.find((key) => !keys.includes(key));
  if (stranger !== undefined) return `"${stranger}" of fallback_keys_subset is not among the keys`;
  return keys.every((key) => fallbackKeys.includes(key))
    ? 'fallback_keys_subset has all the keys, so it would find nothing else'
    : null;
}
