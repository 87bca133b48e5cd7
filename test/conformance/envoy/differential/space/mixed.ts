/**
 * Everything at once: routes, retries, filters, limits and ejections, one request after the other.
 */
import fc from 'fast-check';
import type { Subject } from '../subject.ts';
import { cluster } from './clusters.ts';
import { virtualHost } from './routes.ts';
import { request } from './traffic.ts';
import { type Arb, list } from './words.ts';

export const mixed: Arb<Subject> = fc
  .tuple(virtualHost, cluster, cluster, list(request, 4, 1))
  .map(([host, a, b, requests]) => ({
    virtualHost: host,
    clusters: { a, b },
    steps: requests.map((req) => ({ req })),
  }));
