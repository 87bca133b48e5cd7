/**
 * RBAC filter: lets a request pass or answers 403, by rules over its head and its peer.
 *
 * Shadow rules are only counted. The peer was proved when its connection was opened: nothing here
 * looks at certificates again. Source: policy-engine.md §9.6; Envoy, filters/http/rbac.
 */
import { Flag, RecordKind } from '../../core/records.ts';
import type { RbacConfig, RbacRules } from '../config/security.ts';
import { AccessRules, NO_MATCH } from '../security/authorization.ts';
import type { FilterResult, FilterStream, HttpFilter, LocalReply } from './http-filter.ts';

/** The answer to a request that a policy refuses. @param name of the policy, or `none` */
export function denial(name: string): LocalReply {
  return {
    status: 403,
    grpcStatus: null,
    body: 'RBAC: access denied',
    flag: Flag.none,
    details: `rbac_access_denied_matched_policy[${name.replace(/\s/g, '_')}]`,
  };
}

/** The rules of a listener or a route, ready to be asked. */
class CompiledRbac {
  readonly rules: AccessRules | null;
  readonly shadowRules: AccessRules | null;
  readonly denials: readonly LocalReply[];

  constructor(config: RbacConfig) {
    this.rules = compiled(config.rules);
    this.shadowRules = compiled(config.shadowRules);
    this.denials = (this.rules?.names ?? []).map(denial);
  }
}

/** One entry of a listener's filter list. */
export class RbacFilter implements HttpFilter {
  readonly name = 'envoy.filters.http.rbac';
  allowed = 0;
  denied = 0;
  shadowAllowed = 0;
  shadowDenied = 0;
  private readonly own: CompiledRbac;
  /** Routes share their configuration objects. */
  private readonly byRoute = new Map<RbacConfig, CompiledRbac>();
  private readonly shadowPrefix: string;
  private readonly prefix: string;
  private readonly unmatched: LocalReply;

  constructor(config: RbacConfig) {
    this.own = new CompiledRbac(config);
    this.shadowPrefix = dotted(config.shadowStatPrefix);
    this.prefix = dotted(config.statPrefix ?? '');
    this.unmatched = denial('none');
  }

  onRequestHead(stream: FilterStream, _end: boolean): FilterResult {
    const route = stream.routeFilter('rbac');
    const { rules, shadowRules, denials } = route === null ? this.own : this.forRoute(route.config);
    if (shadowRules !== null) this.watch(shadowRules, stream);
    if (rules === null) return 'continue';
    const match = rules.matchOf(stream.head, stream.peer);
    if (rules.isAllowed(match)) {
      this.allowed += 1;
      return 'continue';
    }
    this.denied += 1;
    stream.record(RecordKind.accessDenied, match);
    stream.respond(match === NO_MATCH ? this.unmatched : denials[match]!);
    return 'pause';
  }

  visitStats(visit: (name: string, kind: 'counter' | 'gauge', value: number) => void): void {
    visit(`rbac.${this.prefix}allowed`, 'counter', this.allowed);
    visit(`rbac.${this.prefix}denied`, 'counter', this.denied);
    visit(`rbac.${this.shadowPrefix}shadow_allowed`, 'counter', this.shadowAllowed);
    visit(`rbac.${this.shadowPrefix}shadow_denied`, 'counter', this.shadowDenied);
  }

  private watch(rules: AccessRules, stream: FilterStream): void {
    if (rules.isAllowed(rules.matchOf(stream.head, stream.peer))) this.shadowAllowed += 1;
    else this.shadowDenied += 1;
  }

  private forRoute(config: RbacConfig): CompiledRbac {
    let made = this.byRoute.get(config);
    if (made === undefined) this.byRoute.set(config, (made = new CompiledRbac(config)));
    return made;
  }
}

/** A prefix becomes a level of its own. */
function dotted(prefix: string): string {
  return prefix === '' || prefix.endsWith('.') ? prefix : `${prefix}.`;
}

function compiled(rules: RbacRules | null): AccessRules | null {
  return rules === null ? null : new AccessRules(rules);
}
