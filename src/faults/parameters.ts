/**
 * Reading a fault's parameters: the scenario file has checked their types, so a wrong one is our bug.
 */
import { assert } from '../core/assert.ts';
import type { ParameterValues } from './fault.ts';

/** Durations in ns, ratios 0..1, counts. */
export function numberOf(values: ParameterValues, name: string): number {
  const value = values[name];
  assert(typeof value === 'number', `parameter ${name} must be a number`);
  return value;
}

export function textOf(values: ParameterValues, name: string): string {
  const value = values[name];
  assert(typeof value === 'string', `parameter ${name} must be a word`);
  return value;
}

export function flagOf(values: ParameterValues, name: string): boolean {
  const value = values[name];
  assert(typeof value === 'boolean', `parameter ${name} must be true or false`);
  return value;
}
