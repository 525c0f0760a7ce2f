#!/usr/bin/env node
import { Command } from 'commander';
import { createAdminCall } from './admin-client.ts';
import { addCheckCommand } from './check-command.ts';
import { addCredentialsCommands } from './credentials-command.ts';
import { addDevCommands } from './dev-commands.ts';
import { addInitCommand } from './init-command.ts';
import { addInspectCommand } from './inspect-command.ts';
import { addScrubCommand } from './scrub-command.ts';
import { UserError } from './user-error.ts';

/** The operator's command: `stator`. */
const program = new Command('stator').description('Runs and inspects Stator clusters.').showHelpAfterError();
const report = (line: string): void => console.log(line);
addDevCommands(program, report);
addInitCommand(program, createAdminCall(''), report);
addCredentialsCommands(program, report);
addScrubCommand(program, report);
addInspectCommand(program, report);
addCheckCommand(program, report);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.error(`stator: ${error.message}`);
  process.exitCode = 1;
}
