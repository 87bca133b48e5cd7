/**
 * Writes `docs/schema/scenario.json`, the JSON Schema of scenario files for editors: `npm run docs`
 * or `npx tsx scripts/write-schema.ts`. A test checks that it is current.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SCHEMA_PATH, scenarioSchemaText } from './docs/scenario-schema.ts';

const path = join(dirname(fileURLToPath(import.meta.url)), '..', SCHEMA_PATH);
mkdirSync(dirname(path), { recursive: true });
writeFileSync(path, scenarioSchemaText());
