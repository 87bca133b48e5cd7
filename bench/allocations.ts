/**
 * What a piece of work allocates on V8's heap, garbage included.
 *
 * The sampling profiler takes an object every few hundred bytes and scales up, so the figure is an
 * estimate without bias; watching the size of the heap would also count what V8 itself compiles.
 */
import { type HeapProfiler, Session } from 'node:inspector/promises';

const SAMPLING_INTERVAL_BYTES = 256;

/** @returns bytes */
export async function allocatedBytes(work: () => void): Promise<number> {
  const session = new Session();
  session.connect();
  await session.post('HeapProfiler.startSampling', {
    samplingInterval: SAMPLING_INTERVAL_BYTES,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  });
  work();
  const { profile } = await session.post('HeapProfiler.stopSampling');
  session.disconnect();
  return sizeOf(profile.head);
}

function sizeOf({ selfSize, children }: HeapProfiler.SamplingHeapProfileNode): number {
  return children.reduce((sum, child) => sum + sizeOf(child), selfSize);
}
