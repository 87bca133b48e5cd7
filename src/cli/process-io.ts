/** The real outside: this process. */
import { readFileSync, writeSync } from 'node:fs';
import type { CliIo, TextOutput } from './cli-io.ts';

const DEFAULT_COLUMNS = 80;
const STDIN = 0;

export function processIo(): CliIo {
  return {
    stdout: outputOf(process.stdout, 1),
    stderr: outputOf(process.stderr, 2),
    readStdin: () => readFileSync(STDIN, 'utf8'),
    env: process.env,
    cwd: process.cwd(),
    hasThreads: true,
  };
}

/** Writes at once, so that nothing is lost when the process ends right afterwards. */
function outputOf(stream: NodeJS.WriteStream, descriptor: number): TextOutput {
  return {
    write: (text) => writeAll(descriptor, Buffer.from(text)),
    get isTerminal() {
      return stream.isTTY === true;
    },
    get columns() {
      return stream.columns ?? DEFAULT_COLUMNS;
    },
  };
}

function writeAll(descriptor: number, bytes: Buffer): void {
  let written = 0;
  while (written < bytes.length) {
    try {
      written += writeSync(descriptor, bytes, written);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE') return; // nobody reads any more: `| head`
      if (code !== 'EAGAIN') throw error;
    }
  }
}
