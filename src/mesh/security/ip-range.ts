/**
 * IP addresses and ranges of them, version 4 and 6.
 *
 * Access rules compare addresses of connections with ranges; both come as text. Importers have
 * checked the ranges. Source: RFC 4291 §2.2, RFC 4632.
 */

/** Groups of 16 bits: two for version 4, eight for version 6. */
type Groups = readonly number[];

/**
 * A question whether an address lies in a range.
 *
 * @param cidr `10.0.0.0/8`, `2001:db8::/32`, or one address
 * @returns a predicate over addresses without port; text that is no address lies in no range
 */
export function compileIpRange(cidr: string): (address: string) => boolean {
  const slash = cidr.indexOf('/');
  const range = groupsOf(slash < 0 ? cidr : cidr.slice(0, slash));
  if (range === null) return () => false;
  const bits = slash < 0 ? range.length * 16 : Number(cidr.slice(slash + 1));
  return (text) => {
    const address = groupsOf(text);
    return address !== null && address.length === range.length && agree(address, range, bits);
  };
}

/** Whether the first `bits` bits are equal. */
function agree(address: Groups, range: Groups, bits: number): boolean {
  for (let i = 0; i * 16 < bits; i++) {
    const ignored = Math.max(0, 16 - (bits - i * 16));
    if (address[i]! >>> ignored !== range[i]! >>> ignored) return false;
  }
  return true;
}

function groupsOf(text: string): Groups | null {
  return text.includes(':') ? groupsOfIpv6(text) : groupsOfIpv4(text);
}

function groupsOfIpv4(text: string): Groups | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part))) return null;
  const [a, b, c, d] = parts.map(Number) as [number, number, number, number];
  if (a > 255 || b > 255 || c > 255 || d > 255) return null;
  return [a * 256 + b, c * 256 + d];
}

function groupsOfIpv6(text: string): Groups | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = groupsOfHalf(halves[0]!);
  const tail = halves.length === 2 ? groupsOfHalf(halves[1]!) : [];
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  return [...head, ...new Array<number>(missing).fill(0), ...tail];
}

/** Groups between colons; the last may be an address of version 4. */
function groupsOfHalf(text: string): number[] | null {
  if (text === '') return [];
  const groups: number[] = [];
  for (const part of text.split(':')) {
    if (part.includes('.')) {
      const last = groupsOfIpv4(part);
      if (last === null) return null;
      groups.push(...last);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16));
    else return null;
  }
  return groups;
}
