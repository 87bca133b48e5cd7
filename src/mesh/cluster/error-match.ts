/**
 * The status that a response counts as for outlier detection, where a cluster says what an error is.
 *
 * Source: policy-engine.md §4.2.
 */
import type { Head } from '../../core/engine.ts';
import type { ErrorMatch } from '../config/error-match.ts';
import { compileHeaderMatch } from '../route/match.ts';

export type ErrorMatcher = (head: Head) => boolean;

/** Compiled once per cluster. */
export function compileErrorMatch(match: ErrorMatch): ErrorMatcher {
  switch (match.kind) {
    case 'any':
      return () => true;
    case 'not': {
      const inner = compileErrorMatch(match.of);
      return (head) => !inner(head);
    }
    case 'and': {
      const all = match.of.map(compileErrorMatch);
      return (head) => all.every((matches) => matches(head));
    }
    case 'or': {
      const any = match.of.map(compileErrorMatch);
      return (head) => any.some((matches) => matches(head));
    }
    case 'headers': {
      const all = match.headers.map(compileHeaderMatch);
      return (head) => all.every((matches) => matches(head));
    }
  }
}

/** What matches is an error of its status, or 500; what does not is a success. */
export function statusByMatch(matcher: ErrorMatcher, head: Head): number {
  if (!matcher(head)) return 200;
  return head.status >= 500 ? head.status : 500;
}
