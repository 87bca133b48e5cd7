/** Kinds of time in words, for reports and replays. */
import type { SliceKind } from '../trace/time-slices.ts';

const PLACES: Readonly<Record<SliceKind, (where: string) => string>> = {
  backoff: (where) => `backoff in the proxy of ${where}`,
  'injected-delay': (where) => `injected delay in the proxy of ${where}`,
  connection: (where) => `waiting for a connection to ${where}`,
  proxy: (where) => `in the proxies to and from ${where}`,
  network: (where) => `on the network to and from ${where}`,
  queue: (where) => `in the queue of ${where}`,
  service: (where) => `being served by ${where}`,
  other: (where) => `waiting in the proxy of ${where}`,
};

/** `in the queue of payments-2` */
export function placeWords(kind: SliceKind, where: string): string {
  return PLACES[kind](where);
}

/** Of legends. */
export const SLICE_NAMES: Readonly<Record<SliceKind, string>> = {
  backoff: 'backoff',
  'injected-delay': 'injected delay',
  connection: 'waiting for a connection',
  proxy: 'proxies',
  network: 'network',
  queue: 'queue',
  service: 'service',
  other: 'calls below',
};
