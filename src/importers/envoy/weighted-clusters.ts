/**
 * Where a route sends requests: one cluster, one that a header names, or a weighted choice.
 *
 * Source: Envoy v3 API, RouteAction and WeightedCluster; policy-engine.md §8.2.
 */
import type { ForwardAction, WeightedCluster } from '../../mesh/config/config.ts';
import type { Fields } from './fields.ts';
import { readHeaderChanges } from './header-mutations.ts';
import { readRouteFilters } from './http-filters.ts';
import { readLbMetadata } from './metadata.ts';
import type { RouteReading } from './route-reading.ts';

const MOST_WEIGHT = 4_294_967_295;

export function readClusters(
  fields: Fields,
  reading: RouteReading,
): Pick<ForwardAction, 'clusters' | 'clusterHeader' | 'splitBy'> {
  const cluster = fields.text('cluster');
  if (cluster !== undefined) {
    reading.checkCluster(cluster, fields.get('cluster')!);
    return { clusters: [{ cluster, weight: 1 }] };
  }
  const clusterHeader = fields.text('cluster_header');
  if (clusterHeader !== undefined) {
    return { clusters: [], clusterHeader: clusterHeader.toLowerCase() };
  }
  const weighted = fields.message('weighted_clusters', 'WeightedCluster');
  if (weighted !== undefined) return readWeighted(weighted, reading);
  fields.node.error('MQ-FIELD-003', 'a route needs cluster, cluster_header or weighted_clusters');
  return { clusters: [] };
}

function readWeighted(
  weighted: Fields,
  reading: RouteReading,
): Pick<ForwardAction, 'clusters' | 'splitBy'> {
  const prefix = weighted.text('runtime_key_prefix') ?? '';
  const clusters = weighted.messages('clusters', 'ClusterWeight').map((entry) => {
    return readClusterWeight(entry, prefix, reading);
  });
  const header = weighted.text('header_name');
  const isHashed = weighted.flag('use_hash_policy');
  weighted.ignore('total_weight');
  weighted.close();
  const total = clusters.reduce((sum, { weight }) => sum + weight, 0);
  if (total === 0) {
    weighted.node.error('MQ-ENVOY-003', 'the weights of weighted_clusters add up to 0');
  } else if (total > MOST_WEIGHT) {
    const text = `the weights of weighted_clusters add up to more than ${MOST_WEIGHT}`;
    weighted.node.error('MQ-ENVOY-003', text);
  }
  if (isHashed) return { clusters, splitBy: { kind: 'hash-policy' } };
  if (header === undefined) return { clusters };
  return { clusters, splitBy: { kind: 'header', name: header.toLowerCase() } };
}

/** The runtime may say another weight, under `<prefix>.<cluster>`. */
function readClusterWeight(fields: Fields, prefix: string, reading: RouteReading): WeightedCluster {
  const literal = fields.text('host_rewrite_literal');
  const metadata = readLbMetadata(fields, 'metadata_match');
  const name = fields.text('name');
  const header = fields.text('cluster_header');
  const given = fields.integer('weight') ?? 0;
  const filters = readRouteFilters(fields, reading.runtime);
  const weight = prefix === '' ? undefined : reading.runtime.integer(`${prefix}.${name}`);
  if (name !== undefined) reading.checkCluster(name, fields.get('name')!);
  const cluster = {
    cluster: name ?? '',
    weight: weight ?? given,
    ...readHeaderChanges(fields),
    ...(header === undefined ? {} : { clusterHeader: header.toLowerCase() }),
    ...(metadata === undefined ? {} : { metadataMatch: metadata }),
    ...(literal === undefined ? {} : { hostRewrite: { kind: 'literal' as const, value: literal } }),
    ...(filters === undefined ? {} : { filters }),
  };
  fields.close();
  return cluster;
}
