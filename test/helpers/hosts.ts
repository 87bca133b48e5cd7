/**
 * Endpoints, hosts and picks for tests of clusters and balancers.
 */
import type { Endpoint } from '../../src/core/engine.ts';
import { Host } from '../../src/mesh/cluster/host.ts';
import type { Choice } from '../../src/mesh/lb/load-balancer.ts';

export function anEndpoint(id: number, partial: Partial<Endpoint> = {}): Endpoint {
  return {
    id,
    address: `10.0.0.${id}:80`,
    hostname: `payments-${id}`,
    labels: {},
    locality: '',
    weight: 1,
    priority: 0,
    health: 'healthy',
    ...partial,
  };
}

/** Hosts 0 … weights.length − 1. */
export function hostsOfWeights(...weights: readonly number[]): Host[] {
  return weights.map((weight, i) => new Host(anEndpoint(i, { weight }), i));
}

export function equalHosts(count: number): Host[] {
  return hostsOfWeights(...Array.from({ length: count }, () => 1));
}

/** One pick after another over the same hosts, with given draws or a small generator's. */
export class TestChoice implements Choice {
  uid = 1;
  attempt = 1;
  repick = 0;
  candidates: readonly Host[];
  generation = 1;
  hash = 0n;
  clusterActive = 0;
  shares: readonly number[] | null = null;
  /** What was drawn: [index, n]. */
  readonly asked: [number, number][] = [];
  private readonly script: number[];
  private state = 12345;

  constructor(candidates: readonly Host[], script: readonly number[] = []) {
    this.candidates = candidates;
    this.script = [...script];
  }

  draw(index: number, n: number): number {
    this.asked.push([index, n]);
    const given = this.script.shift();
    if (given !== undefined) return given;
    this.state = (Math.imul(this.state, 1103515245) + 12345) & 0x7fffffff;
    return Math.floor((this.state / 0x80000000) * n);
  }
}
