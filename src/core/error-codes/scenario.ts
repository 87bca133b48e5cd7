/** Codes about scenario files. Numbers are never reused. */
import type { ErrorCode } from './error-code.ts';

export const SCENARIO_CODES = {
  'MQ-SCENARIO-001': {
    title: 'A key of the scenario format that is not built yet',
    why: 'ignoring it would simulate another world than the one described',
    fix: 'remove it, or describe the same thing with the keys that are built',
  },
  'MQ-SCENARIO-002': {
    title: 'An unknown service, client, version or fault',
    why: 'a name that stands for nothing is most often a slip of the pen',
  },
  'MQ-SCENARIO-003': {
    title: 'Calls that lead back to where they began',
    why: 'every request would cause another one, without end',
    fix: 'remove one call of the cycle',
  },
  'MQ-SCENARIO-004': { title: 'Times that do not fit each other' },
  'MQ-SCENARIO-005': { title: 'A name or id that is used twice', fix: 'rename one of them' },
  'MQ-SCENARIO-006': {
    title: 'An expression that cannot be read',
    fix: 'expressions are CEL; the marked place is where reading stopped',
  },
  'MQ-SCENARIO-007': {
    title: 'An expression that names something the summary does not have',
    why: 'names are checked before the run, so that a slip of the pen never looks like a failure',
  },
  'MQ-SCENARIO-008': {
    title: 'A dotted path that leads nowhere',
    fix: 'write the keys as they stand in the scenario, e.g. services.payments.workers',
  },
  'MQ-SCENARIO-009': {
    title: 'A policy file that cannot be read',
    fix: 'paths in a scenario are relative to it; paths of --mesh to the current folder',
  },
  'MQ-SCENARIO-010': { title: 'A place without a scenario' },
  'MQ-SCENARIO-011': { title: 'An unknown kind of fault, or a parameter of it that is wrong' },
  'MQ-SCENARIO-012': {
    title: 'A format version that this program does not read',
    fix: 'write "meshquake: 1"',
  },
  'MQ-SCENARIO-013': { title: 'A distribution whose parameters contradict each other' },
  'MQ-SCENARIO-014': { title: 'An unknown variant' },
  'MQ-SCENARIO-016': {
    title: 'Certificates without proxies',
    why: 'certificates belong to proxies; applications speak plain text',
  },
  'MQ-SCENARIO-017': {
    title: 'A fault of certificates or clocks where nobody has a certificate (warning)',
    why: 'it would strike nothing, and the run would be inconclusive',
  },
} as const satisfies Record<string, ErrorCode>;
