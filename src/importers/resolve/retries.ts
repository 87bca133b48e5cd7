/**
 * Retry policies of routes: the built-in one of sidecars, a VirtualService's own, the inbound one.
 *
 * Source: config-istio.md §2.7.
 */
import type { RetryPolicyConfig } from '../../mesh/config/config.ts';
import { ENVOY, ISTIO } from '../../mesh/config/defaults.ts';
import type { RetrySettings } from '../mesh-resources.ts';
import type { Settings } from './settings.ts';

const ENVOY_NAME = ENVOY.product;
const ISTIO_NAME = ISTIO.product;

/** null when `attempts` is 0; the default policy when there are no settings. */
export function outboundRetry(
  given: RetrySettings | undefined,
  settings: Settings,
): RetryPolicyConfig | null {
  if (given !== undefined && given.attempts.value === 0) {
    settings.explicit('retry', given.attempts);
    return null;
  }
  if (given !== undefined) settings.explicit('retry', given);
  const { retry } = ISTIO;
  const retryOn = split(given, 'conditions');
  const statuses = split(given, 'statuses');
  return {
    ...waits(given, settings),
    retryOn: settings.take('retry.retryOn', retryOn, ISTIO_NAME, retry.retryOn),
    retriableStatusCodes: settings.take(
      'retry.retriableStatusCodes',
      statuses,
      ISTIO_NAME,
      retry.retriableStatusCodes,
    ),
    numRetries: settings.take('retry.numRetries', given?.attempts, ISTIO_NAME, retry.numRetries),
    hostSelectionMaxAttempts: settings.fallBack(
      'retry.hostSelectionMaxAttempts',
      ISTIO_NAME,
      retry.hostSelectionMaxAttempts,
    ),
    hostPredicates: hostPredicates(given, settings),
  };
}

type RetryOn = NonNullable<RetrySettings['retryOn']>['value'];

function split<K extends keyof RetryOn>(given: RetrySettings | undefined, part: K) {
  const retryOn = given?.retryOn;
  return retryOn === undefined ? undefined : { value: retryOn.value[part], at: retryOn.at };
}

function hostPredicates(
  given: RetrySettings | undefined,
  settings: Settings,
): RetryPolicyConfig['hostPredicates'] {
  const path = 'retry.hostPredicates';
  const ignore = given?.ignorePreviousHosts;
  if (ignore === undefined) {
    return settings.fallBack(path, ISTIO_NAME, ISTIO.retry.hostPredicates);
  }
  settings.explicit(path, ignore);
  return ignore.value ? ['previous-hosts'] : [];
}

/** Towards the application behind a sidecar. */
export function inboundRetry(settings: Settings): RetryPolicyConfig {
  const { numRetries, retryOn, hostPredicates } = ISTIO.inboundRetry;
  const { retriableStatusCodes, hostSelectionMaxAttempts } = ENVOY.retry;
  return {
    ...waits(undefined, settings),
    numRetries: settings.fallBack('retry.numRetries', ISTIO_NAME, numRetries),
    retryOn: settings.fallBack('retry.retryOn', ISTIO_NAME, retryOn),
    hostPredicates: settings.fallBack('retry.hostPredicates', ISTIO_NAME, hostPredicates),
    retriableStatusCodes: settings.fallBack(
      'retry.retriableStatusCodes',
      ENVOY_NAME,
      retriableStatusCodes,
    ),
    hostSelectionMaxAttempts: settings.fallBack(
      'retry.hostSelectionMaxAttempts',
      ENVOY_NAME,
      hostSelectionMaxAttempts,
    ),
  };
}

type Waits = Pick<
  RetryPolicyConfig,
  'perTryTimeoutMs' | 'perTryIdleTimeoutMs' | 'backoffBaseMs' | 'backoffMaxMs'
>;

/** What istiod leaves to Envoy unless it is given. */
function waits(given: RetrySettings | undefined, settings: Settings): Waits {
  const { perTryTimeoutMs, perTryIdleTimeoutMs, backoffBaseMs, backoffMaxFactor } = ENVOY.retry;
  const base = settings.take('retry.backoffBaseMs', given?.backoffMs, ENVOY_NAME, backoffBaseMs);
  const factor = settings.fallBack('retry.backoffMaxMs', ENVOY_NAME, backoffMaxFactor);
  return {
    perTryTimeoutMs: settings.take(
      'retry.perTryTimeoutMs',
      given?.perTryTimeoutMs,
      ENVOY_NAME,
      perTryTimeoutMs,
    ),
    perTryIdleTimeoutMs: settings.fallBack(
      'retry.perTryIdleTimeoutMs',
      ENVOY_NAME,
      perTryIdleTimeoutMs,
    ),
    backoffBaseMs: base,
    backoffMaxMs: factor * base,
  };
}
