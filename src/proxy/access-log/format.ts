/**
 * Access-log formats: text with command operators, parsed once, printed per request.
 *
 * A format that cannot be printed is the caller's mistake and is said at start-up, with the place.
 * Source: Envoy docs, configuration/observability/access_log/usage (format strings, default format).
 */
import { UsageError } from '../../core/errors.ts';
import { didYouMean } from '../../core/suggest.ts';
import { type LogContext, OPERATOR_NAMES, type Operator, operatorOf } from './operators.ts';

/** What Envoy prints when nothing is configured. */
export const DEFAULT_FORMAT = [
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%"',
  '%RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION%',
  '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%"',
  '"%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"',
].join(' ');

/** `%NAME%`, `%NAME(ARGUMENT)%`, either with `:LIMIT`. An argument may hold `%` (time formats). */
const OPERATOR = /%([A-Z_]+)(?:\(([^()]*)\))?(?::(\d{1,6}))?%/y;

/** Prints one request as one line. */
export type LineFormatter = (context: LogContext) => string;

/**
 * @returns prints a line that ends in a line feed
 * @throws UsageError naming the operator that does not exist, or the `%` that starts none
 */
export function parseFormat(format: string): LineFormatter {
  const parts = partsOf(format.endsWith('\n') ? format : `${format}\n`);
  return (context) => {
    let line = '';
    for (const part of parts) line += typeof part === 'string' ? part : (part(context) ?? '-');
    return line;
  };
}

function partsOf(format: string): (string | Operator)[] {
  const parts: (string | Operator)[] = [];
  let at = 0;
  while (at < format.length) {
    const percent = format.indexOf('%', at);
    if (percent !== at) {
      parts.push(format.slice(at, percent === -1 ? format.length : percent));
      at = percent === -1 ? format.length : percent;
      continue;
    }
    if (format.startsWith('%%', at)) {
      parts.push('%');
      at += 2;
      continue;
    }
    OPERATOR.lastIndex = at;
    const match = OPERATOR.exec(format);
    if (match === null) throw noOperator(format, at);
    parts.push(operatorAt(match));
    at = OPERATOR.lastIndex;
  }
  return parts;
}

function operatorAt(match: RegExpExecArray): Operator {
  const [whole, name = '', argument, limit] = match;
  const operator = operatorOf(name, argument ?? null, limit === undefined ? null : Number(limit));
  if (operator !== null) return operator;
  if (OPERATOR_NAMES.includes(name)) {
    const wants = name === 'REQ' || name === 'RESP' ? 'one or two header names' : 'no argument';
    throw new UsageError(`access-log format: ${whole}: ${name} takes ${wants}`);
  }
  throw new UsageError(
    `access-log format: unknown operator ${whole}${didYouMean(name, OPERATOR_NAMES)}`,
  );
}

function noOperator(format: string, at: number): UsageError {
  const rest = format.slice(at, at + 24).trimEnd();
  return new UsageError(
    `access-log format: "${rest}" at character ${at + 1} is no operator (a percent sign is %%)`,
  );
}
