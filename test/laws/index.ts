/** All laws that one run can be judged by. */
import { arrivalsLaw, callsLaw, clientsLaw, edgesLaw, servicesLaw } from './conservation.ts';
import { connectionsLaw, gaugesLaw, ledgerLaw, rowsLaw } from './drained.ts';
import type { Law } from './law.ts';
import { breakersLaw, ejectionsLaw, hostsLaw, retriesLaw } from './limits.ts';
import { clockLaw, connectionLaw, littleLaw, poolLaw } from './order.ts';

export const LAWS: readonly Law[] = [
  clientsLaw,
  edgesLaw,
  arrivalsLaw,
  servicesLaw,
  callsLaw,
  breakersLaw,
  retriesLaw,
  ejectionsLaw,
  hostsLaw,
  gaugesLaw,
  connectionsLaw,
  rowsLaw,
  ledgerLaw,
  clockLaw,
  connectionLaw,
  poolLaw,
  littleLaw,
];
