/**
 * Collects values together with where each came from.
 *
 * Every value of a resolved object passes through here once: given in a file, or a default with
 * its product and source. So no value can end up in a report without an origin.
 */
import { originOf } from '../../mesh/config/defaults.ts';
import type { Default, Origin } from '../../mesh/config/origin.ts';
import type { Placed } from '../mesh-resources.ts';

/** Origins by the path of the setting inside its object. */
export class Settings {
  readonly origins = new Map<string, Origin>();

  /** The given value, else the default. */
  take<T>(path: string, given: Placed<T> | undefined, product: string, taken: Default<T>): T {
    if (given === undefined) return this.fallBack(path, product, taken);
    this.explicit(path, given);
    return given.value;
  }

  /** A default, noted as such. */
  fallBack<T>(path: string, product: string, taken: Default<T>): T {
    this.origins.set(path, originOf(product, taken));
    return taken.value;
  }

  /** Notes that a value was given. */
  explicit(path: string, given: Pick<Placed<unknown>, 'at'>): void {
    const { file, line, column } = given.at;
    this.origins.set(path, { kind: 'explicit', file, line, column });
  }
}
