/**
 * Why a request failed: what went wrong where, from the first failure up to the client.
 *
 * Follows the last attempt of each call downwards, to where no call below explains the failure.
 */
import type { AttemptTrace, CallTrace, RequestTrace } from '../core/request-trace.ts';
import type { Ns } from '../core/time.ts';
import { countOf, formatMs } from './format.ts';
import { flagMeaning } from './words.ts';

export interface Cause {
  readonly atNs: Ns;
  /** The machine or proxy that it happened at. */
  readonly where: string;
  readonly text: string;
}

/** From the first cause to the client; empty for a request that went well. */
export function causeChain({ sample, call }: RequestTrace): readonly Cause[] {
  if (sample.isGood) return [];
  const { client, endNs: atNs, startNs, status } = sample;
  const took = formatMs((atNs - startNs) / 1e6);
  if (call === null) return [{ atNs, where: client, text: 'its machine was down' }];
  if (status === 0) {
    const text = `gave up after ${took}, without an answer`;
    return [...whereItWas(call, atNs), { atNs, where: client, text }];
  }
  return [...causesOf(call), { atNs, where: client, text: `got ${status} after ${took}` }];
}

/** The earliest try that failed by itself, wherever it was; null for a request that went well. */
export function firstFailure(trace: RequestTrace): Cause | null {
  const { sample, call } = trace;
  if (sample.isGood || call === null) return null;
  // What a client's own patience ended did not fail by itself.
  const untilNs = sample.status === 0 ? sample.endNs - 1 : sample.endNs;
  const failures = failuresBelow(call, untilNs).flatMap(({ attempt, above }) =>
    causesOfAttempt(attempt, above).slice(0, 1),
  );
  return failures.sort((a, b) => a.atNs - b.atNs)[0] ?? causeChain(trace)[0] ?? null;
}

interface FailedTry {
  readonly attempt: AttemptTrace;
  readonly above: CallTrace;
}

/** Tries that failed while no call of theirs had. */
function failuresBelow(call: CallTrace, untilNs: Ns): readonly FailedTry[] {
  return call.attempts.flatMap((attempt) => {
    const open = attempt.calls.filter((below) => below.endNs === null || hasFailed(below));
    const deeper = open.flatMap((below) => failuresBelow(below, untilNs));
    if (deeper.length > 0) return deeper;
    const hasEnded = attempt.endNs !== null && attempt.endNs <= untilNs;
    return hasEnded && !attempt.isGood ? [{ attempt, above: call }] : [];
  });
}

function causesOf(call: CallTrace): readonly Cause[] {
  const last = call.attempts.at(-1);
  const own = ownWords(call);
  const atNs = call.endNs ?? call.startNs;
  if (last === undefined) return [{ atNs, where: call.proxy, text: own }];
  return [...causesOfAttempt(last, call), { atNs, where: call.proxy, text: own }];
}

/** The caller's proxy wanted no answer any more, which another line gives the reason of. */
const GIVEN_UP = ['', 'local reset', 'given up'];

function causesOfAttempt(attempt: AttemptTrace, call: CallTrace): readonly Cause[] {
  const { endpoint, outcome, number } = attempt;
  const atNs = attempt.endNs ?? attempt.startNs;
  const cause = (text: string): Cause => ({ atNs, where: endpoint, text });
  const below = attempt.calls.filter(hasFailed).at(-1);
  if (attempt.isRejected) return [cause('refused it: its queue was full')];
  if (!/^\d/.test(outcome)) {
    const words = GIVEN_UP.includes(outcome) ? 'given up' : outcome;
    const deeper = below === undefined ? [] : causesOf(below);
    return [...deeper, cause(`try ${number}: ${words}; it ${placeOf(attempt, atNs)}`)];
  }
  if (attempt.serverFlag !== '') {
    const meaning = flagMeaning(attempt.serverFlag);
    return [cause(`its own proxy answered ${outcome} (${attempt.serverFlag}: ${meaning})`)];
  }
  if (below !== undefined) {
    return [...causesOf(below), cause(`answered ${outcome}, because its call failed`)];
  }
  const where = attempt.workNs === null ? 'answered' : 'answered by itself with';
  return call.status === 0 ? [] : [cause(`${where} ${outcome}`)];
}

/** What the calling proxy made of it. */
function ownWords(call: CallTrace): string {
  const { attempts, notes, status, flag } = call;
  const tries = attempts.length > 1 ? ` after ${countOf(attempts.length, 'try', 'tries')}` : '';
  const meaning = flag === '-' ? '' : ` (${flag}: ${flagMeaning(flag)})`;
  const result = status === 0 ? 'ended without an answer' : `answered ${status}`;
  const why = notes.length === 0 ? '' : `; ${[...new Set(notes)].join('; ')}`;
  return `${result}${meaning}${tries}${why}`;
}

function hasFailed(call: CallTrace): boolean {
  return call.endNs !== null && (call.status === 0 || call.status >= 400);
}

/** Where the request was when the client lost patience. */
function whereItWas(call: CallTrace, atNs: Ns): readonly Cause[] {
  const attempt = call.attempts.at(-1);
  if (attempt === undefined) return [{ atNs, where: call.proxy, text: ownWords(call) }];
  const below = attempt.calls.findLast(({ endNs }) => endNs === null || endNs >= atNs);
  const text = `try ${attempt.number} ${placeOf(attempt, atNs)}`;
  const here = { atNs, where: attempt.endpoint, text };
  return below === undefined ? [here] : [...whereItWas(below, atNs), here];
}

/** `waited in the queue (312 behind it)`: where an attempt was at an instant. */
function placeOf(attempt: AttemptTrace, atNs: Ns): string {
  const { sentNs, arrivedNs, workNs, doneNs, startNs } = attempt;
  const since = (fromNs: Ns) => formatMs((atNs - fromNs) / 1e6);
  const isBefore = (time: Ns | null): time is Ns => time !== null && time <= atNs;
  if (!isBefore(sentNs)) return `waited ${since(startNs)} for a connection`;
  if (!isBefore(arrivedNs)) return `was ${since(sentNs)} on its way there`;
  if (!isBefore(workNs)) return `waited ${since(arrivedNs)} in the queue`;
  if (isBefore(doneNs)) return `was ${since(doneNs)} on its way back`;
  const open = attempt.calls.findLast(({ startNs: begun, endNs }) => {
    return begun <= atNs && (endNs === null || endNs >= atNs);
  });
  if (open !== undefined) return `waited ${since(open.startNs)} for its call to ${serviceOf(open)}`;
  return `was being served, ${since(workNs)} so far`;
}

/** `outbound|80|v2|payments.default.svc.cluster.local` → `payments v2` */
export function serviceOf({ cluster }: Pick<CallTrace, 'cluster'>): string {
  const [, , subset = '', host = cluster] = cluster.split('|');
  const name = host.replace(/\.svc\.cluster\.local$/, '').replace(/\.default$/, '');
  return subset === '' ? name : `${name} ${subset}`;
}
