/**
 * `docs/policies/defaults.md` from `mesh/config/defaults.ts`: what holds where a file says nothing.
 */
import { ENVOY, ISTIO } from '../../src/mesh/config/defaults.ts';
import type { Default } from '../../src/mesh/config/origin.ts';
import { GENERATED_NOTE, type GeneratedPage, pageOf, table } from './page.ts';

type Group = Readonly<Record<string, Default<unknown>>>;

const TITLES: Readonly<Record<string, string>> = {
  listener: 'Listeners',
  routeTable: 'Route tables',
  virtualHost: 'Virtual hosts',
  route: 'Routes',
  retry: 'Retries',
  inboundRetry: 'Retries to the local application',
  cluster: 'Clusters',
  thresholds: 'Circuit breakers',
  retryBudget: 'Retry budget',
  outlier: 'Outlier detection',
  fault: 'Fault filter',
};

/** Larger numbers mean "no limit" in 32-bit fields. */
const UNLIMITED = 4_294_967_295;

export function defaultsPage(): GeneratedPage {
  return pageOf('docs/policies/defaults.md', [
    '# Defaults',
    GENERATED_NOTE,
    `What holds where neither your resources nor the scenario say anything. Each value stands in the
sources once, with its origin; \`Envoy\` is what the proxy does with an absent field, \`Istio\` what its
control plane writes out instead. An empty cell: the product adds nothing of its own.`,
    `Versions: \`${ENVOY.product}\`, \`${ISTIO.product}\`.`,
    ...groups().flatMap((name) => [`## ${TITLES[name] ?? name}`, groupTable(name)]),
  ]);
}

function groups(): readonly string[] {
  const names = [...Object.keys(ENVOY), ...Object.keys(ISTIO)];
  return [...new Set(names)].filter((name) => name !== 'product');
}

function groupOf(product: object, name: string): Group {
  const group = Object.entries(product).find(([key]) => key === name)?.[1];
  return (group ?? {}) as Group;
}

function groupTable(name: string): string {
  const envoy = groupOf(ENVOY, name);
  const istio = groupOf(ISTIO, name);
  const settings = [...new Set([...Object.keys(envoy), ...Object.keys(istio)])];
  return table(
    ['setting', 'Envoy', 'Istio', 'unit', 'field'],
    settings.map((setting) => {
      const given = envoy[setting] ?? istio[setting];
      return [
        `\`${setting}\``,
        valueText(envoy[setting]),
        valueText(istio[setting]),
        given?.unit ?? '',
        fieldText(envoy[setting] ?? istio[setting]),
      ];
    }),
  );
}

function valueText(given: Default<unknown> | undefined): string {
  if (given === undefined) return '';
  const { value } = given;
  if (value === UNLIMITED) return 'unlimited';
  if (value === null) return 'none';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(', ');
  return typeof value === 'object' ? `\`${JSON.stringify(value)}\`` : String(value);
}

/** Sources that are names of API fields; what istiod is known to write has none. */
function fieldText(given: Default<unknown> | undefined): string {
  const source = given?.source ?? '';
  return /^[A-Za-z]+(\.[A-Za-z0-9_]+)+$/.test(source) ? `\`${source}\`` : '';
}
