/**
 * What the engine does not serve yet, refused by name.
 *
 * A driver that sends such an input has a configuration that importers should have refused, so this
 * is an assertion: the program contradicts itself.
 */
import { AssertionError } from '../../core/assert.ts';

/** Thrown by inputs that belong to a protocol or feature the engine does not serve. */
export class NotServedError extends AssertionError {
  /** What was asked for, such as back-pressure of whole connections. */
  readonly feature: string;

  constructor(feature: string) {
    super(`the engine does not serve ${feature} yet`);
    this.feature = feature;
  }
}

/** Whom pools tell before the engine is complete. */
export const NOT_READY = {
  onPoolReady: notReady,
  onPoolFailure: notReady,
  uidOfStream: notReady,
};

function notReady(): never {
  throw new NotServedError('pools before the engine is made');
}
