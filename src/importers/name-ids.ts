/**
 * Small integers for names of listeners, clusters and endpoints.
 *
 * A name keeps its number for the life of the process and no number is ever used again, so that
 * records and draws made before a configuration change keep their meaning after it. One instance
 * per run, shared by all proxies.
 * Source: core/engine.ts, contract rule 7.
 */

/** Hands out numbers from 0, in the order of first use. */
class Numbering {
  readonly #numbers = new Map<string, number>();
  readonly #names: string[] = [];

  number(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const next = this.#names.length;
    this.#numbers.set(name, next);
    this.#names.push(name);
    return next;
  }

  get names(): readonly string[] {
    return this.#names;
  }
}

/** See the file's comment. */
export class NameIds {
  readonly #listeners = new Numbering();
  readonly #clusters = new Numbering();
  readonly #endpoints = new Numbering();

  listener(name: string): number {
    return this.#listeners.number(name);
  }

  cluster(name: string): number {
    return this.#clusters.number(name);
  }

  /** @param address `ip:port` */
  endpoint(address: string): number {
    return this.#endpoints.number(address);
  }

  /** Indexed by id. */
  get listenerNames(): readonly string[] {
    return this.#listeners.names;
  }

  /** Indexed by id. */
  get clusterNames(): readonly string[] {
    return this.#clusters.names;
  }

  /** Addresses, indexed by id. */
  get endpointNames(): readonly string[] {
    return this.#endpoints.names;
  }
}
