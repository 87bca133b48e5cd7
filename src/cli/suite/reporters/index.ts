/** All reporters of suites. A new one: its file, its line here. */
import type { ReporterKind } from '../reporter.ts';
import { GITHUB } from './github.ts';
import { JSON_REPORTER } from './json.ts';
import { JUNIT } from './junit.ts';
import { PRETTY } from './pretty.ts';
import { TAP } from './tap.ts';

export const REPORTERS: readonly ReporterKind[] = [PRETTY, TAP, JUNIT, JSON_REPORTER, GITHUB];
