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
