/** Judges the experiments of `queues.ts`; `experiment.ts` says how. */
import { QUEUES } from './queues.ts';
import { testExperiments } from './test-experiments.ts';

testExperiments('queues agree with theory:', QUEUES);
