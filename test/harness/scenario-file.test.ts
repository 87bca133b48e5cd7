import { describe, expect, it } from 'vitest';
import { MILLISECOND, SECOND } from '../../src/core/time.ts';
import { readText, SMALL, scenarioOf } from './scenario-texts.ts';

describe('a scenario file that is right', () => {
  it('gets every default filled in', () => {
    const scenario = scenarioOf(SMALL);
    expect(scenario.durationNs).toBe(120 * SECOND);
    expect(scenario.warmUpNs).toBe(0);
    expect(scenario.epochMs).toBe(Date.UTC(2026, 0, 1));
    expect(scenario.dataPlane).toEqual({ kind: 'none', overhead: 'none' });
    expect(scenario.variant).toBe('');
    expect(scenario.title).toBe('test');
    const [payments] = scenario.services;
    expect(payments).toMatchObject({
      name: 'payments',
      namespace: 'default',
      ports: [{ name: 'http', number: 80 }],
      labels: { app: 'payments' },
    });
    expect(payments?.versions).toEqual([
      {
        version: '',
        labels: { app: 'payments' },
        instances: 2,
        zones: [],
        workers: 4,
        queueLimit: null,
        serviceTime: { kind: 'exponential', meanNs: 10 * MILLISECOND },
        errors: [],
        responseBytes: 0,
        onAbandon: 'keep-working',
        calls: [],
        cache: null,
        accepting: null,
      },
    ]);
  });

  it('lets a version override its service and labels it', () => {
    const scenario = scenarioOf(`meshquake: 1
duration: 1m
services:
  catalog:
    workers: 8
    labels: { tier: back }
    versions:
      v1: { instances: 6 }
      v2: { workers: 2, labels: { tier: canary }, errors: [{ status: 503, ratio: 33% }] }
clients:
  c: { to: catalog, closed: { users: 3 } }
`);
    const [v1, v2] = scenario.services[0]?.versions ?? [];
    expect(v1).toMatchObject({ version: 'v1', instances: 6, workers: 8 });
    expect(v1?.labels).toEqual({ app: 'catalog', tier: 'back', version: 'v1' });
    expect(v2).toMatchObject({ version: 'v2', instances: 1, workers: 2 });
    expect(v2?.labels).toEqual({ app: 'catalog', tier: 'canary', version: 'v2' });
    expect(v2?.errors).toEqual([{ status: 503, ratio: 0.33 }]);
  });

  it('reads calls in all their forms', () => {
    const scenario = scenarioOf(`meshquake: 1
duration: 1m
services:
  a:
    calls:
      - b
      - { to: c, method: POST, path: /x, headers: { X-User: u }, bodySize: 4KiB, share: 5%, times: 2,
          timeout: 250ms, onError: ignore }
      - { parallel: [b, { to: c, times: 3 }], wait: any }
  b: { ports: { http-web: 8080 } }
  c: {}
clients:
  u: { to: a, open: { constant: 12/m } }
`);
    const [first, second, third] = scenario.services[0]?.versions[0]?.calls ?? [];
    expect(first).toMatchObject({ kind: 'call', to: 'b', port: 8080, times: 1, inParallel: false });
    expect(second).toMatchObject({
      to: 'c',
      port: 80,
      method: 'POST',
      headers: [['x-user', 'u']],
      bodyBytes: 4096,
      share: 0.05,
      times: 2,
      inParallel: false,
      timeoutNs: 250 * MILLISECOND,
      onError: 'ignore',
    });
    expect(third).toMatchObject({ kind: 'parallel', wait: 'any' });
    expect(third?.kind === 'parallel' && third.steps[1]).toMatchObject({
      times: 3,
      inParallel: true,
    });
    const load = scenario.clients[0]?.load;
    expect(load?.kind === 'open' && load.rateRps).toBeCloseTo(0.2, 12);
  });

  it('gives a link without a latency of its own the one of the default', () => {
    const { network } = scenarioOf(`${SMALL}network:
  default: { latency: 2ms }
  links:
    - { from: orders, to: '*', loss: 1% }
`);
    const latency = { kind: 'constant', valueNs: 2 * MILLISECOND };
    expect(network.default).toEqual({ latency, loss: 0 });
    expect(network.links).toEqual([{ from: 'orders', to: '*', link: { latency, loss: 0.01 } }]);
  });

  it('takes sidecars as the data plane when there is policy', () => {
    const scenario = scenarioOf(`${SMALL}mesh: [mesh/]\n`);
    expect(scenario.dataPlane).toEqual({ kind: 'sidecar', overhead: 'istio-sidecar-1.24' });
    expect(scenario.mesh).toEqual([{ path: 'mesh/', text: '# mesh/\n' }]);
  });

  it('finds an overhead profile by product and version', () => {
    const scenario = scenarioOf(`${SMALL}dataPlane: { kind: sidecar, overhead: istio-1.13 }\n`);
    expect(scenario.dataPlane.overhead).toBe('istio-sidecar-1.13');
  });

  it('reads bursts, stages and closed loops', () => {
    const scenario = scenarioOf(`meshquake: 1
duration: 1m
services: { a: {} }
clients:
  b: { to: a, open: { bursts: { every: 2s, size: 10 }, stages: [{ at: 10s, rate: 9rps, over: 5s }] } }
  u: { to: a, closed: { users: 5, thinkTime: { uniform: { min: 1s, max: 2s } }, iterations: 3 } }
`);
    expect(scenario.clients[0]?.load).toEqual({
      kind: 'open',
      arrivals: 'bursts',
      rateRps: 5,
      burstSize: 10,
      burstEveryNs: 2 * SECOND,
      stages: [{ atNs: 10 * SECOND, value: 9, overNs: 5 * SECOND }],
    });
    expect(scenario.clients[1]?.load).toEqual({
      kind: 'closed',
      users: 5,
      thinkTime: { kind: 'uniform', minNs: SECOND, maxNs: 2 * SECOND },
      iterations: 3,
      stages: [],
    });
  });
});

/** What is appended to, or put in place of a line of, the small scenario; and the complaint. */
const MISTAKES: readonly (readonly [what: string, text: string, problem: string])[] = [
  [
    'an unknown key with its nearest spelling',
    SMALL.replace('workers', 'wokers'),
    '4:29 MQ-FIELD-002 unknown key "wokers" in services.payments; did you mean "workers"?',
  ],
  [
    'a key of the format that is not built',
    `${SMALL}operations: []\n`,
    '8:1 MQ-SCENARIO-001 "operations" is not built yet',
  ],
  [
    'a wrong type',
    SMALL.replace('instances: 2', 'instances: two'),
    '4:26 MQ-FIELD-001 services.payments.instances must be a number, found "two"',
  ],
  [
    'a fraction where a whole number belongs',
    SMALL.replace('instances: 2', 'instances: 2.5'),
    '4:26 MQ-FIELD-001 services.payments.instances must be a whole number, found the number 2.5',
  ],
  [
    'an unknown service in calls',
    SMALL.replace('[payments]', '[paymnts]'),
    '5:21 MQ-SCENARIO-002 services.orders.calls[0] names the unknown service "paymnts"; did you mean "payments"?',
  ],
  [
    'an unknown service of a client',
    SMALL.replace('to: orders', 'to: order'),
    '7:19 MQ-SCENARIO-002 clients.shoppers.to names the unknown service "order"; did you mean "orders"?',
  ],
  [
    'a duplicate key',
    `${SMALL}duration: 3m\n`,
    '8:1 MQ-DOC-002 duplicate key "duration", first given in line 2',
  ],
  [
    'calls in a circle',
    SMALL.replace('workers: 4,', 'calls: [orders],'),
    '5:21 MQ-SCENARIO-003 services.orders.calls[0] closes a cycle of calls: payments → orders → payments',
  ],
  [
    'a negative duration',
    SMALL.replace('2m', '-2m'),
    '2:11 MQ-FIELD-006 duration: "-2m" is not a duration; write a duration like 250us, 10ms, 1.5s, 8m, 2h or 365d',
  ],
  [
    'a duration without a unit',
    SMALL.replace('2m', '120'),
    '2:11 MQ-FIELD-006 duration: 120 has no unit; write a duration like 250us, 10ms, 1.5s, 8m, 2h or 365d',
  ],
  [
    'a run of no length',
    SMALL.replace('2m', '0s'),
    '2:11 MQ-FIELD-006 duration: "0s" is not above zero, as a duration must be',
  ],
  [
    'a ratio above one',
    `${SMALL}recovery: { ratio: 95 }\n`,
    '8:20 MQ-FIELD-005 recovery.ratio: 95 is above 1; a ratio is 0 to 1; did you mean 95%?',
  ],
  [
    'a rate without a unit',
    SMALL.replace('100rps', '100'),
    '7:44 MQ-FIELD-006 clients.shoppers.open.poisson: 100 has no unit; write a rate like 640rps or 12/m',
  ],
  [
    'a name that is no DNS label',
    SMALL.replace('orders: {', 'Orders: {').replace('to: orders', 'to: Orders'),
    '5:3 MQ-FIELD-009 the name "Orders" in services must be a DNS label: lower-case letters, digits and hyphens, 63 at most',
  ],
  [
    'a warm-up as long as the run',
    `${SMALL}warmUp: 2m\n`,
    '8:9 MQ-SCENARIO-004 warmUp is 2m, which leaves nothing of 2m',
  ],
  [
    'a client with two kinds of load',
    SMALL.replace('open:', 'closed: { users: 1 }, open:'),
    '7:13 MQ-FIELD-010 clients.shoppers must have exactly one of open, closed; found open and closed',
  ],
  [
    'a distribution of two laws',
    SMALL.replace('{ exponential: 10ms }', '{ exponential: 10ms, constant: 1ms }'),
    '4:54 MQ-FIELD-010 services.payments.serviceTime must have exactly one of constant, uniform, exponential, normal, lognormal, pareto, gamma, erlang, weibull, empirical, mixture; found constant and exponential',
  ],
  [
    'a missing key, at the map that lacks it',
    SMALL.replace('duration: 2m\n', ''),
    '1:1 MQ-FIELD-003 the scenario lacks the key "duration"',
  ],
  [
    'a client without a target',
    SMALL.replace('to: orders, ', ''),
    '7:3 MQ-FIELD-003 clients.shoppers lacks the key "to"',
  ],
  [
    'a format version of the future',
    SMALL.replace('meshquake: 1', 'meshquake: 2'),
    '1:12 MQ-SCENARIO-012 the format version is the number 2, expected 1',
  ],
  [
    'a client that bears the name of a service',
    SMALL.replace('shoppers', 'payments'),
    '7:13 MQ-SCENARIO-005 clients.payments has the name of a service',
  ],
  [
    'an unknown end of a link',
    `${SMALL}network: { links: [{ from: ordrs, to: payments, loss: 1% }] }\n`,
    '8:28 MQ-SCENARIO-002 network.links[0].from names the unknown service, client or zone "ordrs"; did you mean "orders"?',
  ],
  [
    'an unknown overhead profile',
    `${SMALL}dataPlane: { kind: sidecar, overhead: istio-9.9 }\n`,
    '8:39 MQ-SCENARIO-002 dataPlane.overhead names the unknown overhead profile "istio-9.9"',
  ],
  [
    'a data plane that is not built',
    `${SMALL}dataPlane: ambient\n`,
    '8:12 MQ-SCENARIO-001 dataPlane: "ambient" is not built yet',
  ],
  [
    'a call of no form that fits',
    SMALL.replace('[payments]', '[7]'),
    '5:21 MQ-FIELD-001 services.orders.calls[0] must be the name of a service, a call with "to", or a map with "parallel", found the number 7',
  ],
  [
    'a slip in a parallel step',
    SMALL.replace('[payments]', '[{ parallel: [payments], wiat: all }]'),
    '5:45 MQ-FIELD-002 unknown key "wiat" in services.orders.calls[0]',
  ],
  [
    'an unknown kind of fault',
    `${SMALL}faults: [{ id: a, kind: proc.slwo, window: { at: 1s } }]\n`,
    '8:25 MQ-SCENARIO-011 faults[0].kind is "proc.slwo", which is not a kind of fault; did you mean "proc.slow"?',
  ],
  [
    'a fault without a time',
    `${SMALL}faults: [{ id: a, kind: proc.slow, target: { service: payments }, factor: 8 }]\n`,
    '8:10 MQ-FIELD-003 faults[0] says neither window.at nor schedule',
  ],
  [
    'a fault after the end',
    `${SMALL}faults: [{ id: a, kind: proc.slow, target: { service: payments }, window: { at: 3m }, factor: 8 }]\n`,
    '8:81 MQ-SCENARIO-004 faults[0].window.at begins at or after the end of the run',
  ],
  [
    'a fault on nothing',
    `${SMALL}faults: [{ id: a, kind: proc.slow, window: { at: 1s }, factor: 8 }]\n`,
    '8:10 MQ-FIELD-003 faults[0] must name a service, an instance, a client or a zone for proc.slow',
  ],
  [
    'a fault on an unknown service',
    `${SMALL}faults: [{ id: a, kind: proc.slow, target: { service: payment }, window: { at: 1s }, factor: 8 }]\n`,
    '8:55 MQ-SCENARIO-002 faults[0].target.service names the unknown service "payment"; did you mean "payments"?',
  ],
  [
    'two faults of one id',
    `${SMALL}faults:
  - { id: a, kind: proc.slow, target: { service: payments }, window: { at: 1s }, factor: 8 }
  - { id: a, kind: proc.slow, target: { service: payments }, window: { at: 9s }, factor: 8 }
`,
    '10:11 MQ-SCENARIO-005 faults[1].id "a" is used before',
  ],
  [
    'a parameter of another kind',
    `${SMALL}faults: [{ id: a, kind: proc.slow, target: { service: payments }, window: { at: 1s }, factr: 8, factor: 2 }]\n`,
    '8:87 MQ-FIELD-002 unknown key "factr" in faults[0]; did you mean "factor"?',
  ],
  [
    'a trigger that is no fault',
    `${SMALL}recovery: { trigger: slow }\n`,
    '8:22 MQ-SCENARIO-002 recovery.trigger names the unknown fault "slow"',
  ],
  [
    'an expectation after an unknown fault',
    `${SMALL}expect: [{ that: clients.shoppers.failed == 0, within: 10s, after: slow }]\n`,
    '8:68 MQ-SCENARIO-002 expect[0].after names the unknown fault "slow"',
  ],
  [
    'a window that ends before it begins',
    `${SMALL}expect: [{ that: clients.shoppers.failed == 0, during: [60s, 10s] }]\n`,
    '8:56 MQ-SCENARIO-004 expect[0].during ends at 10s, not after its start 1m',
  ],
  [
    'a time that is none',
    `${SMALL}expect: [{ that: clients.shoppers.failed == 0, during: [0s, soon] }]\n`,
    '8:61 MQ-SCENARIO-004 expect[0].during[1] is not a time: "soon" is not a duration; write a duration like 250us, 10ms, 1.5s, 8m, 2h or 365d, or ID.start, ID.end + 10s',
  ],
  [
    'keys of an expectation that do not go together',
    `${SMALL}expect: [{ always: clients.shoppers.failed == 0, within: 10s, after: slow }]\n`,
    '8:10 MQ-FIELD-010 expect[0]: "within" goes with "that", not with "always"',
  ],
  ['an empty file', '', '1:1 MQ-DOC-009 the file is empty'],
  ['a file of comments', '# nothing\n', '1:1 MQ-DOC-009 the file is empty'],
  [
    'a binary file',
    'meshquake: 1\n\0\u0001ELF',
    '2:1 MQ-DOC-003 the file holds a NUL byte, so it is not a text file',
  ],
  [
    'a mesh resource in place of a scenario',
    'apiVersion: v1\nkind: Service\n',
    '2:7 MQ-SCENARIO-010 this is a Service resource, not a scenario',
  ],
  [
    'a file that is something else',
    'name: x\n',
    '1:1 MQ-SCENARIO-010 this is not a scenario: it lacks "meshquake: 1"',
  ],
  [
    'a second document',
    `${SMALL}---\nmeshquake: 1\n`,
    '9:1 MQ-SCENARIO-010 a scenario file holds one document, this is another one',
  ],
];

describe('a mistake in a scenario file', () => {
  it.each(MISTAKES)('%s is reported where it stands', (_what, text, problem) => {
    const { problems, scenarios } = readText(text);
    expect(problems.join('\n')).toContain(problem);
    expect(scenarios).toEqual([]);
  });

  it('does not hide the next one', () => {
    const { problems } = readText(SMALL.replace('2m', '120').replace('workers', 'wokers'));
    expect(problems).toHaveLength(2);
  });

  it('of 50 MB is refused without reading it', () => {
    const { problems } = readText(`# ${'x'.repeat(50_000_000)}\n`);
    expect(problems).toEqual(['1:1 MQ-DOC-004 the file has 50.0 MB, at most 10 MB are read']);
  });

  it('of nested aliases is refused at once', () => {
    const layers = Array.from(
      { length: 12 },
      (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]`,
    );
    const started = performance.now();
    const { problems } = readText(
      `meshquake: 1\na0: &a0 [1,1,1,1,1,1,1,1,1]\n${layers.join('\n')}\n`,
    );
    expect(performance.now() - started).toBeLessThan(2000);
    expect(problems[0]).toContain('MQ-DOC-005');
  });
});
