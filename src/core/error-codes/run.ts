/** Codes about finished runs. Numbers are never reused. */
import type { ErrorCode } from './error-code.ts';

export const RUN_CODES = {
  'MQ-RUN-001': {
    title: 'Not the output folder of a run',
    fix: 'name the folder that "meshquake run" wrote (its last lines say which), or a file in it',
  },
  'MQ-RUN-002': {
    title: 'A run of another version',
    why: 'a run is a function of scenario, seed and version; another version gives another run',
    fix: 'run the scenario again, or replay with the version that made the run',
  },
  'MQ-RUN-003': {
    title: 'A variant, seed or request that the run does not have',
    fix: 'list what there is with: meshquake replay RUN --list',
  },
} as const satisfies Readonly<Record<string, ErrorCode>>;
