/**
 * `docs/conformance.md`: every case with Envoy's answer and ours, from the files that the runner
 * writes. Made by `npm run docs:conformance`, not by `npm run docs`, because it runs all cases first.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Case, type Check, readCase } from '../../test/conformance/envoy/case-file.ts';
import { caseNames } from '../../test/conformance/envoy/case-names.ts';
import type { RecordedOutcomes } from '../../test/conformance/envoy/outcomes.ts';
import type { Golden } from '../../test/conformance/envoy/run-case.ts';
import { type GeneratedPage, pageOf, table } from './page.ts';

const FOLDER = 'test/conformance/envoy';
const LONGEST_ANSWER = 160;

const HEAD = `# Conformance

<!-- Made by \`npm run docs:conformance\`; edits here are overwritten. -->

A case is an Envoy bootstrap, scripted upstreams, a scripted client, and what to compare. The answers
were recorded from Envoy 1.40; the same file runs against the engine in virtual time, against
\`meshquake proxy\` on real sockets, and against Envoy itself:

\`\`\`sh
npm run conformance -- test/conformance/envoy --target sim
npm run conformance -- test/conformance/envoy --target live --only 'r*'
ENVOY=/path/to/envoy npm run conformance -- test/conformance/envoy --target envoy --sample 30
\`\`\`

A row per case, what differs below it, \`N of M agree\` last; the exit code is 0 only when all do. A case
that means nothing on a target is \`n/a\`, with the reason, and never counts as agreement. \`--json FILE\`
writes the same as data; \`--jobs N\` runs several cases at once; \`--again N\` repeats what differs.

In virtual time the loopback takes a microsecond, so durations are met exactly. The client and the
upstreams of all three targets are the same scripts and speak HTTP in bytes.

To add a case: write \`test/conformance/envoy/cases/<id>.yaml\`, record its answer with \`--record\`, and
look at the answer before it is committed. Sections (§) are those of the team’s notes on Envoy’s
semantics; the title says in words what is claimed.

## Configurations drawn at random

\`\`\`sh
ENVOY=/path/to/envoy npm run differential -- --runs 400 --seed 7
\`\`\`

draws configurations and requests, and lets a real Envoy and the engine in virtual time answer them. One
configuration is one virtual host with its own routes, retry policies, header changes, per-route filters,
two clusters (limits, ejection, panic, subsets, priorities) and up to a dozen requests with scripted
answers. Many of them, which share nothing but the connection manager, go into one start of Envoy. What
is compared does not hang on time or chance: statuses, flags, details, attempts, headers and bodies on
both sides, counters. A difference that shows in every one of several runs is shrunk and written as a
case.`;

export function conformancePage(root: string): GeneratedPage {
  const folder = join(root, FOLDER);
  const sim = outcomesOf(folder, 'sim');
  const live = outcomesOf(folder, 'live');
  const cases = caseNames(folder).map((name) => {
    const path = join(folder, 'cases', name);
    return readCase(path, readFileSync(path, 'utf8'));
  });
  const rows = cases.map((item) => [
    `\`${item.id}\``,
    item.title,
    item.spec,
    answerOf(folder, item),
    shown(sim[item.id]),
    shown(live[item.id]),
  ]);
  return pageOf('docs/conformance.md', [
    HEAD,
    '## All cases',
    `${countText('Simulated', cases, sim)} ${countText('On real sockets', cases, live)} What
sockets gave was recorded in real time on a busy machine with two cores; a case that differed was run
again, alone, at most twice (\`--target live --again 2\`), and its row says so. It is kept in
\`test/conformance/envoy/outcomes/live.json\`; what virtual time gives every test run repeats.`,
    table(['case', 'claim', '§', 'Envoy answers', 'simulated', 'on sockets'], rows),
  ]);
}

function outcomesOf(folder: string, target: string): RecordedOutcomes {
  const path = join(folder, 'outcomes', `${target}.json`);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as RecordedOutcomes) : {};
}

function countText(where: string, cases: readonly Case[], outcomes: RecordedOutcomes): string {
  const words = cases.map(({ id }) => outcomes[id] ?? '');
  const agreeing = words.filter((word) => word.startsWith('agrees')).length;
  const without = words.filter((word) => word.startsWith('n/a')).length;
  const differing = words.filter((word) => word.startsWith('differs')).length;
  const run = words.filter((word) => word !== '').length;
  return `${where}, ${agreeing} of ${run} cases that were run agree with Envoy, ${differing} differ, and ${without} do not apply.`;
}

function shown(word: string | undefined): string {
  if (word === undefined) return 'not run';
  if (word.startsWith('agrees')) return word.replace('agrees', 'same');
  return clipped(inline(word), LONGEST_ANSWER);
}

/** Every check with its recorded value, as long as there is room. */
function answerOf(folder: string, { id, compare }: Case): string {
  const path = join(folder, 'goldens', `${id}.json`);
  if (!existsSync(path)) return 'not recorded';
  const { values } = JSON.parse(readFileSync(path, 'utf8')) as Golden;
  const parts = compare.map((check, at) => `${labelOf(check)} ${JSON.stringify(values[at])}`);
  return `\`${clipped(inline(parts.join('; ')), LONGEST_ANSWER)}\``;
}

function labelOf({ what, name, names }: Check): string {
  if (name !== undefined) return `${what} ${name}`;
  return names === undefined || names.length > 1 ? what : `${what} ${names[0]}`;
}

/** Without what would break out of a cell. */
function inline(text: string): string {
  return text.replace(/\s+/g, ' ').replaceAll('`', "'").replaceAll('<', '&lt;');
}

function clipped(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
