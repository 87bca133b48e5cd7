/**
 * The descriptors of a request: what rate limits know it by.
 *
 * Compiled once per route. A descriptor is left out whole as soon as one of its actions finds
 * nothing. Source: policy-engine.md §9.2, 9.3; Envoy, rate limit policy of routes.
 */
import type { Head, PeerFacts } from '../../core/engine.ts';
import { withoutPort } from '../../core/socket-address.ts';
import type {
  Descriptor,
  DescriptorEntry,
  RateLimitAction,
  RateLimitActions,
} from '../config/rate-limits.ts';
import { compileHeaderMatch, compileQueryMatch, headerValues, queryParameter } from './match.ts';

/** What descriptors speak of. */
export interface DescriptorContext {
  readonly head: Head;
  readonly peer: PeerFacts;
  /** The cluster that the route chose; '' = none. */
  readonly cluster: string;
}

/** null = the descriptor does not hold; 'skip' = it holds without this entry. */
type Found = DescriptorEntry | 'skip' | null;
type Finder = (context: DescriptorContext) => Found;

export class DescriptorRules {
  private readonly rules: readonly {
    readonly stage: number;
    readonly finders: readonly Finder[];
  }[];

  constructor(limits: readonly RateLimitActions[]) {
    this.rules = limits.map(({ stage, actions }) => ({ stage, finders: actions.map(compile) }));
  }

  /** Those of one stage, in the order of the configuration. */
  of(context: DescriptorContext, stage: number): Descriptor[] {
    const descriptors: Descriptor[] = [];
    for (const rule of this.rules) {
      if (rule.stage !== stage) continue;
      const entries = entriesOf(rule.finders, context);
      if (entries !== null && entries.length > 0) descriptors.push(entries);
    }
    return descriptors;
  }
}

function entriesOf(finders: readonly Finder[], context: DescriptorContext): Descriptor | null {
  const entries: DescriptorEntry[] = [];
  for (const find of finders) {
    const found = find(context);
    if (found === null) return null;
    if (found !== 'skip') entries.push(found);
  }
  return entries;
}

function compile(action: RateLimitAction): Finder {
  switch (action.kind) {
    case 'generic-key': {
      const entry = { key: action.key, value: action.value };
      return () => entry;
    }
    case 'request-header':
      return ({ head }) => {
        const value = headerValues(head, action.header)[0];
        return entryOf(action.key, value, action.isOptional);
      };
    case 'query-parameter':
      return ({ head }) => {
        return entryOf(action.key, queryParameter(head.path, action.parameter), action.isOptional);
      };
    case 'remote-address':
      return ({ peer }) => ({ key: 'remote_address', value: withoutPort(peer.remoteAddress) });
    case 'masked-remote-address':
      return ({ peer }) => {
        const value = masked(withoutPort(peer.remoteAddress), action.v4Bits);
        return { key: 'masked_remote_address', value };
      };
    case 'source-cluster':
      return () => ({ key: 'source_cluster', value: action.value });
    case 'destination-cluster':
      return ({ cluster }) => ({ key: 'destination_cluster', value: cluster });
    case 'header-match': {
      const matchers = action.headers.map(compileHeaderMatch);
      const entry = { key: action.key, value: action.value };
      return ({ head }) => {
        const holds = matchers.every((matches) => matches(head));
        return holds === action.expectsMatch ? entry : null;
      };
    }
    case 'query-match': {
      const matchers = action.parameters.map(compileQueryMatch);
      const entry = { key: action.key, value: action.value };
      return ({ head }) => {
        const holds = matchers.every((matches) => matches(head.path));
        return holds === action.expectsMatch ? entry : null;
      };
    }
  }
}

function entryOf(key: string, value: string | undefined, isOptional: boolean): Found {
  if (value !== undefined && value !== '') return { key, value };
  return isOptional ? 'skip' : null;
}

/** `10.1.2.3` with 16 bits: `10.1.0.0/16`. */
function masked(address: string, bits: number): string {
  const parts = address.split('.').map(Number);
  const kept = parts.map((part, i) => {
    const here = Math.min(8, Math.max(0, bits - 8 * i));
    return part - (part % (1 << (8 - here)));
  });
  return `${kept.join('.')}/${bits}`;
}
