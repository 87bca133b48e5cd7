/**
 * net.partition: nothing passes between some hosts; what is under way waits until after the heal.
 *
 * `shape: link` cuts the selected links. The other shapes divide the selected hosts among themselves,
 * by draws of the fault's own; hosts that are not selected reach everybody, except that an isolated
 * host reaches nobody. `groups` names the sides instead.
 * Sources: surface.md §5; Jepsen's nemesis (bisect, isolate, bridge, majority-ring).
 */
import { childUid } from '../core/draws.ts';
import type { FaultTarget, LinkPair } from '../core/fault-target.ts';
import type { ActiveFault, FaultContext, FaultKind, Selection } from './fault.ts';
import { flagOf, textOf } from './parameters.ts';

const SHAPES = 'link|isolate-one|bisect|uniform|majority-ring|bridge';
const ANY = -1;

export const NET_PARTITION: FaultKind = {
  kind: 'net.partition',
  group: 'network',
  summary: 'Cuts links: nothing passes until the window ends.',
  targets: 'links',
  parameters: [
    {
      name: 'shape',
      unit: 'enum',
      default: 'link',
      range: SHAPES,
      summary: 'Which links: the selected ones, or how the selected hosts are divided.',
      source: 'surface.md §5; Jepsen',
    },
    {
      name: 'symmetric',
      unit: 'boolean',
      default: true,
      range: 'true|false',
      summary: 'Both directions are cut.',
      source: 'surface.md §5; Jepsen',
    },
    {
      name: 'groups',
      unit: 'names',
      default: [],
      range: 'services, clients or zones; one group each, several joined by +',
      summary: 'The sides by name: nothing passes between two groups.',
      source: 'surface.md §5',
    },
  ],
  moves: { metric: 'clients.latencyMs.max', direction: 'up' },
  example: `- id: cut
  kind: net.partition
  target: { from: orders, to: payments }
  window: { at: 60s, duration: 10s }`,

  apply(target: FaultTarget, selection: Selection, context: FaultContext): ActiveFault {
    const pairs = pairsOf(selection, context);
    const both = flagOf(context.parameters, 'symmetric');
    const cut = both ? pairs.flatMap((pair) => [pair, { from: pair.to, to: pair.from }]) : pairs;
    const handle = target.links.cut(cut);
    return { revert: () => target.links.heal(handle) };
  },
};

function pairsOf(selection: Selection, context: FaultContext): readonly LinkPair[] {
  if (selection.groups.length > 0) return betweenGroups(selection.groups);
  const shape = textOf(context.parameters, 'shape');
  if (shape === 'link') return selection.links;
  const hosts = shuffled(selection.hosts, context);
  const half = Math.floor(hosts.length / 2);
  switch (shape) {
    case 'isolate-one':
      return hosts.slice(0, 1).map((host) => ({ from: host, to: ANY }));
    case 'bisect':
      return betweenGroups([hosts.slice(0, half), hosts.slice(half)]);
    case 'uniform':
      return betweenGroups(byCoin(hosts, context));
    case 'bridge': {
      const others = hosts.slice(1);
      return betweenGroups([others.slice(0, half), others.slice(half)]);
    }
    default:
      return outsideRing(hosts);
  }
}

function betweenGroups(groups: readonly (readonly number[])[]): LinkPair[] {
  return groups.flatMap((ours, index) =>
    groups
      .slice(index + 1)
      .flatMap((theirs) => ours.flatMap((from) => theirs.map((to) => ({ from, to })))),
  );
}

/**
 * Everybody sees a majority, nobody the same one: hosts stand on a ring and keep their nearest
 * neighbours, as many on either side as a majority without oneself needs.
 */
function outsideRing(hosts: readonly number[]): LinkPair[] {
  const count = hosts.length;
  const reach = Math.ceil(Math.floor(count / 2) / 2);
  return hosts.flatMap((from, at) =>
    hosts.slice(at + 1).flatMap((to, index) => {
      const apart = index + 1;
      return Math.min(apart, count - apart) > reach ? [{ from, to }] : [];
    }),
  );
}

function byCoin(hosts: readonly number[], { draws, id, occurrence }: FaultContext): number[][] {
  const stream = draws.stream(`fault/${id}/sides`);
  const isLeft = (host: number): boolean => draws.int32(stream, childUid(occurrence, host), 0) < 0;
  return [hosts.filter(isLeft), hosts.filter((host) => !isLeft(host))];
}

/** By a key per host: who else is selected changes no host's key. */
function shuffled(hosts: readonly number[], context: FaultContext): number[] {
  const { draws, id, occurrence } = context;
  const stream = draws.stream(`fault/${id}/order`);
  const keyed = hosts.map((host) => ({
    host,
    key: draws.int32(stream, childUid(occurrence, host), 0),
  }));
  keyed.sort((one, other) => one.key - other.key || one.host - other.host);
  return keyed.map(({ host }) => host);
}
