/**
 * Remembers which requests of a run are worth a closer look: the slowest good ones of each client,
 * and of each way to fail the first and a few more.
 *
 * Which of many failures are kept is decided by a hash of their uid, so it depends neither on the
 * order of anything nor on a draw. A second run of the same seed then follows those that were kept;
 * the first one pays a comparison a request.
 */
import { childUid } from '../core/draws.ts';
import { FLAG_NAMES } from '../core/records.ts';
import type { FailureCount, RequestSample, SampleReason } from '../core/request-trace.ts';
import type { Ns } from '../core/time.ts';

/** Good requests kept a client. */
export const SLOWEST_KEPT = 5;
/** Failed requests kept a client and way to fail, besides the first. */
const FAILURES_KEPT = 2;
/** Ways to fail that are told apart, a client. */
const KINDS_KEPT = 12;

/** One request; `rank` orders those that compete for a place, small ones stay. */
interface Kept {
  readonly uid: number;
  readonly startNs: Ns;
  readonly endNs: Ns;
  /** status * 256 + flag */
  readonly outcome: number;
  readonly rank: number;
}

class FailureKind {
  readonly status: number;
  readonly flag: number;
  readonly first: Kept;
  count = 0;
  readonly others: Kept[] = [];

  constructor(status: number, flag: number, first: Kept) {
    this.status = status;
    this.flag = flag;
    this.first = first;
  }
}

class ClientSamples {
  /** What a good request must take longer than to be kept, ns. */
  thresholdNs = 0.5;
  /** By rank. */
  readonly slowest: Kept[] = [];
  readonly failures: FailureKind[] = [];
}

/** What was kept, and how many there were. */
export interface RequestSamples {
  /** By client; the slowest first, then failures by kind in the order of their first. */
  readonly requests: readonly RequestSample[];
  readonly failures: readonly FailureCount[];
  /** Requests that ended later were not looked at. */
  readonly untilNs: Ns;
}

export class RequestSampler {
  private readonly names: readonly string[];
  private readonly clients: readonly ClientSamples[];
  private readonly fromNs: Ns;
  private closedNs: Ns = -1;

  /** @param fromNs requests that began earlier are left out: the warm-up */
  constructor(names: readonly string[], fromNs: Ns) {
    this.names = names;
    this.fromNs = fromNs;
    this.clients = names.map(() => new ClientSamples());
  }

  get isOpen(): boolean {
    return this.closedNs < 0;
  }

  /** Requests that end from now on are not looked at. */
  close(nowNs: Ns): void {
    if (this.isOpen) this.closedNs = nowNs;
  }

  /**
   * Hot path: a good request is compared with the threshold, and that is all.
   * @param outcome status * 256 + first response flag
   */
  ended(
    client: number,
    uid: number,
    isGood: boolean,
    latencyNs: Ns,
    outcome: number,
    nowNs: Ns,
  ): void {
    const samples = this.clients[client]!;
    if (isGood) {
      if (latencyNs > samples.thresholdNs) this.keepSlow(samples, uid, latencyNs, outcome, nowNs);
    } else this.keepFailed(samples, uid, latencyNs, outcome, nowNs);
  }

  private keepSlow(
    samples: ClientSamples,
    uid: number,
    latencyNs: Ns,
    outcome: number,
    nowNs: Ns,
  ): void {
    if (!this.isOpen || nowNs - latencyNs < this.fromNs) return;
    const startNs = nowNs - latencyNs;
    insert(
      samples.slowest,
      { uid, startNs, endNs: nowNs, outcome, rank: -latencyNs },
      SLOWEST_KEPT,
    );
    const last = samples.slowest[SLOWEST_KEPT - 1];
    if (last !== undefined) samples.thresholdNs = -last.rank;
  }

  private keepFailed(
    samples: ClientSamples,
    uid: number,
    latencyNs: Ns,
    outcome: number,
    nowNs: Ns,
  ): void {
    if (!this.isOpen || nowNs - latencyNs < this.fromNs) return;
    const status = outcome >> 8;
    const flag = outcome & 0xff;
    const { failures } = samples;
    let kind: FailureKind | undefined;
    for (let i = 0; i < failures.length && kind === undefined; i++) {
      if (failures[i]!.status === status && failures[i]!.flag === flag) kind = failures[i];
    }
    const rank = childUid(uid, 0) >>> 0;
    const request = { uid, startNs: nowNs - latencyNs, endNs: nowNs, outcome, rank };
    if (kind === undefined) {
      if (failures.length === KINDS_KEPT) return;
      kind = new FailureKind(status, flag, request);
      failures.push(kind);
    } else {
      const last = kind.others[FAILURES_KEPT - 1];
      if (last === undefined || rank < last.rank) {
        insert(kind.others, request, FAILURES_KEPT);
      }
    }
    kind.count++;
  }

  /** @param endNs of the run, when it was looked at to the end */
  result(endNs: Ns): RequestSamples {
    const requests: RequestSample[] = [];
    const failures: FailureCount[] = [];
    this.clients.forEach((samples, client) => {
      const name = this.names[client]!;
      for (const slow of samples.slowest) {
        requests.push(sampleOf(name, slow, 'slowest'));
      }
      for (const { status, flag, first, others, count } of samples.failures) {
        requests.push(sampleOf(name, first, 'first-failure'));
        for (const other of [...others].sort((a, b) => a.startNs - b.startNs || a.rank - b.rank)) {
          requests.push(sampleOf(name, other, 'failure'));
        }
        failures.push({ client: name, status, flag: FLAG_NAMES[flag] ?? '-', count });
      }
    });
    return { requests, failures, untilNs: this.isOpen ? endNs : this.closedNs };
  }
}

/** Keeps `list` ascending in rank, earlier ones first among equals, and at most `most` long. */
function insert(list: Kept[], item: Kept, most: number): void {
  let at = list.length;
  while (at > 0 && list[at - 1]!.rank > item.rank) at--;
  list.splice(at, 0, item);
  if (list.length > most) list.pop();
}

function sampleOf(client: string, request: Kept, why: SampleReason): RequestSample {
  const { uid, startNs, endNs, outcome } = request;
  return {
    id: requestId(client, uid),
    client,
    uid,
    startNs,
    endNs,
    status: outcome >> 8,
    flag: FLAG_NAMES[outcome & 0xff] ?? '-',
    isGood: why === 'slowest',
    why,
  };
}

/** `shoppers-9f3a01c2` */
export function requestId(client: string, uid: number): string {
  return `${client}-${(uid >>> 0).toString(16).padStart(8, '0')}`;
}

/** The parts of a request's id; null when it is none. */
export function parseRequestId(id: string): { client: string; uid: number } | null {
  const match = /^(.+)-([0-9a-f]{8})$/.exec(id);
  return match === null ? null : { client: match[1]!, uid: Number.parseInt(match[2]!, 16) | 0 };
}
