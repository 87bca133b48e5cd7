/** The JSON Schema of scenario files, made from the schema that reads them. */
import { z } from 'zod';
import { SCENARIO } from '../../src/harness/scenario-schema.ts';
import type { GeneratedPage } from './page.ts';

export const SCHEMA_PATH = 'docs/schema/scenario.json';

/** As one of the generated pages. */
export function scenarioSchemaPage(): GeneratedPage {
  return { path: SCHEMA_PATH, text: scenarioSchemaText() };
}

/** The file's text, with a final line end. */
export function scenarioSchemaText(): string {
  const schema = z.toJSONSchema(SCENARIO, { io: 'input', reused: 'inline' });
  const { $schema, ...rest } = schema;
  return `${JSON.stringify({ $schema, title: 'meshquake scenario', ...rest }, null, 2)}\n`;
}
