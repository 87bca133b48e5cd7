/**
 * The matcher API of access rules → rules in order.
 *
 * Source: xDS, unified matcher API; Envoy, RBAC matchers; policy-engine.md §9.6.
 */
import type { RbacCondition, RbacPolicy, RbacRules } from '../../mesh/config/security.ts';
import { type Fields, refuseExtension, type TypedConfig } from './fields.ts';
import { ANY, flattenMatcher } from './matcher-tree.ts';

const ACTIONS = ['ALLOW', 'DENY', 'LOG'] as const;
const ACTION_OF = { ALLOW: 'allow', DENY: 'deny', LOG: 'log' } as const;

export function readAccessMatcher(matcher: Fields): RbacRules {
  return { action: 'by-policy', policies: flattenMatcher(matcher, readAction) };
}

function readAction(typed: TypedConfig, condition: RbacCondition): RbacPolicy[] {
  if (typed.type !== 'envoy.config.rbac.v3.Action') {
    refuseExtension(typed, 'the action');
    return [];
  }
  const word = typed.fields.oneOf('action', ACTIONS) ?? 'ALLOW';
  const name = typed.fields.text('name') ?? '';
  typed.fields.close();
  return [{ name, action: ACTION_OF[word], permissions: [condition], principals: [ANY] }];
}
