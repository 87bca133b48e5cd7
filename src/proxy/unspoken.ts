/**
 * What the engine can do and the proxy on sockets cannot yet: TLS, HTTP/2 and TCP proxies.
 *
 * Asked before a bootstrap is started; whoever only reads one (`validate`, `describe`, `export`) may
 * have it all.
 */
import { Diagnostics } from '../core/diagnostics.ts';
import { InputError } from '../core/errors.ts';
import type { MeshFile } from '../importers/index.ts';
import type { MeshConfig } from '../mesh/config/config.ts';
import type { HealthCheckConfig } from '../mesh/config/health-check.ts';

/** @throws InputError that names every listener and cluster that would have to speak it */
export function refuseUnspoken(config: MeshConfig, file: MeshFile): void {
  const diagnostics = new Diagnostics();
  for (const [who, protocol] of unspokenBy(config)) {
    const at = { file: file.path, line: 1, column: 1 };
    diagnostics.error(
      'MQ-ENVOY-002',
      at,
      `${who} speaks ${protocol}, which this proxy does not yet`,
    );
  }
  if (!diagnostics.hasErrors) return;
  throw new InputError(diagnostics.sorted(), new Map([[file.path, file.text]]));
}

/** Who speaks what, in the order of the configuration. */
function unspokenBy({ listeners, clusters }: MeshConfig): [who: string, protocol: string][] {
  const found: [string, string][] = [];
  for (const { name, tls, tcp } of listeners) {
    if (tls !== undefined) found.push([`listener "${name}"`, 'TLS']);
    if (tcp !== undefined) found.push([`listener "${name}"`, 'TCP']);
  }
  for (const { name, tls, protocol, healthChecks = [] } of clusters) {
    if (tls !== null) found.push([`cluster "${name}"`, 'TLS']);
    if (protocol !== 'http1') found.push([`cluster "${name}"`, 'HTTP/2']);
    else if (healthChecks.some(({ probe }) => speaksHttp2(probe))) {
      found.push([`a health check of cluster "${name}"`, 'HTTP/2']);
    }
  }
  return found;
}

function speaksHttp2(probe: HealthCheckConfig['probe']): boolean {
  return probe.kind === 'grpc' || (probe.kind === 'http' && probe.isHttp2 === true);
}
