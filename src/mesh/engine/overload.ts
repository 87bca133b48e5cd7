/**
 * The overload manager: pressure of resources → what the proxy does less of.
 *
 * The driver reports pressures; they take effect at the next tick. Made only for proxies that have
 * one configured.
 * Source: policy-engine.md §9.7; Envoy, server/overload_manager_impl.
 */
import type { StreamKey } from '../../core/draws.ts';
import type { Ports } from '../../core/engine.ts';
import { TimerKind } from '../../core/engine.ts';
import type {
  OverloadAction,
  OverloadConfig,
  OverloadTrigger,
  ScaledTimer,
  ShedPoint,
} from '../config/overload.ts';
import { OVERLOAD_ACTIONS, SHED_POINTS } from '../config/overload.ts';

const MILLION = 1_000_000;
const PERCENT = 100;

/** What follows from one action or load-shed point at this moment. */
interface Rule {
  readonly name: string;
  readonly triggers: readonly OverloadTrigger[];
  /** 0 = nothing, 1 = always. */
  state: number;
  /** Refusals so far. */
  count: number;
}

export class OverloadManager {
  private readonly config: OverloadConfig;
  private readonly ports: Ports;
  private readonly onChange: () => void;
  private readonly actions: ReadonlyMap<string, Rule>;
  private readonly points: ReadonlyMap<string, Rule>;
  /** By monitor: as reported, and as it takes effect. */
  private readonly reported: number[];
  private readonly pressures: number[];
  private readonly drawStream: StreamKey;
  /** Connections have no uid: they are drawn for in their order. */
  private connectionCount: number;

  /** @param onChange told after each tick that changed an action */
  constructor(config: OverloadConfig, ports: Ports, proxyName: string, onChange: () => void) {
    this.config = config;
    this.ports = ports;
    this.onChange = onChange;
    this.actions = rulesOf(config.actions);
    this.points = rulesOf(config.shedPoints);
    this.reported = config.monitors.map(() => 0);
    this.pressures = config.monitors.map(() => 0);
    this.drawStream = ports.draws.stream(`proxy/${proxyName}/overload`);
    this.connectionCount = 0;
    this.arm();
  }

  /** @param pressure 0..1 */
  report(monitor: string, pressure: number): void {
    const at = this.config.monitors.findIndex(({ name }) => name === monitor);
    if (at >= 0) this.reported[at] = pressure;
  }

  onTick(): void {
    this.reported.forEach((pressure, at) => {
      this.pressures[at] = pressure;
    });
    let hasChanged = false;
    for (const rules of [this.actions, this.points]) {
      for (const rule of rules.values()) {
        const state = Math.max(0, ...rule.triggers.map((trigger) => this.stateOf(trigger)));
        if (state !== rule.state) hasChanged = true;
        rule.state = state;
      }
    }
    if (hasChanged) this.onChange();
    this.arm();
  }

  /** 0 = not at all, 1 = in full. */
  stateOfAction(action: OverloadAction): number {
    return this.actions.get(action)?.state ?? 0;
  }

  /** Whether an action strikes a request. Drawn for each on its own. */
  strikes(action: OverloadAction, uid: number): boolean {
    return this.draws(this.stateOfAction(action), uid, OVERLOAD_ACTIONS.indexOf(action));
  }

  /** Whether a load-shed point refuses; counted. */
  sheds(point: ShedPoint, uid: number): boolean {
    const rule = this.points.get(point);
    const question = OVERLOAD_ACTIONS.length + SHED_POINTS.indexOf(point);
    if (rule === undefined || !this.draws(rule.state, uid, question)) return false;
    rule.count++;
    return true;
  }

  /** Whether a new connection of a client is closed at once. */
  refusesConnection(): boolean {
    const number = this.connectionCount++;
    return (
      this.strikes('reject_incoming_connections', number) ||
      this.sheds('tcp_listener_accept', number)
    );
  }

  /**
   * A time limit as `reduce_timeouts` leaves it.
   *
   * @param timer Envoy's name of the kind of timer
   */
  scaledMs(timer: ScaledTimer['timer'], fullMs: number): number {
    const least = this.config.scaledTimers.find((scaled) => scaled.timer === timer);
    const state = this.stateOfAction('reduce_timeouts');
    if (least === undefined || state === 0 || fullMs === 0) return fullMs;
    const minMs =
      least.minMs !== null ? Math.min(fullMs, least.minMs) : (fullMs * least.minPercent) / PERCENT;
    return Math.floor(minMs + (fullMs - minMs) * (1 - state));
  }

  visitStats(visit: (name: string, kind: 'counter' | 'gauge', value: number) => void): void {
    this.config.monitors.forEach(({ name }, at) => {
      visit(`overload.${name}.pressure`, 'gauge', Math.floor(this.pressures[at]! * PERCENT));
    });
    for (const { name, state } of this.actions.values()) {
      const prefix = `overload.envoy.overload_actions.${name}.`;
      visit(`${prefix}active`, 'gauge', state >= 1 ? 1 : 0);
      visit(`${prefix}scale_percent`, 'gauge', Math.floor(state * PERCENT));
    }
    for (const { name, state, count } of this.points.values()) {
      const prefix = `overload.envoy.load_shed_points.${name}.`;
      visit(`${prefix}scale_percent`, 'gauge', Math.floor(state * PERCENT));
      visit(`${prefix}shed_load_count`, 'counter', count);
    }
  }

  private stateOf(trigger: OverloadTrigger): number {
    const pressure = this.pressures[trigger.monitor] ?? 0;
    if (trigger.kind === 'threshold') return pressure >= trigger.value ? 1 : 0;
    if (pressure <= trigger.from) return 0;
    return pressure >= trigger.to ? 1 : (pressure - trigger.from) / (trigger.to - trigger.from);
  }

  private draws(state: number, uid: number, question: number): boolean {
    if (state <= 0) return false;
    if (state >= 1) return true;
    return this.ports.draws.below(this.drawStream, uid, question, MILLION) < state * MILLION;
  }

  private arm(): void {
    this.ports.armAfter(this.config.refreshIntervalMs, TimerKind.overloadRefresh, 0);
  }
}

function rulesOf(
  configs: readonly { readonly name: string; readonly triggers: readonly OverloadTrigger[] }[],
): ReadonlyMap<string, Rule> {
  return new Map(
    configs.map(({ name, triggers }) => [name, { name, triggers, state: 0, count: 0 }]),
  );
}
