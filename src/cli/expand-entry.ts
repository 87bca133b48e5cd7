/**
 * What an entry of `mesh:` or `--mesh` stands for: a file, all YAML and JSON files below a folder, or
 * the files that a glob matches. Sorted by name, so that the order does not hang on the file system.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';

export type Expanded =
  | { readonly ok: true; readonly files: readonly string[] }
  | { readonly ok: false; readonly problem: string };

const MOST_FILES = 10_000;
const DEEPEST = 20;
const POLICY_FILE = /\.(ya?ml|json)$/;

/** @returns absolute paths */
export function expandEntry(entry: string, base: string): Expanded {
  if (/[*?{]/.test(entry) && !existsSync(resolve(base, entry))) return expandGlob(entry, base);
  const path = resolve(base, entry);
  if (!existsSync(path)) return { ok: false, problem: `there is no file or folder "${entry}"` };
  if (!statSync(path).isDirectory()) return { ok: true, files: [path] };
  const files = filesBelow(path).filter((file) => POLICY_FILE.test(file));
  if (files.length > 0) return { ok: true, files };
  return { ok: false, problem: `the folder "${entry}" holds no .yaml, .yml or .json file` };
}

function expandGlob(entry: string, base: string): Expanded {
  const fixed = entry.slice(0, entry.search(/[*?{]/)).replace(/[^/]*$/, '');
  const root = resolve(base, fixed);
  const pattern = globPattern(entry.slice(fixed.length));
  const files = filesBelow(root).filter((file) =>
    pattern.test(relative(root, file).split(sep).join('/')),
  );
  if (files.length > 0) return { ok: true, files };
  return { ok: false, problem: `no file matches "${entry}"` };
}

/** `*` and `?` stay inside a folder, `**` crosses folders, `{a,b}` is a choice. */
function globPattern(glob: string): RegExp {
  let pattern = '';
  let isChoice = false;
  for (let at = 0; at < glob.length; at += 1) {
    const character = glob[at] ?? '';
    if (glob.startsWith('**/', at)) {
      pattern += '(?:.*/)?';
      at += 2;
    } else if (glob.startsWith('**', at)) {
      pattern += '.*';
      at += 1;
    } else if (character === '*') pattern += '[^/]*';
    else if (character === '?') pattern += '[^/]';
    else if (character === '{') {
      pattern += '(?:';
      isChoice = true;
    } else if (character === '}' && isChoice) {
      pattern += ')';
      isChoice = false;
    } else if (character === ',' && isChoice) pattern += '|';
    else pattern += character.replace(/[.+^$()|[\]\\{}]/, '\\$&');
  }
  return new RegExp(`^${pattern}${isChoice ? ')' : ''}$`);
}

/** All files, hidden ones left out, in the order of their names. */
function filesBelow(folder: string, depth: number = 0): string[] {
  if (depth > DEEPEST) return [];
  const files: string[] = [];
  for (const name of listFolder(folder)) {
    const path = join(folder, name);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats?.isDirectory()) files.push(...filesBelow(path, depth + 1));
    else if (stats?.isFile()) files.push(path);
    if (files.length >= MOST_FILES) break;
  }
  return files;
}

/** Names in a folder, sorted by code points, hidden ones left out; none when it cannot be read. */
export function listFolder(folder: string): readonly string[] {
  try {
    const names = readdirSync(folder).filter((name) => !name.startsWith('.'));
    return names.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  } catch {
    return [];
  }
}
