/**
 * Checks of regular expressions that replace: RE2 syntax, and substitutions with groups.
 *
 * Source: RE2 GlobalReplace; config-istio.md §2.14 VS-24.
 */
import { RE2JS } from 're2js';

/** Why a rewrite cannot be used, or null. */
export function regexRewriteProblem(pattern: string, substitution: string): string | null {
  let groups: number;
  try {
    groups = RE2JS.compile(pattern).groupCount();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const bare = substitution.replaceAll('\\\\', '');
  if (/\\(?![0-9])/.test(bare)) {
    return 'a backslash in a substitution must be followed by a digit or another one';
  }
  const named = [...bare.matchAll(/\\([0-9])/g)].map((match) => Number(match[1]));
  const highest = Math.max(0, ...named);
  return highest > groups ? `the substitution names group ${highest} of ${groups}` : null;
}
