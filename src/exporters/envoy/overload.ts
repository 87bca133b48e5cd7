/**
 * The overload manager as Envoy writes it: the counterpart of `importers/envoy/overload.ts`.
 */
import type { OverloadConfig, OverloadTrigger, ScaledTimer } from '../../mesh/config/overload.ts';
import { duration, filled, type Message, message, percent, typed } from './message.ts';

const INJECTED = 'resource_monitors.injected_resource.v3.InjectedResourceConfig';
const FIXED_HEAP = 'resource_monitors.fixed_heap.v3.FixedHeapConfig';
const SCALE_TIMERS = 'type.googleapis.com/envoy.config.overload.v3.ScaleTimersOverloadActionConfig';
/** A heap that never fills. */
const MAX_HEAP_BYTES = '1099511627776';

export function overloadManager(config: OverloadConfig): Message {
  const triggersOf = (triggers: readonly OverloadTrigger[]) =>
    triggers.map((item) => trigger(item, config.monitors[item.monitor]?.name ?? ''));
  return message({
    refresh_interval: duration(config.refreshIntervalMs),
    resource_monitors: filled(
      config.monitors.map(({ name, path }) => ({
        name,
        typed_config:
          path === null
            ? typed(FIXED_HEAP, { max_heap_size_bytes: MAX_HEAP_BYTES })
            : typed(INJECTED, { filename: path }),
      })),
    ),
    actions: filled(
      config.actions.map(({ name, triggers }) =>
        message({
          name: `envoy.overload_actions.${name}`,
          triggers: triggersOf(triggers),
          typed_config: name === 'reduce_timeouts' ? timers(config.scaledTimers) : undefined,
        }),
      ),
    ),
    loadshed_points: filled(
      config.shedPoints.map(({ name, triggers }) => ({
        name: `envoy.load_shed_points.${name}`,
        triggers: triggersOf(triggers),
      })),
    ),
  });
}

function trigger(item: OverloadTrigger, name: string): Message {
  if (item.kind === 'threshold') return { name, threshold: { value: item.value } };
  return { name, scaled: { scaling_threshold: item.from, saturation_threshold: item.to } };
}

function timers(scaled: readonly ScaledTimer[]): Message {
  const factors = scaled.map(({ timer, minMs, minPercent }) =>
    minMs === null
      ? { timer, min_scale: percent(minPercent) }
      : { timer, min_timeout: duration(minMs) },
  );
  return { '@type': SCALE_TIMERS, timer_scale_factors: factors };
}
