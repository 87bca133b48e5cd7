/**
 * What a service does for one request after its own computing: an ordered list of steps.
 * Shared by the simulator and by the real load generator. Source: scenario.md §2.3.
 */
import type { HeaderList } from '../core/engine.ts';
import type { Ns } from '../core/time.ts';

export type CallStep = CallTo | ParallelStep;

/** Call another service, `times` times. */
export interface CallTo {
  readonly kind: 'call';
  /** Name of a scenario service. */
  readonly to: string;
  /** Service port called. */
  readonly port: number;
  readonly method: string;
  readonly path: string;
  readonly headers: HeaderList;
  readonly bodyBytes: number;
  /** Share of requests that make this call, 0..1. */
  readonly share: number;
  readonly times: number;
  /** The `times` calls one after another, or at once. */
  readonly inParallel: boolean;
  /** The application's own limit; 0 = none. */
  readonly timeoutNs: Ns;
  /** fail: the service answers 502 at once; ignore: goes on. */
  readonly onError: 'fail' | 'ignore';
}

/** Steps begun together. */
export interface ParallelStep {
  readonly kind: 'parallel';
  readonly steps: readonly CallTo[];
  readonly wait: 'all' | 'any';
}

/** Names of the services that these steps call, with repetitions. */
export function calledServices(steps: readonly CallStep[]): string[] {
  return steps.flatMap((step) => (step.kind === 'call' ? [step.to] : calledServices(step.steps)));
}
