/**
 * Verdicts in words: what the run ended with, why, and whether it recovered, with the numbers.
 *
 * Used by the page and by the plain text, so that both say the same.
 * Source: docs/scenarios.md (verdicts).
 */
import type { ExpectationSummary } from '../core/summary.ts';
import { countOf, formatRate, formatRatio, formatSeconds } from './format.ts';
import type { ReportRun } from './model.ts';
import { goodputAtEndRps } from './view.ts';

/** How bad a verdict is, for colour and sign: never the only carrier of the meaning. */
export type Tone = 'good' | 'bad' | 'unsure';

const TITLES: Readonly<Record<string, readonly [title: string, tone: Tone]>> = {
  pass: ['Passed', 'good'],
  fail: ['Failed', 'bad'],
  'not-recovered': ['Did not recover', 'bad'],
  inconclusive: ['Inconclusive', 'unsure'],
  'thresholds-crossed': ['Thresholds crossed', 'bad'],
  nondeterministic: ['Not deterministic', 'bad'],
  aborted: ['Stopped by an abort condition', 'unsure'],
};

export function verdictTitle(verdict: string): string {
  return TITLES[verdict]?.[0] ?? verdict;
}

export function verdictTone(verdict: string): Tone {
  return TITLES[verdict]?.[1] ?? 'unsure';
}

export const TONE_SIGNS: Readonly<Record<Tone, string>> = { good: '✓', bad: '✗', unsure: '?' };

/** `as declared`, `declared: pass`; empty when the scenario declares nothing for this variant. */
export function declarationWords(run: ReportRun): string {
  if (run.declared === null) return '';
  if (run.asDeclared) return 'as the scenario declares';
  if (run.declared === run.summary.verdict) {
    return 'the verdict that the scenario declares, but an expectation of the variant failed';
  }
  return `the scenario declares: ${verdictTitle(run.declared).toLowerCase()}`;
}

/** Why the verdict is what it is, in one to three sentences. */
export function verdictReasons(run: ReportRun): readonly string[] {
  return [recoverySentence(run), expectationSentence(run), strikeSentence(run)].filter(
    (sentence) => sentence !== '',
  );
}

function recoverySentence(run: ReportRun): string {
  const { baselineGoodputRps, triggerEndS, recoveredAtS, metastable } = run.summary.recovery;
  if (triggerEndS === null) return '';
  const before = formatRate(baselineGoodputRps);
  const ended = formatSeconds(triggerEndS);
  if (recoveredAtS !== null) return recoveredSentence(before, ended, recoveredAtS - triggerEndS);
  const atEnd = goodputAtEndRps(run.timeline);
  if (run.summary.verdict !== 'not-recovered' && !metastable) {
    const now = formatRate(atEnd);
    return `The trigger ended at ${ended}; goodput was ${before} before it and ${now} at the end of the run.`;
  }
  const share = baselineGoodputRps > 0 ? ` (${formatRatio(atEnd / baselineGoodputRps)})` : '';
  const cause = metastable ? ' The failure sustains itself (metastable).' : '';
  return (
    `The trigger ended at ${ended}, yet goodput was still ${formatRate(atEnd)}${share} ` +
    `at the end of the run, against ${before} before.${cause}`
  );
}

function recoveredSentence(before: string, ended: string, afterS: number): string {
  if (afterS <= 0)
    return `When the trigger ended, at ${ended}, goodput was already back at ${before}.`;
  return `The trigger ended at ${ended}; goodput was back at ${before} ${formatSeconds(afterS)} later.`;
}

function expectationSentence(run: ReportRun): string {
  const all = run.summary.expect;
  if (all.length === 0) return 'The scenario states no expectations.';
  const failed = all.filter((item) => item.ok === false).length;
  const unsure = all.filter((item) => item.ok === null).length;
  const parts: string[] = [];
  if (failed > 0) parts.push(`${failed} of ${countOf(all.length, 'expectation')} did not hold`);
  if (unsure > 0)
    parts.push(`${unsure} of ${countOf(all.length, 'expectation')} had too few samples`);
  if (parts.length > 0) return `${capitalised(parts.join('; '))}.`;
  return all.length === 1 ? 'The expectation held.' : `All ${all.length} expectations held.`;
}

function strikeSentence(run: ReportRun): string {
  const idle = run.summary.faults.filter((fault) => fault.strikes === 0);
  if (idle.length === 0) return '';
  const names = [...new Set(idle.map((fault) => `“${fault.id}”`))].join(', ');
  return `${names} struck nothing.`;
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `NAME = VALUE` is the value alone where it is the only one: the expression beside it has the name. */
export function shortObserved({ text, observed }: ExpectationSummary): string {
  const figures = [...observed.matchAll(/(\S+) = /g)];
  const [only] = figures;
  if (only === undefined || figures.length > 1 || !text.includes(only[1] ?? '')) return observed;
  return observed.replace(only[0], '');
}

/** What Envoy's response flags mean, in a few words each. Source: Envoy, access log format. */
const FLAGS: Readonly<Record<string, string>> = {
  DC: 'the downstream closed the connection',
  DI: 'delayed by fault injection',
  DT: 'request or connection lasted too long',
  FI: 'answered by fault injection',
  IH: 'an invalid value in a strictly checked header',
  LH: 'the local service failed its health check',
  LR: 'reset on this side',
  NC: 'the upstream cluster does not exist',
  NR: 'no route matches',
  RL: 'refused by the rate limit',
  RLSE: 'the rate-limit service failed',
  SI: 'idle for too long',
  UAEX: 'denied by the external authorizer',
  UC: 'the upstream closed the connection',
  UF: 'could not connect upstream',
  UH: 'no healthy upstream endpoint',
  UMSDR: 'the stream lasted too long',
  UO: 'refused by circuit breakers (upstream overflow)',
  UPE: 'a protocol error upstream',
  UR: 'reset by the upstream',
  URX: 'retry limit reached',
  UT: 'upstream timeout',
};

/** Empty for a flag that we do not know. */
export function flagMeaning(flag: string): string {
  return FLAGS[flag] ?? '';
}
