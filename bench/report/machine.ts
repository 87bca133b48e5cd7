/** What a run of the bench ran on, and with. */
import { spawnSync } from 'node:child_process';
import { cpus, loadavg, type as osType, release, totalmem } from 'node:os';
import { programVersion } from '../../src/cli/version.ts';
import { envoyPath } from '../peers.ts';
import { simpyVersion } from '../simpy.ts';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  /** Before the run, over a minute: above the number of cores others were at work, too. */
  readonly loadBefore: number;
  /** Programs and their versions; '' = not installed. */
  readonly versions: Readonly<Record<string, string>>;
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${osType()} ${release()} ${process.arch}`,
    loadBefore: Math.round((loadavg()[0] ?? 0) * 10) / 10,
    versions: {
      meshquake: programVersion(),
      'Node.js': process.version,
      'SimPy, Python': simpyVersion(),
      HAProxy: firstLine('haproxy', ['-v']),
      Envoy: firstLine(envoyPath(), ['--version']),
    },
  };
}

/** What a program says of itself; '' when it is not there. */
function firstLine(program: string, args: readonly string[]): string {
  const { status, stdout } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) return '';
  const line = stdout.split('\n').find((text) => /\d/.test(text)) ?? '';
  return /\d+\.\d+[\w.+~-]*/.exec(line)?.[0] ?? line.trim();
}
