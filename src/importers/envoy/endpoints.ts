/**
 * `ClusterLoadAssignment` → the members of a cluster, inline or from a file.
 *
 * Source: Envoy v3 API, config/endpoint/v3; policy-engine.md §6.1, 6.4.
 */
import type { Endpoint, EndpointCheck } from '../../core/engine.ts';
import type { NameIds } from '../name-ids.ts';
import { hostAndPort } from '../resolve/endpoints.ts';
import type { Fields } from './fields.ts';
import { readLbMetadata } from './metadata.ts';

interface SocketAddress {
  readonly host: string;
  readonly port: number;
}

const HEALTH = ['UNKNOWN', 'HEALTHY', 'UNHEALTHY', 'DRAINING', 'TIMEOUT', 'DEGRADED'] as const;

export function readEndpoints(fields: Fields, ids: NameIds): Endpoint[] {
  fields.ignore('cluster_name', 'named_endpoints');
  const policy = readPolicy(fields.message('policy', 'ClusterLoadAssignment.Policy'));
  const groups = fields.messages('endpoints', 'LocalityLbEndpoints');
  const members = groups.flatMap((group) => readGroup(group, ids, policy));
  fields.close();
  // Stable, so within a priority the file's order stays.
  return members.sort((a, b) => a.priority - b.priority);
}

type PolicyFacts = Pick<
  Endpoint,
  'dropMillionths' | 'overprovisioningPercent' | 'weightsPriorities'
>;

function readPolicy(fields: Fields | undefined): PolicyFacts {
  const factor = fields?.integer('overprovisioning_factor', 1);
  const isWeighted = fields?.flag('weighted_priority_health') === true;
  const dropMillionths = fields === undefined ? 0 : readDrops(fields);
  fields?.close();
  return {
    ...(dropMillionths === 0 ? {} : { dropMillionths }),
    ...(factor === undefined ? {} : { overprovisioningPercent: factor }),
    ...(isWeighted ? { weightsPriorities: true } : {}),
  };
}

const MILLION = 1_000_000;

/** The share of requests that are dropped, in millionths; Envoy takes one category. */
function readDrops(policy: Fields): number {
  const drops = policy.messages('drop_overloads', 'DropOverload');
  const shares = drops.map((drop) => {
    drop.ignore('category');
    const share = drop.fraction('drop_percentage');
    drop.close();
    return share === undefined ? 0 : (share.numerator / share.denominator) * MILLION;
  });
  if (drops.length > 1) {
    policy.node.error('MQ-ENVOY-003', 'only one drop_overloads entry is allowed');
  }
  return Math.min(MILLION, Math.round(shares[0] ?? 0));
}

/** region/zone/subzone, as far as they are given. */
export function readLocalityName(fields: Fields): string {
  const parts = ['region', 'zone', 'sub_zone'].map((part) => fields.text(part) ?? '');
  fields.close();
  return parts.join('/').replace(/\/+$/, '');
}

function readGroup(fields: Fields, ids: NameIds, policy: PolicyFacts): Endpoint[] {
  const priority = fields.integer('priority', 0, 128) ?? 0;
  const localityWeight = fields.integer('load_balancing_weight', 1);
  const locality = fields.message('locality', 'Locality');
  const group: GroupFacts = {
    priority,
    locality: locality === undefined ? '' : readLocalityName(locality),
    ...(localityWeight === undefined ? {} : { localityWeight }),
    ...policy,
  };
  const endpoints = fields.messages('lb_endpoints', 'LbEndpoint');
  const members = endpoints.flatMap((endpoint) => readEndpoint(endpoint, group, ids) ?? []);
  fields.close();
  return members;
}

type GroupFacts = PolicyFacts & Pick<Endpoint, 'priority' | 'locality' | 'localityWeight'>;

function readEndpoint(fields: Fields, group: GroupFacts, ids: NameIds): Endpoint | undefined {
  const endpoint = fields.message('endpoint', 'Endpoint');
  const address = endpoint === undefined ? undefined : readAddress(endpoint);
  const hostname = endpoint?.text('hostname');
  const check = readCheck(endpoint?.message('health_check_config', 'HealthCheckConfig'), address);
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
    ...(check === undefined ? {} : { check }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}

function readCheck(
  fields: Fields | undefined,
  own: SocketAddress | undefined,
): EndpointCheck | undefined {
  if (fields === undefined || own === undefined) return undefined;
  const port = fields.integer('port_value', 0, 65_535) ?? 0;
  const hostname = fields.text('hostname') ?? '';
  const isOff = fields.flag('disable_active_health_check');
  const other = fields.has('address') ? readAddress(fields) : undefined;
  fields.close();
  const at = other ?? (port === 0 ? undefined : { ...own, port });
  return {
    ...(at === undefined ? {} : { address: hostAndPort(at.host, at.port) }),
    ...(hostname === '' ? {} : { hostname }),
    ...(isOff ? { isOff } : {}),
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
export function readAddress(owner: Fields): SocketAddress | undefined {
  const address = owner.message('address', 'Address');
  const socket = address?.message('socket_address', 'SocketAddress');
  const host = socket?.text('address');
  const port = socket?.integer('port_value', 0, 65_535);
  socket?.ignore('protocol');
  socket?.close();
  address?.close();
  return host === undefined || port === undefined ? undefined : { host, port };
}
