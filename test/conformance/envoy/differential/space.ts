/**
 * The space that the differential test draws from: policies that both sides must decide alike.
 *
 * Times are far apart (20 ms and more; a hundred against nothing or for ever), shares are 0 or 100 %,
 * and back-offs a few milliseconds, so that neither load nor chance decides what is compared.
 */
import fc from 'fast-check';
import { cluster } from './space/clusters.ts';
import { virtualHost } from './space/routes.ts';
import { request } from './space/traffic.ts';
import { type Arb, list } from './space/words.ts';
import { type Frame, filter, type Message, type Subject } from './subject.ts';

export const subject: Arb<Subject> = fc
  .tuple(virtualHost, cluster, cluster, list(request, 4, 1))
  .map(([host, a, b, requests]) => ({
    virtualHost: host,
    clusters: { a, b },
    requests,
    comparesHosts: false,
  }));

/** The connection manager of a whole case: one of a few. */
export const FRAMES: readonly Frame[] = [
  frameOf({
    use_remote_address: true,
    internal_address_config: {
      cidr_ranges: [{ address_prefix: '127.0.0.0', prefix_len: 8 }],
    },
  }),
  frameOf({
    use_remote_address: true,
    internal_address_config: {
      cidr_ranges: [{ address_prefix: '127.0.0.0', prefix_len: 8 }],
    },
    stream_idle_timeout: '0.35s',
    proxy_100_continue: true,
  }),
  frameOf({}),
  frameOf({ use_remote_address: true, xff_num_trusted_hops: 1 }),
];

function frameOf(fields: Message): Frame {
  return {
    ...fields,
    http_filters: [
      filter('fault', 'fault.v3.HTTPFault'),
      filter('limit', 'local_ratelimit.v3.LocalRateLimit', { stat_prefix: 'limit' }),
    ],
  };
}
