import { test } from 'vitest';
import { runDocCommands } from '../helpers/doc-commands.ts';

test('the commands of docs/walkthroughs/capacity.md', async () => {
  const files = ['docs/walkthroughs/capacity-sample'];
  await runDocCommands('docs/walkthroughs/capacity.md', { files });
});
