import { test } from 'vitest';
import { runDocCommands } from '../helpers/doc-commands.ts';

test('the commands of docs/walkthroughs/incident.md', async () => {
  await runDocCommands('docs/walkthroughs/incident.md', { files: ['scenarios'] });
});
