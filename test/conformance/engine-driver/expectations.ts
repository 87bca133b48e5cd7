/**
 * What a story promises, compared with what was seen: differences as text, empty = kept.
 */
import type { LogSeen } from './decision-log.ts';
import type { Observation } from './observation.ts';
import type { ClientSeen } from './scripted-client.ts';
import type { Expected } from './story.ts';

/** @returns one line per broken promise */
export function brokenPromises(expected: Expected, seen: Observation): string[] {
  const broken: string[] = [];
  const check = (what: string, wanted: unknown, found: unknown): void => {
    if (wanted !== found) broken.push(`${what}: expected ${wanted}, saw ${found}`);
  };
  for (const [id, wanted] of Object.entries(expected.client ?? {})) {
    check(`client ${id}`, wanted, clientText(seen.client[id]));
  }
  for (const [id, wanted] of Object.entries(expected.log ?? {})) {
    check(`log ${id}`, wanted, logText(seen.logs[id]));
  }
  for (const [name, wanted] of Object.entries(expected.upstreams ?? {})) {
    check(`requests at ${name}`, wanted, seen.upstreams[name]?.length);
  }
  for (const [id, lines] of Object.entries(expected.decisions ?? {})) {
    const found = seen.decisions[id] ?? [];
    check(`decisions ${id}`, true, isSubsequence(lines, found) || found.join('; '));
  }
  if (expected.ejections !== undefined) {
    check('ejections', expected.ejections.join('; '), seen.ejections.join('; '));
  }
  return broken;
}

function clientText(seen: ClientSeen | undefined): string {
  if (seen === undefined) return 'not sent';
  const outcome = seen.outcome === 'complete' ? '' : `${seen.outcome} `;
  const trailers = seen.trailers === '' ? '' : ` ${seen.trailers}`;
  const close = seen.headers.includes('connection: close') ? ' connection: close' : '';
  const informational = seen.informational.map((status) => `${status} `).join('');
  return `${outcome}${informational}${seen.status} ${seen.body}${trailers}${close}`;
}

function logText(seen: LogSeen | undefined): string {
  return seen === undefined ? 'not logged' : `${seen.flags} ${seen.details} ${seen.attempts}`;
}

function isSubsequence(wanted: readonly string[], found: readonly string[]): boolean {
  let at = 0;
  for (const line of found) if (line === wanted[at]) at++;
  return at === wanted.length;
}
