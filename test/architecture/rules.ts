/**
 * The architecture as data: who may import whom, which packages, and what pure code must not do.
 *
 * ARCHITECTURE.md shows the same tables; `docs.test.ts` compares them.
 */

/** A folder under `src/` that rules speak of; the longest matching one counts. */
export interface AreaRule {
  readonly area: string;
  /** Other areas; `mesh/*` = all of mesh. An area always knows itself. */
  readonly mayImport: readonly string[];
  /** npm packages. */
  readonly packages: readonly string[];
  /** May import `node:` modules. */
  readonly isNode: boolean;
  /** Files of other areas whose types may be named, though nothing of them may run. */
  readonly typesFrom?: readonly string[];
}

const MESH_DECISIONS = ['mesh/policy', 'mesh/lb', 'mesh/route', 'mesh/security'];
const HARNESS = ['core', 'mesh/*', 'sim', 'faults', 'workload', 'trace', 'importers'];
const PROXY = ['core', 'mesh/*', 'faults', 'workload', 'trace', 'importers'];

function pure(area: string, mayImport: readonly string[], packages: readonly string[] = []) {
  return { area, mayImport, packages, isNode: false };
}

export const AREA_RULES: readonly AreaRule[] = [
  pure('core', [], ['seedrandom']),
  pure('mesh/config', ['core']),
  pure('mesh/policy', ['core', 'mesh/config']),
  // A balancer is told about hosts; what a host is, belongs to the cluster that owns it.
  { ...pure('mesh/lb', ['core', 'mesh/config']), typesFrom: ['src/mesh/cluster/host.ts'] },
  // A route carries its retry rules ready for use.
  pure('mesh/route', ['core', 'mesh/config', 'mesh/policy'], ['re2js']),
  // Access rules ask the questions about heads that routes ask.
  pure('mesh/security', ['core', 'mesh/config', 'mesh/route'], ['re2js']),
  pure('mesh/cluster', ['core', 'mesh/config', ...MESH_DECISIONS]),
  pure('mesh/filters', ['core', 'mesh/config', ...MESH_DECISIONS]),
  pure('mesh/engine', ['core', 'mesh/*']),
  // A simulated client is driven by the same arrivals as the real load generator.
  pure('sim', ['core', 'workload']),
  pure('faults', ['core']),
  pure('workload', ['core']),
  pure('trace', ['core'], ['@msgpack/msgpack']),
  pure('importers', ['core', 'mesh/config'], ['yaml', 're2js']),
  pure('exporters', ['core', 'mesh/config', 'importers'], ['yaml']),
  pure('analyze', ['core', 'mesh/config', 'importers']),
  pure('report', ['core', 'trace'], ['@dagrejs/dagre']),
  pure('harness', HARNESS, ['zod', '@marcbachmann/cel-js', 'yaml']),
  pure('experiments', ['harness', ...HARNESS], ['simple-statistics']),
  { area: 'proxy', mayImport: PROXY, packages: [], isNode: true },
  { area: 'verify', mayImport: ['harness', 'proxy', ...HARNESS], packages: [], isNode: true },
  { area: 'cli', mayImport: ['*'], packages: ['*'], isNode: true },
  // What `src/index.ts` gives: the body of `run` without a command line.
  { area: 'library', mayImport: ['core', 'harness', 'cli'], packages: ['zod'], isNode: true },
  {
    area: 'fast-check',
    mayImport: ['core', 'faults', 'harness', 'cli', 'library'],
    packages: ['fast-check', 'yaml'],
    isNode: true,
  },
];

/** `src/index.ts` and `src/cli.ts` compose everything; nothing imports them. */
export const TOP_FILES = ['src/index.ts', 'src/cli.ts'];

/** Where the bans below hold: what runs in virtual time, and what it is made of. */
export const PURE_AREAS: readonly string[] = AREA_RULES.filter((rule) => !rule.isNode).map(
  (rule) => rule.area,
);

export interface BannedName {
  readonly name: string;
  readonly because: string;
}

/** Global names that pure code must not use. */
export const BANNED_GLOBALS: readonly BannedName[] = [
  { name: 'Date', because: 'wall clocks differ between runs; use the clock that is passed in' },
  { name: 'performance', because: 'wall clocks differ between runs' },
  { name: 'setTimeout', because: 'virtual time has its own timers' },
  { name: 'setInterval', because: 'virtual time has its own timers' },
  { name: 'setImmediate', because: 'virtual time has its own timers' },
  { name: 'queueMicrotask', because: 'microtasks run in an order that wrappers change' },
  { name: 'Promise', because: 'microtasks run in an order that wrappers change' },
  { name: 'process', because: 'the environment must not change a run' },
  { name: 'console', because: 'output is the command line’s business' },
  { name: 'crypto', because: 'not repeatable; use core/draws.ts' },
  { name: 'Intl', because: 'locales differ between machines' },
  { name: 'WeakRef', because: 'garbage collection differs between runs' },
  { name: 'FinalizationRegistry', because: 'garbage collection differs between runs' },
];

/** Methods whose answer depends on the machine's locale. */
export const BANNED_METHODS: readonly BannedName[] = [
  'localeCompare',
  'toLocaleString',
  'toLocaleLowerCase',
  'toLocaleUpperCase',
  'toLocaleDateString',
  'toLocaleTimeString',
].map((name) => ({ name, because: 'locales differ between machines' }));

/** Everything else of `Math` is random, or rounds differently between engines. */
export const ALLOWED_MATH: ReadonlySet<string> = new Set([
  'imul',
  'fround',
  'abs',
  'floor',
  'ceil',
  'round',
  'trunc',
  'min',
  'max',
  'sqrt',
  'clz32',
  'sign',
]);

/** A folder of plug-ins: every one of them is in the list, everything in the list is one of them. */
export interface PlugInFolder {
  readonly what: string;
  readonly folder: string;
  /** Lists the plug-ins by importing them. */
  readonly list: string;
  /** What the text of a plug-in holds, and that of the helpers beside it does not. */
  readonly mark: RegExp;
  /** A test that covers all of them; null = each has its own. */
  readonly commonTest: string | null;
}

export const PLUG_IN_FOLDERS: readonly PlugInFolder[] = [
  {
    what: 'balancer',
    folder: 'src/mesh/lb',
    list: 'src/mesh/lb/index.ts',
    mark: /^export class \w+ implements LoadBalancer\b/m,
    commonTest: 'test/mesh/lb/balancers.test.ts',
  },
  {
    what: 'HTTP filter',
    folder: 'src/mesh/filters',
    list: 'src/mesh/filters/index.ts',
    mark: /^export class \w+ implements HttpFilter\b/m,
    commonTest: null,
  },
  {
    what: 'environment fault',
    folder: 'src/faults',
    list: 'src/faults/index.ts',
    mark: /^export const \w+: FaultKind\b/m,
    commonTest: 'test/faults/kinds.test.ts',
  },
  {
    what: 'data plane',
    folder: 'src/harness/data-planes',
    list: 'src/harness/data-planes/index.ts',
    mark: /^export const \w+: DataPlane\b/m,
    commonTest: 'test/harness/data-planes.test.ts',
  },
  {
    what: 'command',
    folder: 'src/cli',
    list: 'src/cli/commands.ts',
    mark: /^export function \w+Command\(\s*program: Command\b/m,
    commonTest: 'test/cli/commands.test.ts',
  },
  {
    what: 'reporter of suites',
    folder: 'src/cli/suite/reporters',
    list: 'src/cli/suite/reporters/index.ts',
    mark: /^export const \w+: ReporterKind\b/m,
    commonTest: 'test/cli/suite/reporters.test.ts',
  },
  {
    what: 'report panel',
    folder: 'src/report/panels',
    list: 'src/report/panels/index.ts',
    mark: /^export const \w+: Panel\b/m,
    commonTest: null,
  },
];

/** Lines above which a file is printed as an outlier, and above which it fails. */
export const FILE_LINES = { guide: 300, limit: 500 };
