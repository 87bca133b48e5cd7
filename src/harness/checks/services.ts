/** Services, calls, clients and network: names that must exist, and calls that must end somewhere. */
import type { CallStepInput, VersionInput } from '../schema/service.ts';
import type { CheckContext, Path } from './check-context.ts';

/** A call as it stands in the file. */
interface CallSite {
  readonly from: string;
  readonly to: string;
  readonly path: Path;
}

export function checkServices(context: CheckContext): void {
  const { serviceNames, clientNames } = context;
  if (serviceNames.length === 0) {
    context.error('MQ-FIELD-003', ['services'], 'is empty; a scenario needs at least one service');
  }
  for (const name of clientNames) {
    if (!serviceNames.includes(name)) continue;
    context.error('MQ-SCENARIO-005', ['clients', name], 'has the name of a service');
  }
  const sites = callSites(context);
  for (const site of sites) context.knownName(site.path, 'service', site.to, serviceNames);
  reportCycles(context, sites);
  checkClients(context);
  checkZones(context);
  checkCaches(context);
  checkLinks(context);
}

function callSites(context: CheckContext): readonly CallSite[] {
  return Object.entries(context.input.services).flatMap(([from, service]) => {
    const own = sitesOf(from, service.calls, ['services', from, 'calls']);
    const ofVersions = Object.entries(service.versions ?? {}).flatMap(([version, { calls }]) =>
      sitesOf(from, calls, ['services', from, 'versions', version, 'calls']),
    );
    return [...own, ...ofVersions];
  });
}

function sitesOf(
  from: string,
  steps: readonly CallStepInput[] | undefined,
  path: Path,
): readonly CallSite[] {
  return (steps ?? []).flatMap((step, index): readonly CallSite[] => {
    const here = [...path, index];
    if (typeof step === 'string') return [{ from, to: step, path: here }];
    if ('to' in step) return [{ from, to: step.to, path: [...here, 'to'] }];
    return sitesOf(from, step.parallel, [...here, 'parallel']);
  });
}

/** One report for each call that closes a cycle. */
function reportCycles(context: CheckContext, sites: readonly CallSite[]): void {
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (service: string): void => {
    if (done.has(service)) return;
    trail.push(service);
    for (const site of sites) {
      if (site.from !== service) continue;
      const start = trail.indexOf(site.to);
      if (start === -1) visit(site.to);
      else {
        const cycle = [...trail.slice(start), site.to].join(' → ');
        context.error('MQ-SCENARIO-003', site.path, `closes a cycle of calls: ${cycle}`);
      }
    }
    trail.pop();
    done.add(service);
  };
  for (const service of context.serviceNames) visit(service);
}

function checkCaches(context: CheckContext): void {
  const check = (own: ServiceLike, inherited: ServiceLike, path: Path): void => {
    const { cache } = own;
    if (cache === undefined) return;
    if ((own.calls ?? inherited.calls ?? []).length === 0) {
      const fix = 'give the service "calls", or leave "cache" away';
      context.error('MQ-FIELD-010', [...path, 'cache'], 'has no calls to save', { fix });
    }
    if (cache.warm !== undefined && typeof (cache.key ?? 'path') === 'string') {
      const message = 'needs keys that are known before the first request';
      const fix = 'write key: { uniform: 1000 } or key: { zipf: { s: 1.1, of: 1000 } }';
      context.error('MQ-FIELD-010', [...path, 'cache', 'warm'], message, { fix });
    }
  };
  for (const [name, service] of Object.entries(context.input.services)) {
    check(service, service, ['services', name]);
    for (const [version, own] of Object.entries(service.versions ?? {})) {
      check(own, service, ['services', name, 'versions', version]);
    }
  }
}

type ServiceLike = Pick<VersionInput, 'cache' | 'calls'>;

function checkZones(context: CheckContext): void {
  const { zoneNames } = context;
  context.unique(zoneNames, (index) => ['zones', index]);
  for (const name of context.placeNames) {
    const kind = context.serviceNames.includes(name) ? 'services' : 'clients';
    if (![...context.serviceNames, ...context.clientNames].includes(name)) continue;
    context.error('MQ-SCENARIO-005', [kind, name], 'has the name of a region');
  }
  const check = (zones: readonly string[] | undefined, path: Path): void => {
    for (const [index, zone] of (zones ?? []).entries()) {
      context.knownName([...path, 'zones', index], 'zone', zone, zoneNames);
    }
  };
  for (const [name, service] of Object.entries(context.input.services)) {
    check(service.zones, ['services', name]);
    for (const [version, own] of Object.entries(service.versions ?? {})) {
      check(own.zones, ['services', name, 'versions', version]);
    }
  }
  for (const [name, { source }] of Object.entries(context.input.clients)) {
    if (source?.zone === undefined) continue;
    context.knownName(['clients', name, 'source', 'zone'], 'zone', source.zone, zoneNames);
  }
}

function checkClients(context: CheckContext): void {
  if (context.clientNames.length === 0) {
    const message = 'is empty; without a client nothing ever happens';
    context.error('MQ-FIELD-003', ['clients'], message);
  }
  for (const [name, client] of Object.entries(context.input.clients)) {
    const path = ['clients', name, 'to'];
    if (client.to.startsWith('gateway/')) {
      context.error('MQ-SCENARIO-001', path, `is "${client.to}"; gateways are not built yet`);
    } else context.knownName(path, 'service', client.to, context.serviceNames);
  }
}

/** What a name that means machines may be the name of. */
export const MACHINES = 'service, client or zone';

function checkLinks(context: CheckContext): void {
  for (const [index, link] of (context.input.network?.links ?? []).entries()) {
    for (const end of ['from', 'to'] as const) {
      if (link[end] === '*') continue;
      const path = ['network', 'links', index, end];
      context.knownName(path, MACHINES, link[end], context.machineNames);
    }
  }
}
