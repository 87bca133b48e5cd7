/** Parts of an address as text, `ip:port` or `[ip]:port`. */

/** The address of `ip:port` or `[ip]:port`. */
export function withoutPort(address: string): string {
  const end = address.lastIndexOf(':');
  const ip = end < 0 ? address : address.slice(0, end);
  return ip.startsWith('[') ? ip.slice(1, -1) : ip;
}

/** The port of `ip:port`; NaN when there is none. */
export function portOf(address: string): number {
  const end = address.lastIndexOf(':');
  return end < 0 ? Number.NaN : Number(address.slice(end + 1));
}
