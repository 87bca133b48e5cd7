/**
 * Which planted bug each law must notice; at least one per law.
 */
import * as planted from '../helpers/mutations.ts';
import type { Plant } from '../helpers/scenarios.ts';
import { arrivalsLaw, callsLaw, clientsLaw, edgesLaw, servicesLaw } from './conservation.ts';
import { connectionsLaw, gaugesLaw, ledgerLaw, rowsLaw } from './drained.ts';
import type { Law } from './law.ts';
import { breakersLaw, ejectionsLaw, hostsLaw, retriesLaw } from './limits.ts';
import { clockLaw, connectionLaw, littleLaw, poolLaw } from './order.ts';

export const BUGS: readonly (readonly [law: Law, bug: string, plant: Plant])[] = [
  [clientsLaw, 'an answer gets lost now and then', planted.loseAnswers],
  [clientsLaw, 'some requests are counted as ended twice', planted.countClientsTwice],
  [edgesLaw, 'the end of an attempt is not recorded', planted.loseAttemptEnds],
  [edgesLaw, 'a retry is counted as the first try', planted.countNoRetries],
  [edgesLaw, 'a request is not logged', planted.logNothingNowAndThen],
  [arrivalsLaw, "a message arrives under another request's number", planted.mixUpMessages],
  [servicesLaw, 'finished work is not recorded', planted.loseWorkEnds],
  [callsLaw, 'the end of a call is not recorded', planted.loseCallEnds],
  [breakersLaw, 'max_connections is not asked', planted.allowAllConnections],
  [breakersLaw, 'max_pending_requests is not asked', planted.allowAllPending],
  [breakersLaw, 'max_requests is not asked', planted.allowAllRequests],
  [retriesLaw, 'neither max_retries nor the budget is asked', planted.allowAllRetries],
  [ejectionsLaw, 'max_ejection_percent is not asked', planted.allowAllEjections],
  [hostsLaw, 'an instance begins one request too many', planted.oneWorkerTooMany],
  [hostsLaw, 'a queue has no limit', planted.queueWithoutLimit],
  [gaugesLaw, 'an ended request is not counted down', planted.leakRequests],
  [gaugesLaw, 'a request that left the queue is not counted down', planted.leakPending],
  [gaugesLaw, 'a retry is not given back', planted.leakRetries],
  [connectionsLaw, 'a closed connection is not counted down', planted.leakConnections],
  [rowsLaw, 'the row of an attempt is not freed', planted.leakStreamRows],
  [ledgerLaw, 'an ejection that is over is not counted down', planted.leakEjections],
  [clockLaw, 'time goes back', planted.turnBackTheClock],
  [connectionLaw, 'a connection in use is handed out', planted.reuseBusyConnections],
  [poolLaw, 'a pool serves the newest first', planted.lastComeFirstServed],
  [littleLaw, 'busy time is off by a nanosecond', planted.miscountBusyTime],
];
