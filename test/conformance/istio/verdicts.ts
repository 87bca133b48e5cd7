/** Which objects of a file are refused here, by `Kind/namespace/name`. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type Diagnostic, Diagnostics } from '../../../src/core/diagnostics.ts';
import { importMesh } from '../../../src/importers/index.ts';

/** Errors of each object; of objects without a mistake an empty list. */
export function verdictsHere(path: string): ReadonlyMap<string, readonly Diagnostic[]> {
  const text = readFileSync(path, 'utf8');
  const diagnostics = new Diagnostics();
  importMesh([{ path: basename(path), text }], diagnostics);
  const errors = diagnostics.sorted().filter((item) => item.severity === 'error');
  const verdicts = new Map<string, Diagnostic[]>();
  let line = 1;
  for (const part of text.split(/^---\n/m)) {
    const end = line + part.split('\n').length - 1;
    const kind = /^kind: (\w+)$/m.exec(part)?.[1];
    const meta = /^metadata: \{ name: ([\w-]+), namespace: ([\w-]+)/m.exec(part);
    if (kind !== undefined && meta !== null) {
      const own = errors.filter((item) => item.line >= line && item.line <= end);
      verdicts.set(`${kind}/${meta[2]}/${meta[1]}`, own);
    }
    line = end + 1;
  }
  return verdicts;
}
