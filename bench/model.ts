/**
 * The three-tier model that every `mesh.*` row simulates, in numbers.
 *
 * A chain of three services behind sidecars; per hop: pick the less loaded of two of ten endpoints,
 * skip ejected ones, per-try timeout set and cancelled, up to two retries of the 0.5 % that fail,
 * ejection after five failures in a row, log-normal delays, a queue in front of 16 workers, one
 * histogram record. 60 % of capacity.
 */

export const TIERS = 3;
export const ENDPOINTS = 10;
export const WORKERS = 16;
/**
 * Workers of each tier where a worker is held while calls wait, as our hosts do: enough for the
 * same 60 % at holding times of about 4.8, 2.9 and 1 ms. (The baselines let go of it.)
 */
export const HELD_WORKERS = [80, 48, 16] as const;
export const MEAN_SERVICE_NS = 1_000_000;
export const UTILISATION = 0.6;
/** All clients together: 60 % of 10 × 16 workers at 1 ms. */
export const RATE_RPS = (ENDPOINTS * WORKERS * UTILISATION * 1e9) / MEAN_SERVICE_NS;
export const FAILURE_RATIO = 0.005;
export const MAX_RETRIES = 2;
export const PER_TRY_TIMEOUT_NS = 1_000_000_000;
export const EJECT_AFTER = 5;
/** Ejected for so long; with independent failures practically never reached. */
export const EJECTION_NS = 30_000_000_000;
/** One direction of a hop: proxy, network and proxy folded into one delay. */
export const DELAY_MEDIAN_NS = 400_000;
export const DELAY_SIGMA = 0.3;
