/**
 * AuthorizationPolicy of security.istio.io: who may ask what of a workload.
 *
 * Rules become the conditions of Envoy's RBAC filter, as istiod writes them for HTTP.
 * Source: config-istio.md §10, AP-1 to AP-11.
 */
import type { RbacRules } from '../../mesh/config/security.ts';
import type { ObjectMeta } from '../mesh-resources.ts';
import { type FieldRules, type Message, notModelled, openMessage, readFields } from '../message.ts';
import type { AuthorizationPolicy } from '../security-resources.ts';
import type { SourceNode } from '../source-node.ts';
import { readAccessRule } from './access-rule.ts';
import type { MeshNames } from './names.ts';
import { readSelector } from './selector.ts';

const FIELDS: FieldRules = {
  ...readFields('selector', 'action', 'rules'),
  ...notModelled('gateways and waypoints are not modelled', 'targetRef', 'targetRefs'),
  ...notModelled('external authorization is not modelled', 'provider'),
};
const ACTIONS = ['ALLOW', 'DENY', 'AUDIT', 'CUSTOM'] as const;
type Action = (typeof ACTIONS)[number];
const ACTION_NAMES: Readonly<Record<Action, RbacRules['action']>> = {
  ALLOW: 'allow',
  DENY: 'deny',
  AUDIT: 'log',
  CUSTOM: 'deny',
};
const DRY_RUN = 'istio.io/dry-run';

export function readAuthorizationPolicy(
  spec: SourceNode,
  meta: ObjectMeta,
  names: MeshNames,
): AuthorizationPolicy | undefined {
  const message = openMessage(spec, FIELDS, 'AuthorizationPolicy');
  if (message === undefined) return undefined;
  checkTargets(message);
  const actionNode = message.get('action');
  const action = actionNode === undefined ? 'ALLOW' : actionNode.oneOf(ACTIONS);
  if (action === undefined) return undefined;
  if (action === 'CUSTOM') {
    actionNode?.error('MQ-IMPORT-004', 'action CUSTOM is not modelled yet', {
      why: 'it asks an external service about each request',
    });
  }
  const context = { policy: meta, names, isDeny: action === 'DENY' };
  const rules = message.list('rules').flatMap((node) => readAccessRule(node, context) ?? []);
  const isIdle = message.list('rules').length === 0 && (action === 'DENY' || action === 'CUSTOM');
  if (isIdle) {
    spec.diagnostics.error('MQ-AUTHZ-001', meta.at, `action ${action} without rules never acts`, {
      fix: 'add a rule; {} matches every request',
    });
  }
  return {
    meta,
    selector: readSelector(message),
    action: ACTION_NAMES[action],
    isDryRun: readDryRun(spec, meta, action),
    rules,
  };
}

function checkTargets(message: Message): void {
  const given = ['selector', 'targetRef', 'targetRefs'].filter((field) => message.has(field));
  if (given.length < 2) return;
  const text = `a policy takes one of selector, targetRef and targetRefs, found ${given.join(' and ')}`;
  message.get(given[1]!)?.keyError('MQ-AUTHZ-010', text);
}

const TRUE = ['1', 't', 'T', 'TRUE', 'true', 'True'];
const FALSE = ['0', 'f', 'F', 'FALSE', 'false', 'False'];

function readDryRun(spec: SourceNode, meta: ObjectMeta, action: Action): boolean {
  const text = meta.annotations[DRY_RUN];
  if (text === undefined) return false;
  const isWord = TRUE.includes(text) || FALSE.includes(text);
  const problem = !isWord
    ? `"${text}" is neither true nor false`
    : `a dry run needs action ALLOW or DENY, found ${action}`;
  if (!isWord || (action !== 'ALLOW' && action !== 'DENY')) {
    spec.diagnostics.error('MQ-AUTHZ-007', meta.at, `annotation ${DRY_RUN}: ${problem}`);
  }
  return TRUE.includes(text);
}
