/**
 * Values of headers that routes add: text with Envoy's commands in percent signs.
 *
 * Known are those that follow from the request, the response and the route; importers refuse all
 * others by name, with `headerValueProblem`.
 * Source: policy-engine.md §8.5; Envoy, custom request and response headers, command operators.
 */
import type { Head } from '../../core/engine.ts';
import { headerValues } from './match.ts';

/** What commands speak about. */
export interface HeaderContext {
  readonly request: Head;
  /** null while the request is on its way. */
  readonly response: Head | null;
  readonly routeName: string;
}

/** @returns '' when a command has no value */
export type HeaderValue = (context: HeaderContext) => string;

const COMMAND = /%%|%([A-Z_0-9]+)(?:\(([^()]*)\))?(?::(\d+))?%/g;

/** A value; commands that are not known give nothing, so importers check them first. */
export function compileHeaderValue(text: string): HeaderValue {
  const parts: (string | HeaderValue)[] = [];
  let from = 0;
  for (const match of text.matchAll(COMMAND)) {
    parts.push(text.slice(from, match.index));
    parts.push(match[0] === '%%' ? '%' : compileCommand(match[1]!, match[2], match[3]));
    from = match.index + match[0].length;
  }
  parts.push(text.slice(from));
  return (context) =>
    parts.map((part) => (typeof part === 'string' ? part : part(context))).join('');
}

/** Why a value cannot be used, or null. */
export function headerValueProblem(text: string): string | null {
  for (const [, name, argument] of text.matchAll(COMMAND)) {
    if (name === undefined) continue;
    const wantsHeader = Object.hasOwn(OF_HEADERS, name);
    if (!wantsHeader && !Object.hasOwn(OF_REQUESTS, name)) {
      return `the command %${name}% is not modelled`;
    }
    if (wantsHeader === (argument !== undefined)) continue;
    return `the command %${name}% ${wantsHeader ? 'needs a header in brackets' : 'takes nothing'}`;
  }
  const rest = text.replace(COMMAND, '');
  return rest.includes('%') ? 'a percent sign stands alone; write %% for one' : null;
}

const OF_REQUESTS: Readonly<Record<string, HeaderValue>> = {
  PROTOCOL: () => 'HTTP/1.1',
  RESPONSE_CODE: ({ response }) => String(response?.status ?? 0),
  ROUTE_NAME: ({ routeName }) => routeName,
};

const OF_HEADERS: Readonly<Record<string, (context: HeaderContext, names: string) => string>> = {
  REQ: ({ request }, names) => firstOf(request, names),
  RESP: ({ response }, names) => (response === null ? '' : firstOf(response, names)),
};

function compileCommand(name: string, names = '', length?: string): HeaderValue {
  const most = length === undefined ? Number.POSITIVE_INFINITY : Number(length);
  const ofHeader = OF_HEADERS[name];
  const value = ofHeader === undefined ? OF_REQUESTS[name] : bound(ofHeader, names);
  return (context) => value?.(context).slice(0, most) ?? '';
}

function bound(of: (context: HeaderContext, names: string) => string, names: string): HeaderValue {
  return (context) => of(context, names);
}

/** `A?B`: header A, or B where there is no A. */
function firstOf(head: Head, argument: string): string {
  for (const name of argument.split('?')) {
    const value = headerValues(head, name.toLowerCase())[0];
    if (value !== undefined && value !== '') return value;
  }
  return '';
}
