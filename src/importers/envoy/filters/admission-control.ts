/**
 * `AdmissionControl` → the admission control filter.
 *
 * Source: Envoy v3 API, extensions/filters/http/admission_control/v3; policy-engine.md §9.5.
 */
import type { AdmissionControlConfig } from '../../../mesh/config/config.ts';
import { ENVOY } from '../../../mesh/config/defaults.ts';
import type { Fields } from '../fields.ts';

export function readAdmissionControl(fields: Fields): AdmissionControlConfig {
  const defaults = ENVOY.admissionControl;
  const enabled = fields.message('enabled', 'RuntimeFeatureFlag');
  const isOn = enabled?.flag('default_value', true) !== false;
  enabled?.ignore('runtime_key');
  enabled?.close();
  const criteria = fields.message('success_criteria', 'SuccessCriteria');
  const http = criteria?.message('http_criteria', 'HttpCriteria');
  const ranges = http?.messages('http_success_status', 'Int32Range').map((range) => {
    const read = { from: range.integer('start') ?? 0, to: range.integer('end') ?? 0 };
    range.close();
    return read;
  });
  http?.close();
  criteria?.message('grpc_criteria', 'GrpcCriteria')?.close();
  criteria?.close();
  const windowMs = fields.durationMs('sampling_window');
  const config = {
    enabled: isOn ? null : { numerator: 0, denominator: 100 as const },
    windowSeconds:
      windowMs === undefined ? defaults.windowSeconds.value : Math.floor(windowMs / 1e3),
    aggression: Math.max(1, runtimeDouble(fields, 'aggression') ?? defaults.aggression.value),
    thresholdPercent: Math.min(
      100,
      runtimePercent(fields, 'sr_threshold') ?? defaults.thresholdPercent.value,
    ),
    rpsThreshold: runtimeInteger(fields, 'rps_threshold') ?? defaults.rpsThreshold.value,
    maxPercent: runtimePercent(fields, 'max_rejection_probability') ?? defaults.maxPercent.value,
    successRanges: ranges ?? [{ from: 100, to: 500 }],
  };
  fields.close();
  return config;
}

function runtimeDouble(fields: Fields, name: string): number | undefined {
  const message = fields.message(name, 'RuntimeDouble');
  message?.ignore('runtime_key');
  const value = message?.number('default_value');
  message?.close();
  return value;
}

function runtimeInteger(fields: Fields, name: string): number | undefined {
  const message = fields.message(name, 'RuntimeUInt32');
  message?.ignore('runtime_key');
  const value = message?.integer('default_value');
  message?.close();
  return value;
}

function runtimePercent(fields: Fields, name: string): number | undefined {
  const message = fields.message(name, 'RuntimePercent');
  message?.ignore('runtime_key');
  const value = message?.percent('default_value');
  message?.close();
  return value;
}
