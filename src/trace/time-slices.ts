/**
 * Where a request was at each moment: backoff, connection, proxies, network, queue, service.
 *
 * A call is cut into slices that follow each other without gap or overlap, so their lengths add up to
 * its duration exactly. Of calls in parallel the first covers the others; an attempt that was given up
 * counts until then, wherever the server was with it.
 */
import type { AttemptTrace, CallTrace } from '../core/request-trace.ts';
import type { Ns } from '../core/time.ts';

export const SLICE_KINDS = [
  'backoff',
  'injected-delay',
  'connection',
  'proxy',
  'network',
  'queue',
  'service',
  'other',
] as const;
export type SliceKind = (typeof SLICE_KINDS)[number];

export interface TimeSlice {
  readonly kind: SliceKind;
  /** The machine that it was at; of network and proxy time the one it went to or came from. */
  readonly where: string;
  readonly startNs: Ns;
  readonly endNs: Ns;
}

/** All slices of a call, those of the calls below it included. @param untilNs end of one that runs on */
export function slicesOfCall(call: CallTrace, untilNs: Ns): TimeSlice[] {
  const cutter = new Cutter();
  cutCall(cutter, call, call.endNs ?? untilNs);
  return cutter.slices;
}

/** Slices of an attempt; time in calls below is of kind `other`, at the machine called. */
export function slicesOfAttempt(attempt: AttemptTrace, untilNs: Ns): TimeSlice[] {
  const cutter = new Cutter();
  cutter.atNs = attempt.startNs;
  cutAttempt(cutter, attempt, attempt.endNs ?? untilNs, (call, endNs) => {
    cutter.to('other', call.cluster, endNs);
  });
  return cutter.slices;
}

/** Time by kind and place, the greatest first. */
export function timeSpent(slices: readonly TimeSlice[]): readonly {
  readonly kind: SliceKind;
  readonly where: string;
  readonly ns: Ns;
}[] {
  const sums = new Map<string, { kind: SliceKind; where: string; ns: Ns }>();
  for (const { kind, where, startNs, endNs } of slices) {
    const key = `${kind} ${where}`;
    const sum = sums.get(key) ?? { kind, where, ns: 0 };
    sum.ns += endNs - startNs;
    sums.set(key, sum);
  }
  return [...sums.values()].sort((a, b) => b.ns - a.ns);
}

class Cutter {
  readonly slices: TimeSlice[] = [];
  atNs: Ns = 0;

  /** A slice from where the last one ended; none when that is later. */
  to(kind: SliceKind, where: string, endNs: Ns): void {
    if (endNs <= this.atNs) return;
    this.slices.push({ kind, where, startNs: this.atNs, endNs });
    this.atNs = endNs;
  }
}

type CutBelow = (call: CallTrace, endNs: Ns) => void;

function cutCall(cutter: Cutter, call: CallTrace, endNs: Ns): void {
  if (cutter.slices.length === 0) cutter.atNs = call.startNs;
  const parts = [
    ...call.waits.map((wait) => ({
      startNs: wait.startNs,
      endNs: wait.endNs,
      wait,
      attempt: null,
    })),
    ...call.attempts.map((attempt) => ({
      startNs: attempt.startNs,
      endNs: attempt.endNs,
      wait: null,
      attempt,
    })),
  ].sort((a, b) => a.startNs - b.startNs);
  for (const part of parts) {
    const partEndNs = Math.min(part.endNs ?? endNs, endNs);
    cutter.to('other', call.caller, Math.min(part.startNs, endNs));
    if (part.wait !== null) cutter.to(part.wait.kind, call.caller, partEndNs);
    else {
      cutAttempt(cutter, part.attempt, partEndNs, (below, belowEndNs) => {
        cutCall(cutter, below, belowEndNs);
      });
    }
  }
  cutter.to('other', call.caller, endNs);
}

/** Cuts up to `endNs`, which may be before the server is done. */
function cutAttempt(cutter: Cutter, attempt: AttemptTrace, endNs: Ns, below: CutBelow): void {
  const { endpoint, sentNs, arrivedNs, workNs, doneNs } = attempt;
  const until = (atNs: Ns | null) => Math.min(atNs ?? endNs, endNs);
  cutter.to('connection', endpoint, until(sentNs));
  cutTransit(cutter, attempt, until(arrivedNs));
  if (arrivedNs === null) return;
  if (!attempt.isRejected) cutter.to('queue', endpoint, until(workNs));
  if (workNs !== null) {
    for (const call of [...attempt.calls].sort((a, b) => a.startNs - b.startNs)) {
      cutter.to('service', endpoint, until(call.startNs));
      below(call, Math.min(until(doneNs), until(call.endNs)));
    }
    cutter.to('service', endpoint, until(doneNs));
  }
  cutTransit(cutter, attempt, endNs);
}

/** Half of the proxies' time before the network and half after it: the sum is exact. */
function cutTransit(cutter: Cutter, attempt: AttemptTrace, endNs: Ns): void {
  const { endpoint, proxyNs } = attempt;
  const halfNs = Math.floor(proxyNs / 2);
  cutter.to('proxy', endpoint, Math.min(cutter.atNs + halfNs, endNs));
  cutter.to('network', endpoint, Math.max(cutter.atNs, endNs - (proxyNs - halfNs)));
  cutter.to('proxy', endpoint, endNs);
}
