/**
 * What a connection of a scripted upstream asks its upstream, whatever protocol it speaks.
 */
import type { Behaviour } from './case-file.ts';
import type { Pairs } from './http-text.ts';
import type { Clock } from './stage.ts';

/** One attempt as an upstream saw it. */
export interface Attempt {
  readonly host: string;
  readonly atMs: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Pairs;
  body: string | null;
}

export interface Arrival {
  readonly behaviour: Behaviour;
  readonly attempt: Attempt;
}

export interface Answerer {
  readonly name: string;
  /** A request is here: what to do with it. `leave` has to follow. */
  arrive(method: string, path: string, headers: Pairs): Arrival;
  leave(): void;
}

/** Headers of an answer; every answer says who gave it. */
export function headersOf(b: Behaviour, name: string, clock: Clock): Pairs {
  const fields: (readonly [string, string])[] = [['x-host', name]];
  for (const [key, value] of Object.entries(b.headers ?? {})) {
    for (const item of Array.isArray(value) ? value : [value]) fields.push([key, String(item)]);
  }
  const nowSeconds = Math.floor(clock.wallMs() / 1_000);
  for (const [key, seconds] of Object.entries(b.rel_headers ?? {})) {
    fields.push([key, String(nowSeconds + Math.trunc(seconds))]);
  }
  return fields;
}
