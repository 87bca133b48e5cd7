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
export const COMMANDS_OF_REQUESTS = ['PROTOCOL', 'RESPONSE_CODE', 'ROUTE_NAME'] as const;

/** Why a value cannot be used, or null. */
export function headerValueProblem(text: string): string | null {
  for (const [, name, argument] of text.matchAll(HEADER_COMMAND)) {
    if (name === undefined) continue;
    const wantsHeader = isAmong(name, COMMANDS_OF_HEADERS);
    if (!wantsHeader && !isAmong(name, COMMANDS_OF_REQUESTS)) {
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
