/**
 * The parameters of a sweep or a search: `key=a,b,c` or `key=lo..hi/steps`, and the grid of several.
 *
 * Keys are those of `--set`: dotted paths of the scenario, or of a policy resource.
 */
import { UsageError } from '../core/errors.ts';

export interface Parameter {
  readonly key: string;
  /** As `--set` takes them; at least one, no two alike. */
  readonly values: readonly string[];
}

/** A place in the grid: one value for each parameter, in their order. */
export type Point = readonly string[];

const MOST_VALUES = 1000;

/** @throws UsageError */
export function parseParameter(text: string): Parameter {
  const equals = text.indexOf('=');
  const key = text.slice(0, equals).trim();
  const list = text.slice(equals + 1).trim();
  if (equals < 1 || list === '') {
    throw new UsageError(`--param is "${text}"; give key=a,b,c or key=lo..hi/steps`);
  }
  const values = rangeOf(list, text) ?? splitList(list);
  if (values.length > MOST_VALUES) {
    throw new UsageError(`--param ${key} has ${values.length} values, at most ${MOST_VALUES}`);
  }
  const twice = values.find((value, index) => values.indexOf(value) !== index);
  if (twice !== undefined) throw new UsageError(`--param ${key} has the value ${twice} twice`);
  if (values.includes('')) throw new UsageError(`--param ${key} has an empty value in "${list}"`);
  return { key, values };
}

const END = String.raw`(-?\d*\.?\d+)([A-Za-z%]*(?:/[A-Za-z]+)?)`;
const RANGE = new RegExp(String.raw`^${END}\.\.${END}(?:/(\d+))?$`);

/** `100rps..500rps/5` is 100, 200, 300, 400 and 500 rps; null = not a range. */
function rangeOf(list: string, text: string): readonly string[] | null {
  const match = RANGE.exec(list);
  if (match === null) return null;
  const [, lowText, lowUnit = '', highText, unit = '', stepsText] = match;
  const [low, high, steps] = [Number(lowText), Number(highText), Number(stepsText)];
  if (lowUnit !== '' && lowUnit !== unit) {
    throw new UsageError(`--param is "${text}"; both ends of a range need the same unit`);
  }
  if (!(steps >= 2) || high <= low) {
    throw new UsageError(
      `--param is "${text}"; a range is lo..hi/steps with lo below hi and two steps or more`,
    );
  }
  return Array.from({ length: steps }, (_, index) => {
    const value = low + ((high - low) * index) / (steps - 1);
    return `${Number(value.toPrecision(12))}${unit}`;
  });
}

/** At commas outside quotes and brackets. */
function splitList(list: string): readonly string[] {
  const values: string[] = [];
  let depth = 0;
  let quote = '';
  let value = '';
  for (const character of list) {
    if (quote !== '') {
      if (character === quote) quote = '';
    } else if (character === '"' || character === "'") quote = character;
    else if ('[{'.includes(character)) depth += 1;
    else if (']}'.includes(character)) depth -= 1;
    if (character === ',' && depth === 0 && quote === '') {
      values.push(value.trim());
      value = '';
    } else value += character;
  }
  return [...values, value.trim()];
}

/** All combinations; the last parameter changes fastest. */
export function gridOf(parameters: readonly Parameter[]): readonly Point[] {
  return parameters.reduce<readonly Point[]>(
    (points, { values }) => points.flatMap((point) => values.map((value) => [...point, value])),
    [[]],
  );
}

/** A value as documents and axes have it: a number where it is nothing but one. */
export function plainValue(text: string): number | string {
  return /^-?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : text;
}

/** The numbers of values that all have the same unit, and the unit; null = they are words. */
export function numbersOf(
  values: readonly string[],
): { readonly numbers: readonly number[]; readonly unit: string } | null {
  const parts = values.map((value) => /^(-?\d*\.?\d+)([A-Za-z%]*(?:\/[A-Za-z]+)?)$/.exec(value));
  const unit = parts[0]?.[2] ?? '';
  if (parts.some((part) => part === null || part[2] !== unit)) return null;
  return { numbers: parts.map((part) => Number(part?.[1])), unit };
}
