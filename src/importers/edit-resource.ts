/**
 * Changes one field of one resource in the text of mesh files: what `--set mesh.KIND/NAME.spec…=value`
 * does, before anything reads the files.
 *
 * The text is changed, not what was read from it, so that whoever reads policy afterwards (the
 * importers, hashes, error messages) sees the same files. An edited file is written anew: comments
 * stay, line numbers may not, so its path says "(edited)". Called by `harness/variant-reader.ts`.
 */
import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isSeq,
  parseAllDocuments,
  type YAMLMap,
} from 'yaml';
import { didYouMean } from '../core/suggest.ts';
import type { MeshFile } from './index.ts';
import { kubernetesTags } from './kubernetes-yaml.ts';
import type { PathStep, Plain } from './source-node.ts';

export interface ResourceEdit {
  /** `DestinationRule/payments`, or with a namespace `DestinationRule/shop/payments`. */
  readonly target: string;
  /** Inside the resource, e.g. `spec`, `http`, 0, `timeout`. Items of lists by index or `name`. */
  readonly path: readonly PathStep[];
  readonly value: Plain;
}

export type Edited =
  | { readonly ok: true; readonly files: readonly MeshFile[] }
  | { readonly ok: false; readonly problem: string };

/** One resource in one of the files. */
interface Found {
  readonly file: number;
  readonly documents: readonly Document.Parsed[];
  readonly document: Document.Parsed;
  readonly map: YAMLMap;
  /** `Kind/namespace/name` */
  readonly id: string;
}

/**
 * The files with one value changed; maps on the way to it that do not exist are made.
 *
 * Of several resources of the same kind, namespace and name the last one is changed, because it
 * replaces the others. Whether the field exists is for the importer to say.
 */
export function editResource(files: readonly MeshFile[], edit: ResourceEdit): Edited {
  const all = files.flatMap((file, index) => resourcesIn(file, index));
  const matching = all.filter(({ id }) => isMeant(id, edit.target));
  const found = matching.at(-1);
  if (found === undefined) return { ok: false, problem: noSuchResource(edit.target, all) };
  const others = new Set(matching.map(({ id }) => id));
  if (others.size > 1) {
    const list = [...others].join(', ');
    return { ok: false, problem: `"${edit.target}" may be any of ${list}: name the namespace` };
  }
  const problem = setValue(found, edit);
  if (problem !== null) return { ok: false, problem };
  const text = found.documents.map((document) => document.toString({ lineWidth: 0 })).join('');
  return {
    ok: true,
    files: files.map((file, at) => (at === found.file ? renewed(file, text) : file)),
  };
}

const MARK = ' (edited)';

function renewed({ path }: MeshFile, text: string): MeshFile {
  return { path: path.endsWith(MARK) ? path : path + MARK, text };
}

/** Files with errors have no resources here; the importer will report them. */
function resourcesIn({ text }: MeshFile, file: number): Found[] {
  const options = { version: '1.1', schema: 'yaml-1.1', resolveKnownTags: false } as const;
  const documents = parseAllDocuments(text, { ...options, customTags: kubernetesTags });
  if (!Array.isArray(documents)) return [];
  if (documents.some((document) => document.errors.length > 0)) return [];
  return documents.flatMap((document) =>
    mapsOf(document.contents).map((map) => ({ file, documents, document, map, id: idOf(map) })),
  );
}

/** The resource, or those of a list of them. */
function mapsOf(node: unknown): readonly YAMLMap[] {
  if (!isMap(node)) return [];
  const items = node.get('items');
  if (!String(node.get('kind')).endsWith('List') || !isSeq(items)) return [node];
  return items.items.flatMap(mapsOf);
}

function idOf(map: YAMLMap): string {
  const namespace = map.getIn(['metadata', 'namespace']) ?? 'default';
  return `${map.get('kind')}/${namespace}/${map.getIn(['metadata', 'name'])}`;
}

function isMeant(id: string, target: string): boolean {
  if (id === target) return true;
  const [kind, , ...name] = id.split('/');
  return `${kind}/${name.join('/')}` === target;
}

function noSuchResource(target: string, all: readonly Found[]): string {
  const short = all.map(({ id }) => id.replace('/default/', '/'));
  const names = [...new Set([...short, ...all.map(({ id }) => id)])];
  if (names.length === 0) return `there is no "${target}": the scenario has no policy files`;
  const hint = didYouMean(target, names);
  const list = [...new Set(short)].slice(0, 12).join(', ');
  return `there is no "${target}" among the policy files${hint || `; there are ${list}`}`;
}

/** @returns what stands in the way, null = nothing */
function setValue({ document, map }: Found, { path, value, target }: ResourceEdit): string | null {
  let node: unknown = map;
  for (const [depth, step] of path.entries()) {
    if (!isCollection(node)) return `${textOf(target, path, depth)} is not a map or list`;
    const key = isSeq(node) ? indexIn(node.items, step) : String(step);
    if (key === null) return `${textOf(target, path, depth)} has no item "${step}"`;
    const next: unknown = node.get(key, true);
    if (isAlias(next)) return `${textOf(target, path, depth + 1)} is an alias of another place`;
    const isLast = depth === path.length - 1;
    if (isLast || next === undefined || isNull(next)) {
      node.set(key, document.createNode(nested(path.slice(depth + 1), value)));
      return null;
    }
    node = next;
  }
  return `"${target}" alone is a whole resource: say which field, e.g. ${target}.spec.host`;
}

function isNull(node: unknown): boolean {
  return typeof node === 'object' && node !== null && 'value' in node && node.value === null;
}

/** By index, or by the name that an item bears. */
function indexIn(items: readonly unknown[], step: PathStep): number | null {
  const named = items.findIndex((item) => isMap(item) && item.get('name') === step);
  if (named !== -1) return named;
  const index = Number(step);
  return Number.isInteger(index) && index < items.length ? index : null;
}

function nested(path: readonly PathStep[], value: Plain): Plain {
  return path.reduceRight<Plain>((inner, step) => ({ [String(step)]: inner }), value);
}

function textOf(target: string, path: readonly PathStep[], depth: number): string {
  const steps = path.slice(0, depth);
  return [target, ...steps].reduce<string>(
    (text, step) =>
      typeof step === 'number' ? `${text}[${step}]` : text === '' ? step : `${text}.${step}`,
    '',
  );
}
