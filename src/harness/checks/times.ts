/** Times that must fit the run and each other. */
import type { Ns } from '../../core/time.ts';
import { formatDuration } from '../../core/units.ts';
import { parseEpochMs } from '../time-ref.ts';
import type { CheckContext, Path } from './check-context.ts';

export function checkTimes(context: CheckContext): void {
  const { duration, warmUp, epoch, clients } = context.input;
  if (warmUp !== undefined && warmUp >= duration) {
    const message = `is ${formatDuration(warmUp)}, which leaves nothing of ${formatDuration(duration)}`;
    context.error('MQ-SCENARIO-004', ['warmUp'], message);
  }
  if (epoch !== undefined && parseEpochMs(epoch) === null) {
    const fix = 'write it like 2026-01-01T00:00:00Z';
    context.error('MQ-FIELD-001', ['epoch'], 'is not an instant in UTC', { fix });
  }
  for (const [name, client] of Object.entries(clients)) {
    checkStages(context, ['clients', name, 'open', 'stages'], client.open?.stages ?? []);
    checkStages(context, ['clients', name, 'closed', 'stages'], client.closed?.stages ?? []);
  }
}

interface Stage {
  readonly at: Ns;
  readonly over?: Ns | undefined;
}

/** Stages follow each other: none begins before the one before it has been reached. */
function checkStages(context: CheckContext, path: Path, stages: readonly Stage[]): void {
  let reachedNs: Ns = 0;
  for (const [index, stage] of stages.entries()) {
    if (stage.at < reachedNs) {
      const before = formatDuration(reachedNs);
      const message = `is before ${before}, when the stage before it is reached`;
      context.error('MQ-SCENARIO-004', [...path, index, 'at'], message);
    }
    reachedNs = stage.at + (stage.over ?? 0);
  }
}
