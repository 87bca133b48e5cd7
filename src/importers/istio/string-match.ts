/**
 * `{ exact | prefix | regex }` conditions.
 *
 * Source: config-istio.md §0.4 (oneof), §2.14 VS-13; istio/api StringMatch.
 */
import { RE2JS } from 're2js';
import type { ValueMatch } from '../../mesh/config/config.ts';
import { openMessage, readFields } from '../message.ts';
import type { SourceNode } from '../source-node.ts';

const FIELDS = readFields('exact', 'prefix', 'regex');
const MAX_REGEX_LENGTH = 1024;

export interface StringMatchOptions {
  /** Whether `prefix: ""` may be given (uri only). */
  readonly allowsEmptyPrefix?: boolean;
  /** Whether `regex: "*"` stands for presence (withoutHeaders only). */
  readonly allowsStarRegex?: boolean;
}

/** What the condition says; `present` for an empty map. undefined after a diagnostic. */
export function readStringMatch(
  node: SourceNode,
  options: StringMatchOptions = {},
): Extract<ValueMatch, { kind: 'present' | 'exact' | 'prefix' | 'regex' }> | undefined {
  const message = openMessage(node, FIELDS, 'StringMatch');
  if (message === undefined) return undefined;
  const [kind, second] = message.names();
  if (kind === undefined) return { kind: 'present' };
  if (second !== undefined) {
    const text = `a match takes one of exact, prefix and regex, found "${kind}" and "${second}"`;
    node.error('MQ-FIELD-010', text);
    return undefined;
  }
  const child = message.get(kind);
  const value = child?.string();
  if (child === undefined || value === undefined) return undefined;
  if (kind === 'exact') return { kind, value };
  if (kind === 'prefix') return readPrefix(child, value, options);
  return readRegex(child, value, options);
}

function readPrefix(node: SourceNode, value: string, options: StringMatchOptions) {
  if (value !== '' || options.allowsEmptyPrefix) return { kind: 'prefix', value } as const;
  node.error('MQ-ROUTE-006', 'an empty prefix matches everything, so it is not allowed here');
  return undefined;
}

function readRegex(node: SourceNode, value: string, options: StringMatchOptions) {
  if (value === '*' && options.allowsStarRegex) return { kind: 'present' } as const;
  const problem = regexProblem(value);
  if (problem === null) return { kind: 'regex', value } as const;
  node.error('MQ-ROUTE-006', `regex ${JSON.stringify(value.slice(0, 60))} ${problem}`, {
    why: 'Envoy reads regular expressions as RE2: no look-around and no back-references',
  });
  return undefined;
}

/** Why `text` is no regular expression that Istio accepts; null when it is one. */
export function regexProblem(text: string): string | null {
  if (text === '') return 'is empty';
  if (text.length > MAX_REGEX_LENGTH) return `is longer than ${MAX_REGEX_LENGTH} characters`;
  try {
    RE2JS.compile(text);
    return null;
  } catch (error) {
    return `is not RE2: ${error instanceof Error ? error.message : String(error)}`;
  }
}
