/**
 * The documentation's pages as its tests see them.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesBelow, ROOT } from './source-tree.ts';

export interface DocumentPage {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
}

export const TOP_PAGES = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md'];

export const DOCUMENT_PAGES: readonly DocumentPage[] = [
  ...TOP_PAGES,
  ...['docs', 'scenarios', 'src', 'test', 'bench'].flatMap(filesBelow),
  'reports/README.md',
]
  .filter((path) => path.endsWith('.md') && existsSync(join(ROOT, path)))
  .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
