/**
 * Queues without a mesh: what the simulator's hosts, clients and clock must reproduce.
 */
import type { Json, JsonMap } from '../helpers/sketch.ts';
import {
  type Experiment,
  failedRatio,
  meanTime,
  p99Time,
  rateFor,
  SERVICE_MS,
  timesFor,
} from './experiment.ts';
import {
  erlangB,
  harmonic,
  machineRepairRate,
  mg1Mean,
  mm1Mean,
  mm1Quantile,
  mmckLoss,
  mmcMean,
  twoStagesQuantile,
} from './formulas.ts';

const EXPONENTIAL = { exponential: `${SERVICE_MS}ms` };
const CONSTANT = `${SERVICE_MS}ms`;
/** E[S²] = e^σ² E[S]². */
const LOGNORMAL = { lognormal: { mean: `${SERVICE_MS}ms`, sigma: 1 } };
/** A quantile of the histogram is at most 0.4 % off. */
const HISTOGRAM = 0.004;

interface Queue {
  readonly rho: number;
  readonly workers?: number;
  /** Places in the queue; none given = unlimited. */
  readonly queue?: number;
  readonly serviceTime?: Json;
  /** Per replication. */
  readonly requests: number;
  readonly deadline?: string;
}

/** One service, one open client, nothing between them. */
function queue({ rho, workers = 1, serviceTime = EXPONENTIAL, ...rest }: Queue): JsonMap {
  const rate = rateFor(rho, workers);
  const { queue: limit, deadline, requests } = rest;
  return {
    meshquake: 1,
    ...timesFor(requests, rate),
    dataPlane: 'none',
    services: { q: { workers, serviceTime, ...(limit === undefined ? {} : { queue: limit }) } },
    clients: {
      c: {
        to: 'q',
        open: { poisson: `${rate}rps` },
        ...(deadline === undefined ? {} : { deadline }),
      },
    },
  };
}

function mm1(rho: number, requests: number, precision: number): Experiment {
  return {
    name: `M/M/1, ρ = ${rho}`,
    theory: 'E[T] = 1/(1−ρ), T exponential',
    scenario: queue({ rho, requests }),
    replications: 20,
    figures: [
      { name: 'mean time', theory: mm1Mean(rho), precision, of: meanTime },
      {
        name: '99th percentile',
        theory: mm1Quantile(rho, 0.99),
        precision: 1.6 * precision,
        bias: HISTOGRAM,
        of: p99Time,
      },
      {
        name: 'utilisation',
        theory: rho,
        precision: 0.01,
        of: (window) => window.services[0]?.workerUtilisation ?? 0,
      },
    ],
  };
}

function mmc(workers: number, rho: number, requests: number): Experiment {
  return {
    name: `M/M/${workers}, ρ = ${rho}`,
    theory: 'Erlang C: E[T] = 1 + C/(c−cρ)',
    scenario: queue({ rho, workers, requests }),
    replications: 20,
    figures: [{ name: 'mean time', theory: mmcMean(workers, rho), precision: 0.05, of: meanTime }],
  };
}

function mg1(name: string, serviceTime: Json, squared: number, requests: number): Experiment {
  const rho = 0.7;
  return {
    name: `M/G/1, ${name}, ρ = ${rho}`,
    theory: 'Pollaczek–Khinchine: E[W] = ρ/(1−ρ) · (1+cv²)/2',
    scenario: queue({ rho, serviceTime, requests }),
    replications: 20,
    figures: [{ name: 'mean time', theory: mg1Mean(rho, squared), precision: 0.08, of: meanTime }],
  };
}

function finite(places: number, rho: number, requests: number): Experiment {
  return {
    name: `M/M/1/${places}, ρ = ${rho}`,
    theory: 'loss = (1−ρ)ρᴷ/(1−ρᴷ⁺¹)',
    scenario: queue({ rho, queue: places - 1, requests }),
    replications: 20,
    figures: [{ name: 'loss', theory: mmckLoss(1, places, rho), precision: 0.07, of: failedRatio }],
  };
}

function loss(name: string, serviceTime: Json): Experiment {
  return {
    name: `M/G/10/10, ${name}, a = 9`,
    theory: 'Erlang B, insensitive to the law of service',
    scenario: queue({ rho: 0.9, workers: 10, queue: 0, serviceTime, requests: 4000 }),
    replications: 15,
    figures: [{ name: 'loss', theory: erlangB(10, 9), precision: 0.04, of: failedRatio }],
  };
}

const USERS = 5;
const THINK = 4;
const RATE = machineRepairRate(USERS, THINK);

const closedLoop: Experiment = {
  name: `closed loop, ${USERS} users, think time ${THINK}`,
  theory: 'machine repair: X = 1 − p₀, R = N/X − Z',
  scenario: {
    meshquake: 1,
    ...timesFor(5000, RATE * 100),
    dataPlane: 'none',
    services: { q: { workers: 1, serviceTime: EXPONENTIAL } },
    clients: {
      c: {
        to: 'q',
        closed: { users: USERS, thinkTime: { exponential: `${THINK * SERVICE_MS}ms` } },
      },
    },
  },
  replications: 12,
  figures: [
    {
      name: 'throughput',
      theory: RATE,
      precision: 0.02,
      of: (window) => ((window.clients[0]?.goodputRps ?? 0) * SERVICE_MS) / 1000,
    },
    { name: 'response time', theory: USERS / RATE - THINK, precision: 0.04, of: meanTime },
  ],
};

const DEADLINE = 5;

const deadline: Experiment = {
  name: `M/M/1, ρ = 0.5, callers give up after ${DEADLINE}, the work goes on`,
  theory: 'late share = e^(−(μ−λ)τ)',
  scenario: queue({ rho: 0.5, requests: 4500, deadline: `${DEADLINE * SERVICE_MS}ms` }),
  replications: 20,
  figures: [
    { name: 'late share', theory: Math.exp(-DEADLINE / 2), precision: 0.08, of: failedRatio },
  ],
};

/** A service without a queue of its own that calls others. */
function callers(services: JsonMap, calls: Json, rate: number, requests: number): JsonMap {
  return {
    meshquake: 1,
    ...timesFor(requests, rate),
    dataPlane: 'none',
    services: { front: { calls }, ...services },
    clients: { c: { to: 'front', open: { poisson: `${rate}rps` } } },
  };
}

const QUEUE = { workers: 1, serviceTime: EXPONENTIAL };

const tandem: Experiment = {
  name: 'two M/M/1 in a row, ρ = 0.5',
  theory: 'Burke: departures are Poisson, T is a gamma time',
  scenario: callers({ a: QUEUE, b: QUEUE }, ['a', 'b'], rateFor(0.5), 4000),
  replications: 15,
  figures: [
    { name: 'mean time', theory: 2 * mm1Mean(0.5), precision: 0.04, of: meanTime },
    {
      name: '99th percentile',
      theory: twoStagesQuantile(0.5, 0.99),
      precision: 0.07,
      bias: HISTOGRAM,
      of: p99Time,
    },
  ],
};

const forkJoin: Experiment = {
  name: 'fork and join of two M/M/1, ρ = 0.5',
  theory: 'Flatto–Hahn: E[T] = (12−ρ)/8 · 1/(1−ρ)',
  scenario: callers(
    { a: QUEUE, b: QUEUE },
    [{ parallel: ['a', 'b'], wait: 'all' }],
    rateFor(0.5),
    4000,
  ),
  replications: 15,
  figures: [{ name: 'mean time', theory: 11.5 / 8 / 0.5, precision: 0.04, of: meanTime }],
};

const LEAVES = 10;
const LEAF = { serviceTime: EXPONENTIAL };

function fanOut(wait: 'all' | 'any', theory: number, formula: string): Experiment {
  return {
    name: `fan-out to ${LEAVES}, wait for ${wait}`,
    theory: formula,
    scenario: callers(
      { leaf: LEAF },
      [{ parallel: [{ to: 'leaf', times: LEAVES }], wait }],
      50,
      1500,
    ),
    replications: 8,
    figures: [{ name: 'mean time', theory, precision: 0.05, of: meanTime }],
  };
}

export const QUEUES: readonly Experiment[] = [
  mm1(0.5, 6000, 0.025),
  mm1(0.8, 12_000, 0.06),
  mmc(2, 0.8, 5000),
  mmc(5, 0.8, 5000),
  mmc(10, 0.8, 4000),
  mg1('constant service', CONSTANT, 0, 4000),
  mg1('log-normal service, σ = 1', LOGNORMAL, Math.E - 1, 9000),
  finite(5, 0.8, 4000),
  finite(5, 1.2, 3000),
  loss('exponential service', EXPONENTIAL),
  loss('constant service', CONSTANT),
  loss('log-normal service, σ = 1', LOGNORMAL),
  closedLoop,
  deadline,
  tandem,
  forkJoin,
  fanOut('all', harmonic(LEAVES), 'mean of the largest of n exponential times: Hₙ'),
  fanOut('any', 1 / LEAVES, 'mean of the smallest of n exponential times: 1/n'),
];
