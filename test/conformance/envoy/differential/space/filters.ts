/**
 * What routes say to the HTTP filters: faults, local rate limits, access rules.
 */
import fc from 'fast-check';
import { extension, type Message } from '../subject.ts';
import { accessRules } from './access.ts';
import { rateLimit } from './limits.ts';
import { type Arb, headerMatch, list, message, one, percent, seldom } from './words.ts';

const fault: Arb<Message> = fc.oneof(
  message({
    abort: fc
      .tuple(
        one({ http_status: 503 }, { http_status: 418 }, { grpc_status: 14 }, { header_abort: {} }),
        one(100, 100, 0),
      )
      .map(([kind, share]) => ({ ...kind, percentage: percent(share) })),
    delay: seldom(
      one(
        { fixed_delay: '0.005s', percentage: percent(100) },
        { header_delay: {}, percentage: percent(100) },
      ),
      2,
    ),
    headers: seldom(list(headerMatch, 1, 1), 1),
    upstream_cluster: seldom(one('@a', 'elsewhere'), 1),
    max_active_faults: seldom(one(0, 1), 1),
  }),
  message({
    delay: one(
      { fixed_delay: '0.005s', percentage: percent(100) },
      { fixed_delay: '0.3s', percentage: percent(0) },
      { header_delay: {}, percentage: percent(100) },
    ),
  }),
);

/** `typed_per_filter_config`, by the names that the filters have in the frame. */
export const routeFilters: Arb<Message> = message({
  fault: seldom(
    fault.map((config) => extension('filters.http.fault.v3.HTTPFault', config)),
    1,
  ),
  limit: seldom(
    rateLimit.map((config) => extension('filters.http.local_ratelimit.v3.LocalRateLimit', config)),
    1,
  ),
  access: seldom(accessRules, 1),
});
