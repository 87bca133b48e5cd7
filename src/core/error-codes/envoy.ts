/** Codes about Envoy bootstraps. Numbers are never reused. */
import type { ErrorCode } from './error-code.ts';

export const ENVOY_CODES = {
  'MQ-ENVOY-001': {
    title: 'A field of Envoy’s API that is unknown or not modelled',
    why: 'leaving it out silently would run another policy than the one in the file',
    fix: 'remove it, or correct its name',
  },
  'MQ-ENVOY-002': {
    title: 'An Envoy extension that is not modelled',
    why: 'a filter or policy that is left out changes what happens to requests',
    fix: 'remove it from the bootstrap',
  },
  'MQ-ENVOY-003': { title: 'A setting that Envoy refuses' },
  'MQ-ENVOY-004': {
    title: 'A bootstrap without what a proxy needs',
    fix: 'static_resources needs a listener with an HTTP connection manager',
  },
  'MQ-ENVOY-005': { title: 'A file that the bootstrap names and that cannot be read' },
  'MQ-ENVOY-006': {
    title: 'A field of Envoy’s API that is read over',
    why: 'it seldom decides about requests, so the rest of the file is still worth running',
    fix: 'remove it where it does not matter to you',
  },
} as const satisfies Record<string, ErrorCode>;
