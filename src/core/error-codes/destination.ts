/** Codes about traffic policy (DestinationRule). Numbers are never reused. */
import type { ErrorCode } from './error-code.ts';

export const DESTINATION_CODES = {
  'MQ-DEST-001': { title: 'A wrong or missing host of a DestinationRule' },
  'MQ-DEST-002': { title: 'A traffic policy without content' },
  'MQ-DEST-003': { title: 'A subset that is not valid' },
  'MQ-DEST-004': { title: 'A port level setting that is not valid' },
  'MQ-DEST-005': { title: 'Connection pool settings that are not valid' },
  'MQ-DEST-006': { title: 'Outlier detection settings that are not valid' },
  'MQ-DEST-007': { title: 'A deprecated setting that is ignored (warning)' },
  'MQ-DEST-008': { title: 'A limit of 0, which means no limit (information)' },
  'MQ-DEST-009': {
    title: 'A DestinationRule that another one for the same host overrides (warning)',
    why: 'of several rules for a host the oldest one’s policy, and each subset’s first, is used',
    fix: 'put everything about a host into one DestinationRule',
  },
  'MQ-DEST-010': { title: 'A retry budget that is not valid' },
  'MQ-DEST-015': { title: 'Locality settings that are not valid' },
  'MQ-DEST-016': {
    title: 'A locality failover that cannot happen (warning)',
    why: 'only outlier detection tells a proxy that endpoints fail; without it all stay healthy',
    fix: 'add outlierDetection to the same trafficPolicy',
  },
  'MQ-DEST-017': { title: 'Consistent hashing that is not valid' },
  'MQ-DEST-018': { title: 'A warm-up that is not valid' },
} as const satisfies Record<string, ErrorCode>;
