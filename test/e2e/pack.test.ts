/**
 * The package as users get it: packed, installed into an empty folder, run there.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { importsIn, ROOT } from '../architecture/source-tree.ts';

const SCENARIO = 'retry-storm';
const VARIANT = 'retry-budget';

interface PackedFile {
  readonly path: string;
  readonly mode: number;
}

interface Packed {
  readonly filename: string;
  readonly files: readonly PackedFile[];
}

describe('the packed package', () => {
  const folder = mkdtempSync(join(tmpdir(), 'meshquake-pack-'));
  const project = join(folder, 'project');
  const installed = join(project, 'node_modules', 'meshquake');
  let packed: Packed;

  beforeAll(() => {
    packed = pack(folder);
    mkdirSync(project);
    writeFileSync(
      join(project, 'package.json'),
      JSON.stringify({ name: 'project', version: '1.0.0', private: true, type: 'module' }),
    );
    npm(project, 'install', '--prefer-offline', join(folder, packed.filename));
  }, 300_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('holds the program, the scenarios, the schema and the papers, and nothing else', () => {
    const paths = packed.files.map((file) => file.path);
    const tops = new Set(paths.map((path) => path.split('/')[0]));
    expect([...tops].sort()).toEqual(
      ['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'docs', 'package.json', 'scenarios'].sort(),
    );
    expect(paths).toContain('dist/cli.js');
    expect(paths).toContain('dist/index.d.ts');
    expect(paths).toContain('docs/schema/scenario.json');
    expect(paths).toContain(`scenarios/${SCENARIO}/scenario.yaml`);
    expect(paths.filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))).toEqual([]);
  });

  test('has a program that can be executed', () => {
    const program = packed.files.find((file) => file.path === 'dist/cli.js');
    expect((program?.mode ?? 0) & 0o111).toBe(0o111);
    expect(readFileSync(join(installed, 'dist', 'cli.js'), 'utf8')).toMatch(
      /^#!\/usr\/bin\/env node\n/,
    );
  });

  test('imports nothing but its dependencies and itself', () => {
    const manifest: Record<
      'dependencies' | 'peerDependencies',
      Record<string, string>
    > = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
    const known = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
    const foreign = packed.files
      .filter(({ path }) => path.endsWith('.js'))
      .flatMap(({ path }) => foreignImports(join(installed, path), known));
    expect(foreign).toEqual([]);
  });

  test('says its version', () => {
    const { version }: { version: string } = JSON.parse(
      readFileSync(join(ROOT, 'package.json'), 'utf8'),
    );
    expect(meshquake(project, '--version').output.trim()).toBe(version);
  });

  test('runs a scenario, and the same as the sources do', () => {
    cpSync(join(installed, 'scenarios', SCENARIO), join(project, SCENARIO), { recursive: true });
    const options = ['--variant', VARIANT, '--seed', '1', '--json', '--quiet', '--out', 'out'];
    const { code, output } = meshquake(project, 'run', SCENARIO, ...options);
    expect(code).toBe(0);
    const here: { digest: string } = JSON.parse(output);
    const fromSources = meshquake(
      ROOT,
      'run',
      `scenarios/${SCENARIO}`,
      ...options.slice(0, -1),
      join(folder, 'out'),
    );
    expect(here.digest).toBe((JSON.parse(fromSources.output) as { digest: string }).digest);
    const page = findFile(join(project, 'out'), 'report.html');
    expect(page).not.toBeNull();
    expect(readFileSync(page ?? '', 'utf8')).toContain('id="plotly"');
  }, 300_000);

  describe('with fast-check beside it', () => {
    const modules = join(project, 'node_modules');
    const linked = ['fast-check', 'pure-rand', 'vitest'];

    beforeAll(() => {
      for (const name of linked) symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
    });

    afterAll(() => {
      for (const name of linked) rmSync(join(modules, name), { force: true });
    });

    // Jest itself is not installed here; its guide uses globals that Vitest has too.
    test.each([
      ['node-test', '--test'],
      ['vitest', join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run'],
      ['jest', join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--globals'],
    ])(
      'its guide to %s does what it says',
      (guide, ...runner) => {
        const [file, code] = programOf(`docs/guides/${guide}.md`, 'js');
        const cwd = join(project, guide);
        mkdirSync(cwd);
        writeFileSync(join(cwd, file), code);
        const env = { ...process.env, NODE_OPTIONS: '', NODE_TEST_CONTEXT: undefined };
        const answer = spawnSync(process.execPath, [...runner, file], {
          cwd,
          env,
          encoding: 'utf8',
        });
        expect(answer.status, answer.stdout + answer.stderr).toBe(0);
        expect(answer.stdout).toMatch(/pass 2\b|2 passed/);
      },
      300_000,
    );

    test('has types that a strict project can use', () => {
      writeFileSync(
        join(project, 'use.ts'),
        `import { simulate } from 'meshquake';
import { experiments, meshProperty, successAtLeast } from 'meshquake/fast-check';
const run = simulate('${SCENARIO}', { seed: '1', variant: '${VARIANT}' });
const verdict: string = run.verdict;
// @ts-expect-error a summary has no such field
run.verdikt;
const property = meshProperty(experiments({ faults: { max: 2 } }), [successAtLeast(0.9)]);
// @ts-expect-error an invariant is no text
meshProperty(experiments(), ['successAtLeast']);
export { property, verdict };
`,
      );
      const compilerOptions = {
        noEmit: true,
        strict: true,
        target: 'es2022',
        module: 'nodenext',
        types: [],
        skipLibCheck: false,
      };
      writeFileSync(
        join(project, 'tsconfig.json'),
        JSON.stringify({ compilerOptions, files: ['use.ts'] }),
      );
      const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
      const answer = spawnSync(process.execPath, [tsc, '-p', project], {
        cwd: project,
        encoding: 'utf8',
      });
      expect(answer.stdout).toBe('');
    });
  });

  test('runs the example of its readme', () => {
    cpSync(join(installed, 'scenarios', SCENARIO), join(project, 'scenarios', SCENARIO), {
      recursive: true,
    });
    const [file, code] = programOf('README.md', 'js');
    expect(code.trimEnd().split('\n').length).toBeLessThanOrEqual(10);
    writeFileSync(join(project, file), code);
    const answer = spawnSync(process.execPath, [file], { cwd: project, encoding: 'utf8' });
    expect(answer.stderr).toBe('');
    expect(answer.stdout).toMatch(/^back after \d+ s, digest [0-9a-f]{32}\n$/);
  }, 300_000);
});

function pack(folder: string): Packed {
  const output = npm(ROOT, 'pack', '--json', '--pack-destination', folder);
  const answer: unknown = JSON.parse(output.slice(output.search(/^[[{]/m)));
  // One entry a package: in a list, or since npm 11.18 under the package's name.
  const [packed] = Object.values(answer as Record<string, Packed>);
  if (packed === undefined) throw new Error('npm packed nothing');
  return packed;
}

/** @returns standard output */
function npm(cwd: string, ...argv: readonly string[]): string {
  return execFileSync('npm', [...argv, '--no-audit', '--no-fund'], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** As users call it: through npx, which must find the installed program and fetch nothing. */
function meshquake(cwd: string, ...argv: readonly string[]) {
  const env = { ...process.env, npm_config_yes: 'false' };
  const answer = spawnSync('npx', ['meshquake', ...argv], { cwd, env, encoding: 'utf8' });
  if (answer.status !== 0) console.warn(answer.stderr);
  return { code: answer.status, output: answer.stdout };
}

function foreignImports(path: string, known: readonly string[]): readonly string[] {
  return importsIn(path, readFileSync(path, 'utf8'))
    .map(({ specifier }) => specifier)
    .filter((specifier) => {
      if (specifier.startsWith('node:')) return false;
      if (specifier.startsWith('.')) return !existsSync(join(path, '..', specifier));
      return !known.some((name) => specifier === name || specifier.startsWith(`${name}/`));
    })
    .map((specifier) => `${path}: ${specifier}`);
}

/** The one program of a page, and the file that the page says it is. */
function programOf(page: string, language: string): readonly [file: string, code: string] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  const block = new RegExp('`([\\w.]+)`:\\n\\n```' + language + '\\n(.*?)```', 's').exec(text);
  if (block === null) throw new Error(`${page} has no program`);
  return [block[1] ?? '', block[2] ?? ''];
}

function findFile(folder: string, name: string): string | null {
  const entry = readdirSync(folder, { recursive: true, withFileTypes: true }).find(
    (item) => item.name === name,
  );
  return entry === undefined ? null : join(entry.parentPath, entry.name);
}
