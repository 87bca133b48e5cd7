/**
 * The commands that values of added headers may hold: their form, and which of them are known.
 *
 * Importers refuse all others by name; `mesh/route/header-value.ts` gives them their meaning.
 * Source: Envoy, custom request and response headers, command operators.
 */

/** `%%`, or `%NAME%`, `%NAME(argument)%`, `%NAME(argument):length%`. */
export const HEADER_COMMAND = /%%|%([A-Z_0-9]+)(?:\(([^()]*)\))?(?::(\d+))?%/g;

/** With the name of a header in brackets, or of two: `%REQ(a?b)%` is b where there is no a. */
export const COMMANDS_OF_HEADERS = ['REQ', 'RESP'] as const;
export const COMMANDS_OF_REQUESTS = [
  'PROTOCOL',
  'RESPONSE_CODE',
  'ROUTE_NAME',
  'UPSTREAM_CLUSTER',
  'VIRTUAL_CLUSTER_NAME',
] as const;
/** About the client's connection, so that no two requests need have the same value. */
export const COMMANDS_OF_CONNECTIONS = [
  'DOWNSTREAM_REMOTE_ADDRESS',
  'DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT',
  'DOWNSTREAM_REMOTE_PORT',
  'DOWNSTREAM_DIRECT_REMOTE_ADDRESS',
  'DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT',
  'DOWNSTREAM_DIRECT_REMOTE_PORT',
  'DOWNSTREAM_LOCAL_ADDRESS',
  'DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT',
  'DOWNSTREAM_LOCAL_PORT',
  'DOWNSTREAM_PEER_URI_SAN',
  'DOWNSTREAM_PEER_DNS_SAN',
  'REQUESTED_SERVER_NAME',
] as const;

/** Only where bodies of the proxy's own answers are made. */
export const COMMANDS_OF_REPLIES = [
  'LOCAL_REPLY_BODY',
  'RESPONSE_CODE_DETAILS',
  'RESPONSE_FLAGS',
] as const;

/** Whether a value needs to know the connection. */
export function readsConnection(text: string): boolean {
  for (const [, name] of text.matchAll(HEADER_COMMAND)) {
    if (name !== undefined && isAmong(name, COMMANDS_OF_CONNECTIONS)) return true;
  }
  return false;
}

/** Whether a value is the same for all requests of a route. */
export function readsRequest(text: string): boolean {
  return readsConnection(text) || /%REQ\(/.test(text);
}

/** Why a value cannot be used, or null. */
export function headerValueProblem(text: string): string | null {
  return problemOf(text, COMMANDS_OF_REQUESTS);
}

/** Why the text of a body's format cannot be used, or null. */
export function replyFormatProblem(text: string): string | null {
  return problemOf(text, [...COMMANDS_OF_REQUESTS, ...COMMANDS_OF_REPLIES]);
}

function problemOf(text: string, plain: readonly string[]): string | null {
  for (const [, name, argument] of text.matchAll(HEADER_COMMAND)) {
    if (name === undefined) continue;
    const wantsHeader = isAmong(name, COMMANDS_OF_HEADERS);
    const isKnown = isAmong(name, plain) || isAmong(name, COMMANDS_OF_CONNECTIONS);
    if (!wantsHeader && !isKnown) {
      return `the command %${name}% is not modelled`;
    }
    if (wantsHeader === (argument !== undefined)) continue;
    return `the command %${name}% ${wantsHeader ? 'needs a header in brackets' : 'takes nothing'}`;
  }
  const rest = text.replace(HEADER_COMMAND, '');
  return rest.includes('%') ? 'a percent sign stands alone; write %% for one' : null;
}

function isAmong(name: string, names: readonly string[]): boolean {
  return names.includes(name);
}
