/**
 * What health checks send, and what they look for in answers.
 *
 * Source: policy-engine.md §5; Envoy, HTTP and TCP health checkers.
 */
import type { Host } from '../cluster/host.ts';
import type { StatusRange } from '../config/config.ts';
import type { GrpcProbe, Hex, HttpProbe } from '../config/health-check.ts';

export function authorityOf(
  { host: configured }: HttpProbe | GrpcProbe,
  host: Host,
  clusterName: string,
): string {
  const own = host.endpoint.check?.hostname;
  if (own !== undefined) return own;
  return configured === '' ? clusterName : configured;
}

export function headersOf(
  { addHeaders = [], removeHeaders = [] }: HttpProbe,
  body: Uint8Array | null,
) {
  const length = body === null ? [] : [['content-length', String(body.length)] as const];
  const headers = [['user-agent', 'Envoy/HC'] as const, ...length, ...addHeaders];
  return headers.filter(([name]) => !removeHeaders.includes(name));
}

/** Whether `text` has the parts, one after the other. */
export function hasAll(text: Hex, parts: readonly Hex[]): boolean {
  let from = 0;
  for (const part of parts) {
    let at = text.indexOf(part, from);
    // Bytes begin at even places only.
    while (at >= 0 && at % 2 !== 0) at = text.indexOf(part, at + 1);
    if (at < 0) return false;
    from = at + part.length;
  }
  return true;
}

export function bytesOf(hex: Hex): Uint8Array {
  const pairs = hex.match(/../g) ?? [];
  return Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16));
}

export function hexOf(bytes: Uint8Array): Hex {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

export function contains(ranges: readonly StatusRange[], status: number): boolean {
  return ranges.some(({ from, to }) => status >= from && status < to);
}
