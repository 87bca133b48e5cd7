import { test } from 'vitest';
import { runDocCommands } from '../helpers/doc-commands.ts';

test('the commands of docs/walkthroughs/import.md', async () => {
  const files = ['docs/walkthroughs/import-sample'];
  await runDocCommands('docs/walkthroughs/import.md', { files });
});
