/**
 * What proxies cost: published measurements as named profiles, one log-normal law of the time that
 * one pass of a request and its answer through one proxy adds.
 *
 * A profile's name carries product and version, and every report names it. Profiles of different
 * sources do not compare with each other.
 * Source: overhead-models.md §1 (table) and §3 (rows A1, A3, B, C).
 */
import type { DistributionSpec } from '../../core/distributions.ts';
import { exp } from '../../core/math.ts';
import { MILLISECOND } from '../../core/time.ts';

export interface OverheadProfile {
  readonly id: string;
  /** Added by one proxy to one request, both directions together. */
  readonly perTraversal: DistributionSpec;
  /** CPU-milliseconds per request and proxy. */
  readonly cpuMsPerRequest: number;
  /** Per proxy. */
  readonly memoryMiB: number;
  readonly confidence: 'exact' | 'high' | 'medium' | 'low';
  readonly source: string;
}

/** @param mu of the logarithm of the added time in ms, as is `sigma` */
function lognormal(mu: number, sigma: number): DistributionSpec {
  const meanNs = Math.round(exp(mu + (sigma * sigma) / 2) * MILLISECOND);
  return { kind: 'lognormal', meanNs, sigma };
}

const MEGABYTE_IN_MIB = 1e6 / (1 << 20);

/** Sidecar profiles; `none` is free, for comparison with theory. */
export const OVERHEAD_PROFILES: readonly OverheadProfile[] = [
  {
    id: 'none',
    perTraversal: { kind: 'constant', valueNs: 0 },
    cpuMsPerRequest: 0,
    memoryMiB: 0,
    confidence: 'exact',
    source: 'nothing is added',
  },
  {
    id: 'istio-sidecar-1.24',
    perTraversal: lognormal(-1.6115, 0.4417),
    cpuMsPerRequest: 0.2,
    memoryMiB: 60 * MEGABYTE_IN_MIB,
    confidence: 'high',
    source: 'Istio 1.24, "Performance and Scalability": bare metal, HTTP/1.1, 1 KB, mTLS',
  },
  {
    // Every published figure of Istio's sidecars is with mTLS. Two proxies that speak TLS 1.3 to each
    // other over warm connections took 30 µs (HAProxy 2.6) to 37 µs (nginx 1.22) longer at the median
    // than in plain text, and 4.3 to 5.3 µs of CPU each (one core of an AMD EPYC, OpenSSL 3.0): so
    // 16.5 µs and 5 µs less per traversal than the profile above.
    id: 'istio-sidecar-1.24-plaintext',
    perTraversal: lognormal(-1.6978, 0.4417),
    cpuMsPerRequest: 0.195,
    memoryMiB: 60 * MEGABYTE_IN_MIB,
    confidence: 'low',
    source: 'derived: istio-sidecar-1.24 less what TLS costs between two proxies, 33 µs a link',
  },
  {
    id: 'istio-sidecar-1.13',
    perTraversal: lognormal(-0.8119, 0.5999),
    cpuMsPerRequest: 0.35,
    memoryMiB: 40 * MEGABYTE_IN_MIB,
    confidence: 'medium',
    source: 'Istio 1.13, "Performance and Scalability": 1000 rps, 2 proxy workers',
  },
  {
    id: 'istio-sidecar-1.7-telemetry',
    perTraversal: lognormal(0.0033, 0.3672),
    cpuMsPerRequest: 0.275,
    memoryMiB: 70,
    confidence: 'high',
    source: 'istio/tools, perf/benchmark raw data of August 2020: 1000 rps, 16 connections, GKE',
  },
  {
    id: 'istio-sidecar-1.7-wasm',
    perTraversal: lognormal(0.4275, 0.3293),
    cpuMsPerRequest: 0.3,
    memoryMiB: 170,
    confidence: 'high',
    source: 'istio/tools, perf/benchmark raw data of August 2020: Wasm telemetry, 1000 rps',
  },
  {
    id: 'envoy-mtls-plain-2020',
    perTraversal: lognormal(-0.7584, 0.4511),
    cpuMsPerRequest: 0.2,
    memoryMiB: 67,
    confidence: 'high',
    source: 'istio/tools, perf/benchmark raw data of August 2020: no mesh filters, 1000 rps',
  },
  {
    id: 'envoy-mtls-plain-2020-lowconc',
    perTraversal: lognormal(-1.0026, 0.2249),
    cpuMsPerRequest: 0.21,
    memoryMiB: 68,
    confidence: 'high',
    source: 'istio/tools, perf/benchmark raw data of August 2020: as above, 2 connections',
  },
  {
    id: 'linkerd-derived-mid',
    perTraversal: lognormal(-1.7795, 0.5999),
    cpuMsPerRequest: 0.47,
    memoryMiB: 14,
    confidence: 'low',
    source: 'derived from end-to-end figures: linkerd.io of 2021 and 2025, arXiv 2411.02267',
  },
  {
    id: 'linkerd-derived-low',
    perTraversal: lognormal(-2.4213, 0.5999),
    cpuMsPerRequest: 0.47,
    memoryMiB: 14,
    confidence: 'low',
    source: 'derived from end-to-end figures: arXiv 2411.02267',
  },
  {
    id: 'istio-aks-1.22',
    perTraversal: lognormal(-2.6298, 1.119),
    cpuMsPerRequest: 0.4,
    memoryMiB: 72 * MEGABYTE_IN_MIB,
    confidence: 'medium',
    source: 'Azure AKS Istio add-on, istio-latency: cloud machines, read from charts',
  },
];

/** The profile with this id; undefined when there is none. */
export function overheadProfile(id: string): OverheadProfile | undefined {
  return OVERHEAD_PROFILES.find((profile) => profile.id === id);
}

/** `istio-1.24` beside `kind: sidecar` means `istio-sidecar-1.24`. @returns undefined: unknown */
export function findOverheadProfile(text: string, kind: string): OverheadProfile | undefined {
  return overheadProfile(text) ?? overheadProfile(text.replace(/^([a-z]+)-/, `$1-${kind}-`));
}
