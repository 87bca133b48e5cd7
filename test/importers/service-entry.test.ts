import { describe, expect, it } from 'vitest';
import { importText, istio } from './mesh-helpers.ts';

const HTTP = 'ports: [{number: 80, name: http, protocol: HTTP}]';
const entry = (spec: string) => istio('ServiceEntry', `{resolution: STATIC, ${spec}}`);
const dns = (spec: string) => istio('ServiceEntry', `{resolution: DNS, ${spec}}`);
const ports = (list: string) => entry(`hosts: [x.com], ports: [${list}]`);

describe('a ServiceEntry that istiod refuses is an error', () => {
  it.each([
    ['SE-1', entry(HTTP), 'MQ-ENTRY-001'],
    ['SE-1', entry(`hosts: ["*"], ${HTTP}`), 'MQ-ENTRY-001'],
    [
      'SE-3',
      entry(`hosts: [x.com], ${HTTP}, workloadSelector: {labels: {a: b}}, endpoints: []`),
      'MQ-FIELD-010',
    ],
    ['SE-4', entry(`hosts: [x.com], ${HTTP}, addresses: [foo]`), 'MQ-ENTRY-003'],
    ['SE-4', dns(`hosts: [x.com], ${HTTP}, addresses: [10.0.0.0/8]`), 'MQ-ENTRY-003'],
    ['SE-5', ports('null'), 'MQ-ENTRY-004'],
    ['SE-5', ports('{number: 80, name: a, protocol: FOO}'), 'MQ-ENTRY-004'],
    ['SE-5', ports('{number: 80, name: a_b, protocol: HTTP}'), 'MQ-ENTRY-004'],
    ['SE-5', ports('{number: 80, name: a}, {number: 80, name: b}'), 'MQ-ENTRY-004'],
    ['SE-5', ports('{number: 80, name: a}, {number: 81, name: a}'), 'MQ-ENTRY-004'],
    ['SE-5', ports('{number: 0, name: a}'), 'MQ-FIELD-005'],
    ['SE-9', entry(`hosts: [x.com], ${HTTP}, endpoints: [{}]`), 'MQ-ENTRY-010'],
    ['SE-9', entry(`hosts: [x.com], ${HTTP}, endpoints: [{address: y.com}]`), 'MQ-ENTRY-005'],
    [
      'SE-9',
      entry(`hosts: [x.com], ${HTTP}, endpoints: [{address: 1.1.1.1, ports: {foo: 80}}]`),
      'MQ-ENTRY-005',
    ],
    ['SE-10', dns(`hosts: ["*.x.com"], ${HTTP}`), 'MQ-ENTRY-006'],
    ['SE-10', dns(`hosts: [x.com], ${HTTP}, endpoints: [{address: "a b"}]`), 'MQ-ENTRY-010'],
    [
      'SE-13',
      entry('hosts: [x.com, y.com], ports: [{number: 80, name: a, protocol: TCP}]'),
      'MQ-ENTRY-006',
    ],
    ['WE-1', istio('WorkloadEntry', '{}'), 'MQ-ENTRY-010'],
    ['WE-3', istio('WorkloadEntry', '{address: "a b"}'), 'MQ-ENTRY-010'],
    ['WE-4', istio('WorkloadEntry', '{address: 1.1.1.1, ports: {a_b: 80}}'), 'MQ-ENTRY-010'],
  ])('%s: %s → %s', (_rule, text, code) => {
    expect(importText(text).found.join('\n')).toContain(`error ${code}`);
  });
});

describe('what is not modelled yet is refused by name', () => {
  it.each(['NONE', 'DYNAMIC_DNS', 'DNS_ROUND_ROBIN'])('resolution %s', (resolution) => {
    const { found } = importText(
      istio('ServiceEntry', `{hosts: [x.com], resolution: ${resolution}, ${HTTP}}`),
    );
    expect(found).toEqual([
      `error MQ-IMPORT-004 ServiceEntry resolution ${resolution} is not modelled yet`,
    ]);
  });

  it('no resolution at all, which is NONE', () => {
    const { found } = importText(istio('ServiceEntry', `{hosts: [x.com], ${HTTP}}`));
    expect(found[0]).toContain('resolution NONE is not modelled yet');
  });

  it('Unix sockets', () => {
    const { found } = importText(istio('WorkloadEntry', '{address: "unix:///x"}'));
    expect(found).toEqual(['error MQ-IMPORT-004 Unix sockets are not modelled yet']);
  });
});

describe('warnings', () => {
  it('SE-2: a partial wildcard', () => {
    const { found } = importText(entry(`hosts: ["*x.com"], ${HTTP}`));
    expect(found[0]).toContain('warning MQ-ENTRY-002');
  });

  it('a selector without labels selects everything', () => {
    const { found } = importText(entry(`hosts: [x.com], ${HTTP}, workloadSelector: {}`));
    expect(found[0]).toContain('warning MQ-ENTRY-007');
  });
});

it('reads protocols in any case and keeps the target port', () => {
  const { resources, found } = importText(
    ports('{number: 80, name: a, protocol: grpc-web, targetPort: 8080}, {number: 81, name: b}'),
  );
  expect(found).toEqual([]);
  expect(resources.serviceEntries[0]?.ports).toEqual([
    { number: 80, name: 'a', protocol: 'grpc', targetPort: 8080 },
    { number: 81, name: 'b', protocol: 'unknown', targetPort: 81 },
  ]);
});
