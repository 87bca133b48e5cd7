/** Dates of the Gregorian calendar as milliseconds since 1970, without a clock. */

/**
 * @param month 1..12
 * @param day 1..31
 * @returns ms since 1970, UTC
 */
export function epochMsOf(
  year: number,
  month: number,
  day: number,
  hour = 0,
  minute = 0,
  second = 0,
): number {
  return (((daysSince1970(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * 1000;
}

/** Proleptic Gregorian calendar, counted from March so that the leap day comes last. */
function daysSince1970(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** @param text such as `Sun, 06 Nov 1994 08:49:37 GMT`; @returns -1 for anything else. RFC 9110 §5.6.7 */
export function parseHttpDate(text: string): number {
  const match = /^[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/.exec(
    text,
  );
  const month = match === null ? 0 : MONTHS.indexOf(match[2]!) + 1;
  if (match === null || month === 0) return -1;
  const [day = 0, year = 0, hour = 0, minute = 0, second = 0] = [1, 3, 4, 5, 6].map((group) =>
    Number(match[group]),
  );
  return epochMsOf(year, month, day, hour, minute, second);
}
