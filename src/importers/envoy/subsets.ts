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

export function readSubsets(owner: Fields): SubsetConfig | undefined {
  const fields = owner.message('lb_subset_config', 'LbSubsetConfig');
  if (fields === undefined) return undefined;
  const defaults = fields.get('default_subset');
  const words = Object.keys(FALLBACKS) as (keyof typeof FALLBACKS)[];
  const config = {
    fallback: FALLBACKS[fields.oneOf('fallback_policy', words) ?? 'NO_FALLBACK'],
    defaultSubset: defaults === undefined ? {} : metadataOf(defaults),
    selectors: fields.messages('subset_selectors', 'LbSubsetSelector').map(readSelector),
    listAsAny: fields.flag('list_as_any'),
    panicModeAny: fields.flag('panic_mode_any'),
    allowRedundantKeys: false,
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
  return selector;
}
