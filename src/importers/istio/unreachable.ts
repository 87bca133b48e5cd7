/**
 * Finds rules of a VirtualService that no request can reach, and matches without effect.
 *
 * Works on the text of the rules, so it finds equal conditions and growing prefixes, not every
 * logical consequence; it reports what istiod's webhook reports.
 * Source: config-istio.md §2.14 VS-31 (algorithm); analyzer messages IST0130, IST0131.
 */
import type { Plain, SourceNode } from '../source-node.ts';

interface PrefixMatch {
  readonly node: SourceNode;
  readonly rule: SourceNode;
  readonly prefix: string;
  readonly match: PlainMap;
}

type PlainMap = Readonly<Record<string, Plain>>;

/** Reports on the entries of one `http` list. */
export function reportUnreachable(rules: readonly SourceNode[]): void {
  const seen = new Map<string, SourceNode>();
  const prefixes: PrefixMatch[] = [];
  let catchAll: SourceNode | null = null;
  for (const rule of rules) {
    const matches = rule.get('match')?.items() ?? [];
    if (matches.length === 0) {
      if (catchAll !== null) unreachable(rule, 'only the last rule can have no match');
      catchAll = rule;
    } else if (catchAll !== null) {
      unreachable(rule, `rule ${label(catchAll)} before it has no match and takes everything`);
    } else if (
      matches.filter((match) => isRepeated(match, rule, seen, prefixes)).length === matches.length
    ) {
      unreachable(rule, 'all its matches are used by rules before it');
    }
  }
  reportOverlaps(prefixes);
}

function isRepeated(
  node: SourceNode,
  rule: SourceNode,
  seen: Map<string, SourceNode>,
  prefixes: PrefixMatch[],
): boolean {
  const match = toMap(node.toPlain());
  const key = JSON.stringify(canonical(match));
  const earlier = seen.get(key);
  if (earlier !== undefined) {
    ineffective(node, earlier, 'repeats a match of');
    return true;
  }
  seen.set(key, rule);
  const prefix = toMap(match['uri'])['prefix'];
  if (typeof prefix === 'string' && prefix !== '') prefixes.push({ node, rule, prefix, match });
  return false;
}

/** Without its name, and with keys in a fixed order. */
function canonical(match: PlainMap): Plain {
  const { name: _name, ...conditions } = match;
  return sortKeys(conditions);
}

function sortKeys(value: Plain): Plain {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value as PlainMap).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sortKeys(item)]));
}

function reportOverlaps(prefixes: readonly PrefixMatch[]): void {
  const earlierOnes: PrefixMatch[] = [];
  for (const later of prefixes) {
    for (const earlier of earlierOnes) {
      const isLonger = later.prefix !== earlier.prefix && later.prefix.startsWith(earlier.prefix);
      if (isLonger && isCovered(earlier.match, later.match)) {
        ineffective(later.node, earlier.rule, 'is covered by a shorter prefix in');
      }
    }
    earlierOnes.push(later);
  }
}

/** Whether the other conditions of `earlier` are no stricter than those of `later`. */
function isCovered(earlier: PlainMap, later: PlainMap): boolean {
  if ((earlier['port'] ?? 0) !== (later['port'] ?? 0)) return false;
  if (!isBroader(method(earlier), method(later))) return false;
  if (!isBroader(encoded(earlier['authority']), encoded(later['authority']))) return false;
  return ['headers', 'queryParams', 'withoutHeaders'].every((field) =>
    areBroader(toMap(earlier[field]), toMap(later[field])),
  );
}

function areBroader(earlier: PlainMap, later: PlainMap): boolean {
  const keys = Object.keys(earlier);
  if (keys.length !== Object.keys(later).length) return false;
  return keys.every((key) => key in later && isBroader(encoded(earlier[key]), encoded(later[key])));
}

function isBroader(earlier: string, later: string): boolean {
  return earlier === later || earlier.startsWith(later);
}

/** An absent method counts as GET. */
function method(match: PlainMap): string {
  return encoded(match['method']) || 'exact:GET';
}

function encoded(value: Plain | undefined): string {
  const { exact, prefix } = toMap(value);
  if (typeof exact === 'string' && exact !== '') return `exact:${exact}`;
  return typeof prefix === 'string' && prefix !== '' ? `prefix:${prefix}` : '';
}

function toMap(value: Plain | undefined): PlainMap {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isMap ? (value as PlainMap) : {};
}

function label(rule: SourceNode): string {
  const name = rule.get('name')?.value;
  return typeof name === 'string' && name !== '' ? `"${name}"` : `#${rule.key}`;
}

function unreachable(rule: SourceNode, reason: string): void {
  rule.warning('MQ-ROUTE-012', `rule ${label(rule)} is never reached: ${reason}`);
}

function ineffective(match: SourceNode, earlier: SourceNode, how: string): void {
  match.info('MQ-ROUTE-013', `this match has no effect: it ${how} rule ${label(earlier)}`);
}
