import { describe, expect, it } from 'vitest';
import { importText, istio, ROUTE, virtualService, withMatch } from './mesh-helpers.ts';

const LONG = 'a'.repeat(1025);

function withHosts(hosts: string, more = ''): string {
  return istio('VirtualService', `{hosts: ${hosts}, ${more} http: [{${ROUTE}}]}`);
}

describe('a VirtualService that istiod refuses is an error', () => {
  it.each([
    ['VS-1', istio('VirtualService', `{gateways: [g], http: [{${ROUTE}}]}`), 'MQ-ROUTE-002'],
    ['VS-2', withHosts('[a_b]'), 'MQ-ROUTE-001'],
    ['VS-2', withHosts('["a*b.com"]'), 'MQ-ROUTE-001'],
    ['VS-2', withHosts('["a.1"]'), 'MQ-ROUTE-001'],
    ['VS-3', withHosts('["*"]'), 'MQ-ROUTE-001'],
    ['VS-4', withHosts('["*.b.com", "*.com"]'), 'MQ-ROUTE-001'],
    ['VS-4', withHosts('[a, a]'), 'MQ-ROUTE-001'],
    ['VS-5', istio('VirtualService', '{hosts: [a]}'), 'MQ-ROUTE-002'],
    ['VS-5', istio('VirtualService', '{hosts: [a], http: []}'), 'MQ-ROUTE-002'],
    ['VS-6', virtualService('null'), 'MQ-ROUTE-005'],
    ['VS-7', withHosts('[a]', 'gateways: [a/b/c],'), 'MQ-ROUTE-014'],
    ['VS-7', withMatch('{gateways: ["./x"]}'), 'MQ-ROUTE-014'],
    ['VS-8', virtualService('{}'), 'MQ-ROUTE-005'],
    ['VS-8', virtualService(`{directResponse: {status: 200}, ${ROUTE}}`), 'MQ-ROUTE-005'],
    [
      'VS-8',
      virtualService('{directResponse: {status: 200}, fault: {abort: {httpStatus: 500}}}'),
      'MQ-ROUTE-005',
    ],
    ['VS-12', withMatch('{headers: {"": {exact: a}}}'), 'MQ-ROUTE-006'],
    ['VS-12', withMatch('{headers: {"a b": {exact: a}}}'), 'MQ-ROUTE-006'],
    ['VS-12', withMatch('{headers: {":foo": {exact: a}}}'), 'MQ-ROUTE-006'],
    ['VS-12', withMatch('{headers: {a: null}}'), 'MQ-ROUTE-006'],
    ['VS-13', withMatch('{headers: {a: {prefix: ""}}}'), 'MQ-ROUTE-006'],
    ['VS-13', withMatch('{headers: {a: {regex: "*"}}}'), 'MQ-ROUTE-006'],
    ['VS-13', withMatch('{uri: {regex: ""}}'), 'MQ-ROUTE-006'],
    ['VS-13', withMatch('{uri: {regex: "(?=a)"}}'), 'MQ-ROUTE-006'],
    ['VS-13', withMatch(`{uri: {regex: ${LONG}}}`), 'MQ-ROUTE-006'],
    ['VS-14', withMatch('{headers: {"@request.auth.claims.x": {exact: b}}}'), 'MQ-ROUTE-006'],
    ['VS-15', withMatch('{port: 65536}'), 'MQ-FIELD-005'],
    ['VS-15', withMatch('{sourceLabels: {app: "a b"}}'), 'MQ-FIELD-009'],
    ['VS-15', withMatch('{sourceNamespace: a.b}'), 'MQ-ROUTE-006'],
    ['VS-16', virtualService('{route: [{weight: 5}]}'), 'MQ-ROUTE-007'],
    ['VS-16', virtualService('{route: [{destination: {}}]}'), 'MQ-ROUTE-007'],
    ['VS-16', virtualService('{route: [{destination: {host: "*"}}]}'), 'MQ-ROUTE-007'],
    ['VS-16', virtualService('{route: [{destination: {host: a, subset: a.b}}]}'), 'MQ-ROUTE-007'],
    ['VS-16', virtualService('{route: [{destination: {host: a, port: {}}}]}'), 'MQ-ROUTE-007'],
    [
      'VS-16',
      virtualService('{route: [{destination: {host: a, port: {number: 0}}}]}'),
      'MQ-FIELD-005',
    ],
    ['VS-17', virtualService('{route: [{destination: {host: a}, weight: -1}]}'), 'MQ-ROUTE-004'],
    [
      'VS-17',
      virtualService('{route: [{destination: {host: a}}, {destination: {host: b}}]}'),
      'MQ-ROUTE-004',
    ],
    ['VS-18', virtualService(`{${ROUTE}, timeout: 0s}`), 'MQ-FIELD-007'],
    ['VS-18', virtualService(`{${ROUTE}, timeout: 1.5ms}`), 'MQ-FIELD-007'],
    [
      'VS-18',
      virtualService(`{${ROUTE}, retries: {attempts: 1, perTryTimeout: 0.5ms}}`),
      'MQ-FIELD-007',
    ],
    ['VS-19', virtualService(`{${ROUTE}, retries: {attempts: -1}}`), 'MQ-ROUTE-008'],
    ['VS-19', virtualService(`{${ROUTE}, retries: {perTryTimeout: 1s}}`), 'MQ-ROUTE-008'],
    ['VS-19', virtualService(`{${ROUTE}, retries: {attempts: 1, retryOn: foo}}`), 'MQ-ROUTE-008'],
    [
      'VS-19',
      virtualService(`{${ROUTE}, retries: {attempts: 1, retryOn: "503, reset"}}`),
      'MQ-ROUTE-008',
    ],
    ['VS-20', virtualService(`{${ROUTE}, fault: {}}`), 'MQ-ROUTE-009'],
    [
      'VS-20',
      virtualService(`{${ROUTE}, fault: {abort: {httpStatus: 500, percentage: {value: 101}}}}`),
      'MQ-ROUTE-009',
    ],
    ['VS-20', virtualService(`{${ROUTE}, fault: {abort: {httpStatus: 601}}}`), 'MQ-ROUTE-009'],
    ['VS-20', virtualService(`{${ROUTE}, fault: {abort: {grpcStatus: NOPE}}}`), 'MQ-ROUTE-009'],
    ['VS-20', virtualService(`{${ROUTE}, fault: {abort: {http2Error: x}}}`), 'MQ-ROUTE-009'],
    ['VS-20', virtualService(`{${ROUTE}, fault: {delay: {exponentialDelay: 1s}}}`), 'MQ-ROUTE-009'],
    ['VS-28', virtualService('{directResponse: {status: 199}}'), 'MQ-ROUTE-011'],
    ['XT-1', withHosts('[a]', 'exportTo: [".", default],'), 'MQ-NAME-001'],
    ['XT-2', withHosts('[a]', 'exportTo: ["*", b],'), 'MQ-NAME-001'],
    ['XT-3', withHosts('[a]', 'exportTo: ["~"],'), 'MQ-NAME-001'],
    ['XT-4', withHosts('[a]', 'exportTo: ["a.b"],'), 'MQ-NAME-001'],
  ])('%s: %s → %s', (_rule, text, code) => {
    const { found } = importText(text);
    expect(found.join('\n')).toContain(`error ${code}`);
  });
});

describe('a VirtualService that istiod accepts is no error', () => {
  it.each([
    ['any host name of the API', withHosts('["*.b.com", 1.2.3.4, "::1", A.com, "*-x.org"]')],
    [
      'JWT claims for gateways only',
      istio(
        'VirtualService',
        `{hosts: [a], gateways: [g], http: [{match: [{headers: {"@request.auth.claims.x": {exact: b}}}], ${ROUTE}}]}`,
      ),
    ],
    ['a gateway-only one for every host', withHosts('["*"]', 'gateways: [g],')],
    ['an empty exact match', withMatch('{method: {exact: ""}, queryParams: {a: {exact: ""}}}')],
    ['an empty uri prefix', withMatch('{uri: {prefix: ""}}')],
    ['presence in withoutHeaders', withMatch('{withoutHeaders: {a: {regex: "*"}, b: {}}}')],
    [
      'a single destination of weight 0',
      virtualService('{route: [{destination: {host: a}, weight: 0}]}'),
    ],
    ['Go durations', virtualService(`{${ROUTE}, timeout: 1m30.5s}`)],
    ['a disabled retry', virtualService(`{${ROUTE}, retries: {}}`)],
    [
      'statuses in retryOn',
      virtualService(`{${ROUTE}, retries: {attempts: 1, retryOn: "503,5xx"}}`),
    ],
    ['upper case subset names', virtualService('{route: [{destination: {host: a, subset: V1}}]}')],
    [
      'a percentage of 0',
      virtualService(`{${ROUTE}, fault: {abort: {httpStatus: 500, percentage: {}}}}`),
    ],
  ])('%s', (_what, text) => {
    const { diagnostics } = importText(text);
    expect(diagnostics.hasErrors).toBe(false);
  });
});

describe('warnings', () => {
  it('VS-21: an abort without a status does nothing', () => {
    const { found, resources } = importText(virtualService(`{${ROUTE}, fault: {abort: {}}}`));
    expect(found).toEqual([
      'warning MQ-ROUTE-010 this abort names no status, so nothing is ever aborted',
    ]);
    expect(resources.virtualServices[0]?.http[0]?.fault?.abort).toBeUndefined();
  });

  it('VS-29: a large body of a direct response', () => {
    const body = 'x'.repeat(110_000);
    const { found } = importText(
      virtualService(`{directResponse: {status: 200, body: {string: ${body}}}}`),
    );
    expect(found[0]).toContain('warning MQ-ROUTE-011');
  });

  it('header names that look like other conditions', () => {
    const { found } = importText(withMatch('{headers: {method: {exact: GET}}}'));
    expect(found).toEqual([
      'warning MQ-ROUTE-017 "method" inside headers means a header of that name',
    ]);
  });

  it('a VirtualService for gateways only', () => {
    const { found } = importText(withHosts('[a]', 'gateways: [ns/g],'));
    expect(found).toEqual([
      'warning MQ-ROUTE-015 gateways (here "ns/g") are not modelled yet, so no proxy uses it',
    ]);
  });

  it('snake_case fields are understood', () => {
    const { found, resources } = importText(
      virtualService(`{${ROUTE}, retries: {attempts: 2, per_try_timeout: 1s}}`),
    );
    expect(found[0]).toContain(
      'warning MQ-FIELD-008 field "per_try_timeout" is spelt "perTryTimeout"',
    );
    expect(resources.virtualServices[0]?.http[0]?.retries?.perTryTimeoutMs?.value).toBe(1000);
  });
});

describe('mirrors', () => {
  const sharesOf = (http: string) => {
    const { found, resources } = importText(virtualService(http));
    const mirrors = resources.virtualServices[0]?.http[0]?.mirrors ?? [];
    const shares = mirrors.map(({ destination, share }) => {
      const { numerator, denominator } = share;
      return `${destination.host.value} ${numerator}/${denominator}`;
    });
    return { found: found.filter((text) => !text.includes('MQ-REF')), shares };
  };

  it.each([
    [`{${ROUTE}, mirror: {host: b}}`, ['100/100']],
    [`{${ROUTE}, mirror: {host: b}, mirrorPercentage: {value: 12.5}}`, ['125000/1000000']],
    [`{${ROUTE}, mirror: {host: b}, mirrorPercentage: {value: 0}}`, []],
    [
      `{${ROUTE}, mirrors: [{destination: {host: b}}, {destination: {host: c}, percentage: {value: 1}}]}`,
      ['100/100', '10000/1000000'],
    ],
  ])('%s', (http, expected) => {
    const { found, shares } = sharesOf(http);
    expect(found).toEqual([]);
    expect(shares.map((text) => text.split(' ')[1])).toEqual(expected);
  });

  it.each([
    [
      `{${ROUTE}, mirror: {host: b}, mirrors: [{destination: {host: b}}]}`,
      'both mirror and mirrors',
    ],
    [`{${ROUTE}, mirrors: [{percentage: {value: 1}}]}`, 'needs a destination'],
    [`{${ROUTE}, mirror: {host: b}, mirrorPercentage: {value: 101}}`, 'expected 0 to 100'],
    [`{${ROUTE}, mirror: {host: b}, mirrorPercent: 5}`, 'deprecated'],
  ])('%s is told about', (http, text) => {
    expect(sharesOf(http).found.join()).toContain(text);
  });
});

describe('what is valid but not modelled yet is refused by name', () => {
  it.each([
    ['corsPolicy', `{${ROUTE}, corsPolicy: {}}`],
    ['delegate', '{delegate: {name: d}}'],
    ['retryRemoteLocalities', `{${ROUTE}, retries: {attempts: 1, retryRemoteLocalities: true}}`],
    ['bytes', '{directResponse: {status: 200, body: {bytes: aGk=}}}'],
  ])('%s', (field, http) => {
    const { diagnostics } = importText(virtualService(http));
    const [first] = diagnostics.sorted();
    expect(first).toMatchObject({ severity: 'error', code: 'MQ-IMPORT-004', line: 5 });
    expect(first?.message).toContain(`field "${field}" is not modelled yet`);
  });

  it.each(['tls', 'tcp'])('%s routes', (field) => {
    const { found } = importText(istio('VirtualService', `{hosts: [a], ${field}: [{}]}`));
    expect(found).toEqual([
      `error MQ-IMPORT-004 VirtualService field "${field}" is not modelled yet`,
    ]);
  });
});

describe('fields and values', () => {
  it('unknown fields are errors with the nearest spelling', () => {
    const { found } = importText(virtualService(`{${ROUTE}, retires: {attempts: 1}}`));
    expect(found).toEqual([
      'error MQ-FIELD-002 unknown field "retires" in VirtualService.http; did you mean "retries"?',
    ]);
  });

  it('trap 27: YAML 1.1 booleans are not text', () => {
    const { found } = importText(withMatch('{uri: {exact: on}}'));
    expect(found[0]).toContain('must be text, found the truth value on');
  });

  it('a StringMatch takes one kind only', () => {
    const { found } = importText(withMatch('{uri: {exact: a, prefix: b}}'));
    expect(found[0]).toContain('error MQ-FIELD-010');
  });

  it('null is refused, as the schema does', () => {
    const { found } = importText(virtualService(`{${ROUTE}, timeout: null}`));
    expect(found).toEqual(['error MQ-FIELD-001 VirtualService.http field "timeout" has no value']);
  });

  it('a bare number is no duration', () => {
    const { found } = importText(virtualService(`{${ROUTE}, timeout: 5}`));
    expect(found[0]).toContain('MQ-FIELD-006 spec.http[0].timeout: 5 has no unit');
  });

  it('weights that do not add up to 100 are an error, and the rule is still loaded', () => {
    const { found, resources } = importText(
      virtualService(
        '{route: [{destination: {host: a}, weight: 90}, {destination: {host: b}, weight: 5}]}',
      ),
    );
    expect(found).toEqual(['error MQ-ROUTE-003 weights of route #0 add up to 95, expected 100']);
    expect(resources.virtualServices[0]?.http[0]?.destinations).toHaveLength(2);
  });

  it('percentages become parts of a million, rounded down', () => {
    const text = `{${ROUTE}, fault: {delay: {fixedDelay: 2s, percentage: {value: 0.07}}}}`;
    const { resources } = importText(virtualService(text));
    expect(resources.virtualServices[0]?.http[0]?.fault?.delay?.value).toEqual({
      fixedDelayMs: 2000,
      percentage: { numerator: 700, denominator: 1_000_000 },
    });
  });

  it('short host names get the namespace of the object', () => {
    const { resources } = importText(
      istio('VirtualService', `{hosts: [a, b.c], http: [{${ROUTE}}]}`, 'x', 'shop'),
    );
    const [service] = resources.virtualServices;
    expect(service?.hosts.map((host) => host.value)).toEqual(['a.shop.svc.cluster.local', 'b.c']);
    expect(service?.http[0]?.destinations[0]?.host.value).toBe('a.shop.svc.cluster.local');
  });
});

describe('VS-31: rules that are never reached', () => {
  const matches = (...rules: string[]) =>
    virtualService(
      rules.map((rule) => (rule === '' ? `{${ROUTE}}` : `{match: [${rule}], ${ROUTE}}`)).join(', '),
    );

  it.each([
    [
      'a second rule without match',
      matches('', ''),
      'rule #1 is never reached: only the last rule',
    ],
    [
      'a rule behind one without match',
      matches('', '{uri: {exact: /x}}'),
      'rule #1 is never reached: rule #0',
    ],
    [
      'a rule with repeated matches only',
      matches('{uri: {exact: /x}, name: n}', '{uri: {exact: /x}}'),
      'rule #1 is never reached: all its matches',
    ],
  ])('%s', (_what, text, message) => {
    expect(importText(text).found.join('\n')).toContain(`warning MQ-ROUTE-012 ${message}`);
  });

  it('a prefix that an earlier, shorter prefix covers', () => {
    const { found } = importText(matches('{uri: {prefix: /a}}', '{uri: {prefix: /a/b}}'));
    expect(found).toEqual([
      'info MQ-ROUTE-013 this match has no effect: it is covered by a shorter prefix in rule #0',
    ]);
  });

  it('an absent method counts as GET', () => {
    const covered = matches('{uri: {prefix: /a}}', '{uri: {prefix: /a/b}, method: {exact: GET}}');
    const apart = matches('{uri: {prefix: /a}}', '{uri: {prefix: /a/b}, method: {exact: POST}}');
    expect(importText(covered).found).toHaveLength(1);
    expect(importText(apart).found).toEqual([]);
  });

  it('other headers keep a longer prefix alive', () => {
    const text = matches(
      '{uri: {prefix: /a}, headers: {x: {exact: "1"}}}',
      '{uri: {prefix: /a/b}}',
    );
    expect(importText(text).found).toEqual([]);
  });
});
