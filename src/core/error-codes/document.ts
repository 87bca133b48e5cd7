/** Codes about the text itself: bytes, YAML, types of values, units. Numbers are never reused. */
import type { ErrorCode } from './error-code.ts';

export const DOCUMENT_CODES = {
  'MQ-DOC-001': {
    title: 'The text is not valid YAML',
    fix: 'correct the syntax at the marked place; often it is an indentation or a missing quote',
  },
  'MQ-DOC-002': {
    title: 'A key stands twice in one map',
    why: 'only one of the two values could be used, and readers would disagree which',
    fix: 'remove one of them',
  },
  'MQ-DOC-003': {
    title: 'The file is not text',
    why: 'configuration is UTF-8 text',
    fix: 'check the path; save the file as UTF-8',
  },
  'MQ-DOC-004': {
    title: 'The file is too large',
    fix: 'split it into several files',
  },
  'MQ-DOC-005': {
    title: 'Aliases expand to too much',
    why: 'a few lines of nested aliases can stand for billions of values',
    fix: 'write the repeated parts out, or use fewer aliases',
  },
  'MQ-DOC-006': {
    title: 'The structure is nested too deeply',
    fix: 'flatten it; no supported resource needs such depth',
  },
  'MQ-DOC-007': {
    title: 'A key is not text',
    fix: 'use a plain text key',
  },
  'MQ-DOC-008': {
    title: 'An alias, anchor or tag cannot be used',
    fix: 'write the value out',
  },
  'MQ-DOC-009': {
    title: 'The file holds no document',
    fix: 'remove it from the list of files, or write the document',
  },
  'MQ-DOC-010': {
    title: 'A key that YAML 1.1 reads as true or false (warning)',
    why: 'Kubernetes and Istio files are YAML 1.1, where yes, no, on, off, y and n are truth values',
    fix: 'write the key in quotes',
  },
  'MQ-FIELD-001': { title: 'A value has the wrong type' },
  'MQ-FIELD-002': {
    title: 'An unknown field',
    why: 'a field that is ignored silently is a policy that does not exist',
  },
  'MQ-FIELD-003': { title: 'A required field is missing' },
  'MQ-FIELD-004': { title: 'A value that is not in the list of allowed ones' },
  'MQ-FIELD-005': { title: 'A number out of range' },
  'MQ-FIELD-006': {
    title: 'A number without a unit, or with an unknown one',
    why: 'a bare number could mean seconds or milliseconds',
  },
  'MQ-FIELD-007': {
    title: 'A duration that the control plane refuses',
    why: 'durations must be whole milliseconds, at least 1 ms',
  },
  'MQ-FIELD-008': {
    title: 'A field name in snake_case',
    why: 'the parser accepts it, but the API server prunes names that are not in its schema',
  },
  'MQ-FIELD-009': { title: 'An invalid name, label or host' },
  'MQ-FIELD-010': {
    title: 'Fields that exclude each other',
    fix: 'keep one of them',
  },
} as const satisfies Record<string, ErrorCode>;
