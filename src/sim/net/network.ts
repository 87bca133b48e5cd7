/** The links between hosts. (Signatures; the parts follow.) */
import type { LinkModel } from '../world-spec.ts';

export class Network {
  /** For every pair that no rule matches. */
  setDefault(_link: LinkModel): void {}
  /** Host ids; null = any. Later rules win. */
  addRule(
    _fromHosts: readonly number[] | null,
    _toHosts: readonly number[] | null,
    _link: LinkModel,
  ): void {}
}
