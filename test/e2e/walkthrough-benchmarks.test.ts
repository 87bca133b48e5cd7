import { test } from 'vitest';
import { runDocCommands } from '../helpers/doc-commands.ts';

test('the commands of docs/walkthroughs/benchmarks.md', async () => {
  await runDocCommands('docs/walkthroughs/benchmarks.md', { files: ['scenarios/overhead'] });
});
