/**
 * Makes text of unknown origin fit for a terminal: one UTF-16 unit in, one visible unit out.
 *
 * Control characters would let a configuration file move the cursor or recolour the screen, and
 * bidirectional overrides would let it show something other than it says. Both become marks of the
 * same length, so columns keep their meaning.
 * Source: Unicode 15, general categories Cc and Cf; Unicode TR 36 (bidirectional spoofing).
 */

const REPLACEMENT = '\u{fffd}';
const ELLIPSIS = '…';

/** `text` with tabs and line ends as blanks and all other invisible characters as visible marks. */
export function printable(text: string): string {
  let result = '';
  for (let index = 0; index < text.length; index += 1) result += printableUnit(text, index);
  return result;
}

function printableUnit(text: string, index: number): string {
  const unit = text.charCodeAt(index);
  if (unit === 0x09 || unit === 0x0a || unit === 0x0d) return ' ';
  if (unit < 0x20) return String.fromCharCode(0x2400 + unit);
  if (unit >= 0x7f && unit <= 0x9f) return REPLACEMENT;
  if (isInvisible(unit) || isLoneSurrogate(text, index)) return REPLACEMENT;
  return text[index] ?? '';
}

function isInvisible(unit: number): boolean {
  return (
    unit === 0x00ad ||
    unit === 0x061c ||
    (unit >= 0x200b && unit <= 0x200f) ||
    (unit >= 0x2028 && unit <= 0x202e) ||
    (unit >= 0x2060 && unit <= 0x206f) ||
    unit === 0xfeff ||
    (unit >= 0xfff9 && unit <= 0xfffb)
  );
}

function isLoneSurrogate(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  if (unit < 0xd800 || unit > 0xdfff) return false;
  if (unit < 0xdc00) return !isBetween(text.charCodeAt(index + 1), 0xdc00, 0xdfff);
  return !isBetween(text.charCodeAt(index - 1), 0xd800, 0xdbff);
}

function isBetween(unit: number, low: number, high: number): boolean {
  return unit >= low && unit <= high;
}

/** A printable window of a line, and where in it the wanted column came to stand. */
export interface Clipped {
  readonly text: string;
  /** 0-based index in `text`. */
  readonly start: number;
}

/** At most `width` units of `line` around the 0-based `column`; cuts are marked with an ellipsis. */
export function clipAround(line: string, column: number, width: number): Clipped {
  if (line.length <= width) return { text: printable(line), start: column };
  const inner = width - 2;
  const wanted = column - Math.floor(width / 2);
  const from = Math.max(0, Math.min(wanted, line.length - inner));
  const head = from > 0 ? ELLIPSIS : '';
  const tail = from + inner < line.length ? ELLIPSIS : '';
  const text = head + printable(line.slice(from, from + inner)) + tail;
  return { text, start: column - from + head.length };
}

/** Columns that a terminal needs for `text`; East Asian wide characters and emoji take two. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += isWide(character.codePointAt(0) ?? 0) ? 2 : 1;
  return width;
}

function isWide(code: number): boolean {
  if (code < 0x1100) return false;
  return (
    code <= 0x115f ||
    isBetween(code, 0x2e80, 0xa4cf) ||
    isBetween(code, 0xac00, 0xd7a3) ||
    isBetween(code, 0xf900, 0xfaff) ||
    isBetween(code, 0xfe30, 0xfe6f) ||
    isBetween(code, 0xff00, 0xff60) ||
    isBetween(code, 0x1f300, 0x1faff) ||
    isBetween(code, 0x20000, 0x3fffd)
  );
}
