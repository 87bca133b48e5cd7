/**
 * `trafficPolicy` of a DestinationRule, of a subset, or of one port.
 *
 * Source: config-istio.md §5.1, §5.11 VD-2, VD-4.
 */
import type { LocalitySettings, PolicyBlocks, TrafficPolicy } from '../mesh-resources.ts';
import { type FieldRules, type Message, notModelled, openMessage, readFields } from '../message.ts';
import { withoutAbsent } from '../optional.ts';
import type { SourceNode } from '../source-node.ts';
import { readConnectionPool, readRetryBudget } from './connection-pool.ts';
import { readLoadBalancer } from './load-balancer.ts';
import { readLocalityLb } from './locality-lb.ts';
import { readOutlierDetection } from './outlier-detection.ts';
import { readUpstreamTls } from './upstream-tls.ts';

const BLOCKS: FieldRules = {
  ...readFields('loadBalancer', 'connectionPool', 'outlierDetection', 'tls'),
};
const POLICY: FieldRules = {
  ...BLOCKS,
  ...readFields('portLevelSettings', 'retryBudget'),
  ...notModelled('tunnelling is not modelled', 'tunnel'),
  ...notModelled('the PROXY protocol is not modelled', 'proxyProtocol'),
};
const PORT_POLICY: FieldRules = { ...BLOCKS, ...readFields('port') };
const PORT = readFields('number');
const MAX_PORTS = 4096;

export function readTrafficPolicy(node: SourceNode): TrafficPolicy | undefined {
  const message = openMessage(node, POLICY, 'TrafficPolicy');
  if (message === undefined) return undefined;
  if (isEmpty(message)) {
    node.error('MQ-DEST-002', 'a trafficPolicy needs at least one block');
    return undefined;
  }
  const retryBudget = message.placed('retryBudget', readRetryBudget)?.value;
  const ports = readPorts(message);
  const blocks = readBlocks(message);
  warnOfIdleFailover(message, blocks);
  return { at: message.at, ports, ...blocks, ...withoutAbsent({ retryBudget }) };
}

/** Without outlier detection no endpoint is ever found unhealthy, so nothing fails over. */
function warnOfIdleFailover(message: Message, blocks: PolicyBlocks): void {
  const { locality, outlierDetection } = blocks;
  const given = (locality?.failover.length ?? 0) + (locality?.failoverPriority.length ?? 0);
  if (locality === undefined || given === 0 || outlierDetection !== undefined) return;
  const text = 'failover does nothing without outlierDetection beside it';
  message.node.diagnostics.warning('MQ-DEST-016', locality.at, text);
}

/** An empty list of ports counts as absent. */
function isEmpty(message: Message): boolean {
  return message
    .names()
    .every((name) => name === 'portLevelSettings' && message.list(name).length === 0);
}

function readBlocks(message: Message): PolicyBlocks {
  return withoutAbsent({
    loadBalancer: message.placed('loadBalancer', readLoadBalancer),
    locality: localityOf(message.get('loadBalancer')),
    connectionPool: message.placed('connectionPool', readConnectionPool)?.value,
    outlierDetection: message.placed('outlierDetection', readOutlierDetection)?.value,
    tls: message.placed('tls', readUpstreamTls)?.value,
  });
}

function localityOf(loadBalancer: SourceNode | undefined): LocalitySettings | undefined {
  const node = loadBalancer?.get('localityLbSetting') ?? loadBalancer?.get('locality_lb_setting');
  return node === undefined || node.kind === 'null' ? undefined : readLocalityLb(node);
}

function readPorts(message: Message): ReadonlyMap<number, PolicyBlocks> {
  const nodes = message.list('portLevelSettings');
  if (nodes.length > MAX_PORTS) {
    message.get('portLevelSettings')?.error('MQ-DEST-004', `more than ${MAX_PORTS} ports`);
    return new Map();
  }
  const ports = new Map<number, PolicyBlocks>();
  for (const node of nodes) {
    const entry = node.kind === 'null' ? undefined : openMessage(node, PORT_POLICY, 'PortPolicy');
    const port = entry === undefined ? undefined : readPort(entry, node);
    if (node.kind === 'null') node.error('MQ-DEST-004', 'a port level setting must not be null');
    // Of several entries for one port the first is in force.
    if (entry !== undefined && port !== undefined && !ports.has(port)) {
      ports.set(port, readBlocks(entry));
    }
  }
  return ports;
}

function readPort(entry: Message, node: SourceNode): number | undefined {
  if (!Object.keys(BLOCKS).some((block) => entry.has(block))) {
    const blocks = Object.keys(BLOCKS).join(', ');
    node.error('MQ-DEST-004', `a port level setting needs one of ${blocks}`);
  }
  const port = entry.get('port');
  if (port === undefined) {
    node.error('MQ-DEST-004', 'a port level setting needs port: { number: … }');
    return undefined;
  }
  const number = openMessage(port, PORT, 'PortSelector')?.get('number');
  return number === undefined ? 0 : number.integer(0, 4_294_967_295);
}
