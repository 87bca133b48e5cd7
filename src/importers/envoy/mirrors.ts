/**
 * `request_mirror_policies` → which clusters get copies of which requests.
 *
 * Source: Envoy v3 API, RouteAction.RequestMirrorPolicy; policy-engine.md §8.4.
 */
import type { MirrorPolicy } from '../../mesh/config/config.ts';
import type { Fields } from './fields.ts';
import { readHeaderMutationList } from './header-mutations.ts';
import type { RouteReading } from './route-reading.ts';

/** undefined = the field is not there, so that a less specific level counts. */
export function readMirrors(
  owner: Fields,
  reading: RouteReading,
): readonly MirrorPolicy[] | undefined {
  if (!owner.has('request_mirror_policies')) return undefined;
  return owner.messages('request_mirror_policies', 'RequestMirrorPolicy').map((fields) => {
    fields.ignore('trace_sampled');
    const cluster = fields.text('cluster') ?? '';
    if (cluster !== '') reading.checkCluster(cluster, fields.get('cluster')!);
    const policy = {
      cluster,
      clusterHeader: (fields.text('cluster_header') ?? '').toLowerCase(),
      fraction: fields.runtimeFraction('runtime_fraction', reading.runtime) ?? null,
      keepsHost: fields.flag('disable_shadow_host_suffix_append'),
      hostRewrite: fields.text('host_rewrite_literal') ?? '',
      requestHeaders: readHeaderMutationList(fields, 'request_headers_mutations'),
    };
    fields.close();
    return policy;
  });
}
