/**
 * `docs/invariants.md`: what holds in every run, with the laws as the tests name them.
 */
import { LAWS } from '../../test/laws/index.ts';
import { GENERATED_NOTE, type GeneratedPage, pageOf } from './page.ts';

export function invariantsPage(): GeneratedPage {
  return pageOf('docs/invariants.md', [
    '# Invariants',
    GENERATED_NOTE,
    'What must hold in every run, whatever the scenario.',
    '## Held by assertions, while a run lasts',
    `They stay on in production. A run that breaks one ends as our bug ([exit code](exit-codes.md) 70)
with the line that repeats it.

- Ports never call back inline: no input arrives inside another one.
- No input arrives for a request or stream whose slot is free.
- A connection is where its state says, and closes only after its streams were reset.
- What waits in a pool is found there when it is cancelled.`,
    '## Held by laws, over generated scenarios',
    `Whole scenarios are generated, run and judged by what crossed the engine’s boundary, not by the
engine’s own gauges. A counterexample is shrunk and printed as files that \`meshquake run\` takes.`,
    LAWS.map((law) => `- ${law.name}`).join('\n'),
    `Besides, over pairs of runs: the same seed gives the same digest, another seed another one;
measuring changes nothing; what happens to one chain of services leaves every record of a chain beside
it bit-identical; faults of probability 0 change nothing.

Each law is shown to fail when a mistake is planted, so that a law that checks nothing is noticed.`,
    '## Held across both drivers',
    `The same stories run through the simulator and through the real proxy, and every decision of the
engine is compared: \`test/conformance\`.`,
  ]);
}
