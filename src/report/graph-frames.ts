/**
 * The health of every service and edge, moment by moment: what the service graph's slider steps
 * through. All judging happens here; the page only swaps texts and classes.
 */
import type { EdgeTimeline, ServiceTimeline, Timeline } from '../core/timeline.ts';
import {
  formatCount,
  formatFactor,
  formatNumber,
  formatRate,
  formatRatio,
  formatSeconds,
} from './format.ts';
import { endS, meanOver, sumColumns, totalsIn } from './view.ts';

/** Success ratios: all well from `GOOD` up, in part from `FAIR` up. */
const GOOD = 0.99;
const FAIR = 0.9;

export type Health = 'idle' | 'good' | 'fair' | 'poor';

/** One box or arrow in one frame. */
export interface GraphState {
  readonly health: Health;
  /** Two short lines; the second may be missing. */
  readonly lines: readonly string[];
  /** 0..1: workers busy (boxes), share of the greatest rate (arrows). */
  readonly level: number;
}

export interface GraphFrame {
  readonly fromS: number;
  readonly toS: number;
  /** Indexed as the nodes and edges that were asked for. */
  readonly nodes: readonly GraphState[];
  readonly edges: readonly GraphState[];
}

const MAX_FRAMES = 96;
const MIN_FRAMES = 8;
/** Over all runs of a page: frames × (nodes + edges). */
const MAX_STATES = 24_000;

/** How many frames a page can afford. */
export function frameCount(elements: number, runs: number): number {
  const affordable = Math.floor(MAX_STATES / Math.max(1, elements * runs));
  return Math.max(MIN_FRAMES, Math.min(MAX_FRAMES, affordable));
}

export function framesOf(
  timeline: Timeline,
  names: readonly string[],
  edges: readonly { readonly from: string; readonly to: string }[],
  count: number,
  greatestRps: number,
): readonly GraphFrame[] {
  const start = timeline.edgesS[0] ?? 0;
  const length = (endS(timeline) - start) / count;
  return Array.from({ length: count }, (_, index) => {
    const fromS = start + index * length;
    const toS = index + 1 === count ? endS(timeline) : fromS + length;
    const mean: Mean = (values) => meanOver(timeline.edgesS, values, fromS, toS) ?? 0;
    return {
      fromS,
      toS,
      nodes: names.map((name) => nodeState(timeline, name, mean)),
      edges: edges.map(({ from, to }) => {
        const edge = timeline.edges.find((item) => item.from === from && item.to === to);
        return edge === undefined ? IDLE : edgeState(edge, mean, greatestRps);
      }),
    };
  });
}

type Mean = (values: readonly (number | null)[]) => number;

const IDLE: GraphState = { health: 'idle', lines: ['no traffic'], level: 0 };

/** The greatest rate of attempts on any edge: the widest arrow, alike in all runs. */
export function greatestRate(timelines: readonly Timeline[]): number {
  let greatest = 1;
  for (const { attemptsRps } of timelines.flatMap((timeline) => timeline.edges)) {
    for (const rate of attemptsRps) greatest = Math.max(greatest, rate);
  }
  return greatest;
}

function edgeState(edge: EdgeTimeline, mean: Mean, greatestRps: number): GraphState {
  const requests = mean(edge.requestsRps);
  const attempts = mean(edge.attemptsRps);
  const failed = mean(edge.failedRps);
  if (requests + attempts + failed === 0) return IDLE;
  const factor = requests > 0 ? formatFactor(attempts / requests) : '';
  return {
    health: healthOf(1 - failed / Math.max(requests, failed)),
    lines: [formatRate(attempts), factor],
    level: Math.sqrt(attempts / greatestRps),
  };
}

function nodeState(timeline: Timeline, name: string, mean: Mean): GraphState {
  const client = timeline.clients.find((item) => item.name === name);
  const inbound = timeline.edges.filter((edge) => edge.to === name);
  if (client !== undefined && inbound.length === 0) {
    const offered = mean(client.offeredRps);
    const goodput = mean(client.goodputRps);
    if (offered + goodput === 0) return IDLE;
    const ratio = goodput / Math.max(offered, goodput);
    return { health: healthOf(ratio), lines: [`${formatRatio(ratio)} succeed`], level: 0 };
  }
  const services = totalsIn(timeline.services).filter((item) => item.name === name);
  const length = timeline.edgesS.length - 1;
  const requests = mean(
    sumColumns(
      inbound.map((edge) => edge.requestsRps),
      length,
    ),
  );
  const failed = mean(
    sumColumns(
      inbound.map((edge) => edge.failedRps),
      length,
    ),
  );
  const lines = services.length === 0 ? [] : serviceLines(services, mean);
  const level = Math.min(1, busiest(services, mean));
  if (requests + failed === 0) return { health: 'idle', lines: ['no traffic'], level };
  return { health: healthOf(1 - failed / Math.max(requests, failed)), lines, level };
}

/** Of the versions of a service, where there is no total. */
function busiest(services: readonly ServiceTimeline[], mean: Mean): number {
  return services.reduce((most, item) => Math.max(most, mean(item.workerUtilisation)), 0);
}

function serviceLines(services: readonly ServiceTimeline[], mean: Mean): readonly string[] {
  const queue = services.reduce((sum, item) => sum + mean(item.queueLength), 0);
  const ejected = services.reduce((sum, item) => sum + mean(item.ejected), 0);
  const busy = busiest(services, mean);
  const first = [
    busy > 0 ? `${formatNumber(Math.round(busy * 100))} % busy` : '',
    ejected > 0 ? `${formatNumber(ejected)} ejected` : '',
  ].filter((part) => part !== '');
  return [first.join(' · '), queue >= 0.5 ? `${formatCount(queue)} waiting` : ''];
}

function healthOf(successRatio: number): Health {
  if (successRatio >= GOOD) return 'good';
  return successRatio >= FAIR ? 'fair' : 'poor';
}

export const HEALTH_WORDS: Readonly<Record<Health, string>> = {
  good: 'at least 99 % succeed',
  fair: 'at least 90 % succeed',
  poor: 'fewer succeed',
  idle: 'no traffic',
};

/** `1m25s to 1m30s`. */
export function frameWords(frame: GraphFrame): string {
  return `${formatSeconds(frame.fromS)} to ${formatSeconds(frame.toS)}`;
}
