/** Ctrl-C as a signal to the work, which then ends in its own way and keeps what has finished. */

/** Does the work; an interrupt meanwhile aborts its signal. A second one ends the process. */
export async function untilInterrupted<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort();
  process.once('SIGINT', onInterrupt);
  try {
    return await work(interrupt.signal);
  } finally {
    process.removeListener('SIGINT', onInterrupt);
  }
}
