/**
 * The hosts of a priority by locality, as schedules, rings and zone routing go by them.
 *
 * Source: policy-engine.md §6.4, 6.5; Envoy, PriorityStateManager.
 */
import type { Host } from './host.ts';

export interface LocalityHosts {
  readonly name: string;
  readonly hosts: readonly Host[];
}

/** In the order of their first hosts. */
export function byLocality(hosts: readonly Host[]): LocalityHosts[] {
  const groups = new Map<string, Host[]>();
  for (const host of hosts) {
    const { locality } = host.endpoint;
    const known = groups.get(locality);
    if (known === undefined) groups.set(locality, [host]);
    else known.push(host);
  }
  return [...groups].map(([name, members]) => ({ name, hosts: members }));
}

/**
 * In Envoy's order: the proxy's own locality first, the others by region, zone and subzone.
 *
 * @param own locality of the proxy; '' = unknown, which is that of hosts without one too
 */
export function inOrder(hosts: readonly Host[], own: string): LocalityHosts[] {
  return byLocality(hosts).sort(
    (a, b) => rankOf(a.name, own) - rankOf(b.name, own) || compare(a.name, b.name),
  );
}

function rankOf(name: string, own: string): number {
  return name === own ? 0 : 1;
}

function compare(a: string, b: string): number {
  const [left, right] = [a.split('/'), b.split('/')];
  for (let i = 0; i < 3; i++) {
    const [x, y] = [left[i] ?? '', right[i] ?? ''];
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}
