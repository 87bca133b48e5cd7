/**
 * Linkerd's proxies: peak EWMA, gates in place of ejection, a queue in place of panic.
 *
 * Policy comes from annotations of Kubernetes Services. Source: config-other-meshes.md §1.
 */
import { serviceHost } from '../../importers/istio/names.ts';
import type { LinkerdSettings } from '../../importers/linkerd/annotations.ts';
import { linkerdConfig } from '../../importers/linkerd/policy.ts';
import type { DataPlane } from './data-plane.ts';

export const linkerd: DataPlane = {
  kind: 'linkerd',
  hasInbound: true,
  policyOf({ services, virtualServices, destinationRules }, names, diagnostics) {
    for (const { meta } of [...virtualServices, ...destinationRules]) {
      const message = `${meta.kind} "${meta.name}" has no meaning in the data plane "linkerd"`;
      diagnostics.error('MQ-LINKERD-004', meta.at, message);
    }
    const settings = new Map<string, LinkerdSettings>();
    for (const { meta, linkerd: given } of services) {
      if (given !== undefined) settings.set(serviceHost(meta.name, meta.namespace, names), given);
    }
    return (config) => linkerdConfig(config, (host) => settings.get(host));
  },
  limits: [
    'data plane "linkerd": policy comes from annotations of Services; HTTPRoute, ServiceProfile, Server and authorization are not read',
    'data plane "linkerd": proxies speak HTTP/1.1 to each other, one request per connection at a time, not multiplexed HTTP/2',
    'data plane "linkerd": an endpoint that cannot be reached fails the attempt (502), it does not leave the balancer until it can',
  ],
};
