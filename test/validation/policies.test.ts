/** Judges the experiments of `policies.ts`; `experiment.ts` says how. */
import { POLICIES } from './policies.ts';
import { testExperiments } from './test-experiments.ts';

testExperiments('policies agree with theory:', POLICIES);
