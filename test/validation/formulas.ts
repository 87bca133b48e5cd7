/**
 * Closed forms of queueing theory, in units of one mean service time of one server.
 * Source: validation.md §2–§6 (derivations and textbooks there).
 */

/** M/M/1: mean time in the system. */
export function mm1Mean(rho: number): number {
  return 1 / (1 - rho);
}

/** M/M/1: the time in the system is exponential with rate 1 − ρ. */
export function mm1Quantile(rho: number, q: number): number {
  return -Math.log(1 - q) / (1 - rho);
}

/** Blocking of `c` servers without a queue at offered load `a`, whatever the law of service. */
export function erlangB(c: number, a: number): number {
  let blocking = 1;
  for (let k = 1; k <= c; k++) blocking = (a * blocking) / (k + a * blocking);
  return blocking;
}

/** Probability to wait in M/M/c. */
export function erlangC(c: number, rho: number): number {
  const b = erlangB(c, c * rho);
  return b / (1 - rho * (1 - b));
}

/** M/M/c: mean time in the system. */
export function mmcMean(c: number, rho: number): number {
  return 1 + erlangC(c, rho) / (c - c * rho);
}

/** M/G/1 by Pollaczek and Khinchine: mean time in the system. */
export function mg1Mean(rho: number, squaredVariation: number): number {
  return 1 + ((rho / (1 - rho)) * (1 + squaredVariation)) / 2;
}

/** Stationary probabilities of M/M/c/K, index = number in the system. */
function mmckStates(c: number, k: number, a: number): number[] {
  const weights = [1];
  for (let n = 1; n <= k; n++) weights.push((weights[n - 1] ?? 0) * (a / Math.min(n, c)));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** M/M/c/K: share of arrivals that find it full. */
export function mmckLoss(c: number, k: number, a: number): number {
  return mmckStates(c, k, a)[k] ?? 0;
}

/** M/M/c/K: mean time in the system of those admitted. */
export function mmckMean(c: number, k: number, a: number): number {
  const inSystem = mmckStates(c, k, a).reduce((sum, p, n) => sum + n * p, 0);
  return inSystem / (a * (1 - mmckLoss(c, k, a)));
}

/** Closed loop of `n` users with mean think time `z` and one exponential server: throughput. */
export function machineRepairRate(n: number, z: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; k <= n; k++) {
    term *= (n - k + 1) / z;
    sum += term;
  }
  return 1 - 1 / sum;
}

/** GI/M/1 behind a round robin over `n` servers: Erlang-n gaps. Mean time in the system. */
export function roundRobinMean(n: number, rho: number): number {
  let sigma = rho;
  for (let step = 0; step < 500; step++) {
    sigma = ((n * rho) / (n * rho + 1 - sigma)) ** n;
  }
  return 1 / (1 - sigma);
}

/** Two equal exponential stages in a row: quantile of the sum, by bisection of the gamma tail. */
export function twoStagesQuantile(rho: number, q: number): number {
  const tail = (x: number): number => Math.exp(-x) * (1 + x);
  let low = 0;
  let high = 100;
  for (let step = 0; step < 100; step++) {
    const middle = (low + high) / 2;
    if (tail(middle) > 1 - q) low = middle;
    else high = middle;
  }
  return low / (1 - rho);
}

/** Mean of the largest of `n` independent exponential times. */
export function harmonic(n: number): number {
  return n === 0 ? 0 : 1 / n + harmonic(n - 1);
}

/** Attempts per request when each fails with `p` on its own and up to `r` follow. */
export function attemptsPerRequest(p: number, r: number): number {
  let sum = 0;
  for (let k = 0; k <= r; k++) sum += p ** k;
  return sum;
}
