/**
 * Where a redirect of an upstream leads: the parts of an absolute URL.
 *
 * Source: Envoy, Http::Utility::Url, and the router's internal redirects.
 */
export interface RedirectTarget {
  /** Lower-case. */
  readonly scheme: string;
  /** With the port, if there is one. */
  readonly authority: string;
  /** With the query, without a fragment; `/` where the URL has none. */
  readonly path: string;
}

const ABSOLUTE = /^([a-z][a-z0-9+.-]*):\/\/([^/?#@\s]+)([^#\s]*)(?:#\S*)?$/i;

/** @returns undefined when it is no absolute URL */
export function redirectTarget(location: string): RedirectTarget | undefined {
  const match = ABSOLUTE.exec(location);
  if (match === null) return undefined;
  const [, scheme = '', authority = '', path = ''] = match;
  const rooted = path === '' ? '/' : path;
  return { scheme: scheme.toLowerCase(), authority, path: rooted };
}
