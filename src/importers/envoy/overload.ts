/**
 * `overload_manager` of a bootstrap.
 *
 * Source: Envoy v3 API, config/overload/v3, extensions/resource_monitors; policy-engine.md §9.7.
 */
import {
  OVERLOAD_ACTIONS,
  type OverloadConfig,
  type OverloadTrigger,
  type ScaledTimer,
  SHED_POINTS,
} from '../../mesh/config/overload.ts';
import { type Fields, refuseExtension, typedConfigOf } from './fields.ts';

const MONITORS = 'envoy.extensions.resource_monitors.';
const SCALE_TIMERS = 'envoy.config.overload.v3.ScaleTimersOverloadActionConfig';
const ACTION_PREFIX = 'envoy.overload_actions.';
const POINT_PREFIX = 'envoy.load_shed_points.';
const TIMERS = [
  'UNSPECIFIED',
  'HTTP_DOWNSTREAM_CONNECTION_IDLE',
  'HTTP_DOWNSTREAM_STREAM_IDLE',
  'TRANSPORT_SOCKET_CONNECT',
  'HTTP_DOWNSTREAM_CONNECTION_MAX',
] as const;
const REFRESH_MS = 1_000;

type Monitors = OverloadConfig['monitors'];

/** undefined = there is none. */
export function readOverload(bootstrap: Fields): OverloadConfig | undefined {
  const fields = bootstrap.message('overload_manager', 'OverloadManager');
  if (fields === undefined) return undefined;
  const refreshIntervalMs = fields.durationMs('refresh_interval') ?? REFRESH_MS;
  const monitors = fields.messages('resource_monitors', 'ResourceMonitor').map(readMonitor);
  const scaledTimers: ScaledTimer[] = [];
  const actions = fields.messages('actions', 'OverloadAction').flatMap((action) => {
    const name = nameOf(action, ACTION_PREFIX, OVERLOAD_ACTIONS);
    const triggers = readTriggers(action, monitors);
    if (name === 'reduce_timeouts') scaledTimers.push(...readTimers(action));
    action.close();
    return name === undefined ? [] : [{ name, triggers }];
  });
  const shedPoints = fields.messages('loadshed_points', 'LoadShedPoint').flatMap((point) => {
    const name = nameOf(point, POINT_PREFIX, SHED_POINTS);
    const triggers = readTriggers(point, monitors);
    point.close();
    return name === undefined ? [] : [{ name, triggers }];
  });
  fields.close();
  return { refreshIntervalMs, monitors, actions, shedPoints, scaledTimers };
}

function readMonitor(fields: Fields): Monitors[number] {
  const name = fields.text('name') ?? '';
  const typed = typedConfigOf(fields);
  fields.close();
  const kind = typed?.type.startsWith(MONITORS) ? typed.type.slice(MONITORS.length) : '';
  if (typed === undefined) return { name, path: null };
  if (kind === 'injected_resource.v3.InjectedResourceConfig') {
    const path = typed.fields.text('filename') ?? '';
    typed.fields.close();
    return { name, path };
  }
  // A simulated proxy has no heap that could fill.
  if (kind === 'fixed_heap.v3.FixedHeapConfig') {
    typed.fields.withoutEffect('max_heap_size_bytes');
    typed.fields.close();
  } else refuseExtension(typed, 'the resource monitor');
  return { name, path: null };
}

function nameOf<const T extends string>(
  fields: Fields,
  prefix: string,
  known: readonly T[],
): T | undefined {
  const text = fields.text('name') ?? '';
  const name = known.find((word) => prefix + word === text);
  if (name === undefined) {
    const at = fields.get('name') ?? fields.node;
    at.error('MQ-ENVOY-002', `"${text}" of the overload manager is not modelled`);
  }
  return name;
}

function readTriggers(fields: Fields, monitors: Monitors): readonly OverloadTrigger[] {
  return fields.messages('triggers', 'Trigger').flatMap((trigger): OverloadTrigger[] => {
    const name = trigger.text('name') ?? '';
    const monitor = monitors.findIndex((item) => item.name === name);
    if (monitor < 0) {
      const at = trigger.get('name') ?? trigger.node;
      at.error('MQ-ENVOY-003', `no resource monitor has the name "${name}"`);
    }
    const threshold = trigger.message('threshold', 'ThresholdTrigger');
    const scaled = trigger.message('scaled', 'ScaledTrigger');
    trigger.close();
    if (threshold !== undefined) {
      const value = threshold.ratio('value', 0, 1) ?? 0;
      threshold.close();
      return [{ kind: 'threshold', monitor, value }];
    }
    if (scaled === undefined) return [];
    const from = scaled.ratio('scaling_threshold', 0, 1) ?? 0;
    const to = scaled.ratio('saturation_threshold', 0, 1) ?? 0;
    if (from >= to) {
      scaled.node.error('MQ-ENVOY-003', 'scaling_threshold must be below saturation_threshold');
    }
    scaled.close();
    return [{ kind: 'scaled', monitor, from, to }];
  });
}

function readTimers(action: Fields): readonly ScaledTimer[] {
  const typed = typedConfigOf(action);
  if (typed === undefined) return [];
  if (typed.type !== SCALE_TIMERS) {
    refuseExtension(typed, 'the action');
    return [];
  }
  const factors = typed.fields.messages('timer_scale_factors', 'ScaleTimer');
  typed.fields.close();
  return factors.flatMap((factor): ScaledTimer[] => {
    const timer = factor.oneOf('timer', TIMERS) ?? 'UNSPECIFIED';
    const minMs = factor.durationMs('min_timeout') ?? null;
    const minPercent = factor.percent('min_scale') ?? 0;
    factor.close();
    if (timer === 'HTTP_DOWNSTREAM_CONNECTION_IDLE' || timer === 'HTTP_DOWNSTREAM_STREAM_IDLE') {
      return [{ timer, minMs, minPercent }];
    }
    const at = factor.get('timer') ?? factor.node;
    at.error('MQ-ENVOY-002', `scaling the timer "${timer}" is not modelled`);
    return [];
  });
}
