/** Runs a scenario text, for tests that look at what a whole run measures. */
import { Diagnostics } from '../../src/core/diagnostics.ts';
import type { WindowDocument } from '../../src/core/measurements.ts';
import { runScenario } from '../../src/harness/run.ts';
import { readScenarioFile } from '../../src/harness/scenario-file.ts';

export interface TextRun {
  readonly whole: WindowDocument;
  readonly digest: string;
  /** Between two instants, in whole seconds. */
  between(fromS: number, toS: number): WindowDocument;
}

/** @throws Error with the diagnostics when the text is wrong */
export function runText(text: string, options: { mesh?: string; seed?: string } = {}): TextRun {
  const diagnostics = new Diagnostics();
  const source = { name: 'test', path: 'test.yaml', text };
  const mesh = { path: 'mesh.yaml', text: options.mesh ?? '' };
  const files = { ok: true, files: options.mesh === undefined ? [] : [mesh] } as const;
  const { scenarios } = readScenarioFile(source, () => files, diagnostics);
  const [scenario] = scenarios;
  if (scenario === undefined) {
    throw new Error(
      diagnostics
        .sorted()
        .map((item) => item.message)
        .join('\n'),
    );
  }
  const run = runScenario(scenario, { seed: options.seed ?? '1', cutPoints: [] });
  const { measurements } = run;
  return {
    whole: measurements.window(measurements.fromNs, measurements.toNs),
    digest: run.digest,
    between: (fromS, toS) => measurements.window(fromS * 1e9, toS * 1e9),
  };
}
