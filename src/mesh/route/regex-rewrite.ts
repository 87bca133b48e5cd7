/**
 * Replaces what a regular expression matches, the way RE2 does it.
 *
 * Used by path rewrites, redirects and hash policies.
 * Source: RE2 GlobalReplace; Envoy, RegexMatchAndSubstitute.
 */
import { RE2JS } from 're2js';

/** RE2 pattern; in the substitution `\0` is the match, `\1` … `\9` its groups, `\\` a backslash. */
export interface RegexRewrite {
  readonly pattern: string;
  readonly substitution: string;
}

/**
 * @returns a function that replaces every match
 * @throws RE2JSException when the pattern is not RE2 syntax; importers check it first
 */
export function compileRegexRewrite({ pattern, substitution }: RegexRewrite) {
  const regex = RE2JS.compile(pattern);
  return (text: string): string => {
    const matcher = regex.matcher(text);
    let result = '';
    let from = 0;
    while (matcher.find()) {
      result += text.slice(from, matcher.start());
      result += substitution.replace(/\\([0-9\\])/g, (_all, what: string) => {
        return what === '\\' ? what : (matcher.group(Number(what)) ?? '');
      });
      from = matcher.end();
    }
    return result + text.slice(from);
  };
}

/** Why a rewrite cannot be compiled, or null. */
export function regexRewriteProblem({ pattern, substitution }: RegexRewrite): string | null {
  let groups: number;
  try {
    groups = RE2JS.compile(pattern).groupCount();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const stray = /\\(?![0-9\\])/.exec(substitution.replaceAll('\\\\', ''));
  if (stray !== null) return 'a backslash in a substitution must be followed by a digit or another';
  const highest = Math.max(0, ...[...substitution.matchAll(/\\([0-9])/g)].map((m) => Number(m[1])));
  return highest > groups ? `the substitution names group ${highest} of ${groups}` : null;
}
