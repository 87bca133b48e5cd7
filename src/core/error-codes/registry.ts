/** Codes about services and their endpoints. Numbers are never reused. */
import type { ErrorCode } from './error-code.ts';

export const REGISTRY_CODES = {
  'MQ-ENTRY-001': { title: 'A wrong host of a ServiceEntry' },
  'MQ-ENTRY-002': { title: 'A partial wildcard host (warning)' },
  'MQ-ENTRY-003': { title: 'A wrong address of a ServiceEntry' },
  'MQ-ENTRY-004': { title: 'A port that is not valid' },
  'MQ-ENTRY-005': { title: 'An endpoint that is not valid' },
  'MQ-ENTRY-006': { title: 'Hosts that do not fit the ports or the resolution' },
  'MQ-ENTRY-007': { title: 'A selector that selects everything (warning)' },
  'MQ-ENTRY-010': { title: 'A workload address that is not valid' },
  'MQ-KUBE-001': { title: 'An EndpointSlice of no service' },
} as const satisfies Record<string, ErrorCode>;
