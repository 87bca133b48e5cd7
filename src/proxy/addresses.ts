/**
 * Socket addresses as text: `127.0.0.1:8080`, `[::1]:8080`, `:8080` for the loopback address.
 */

/** Host without brackets, and port. */
export interface SocketAddress {
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
}

const LOOPBACK = '127.0.0.1';

/** @returns null when the text is not an address with a port in 0..65535 */
export function parseAddress(text: string): SocketAddress | null {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  if (match === null) return null;
  const port = Number(match[3]);
  if (port > 65_535) return null;
  const host = match[1] ?? match[2] ?? '';
  return { host: host === '' ? LOOPBACK : host, port };
}

export function formatAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether only this machine can reach a socket that is bound to `host`. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}
