/**
 * Numbers as people read them, the same in the page and in the plain text.
 *
 * Durations are spelled as in scenario files. Nothing depends on a locale, and no rounding turns
 * "not quite" into "all" or "some" into "none".
 */

const THIN_STEPS: readonly (readonly [unit: string, seconds: number])[] = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
];

/** `1m30s`, `250ms`, `0s`; at most two units, so that it stays short. */
export function formatSeconds(seconds: number): string {
  if (seconds < 0) return `-${formatSeconds(-seconds)}`;
  if (seconds < 1) return seconds === 0 ? '0s' : `${significant(seconds * 1000)}ms`;
  let rest = seconds < 60 ? Math.round(seconds * 100) / 100 : Math.round(seconds);
  let text = '';
  let units = 0;
  for (const [unit, size] of THIN_STEPS) {
    const count = Math.floor(rest / size);
    if (count === 0 || units === 2) continue;
    text += `${count}${unit}`;
    rest -= count * size;
    units += 1;
  }
  if (units === 2 || (rest === 0 && units > 0)) return text;
  return `${text}${trimmed(rest, 2)}s`;
}

/** `4.32 ms`, `1.25 s`. */
export function formatMs(ms: number): string {
  if (ms >= 1000) return `${significant(ms / 1000)} s`;
  return `${significant(ms)} ms`;
}

export function formatRate(rps: number): string {
  return `${formatNumber(rps)} rps`;
}

/** `93.4 %`; never `100 %` for less than all, nor `0 %` for more than none. */
export function formatRatio(ratio: number): string {
  const percent = ratio * 100;
  for (const digits of [1, 2, 3, 4]) {
    const text = percent.toFixed(digits);
    const looksWhole = Number(text) === 100 && ratio < 1;
    const looksEmpty = Number(text) === 0 && ratio > 0;
    if (!looksWhole && !looksEmpty) return `${trimmed(Number(text), digits)} %`;
  }
  return ratio < 0.5 ? '< 0.0001 %' : '> 99.9999 %';
}

/** `2.96×`: how many attempts one request became. */
export function formatFactor(factor: number): string {
  return `${trimmed(factor, 2)}×`;
}

/** Three significant digits below a thousand, whole with thousands apart above. */
export function formatNumber(value: number): string {
  return Math.abs(value) < 1000 ? significant(value) : formatCount(value);
}

/** `1,234,567`. */
export function formatCount(value: number): string {
  const digits = String(Math.abs(Math.round(value)));
  return (value < 0 ? '-' : '') + digits.replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `one thing`, `2 things`. */
export function countOf(count: number, singular: string, plural = `${singular}s`): string {
  return `${count === 1 ? 'one' : formatCount(count)} ${count === 1 ? singular : plural}`;
}

function significant(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return trimmed(value, 0);
  if (size >= 10) return trimmed(value, 1);
  return trimmed(value, size >= 1 ? 2 : 3);
}

function trimmed(value: number, digits: number): string {
  const text = value.toFixed(digits);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
