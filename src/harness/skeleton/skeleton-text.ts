/**
 * A skeleton as the text of a scenario: what is known as values, what is not as a guess that runs,
 * in a line that ends with `# FILL IN: …`.
 */
import type { Skeleton, SkeletonService, SkeletonVersion } from './skeleton.ts';

/** How the text says where it is from. */
export interface SkeletonSource {
  /** The command that made it. */
  readonly command: string;
  /** What was imported, for the title. */
  readonly name: string;
  /** The entry of `mesh`, relative to the scenario. */
  readonly mesh: string;
  /** Parts of the files that were left out, one line each. */
  readonly omitted: readonly string[];
}

const LOAD_RPS = 50;
const GUESSED_INSTANCES = 2;

/** Ends with a newline; the same skeleton gives the same text. */
export function skeletonText(skeleton: Skeleton, source: SkeletonSource): string {
  const notes = [
    ...source.omitted.map((line) => `# Left out of the policy: ${line}`),
    ...skeleton.leftOut.map((line) => `# Not in this scenario: ${line}`),
  ];
  return [
    `# Made by: ${source.command}`,
    '# Lines with FILL IN hold guesses: the mesh files do not say how long work takes, who calls',
    '# whom, and how much load there is. Everything else comes from the files.',
    ...(notes.length === 0 ? [] : ['#', ...notes]),
    'meshquake: 1',
    `title: ${quoted(`Imported from ${source.name}`)} # FILL IN: what this scenario shows`,
    'duration: 60s # FILL IN: how long to watch',
    `mesh: [${quoted(source.mesh)}]`,
    'dataPlane: sidecar',
    '',
    'services:',
    ...skeleton.services.flatMap(serviceLines),
    '',
    'clients:',
    `  users: { to: ${quoted(skeleton.entrance)}, open: { poisson: ${LOAD_RPS}rps } } # FILL IN: who calls, and how often`,
    '',
    'network:',
    '  default: { latency: { constant: 500us } } # FILL IN: one way between two machines',
    '',
    'expect:',
    '  - clients.users.successRatio >= 0.99 # FILL IN: what has to hold',
    '',
  ].join('\n');
}

function serviceLines(service: SkeletonService): string[] {
  const ports = service.ports.map(({ name, number }) => `${quoted(name)}: ${number}`).join(', ');
  return [
    `  ${quoted(service.name)}: # ${service.from}`,
    ...(service.namespace === 'default' ? [] : [`    namespace: ${quoted(service.namespace)}`]),
    `    ports: { ${ports} }`,
    ...sizeLines(service),
    '    workers: 8 # FILL IN: requests in progress per instance',
    '    serviceTime: { exponential: 10ms } # FILL IN: how long one request takes',
    '    calls: [] # FILL IN: services that this one calls',
  ];
}

function sizeLines({ versions, instances }: SkeletonService): string[] {
  if (versions.length === 0) {
    const note = instances === null ? ' # FILL IN: how many' : '';
    return [`    instances: ${instances ?? GUESSED_INSTANCES}${note}`];
  }
  return ['    versions:', ...versions.flatMap(versionLines)];
}

function versionLines({ name, instances, labels }: SkeletonVersion): string[] {
  const entries = Object.entries(labels).map(([key, value]) => `${quoted(key)}: ${quoted(value)}`);
  const own = entries.length === 0 ? '' : `, labels: { ${entries.join(', ')} }`;
  const note = instances === null ? ' # FILL IN: how many instances' : '';
  return [`      ${quoted(name)}: { instances: ${instances ?? GUESSED_INSTANCES}${own} }${note}`];
}

const PLAIN = /^[A-Za-z][A-Za-z0-9_-]*$/;
const WORDS = /^(true|false|null|yes|no|on|off|y|n)$/i;

/** A plain scalar where that cannot be read as anything else. */
function quoted(text: string): string {
  return PLAIN.test(text) && !WORDS.test(text) ? text : JSON.stringify(text);
}
