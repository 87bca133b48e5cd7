/**
 * The space that the differential test draws from: policies that both sides must decide alike.
 *
 * Times are far apart (20 ms and more; a hundred against nothing or for ever), shares are 0 or 100 %,
 * sweeps and fills come only after the case, and back-offs take a few milliseconds, so that neither
 * load nor chance decides what is compared.
 */
import fc from 'fast-check';
import { copies } from './space/copies.ts';
import { crowds } from './space/crowds.ts';
import { edges } from './space/edges.ts';
import { hashes } from './space/hashes.ts';
import { healthChecks } from './space/health-checks.ts';
import { mixed } from './space/mixed.ts';
import { priorities } from './space/priorities.ts';
import type { Arb } from './space/words.ts';
import type { Subject } from './subject.ts';

export { frame } from './space/frames.ts';

/** Each in so many of thirty draws. */
const SPACES: Readonly<
  Record<string, { readonly weight: number; readonly arbitrary: Arb<Subject> }>
> = {
  mixed: { weight: 12, arbitrary: mixed },
  edges: { weight: 4, arbitrary: edges },
  crowds: { weight: 3, arbitrary: crowds },
  priorities: { weight: 3, arbitrary: priorities },
  hashes: { weight: 3, arbitrary: hashes },
  healthChecks: { weight: 2, arbitrary: healthChecks },
  copies: { weight: 3, arbitrary: copies },
};

/** @param name of one of the spaces; undefined = all of them */
export function subjectsOf(name?: string): Arb<Subject> {
  if (name === undefined) return fc.oneof(...Object.values(SPACES));
  const space = SPACES[name];
  if (space === undefined) throw new Error(`no space is called "${name}"`);
  return space.arbitrary;
}
