/**
 * Turns what the schema library found into diagnostics: its path becomes a place in the file, its
 * code one of ours, its words ours.
 *
 * Where several forms are allowed (a service name, a call, a parallel step) the library reports the
 * problems of every form; only those of the form that the user most likely meant are shown.
 */
import type { z } from 'zod';
import type { Diagnostics } from '../core/diagnostics.ts';
import { didYouMean } from '../core/suggest.ts';
import type { SourceNode } from '../importers/source-node.ts';
import { pathText, type ScenarioDocument } from './scenario-document.ts';
import { decodeKnown, type KnownHere } from './schema/block.ts';
import type { IssueParams } from './schema/scalars.ts';

type Issue = z.core.$ZodIssue;

const EXPECTED_WORDS: Readonly<Record<string, string>> = {
  object: 'a map',
  record: 'a map',
  array: 'a list',
  tuple: 'a list',
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

/** Adds one diagnostic for each issue. */
export function reportIssues(
  issues: readonly Issue[],
  document: ScenarioDocument,
  diagnostics: Diagnostics,
): void {
  new IssueReporter(document, diagnostics).report(issues, []);
}

class IssueReporter {
  readonly #document: ScenarioDocument;
  readonly #diagnostics: Diagnostics;

  constructor(document: ScenarioDocument, diagnostics: Diagnostics) {
    this.#document = document;
    this.#diagnostics = diagnostics;
  }

  report(issues: readonly Issue[], prefix: readonly PropertyKey[]): void {
    const slips = issues.filter((issue) => issue.code === 'unrecognized_keys');
    for (const issue of issues) {
      // What a map lacks is most often there under the name that is wrong.
      const isEcho = paramsOf(issue)?.isAboutKeys && slips.some((slip) => samePath(slip, issue));
      if (!isEcho) this.#one(issue, [...prefix, ...issue.path]);
    }
  }

  #one(issue: Issue, path: readonly PropertyKey[]): void {
    switch (issue.code) {
      case 'unrecognized_keys':
        for (const key of issue.keys) this.#unknownKey(key, path, decodeKnown(issue.message));
        return;
      case 'invalid_type':
        this.#wrongType(path, EXPECTED_WORDS[issue.expected] ?? issue.expected);
        return;
      case 'invalid_value':
        this.#wrongValue(path, issue.values, decodeKnown(issue.message));
        return;
      case 'too_small':
      case 'too_big':
        this.#outOfRange(issue, path);
        return;
      case 'invalid_key':
        this.#invalidName(path, issue.issues[0]?.message ?? 'is not a valid name');
        return;
      case 'invalid_format':
        this.#error('MQ-FIELD-009', path, this.#formatProblem(issue, path));
        return;
      case 'invalid_union':
        this.#union(issue, path);
        return;
      case 'custom': {
        const code = paramsOf(issue)?.code ?? 'MQ-FIELD-001';
        if (!this.#reportMissing(path))
          this.#error(code, path, sentence(pathText(path), issue.message));
        return;
      }
      default:
        this.#error('MQ-FIELD-001', path, `${pathText(path)}: ${issue.message}`);
    }
  }

  #unknownKey(key: string, path: readonly PropertyKey[], known: KnownHere | null): void {
    const place = [...path, key];
    const at = this.#document.keyPosition(place);
    const inside = path.length === 0 ? '' : ` in ${pathText(path)}`;
    if (known?.notBuilt.includes(key)) {
      const message = `"${key}"${inside} is not built yet`;
      this.#diagnostics.error('MQ-SCENARIO-001', at, message);
      return;
    }
    const valid = known?.known ?? [];
    const fix = { fix: `known here: ${valid.join(', ')}` };
    const message = `unknown key "${key}"${inside}${didYouMean(key, valid)}`;
    this.#diagnostics.error('MQ-FIELD-002', at, message, valid.length === 0 ? {} : fix);
  }

  #wrongType(path: readonly PropertyKey[], expected: string): void {
    if (this.#reportMissing(path)) return;
    const { node } = this.#document.nearest(path);
    const message = `${pathText(path)} must be ${expected}, found ${describe(node)}`;
    const fix = expected === 'text' && node.kind === 'scalar' ? quoteFix(node) : {};
    this.#diagnostics.error('MQ-FIELD-001', this.#document.position(path), message, fix);
  }

  #wrongValue(
    path: readonly PropertyKey[],
    values: readonly unknown[],
    known: KnownHere | null,
  ): void {
    if (this.#reportMissing(path)) return;
    const { node } = this.#document.nearest(path);
    const given = typeof node.value === 'string' ? node.value : '';
    if (known?.notBuilt.includes(given)) {
      const message = `${pathText(path)}: "${given}" is not built yet`;
      this.#error('MQ-SCENARIO-001', path, message);
      return;
    }
    if (pathText(path) === 'meshquake') {
      const message = `the format version is ${describe(node)}, expected 1`;
      this.#error('MQ-SCENARIO-012', path, message);
      return;
    }
    const words = values.map(String);
    const expected = words.length === 1 ? words[0] : `one of ${words.join(', ')}`;
    const hint = given === '' ? '' : didYouMean(given, words);
    const message = `${pathText(path)} is ${describe(node)}, expected ${expected}${hint}`;
    this.#error('MQ-FIELD-004', path, message);
  }

  #outOfRange(
    issue: Extract<Issue, { code: 'too_small' | 'too_big' }>,
    path: readonly PropertyKey[],
  ): void {
    const isSmall = issue.code === 'too_small';
    const limit = String(isSmall ? issue.minimum : issue.maximum);
    const bound = `${issue.inclusive === false ? (isSmall ? 'above' : 'below') : ''}`;
    const side =
      bound !== '' ? `${bound} ${limit}` : isSmall ? `${limit} or more` : `${limit} at most`;
    const { node } = this.#document.nearest(path);
    const isCounted = issue.origin === 'array' || issue.origin === 'string';
    const what = issue.origin === 'array' ? 'items' : 'characters';
    const found = isCounted
      ? `has too ${isSmall ? 'few' : 'many'} ${what}`
      : `is ${describe(node)}`;
    this.#error('MQ-FIELD-005', path, `${pathText(path)} ${found}, expected ${side}`);
  }

  #invalidName(path: readonly PropertyKey[], problem: string): void {
    const at = this.#document.keyPosition(path);
    const message = `the name "${String(path.at(-1))}" in ${pathText(path.slice(0, -1))} ${problem}`;
    this.#diagnostics.error('MQ-FIELD-009', at, message);
  }

  #formatProblem(
    issue: Extract<Issue, { code: 'invalid_format' }>,
    path: readonly PropertyKey[],
  ): string {
    const found = describe(this.#document.nearest(path).node);
    if (issue.format === 'starts_with')
      return `${pathText(path)} must start with "/", found ${found}`;
    return `${pathText(path)} ${issue.message}; found ${found}`;
  }

  #union(issue: Extract<Issue, { code: 'invalid_union' }>, path: readonly PropertyKey[]): void {
    if (this.#reportMissing(path)) return;
    if (issue.discriminator !== undefined) {
      this.#unknownKind(issue, path);
      return;
    }
    const form = likeliestForm(issue.errors);
    if (form !== null) {
      this.report(form, path);
      return;
    }
    const { node } = this.#document.nearest(path);
    const message = `${pathText(path)} ${issue.message}, found ${describe(node)}`;
    this.#error('MQ-FIELD-001', path, message);
  }

  /** The `kind` of a fault is missing or unknown. */
  #unknownKind(
    issue: Extract<Issue, { code: 'invalid_union' }>,
    path: readonly PropertyKey[],
  ): void {
    const key = issue.discriminator ?? '';
    const place = path.at(-1) === key ? path : [...path, key];
    if (this.#reportMissing(place)) return;
    const { node } = this.#document.nearest(place);
    const options = optionsOf(issue);
    const hint = typeof node.value === 'string' ? didYouMean(node.value, options) : '';
    const message = `${pathText(place)} is ${describe(node)}, which is not a kind of fault${hint}`;
    const fix = `"meshquake faults list" shows the kinds: ${options.join(', ')}`;
    this.#diagnostics.error('MQ-SCENARIO-011', this.#document.position(place), message, { fix });
  }

  /** @returns whether nothing stands at the path; that is then reported */
  #reportMissing(path: readonly PropertyKey[]): boolean {
    if (path.length === 0 || this.#document.nearest(path).isExact) return false;
    const parent = path.slice(0, -1);
    const message = `${pathText(parent)} lacks the key "${String(path.at(-1))}"`;
    this.#diagnostics.error('MQ-FIELD-003', this.#document.keyPosition(parent), message);
    return true;
  }

  #error(code: string, path: readonly PropertyKey[], message: string): void {
    this.#diagnostics.error(code, this.#document.position(path), message);
  }
}

function optionsOf(issue: Extract<Issue, { code: 'invalid_union' }>): readonly string[] {
  return 'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
}

/** `x: "5" has no unit`, `x must be 1`: a colon before a value, none before a verb. */
function sentence(subject: string, message: string): string {
  return /^["\d-]/.test(message) ? `${subject}: ${message}` : `${subject} ${message}`;
}

function samePath(a: Issue, b: Issue): boolean {
  return a.path.length === b.path.length && a.path.every((step, index) => step === b.path[index]);
}

function paramsOf(issue: Issue): IssueParams | undefined {
  return issue.code === 'custom' ? (issue.params as IssueParams | undefined) : undefined;
}

/** The form whose problems are worth telling; null when the value's type fits no form. */
function likeliestForm(forms: readonly (readonly Issue[])[]): readonly Issue[] | null {
  const fitting = forms.filter((issues) => !issues.some(isWrongRootType));
  const [first, ...rest] = fitting;
  if (first === undefined) return null;
  return rest.reduce((best, form) => (misfit(form) < misfit(best) ? form : best), first);
}

function isWrongRootType(issue: Issue): boolean {
  if (issue.path.length > 0) return false;
  return issue.code === 'invalid_type' || paramsOf(issue)?.isWrongType === true;
}

/** Unknown keys tell forms apart better than anything else. */
function misfit(issues: readonly Issue[]): number {
  let sum = issues.length;
  for (const issue of issues) {
    if (issue.code === 'unrecognized_keys') sum += 10 * issue.keys.length;
  }
  return sum;
}

function describe(node: SourceNode): string {
  if (node.kind === 'map' || node.kind === 'list') return `a ${node.kind}`;
  if (node.value === null) return 'nothing';
  if (typeof node.value === 'string') return JSON.stringify(node.value.slice(0, 60));
  const kind = typeof node.value === 'number' ? 'the number' : 'the truth value';
  return `${kind} ${node.sourceText}`;
}

function quoteFix(node: SourceNode): { readonly fix?: string } {
  return { fix: `write it in quotes: "${node.sourceText}"` };
}
