/**
 * Everything in `docs/` that is generated: pages and the JSON Schema of scenario files.
 */
import { commandsPage } from './commands-page.ts';
import { defaultsPage } from './defaults-page.ts';
import { errorsPage } from './errors-page.ts';
import { faultPages } from './fault-pages.ts';
import { invariantsPage } from './invariants-page.ts';
import type { GeneratedPage } from './page.ts';
import { scenarioSchemaPage } from './scenario-schema.ts';

/** Folders that hold nothing but generated pages. */
export const GENERATED_FOLDERS: readonly string[] = ['docs/faults'];

export function generatedPages(): readonly GeneratedPage[] {
  return [
    errorsPage(),
    defaultsPage(),
    commandsPage(),
    invariantsPage(),
    ...faultPages(),
    scenarioSchemaPage(),
  ];
}
