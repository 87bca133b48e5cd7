/**
 * Whom a fault strikes: names and modes become host, link and client ids.
 *
 * Drawn anew for each window by draws of the fault's own, keyed by the candidate's id, so the choice
 * among some does not depend on how many others there are in the world.
 * Source: surface.md §5 (target, mode, value, direction).
 */
import type { Draws } from '../core/draws.ts';
import { childUid } from '../core/draws.ts';
import type { LinkPair } from '../core/fault-target.ts';
import type { FaultEnvelope, FaultTargetSpec } from './envelope.ts';
import type { FaultKind, Selection } from './fault.ts';
import type { FaultWorld } from './fault-world.ts';

const ANY = -1;
const EVERYBODY = '*';

/** Who is struck in one window. @throws RangeError when a name means nobody */
export function selectTargets(
  world: FaultWorld,
  envelope: FaultEnvelope,
  kind: FaultKind,
  occurrence: number,
): Selection {
  const choose = (ids: readonly number[], purpose: string): number[] =>
    chooseSome(ids, envelope.target, world.draws, `fault/${envelope.id}/${purpose}`, occurrence);
  const groups = groupsOf(world, envelope);
  switch (kind.targets) {
    case 'hosts': {
      const hosts = choose(hostsOf(world, envelope.target), 'target');
      return { hosts, links: [], clients: [], groups };
    }
    case 'clients': {
      const clients = choose(clientsOf(world, envelope.target), 'target');
      return { hosts: [], links: [], clients, groups };
    }
    case 'links':
      return { ...linksOf(world, envelope, choose), clients: [], groups };
  }
}

/** Hosts of a service, version, instance, client or zone; all when the target names none of them. */
function hostsOf(world: FaultWorld, target: FaultTargetSpec): number[] {
  const { service, version, instance, client, zone } = target;
  if (client !== null) return named(world, client);
  return world.hosts
    .filter(
      (host) =>
        (service === null || host.service === service) &&
        (version === null || host.version === version) &&
        (instance === null || host.name === instance) &&
        (zone === null || liesIn(host.zone, zone)),
    )
    .map(({ id }) => id);
}

function clientsOf(world: FaultWorld, target: FaultTargetSpec): number[] {
  return world.clients
    .filter(({ name }) => target.client === null || target.client === name)
    .map(({ id }) => id);
}

function linksOf(
  world: FaultWorld,
  { target, direction }: FaultEnvelope,
  choose: (ids: readonly number[], purpose: string) => number[],
): { hosts: number[]; links: LinkPair[] } {
  let from: readonly number[] = [ANY];
  let to: readonly number[];
  if (isBorder(target)) {
    to = choose(hostsOf(world, target), 'target');
    from = world.hosts.filter((host) => !liesIn(host.zone, target.zone ?? '')).map(({ id }) => id);
  } else if (target.from === null && target.to === null)
    to = choose(hostsOf(world, target), 'target');
  else {
    // The mode chooses among the named receivers; among the senders when those are everybody.
    const everybodyReceives = target.to === null || target.to === EVERYBODY;
    from = endOf(world, target.from);
    to = endOf(world, target.to);
    if (!everybodyReceives) to = choose(to, 'target');
    else if (from[0] !== ANY) from = choose(from, 'target');
  }
  const pairs = from.flatMap((sender) => to.map((receiver) => ({ from: sender, to: receiver })));
  const back = pairs.map((pair) => ({ from: pair.to, to: pair.from }));
  const links = direction === 'to' ? pairs : direction === 'from' ? back : [...pairs, ...back];
  const ends = [...new Set([...from, ...to])].filter((id) => id !== ANY);
  const hosts = ends.length > 0 ? ends : world.hosts.map(({ id }) => id);
  return { hosts, links };
}

/** A zone alone, of links: what enters or leaves it. Nothing inside it is touched. */
function isBorder({ zone, service, instance, client, from, to }: FaultTargetSpec): boolean {
  return zone !== null && (service ?? instance ?? client ?? from ?? to) === null;
}

/** Whether a host's zone is, or lies in, the zone or region of this name. */
export function liesIn(zone: string, name: string): boolean {
  return zone !== '' && (zone === name || zone.startsWith(`${name}/`));
}

function endOf(world: FaultWorld, name: string | null): readonly number[] {
  return name === null || name === EVERYBODY ? [ANY] : named(world, name);
}

/** Hosts of a service, zone or region, or the callers of a client. */
function named(world: FaultWorld, name: string): number[] {
  const client = world.clients.find((candidate) => candidate.name === name);
  if (client !== undefined) return [...client.instances];
  const hosts = world.hosts
    .filter(({ service, zone }) => service === name || liesIn(zone, name))
    .map(({ id }) => id);
  if (hosts.length === 0) throw new RangeError(`no service, client or zone is called "${name}"`);
  return hosts;
}

function groupsOf(world: FaultWorld, { parameters }: FaultEnvelope): number[][] {
  const { groups } = parameters;
  if (!Array.isArray(groups)) return [];
  return groups.map((group: string) =>
    group.split('+').flatMap((name) => named(world, name.trim())),
  );
}

function chooseSome(
  ids: readonly number[],
  { mode, value }: FaultTargetSpec,
  draws: Draws,
  label: string,
  occurrence: number,
): number[] {
  if (mode === 'all') return [...ids];
  const stream = draws.stream(label);
  const most = countFor(mode, value, ids.length);
  const count = mode === 'max-share' ? draws.below(stream, occurrence, 0, most + 1) : most;
  const keyed = ids.map((id) => ({ id, key: draws.int32(stream, childUid(occurrence, id), 1) }));
  keyed.sort((one, other) => one.key - other.key || one.id - other.id);
  const chosen = keyed.slice(0, count).map(({ id }) => id);
  return chosen.sort((one, other) => one - other);
}

/** How many of `count` a mode means at most; a share above 0 means at least one. */
function countFor(mode: FaultTargetSpec['mode'], value: number, count: number): number {
  switch (mode) {
    case 'one':
      return Math.min(1, count);
    case 'fixed':
      return Math.min(value, count);
    default:
      return value > 0 ? Math.min(count, Math.max(1, Math.round(value * count))) : 0;
  }
}
