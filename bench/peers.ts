/** Programs that are measured beside this one where they are installed. */
import { spawnSync } from 'node:child_process';

/** `ENVOY` names the program; else it is looked for on the path. */
export function envoyPath(): string {
  return process.env['ENVOY'] ?? 'envoy';
}

/** Why a program cannot be measured; null when it can. */
export function missingProgram(program: string, versionFlag: string): string | null {
  const { error } = spawnSync(program, [versionFlag], { stdio: 'ignore' });
  return error === undefined ? null : `${program} is not installed`;
}
