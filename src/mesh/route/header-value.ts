/**
 * Values of headers that routes add: text with Envoy's commands in percent signs.
 *
 * Known are those that follow from the request, the response and the route; importers refuse all
 * others by name, with `headerValueProblem` of `config/header-commands.ts`.
 * Source: policy-engine.md §8.5; Envoy, custom request and response headers, command operators.
 */
import type { Head, PeerFacts } from '../../core/engine.ts';
import { portOf, withoutPort } from '../../core/socket-address.ts';
import {
  type COMMANDS_OF_CONNECTIONS,
  type COMMANDS_OF_HEADERS,
  type COMMANDS_OF_REQUESTS,
  HEADER_COMMAND,
} from '../config/header-commands.ts';
import { headerValues } from './match.ts';

/** What commands speak about. */
export interface HeaderContext {
  readonly request: Head;
  /** null while the request is on its way. */
  readonly response: Head | null;
  /** Of the upstream's response; 0 = there is none. */
  readonly responseCode: number;
  readonly routeName: string;
  /** '' = none. */
  readonly clusterName: string;
  /** null = no value asks about it. */
  readonly peer: PeerFacts | null;
}

/** @returns '' when a command has no value */
export type HeaderValue = (context: HeaderContext) => string;

/** A value; commands that are not known give nothing, so importers check them first. */
export function compileHeaderValue(text: string): HeaderValue {
  const parts: (string | HeaderValue)[] = [];
  let from = 0;
  for (const match of text.matchAll(HEADER_COMMAND)) {
    parts.push(text.slice(from, match.index));
    parts.push(match[0] === '%%' ? '%' : compileCommand(match[1]!, match[2], match[3]));
    from = match.index + match[0].length;
  }
  parts.push(text.slice(from));
  return (context) =>
    parts.map((part) => (typeof part === 'string' ? part : part(context))).join('');
}

const OF_REQUESTS: Readonly<Record<(typeof COMMANDS_OF_REQUESTS)[number], HeaderValue>> = {
  PROTOCOL: () => 'HTTP/1.1',
  RESPONSE_CODE: ({ responseCode }) => String(responseCode),
  ROUTE_NAME: ({ routeName }) => routeName,
  UPSTREAM_CLUSTER: ({ clusterName }) => clusterName,
  VIRTUAL_CLUSTER_NAME: () => '',
};

type OfConnection = (peer: PeerFacts) => string;
const remote: OfConnection = ({ remoteAddress }) => remoteAddress;
const local: OfConnection = ({ localAddress }) => localAddress;

const OF_CONNECTIONS: Readonly<Record<(typeof COMMANDS_OF_CONNECTIONS)[number], OfConnection>> = {
  DOWNSTREAM_REMOTE_ADDRESS: remote,
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: (peer) => withoutPort(remote(peer)),
  DOWNSTREAM_REMOTE_PORT: (peer) => String(portOf(remote(peer))),
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS: remote,
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT: (peer) => withoutPort(remote(peer)),
  DOWNSTREAM_DIRECT_REMOTE_PORT: (peer) => String(portOf(remote(peer))),
  DOWNSTREAM_LOCAL_ADDRESS: local,
  DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: (peer) => withoutPort(local(peer)),
  DOWNSTREAM_LOCAL_PORT: (peer) => String(portOf(local(peer))),
  DOWNSTREAM_PEER_URI_SAN: (peer) => namesOf(peer, 'uri'),
  DOWNSTREAM_PEER_DNS_SAN: (peer) => namesOf(peer, 'dns'),
  REQUESTED_SERVER_NAME: ({ serverName }) => serverName ?? '',
};

function namesOf({ sans }: PeerFacts, wanted: 'uri' | 'dns'): string {
  return sans
    .filter(({ type }) => type === wanted)
    .map(({ value }) => value)
    .join(',');
}

type OfHeader = (context: HeaderContext, names: string) => string;

const OF_HEADERS: Readonly<Record<(typeof COMMANDS_OF_HEADERS)[number], OfHeader>> = {
  REQ: ({ request }, names) => firstOf(request, names),
  RESP: ({ response }, names) => (response === null ? '' : firstOf(response, names)),
};

function compileCommand(name: string, names = '', length?: string): HeaderValue {
  const most = length === undefined ? Number.POSITIVE_INFINITY : Number(length);
  const ofHeader = (OF_HEADERS as Readonly<Record<string, OfHeader>>)[name];
  const ofRequest = (OF_REQUESTS as Readonly<Record<string, HeaderValue>>)[name];
  const ofConnection = (OF_CONNECTIONS as Readonly<Record<string, OfConnection>>)[name];
  if (ofConnection !== undefined) {
    return ({ peer }) => (peer === null ? '' : ofConnection(peer).slice(0, most));
  }
  const value = ofHeader === undefined ? ofRequest : bound(ofHeader, names);
  return (context) => value?.(context).slice(0, most) ?? '';
}

function bound(of: OfHeader, names: string): HeaderValue {
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
