/**
 * Times of a run as scenarios write them: `60s`, `slow.start`, `slow.end + 10s`, `end`.
 * Source: scenario.md (times). `end` is the end of the run.
 */
import { epochMsOf } from '../core/calendar.ts';
import { type Ns, SECOND } from '../core/time.ts';
import { parseDurationNs } from '../core/units.ts';
import type { TimeRef } from './scenario.ts';

/** The time, or what is wrong with its text. */
export type ParsedTime =
  | { readonly ok: true; readonly time: TimeRef }
  | { readonly ok: false; readonly problem: string };

const ANCHORED = /^([a-z0-9][a-z0-9-]*)\.(start|end)\s*(?:([+-])\s*(.+))?$/;

/** @param runEndNs what `end` stands for */
export function parseTimeRef(text: string, runEndNs: Ns): ParsedTime {
  const trimmed = text.trim();
  if (trimmed === 'end') return { ok: true, time: { anchor: null, offsetNs: runEndNs } };
  const match = ANCHORED.exec(trimmed);
  if (match === null) {
    const parsed = parseDurationNs(trimmed);
    if (parsed.ok) return { ok: true, time: { anchor: null, offsetNs: parsed.value } };
    return { ok: false, problem: `${parsed.problem}, or ID.start, ID.end + 10s` };
  }
  const [, id = '', edge, sign, distance] = match;
  const parsed = distance === undefined ? null : parseDurationNs(distance);
  if (parsed !== null && !parsed.ok) return { ok: false, problem: parsed.problem };
  const offsetNs = parsed === null ? 0 : sign === '-' ? -parsed.value : parsed.value;
  const anchor = { id, edge: edge === 'start' ? 'start' : 'end' } as const;
  return { ok: true, time: { anchor, offsetNs } };
}

/** First start and last end of something that happened. */
export interface Span {
  readonly startNs: Ns;
  readonly endNs: Ns;
}

/**
 * The instant that a time stands for.
 *
 * @param spanOf null for a fault that did not happen
 * @returns null when the fault it hangs on did not happen
 */
export function resolveTime(time: TimeRef, spanOf: (id: string) => Span | null): Ns | null {
  if (time.anchor === null) return time.offsetNs;
  const span = spanOf(time.anchor.id);
  if (span === null) return null;
  return (time.anchor.edge === 'start' ? span.startNs : span.endNs) + time.offsetNs;
}

/** To the millisecond, as documents show times. */
export function toSeconds(ns: Ns): number {
  return Math.round((ns * 1000) / SECOND) / 1000;
}

/** Milliseconds since 1970 of `2026-01-01T00:00:00Z`; null for anything else. */
export function parseEpochMs(text: string): number | null {
  const match = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,3}))?Z)?$/.exec(
    text.trim(),
  );
  if (match === null) return null;
  const [year, month, day, hour, minute, second] = match
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  if (year === undefined || month === undefined || day === undefined) return null;
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return null;
  const [h, m, s] = [hour || 0, minute || 0, second || 0];
  if (h > 23 || m > 59 || s > 59) return null;
  const ms = Number((match[7] ?? '').padEnd(3, '0'));
  return epochMsOf(year, month, day, h, m, s) + ms;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return isLeap(year) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}
