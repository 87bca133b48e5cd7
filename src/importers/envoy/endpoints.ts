/**
 * `ClusterLoadAssignment` → the members of a cluster, inline or from a file.
 *
 * Source: Envoy v3 API, config/endpoint/v3; policy-engine.md §6.1, 6.4.
 */
import type { Endpoint } from '../../core/engine.ts';
import type { NameIds } from '../name-ids.ts';
import { hostAndPort } from '../resolve/endpoints.ts';
import type { Fields } from './fields.ts';
import { readLbMetadata } from './metadata.ts';

const HEALTH = ['UNKNOWN', 'HEALTHY', 'UNHEALTHY', 'DRAINING', 'TIMEOUT', 'DEGRADED'] as const;

export function readEndpoints(fields: Fields, ids: NameIds): Endpoint[] {
  fields.ignore('cluster_name', 'named_endpoints');
  const policy = fields.message('policy', 'ClusterLoadAssignment.Policy');
  const factor = policy?.integer('overprovisioning_factor', 1);
  policy?.close();
  const groups = fields.messages('endpoints', 'LocalityLbEndpoints');
  const members = groups.flatMap((group) => readGroup(group, ids, factor));
  fields.close();
  // Stable, so within a priority the file's order stays.
  return members.sort((a, b) => a.priority - b.priority);
}

function readGroup(fields: Fields, ids: NameIds, factor: number | undefined): Endpoint[] {
  const priority = fields.integer('priority', 0, 128) ?? 0;
  const localityWeight = fields.integer('load_balancing_weight', 1);
  const locality = fields.message('locality', 'Locality');
  const parts = ['region', 'zone', 'sub_zone'].map((part) => locality?.text(part) ?? '');
  locality?.close();
  const group: GroupFacts = {
    priority,
    locality: parts.join('/').replace(/\/+$/, ''),
    ...(localityWeight === undefined ? {} : { localityWeight }),
    ...(factor === undefined ? {} : { overprovisioningPercent: factor }),
  };
  const endpoints = fields.messages('lb_endpoints', 'LbEndpoint');
  const members = endpoints.flatMap((endpoint) => readEndpoint(endpoint, group, ids) ?? []);
  fields.close();
  return members;
}

type GroupFacts = Pick<
  Endpoint,
  'priority' | 'locality' | 'localityWeight' | 'overprovisioningPercent'
>;

function readEndpoint(fields: Fields, group: GroupFacts, ids: NameIds): Endpoint | undefined {
  const endpoint = fields.message('endpoint', 'Endpoint');
  const address = endpoint === undefined ? undefined : readAddress(endpoint);
  const hostname = endpoint?.text('hostname');
  const check = endpoint?.message('health_check_config', 'HealthCheckConfig');
  check?.close();
  endpoint?.close();
  const weight = fields.integer('load_balancing_weight', 1) ?? 1;
  const status = fields.oneOf('health_status', HEALTH) ?? 'UNKNOWN';
  const metadata = readLbMetadata(fields, 'metadata');
  fields.close();
  if (address === undefined) {
    fields.node.error('MQ-FIELD-003', 'an endpoint needs endpoint.address.socket_address');
    return undefined;
  }
  const text = hostAndPort(address.host, address.port);
  return {
    id: ids.endpoint(text),
    address: text,
    hostname: hostname ?? text,
    labels: {},
    weight,
    health: HEALTH_OF[status],
    ...group,
    ...(metadata === undefined ? {} : { metadata }),
  };
}

const HEALTH_OF = {
  UNKNOWN: 'healthy',
  HEALTHY: 'healthy',
  UNHEALTHY: 'unhealthy',
  TIMEOUT: 'unhealthy',
  DRAINING: 'draining',
  DEGRADED: 'degraded',
} as const;

/** `address.socket_address` of a message that has an `address`. */
export function readAddress(owner: Fields): { host: string; port: number } | undefined {
  const address = owner.message('address', 'Address');
  const socket = address?.message('socket_address', 'SocketAddress');
  const host = socket?.text('address');
  const port = socket?.integer('port_value', 0, 65_535);
  socket?.ignore('protocol');
  socket?.close();
  address?.close();
  return host === undefined || port === undefined ? undefined : { host, port };
}
