/**
 * Names of gateways in a VirtualService: `mesh`, a name, or `namespace/name`.
 *
 * Source: config-istio.md §0.7, §2.14 VS-7; istiod's webhook takes no "./name".
 */
import type { SourceNode } from '../source-node.ts';
import { fqdnProblem, isDnsLabel } from './names.ts';

/** The valid names of a list; each other one is reported. */
export function readGateways(nodes: readonly SourceNode[]): string[] {
  return nodes.flatMap((node) => {
    const name = node.string();
    if (name === undefined) return [];
    const problem = gatewayProblem(name);
    if (problem !== null) node.error('MQ-ROUTE-014', `gateway "${name}" ${problem}`);
    return [name];
  });
}

function gatewayProblem(name: string): string | null {
  const slash = name.indexOf('/');
  if (slash === -1) return fqdnProblem(name);
  const areLabels = isDnsLabel(name.slice(0, slash)) && isDnsLabel(name.slice(slash + 1));
  return areLabels ? null : 'is not of the form namespace/name';
}
