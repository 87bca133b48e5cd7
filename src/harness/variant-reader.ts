/**
 * Makes one variant's `Scenario` of an edited document: shape, defaults, names, times, policy files,
 * expressions, hash. The steps go on after an error, so that one reading shows all mistakes.
 * Called by `scenario-file.ts`, once for each variant.
 */
import type { Diagnostics, SourcePosition } from '../core/diagnostics.ts';
import { hashTexts } from '../core/text-hash.ts';
import { FAULT_KINDS } from '../faults/index.ts';
import { editResource } from '../importers/edit-resource.ts';
import type { SourceNode } from '../importers/source-node.ts';
import { CheckContext } from './checks/check-context.ts';
import { checkExpectation, checkRecovery } from './checks/expectations.ts';
import { checkFaults } from './checks/faults.ts';
import { checkIdentity } from './checks/identity.ts';
import { checkServices } from './checks/services.ts';
import { checkTimes } from './checks/times.ts';
import { findOverheadProfile, OVERHEAD_PROFILES } from './data-planes/overhead-profiles.ts';
import { checkExpression } from './expressions/check-expression.ts';
import { namesOf } from './expressions/document-shape.ts';
import { normaliseExpectation, normaliseRecovery } from './normalise/expectations.ts';
import { normaliseFaults } from './normalise/faults.ts';
import { normaliseIdentity } from './normalise/identity.ts';
import { withKubernetesDefaults } from './normalise/kubernetes-defaults.ts';
import { normaliseServices } from './normalise/services.ts';
import {
  normaliseClients,
  normaliseDataPlane,
  normaliseMeshDefaults,
  normaliseNetwork,
} from './normalise/world.ts';
import type { Expectation, Scenario, SourceText, Verdict } from './scenario.ts';
import { isPlainList, isPlainMap, ScenarioDocument } from './scenario-document.ts';
import { SCENARIO, type ScenarioInput } from './scenario-schema.ts';
import { reportIssues } from './schema-issues.ts';
import { parseEpochMs } from './time-ref.ts';
import { applyOverrides, applyVariant, type Overrides, optionFile } from './variants.ts';

export type LoadedMesh =
  | { readonly ok: true; readonly files: readonly SourceText[] }
  | { readonly ok: false; readonly problem: string };

/** Reads the policy files that one entry (a file, folder or glob) stands for, in order of names. */
export type MeshLoader = (entry: string, relativeTo: 'scenario' | 'command-line') => LoadedMesh;

/** What all variants of a file have in common. */
export interface FileContext {
  readonly name: string;
  readonly path: string;
  readonly root: SourceNode;
  readonly overrides: Overrides;
  readonly loadMesh: MeshLoader;
  readonly diagnostics: Diagnostics;
  /** Gets the texts of policy files, for code frames. */
  readonly sources: Map<string, string>;
}

const DEFAULT_EPOCH = '2026-01-01T00:00:00Z';

/**
 * One variant; null when its shape is wrong. Other errors are in the diagnostics only.
 *
 * @param variant '' for a file that declares none
 */
export function readVariant(
  file: FileContext,
  variant: string,
  declaredVerdict: Verdict | null,
): Scenario | null {
  return new VariantReader(file, variant).read(declaredVerdict);
}

class VariantReader {
  readonly #file: FileContext;
  readonly #variant: string;
  readonly #document: ScenarioDocument;
  /** Expectations before this index are common to all variants. */
  readonly #commonCount: number;

  constructor(file: FileContext, variant: string) {
    const base = new ScenarioDocument(file.root);
    const edited = applyVariant(base, file.root, variant, file.diagnostics);
    const common = isPlainMap(base.plain) ? base.plain['expect'] : undefined;
    this.#file = file;
    this.#variant = variant;
    this.#document = applyOverrides(edited, file.overrides, file.diagnostics);
    this.#commonCount = isPlainList(common) ? common.length : 0;
  }

  read(declaredVerdict: Verdict | null): Scenario | null {
    const { diagnostics, name, path } = this.#file;
    const shape = SCENARIO.safeParse(this.#document.plain);
    if (!shape.success) {
      reportIssues(shape.error.issues, this.#document, diagnostics);
      return null;
    }
    const written = shape.data;
    const mesh = this.#edited(this.#mesh(written));
    const input = withKubernetesDefaults(written, mesh);
    const context = new CheckContext(input, FAULT_KINDS, this.#document, diagnostics);
    checkServices(context);
    checkFaults(context);
    checkTimes(context);
    checkRecovery(context);
    checkIdentity(context);
    const expect = this.#expectations(context, input);
    const dataPlane = normaliseDataPlane(input, mesh.length > 0);
    checkOverhead(context, dataPlane.overhead, dataPlane.kind);
    const identity = { name, path, variant: this.#variant, hash: '', declaredVerdict };
    const scenario = { ...identity, ...worldOf(input, name), mesh, expect, dataPlane };
    this.#checkExpressions(scenario);
    return { ...scenario, hash: hashOf(scenario) };
  }

  #mesh(input: ScenarioInput): readonly SourceText[] {
    const given = this.#file.overrides.mesh;
    if (given !== null) {
      return given.flatMap((entry, index) => {
        const end = { column: 1, endColumn: entry.length + 1 };
        const at = { file: optionFile('--mesh'), line: index + 1, ...end };
        return this.#meshEntry(entry, 'command-line', at);
      });
    }
    const document = this.#document;
    if (typeof input.mesh === 'string') {
      return this.#meshEntry(input.mesh, 'scenario', document.position(['mesh']));
    }
    return (input.mesh ?? []).flatMap((entry, index) =>
      this.#meshEntry(entry, 'scenario', document.position(['mesh', index])),
    );
  }

  /** As `set` wants them. */
  #edited(files: readonly SourceText[]): readonly SourceText[] {
    let edited = files;
    for (const edit of this.#document.meshEdits) {
      const result = editResource(edited, edit);
      if (result.ok) edited = result.files;
      else this.#file.diagnostics.error('MQ-SCENARIO-008', edit.at, result.problem);
    }
    for (const { path, text } of edited) this.#file.sources.set(path, text);
    return edited;
  }

  #meshEntry(
    entry: string,
    relativeTo: 'scenario' | 'command-line',
    at: SourcePosition,
  ): readonly SourceText[] {
    const { loadMesh, diagnostics, sources } = this.#file;
    const loaded = loadMesh(entry, relativeTo);
    if (!loaded.ok) {
      diagnostics.error('MQ-SCENARIO-009', at, loaded.problem);
      return [];
    }
    for (const { path, text } of loaded.files) sources.set(path, text);
    return loaded.files;
  }

  #expectations(context: CheckContext, input: ScenarioInput): readonly Expectation[] {
    return (input.expect ?? []).flatMap((item, index) => {
      const path = ['expect', index];
      const report = (inner: readonly PropertyKey[], problem: string) =>
        context.error('MQ-SCENARIO-004', [...path, ...inner], `is not a time: ${problem}`);
      const position = this.#document.position(path);
      const origin = { position, isVariantsOwn: index >= this.#commonCount };
      const expectation = normaliseExpectation(item, input.duration, origin, report);
      if (expectation === null) return [];
      checkExpectation(context, expectation, path);
      return [expectation];
    });
  }

  #checkExpressions(scenario: Scenario): void {
    const names = namesOf(scenario);
    for (const [index, item] of scenario.expect.entries()) {
      const short = this.#document.nearest(['expect', index]);
      const long = this.#document.nearest(['expect', index, item.mode]);
      const { node } = long.isExact ? long : short;
      checkExpression(item.expression, node, names, this.#file.diagnostics);
    }
  }
}

/** What a scenario says of its world, with every default filled in. */
function worldOf(input: ScenarioInput, name: string) {
  const faults = normaliseFaults(input, FAULT_KINDS);
  return {
    title: input.title ?? name,
    description: input.description?.trim() ?? '',
    source: input.source ?? '',
    durationNs: input.duration,
    warmUpNs: input.warmUp ?? 0,
    epochMs: parseEpochMs(input.epoch ?? DEFAULT_EPOCH) ?? 0,
    meshDefaults: normaliseMeshDefaults(input),
    services: normaliseServices(input),
    clients: normaliseClients(input),
    network: normaliseNetwork(input),
    ...(input.identity === undefined ? {} : { identity: normaliseIdentity(input.identity) }),
    faults,
    recovery: normaliseRecovery(
      input,
      faults.map((fault) => fault.id),
    ),
  };
}

function checkOverhead(context: CheckContext, overhead: string, kind: string): void {
  if (findOverheadProfile(overhead, kind) !== undefined) return;
  const ids = OVERHEAD_PROFILES.map((profile) => profile.id);
  context.knownName(['dataPlane', 'overhead'], 'overhead profile', overhead, ids);
}

/** Of what decides a run's course and verdict: not where files lie, nor what people say of it. */
function hashOf(scenario: Scenario): string {
  const { name, path, hash, title, description, source, ...decisive } = scenario;
  const { declaredVerdict, mesh, expect, ...world } = decisive;
  const judged = expect.map(({ position, text, isVariantsOwn, ...rest }) => rest);
  const texts = [JSON.stringify({ ...world, expect: judged }), ...mesh.map((file) => file.text)];
  return hashTexts(texts);
}
