/**
 * Reads a scenario file: text in, one checked `Scenario` per variant out.
 *
 * parse → edits of the variant and of the command line → shape (zod) → defaults → names and times →
 * expressions. Whatever is wrong becomes a diagnostic at the place where it was written; with any
 * error there is no scenario. Files reach it through an injected loader, because this folder is pure.
 * Source: scenario.md.
 */
import type { Diagnostics } from '../core/diagnostics.ts';
import { didYouMean } from '../core/suggest.ts';
import { parseDocuments } from '../importers/document.ts';
import type { SourceNode } from '../importers/source-node.ts';
import type { Scenario } from './scenario.ts';
import { ScenarioDocument } from './scenario-document.ts';
import { SCENARIO } from './scenario-schema.ts';
import { reportIssues } from './schema-issues.ts';
import { type FileContext, type MeshLoader, readVariant } from './variant-reader.ts';
import { NO_OVERRIDES, type Overrides, overrideSources, variantNames } from './variants.ts';

export type { LoadedMesh, MeshLoader } from './variant-reader.ts';

/** The text of a scenario file and what to call it. */
export interface ScenarioSource {
  /** Of its folder, or of the file. */
  readonly name: string;
  /** As given on the command line; stands in positions. */
  readonly path: string;
  readonly text: string;
}

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
  const { name, path, text } = source;
  const sources = new Map([[path, text], ...overrideSources(overrides)]);
  const root = parseRoot(source, diagnostics);
  if (root === null) return { scenarios: [], sources };
  const scenarios = readVariants({ name, path, root, overrides, loadMesh, diagnostics, sources });
  return { scenarios: diagnostics.hasErrors ? [] : scenarios, sources };
}

/** The shape of the whole file comes first: a variant's mistake may be one of all variants. */
function readVariants(file: FileContext): readonly Scenario[] {
  if (!file.root.has('variants')) return toList(readVariant(file, '', null));
  const base = new ScenarioDocument(file.root);
  const shape = SCENARIO.safeParse(base.plain);
  if (!shape.success) {
    reportIssues(shape.error.issues, base, file.diagnostics);
    return [];
  }
  const names = variantNames(file.root);
  return (names.length === 0 ? [''] : names).flatMap((variant) => {
    const declared = shape.data.variants?.[variant]?.verdict ?? null;
    return toList(readVariant(file, variant, declared));
  });
}

function toList(scenario: Scenario | null): readonly Scenario[] {
  return scenario === null ? [] : [scenario];
}

/** null after an error: not one map with the mark of a scenario. */
function parseRoot({ path, text }: ScenarioSource, diagnostics: Diagnostics): SourceNode | null {
  const [root, second] = parseDocuments(path, text, diagnostics);
  if (root === undefined) return null;
  if (second !== undefined) {
    second.error('MQ-SCENARIO-010', 'a scenario file holds one document, this is another one');
    return null;
  }
  if (!root.expectMap()) return null;
  if (root.has('meshquake')) return root;
  refuseForeign(root);
  return null;
}

function refuseForeign(root: SourceNode): void {
  const kind = root.get('kind');
  if (root.has('apiVersion') && kind !== undefined) {
    const fix = 'policy files stand under "mesh:" of a scenario';
    const message = `this is a ${String(kind.value)} resource, not a scenario`;
    kind.error('MQ-SCENARIO-010', message, { fix });
    return;
  }
  const fix = 'begin with the line "meshquake: 1"';
  const near = root.entries().find(([key]) => didYouMean(key, ['meshquake']) !== '');
  if (near === undefined) {
    root.error('MQ-SCENARIO-010', 'this is not a scenario: it lacks "meshquake: 1"', { fix });
    return;
  }
  const [key, node] = near;
  node.keyError('MQ-FIELD-002', `unknown key "${key}"; did you mean "meshquake"?`, { fix });
}
