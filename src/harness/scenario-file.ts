/**
 * Reads a scenario file: text in, one checked `Scenario` per variant out.
 *
 * parse → edits of the variant and of the command line → shape (zod) → defaults → names and times →
 * expressions. Whatever is wrong becomes a diagnostic at the place where it was written; with any
 * error there is no scenario. Files reach it through an injected loader, because this folder is pure.
 * Source: scenario.md.
 */
import type { Diagnostics, SourcePosition } from '../core/diagnostics.ts';
import { didYouMean } from '../core/suggest.ts';
import { hashTexts } from '../core/text-hash.ts';
import { FAULT_KINDS } from '../faults/index.ts';
import { parseDocuments } from '../importers/document.ts';
import type { SourceNode } from '../importers/source-node.ts';
import { CheckContext } from './checks/check-context.ts';
import { checkExpectation, checkRecovery } from './checks/expectations.ts';
import { checkFaults } from './checks/faults.ts';
import { checkServices } from './checks/services.ts';
import { checkTimes } from './checks/times.ts';
import { findOverheadProfile, OVERHEAD_PROFILES } from './data-planes/overhead-profiles.ts';
import { checkExpression } from './expressions/check-expression.ts';
import { namesOf } from './expressions/document-shape.ts';
import { normaliseExpectation, normaliseRecovery } from './normalise/expectations.ts';
import { normaliseFaults } from './normalise/faults.ts';
import { normaliseServices } from './normalise/services.ts';
import {
  normaliseClients,
  normaliseDataPlane,
  normaliseMeshDefaults,
  normaliseNetwork,
} from './normalise/world.ts';
import type { Expectation, Scenario, SourceText, Verdict } from './scenario.ts';
import { ScenarioDocument } from './scenario-document.ts';
import { SCENARIO, type ScenarioInput } from './scenario-schema.ts';
import { reportIssues } from './schema-issues.ts';
import { parseEpochMs } from './time-ref.ts';
import {
  applyOverrides,
  applyVariant,
  NO_OVERRIDES,
  type Overrides,
  optionFile,
  overrideSources,
  variantNames,
} from './variants.ts';

/** The text of a scenario file and what to call it. */
export interface ScenarioSource {
  /** Of its folder, or of the file. */
  readonly name: string;
  /** As given on the command line; stands in positions. */
  readonly path: string;
  readonly text: string;
}

export type LoadedMesh =
  | { readonly ok: true; readonly files: readonly SourceText[] }
  | { readonly ok: false; readonly problem: string };

/** Reads the policy files that one entry (a file, folder or glob) stands for, in order of names. */
export type MeshLoader = (entry: string, relativeTo: 'scenario' | 'command-line') => LoadedMesh;

export interface ScenarioFile {
  /** In the order of the file; one with variant '' when it declares none. Empty after an error. */
  readonly scenarios: readonly Scenario[];
  /** Texts by file name, for code frames. */
  readonly sources: ReadonlyMap<string, string>;
}

/** Every variant of a scenario file. Errors are added to `diagnostics`. */
export function readScenarioFile(
  source: ScenarioSource,
  loadMesh: MeshLoader,
  diagnostics: Diagnostics,
  overrides: Overrides = NO_OVERRIDES,
): ScenarioFile {
  const reader = new ScenarioReader(source, loadMesh, diagnostics, overrides);
  const scenarios = reader.read();
  return { scenarios: diagnostics.hasErrors ? [] : scenarios, sources: reader.sources };
}

const DEFAULT_EPOCH = '2026-01-01T00:00:00Z';

class ScenarioReader {
  readonly sources: Map<string, string>;
  readonly #source: ScenarioSource;
  readonly #loadMesh: MeshLoader;
  readonly #diagnostics: Diagnostics;
  readonly #overrides: Overrides;

  constructor(
    source: ScenarioSource,
    loadMesh: MeshLoader,
    diagnostics: Diagnostics,
    overrides: Overrides,
  ) {
    this.#source = source;
    this.#loadMesh = loadMesh;
    this.#diagnostics = diagnostics;
    this.#overrides = overrides;
    this.sources = new Map([[source.path, source.text], ...overrideSources(overrides)]);
  }

  read(): readonly Scenario[] {
    const root = this.#parse();
    if (root === null) return [];
    const base = new ScenarioDocument(root);
    const shape = SCENARIO.safeParse(base.plain);
    if (!shape.success) {
      reportIssues(shape.error.issues, base, this.#diagnostics);
      return [];
    }
    const names = variantNames(root);
    const variants = names.length === 0 ? [''] : names;
    return variants.flatMap((variant) => {
      const declared = shape.data.variants?.[variant]?.verdict ?? null;
      const scenario = this.#variant(base, root, variant, declared);
      return scenario === null ? [] : [scenario];
    });
  }

  #parse(): SourceNode | null {
    const { path, text } = this.#source;
    const [root, second] = parseDocuments(path, text, this.#diagnostics);
    if (root === undefined) return null;
    if (second !== undefined) {
      second.error('MQ-SCENARIO-010', 'a scenario file holds one document, this is another one');
      return null;
    }
    if (!root.expectMap()) return null;
    if (root.has('meshquake')) return root;
    this.#refuseForeign(root);
    return null;
  }

  #refuseForeign(root: SourceNode): void {
    const kind = root.get('kind');
    if (root.has('apiVersion') && kind !== undefined) {
      const fix = 'policy files stand under "mesh:" of a scenario';
      const message = `this is a ${String(kind.value)} resource, not a scenario`;
      kind.error('MQ-SCENARIO-010', message, { fix });
      return;
    }
    const near = root.entries().find(([key]) => didYouMean(key, ['meshquake']) !== '');
    const fix = 'begin with the line "meshquake: 1"';
    if (near !== undefined) {
      near[1].keyError('MQ-FIELD-002', `unknown key "${near[0]}"; did you mean "meshquake"?`, {
        fix,
      });
    } else
      root.error('MQ-SCENARIO-010', 'this is not a scenario: it lacks "meshquake: 1"', { fix });
  }

  #variant(
    base: ScenarioDocument,
    root: SourceNode,
    variant: string,
    declaredVerdict: Verdict | null,
  ): Scenario | null {
    const diagnostics = this.#diagnostics;
    const edited = applyVariant(base, root, variant, diagnostics);
    const document = applyOverrides(edited, this.#overrides, diagnostics);
    const shape = SCENARIO.safeParse(document.plain);
    if (!shape.success) {
      reportIssues(shape.error.issues, document, diagnostics);
      return null;
    }
    const input = shape.data;
    const context = new CheckContext(input, FAULT_KINDS, document, diagnostics);
    checkServices(context);
    checkFaults(context);
    checkTimes(context);
    checkRecovery(context);
    const mesh = this.#mesh(input, document);
    const expect = this.#expectations(context, input, document);
    const dataPlane = normaliseDataPlane(input, mesh.length > 0);
    checkOverhead(context, dataPlane.overhead, dataPlane.kind);
    const parts = { variant, mesh, expect, dataPlane, declaredVerdict };
    const scenario = withHash({ ...this.#identity(), ...this.#world(input), ...parts, hash: '' });
    checkExpressions(scenario, document, diagnostics);
    return scenario;
  }

  #identity() {
    return { name: this.#source.name, path: this.#source.path };
  }

  #world(input: ScenarioInput) {
    const faults = normaliseFaults(input, FAULT_KINDS);
    return {
      title: input.title ?? this.#source.name,
      description: input.description?.trim() ?? '',
      source: input.source ?? '',
      durationNs: input.duration,
      warmUpNs: input.warmUp ?? 0,
      epochMs: parseEpochMs(input.epoch ?? DEFAULT_EPOCH) ?? 0,
      meshDefaults: normaliseMeshDefaults(input),
      services: normaliseServices(input),
      clients: normaliseClients(input),
      network: normaliseNetwork(input),
      faults,
      recovery: normaliseRecovery(
        input,
        faults.map((fault) => fault.id),
      ),
    };
  }

  #mesh(input: ScenarioInput, document: ScenarioDocument): readonly SourceText[] {
    const given = this.#overrides.mesh;
    if (given !== null) {
      return given.flatMap((entry, line) => {
        const at = {
          file: optionFile('--mesh'),
          line: line + 1,
          column: 1,
          endColumn: entry.length + 1,
        };
        return this.#meshEntry(entry, 'command-line', at);
      });
    }
    if (typeof input.mesh === 'string') {
      return this.#meshEntry(input.mesh, 'scenario', document.position(['mesh']));
    }
    return (input.mesh ?? []).flatMap((entry, index) =>
      this.#meshEntry(entry, 'scenario', document.position(['mesh', index])),
    );
  }

  #meshEntry(
    entry: string,
    relativeTo: 'scenario' | 'command-line',
    at: SourcePosition,
  ): readonly SourceText[] {
    const loaded = this.#loadMesh(entry, relativeTo);
    if (!loaded.ok) {
      this.#diagnostics.error('MQ-SCENARIO-009', at, loaded.problem);
      return [];
    }
    for (const file of loaded.files) this.sources.set(file.path, file.text);
    return loaded.files;
  }

  #expectations(
    context: CheckContext,
    input: ScenarioInput,
    document: ScenarioDocument,
  ): readonly Expectation[] {
    return (input.expect ?? []).flatMap((item, index) => {
      const path = ['expect', index];
      const report = (inner: readonly PropertyKey[], problem: string) =>
        context.error('MQ-SCENARIO-004', [...path, ...inner], `is not a time: ${problem}`);
      const position = document.position(path);
      const expectation = normaliseExpectation(item, input.duration, position, report);
      if (expectation === null) return [];
      checkExpectation(context, expectation, path);
      return [expectation];
    });
  }
}

function checkOverhead(context: CheckContext, overhead: string, kind: string): void {
  if (findOverheadProfile(overhead, kind) !== undefined) return;
  const ids = OVERHEAD_PROFILES.map((profile) => profile.id);
  context.knownName(['dataPlane', 'overhead'], 'overhead profile', overhead, ids);
}

function checkExpressions(
  scenario: Scenario,
  document: ScenarioDocument,
  diagnostics: Diagnostics,
): void {
  const names = namesOf(scenario);
  for (const [index, item] of scenario.expect.entries()) {
    const path = ['expect', index];
    const { node } = document.nearest(expressionPath(path, item.mode, document));
    checkExpression(item.expression, node, names, diagnostics);
  }
}

/** Of the text of the expression itself: the item, or the key of its mode. */
function expressionPath(path: readonly PropertyKey[], mode: string, document: ScenarioDocument) {
  return document.nearest([...path, mode]).isExact ? [...path, mode] : path;
}

/** What the identity of a run hangs on: not where files lie, nor what people call things. */
function withHash(scenario: Scenario): Scenario {
  const { name, path, hash, title, description, source, mesh, expect, ...world } = scenario;
  const judged = expect.map(({ position, text, ...rest }) => rest);
  const texts = [JSON.stringify({ ...world, expect: judged }), ...mesh.map((file) => file.text)];
  return { ...scenario, hash: hashTexts(texts) };
}
