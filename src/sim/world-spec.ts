/**
 * What a world is made from: hosts, proxies, clients, links. Plain data, resolved names.
 *
 * `harness/build.ts` writes these from a scenario; `world.ts` and the parts below it read them once,
 * at set-up. Durations come as ready samplers, so that equal laws share one table.
 */
import type { DurationSampler } from '../core/distributions.ts';
import type { HeaderList, ListenerPlan } from '../core/engine.ts';
import type { Ns } from '../core/time.ts';
import type { CallStep } from '../workload/call-step.ts';
import type { LoadSpec } from '../workload/load.ts';
import type { CacheSpec } from './host/cache.ts';
import type { Observer } from './observer.ts';
import type { RequestObserver } from './request-observer.ts';

export interface WorldOptions {
  readonly seed: string;
  /** Wall clock at time 0, ms since 1970. */
  readonly epochMs: number;
  readonly observer: Observer;
  /** Follows single requests; null (default) in a run that follows none. */
  readonly requestObserver?: RequestObserver | null;
  /**
   * true (default): proxy, link and proxy are one event per direction. false: an event each, which
   * changes no time but lets a partition tell whether a message is on the link.
   */
  readonly foldDelays?: boolean;
  /** Most requests that may be at the applications at once, abandoned ones included. Default 20 million. */
  readonly maxWork?: number;
  /** null or absent = certificates are good for ever. */
  readonly identity?: IdentitySpec | null;
}

/** An authority of the virtual PKI. */
export interface AuthoritySpec {
  readonly lifetimeNs: Ns;
  /** At time 0. */
  readonly ageNs: Ns;
}

/** The virtual PKI. */
export interface IdentitySpec {
  readonly root: AuthoritySpec;
  /** null = the root signs workloads itself. */
  readonly intermediate: AuthoritySpec | null;
  readonly leaf: {
    readonly lifetimeNs: Ns;
    /** At time 0; null = uniform until the first renewal, as in a fleet that has run for long. */
    readonly age: DurationSampler | null;
    /** Renewal at this share of the lifetime, 0..1, plus or minus `jitter`. */
    readonly renewAt: number;
    readonly jitter: number;
    /** How much earlier than its issue a certificate is valid. */
    readonly backdateNs: Ns;
  };
  /** Of the issuer's clock; negative = behind. */
  readonly issuerOffsetNs: Ns;
}

/** One instance of a service, or one caller. */
export interface HostSpec {
  /** `payments-2`; unique. */
  readonly name: string;
  readonly service: string;
  /** '' = none. */
  readonly version: string;
  /** `region/zone`; '' = in none. */
  readonly zone?: string;
  /** `ip:port` as endpoints name it. */
  readonly address: string;
  /** Further addresses of the same host. */
  readonly moreAddresses?: readonly string[];
  /** SPIFFE URI that its proxies prove; '' = none. */
  readonly identity?: string;
  /** Of its wall clock at time 0; negative = behind. */
  readonly clockOffsetNs?: Ns;
  /** Requests in progress; 0 = unlimited. */
  readonly workers: number;
  /** null = unlimited. */
  readonly queueLimit: number | null;
  readonly serviceTime: DurationSampler;
  /** Ratios sum to at most 1. */
  readonly errors: readonly { readonly status: number; readonly ratio: number }[];
  readonly responseBytes: number;
  readonly onAbandon: 'keep-working' | 'skip-queued' | 'cancel';
  readonly calls: readonly CallStep[];
  /** In front of the calls. */
  readonly cache?: CacheSpec;
  /** What accepting a connection costs; absent = nothing. */
  readonly accepting?: AcceptSpec;
}

/** One connection after another, apart from the workers. */
export interface AcceptSpec {
  /** Per connection, handshakes included; above 0. */
  readonly setupNs: Ns;
  /** Connections waiting; beyond it the first packet is dropped and sent again. 0 = unlimited. */
  readonly backlog: number;
}

export interface ProxySpec {
  readonly host: number;
  readonly role: 'outbound' | 'inbound';
  readonly name: string;
  /** Added time per traversal, both ways together; null = free. */
  readonly overhead: DurationSampler | null;
  /** Inbound: the one with the dialled port takes a connection, else the first. */
  readonly listeners?: readonly ListenerPlan[];
}

/** How an application's call to a service enters the host's outbound proxy. */
export interface CallTarget {
  readonly listener: number;
  /** The Host header. */
  readonly authority: string;
  /** ip:port the application connects to; default `0.0.0.0:<port>`. */
  readonly originalDestination?: string;
}

export interface RequestSpec {
  readonly method: string;
  readonly path: string;
  readonly headers: HeaderList;
  readonly bodyBytes: number;
}

export interface LoadClientSpec {
  readonly name: string;
  /** Host ids of its callers, each with an outbound proxy; requests take them in turn. */
  readonly instances: readonly number[];
  readonly load: LoadSpec;
  readonly head: RequestSpec;
  readonly service: string;
  readonly port: number;
  /** 0 = none. */
  readonly deadlineNs: Ns;
}

/** One-way properties of a link. */
export interface LinkModel {
  readonly latency: DurationSampler;
  /** Ratio of transmissions lost, 0..1. */
  readonly loss: number;
}

/** A host as measurements see it. Counts are since the start of the run unless they say otherwise. */
export interface HostView {
  readonly id: number;
  readonly name: string;
  readonly service: string;
  readonly version: string;
  /** `region/zone`; '' = in none. */
  readonly zone: string;
  /** 0 = unlimited. */
  readonly workers: number;
  readonly isUp: boolean;
  readonly queueLength: number;
  readonly busyWorkers: number;
  /** Requests finished, whatever their status. */
  readonly served: number;
  /** Of these, finished while nobody waited any more. */
  readonly wasted: number;
  /** Answers given from the cache, and requests that had to call or to wait for who did. */
  readonly cacheHits: number;
  readonly cacheMisses: number;
  /** Refused because the queue was full. */
  readonly rejected: number;
  /** Integral of `busyWorkers` over time, ns. */
  readonly busyNs: number;
  /** Integral of the requests that compute (not those that wait for calls) over time, ns. */
  readonly computeNs: Ns;
  /** Integral of `queueLength` over time, ns. */
  readonly queueNs: number;
  /** Longest queue since `resetQueueMax`. */
  readonly queueMax: number;
  /** Brings the integrals up to `nowNs`, the current instant. */
  settle(nowNs: Ns): void;
  resetQueueMax(): void;
}

/** A client as measurements see it. */
export interface ClientView {
  readonly id: number;
  readonly name: string;
  readonly instances: readonly number[];
  /** Requests begun. */
  readonly started: number;
  /** Requests ended, one way or another. */
  readonly ended: number;
  readonly inFlight: number;
}
