/** What every check of a scenario gets, and the two messages that most of them need. */
import type { Advice, Diagnostics } from '../../core/diagnostics.ts';
import { didYouMean } from '../../core/suggest.ts';
import type { FaultKind } from '../../faults/fault.ts';
import { pathText, type ScenarioDocument } from '../scenario-document.ts';
import type { ScenarioInput } from '../scenario-schema.ts';

export type Path = readonly PropertyKey[];

/** One variant's scenario, of valid shape, and where its parts stand. */
export class CheckContext {
  readonly input: ScenarioInput;
  readonly faultKinds: readonly FaultKind[];
  readonly #document: ScenarioDocument;
  readonly #diagnostics: Diagnostics;

  constructor(
    input: ScenarioInput,
    faultKinds: readonly FaultKind[],
    document: ScenarioDocument,
    diagnostics: Diagnostics,
  ) {
    this.input = input;
    this.faultKinds = faultKinds;
    this.#document = document;
    this.#diagnostics = diagnostics;
  }

  get serviceNames(): readonly string[] {
    return Object.keys(this.input.services);
  }

  get clientNames(): readonly string[] {
    return Object.keys(this.input.clients);
  }

  get zoneNames(): readonly string[] {
    return this.input.zones ?? [];
  }

  /** Zones, and the regions they lie in. */
  get placeNames(): readonly string[] {
    const regions = this.zoneNames.map((zone) => zone.slice(0, zone.indexOf('/')));
    return [...this.zoneNames, ...new Set(regions)];
  }

  /** Whatever means machines: services, clients, zones, regions. */
  get machineNames(): readonly string[] {
    return [...this.serviceNames, ...this.clientNames, ...this.placeNames];
  }

  get faultIds(): readonly string[] {
    return (this.input.faults ?? []).map((fault) => fault.id);
  }

  /** `message` follows the path's text. */
  error(code: string, path: Path, message: string, advice?: Advice): void {
    const at = this.#document.position(path);
    this.#diagnostics.error(code, at, `${pathText(path)} ${message}`, advice);
  }

  warning(code: string, path: Path, message: string, advice?: Advice): void {
    const at = this.#document.position(path);
    this.#diagnostics.warning(code, at, `${pathText(path)} ${message}`, advice);
  }

  /** Reports a name that is none of the candidates. @returns whether it is known */
  knownName(path: Path, what: string, name: string, candidates: readonly string[]): boolean {
    if (candidates.includes(name)) return true;
    const listed =
      candidates.length === 0 ? 'there is none' : `there are: ${candidates.join(', ')}`;
    const message = `names the unknown ${what} "${name}"${didYouMean(name, candidates)}`;
    this.error('MQ-SCENARIO-002', path, message, { fix: listed });
    return false;
  }

  /** Reports ids that stand twice. */
  unique(ids: readonly string[], pathOf: (index: number) => Path): void {
    for (const [index, id] of ids.entries()) {
      if (ids.indexOf(id) === index) continue;
      this.error('MQ-SCENARIO-005', pathOf(index), `"${id}" is used before`);
    }
  }
}
