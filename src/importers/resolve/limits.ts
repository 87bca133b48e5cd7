/**
 * What a resolved mesh does not reproduce, in sentences for the summary.
 *
 * Source: config-istio.md §2.12, 5.9, 6.4.
 */
import type { MeshResources } from '../mesh-resources.ts';
import type { ServiceInfo } from '../service-info.ts';
import { offersTls } from './security.ts';

const ALWAYS: readonly string[] = [
  'requests to hosts that no service has are answered with 502; passing them through to where ' +
    'they were going (outboundTrafficPolicy ALLOW_ANY) is not modelled',
];
const PATHS_AS_SENT =
  'access rules see paths as they were sent; normalising them first (pathNormalization) is not modelled';
const PLAIN_TEXT = 'connections are plain text: no endpoint offers mTLS';

/** One line each, in the order of the services. */
export function limitsOf(services: readonly ServiceInfo[], resources: MeshResources): string[] {
  const security = services.some(({ endpoints }) => endpoints.some(offersTls)) ? [] : [PLAIN_TEXT];
  if (resources.authorizationPolicies.length > 0) security.push(PATHS_AS_SENT);
  return [...ALWAYS, ...security, ...services.flatMap(limitsOfService)];
}

function limitsOfService(service: ServiceInfo): string[] {
  const lines: string[] = [];
  for (const { number, protocol } of service.ports) {
    const port = `port ${number} of ${service.host}`;
    if (protocol === 'http2' || protocol === 'grpc') {
      lines.push(`${port} speaks HTTP/2, which is modelled as HTTP/1.1`);
    } else if (protocol === 'unknown') {
      lines.push(`${port} names no protocol, which is modelled as declared HTTP`);
    } else if (protocol !== 'http') {
      lines.push(`${port} speaks ${protocol}, which is not modelled: it has no listener`);
    }
  }
  if (service.isHeadless === true) {
    const text = 'is headless; its requests are balanced instead of sent to the address called';
    lines.push(`${service.host} ${text}`);
  }
  return lines;
}
