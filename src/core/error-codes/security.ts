/** Codes about mTLS and access policy. Numbers are never reused. */
import type { ErrorCode } from './error-code.ts';

export const SECURITY_CODES = {
  'MQ-MTLS-001': { title: 'mTLS of a port that is not valid' },
  'MQ-MTLS-002': {
    title: 'A PeerAuthentication for workloads of the root namespace (warning)',
    why: 'Istio ignores a PeerAuthentication with a selector in the root namespace altogether',
    fix: 'put it into the namespace of the workloads, or remove the selector',
  },
  'MQ-MTLS-003': {
    title: 'A second PeerAuthentication for the same scope (warning)',
    why: 'of several policies for one mesh, namespace or workload the oldest is in force',
    fix: 'keep one policy per scope',
  },
  'MQ-MTLS-004': { title: 'TLS settings of a DestinationRule that are not valid' },
  'MQ-AUTHZ-001': {
    title: 'An access policy that could never act',
    why: 'DENY and CUSTOM need a rule to match; an empty rule {} matches every request',
  },
  'MQ-AUTHZ-002': { title: 'A rule, source or operation that says nothing' },
  'MQ-AUTHZ-003': { title: 'A value of an access rule that is not valid' },
  'MQ-AUTHZ-004': { title: 'A service account that is not valid' },
  'MQ-AUTHZ-005': {
    title: 'A path template that is not valid',
    why: 'only {*} and {**} are operators, each a whole segment, and none may follow {**}',
  },
  'MQ-AUTHZ-006': { title: 'A condition that is not valid' },
  'MQ-AUTHZ-007': {
    title: 'A dry-run annotation that is not valid',
    fix: 'write "true" or "false", and only on policies with action ALLOW or DENY',
  },
  'MQ-AUTHZ-008': {
    title: 'A DENY rule with HTTP attributes only (warning)',
    why: 'on TCP ports istiod drops what it cannot check, so the rule denies every connection there',
    fix: 'name the ports that it is meant for',
  },
  'MQ-AUTHZ-009': {
    title: 'An empty list that matches everything (warning)',
    why: 'an empty "from" or "to" is the same as none: every request matches',
  },
  'MQ-AUTHZ-010': { title: 'Several ways of selecting workloads at once' },
  'MQ-AUTHZ-011': {
    title: 'A selector without labels (warning)',
    why: 'it selects every workload of the namespace',
  },
} as const satisfies Record<string, ErrorCode>;
