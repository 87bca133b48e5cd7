/**
 * What a run of a story shows: decisions, log, both ends, counters. Equal in both drivers.
 */
import type { Engine } from '../../../src/core/engine.ts';
import type { MeshConfig } from '../../../src/mesh/config/config.ts';
import type { DecisionLog, LogSeen } from './decision-log.ts';
import type { ClientSeen, ScriptedClient } from './scripted-client.ts';
import type { ScriptedUpstream, UpstreamSeen } from './scripted-upstream.ts';
import type { Story } from './story.ts';

export interface Observation {
  readonly decisions: Readonly<Record<string, readonly string[]>>;
  readonly logs: Readonly<Record<string, LogSeen>>;
  readonly ejections: readonly string[];
  readonly connections: Readonly<Record<string, number>>;
  readonly client: Readonly<Record<string, ClientSeen>>;
  readonly upstreams: Readonly<Record<string, readonly UpstreamSeen[]>>;
  /** Counters that are not zero, without those of bytes and of client connections. */
  readonly counters: Readonly<Record<string, number>>;
}

/** What a run leaves behind. */
export interface Performed {
  readonly observation: Observation;
  /** Most bytes that the proxy held at once, as far as the driver can tell. */
  readonly peakHeldBytes: number;
}

export interface ObservedParts {
  readonly story: Story;
  readonly log: DecisionLog;
  readonly client: ScriptedClient;
  readonly upstreams: ReadonlyMap<string, ScriptedUpstream | null>;
  readonly counters: Readonly<Record<string, number>>;
}

export function observationOf(parts: ObservedParts): Observation {
  const { story, log, client, upstreams, counters } = parts;
  const hidden = new Set(story.unpredictable);
  const seenByUpstreams = [...upstreams].map(([name, upstream]) => [name, upstream?.seen ?? []]);
  const seen: Observation = {
    decisions: log.decisions,
    logs: Object.fromEntries(log.logs),
    ejections: log.ejections,
    connections: hidden.has('connections') ? {} : sortedRecord(log.connections),
    client: Object.fromEntries(client.seen),
    upstreams: Object.fromEntries(seenByUpstreams),
    counters: hidden.has('connections') ? {} : counters,
  };
  if (hidden.has('clientBody')) for (const item of Object.values(seen.client)) item.body = '';
  if (hidden.has('upstreamBody')) {
    for (const item of Object.values(seen.upstreams).flat()) item.body = '';
  }
  return seen;
}

/** Whether nothing more will be seen: every request is logged, and ended at its upstreams. */
export function isSettled(
  log: DecisionLog,
  client: ScriptedClient,
  upstreams: ReadonlyMap<string, ScriptedUpstream | null>,
): boolean {
  if (log.logs.size < client.seen.size) return false;
  return [...upstreams.values()].every(
    (upstream) => upstream?.seen.every((seen) => seen.outcome !== 'open') ?? true,
  );
}

const NOT_COMPARED = /bytes|downstream_cx|_cx_destroy|_cx_length|_cx_connect_ms|_time$/;

export function countersOf(engine: Engine<MeshConfig>): Record<string, number> {
  const counters = new Map<string, number>();
  engine.visitStats((name, kind, value) => {
    if (kind === 'counter' && value !== 0 && !NOT_COMPARED.test(name)) counters.set(name, value);
  });
  return sortedRecord(counters);
}

function sortedRecord(map: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
}
