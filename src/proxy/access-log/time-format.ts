/**
 * Wall-clock times as an access log prints them, in UTC.
 * Source: Envoy docs, access_log/usage (START_TIME: strftime with `%f`, `%3f` for fractions).
 */

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

const FIELDS: Readonly<Record<string, (time: Date) => string>> = {
  Y: (time) => String(time.getUTCFullYear()),
  y: (time) => two(time.getUTCFullYear() % 100),
  m: (time) => two(time.getUTCMonth() + 1),
  d: (time) => two(time.getUTCDate()),
  e: (time) => String(time.getUTCDate()).padStart(2),
  H: (time) => two(time.getUTCHours()),
  M: (time) => two(time.getUTCMinutes()),
  S: (time) => two(time.getUTCSeconds()),
  F: (time) => time.toISOString().slice(0, 10),
  T: (time) => time.toISOString().slice(11, 19),
  s: (time) => String(Math.floor(time.getTime() / 1000)),
  a: (time) => DAYS[time.getUTCDay()]!,
  b: (time) => MONTHS[time.getUTCMonth()]!,
  z: () => '+0000',
  Z: () => 'UTC',
  '%': () => '%',
};

/** @param format null = ISO 8601 with milliseconds; unknown conversions stay as they are */
export function formatTime(atMs: number, format: string | null): string {
  const time = new Date(atMs);
  if (format === null) return time.toISOString();
  return format.replace(/%(?:([1-9]?)f|([A-Za-z%]))/g, (whole, digits?: string, field?: string) => {
    if (field !== undefined) return FIELDS[field]?.(time) ?? whole;
    const milliseconds = String(time.getUTCMilliseconds()).padStart(3, '0');
    return milliseconds.padEnd(9, '0').slice(0, digits === '' ? 9 : Number(digits));
  });
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
