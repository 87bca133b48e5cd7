/**
 * Stories that nobody wrote: random meshes, upstreams and calls, one call after another and without
 * time limits, so that nothing in them depends on how fast the machine is.
 */
import fc from 'fast-check';
import type { ClusterStory, RouteStory } from './mesh-config.ts';
import type { Behaviour, SendStory, Step, Story, UpstreamStory } from './story.ts';

const ENDPOINTS = ['a', 'b', 'c'];

const body = fc.oneof(
  fc.constantFrom('', 'x', 'a few words'),
  fc.record({ bytes: fc.constantFrom(1_000, 65_537, 300_000) }),
);

const trailers = fc.option(fc.constant({ 'x-sum': '1' }), { nil: undefined });

const behaviour: fc.Arbitrary<Behaviour> = fc.oneof(
  { weight: 6, arbitrary: answer() },
  { weight: 1, arbitrary: fc.constant({ resets: true }) },
  { weight: 1, arbitrary: fc.constant({ body: 'cut off here', cutAfterBytes: 7 }) },
);

function answer(): fc.Arbitrary<Behaviour> {
  return fc
    .record({
      status: fc.constantFrom(200, 200, 200, 204, 304, 404, 500, 502, 503),
      body,
      announcesLength: fc.boolean(),
      closes: fc.boolean(),
      informational: fc.constantFrom([], [], [102]),
      trailers,
    })
    .map(({ trailers: sent, ...rest }) => {
      // Trailers need chunks.
      return sent === undefined || rest.announcesLength ? rest : { ...rest, trailers: sent };
    });
}

const upstream: fc.Arbitrary<UpstreamStory> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ script: fc.array(behaviour, { minLength: 1, maxLength: 6 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ refuses: true }) },
);

const cluster: fc.Arbitrary<ClusterStory> = fc.record({
  name: fc.constant('orders'),
  endpoints: fc.shuffledSubarray(ENDPOINTS, { minLength: 1 }),
  lb: fc.constantFrom({ kind: 'round-robin' } as const, { kind: 'random' } as const),
  bufferLimitBytes: fc.constantFrom(100_000, 1_000_000),
  maxRequestsPerConnection: fc.constantFrom(0, 0, 2),
  limits: fc.constantFrom({}, { maxRetries: 0 }, { maxConnections: 1 }, { maxRequests: 1 }),
});

const outlier = fc.option(
  fc.record({
    consecutive5xx: fc.integer({ min: 1, max: 3 }),
    maxEjectionPercent: fc.constantFrom(10, 50, 100),
  }),
  { nil: undefined },
);

const route: fc.Arbitrary<RouteStory> = fc
  .option(
    fc.record({
      retryOn: fc.subarray(['5xx', 'gateway-error', 'reset', 'connect-failure', 'retriable-4xx']),
      numRetries: fc.integer({ min: 0, max: 3 }),
    }),
    { nil: undefined },
  )
  .map((retry) => ({ to: { orders: 1 }, ...(retry === undefined ? {} : { retry }) }));

const request: fc.Arbitrary<Omit<SendStory, 'id'>> = fc.oneof(
  fc.record({
    method: fc.constantFrom('GET', 'HEAD'),
    connection: fc.constantFrom('', 'kept'),
  }),
  fc.record({
    method: fc.constantFrom('POST', 'PUT'),
    body,
    announcesLength: fc.boolean(),
    connection: fc.constantFrom('', 'kept'),
  }),
);

/** Any story of the kind that the file's comment describes. */
export const randomStory: fc.Arbitrary<Story> = fc
  .record({
    cluster,
    outlier,
    route,
    upstreams: fc.tuple(upstream, upstream, upstream),
    panicThresholdPercent: fc.constantFrom(0, 50),
    requests: fc.array(request, { minLength: 1, maxLength: 8 }),
  })
  .map(({ cluster: told, outlier: detection, route: only, upstreams, requests, ...rest }) => {
    const withDetection = detection === undefined ? {} : { outlier: detection };
    // Whether a connection is refused before a body has come is a matter of speed.
    const refuses = upstreams.some((item) => item.refuses === true);
    const steps = requests.map((sent, at): Step => {
      const { body: _, method: __, ...bodiless } = sent;
      return { do: 'call', request: { id: `r${at}`, ...(refuses ? bodiless : sent) } };
    });
    return {
      name: 'a random story',
      mesh: { clusters: [{ ...told, ...withDetection, ...rest }], routes: [only] },
      upstreams: Object.fromEntries(ENDPOINTS.map((name, at) => [name, upstreams[at]!])),
      steps,
      expect: {},
    };
  });
