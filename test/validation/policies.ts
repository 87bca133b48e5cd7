/**
 * Policy under load: limits, balancing, retries and splits of the engine against closed forms.
 *
 * One proxy per caller, free of cost, so that nothing but the policy adds to the queue.
 */
import type { JsonMap } from '../helpers/sketch.ts';
import {
  type Experiment,
  failedRatio,
  istio,
  meanTime,
  rateFor,
  SERVICE_MS,
  timesFor,
} from './experiment.ts';
import { attemptsPerRequest, mm1Mean, mmckLoss, mmckMean, roundRobinMean } from './formulas.ts';

const EXPONENTIAL = { exponential: `${SERVICE_MS}ms` };
const SIDECAR = { kind: 'sidecar', overhead: 'none' };
const NO_RETRIES = (host: string): JsonMap =>
  istio('VirtualService', host, {
    hosts: [host],
    http: [{ route: [{ destination: { host } }], retries: { attempts: 0 } }],
  });

function open(services: JsonMap, to: string, rate: number, requests: number): JsonMap {
  return {
    meshquake: 1,
    mesh: 'mesh.yaml',
    ...timesFor(requests, rate),
    dataPlane: SIDECAR,
    services,
    clients: { c: { to, open: { poisson: `${rate}rps` } } },
  };
}

const CONNECTIONS = 10;
const PENDING = 5;

/** A connection carries one request; those without one wait, up to a limit: M/M/c/K in the proxy. */
function bulkhead(rho: number): Experiment {
  const load = rho * CONNECTIONS;
  const lost = mmckLoss(CONNECTIONS, CONNECTIONS + PENDING, load);
  const admitted = mmckMean(CONNECTIONS, CONNECTIONS + PENDING, load);
  return {
    name: `connection pool of ${CONNECTIONS}, ${PENDING} pending, load ${rho}`,
    theory: 'M/M/c/K in the proxy; refused requests take no time',
    scenario: open({ q: { serviceTime: EXPONENTIAL } }, 'q', rateFor(rho, CONNECTIONS), 5000),
    mesh: [
      NO_RETRIES('q'),
      istio('DestinationRule', 'q', {
        host: 'q',
        trafficPolicy: {
          connectionPool: {
            tcp: { maxConnections: CONNECTIONS },
            http: { http1MaxPendingRequests: PENDING },
          },
        },
      }),
    ],
    replications: 15,
    figures: [
      { name: 'refused', theory: lost, precision: 0.08, of: failedRatio },
      { name: 'mean time', theory: (1 - lost) * admitted, precision: 0.03, of: meanTime },
    ],
  };
}

const SERVERS = 10;

function balanced(simple: string, theory: number, formula: string): Experiment {
  const rho = 0.8;
  return {
    name: `${SERVERS} servers, ${simple}, ρ = ${rho}`,
    theory: formula,
    scenario: open(
      { q: { instances: SERVERS, workers: 1, serviceTime: EXPONENTIAL } },
      'q',
      rateFor(rho, SERVERS),
      10_000,
    ),
    mesh: [
      NO_RETRIES('q'),
      istio('DestinationRule', 'q', {
        host: 'q',
        trafficPolicy: { loadBalancer: { simple } },
      }),
    ],
    replications: 10,
    figures: [{ name: 'mean time', theory, precision: 0.08, of: meanTime }],
  };
}

/** Retries that do not touch the load: instant service, unlimited workers. */
function retries(p: number, r: number): Experiment {
  return {
    name: `up to ${r} retries of independent failures, p = ${p}`,
    theory: 'attempts = (1−pʳ⁺¹)/(1−p), failures = pʳ⁺¹',
    scenario: open({ q: { errors: [{ status: 503, ratio: p }] } }, 'q', 500, 6000),
    mesh: [retryOn('q', r)],
    replications: 12,
    figures: [
      {
        name: 'attempts per request',
        theory: attemptsPerRequest(p, r),
        precision: 0.01,
        of: (window) => window.edges[0]?.amplification ?? 0,
      },
      { name: 'failed', theory: p ** (r + 1), precision: 0.15, of: failedRatio },
    ],
  };
}

function retryOn(host: string, attempts: number): JsonMap {
  return istio('VirtualService', host, {
    hosts: [host],
    http: [
      {
        route: [{ destination: { host } }],
        retries: { attempts, retryOn: '5xx', backoff: '1ms' },
      },
    ],
  });
}

const BOTTOM_FAILS = 0.5;
const TIER_RETRIES = 2;

/** Two tiers that retry, above a bottom that fails: each failure that is left goes up one tier. */
const tiers: Experiment = {
  name: `two tiers of ${TIER_RETRIES} retries above a bottom that fails with p = ${BOTTOM_FAILS}`,
  theory: 'per tier: attempts × A(p), then p ← pʳ⁺¹',
  scenario: open(
    { mid: { calls: ['bottom'] }, bottom: { errors: [{ status: 503, ratio: BOTTOM_FAILS }] } },
    'mid',
    500,
    4000,
  ),
  mesh: [retryOn('mid', TIER_RETRIES), retryOn('bottom', TIER_RETRIES)],
  replications: 12,
  figures: [
    {
      name: 'attempts at the bottom per request',
      theory:
        attemptsPerRequest(BOTTOM_FAILS, TIER_RETRIES) *
        attemptsPerRequest(BOTTOM_FAILS ** (TIER_RETRIES + 1), TIER_RETRIES),
      precision: 0.01,
      of: ({ clients, edges }) => {
        const bottom = edges.find(({ to }) => to === 'bottom');
        return (bottom?.attempts ?? 0) / (clients[0]?.offered ?? 1);
      },
    },
  ],
};

const WEIGHT = 10;

const split: Experiment = {
  name: `traffic split ${100 - WEIGHT}/${WEIGHT}`,
  theory: 'binomial: each request draws for itself',
  scenario: open({ q: { versions: { v1: {}, v2: {} } } }, 'q', 1000, 10_000),
  mesh: [
    istio('VirtualService', 'q', {
      hosts: ['q'],
      http: [
        {
          route: [
            { destination: { host: 'q', subset: 'v1' }, weight: 100 - WEIGHT },
            { destination: { host: 'q', subset: 'v2' }, weight: WEIGHT },
          ],
        },
      ],
    }),
    istio('DestinationRule', 'q', {
      host: 'q',
      subsets: ['v1', 'v2'].map((name) => ({ name, labels: { version: name } })),
    }),
  ],
  replications: 10,
  figures: [
    {
      name: `share of the ${WEIGHT} %`,
      theory: WEIGHT / 100,
      precision: 0.03,
      of: ({ services }) => {
        const servedBy = (version: string): number =>
          services.find((row) => row.version === version)?.served ?? 0;
        return servedBy('v2') / (servedBy('v1') + servedBy('v2'));
      },
    },
  ],
};

const abort: Experiment = {
  name: 'fault filter that aborts 25 %',
  theory: 'binomial',
  scenario: open({ q: {} }, 'q', 1000, 8000),
  mesh: [
    istio('VirtualService', 'q', {
      hosts: ['q'],
      http: [
        {
          route: [{ destination: { host: 'q' } }],
          fault: { abort: { httpStatus: 418, percentage: { value: 25 } } },
        },
      ],
    }),
  ],
  replications: 8,
  figures: [{ name: 'aborted', theory: 0.25, precision: 0.03, of: failedRatio }],
};

export const POLICIES: readonly Experiment[] = [
  bulkhead(0.9),
  bulkhead(1.2),
  balanced('ROUND_ROBIN', roundRobinMean(SERVERS, 0.8), 'GI/M/1 with Erlang-n gaps'),
  balanced('RANDOM', mm1Mean(0.8), 'thinned Poisson: n times M/M/1'),
  retries(0.3, 3),
  retries(0.5, 1),
  tiers,
  split,
  abort,
];
