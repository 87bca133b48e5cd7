#!/usr/bin/env node
/** The command `meshquake`. Bodies are in `cli/`, one file a command. */
import { enlargeInliningBudget } from './cli/inlining.ts';
import { runCli } from './cli/main.ts';
import { processIo } from './cli/process-io.ts';

enlargeInliningBudget();
process.exitCode = await runCli(process.argv.slice(2), processIo());
