/**
 * What the engine decided, as text without times: the part of an observation that comes from
 * `Ports.record` and `Ports.logRequest`, told the same way by both drivers.
 */
import type { RequestLogEntry } from '../../../src/core/engine.ts';
import {
  BreakerKind,
  EJECTION_TYPE_NAMES,
  FLAG_NAMES,
  RESET_REASON_TEXT,
  RecordKind,
  RetryRefusal,
} from '../../../src/core/records.ts';
import { endpointNames, type MeshStory } from './mesh-config.ts';
import type { Stage } from './stage.ts';

/** One line of the access log, without what depends on time or ports. */
export interface LogSeen {
  readonly status: number;
  readonly flags: string;
  readonly details: string;
  readonly attempts: number;
  readonly upstream: string;
  readonly cluster: string;
}

export class DecisionLog {
  /** By request id of the story. */
  readonly logs = new Map<string, LogSeen>();
  readonly ejections: string[] = [];
  /** `opened a` → how often. */
  readonly connections = new Map<string, number>();
  private readonly stage: Stage;
  private readonly endpoints: readonly string[];
  private readonly clusters: readonly string[];
  private readonly byUid = new Map<number, string[]>();
  private readonly idOfUid = new Map<number, string>();

  constructor(mesh: MeshStory, stage: Stage) {
    this.stage = stage;
    this.endpoints = endpointNames(mesh);
    this.clusters = mesh.clusters.map((cluster) => cluster.name);
  }

  /** Decisions by request id; a request that never ended is listed by its uid. */
  get decisions(): Record<string, readonly string[]> {
    const entries = [...this.byUid].map(([uid, lines]) => [
      this.idOfUid.get(uid) ?? `uid ${uid}`,
      lines,
    ]);
    return Object.fromEntries(entries);
  }

  logRequest(entry: RequestLogEntry): void {
    const id = entry.requestHead.get('x-story') ?? `uid ${entry.uid}`;
    this.idOfUid.set(entry.uid, id);
    this.logs.set(id, {
      status: entry.status,
      flags: entry.flags,
      details: entry.details,
      attempts: entry.attemptCount,
      upstream: entry.upstreamHost === null ? '-' : 'some',
      cluster: entry.clusterName,
    });
  }

  record(kind: number, a: number, b: number, c: number): void {
    if (kind === RecordKind.attemptStarted) {
      this.stage.attempts++;
      this.stage.changed();
    }
    switch (kind) {
      case RecordKind.connectionOpened:
        this.count(`opened ${this.endpoint(a)}`);
        break;
      case RecordKind.connectFailed:
        this.count(`refused ${this.endpoint(a)}`);
        break;
      case RecordKind.ejected:
        this.ejections.push(`ejected ${this.endpoint(a)} ${EJECTION_TYPE_NAMES[c]}`);
        break;
      case RecordKind.ejectionRefused:
        this.ejections.push(`not ejected ${this.endpoint(a)}`);
        break;
      case RecordKind.unejected:
        this.ejections.push(`unejected ${this.endpoint(a)}`);
        break;
      default:
        this.decided(a, this.lineOf(kind, b, c));
    }
  }

  private lineOf(kind: number, b: number, c: number): string | null {
    switch (kind) {
      case RecordKind.routed:
        return `routed ${this.clusters[b] ?? 'nowhere'} by ${c}`;
      case RecordKind.attemptStarted:
        return `attempt ${c} ${this.clusters[b]}`;
      case RecordKind.attemptHost:
        return `host ${this.endpoint(b)} for ${c}`;
      case RecordKind.attemptEnded:
        return c > 0 ? `answered ${c}` : `ended by ${RESET_REASON_TEXT[-1 - c]}`;
      case RecordKind.perTryTimeout:
        return `per-try timeout ${c}`;
      case RecordKind.retryScheduled:
        return `retry in ${c} ms`;
      case RecordKind.retryRefused:
        return `no retry: ${nameOf(RetryRefusal, c)}`;
      case RecordKind.requestDone:
        return `done ${c >> 8} ${FLAG_NAMES[c & 255]}`;
      case RecordKind.overflow:
        return `overflow ${nameOf(BreakerKind, c)}`;
      case RecordKind.panic:
        return 'panic';
      case RecordKind.delayInjected:
        return `delay ${c} ms`;
      case RecordKind.abortInjected:
        return `abort ${c}`;
      default:
        return null;
    }
  }

  private decided(uid: number, line: string | null): void {
    if (line === null) return;
    const lines = this.byUid.get(uid);
    if (lines === undefined) this.byUid.set(uid, [line]);
    else lines.push(line);
  }

  private endpoint(id: number): string {
    return this.endpoints[id] ?? `endpoint ${id}`;
  }

  private count(what: string): void {
    this.connections.set(what, (this.connections.get(what) ?? 0) + 1);
  }
}

function nameOf(names: Readonly<Record<string, number>>, value: number): string {
  return Object.keys(names).find((name) => names[name] === value) ?? String(value);
}
