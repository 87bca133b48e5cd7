/**
 * The scalar types of the scenario's schema: numbers with units, names, counts.
 *
 * Each reads text as people write it and yields the number in base units (ns, requests per second,
 * bytes, 0..1). In the exported JSON Schema they are strings with a pattern, so that editors
 * complain about a missing unit too.
 * Source: scenario.md (units), core/units.ts.
 */
import { z } from 'zod';
import {
  type Parsed,
  parseDurationNs,
  parseRateRps,
  parseRatio,
  parseSizeBytes,
} from '../../core/units.ts';

/** Why a custom check failed: the diagnostic code travels in the issue's parameters. */
export interface IssueParams {
  readonly code: string;
  /** The value has the wrong type altogether: another branch of a union may fit better. */
  readonly isWrongType?: boolean;
  /** Which keys a map has, so an unknown key may explain it. */
  readonly isAboutKeys?: boolean;
}

/** Adds an issue that becomes a diagnostic with this code. */
export function addIssue(
  context: z.core.$RefinementCtx,
  code: string,
  message: string,
  path: readonly PropertyKey[] = [],
): void {
  const params: IssueParams = { code };
  context.addIssue({ code: 'custom', message, path: [...path], params });
}

/** Exactly one of some keys must be there. @returns whether that is so */
export function requireOne(
  context: z.core.$RefinementCtx,
  keys: readonly string[],
  given: readonly string[],
): boolean {
  if (given.length === 1) return true;
  const found = given.length === 0 ? 'none' : given.join(' and ');
  const message = `must have exactly one of ${keys.join(', ')}; found ${found}`;
  const code = given.length === 0 ? 'MQ-FIELD-003' : 'MQ-FIELD-010';
  const params: IssueParams = { code, isAboutKeys: true };
  context.addIssue({ code: 'custom', message, params });
  return false;
}

interface QuantityText {
  /** For people: `a duration`. */
  readonly what: string;
  /** Of a value that cannot be read. */
  readonly code: string;
  /** JSON Schema of the text. */
  readonly schema: Record<string, unknown>;
}

function quantity(parse: (input: string | number) => Parsed, text: QuantityText) {
  return z
    .unknown()
    .transform((input, context): number => {
      if (typeof input !== 'string' && typeof input !== 'number') {
        const params: IssueParams = { code: 'MQ-FIELD-001', isWrongType: true };
        const message = `must be ${text.what}`;
        context.addIssue({ code: 'custom', message, params });
        return z.NEVER;
      }
      const parsed = parse(input);
      if (parsed.ok) return parsed.value;
      addIssue(context, text.code, parsed.problem);
      return z.NEVER;
    })
    .meta(text.schema);
}

const DURATION_PATTERN = '^(\\d+(\\.\\d+)?\\s*(ns|us|µs|ms|s|m|h|d)\\s*)+$';

/** Integer nanoseconds; 0 is allowed. */
export function duration() {
  return quantity(parseDurationNs, {
    what: 'a duration like 250ms',
    code: 'MQ-FIELD-006',
    schema: { type: 'string', pattern: DURATION_PATTERN },
  });
}

/** Integer nanoseconds above 0. */
export function positiveDuration() {
  return quantity(positive(parseDurationNs, 'a duration'), {
    what: 'a duration like 250ms',
    code: 'MQ-FIELD-006',
    schema: { type: 'string', pattern: DURATION_PATTERN },
  });
}

/** Requests per second, above 0. */
export function rate() {
  return quantity(parseRateRps, {
    what: 'a rate like 640rps',
    code: 'MQ-FIELD-006',
    schema: { type: 'string', pattern: '^\\d+(\\.\\d+)?\\s*(rps|/s|/m|/h|/d)$' },
  });
}

/** Bytes. */
export function size() {
  return quantity(parseSizeBytes, {
    what: 'a size like 4KiB',
    code: 'MQ-FIELD-006',
    schema: { type: 'string', pattern: '^\\d+(\\.\\d+)?\\s*([KMGT]iB|[kMGT]?B)$' },
  });
}

/** 0..1, written `0.05` or `5%`. */
export function ratio() {
  return quantity(parseRatio, {
    what: 'a ratio like 0.05 or 5%',
    code: 'MQ-FIELD-005',
    schema: {
      anyOf: [
        { type: 'number', minimum: 0, maximum: 1 },
        { type: 'string', pattern: '^(\\d+(\\.\\d+)?|\\.\\d+)\\s*%?$' },
      ],
    },
  });
}

function positive(
  parse: (input: string | number) => Parsed,
  what: string,
): (input: string | number) => Parsed {
  return (input) => {
    const parsed = parse(input);
    if (!parsed.ok || parsed.value > 0) return parsed;
    return { ok: false, problem: `${JSON.stringify(input)} is not above zero, as ${what} must be` };
  };
}

/** A whole number, limits included. */
export function count(min: number, max: number) {
  return z.int().min(min).max(max);
}

/** What Kubernetes calls a DNS label: the names of services, clients, faults and namespaces. */
export const DNS_LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** A DNS label. */
export function name() {
  return z.string().regex(DNS_LABEL, {
    error: 'must be a DNS label: lower-case letters, digits and hyphens, 63 at most',
  });
}

/** `region/zone`, as Kubernetes' labels have them joined. */
export function locality() {
  const label = '[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?';
  return z.string().regex(new RegExp(`^${label}/${label}$`), {
    error: 'must be region/zone, two DNS labels such as eu-west/a',
  });
}

/** Text without line ends or other control characters. */
export function text() {
  return z.string();
}

/** Header names to values. */
export function headers() {
  const headerName = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, {
    error: 'is not a header name',
  });
  return z.record(headerName, z.string());
}
