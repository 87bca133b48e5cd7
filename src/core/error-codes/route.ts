/** Codes about routes (VirtualService) and what they refer to. Numbers are never reused. */
import type { ErrorCode } from './error-code.ts';

export const ROUTE_CODES = {
  'MQ-ROUTE-001': { title: 'A wrong host of a VirtualService' },
  'MQ-ROUTE-002': { title: 'A VirtualService without routes, or with routes it cannot have' },
  'MQ-ROUTE-003': {
    title: 'Weights that do not add up to 100',
    why: 'istiod takes weights as relative, so each share is another one than the file says',
    fix: 'set the weights so that their sum is 100',
  },
  'MQ-ROUTE-004': {
    title: 'Weights that are negative, or all zero or absent',
    why: 'with several destinations istiod refuses a sum of 0, so nothing would be routed',
    fix: 'give each destination a weight, 100 in all',
  },
  'MQ-ROUTE-005': {
    title: 'A route that does nothing, or two things at once',
    why: 'a route either forwards or answers',
  },
  'MQ-ROUTE-006': { title: 'A match that is not valid' },
  'MQ-ROUTE-007': { title: 'A destination that is not valid' },
  'MQ-ROUTE-008': { title: 'Retry settings that are not valid' },
  'MQ-ROUTE-009': { title: 'A fault injection that is not valid' },
  'MQ-ROUTE-010': { title: 'A fault injection without effect (warning)' },
  'MQ-ROUTE-011': { title: 'A direct response that is not valid' },
  'MQ-ROUTE-012': {
    title: 'A rule that is never reached (warning)',
    why: 'rules are tried in order, and the first that matches decides',
    fix: 'move it up, or remove it',
  },
  'MQ-ROUTE-013': { title: 'A match without effect (information)' },
  'MQ-ROUTE-014': {
    title: 'A gateway name that is not valid',
    fix: 'write mesh, name, or namespace/name',
  },
  'MQ-ROUTE-015': { title: 'A VirtualService for gateways (warning)' },
  'MQ-ROUTE-016': {
    title: 'A VirtualService that another one for the same host hides (warning)',
    why: 'sidecars do not merge them: the oldest wins entirely',
    fix: 'put the rules of both into one VirtualService',
  },
  'MQ-ROUTE-018': { title: 'A rewrite that is not valid' },
  'MQ-ROUTE-019': { title: 'A redirect that is not valid' },
  'MQ-ROUTE-020': { title: 'A header operation that is not valid' },
  'MQ-ROUTE-017': { title: 'A header condition that looks like another condition (warning)' },
  'MQ-REF-001': {
    title: 'A destination that no service has the name of',
    why: 'requests would be answered with 503 and the flag NC: no such cluster',
  },
  'MQ-REF-002': {
    title: 'A subset that no DestinationRule defines',
    why: 'requests would be answered with 503 and the flag NC: no such cluster',
  },
  'MQ-REF-003': {
    title: 'A DestinationRule for a host that no service has (warning)',
    why: 'its policy applies to nothing',
  },
  'MQ-REF-004': {
    title: 'A VirtualService for a host that no service has (warning)',
    why: 'its routes are reached only by requests to port 80 with exactly that host',
  },
  'MQ-REF-005': {
    title: 'A destination port that the service does not have',
    why: 'requests would be answered with 503 and the flag NC: no such cluster',
  },
  'MQ-REF-006': {
    title: 'A destination without a port, on a service with other ports (warning)',
    why: 'a sidecar takes the port that the client called, never "the only port of the service"',
    fix: 'name the port: port: { number: … }',
  },
  'MQ-REF-007': {
    title: 'A subset that selects no endpoint (warning)',
    why: 'requests would be answered with 503 and the flag UH: no healthy upstream',
  },
} as const satisfies Record<string, ErrorCode>;
