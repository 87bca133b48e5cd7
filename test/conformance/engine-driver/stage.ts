/**
 * The stage of a story: gates that its players open and wait for, and what has happened so far.
 */

/** A sender that could not go on for so long waits for its reader. */
export const LONG_PAUSE_MS = 100;

/** Conditions that are checked whenever something happened. */
export class Stage {
  /** Request heads that upstreams have seen. */
  upstreamRequests = 0;
  /** Attempts that the engine has started. */
  attempts = 0;
  /** Whether some upstream could not send on. */
  isUpstreamBlocked = false;
  private readonly opened = new Set<string>();
  private readonly waiting: { readonly isMet: () => boolean; readonly then: () => void }[] = [];

  open(gate: string): void {
    this.opened.add(gate);
    this.changed();
  }

  isOpen(gate: string): boolean {
    return this.opened.has(gate);
  }

  /** Calls `then` once `isMet` says so: now, or after a `changed`. */
  when(isMet: () => boolean, then: () => void): void {
    if (isMet()) then();
    else this.waiting.push({ isMet, then });
  }

  whenOpen(gate: string | undefined, then: () => void): void {
    this.when(() => gate === undefined || this.isOpen(gate), then);
  }

  /** Something happened: whoever waited for it goes on. */
  changed(): void {
    for (const item of [...this.waiting]) {
      if (!this.waiting.includes(item) || !item.isMet()) continue;
      this.waiting.splice(this.waiting.indexOf(item), 1);
      item.then();
    }
  }
}
