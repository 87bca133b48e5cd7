/**
 * Paths as Envoy normalises them before anything is matched: escaped slashes, dots, double slashes.
 *
 * Pure; `engine/request-intake.ts` calls it. The query is never touched.
 * Source: policy-engine.md §0.4; behaviour of Envoy 1.40 by conformance cases (edge-path-*).
 */
import type { PathNormalization } from '../config/edge.ts';

/** What becomes of a path. */
export type NormalizedPath =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'redirect'; readonly path: string }
  | { readonly kind: 'rejected' };

const REJECTED: NormalizedPath = { kind: 'rejected' };
const ESCAPED_SLASH = /%(?:2f|5c)/i;

/** @param target path with query, as the client sent it */
export function normalizedPath(target: string, config: PathNormalization): NormalizedPath {
  const at = target.indexOf('?');
  let path = at < 0 ? target : target.slice(0, at);
  const query = at < 0 ? '' : target.slice(at);
  let kind: 'path' | 'redirect' = 'path';
  if (config.escapedSlashes !== 'keep' && ESCAPED_SLASH.test(path)) {
    if (config.escapedSlashes === 'reject') return REJECTED;
    path = path.replace(/%2f/gi, '/').replace(/%5c/gi, '\\');
    if (config.escapedSlashes === 'redirect') kind = 'redirect';
  }
  if (config.isNormalized) {
    const canonical = canonicalPath(path);
    if (canonical === null) return REJECTED;
    path = canonical;
  }
  if (config.mergesSlashes) path = withSingleSlashes(path);
  return { kind, path: path + query };
}

/** @returns null when the path cannot be written canonically */
function canonicalPath(path: string): string | null {
  if (/%00/.test(path)) return null;
  const plain = path.replace(/\\/g, '/').replace(/%[0-9a-fA-F]{2}/g, unescaped);
  const segments: string[] = [];
  const parts = plain.split('/').slice(1);
  parts.forEach((part, i) => {
    const isLast = i === parts.length - 1;
    if (part === '..') segments.pop();
    else if (part !== '.') {
      segments.push(part);
      return;
    }
    if (isLast) segments.push('');
  });
  return `/${segments.join('/')}`.replace(/["<>^`{|}]/g, escaped);
}

/** Envoy leaves two slashes of a path that has nothing else. */
function withSingleSlashes(path: string): string {
  if (!path.includes('//')) return path;
  const segments = path.split('/').filter((segment) => segment !== '');
  return `/${segments.join('/')}${path.endsWith('/') ? '/' : ''}`;
}

/** Letters, digits and `-._~` need no escape. */
function unescaped(code: string): string {
  const character = String.fromCharCode(Number.parseInt(code.slice(1), 16));
  return /[A-Za-z0-9\-._~]/.test(character) ? character : code;
}

function escaped(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}
