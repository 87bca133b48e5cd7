/** Codes about Linkerd's configuration. Numbers are never reused. */
import type { ErrorCode } from './error-code.ts';

export const LINKERD_CODES = {
  'MQ-LINKERD-001': {
    title: 'An annotation that Linkerd drops (warning)',
    why: 'Linkerd reads annotations of Services as it goes: a wrong value voids all that belongs together',
    fix: 'write durations as one whole number with a unit, such as "1500ms", and lists without spaces',
  },
  'MQ-LINKERD-002': { title: 'An annotation of Linkerd that is not modelled' },
  'MQ-LINKERD-003': {
    title: 'A timeout of Linkerd that is 0',
    why: 'Linkerd takes 0 for a deadline that has passed already',
    fix: 'remove the annotation; without it there is no timeout',
  },
  'MQ-LINKERD-004': {
    title: 'A mesh resource that has no meaning in the data plane',
    fix: 'take the file out of "mesh", or choose the data plane that reads it',
  },
} as const satisfies Record<string, ErrorCode>;
