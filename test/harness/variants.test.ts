import { describe, expect, it } from 'vitest';
import { SECOND } from '../../src/core/time.ts';
import { parsePath } from '../../src/harness/variants.ts';
import { readText, SMALL, scenarioOf } from './scenario-texts.ts';

const VARIANTS = `${SMALL}mesh: [mesh/]
expect: [clients.shoppers.failed == 0]
network: { links: [{ from: orders, to: payments, latency: 1ms }] }
variants:
  as-is: { verdict: pass }
  other-policy: { mesh: [other.yaml], verdict: not-recovered }
  smaller:
    set:
      services.payments.workers: 1
      network.links[0].loss: 5%
      network.default.loss: 1%
  stricter: { expect: [clients.shoppers.offered > 10] }
`;

describe('variants', () => {
  it('become one scenario each, in the order of the file', () => {
    const { scenarios, problems } = readText(VARIANTS);
    expect(problems).toEqual([]);
    expect(scenarios.map((scenario) => scenario.variant)).toEqual([
      'as-is',
      'other-policy',
      'smaller',
      'stricter',
    ]);
    expect(scenarios.map((scenario) => scenario.declaredVerdict)).toEqual([
      'pass',
      'not-recovered',
      null,
      null,
    ]);
  });

  it('replace the policy, set values, and add expectations', () => {
    const [asIs, otherPolicy, smaller, stricter] = readText(VARIANTS).scenarios;
    expect(otherPolicy?.mesh.map((file) => file.path)).toEqual(['other.yaml']);
    expect(smaller?.services[0]?.versions[0]?.workers).toBe(1);
    expect(smaller?.network.links[0]?.link.loss).toBe(0.05);
    expect(smaller?.network.default.loss).toBe(0.01);
    expect(asIs?.expect).toHaveLength(1);
    expect(stricter?.expect.map((item) => item.expression)).toEqual([
      'clients.shoppers.failed == 0',
      'clients.shoppers.offered > 10',
    ]);
  });

  it('have hashes of their own', () => {
    const hashes = readText(VARIANTS).scenarios.map((scenario) => scenario.hash);
    expect(new Set(hashes).size).toBe(4);
    for (const hash of hashes) expect(hash).toMatch(/^[0-9a-f]{32}$/);
  });

  it('report mistakes where they were written', () => {
    const wrong = VARIANTS.replace('services.payments.workers: 1', 'services.payments.wrkers: 1')
      .replace('[clients.shoppers.offered > 10]', '[clients.shoper.offered > 10]')
      .replace('network.links[0]', 'network.links[3]');
    expect(readText(wrong).problems).toEqual([
      '16:7 MQ-FIELD-002 unknown key "wrkers" in services.payments; did you mean "workers"?',
      '17:7 MQ-SCENARIO-008 network.links has no item "3"',
      '19:32 MQ-SCENARIO-007 unknown client "shoper"; did you mean "shoppers"?',
    ]);
  });
});

describe('--set and its kin', () => {
  it('change values of any depth, also of maps that are not there yet', () => {
    const scenario = scenarioOf(SMALL, {
      set: ['services.payments.workers=9', 'network.default.latency.constant=3ms'],
      duration: '5m',
      dataPlane: 'none',
    });
    expect(scenario.services[0]?.versions[0]?.workers).toBe(9);
    expect(scenario.network.default.latency).toEqual({ kind: 'constant', valueNs: 3_000_000 });
    expect(scenario.durationNs).toBe(300 * SECOND);
  });

  it('change fields of policy resources, from variants too', () => {
    const rule = (attempts: number) =>
      `kind: VirtualService\nmetadata: { name: payments }\nspec: { retries: ${attempts} }\n`;
    const load = () => ({ ok: true, files: [{ path: 'a.yaml', text: rule(1) }] }) as const;
    const key = 'mesh.VirtualService/payments.spec.retries';
    const text = `${SMALL}mesh: [a.yaml]\nvariants: { five: { set: { ${key}: 5 } }, as-is: {} }\n`;
    const [five, asIs] = readText(text, {}, load).scenarios;
    expect(five?.mesh).toEqual([{ path: 'a.yaml (edited)', text: rule(5) }]);
    expect(asIs?.mesh).toEqual([{ path: 'a.yaml', text: rule(1) }]);
    expect(five?.hash).not.toBe(asIs?.hash);
    const [set] = readText(text, { set: [`${key}=7`] }, load).scenarios;
    expect(set?.mesh[0]?.text).toBe(rule(7));
    const wrong = readText(text, { set: [`${key.replace('payments', 'payment')}=7`] }, load);
    expect(wrong.problems[0]).toBe(
      '<command line>:--set:1:1 MQ-SCENARIO-008 there is no "VirtualService/payment" among the policy files; did you mean "VirtualService/payments"?',
    );
  });

  it('replaces the policy by --mesh', () => {
    const scenario = scenarioOf(`${SMALL}mesh: [mesh/]\n`, { mesh: ['a.yaml', 'b.yaml'] });
    expect(scenario.mesh.map((file) => file.path)).toEqual(['a.yaml', 'b.yaml']);
  });

  it.each([
    [
      'no equals sign',
      ['services.payments'],
      '<command line>:--set:1:1 MQ-SCENARIO-008 "services.payments" is not of the form key=value',
    ],
    [
      'no path',
      ['a..b=1'],
      '<command line>:--set:1:1 MQ-SCENARIO-008 "a..b" is not a dotted path like services.payments.workers',
    ],
    [
      'an unknown key, in the second option',
      ['services.payments.workers=1', 'servces.payments.workers=1'],
      '<command line>:--set:2:26 MQ-FIELD-002 unknown key "servces"; did you mean "services"?',
    ],
    [
      'a value of the wrong type',
      ['services.payments.workers=many'],
      '<command line>:--set:1:27 MQ-FIELD-001 services.payments.workers must be a number, found "many"',
    ],
    [
      'a value without a unit',
      ['clients.shoppers.open.poisson=5'],
      '<command line>:--set:1:31 MQ-FIELD-006 clients.shoppers.open.poisson: 5 has no unit; write a rate like 640rps or 12/m',
    ],
  ])('complains about %s at the option itself', (_what, set, problem) => {
    expect(readText(SMALL, { set }).problems).toContain(problem);
  });

  it('complains about a duration that is none', () => {
    expect(readText(SMALL, { duration: '5' }).problems[0]).toMatch(
      /^<command line>:--duration:1:1 /,
    );
  });

  it('reports policy files that cannot be read, where they are named', () => {
    const refuse = () => ({ ok: false, problem: 'no such file' }) as const;
    expect(readText(`${SMALL}mesh: [a.yaml, b.yaml]\n`, {}, refuse).problems).toEqual([
      '8:8 MQ-SCENARIO-009 no such file',
      '8:16 MQ-SCENARIO-009 no such file',
    ]);
    expect(readText(SMALL, { mesh: ['x'] }, refuse).problems).toEqual([
      '<command line>:--mesh:1:1 MQ-SCENARIO-009 no such file',
    ]);
  });
});

describe('the hash of a scenario', () => {
  const hashOf = (text: string) => scenarioOf(text).hash;

  it('stays the same when only words and places change', () => {
    const same = [
      `# a comment\n${SMALL}`,
      `${SMALL}title: Another name\n`,
      SMALL.replace('100rps', '6000/m'),
      SMALL.replace('2m', '120s'),
    ];
    const verdictOf = (verdict: string) => `${SMALL}variants: { a: { verdict: ${verdict} } }\n`;
    expect(hashOf(verdictOf('pass'))).toBe(hashOf(verdictOf('fail')));
    for (const text of same) expect(hashOf(text)).toBe(hashOf(SMALL));
  });

  it('changes with whatever changes the run', () => {
    const other = [
      SMALL.replace('100rps', '101rps'),
      SMALL.replace('instances: 2', 'instances: 3'),
      `${SMALL}mesh: [a.yaml]\ndataPlane: none\n`,
      `${SMALL}expect: [clients.shoppers.failed == 0]\n`,
    ];
    const hashes = new Set([SMALL, ...other].map(hashOf));
    expect(hashes.size).toBe(5);
  });
});

describe('dotted paths', () => {
  it.each([
    ['a.b.c', ['a', 'b', 'c']],
    ['clients.as-it-was.open', ['clients', 'as-it-was', 'open']],
    ['external["api.example.com"].x', ['external', 'api.example.com', 'x']],
    ['a."b.c"', ['a', 'b.c']],
    ['mesh.Kind/shop/name.spec[0]', ['mesh', 'Kind/shop/name', 'spec', 0]],
    ['a.b[2].c', ['a', 'b', 2, 'c']],
    ['', []],
  ])('%s is read', (text, steps) => {
    expect(parsePath(text)).toEqual(steps);
  });

  it.each(['.a', 'a.', 'a..b', 'a[b]', 'a b', 'a["b'])('%s is refused', (text) => {
    expect(parsePath(text)).toBeNull();
  });
});
