/** `--margin`: below which a difference does not matter. */
import { UsageError } from '../core/errors.ts';
import type { Margin } from '../experiments/metrics.ts';

/**
 * @param texts `2%`, `5`, or either for one metric: `metric=2%`
 * @param fallback for metrics of which none of the texts speaks
 * @throws UsageError
 */
export function readMargins(
  texts: readonly string[],
  fallback: (name: string) => Margin,
): (name: string) => Margin {
  const named = new Map<string, Margin>();
  let common: Margin | null = null;
  for (const text of texts) {
    const equals = text.lastIndexOf('=');
    const margin = parseMargin(text.slice(equals + 1), text);
    if (equals === -1) common = margin;
    else named.set(text.slice(0, equals), margin);
  }
  return (name) => named.get(name) ?? common ?? fallback(name);
}

function parseMargin(amount: string, text: string): Margin {
  const match = /^(\d*\.?\d+(?:e-?\d+)?)(%?)$/i.exec(amount.trim());
  if (match === null) {
    throw new UsageError(
      `--margin is "${text}"; give a share like 2%, an amount like 5, or metric=amount`,
    );
  }
  const value = Number(match[1]);
  if (match[2] === '%') return { kind: 'relative', ratio: value / 100 };
  return { kind: 'absolute', amount: value };
}
