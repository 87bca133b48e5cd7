// `run-worker.ts` in a thread of the repository itself, where nothing reads TypeScript yet. The
// published files do not have it. Called by `run-pool.ts`.
import { register } from 'tsx/esm/api';

register();
export const { outcome, figures } = await import('./run-worker.ts');
