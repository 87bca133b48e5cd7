/** One line on a terminal that says how far the runs are; nothing where there is no terminal. */
import type { TextOutput } from './cli-io.ts';

const BAR_CELLS = 24;
const REDRAW_EVERY_MS = 80;
const CLEAR_LINE = '\r\u{1b}[K';

export class RunProgress {
  readonly #output: TextOutput;
  readonly #isOn: boolean;
  readonly #labels: readonly string[];
  readonly #shares: number[];
  readonly #startedMs = performance.now();
  #drawnMs = 0;
  #isDrawn = false;

  /** @param labels one for each run, as shown while it is the newest that runs */
  constructor(output: TextOutput, labels: readonly string[], isQuiet: boolean) {
    this.#output = output;
    this.#isOn = output.isTerminal && !isQuiet;
    this.#labels = labels;
    this.#shares = labels.map(() => 0);
  }

  /** @param share of the run that is done, 0..1 */
  update(index: number, share: number): void {
    this.#shares[index] = share;
    const nowMs = performance.now();
    if (!this.#isOn || nowMs - this.#drawnMs < REDRAW_EVERY_MS) return;
    this.#drawnMs = nowMs;
    this.#isDrawn = true;
    this.#output.write(CLEAR_LINE + this.#line(nowMs));
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#isDrawn) this.#output.write(CLEAR_LINE);
    this.#isDrawn = false;
  }

  #line(nowMs: number): string {
    const total = this.#shares.length;
    const done = this.#shares.filter((share) => share >= 1).length;
    const share = this.#shares.reduce((sum, part) => sum + part, 0) / total;
    const filled = Math.round(share * BAR_CELLS);
    const bar = '█'.repeat(filled) + '░'.repeat(BAR_CELLS - filled);
    const running = this.#shares.findIndex((part) => part > 0 && part < 1);
    const label = this.#labels[running] ?? '';
    const percent = `${Math.floor(share * 100)}`.padStart(3);
    const text = ` ${bar} ${percent} %  ${done}/${total} runs  ${this.#eta(share, nowMs)}  ${label}`;
    return text.slice(0, this.#output.columns - 1);
  }

  #eta(share: number, nowMs: number): string {
    const elapsedMs = nowMs - this.#startedMs;
    if (share < 0.02 || elapsedMs < 500) return '';
    const leftS = Math.ceil((elapsedMs * (1 - share)) / share / 1000);
    const shown = leftS < 90 ? `${leftS} s` : `${Math.ceil(leftS / 60)} min`;
    return `${shown} left`;
  }
}
