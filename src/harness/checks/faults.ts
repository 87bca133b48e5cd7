/** Faults: each needs a time, a target that exists and fits its kind, and an id of its own. */
import type { FaultKind } from '../../faults/fault.ts';
import { targetValue } from '../normalise/faults.ts';
import type { FaultInput } from '../schema/fault.ts';
import type { CheckContext, Path } from './check-context.ts';
import { MACHINES } from './services.ts';

export function checkFaults(context: CheckContext): void {
  const faults = context.input.faults ?? [];
  context.unique(context.faultIds, (index) => ['faults', index, 'id']);
  for (const [index, fault] of faults.entries()) {
    const path = ['faults', index];
    checkWhen(context, fault, path);
    checkTarget(context, fault, path);
    checkMode(context, fault, path);
    const kind = context.faultKinds.find((candidate) => candidate.kind === fault.kind);
    if (kind !== undefined) checkSelects(context, fault, kind, path);
  }
}

function checkWhen(context: CheckContext, fault: FaultInput, path: Path): void {
  const { window, schedule } = fault;
  const { duration } = context.input;
  if (window?.at !== undefined && schedule !== undefined) {
    context.error('MQ-FIELD-010', [...path, 'schedule'], 'and window.at exclude each other');
  }
  if (window?.at === undefined && schedule === undefined) {
    const fix = 'write window: { at: 60s } or a schedule; actions that start a fault are not built';
    context.error('MQ-FIELD-003', path, 'says neither window.at nor schedule', { fix });
  }
  const startNs = window?.at ?? schedule?.burst?.at ?? schedule?.first ?? 0;
  if (startNs >= duration) {
    const where = window?.at !== undefined ? [...path, 'window', 'at'] : [...path, 'schedule'];
    context.error('MQ-SCENARIO-004', where, 'begins at or after the end of the run');
  }
}

function checkTarget(context: CheckContext, fault: FaultInput, path: Path): void {
  const { target } = fault;
  if (target === undefined) return;
  const { serviceNames, clientNames } = context;
  const at = (key: string): Path => [...path, 'target', key];
  if (target.service !== undefined) {
    context.knownName(at('service'), 'service', target.service, serviceNames);
  }
  if (target.client !== undefined) {
    context.knownName(at('client'), 'client', target.client, clientNames);
  }
  for (const end of ['from', 'to'] as const) {
    const name = target[end];
    if (name === undefined || name === '*') continue;
    context.knownName(at(end), MACHINES, name, context.machineNames);
  }
  if (target.zone !== undefined) {
    context.knownName(at('zone'), 'zone', target.zone, context.placeNames);
  }
  if (target.version !== undefined) checkVersion(context, target.service, target.version, at);
  if (target.instance !== undefined) checkInstance(context, target.instance, at('instance'));
}

function checkVersion(
  context: CheckContext,
  service: string | undefined,
  version: string,
  at: (key: string) => Path,
): void {
  if (service === undefined) {
    context.error('MQ-FIELD-003', at('version'), 'needs "service" beside it');
    return;
  }
  const versions = Object.keys(context.input.services[service]?.versions ?? {});
  if (context.serviceNames.includes(service)) {
    context.knownName(at('version'), 'version', version, versions);
  }
}

/** Endpoints are called `payments-0`, with versions `payments-v2-0`. */
function checkInstance(context: CheckContext, instance: string, path: Path): void {
  const owner = instance.replace(/-\d+$/, '');
  const known = Object.entries(context.input.services).flatMap(([name, service]) => [
    name,
    ...Object.keys(service.versions ?? {}).map((version) => `${name}-${version}`),
  ]);
  if (/-\d+$/.test(instance) && known.includes(owner)) return;
  context.error('MQ-SCENARIO-002', path, `is "${instance}", which is not an endpoint`, {
    fix: `endpoints are called like ${known[0] ?? 'service'}-0`,
  });
}

function checkMode(context: CheckContext, fault: FaultInput, path: Path): void {
  const { mode, value } = fault.target ?? {};
  const at = [...path, 'target', 'value'];
  const number = targetValue(value);
  const isShare = mode === 'share' || mode === 'max-share' || mode === 'maxShare';
  if (mode === 'fixed' || isShare) {
    if (value === undefined) {
      context.error(
        'MQ-FIELD-003',
        [...path, 'target', 'mode'],
        `"${mode}" needs "value" beside it`,
      );
    } else if (
      isShare ? !(number >= 0 && number <= 1) : !(Number.isInteger(number) && number >= 1)
    ) {
      context.error('MQ-FIELD-005', at, `must be ${isShare ? 'a ratio' : 'a count from 1'}`);
    }
  } else if (value !== undefined) {
    context.error('MQ-FIELD-010', at, 'goes with mode fixed, share or max-share');
  }
}

/** Whether the target names the sort of thing that the kind strikes. */
function checkSelects(context: CheckContext, fault: FaultInput, kind: FaultKind, path: Path): void {
  const { service, instance, client, zone, from, to } = fault.target ?? {};
  const here = fault.target === undefined ? path : [...path, 'target'];
  const machines = service ?? instance ?? client ?? zone;
  const ends = from ?? to;
  const mayBeAll = kind.strikesAllByDefault === true && fault.target === undefined;
  if (kind.targets === 'hosts' && machines === undefined && !mayBeAll) {
    const message = `must name a service, an instance, a client or a zone for ${kind.kind}`;
    context.error('MQ-FIELD-003', here, message);
  }
  if (kind.targets === 'hosts' && ends !== undefined) {
    context.error('MQ-FIELD-010', here, `must name machines, as ${kind.kind} strikes those`);
  }
  if (kind.targets === 'clients' && (service ?? instance ?? zone ?? ends) !== undefined) {
    context.error('MQ-FIELD-010', here, `must name a client, as ${kind.kind} strikes load`);
  }
  if (kind.targets === 'links' && machines !== undefined && ends !== undefined) {
    context.error('MQ-FIELD-010', here, 'must name machines, or the ends of a link, not both');
  }
  checkGroups(context, fault, kind, path);
}

/** Parameters that are lists of names: each item is a group, its members joined by `+`. */
function checkGroups(context: CheckContext, fault: FaultInput, kind: FaultKind, path: Path): void {
  const parameters = fault as unknown as Readonly<Record<string, unknown>>;
  for (const spec of kind.parameters) {
    const groups = parameters[spec.name];
    if (spec.unit !== 'names' || !Array.isArray(groups)) continue;
    for (const [index, group] of groups.entries()) {
      for (const member of String(group).split('+')) {
        const at = [...path, spec.name, index];
        context.knownName(at, MACHINES, member.trim(), context.machineNames);
      }
    }
  }
}
