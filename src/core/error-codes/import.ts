/** Codes about mesh files as a whole, their kinds and fields. Numbers are never reused. */
import type { ErrorCode } from './error-code.ts';

export const IMPORT_CODES = {
  'MQ-IMPORT-001': {
    title: 'A document that is no resource',
    why: 'mesh files hold Kubernetes-style objects, each with apiVersion and kind',
    fix: 'add apiVersion and kind, or remove the file from the list',
  },
  'MQ-IMPORT-002': { title: 'An unknown version of a known kind' },
  'MQ-IMPORT-003': {
    title: 'A kind that is not modelled yet',
    why: 'leaving it out silently would simulate another mesh than the one in the files',
    fix: 'remove the object, or keep it out of the scenario',
  },
  'MQ-IMPORT-004': {
    title: 'A valid field or value that is not modelled yet',
    why: 'leaving it out silently would simulate another mesh than the one in the files',
    fix: 'remove it, or keep the object out of the scenario',
  },
  'MQ-IMPORT-005': { title: 'An unknown kind of a known group' },
  'MQ-IMPORT-006': { title: 'An object that does not concern the mesh (information)' },
  'MQ-IMPORT-007': {
    title: 'An object replaces an earlier one (information)',
    why: 'later files win over earlier ones, as when they are applied in order',
  },
  'MQ-IMPORT-008': { title: 'A field without effect on what is simulated (information)' },
  'MQ-IMPORT-009': {
    title: 'An annotation that istiod refuses here',
    fix: 'remove the annotation',
  },
  'MQ-IMPORT-010': { title: 'A deprecated field (warning)' },
  'MQ-IMPORT-011': {
    title: 'Nothing to make a scenario from',
    why: 'a scenario needs at least one service that is called',
    fix: 'import the Services, too, or rules and routes that name hosts of the cluster',
  },
  'MQ-NAME-001': {
    title: 'A wrong exportTo list',
    fix: 'list namespaces, or "." for the own one, or "*" alone for all',
  },
} as const satisfies Record<string, ErrorCode>;
