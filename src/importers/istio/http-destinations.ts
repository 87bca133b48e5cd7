/**
 * `http[].route`: destinations and their weights.
 *
 * Weights need not add up to 100 for istiod, which takes them as relative; here that is an error,
 * because a promised share is then not what anybody wrote. The rule is loaded nevertheless.
 * Source: config-istio.md §2.5 (meaning), §2.14 VS-16, VS-17; design.md §10 (MQ-ROUTE-003).
 */
import type { Destination } from '../mesh-resources.ts';
import { type FieldRules, openMessage, readFields } from '../message.ts';
import { withoutAbsent } from '../optional.ts';
import type { SourceNode } from '../source-node.ts';
import { readHeaders } from './headers.ts';
import { isDnsLabel, type MeshNames, readHost, wildcardDomainProblem } from './names.ts';

const ROUTE: FieldRules = {
  ...readFields('destination', 'weight', 'headers'),
};
const DESTINATION = readFields('host', 'subset', 'port');
const PORT = readFields('number');

/** @param ruleName how to call the rule in messages */
export function readDestinations(
  nodes: readonly SourceNode[],
  namespace: string,
  names: MeshNames,
  ruleName: string,
): Destination[] {
  const destinations = nodes.flatMap((node) => readRoute(node, namespace, names) ?? []);
  if (nodes.length > 1 && destinations.length === nodes.length) {
    checkWeights(nodes, destinations, ruleName);
  }
  return destinations;
}

function readRoute(node: SourceNode, namespace: string, names: MeshNames): Destination | undefined {
  const message = openMessage(node, ROUTE, 'VirtualService.http.route');
  const destination = message?.get('destination');
  if (message === undefined) return undefined;
  if (destination === undefined) {
    node.error('MQ-ROUTE-007', 'a route needs a destination');
    return undefined;
  }
  const target = readDestination(destination, namespace, names);
  const optional = withoutAbsent({
    weight: message.placed('weight', readWeight),
    headers: message.placed('headers', readHeaders)?.value,
  });
  return target === undefined ? undefined : { ...target, at: node.position, ...optional };
}

/** One `Destination`. */
export function readDestination(
  node: SourceNode,
  namespace: string,
  names: MeshNames,
): Destination | undefined {
  const target = openMessage(node, DESTINATION, 'Destination');
  const hostNode = target?.get('host');
  if (target === undefined) return undefined;
  if (hostNode === undefined) {
    node.error('MQ-ROUTE-007', 'a destination needs a host');
    return undefined;
  }
  const host = checkedHost(hostNode) ? readHost(hostNode, namespace, names) : undefined;
  const optional = withoutAbsent({
    subset: target.placed('subset', readSubsetName),
    port: target.placed('port', readPort),
  });
  return host === undefined ? undefined : { host, at: node.position, ...optional };
}

function checkedHost(node: SourceNode): boolean {
  const host = node.string();
  if (host === undefined) return false;
  const problem = host === '*' ? 'is not one service' : wildcardDomainProblem(host);
  if (problem !== null) node.error('MQ-ROUTE-007', `destination host "${host}" ${problem}`);
  return problem === null;
}

function readSubsetName(node: SourceNode): string | undefined {
  const name = node.string();
  if (name === undefined || name === '') return undefined;
  if (isDnsLabel(name)) return name;
  node.error('MQ-ROUTE-007', `"${name}" is not a valid subset name`);
  return undefined;
}

function readPort(node: SourceNode): number | undefined {
  const number = openMessage(node, PORT, 'PortSelector')?.get('number');
  if (number !== undefined) return number.integer(1, 65_535);
  node.error('MQ-ROUTE-007', 'a port needs a number', { fix: 'port: { number: 80 }' });
  return undefined;
}

function readWeight(node: SourceNode): number | undefined {
  const weight = node.integer();
  if (weight === undefined || weight >= 0) return weight;
  node.error('MQ-ROUTE-004', `weight is ${weight}, expected 0 or more`);
  return undefined;
}

function checkWeights(
  nodes: readonly SourceNode[],
  destinations: readonly Destination[],
  ruleName: string,
): void {
  const sum = destinations.reduce((total, item) => total + (item.weight?.value ?? 0), 0);
  const last = destinations.findLast((item) => item.weight !== undefined);
  if (last?.weight === undefined || sum === 0) {
    const list = nodes[0]?.parent ?? nodes[0];
    const message = `the ${nodes.length} destinations of route ${ruleName} have no weight`;
    list?.keyError('MQ-ROUTE-004', message);
  } else if (sum !== 100) {
    const { diagnostics } = nodes[0] as SourceNode;
    const message = `weights of route ${ruleName} add up to ${sum}, expected 100`;
    diagnostics.error('MQ-ROUTE-003', last.weight.at, message);
  }
}
