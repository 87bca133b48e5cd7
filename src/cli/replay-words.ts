/** The steps of a replayed request, and the state of a mesh, as lines of 80 columns. */
import { FLAG_NAMES, RESET_REASON_TEXT, RecordKind } from '../core/records.ts';
import type { CallTrace, RequestTrace } from '../core/request-trace.ts';
import { type Ns, SECOND } from '../core/time.ts';
import type { ClusterLook } from '../harness/proxy-look.ts';
import type { ReplayStep } from '../harness/replay-request.ts';
import type { WorldState } from '../harness/world-state.ts';
import { type Cause, causeChain, firstFailure, serviceOf } from '../report/cause-chain.ts';
import { formatCount, formatMs, formatSeconds } from '../report/format.ts';
import { placeWords } from '../report/time-words.ts';
import { flagMeaning } from '../report/words.ts';
import { breakerWords, refusalWords, TapKind } from '../trace/request-tracer.ts';
import { slicesOfCall, timeSpent } from '../trace/time-slices.ts';
import { wrapText } from './wrap-text.ts';

const COLUMNS = 80;
const NO_LIMIT = 2 ** 32 - 1;
const NS_PER_MS = 1e6;

export function msText(ns: Ns): string {
  return formatMs(ns / NS_PER_MS);
}

/** Seconds of the run to the millisecond: requests are told apart by them. */
export function secondsText(ns: Ns): string {
  return `${(ns / SECOND).toFixed(3)} s`;
}

/** A table whose last column goes on below itself. */
export function stepLines(steps: readonly ReplayStep[], startNs: Ns): readonly string[] {
  const rows = steps.flatMap((step) => {
    const text = stepText(step, steps);
    return text === '' ? [] : [{ at: atText(step.atNs - startNs), where: step.where, text }];
  });
  const atWidth = Math.max(2, ...rows.map(({ at }) => at.length));
  const whereWidth = Math.min(24, Math.max(5, ...rows.map(({ where }) => where.length)));
  const indent = atWidth + whereWidth + 4;
  return rows.flatMap(({ at, where, text }) => {
    const [first = '', ...rest] = wrapText(text, COLUMNS - indent);
    const head = `${at.padStart(atWidth)}  ${where.padEnd(whereWidth)}  ${first}`;
    return [head, ...rest.map((line) => ' '.repeat(indent) + line)];
  });
}

/** Milliseconds since the request began, always with as many digits. */
function atText(ns: Ns): string {
  return `${(ns / NS_PER_MS).toFixed(3)} ms`;
}

/** What happened, in words; '' for what another step says already. */
export function stepText(step: ReplayStep, all: readonly ReplayStep[]): string {
  const { kind, c, name, look, machine } = step;
  switch (kind) {
    case RecordKind.callStarted:
      return c === -1 ? 'sends the request' : 'makes a call of its own';
    case RecordKind.callDone:
      return c === 0 ? 'has no answer and stops waiting' : `has its answer: ${c}`;
    case RecordKind.requestStarted:
      return 'takes the request';
    case RecordKind.routed:
      return routeText(step);
    case RecordKind.attemptHost:
      return look === null ? `try ${c}: chooses ${name}` : choiceText(c, name, look);
    case TapKind.requestSent:
      return `sends try ${c} to ${name}`;
    case TapKind.workArrived:
      return machine === null ? 'has it' : `has it: ${machineText(machine)}`;
    case RecordKind.workStarted:
      return `a worker takes it${queueText(step, all)}`;
    case RecordKind.workRejected:
      return 'refuses it: the queue is full';
    case RecordKind.workDone:
      return c === 1 ? 'is done; nobody waits for the answer any more' : 'is done and answers';
    case RecordKind.perTryTimeout:
      return 'the per-try timeout fires';
    case RecordKind.attemptEnded:
      return `${endText(c)}${unretriedText(step, all)}`;
    case RecordKind.retryScheduled:
      return `decides to retry, after a backoff of ${c} ms`;
    case RecordKind.retryRefused:
      return refusalWords(c);
    case RecordKind.overflow:
      return `the circuit breaker for ${breakerWords(c)} is full`;
    case RecordKind.panic:
      return 'too few healthy endpoints: panic, it chooses among all';
    case RecordKind.delayInjected:
      return `the fault filter delays it by ${c} ms`;
    case RecordKind.abortInjected:
      return `the fault filter answers ${c}`;
    case RecordKind.requestDone:
      return `answers ${c >> 8 || 'nothing'}${flagText(FLAG_NAMES[c & 0xff] ?? '-')}`;
    default:
      return '';
  }
}

function endText(outcome: number): string {
  const words = outcome > 0 ? outcome : (RESET_REASON_TEXT[-1 - outcome] ?? 'reset');
  return `the try ends: ${words}`;
}

/** Why a try that failed has no successor, where no record says it. */
function unretriedText(step: ReplayStep, all: readonly ReplayStep[]): string {
  const { c, uid, where } = step;
  if ((c > 0 && c < 500) || where.endsWith('/inbound')) return '';
  const own = all.filter((item) => item.uid === uid && item.where === where);
  const at = own.indexOf(step);
  const isRefused = own[at - 1]?.kind === RecordKind.retryRefused;
  if (isRefused || own[at + 1]?.kind !== RecordKind.requestDone) return '';
  const route = own.find(({ kind }) => kind === RecordKind.routed);
  return route === undefined || route.retries === '' ? '' : `; no retry: ${route.retries}`;
}

function routeText({ name, c, origin }: ReplayStep): string {
  if (name === '') return 'finds no cluster for it';
  const source = origin === '' ? '' : ` (${origin})`;
  return name.startsWith('inbound')
    ? 'passes it on to the application'
    : `route ${c} leads to ${name}${source}`;
}

function flagText(flag: string): string {
  return flag === '-' ? '' : ` (${flag}: ${flagMeaning(flag)})`;
}

/** At most so many endpoints are listed besides the chosen one. */
const MOST_OTHERS = 6;

function choiceText(attempt: number, name: string, look: ClusterLook): string {
  if (look.cluster.startsWith('inbound')) return '';
  const state = (item: ClusterLook['endpoints'][number]) => {
    const out = item.flags === '' ? '' : ` out: ${item.flags}`;
    return `${item.name} ${item.active + item.pending}${out}`;
  };
  const others = look.endpoints.filter((item) => item.name !== name);
  const listed = others.slice(0, MOST_OTHERS).map(state);
  const more = others.length - listed.length;
  const rest = more > 0 ? [...listed, `${more} more`] : listed;
  const chosen = look.endpoints.find((item) => item.name === name);
  const own = chosen === undefined ? '' : ` with ${chosen.active + chosen.pending} in progress`;
  const among = rest.length === 0 ? '' : `; others: ${rest.join(', ')}`;
  const breakers = look.breakers.map(breakerText).join(', ');
  return `try ${attempt}: ${look.balancer} chooses ${name}${own}${among}; breakers: ${breakers}`;
}

function breakerText({ name, used, limit }: ClusterLook['breakers'][number]): string {
  const most = limit >= NO_LIMIT ? 'no limit' : `of ${formatCount(limit)}`;
  return `${name} ${formatCount(used)} ${most}`;
}

function machineText({ busyWorkers, workers, queueLength }: NonNullable<ReplayStep['machine']>) {
  const limit = workers === 0 ? '' : ` of ${workers}`;
  return `${busyWorkers}${limit} workers busy, ${formatCount(queueLength)} in the queue`;
}

function queueText(step: ReplayStep, all: readonly ReplayStep[]): string {
  const arrived = all.find(({ kind, uid }) => kind === TapKind.workArrived && uid === step.uid);
  const waitedNs = step.atNs - (arrived?.atNs ?? step.atNs);
  return waitedNs === 0 ? ' at once' : ` after ${msText(waitedNs)} in the queue`;
}

/** Why a request failed, from the first failure up to the client. */
export function causeLines(trace: RequestTrace): readonly string[] {
  const causes = causeChain(trace);
  if (causes.length === 0) return [];
  const first = firstFailure(trace);
  const isAnother = first !== null && first.text !== causes[0]?.text;
  return [
    ...(isAnother ? wrapText(`what failed first: ${causeText(first)}`, COLUMNS) : []),
    'why it failed, from the cause to the client:',
    ...causes.flatMap((cause, index) => {
      const [head = '', ...rest] = wrapText(causeText(cause), COLUMNS - 5);
      return [`  ${index + 1}. ${head}`, ...rest.map((line) => `     ${line}`)];
    }),
  ];
}

function causeText({ where, text, atNs }: Cause): string {
  return `${where} ${text} (at ${secondsText(atNs)})`;
}

/** Shares smaller than this are left out, of one. */
const WORTH_NAMING = 0.005;

export function timeLines(call: CallTrace, endNs: Ns): readonly string[] {
  const totalNs = Math.max(1, endNs - call.startNs);
  const shares = timeSpent(slicesOfCall(call, endNs)).filter(
    ({ ns }) => ns / totalNs >= WORTH_NAMING,
  );
  return [
    'where the time went:',
    ...shares.map(({ kind, where, ns }) => {
      const share = `${((100 * ns) / totalNs).toFixed(1)} %`;
      return `  ${msText(ns).padStart(9)}  ${share.padStart(7)}  ${placeWords(kind, where)}`;
    }),
  ];
}

/** Rows of each kind at most; how many more there are is said. */
const MOST_ROWS = 40;

export function stateLines(state: WorldState): readonly string[] {
  const { clients, machines, pools, ejections, faults } = state;
  return [
    `state at ${formatSeconds(state.atS)}, after ${formatCount(state.events)} events`,
    '',
    ...block(
      'in flight',
      clients.map(({ name, inFlight }) => [name, formatCount(inFlight)]),
    ),
    ...block(
      'machines: busy workers, queue',
      machines.map(({ name, isUp, busyWorkers, workers, queueLength }) => [
        name,
        `${busyWorkers} of ${workers === 0 ? 'any' : workers}`,
        `${formatCount(queueLength)} queued`,
        isUp ? '' : 'down',
      ]),
    ),
    ...block(
      'pools in use: connections, requests, pending',
      pools.map(({ proxy, cluster, connections, requests, pending, excluded }) => [
        `${proxy.replace(/\/outbound$/, '')} → ${serviceOf({ cluster })}`,
        formatCount(connections),
        formatCount(requests),
        formatCount(pending),
        excluded.join(', '),
      ]),
    ),
    ...block(
      'ejections in force',
      ejections.map(({ proxy, endpoint, detector, sinceS }) => [
        endpoint,
        `by ${proxy.replace(/\/outbound$/, '')}`,
        detector,
        `since ${formatSeconds(sinceS)}`,
      ]),
    ),
    ...block(
      'faults in force',
      faults.map(({ id, sinceS, untilS }) => [
        id,
        `${formatSeconds(sinceS)} to ${formatSeconds(untilS)}`,
      ]),
    ),
  ];
}

function block(title: string, rows: readonly (readonly string[])[]): readonly string[] {
  if (rows.length === 0) return [`${title}: none`];
  const shown = rows.slice(0, MOST_ROWS);
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...shown.map((row) => (row[column] ?? '').length)),
  );
  const lines = shown.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`
      .trimEnd()
      .slice(0, COLUMNS),
  );
  const more = rows.length - shown.length;
  return [title, ...lines, ...(more > 0 ? [`  and ${more} more`] : [])];
}
