/**
 * Which DestinationRule is in force for a client's namespace and a service.
 *
 * Rules of one namespace for the same host merge; then the first place that has any rule for the
 * service decides: the client's namespace, the service's, the root namespace.
 * Source: config-istio.md §4.1, 4.2.
 */
import { isWildcard, mostSpecific } from '../istio/names.ts';
import type { DestinationRule, ExportTo } from '../mesh-resources.ts';
import { getOrCreate } from './memo.ts';

/** A merged rule. */
interface Candidate {
  readonly rule: DestinationRule;
  readonly exportTo: ExportTo;
}

/** Candidates by host; wildcards are looked up apart. */
class RuleSet {
  readonly #exact = new Map<string, Candidate[]>();
  readonly #wildcards = new Map<string, Candidate[]>();

  add(rule: DestinationRule): void {
    const host = rule.host.value;
    const map = isWildcard(host) ? this.#wildcards : this.#exact;
    const candidates = map.get(host);
    if (candidates === undefined) map.set(host, [{ rule, exportTo: rule.declaredExportTo }]);
    else mergeInto(candidates, rule);
  }

  /** Candidates of the most specific host; none when no host covers the service. */
  find(host: string): readonly Candidate[] {
    const exact = this.#exact.get(host);
    if (exact !== undefined || this.#wildcards.size === 0) return exact ?? [];
    const pattern = mostSpecific(host, this.#wildcards.keys(), (name) => name);
    return pattern === undefined ? [] : (this.#wildcards.get(pattern) ?? []);
  }
}

/** Merges with each candidate that is visible to no more than the new one; else stands apart. */
function mergeInto(candidates: Candidate[], rule: DestinationRule): void {
  let isMerged = false;
  for (const [index, candidate] of candidates.entries()) {
    if (!isAbsorbed(candidate.exportTo, rule.declaredExportTo)) {
      isMerged = false;
      continue;
    }
    candidates[index] = { ...candidate, rule: merged(candidate.rule, rule) };
    isMerged = true;
  }
  if (!isMerged) candidates.push({ rule, exportTo: rule.declaredExportTo });
}

function isAbsorbed(earlier: ExportTo, later: ExportTo): boolean {
  const isSuperset = earlier.every((entry) => later.includes(entry));
  return isSuperset && (earlier.length > 0 || later.length === 0);
}

/** Subsets are added, an existing one stays; so does a top-level policy. */
function merged(earlier: DestinationRule, later: DestinationRule): DestinationRule {
  const names = new Set(earlier.subsets.map((subset) => subset.name.value));
  const added = later.subsets.filter((subset) => !names.has(subset.name.value));
  const policy = earlier.policy ?? later.policy;
  const subsets = [...earlier.subsets, ...added];
  return { ...earlier, subsets, ...(policy === undefined ? {} : { policy }) };
}

/** All rules of a mesh, for lookups by client. */
export class DestinationRuleIndex {
  readonly #rootNamespace: string;
  readonly #local = new Map<string, RuleSet>();
  readonly #exported = new Map<string, RuleSet>();
  readonly #rootPrivate = new RuleSet();

  /** @param rules oldest first */
  constructor(rules: readonly DestinationRule[], rootNamespace: string) {
    this.#rootNamespace = rootNamespace;
    for (const rule of rules) this.#add(rule);
  }

  #add(rule: DestinationRule): void {
    const { namespace } = rule.meta;
    const { exportTo } = rule;
    const isOwn = exportTo.includes('*') || exportTo.includes(namespace);
    if (isOwn) getOrCreate(this.#local, namespace, newRuleSet).add(rule);
    const isPrivate = exportTo.length === 1 && exportTo[0] === namespace;
    if (!isPrivate) getOrCreate(this.#exported, namespace, newRuleSet).add(rule);
    else if (namespace === this.#rootNamespace) this.#rootPrivate.add(rule);
  }

  /** The rule in force, or undefined. */
  find(client: string, host: string, serviceNamespace: string): DestinationRule | undefined {
    const own = client === this.#rootNamespace ? this.#rootPrivate : this.#local.get(client);
    const candidates = own?.find(host) ?? [];
    if (candidates.length > 0) return candidates.at(-1)?.rule;
    return (
      this.#findExported(serviceNamespace, host, client) ??
      this.#findExported(this.#rootNamespace, host, client)
    );
  }

  #findExported(owner: string, host: string, client: string): DestinationRule | undefined {
    const candidates = this.#exported.get(owner)?.find(host) ?? [];
    const visible = candidates.filter(({ exportTo }) => {
      return exportTo.length === 0 || exportTo.includes('*') || exportTo.includes(client);
    });
    return visible.at(-1)?.rule;
  }
}

function newRuleSet(): RuleSet {
  return new RuleSet();
}
