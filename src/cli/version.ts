/** The version of this program, from its package file; the same from sources and from `dist/`. */
import { readFileSync } from 'node:fs';

/** `0.1.0` */
export function programVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { readonly version: string };
  return version;
}
