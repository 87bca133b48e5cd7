/**
 * The panels of a report, in the order of the page. A new panel is a file and a line here.
 */
import { distributionPanel } from './distribution.ts';
import { ejectionsPanel } from './ejections.ts';
import { expectationsPanel } from './expectations.ts';
import { faultsPanel } from './faults.ts';
import { graphPanel } from './graph.ts';
import { identityPanel } from './identity.ts';
import { latencyPanel } from './latency.ts';
import { limitsPanel } from './limits.ts';
import { loadPanel } from './load.ts';
import { outcomesPanel } from './outcomes.ts';
import type { Panel } from './panel.ts';
import { policyPanel } from './policy.ts';
import { requestsPanel } from './requests.ts';
import { retriesPanel } from './retries.ts';
import { servicesPanel } from './services.ts';
import { verdictPanel } from './verdict.ts';

export const PANELS: readonly Panel[] = [
  verdictPanel,
  loadPanel,
  latencyPanel,
  distributionPanel,
  retriesPanel,
  servicesPanel,
  ejectionsPanel,
  identityPanel,
  graphPanel,
  requestsPanel,
  policyPanel,
  expectationsPanel,
  outcomesPanel,
  faultsPanel,
  limitsPanel,
];
